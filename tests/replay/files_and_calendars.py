"""The outcomes of a handoff whose files are read, and of one whose calendar is published anew meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from regulations import messages as m
from regulations.documents import Found
from regulations.time.calendar_change import day_table, difference
from tests.databases import sqlite_in
from tests.regulations.handoff.course import CC_HEAD_PERSON
from tests.replay.played import Outcome, handoff
from tests.starter.offices import Office, with_closed
from tests.workflows.play import Play
from tests.workflows.world import CONTENT, PAPER, UNREAD, World, until

# --- files ----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _with_files(_: Path) -> AsyncIterator[World]:
    world = World()
    world.found = dict(CONTENT)
    yield world


async def _accepted_and_done(play: Play) -> None:
    await play.reaches("checking")
    await play.accept()
    await play.fulfil()


async def _read(env: WorkflowEnvironment, world: World, play: Play) -> None:
    await play.sell()
    await play.request(files=UNREAD, questionnaire={})
    await _accepted_and_done(play)


async def _incomplete_and_completed(env: WorkflowEnvironment, world: World, play: Play) -> None:
    world.found[PAPER] = Found(problem="damaged")
    await play.sell()
    await play.request(files=UNREAD, questionnaire={})
    await until(lambda: "incomplete" in world.templates())
    await env.sleep(timedelta(hours=1))
    world.found[PAPER] = Found()
    await play.request(files=UNREAD[1:], questionnaire={})
    await _accepted_and_done(play)


async def _unread_and_sent_again(env: WorkflowEnvironment, world: World, play: Play) -> None:
    world.reader_broken = True
    await play.sell()
    await play.request(files=UNREAD, questionnaire={})
    await until(lambda: "documents_unread" in [row.what for row in world.rows if row.table == "incidents"])
    await env.sleep(timedelta(hours=1))
    world.reader_broken = False
    await play.request(files=UNREAD, questionnaire={})
    await _accepted_and_done(play)


async def _withdrawn_while_reading(env: WorkflowEnvironment, world: World, play: Play) -> None:
    world.reader_up = False
    await play.sell()
    await play.request(files=UNREAD, questionnaire={})
    await until(lambda: world.readings > 0)
    await play.say("withdraw", m.Withdraw, by=CC_HEAD_PERSON, reason="entered twice")


# --- calendars ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _office(folder: Path) -> AsyncIterator[Office]:
    async with sqlite_in(folder) as engine:
        yield Office(engine)


async def _publish(office: Office, play: Play, closed: date) -> None:
    """The workers have the new calendar, and the case is told, as `reglament calendar publish` tells it."""
    before = day_table(office.calendar)
    office.load(with_closed(closed))
    found = difference([before], day_table(office.calendar))
    version = office.calendar.version
    await play.say(
        "calendar_changed", m.CalendarChanged, source="cli", calendar="company", version=version, changed=found.changed, closed=found.closed
    )


async def _transferred(play: Play) -> date:
    """Accepted on Monday: the first contact is due on Wednesday at 16:00, which is the day given."""
    await play.sell()
    await play.request()
    await play.accept()
    return (await play.now()).date() + timedelta(days=2)


async def _due_moved(env: WorkflowEnvironment, office: Office, play: Play) -> None:
    wednesday = await _transferred(play)
    await _publish(office, play, closed=wednesday)
    await env.sleep(timedelta(days=3, hours=1))  # Thursday at eleven
    await play.fulfil()
    assert office.breaches() == []


async def _breach_withdrawn(env: WorkflowEnvironment, office: Office, play: Play) -> None:
    wednesday = await _transferred(play)
    await env.sleep(timedelta(days=2, hours=7))  # Wednesday at five
    await until(lambda: ("2.2.4", "recorded") in office.breaches())
    await _publish(office, play, closed=wednesday)
    await env.sleep(timedelta(hours=18))  # Thursday at eleven
    await play.fulfil()
    assert office.breaches() == [("2.2.4", "recorded"), ("2.2.4", "withdrawn")]


OUTCOMES: dict[str, Outcome] = {
    "documents_read": handoff(_read, "done", _with_files),
    "documents_incomplete": handoff(_incomplete_and_completed, "done", _with_files),
    "documents_unread": handoff(_unread_and_sent_again, "done", _with_files),
    "withdrawn_while_reading": handoff(_withdrawn_while_reading, "withdrawn", _with_files),
    "due_moved": handoff(_due_moved, "done", _office),
    "breach_moved_away": handoff(_breach_withdrawn, "done", _office),
}
