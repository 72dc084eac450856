"""A worker that has lost its cache takes what comes in the order in which every later replay takes it."""

from __future__ import annotations

import asyncio

from temporalio.testing import WorkflowEnvironment

from tests.patience import patiently
from tests.workflows.play import Play
from tests.workflows.replaying import replay, silent_tasks
from tests.workflows.world import World


async def something_under_way(play: Play, *, but: int) -> bool:
    """Whether more activities than so many have not completed, or a completion has not been taken."""
    kinds = await play.events()
    taken = max(i for i, kind in enumerate(kinds) if kind == "WORKFLOW_TASK_COMPLETED")
    open_ones = kinds.count("ACTIVITY_TASK_SCHEDULED") - kinds.count("ACTIVITY_TASK_COMPLETED")
    return open_ones > but or "ACTIVITY_TASK_COMPLETED" in kinds[taken:]


async def test_messages_that_follow_an_outcome_replay_in_their_order(server: WorkflowEnvironment) -> None:
    """The messages come to a worker that has just been started.

    A workflow task that took an outcome and left no event would be taken together with the messages behind it (sdk-rust issue 1146).
    """
    world = World()
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell()
        await play.request()
        world.crm_up = False
        await play.accept()
        async with patiently():
            while await something_under_way(play, but=1):  # noqa: ASYNC110 - the server's and the worker's doing
                await asyncio.sleep(0.1)
    async with world.worker(server.client):
        await play.fulfil()
        history = await play.handle.fetch_history()
    assert silent_tasks(history) == []
    await replay(history)
