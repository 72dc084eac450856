"""The real server of the workflow tests, for the doors; a desk of the inbox, and who sends to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.database import open_database
from tests.databases import migrated
from tests.starter.inbox_world import Desk, Sender
from tests.workflows.conftest import server

__all__ = ["server"]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    url = f"sqlite:///{tmp_path / 'inbox.db'}"
    await migrated(url)
    engine = open_database(url)
    async with Desk(engine).works(loop=False) as desk:
        yield desk
    await engine.dispose()


@pytest.fixture
def sender(desk: Desk) -> Sender:
    return Sender(desk)
