"""One stage of real parts for the tests that kill nothing."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.demo.stage import Stage
from tests.end_to_end.deals import Sender


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where all processes of these tests keep their bytecode: each would otherwise compile everything anew."""
    folder = tmp_path_factory.mktemp("bytecode")
    before = os.environ.get("PYTHONPYCACHEPREFIX")
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    yield folder
    if before is None:
        del os.environ["PYTHONPYCACHEPREFIX"]
    else:
        os.environ["PYTHONPYCACHEPREFIX"] = before


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(bytecode: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Server, worker, mail server, CRM and database, as the demo starts them; a task that a stopping worker dropped is back after 2 s."""
    hasty = ('history.defaultWorkflowTaskTimeout="2s"',)
    async with Stage(tmp_path_factory.mktemp("stage"), server_settings=hasty) as stage:
        yield stage


@pytest.fixture
def sender(stage: Stage) -> Sender:
    return Sender(stage)
