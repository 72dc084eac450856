"""The outcomes of a correction: a fact that is learnt after its handoff was withdrawn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from regulations import messages as m
from regulations.corrections import CorrectionOutcome
from regulations.read_out import ReadOut
from tests.databases import sqlite_in
from tests.regulations.handoff.course import FILES
from tests.replay.played import Outcome, on_monday
from tests.workflows.play import Play
from tests.workflows.registered import RegisteredWorld, due, learn, missed_request, withdrawn
from tests.workflows.skipping import ended
from tests.workflows.world import UNREAD
from workflows.correction import Correction


@asynccontextmanager
async def _after_a_missed_request(folder: Path) -> AsyncIterator[tuple[WorkflowEnvironment, RegisteredWorld, Play, ReadOut]]:
    """The partner was told of its breach; the case has ended in the evening."""
    async with sqlite_in(folder) as engine:
        world = RegisteredWorld(engine)
        async with on_monday(world) as (env, play):
            yield env, world, play, await missed_request(env, play)


async def _the_request(play: Play, case: ReadOut, **fields: Any) -> WorkflowHandle[Correction, CorrectionOutcome]:
    """It came at the due instant."""
    return await learn(
        play, m.RequestReceived, due(case, "2.1.3"), **{"subject": "Обучение клиента от ИП Петров", "files": FILES, **fields}
    )


async def _withdrawn_with_a_letter(folder: Path) -> WorkflowHistory:
    async with _after_a_missed_request(folder) as (env, _, play, case):
        handle = await _the_request(play, case)
        assert await ended(env, handle) == CorrectionOutcome(results={"2.1.3": "withdrawn", "2.1.4": "withdrawn"}, letter="sent")
        return await handle.fetch_history()


async def _letter_refused(folder: Path) -> WorkflowHistory:
    async with _after_a_missed_request(folder) as (env, world, play, case):
        world.refuse_letters = True
        handle = await _the_request(play, case)
        assert (await ended(env, handle)).letter == "unsent"
        return await handle.fetch_history()


async def _files_read(folder: Path) -> WorkflowHistory:
    async with _after_a_missed_request(folder) as (env, _, play, case):
        handle = await _the_request(play, case, files=UNREAD)
        assert (await ended(env, handle)).results == {"2.1.3": "withdrawn", "2.1.4": "withdrawn"}
        return await handle.fetch_history()


async def _late(folder: Path) -> WorkflowHistory:
    """The first contact was made, but too late: the breach stands, and nobody outside has to be told."""
    async with sqlite_in(folder) as engine, on_monday(RegisteredWorld(engine)) as (env, play):
        await play.sell()
        await play.request()
        await env.sleep(timedelta(days=4))
        case = await withdrawn(env, play)
        handle = await learn(play, m.FirstContact, due(case, "2.2.4") + timedelta(seconds=1))
        assert await ended(env, handle) == CorrectionOutcome(results={"2.2.4": "stands"}, letter=None)
        return await handle.fetch_history()


OUTCOMES: dict[str, Outcome] = {
    "withdrawn_with_a_letter": _withdrawn_with_a_letter,
    "letter_refused": _letter_refused,
    "files_read": _files_read,
    "late": _late,
}
