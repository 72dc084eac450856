"""What every recording needs: a server of its own whose time is skipped, and a handoff that is played on it from a Monday on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from temporalio.client import WorkflowFailureError, WorkflowHandle, WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from tests.workflows.conftest import real_time, time_skipping
from tests.workflows.play import Play, play_on, to_monday
from tests.workflows.skipping import ended, until_it_waits
from tests.workflows.world import World

IDENTITY = "recorder"
"""How client and worker call themselves: by default it would be the process and the host."""

Outcome = Callable[[Path], Awaitable[WorkflowHistory]]
"""Plays an outcome to its end, its databases and its mail in a folder, and gives the history."""

W = TypeVar("W", bound=World)


class Played(Protocol):
    """A case on a server, with its worker and its world."""

    env: WorkflowEnvironment

    @property
    def handle(self) -> WorkflowHandle[Any, Any]: ...


C = TypeVar("C", bound=Played)
Scene = Callable[[WorkflowEnvironment, Path], AbstractAsyncContextManager[C]]
"""Sets a case up, nothing said yet, its databases in a folder."""


def case(scene: Scene[C], course: Callable[[C], Awaitable[None]], ends: str) -> Outcome:
    """The history of a case that takes this course from ten o'clock of a Monday on, on a server of its own, and must end so."""

    async def outcome(folder: Path) -> WorkflowHistory:
        async with time_skipping(IDENTITY) as env:
            await to_monday(env)
            async with scene(env, folder) as played:
                await course(played)
                try:
                    found = (await ended(env, played.handle, timedelta(hours=1))).outcome
                except WorkflowFailureError:
                    found = "failed"
                assert found == ends, f"it was to end {ends}, and has ended {found}"
                return await played.handle.fetch_history()

    return outcome


Step = Callable[[], Awaitable[None]]
"""What is said once more."""


def continued(scene: Scene[C], begin: Callable[[C], Awaitable[Step]], over: Callable[[C], Awaitable[None]], run: int) -> Outcome:
    """The history of the first or of the second run of a case that goes on as new, and must end. Only the real server suggests it.

    Args:
        scene: Sets the case up.
        begin: Begins it; gives what is said again and again, until a new run has begun.
        over: Ends it.
        run: 1 or 2.
    """

    async def outcome(folder: Path) -> WorkflowHistory:
        async with real_time(continue_at=60, identity=IDENTITY) as env, scene(env, folder) as played:
            more, id = await begin(played), played.handle.id
            first = (await played.handle.describe()).run_id
            while (await played.handle.describe()).run_id == first:
                await more()
                await until_it_waits(played.handle)
            second = (await played.handle.describe()).run_id
            await more()
            await over(played)
            await played.handle.result()
            return await env.client.get_workflow_handle(id, run_id=first if run == 1 else second).fetch_history()

    return outcome


async def passes(played: Played, **delta: float) -> None:
    """Time passes, once the case has done what there is to do; and what there is to do then is done."""
    await until_it_waits(played.handle)
    await played.env.sleep(timedelta(**delta))
    await until_it_waits(played.handle)


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
