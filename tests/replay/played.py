"""What every recording needs: a server of its own whose time is skipped, and a handoff that is played on it from a Monday on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from temporalio.client import WorkflowFailureError, WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from tests.workflows.conftest import time_skipping
from tests.workflows.play import Play, play_on, to_monday
from tests.workflows.world import World

IDENTITY = "recorder"
"""How client and worker call themselves: by default it would be the process and the host."""

Outcome = Callable[[Path], Awaitable[WorkflowHistory]]
"""Plays an outcome to its end, its databases and its mail in a folder, and gives the history."""

W = TypeVar("W", bound=World)


@asynccontextmanager
async def on_monday(world: World) -> AsyncIterator[tuple[WorkflowEnvironment, Play]]:
    """The deal D-1 on a server of its own, at ten o'clock of a Monday, nothing said yet."""
    async with time_skipping(IDENTITY) as env, world.worker(env.client):
        await to_monday(env)
        play = play_on(env, world)
        play.deal = "D-1"
        yield env, play


@asynccontextmanager
async def plain(_: Path) -> AsyncIterator[World]:
    """The world of most handoffs."""
    yield World()


def handoff(
    course: Callable[[WorkflowEnvironment, W, Play], Awaitable[None]],
    ends: str,
    world: Callable[[Path], AbstractAsyncContextManager[W]],
) -> Outcome:
    """The history of a handoff that takes this course, in a world of its own, and must end so."""

    async def outcome(folder: Path) -> WorkflowHistory:
        async with world(folder) as around, on_monday(around) as (env, play):
            await course(env, around, play)
            try:
                ended = (await play.handle.result()).outcome
            except WorkflowFailureError:
                ended = "failed"
            assert ended == ends, f"it was to end {ends}, and has ended {ended}"
            return await play.handle.fetch_history()

    return outcome
