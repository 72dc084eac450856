"""The outcomes of a manager's diary."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from regulations.messages import CalendarChanged
from regulations.onboarding import diary_messages as dm
from tests.databases import sqlite_in
from tests.regulations.onboarding.diaries import HEAD
from tests.replay.played import Outcome, Step, case, continued
from tests.workflows.service_diaries import Diary

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@asynccontextmanager
async def _diary(env: WorkflowEnvironment, folder: Path) -> AsyncIterator[Diary]:
    async with sqlite_in(folder) as engine:
        diary = Diary(env, engine, 41)
        async with diary.worker():
            yield diary


async def _kept(diary: Diary) -> None:
    """A week: papers confirmed before and after their drafts and late, a visit moved and cancelled, another group head; on Friday nobody
    confirms anything, while the mail server is away."""
    tomorrow = await diary.now() + DAY
    await diary.begin()
    await diary.visit("v-1", tomorrow, purpose="оновлення")
    await diary.visit("v-1", tomorrow + HOUR)
    await diary.visit("v-2", tomorrow)
    await diary.say("visit_cancelled", dm.VisitCancelled, visit="v-2", reason="клієнт попросив")
    await diary.pass_to("15:00")
    await diary.confirm(paper="day_report")
    await diary.pass_to("17:20")
    await diary.confirm()
    await diary.begin(group_head="u22")
    monday = await diary.today()
    await diary.pass_to("18:10", days=1)
    assert diary.breaches == ["recorded", "recorded"]
    await diary.confirm(first=monday + DAY, paper="day_report")
    await diary.confirm(first=monday + 2 * DAY, paper="day_plan", happened_at=await diary.now() - HOUR)
    assert sorted(diary.breaches) == ["met_late", "recorded", "recorded", "withdrawn"]
    for _ in range(2):
        await diary.pass_to("17:20", days=1)
        await diary.confirm()
    diary.mail_up = False
    await diary.pass_to("18:20", days=1)
    diary.mail_up = True
    await diary.pass_to("19:00")
    assert len(diary.breaches) == 7
    await diary.end()


async def _decided(diary: Diary) -> None:
    """A report is paused and goes on, a plan extended, another let go; a calendar is published; the registers are away at the end."""
    await diary.begin()
    decided = {"reason": "відрядження", "by": HEAD}
    await diary.say("pause", dm.PauseOfDiary, clause="4.4.1", **decided)
    later = await diary.now() + DAY
    await diary.say("extend", dm.ExtendOfDiary, clause="4.4.2", new_due=later, **decided)
    day = await diary.today()
    told = {"calendar": "company", "version": "UA 2026.2", "changed": [day + 2 * DAY]}
    await diary.say("calendar_changed", CalendarChanged, **told)
    await diary.pass_to("18:10")
    await diary.say("resume", dm.ResumeOfDiary, clause="4.4.1", by=HEAD)
    await diary.say("waive", dm.WaiveOfDiary, clause="4.4.2", paper="day_plan", first=day + DAY, **decided)
    await diary.pass_to("17:20", days=1)
    await diary.visit("v-1", later + DAY)
    diary.database_up = False
    await diary.confirm()
    await diary.end()
    await diary.pass_to("17:50")
    diary.database_up = True


async def _start_refused(diary: Diary) -> None:
    with suppress(WorkflowUpdateFailedError):
        await diary.begin(happened_at=await diary.now() + HOUR)


async def _visits(diary: Diary) -> Step:
    ahead = await diary.now() + 3 * DAY
    await diary.begin()
    visits = 0

    async def more() -> None:
        nonlocal visits
        visits += 1
        await diary.visit(f"v-{visits}", ahead + visits * HOUR)

    return more


OUTCOMES: dict[str, Outcome] = {
    "kept": case(_diary, _kept, "ended"),
    "decided": case(_diary, _decided, "ended"),
    "start_refused": case(_diary, _start_refused, "failed"),
    "continued_1": continued(_diary, _visits, Diary.end, 1),
    "continued_2": continued(_diary, _visits, Diary.end, 2),
}
