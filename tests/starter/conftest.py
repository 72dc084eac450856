"""The real server of the workflow tests, for the doors; a desk of the inbox, and who sends to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path

import pytest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from typer.main import get_command

from runtime.database import open_database
from tests.databases import migrated
from tests.starter.inbox_world import Desk, Sender
from tests.workflows.conftest import server

__all__ = ["server"]


@pytest.fixture(scope="session", autouse=True)
def commands_are_made_once() -> Iterator[None]:
    """Of a whole command line typer makes a command anew at each call of its runner, which takes longer than most commands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(get_command))
        yield


@pytest.fixture
async def alone(server: WorkflowEnvironment) -> None:
    """Ends the cases that other tests have left without a worker: a publication would wait for the answer of each."""
    async for case in server.client.list_workflows("ExecutionStatus = 'Running'"):
        left: WorkflowHandle[object, object] = server.client.get_workflow_handle(case.id)
        try:
            await left.terminate("left by another test")
        except RPCError as e:
            if e.status is not RPCStatusCode.NOT_FOUND:  # visibility is late, and it has ended
                raise


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
