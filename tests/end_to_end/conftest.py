"""One stage of real parts for the tests that kill nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from deploy.demo.stage import Stage
from tests.end_to_end.deals import Sender


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Server, worker, mail server, CRM and database, as the demo starts them; a task that a stopping worker dropped is back after 2 s."""
    hasty = ('history.defaultWorkflowTaskTimeout="2s"',)
    async with Stage(tmp_path_factory.mktemp("stage"), server_settings=hasty) as stage:
        yield stage


@pytest.fixture
def sender(stage: Stage) -> Sender:
    return Sender(stage)
