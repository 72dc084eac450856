"""Publishing a changed calendar on the real server: exactly the terms that cross it move, in whatever state the publication is left."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from regulations import messages as m
from regulations.time.calendar_change import day_table
from regulations.time.working_time import working_time
from runtime.database import open_database
from runtime.published_calendars import PublishedCalendars
from runtime.tables import breaches
from starter.publication import (
    NeverPublished,
    NothingMoves,
    Publication,
    VersionKept,
    WorkersBehind,
    compare,
    touched_terms,
)
from starter.telling import Answer, Pace
from tests.databases import migrated
from tests.patience import patiently
from tests.regulations.handoff.course import CALENDAR, CC_HEAD_PERSON
from tests.starter.offices import SOON, Office, with_closed, working_days
from tests.workflows.play import Play

pytestmark = pytest.mark.usefixtures("alone")
_queues = itertools.count(1)


@pytest.fixture
async def sqlite(tmp_path: Any) -> AsyncIterator[AsyncEngine]:
    url = f"sqlite:///{tmp_path / 'registers.sqlite'}"
    await migrated(url)
    engine = open_database(url)
    yield engine
    await engine.dispose()


@pytest.fixture
def queue() -> str:
    return f"publication-{next(_queues)}"


class Publisher(Publication):
    """Publishes quickly, and remembers whom it told."""

    addresses: list[str]

    async def _tell(self, address: str) -> Answer:
        self.addresses.append(address)
        return await super()._tell(address)


async def publication(office: Office, client: Client, **options: Any) -> Publisher:
    """What `reglament calendar publish company` runs, with the data that the office has loaded."""
    store = PublishedCalendars(office.engine)
    found = await compare(store, "company", office.calendar)
    made = Publisher(client, store, found, pace=Pace(500), **{"settled": SOON * 5, "suspicion": SOON, **options})
    made.addresses = []
    return made


async def first_published(office: Office) -> None:
    await PublishedCalendars(office.engine).store_first("company", office.calendar.version, day_table(office.calendar), datetime.now(UTC))


async def end(*plays: Play) -> None:
    for play in plays:
        await play.handle.terminate("test over")


async def test_a_holiday_moves_exactly_the_terms_that_cross_it_and_publishing_again_changes_nothing(
    server: WorkflowEnvironment, engine: AsyncEngine, queue: str
) -> None:
    office = Office(engine)
    await first_published(office)
    holiday = working_days(6)[-1]
    async with office.worker(server.client, queue):
        crossing = [await office.transferred(server.client, queue) for _ in range(7)]
        others = [await office.paid(server.client, queue) for _ in range(3)]
        trained = [await office.transferred(server.client, queue) for _ in range(3)]
        await office.recorded(10, "5.3 (2)/1")
        for play in trained:  # done in time: the register will hear of it with the next record of the case
            await play.say("training_done", m.TrainingDone)
        before = await office.terms()
        office.load(with_closed(holiday))
        store = PublishedCalendars(engine)
        found = await compare(store, "company", office.calendar)
        expected = {(play.handle.id, "5.3 (2)/1") for play in crossing}
        assert {(term.address, term.key) async for term in touched_terms(store, found)} >= expected

        done = await (await publication(office, server.client)).run()

        assert (done.told, done.counted, done.moved, done.withdrawn, done.ended) == (7, 7, 7, 0, {})
        assert done.not_touched >= 3
        after = await office.terms()
        assert {id for id in before if before[id]["due"] != after[id]["due"]} == expected
        calendar = working_time(with_closed(holiday))
        for id in expected:
            assert after[id]["due"] == calendar.due("10 working days", after[id]["started_at"]).at
        trail = (await crossing[0].read()).facts
        assert [f.what for f in trail][-2:] == ["CalendarChanged", "due_moved"]
        assert f"{holiday:%d.%m.%Y} — выходной" in trail[-1].note
        for play in others + trained:
            assert "CalendarChanged" not in {f.what for f in (await play.read()).facts}

        assert (await compare(store, "company", office.calendar)).difference.changed == ()
        rows = {(row["address"], key): row["seq"] for (_, key), row in after.items()}
        assert {(row["address"], key): row["seq"] for (_, key), row in (await office.terms()).items()} == rows
        await end(*crossing, *others, *trained)


async def test_interrupted_and_run_again_it_goes_on_where_it_was(server: WorkflowEnvironment, sqlite: AsyncEngine, queue: str) -> None:
    office = Office(sqlite)
    await first_published(office)
    async with office.worker(server.client, queue):
        plays = [await office.transferred(server.client, queue) for _ in range(6)]
        await office.recorded(6, "5.3 (2)/1")
        office.load(with_closed(working_days(6)[-1]))
        first = await publication(office, server.client)
        enough = asyncio.Event()
        first._watch = lambda progress: enough.set() if progress.told >= 3 else None
        first._pace = Pace(5)
        running = asyncio.create_task(first.run())
        await enough.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        store = PublishedCalendars(sqlite)
        (begun,) = await store.unfinished("company")
        assert (await store.newest("company")).version != begun.version  # type: ignore[union-attr]

        second = await publication(office, server.client)
        done = await second.run()

        assert 6 - done.known <= first.progress.told + done.told <= 6  # what was said last may have been heard, and not been noted
        told = [fact for play in plays for fact in (await play.read()).facts if fact.what == "CalendarChanged"]
        assert len(told) == 6
        assert {fact.key for fact in told} == {first._message.key}
        newest = await store.newest("company")
        assert newest is not None
        assert (newest.version, newest.published_at) == (begun.version, begun.published_at)
        assert await store.unfinished("company") == []
        await end(*plays)


async def test_workers_with_old_data_stop_it_at_the_first_case_and_after_their_restart_all_is_told(
    server: WorkflowEnvironment, sqlite: AsyncEngine, queue: str
) -> None:
    office = Office(sqlite)
    await first_published(office)
    async with office.worker(server.client, queue):
        plays = [await office.transferred(server.client, queue) for _ in range(4)]
        await office.recorded(4, "5.3 (2)/1")
        old, new = office.calendar.version, with_closed(working_days(6)[-1])
        office.load(new)
        behind = await publication(office, server.client)
        office.load(CALENDAR)
        with pytest.raises(WorkersBehind, match="restart them with the new data, then publish again") as stopped:
            await behind.run()
        assert repr(old) in str(stopped.value)
        assert len(behind.addresses) == 1
        store = PublishedCalendars(sqlite)
        assert (await store.newest("company")).version == old  # type: ignore[union-attr]

        office.load(new)
        done = await (await publication(office, server.client)).run()
        assert (done.told, done.moved) == (4, 4)
        assert {row["calendar_version"] for (_, key), row in (await office.terms()).items() if key == "5.3 (2)/1"} == {
            office.calendar.version
        }
        await end(*plays)


async def test_cases_that_have_ended_are_told_of_and_hold_nothing_up(server: WorkflowEnvironment, sqlite: AsyncEngine, queue: str) -> None:
    office = Office(sqlite)
    await first_published(office)
    async with office.worker(server.client, queue):
        plays = [await office.transferred(server.client, queue) for _ in range(3)]
        await office.recorded(3, "5.3 (2)/1")
        await plays[0].handle.terminate("by an operator")
        office.load(with_closed(working_days(6)[-1]))
        done = await (await publication(office, server.client)).run()
        assert (done.told, done.moved, list(done.ended.values())) == (2, 2, [plays[0].handle.id])
        assert (await compare(PublishedCalendars(sqlite), "company", office.calendar)).difference.changed == ()
        await end(*plays[1:])


async def test_without_a_worker_it_stops_and_goes_on_with_one(
    server: WorkflowEnvironment, sqlite: AsyncEngine, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(sqlite)
    await first_published(office)
    async with office.worker(server.client, queue):
        play = await office.transferred(server.client, queue)
        await office.recorded(1, "5.3 (2)/1")
    office.load(with_closed(working_days(6)[-1]))
    with monkeypatch.context() as hasty:
        hasty.setattr("starter.telling.ANSWER", 1.0)
        first = await publication(office, server.client)
        with pytest.raises(NothingMoves, match="is a worker running"):
            await first.run()
    async with office.worker(server.client, queue):
        await (await publication(office, server.client)).run()
        # What was said to the empty room may have been heard after all, by now or even before: what counts is where the case stands.
        assert (await compare(PublishedCalendars(sqlite), "company", office.calendar)).difference.changed == ()
        assert [f.what for f in (await play.read()).facts].count("CalendarChanged") == 1
        async with patiently():
            while (await office.terms())[play.handle.id, "5.3 (2)/1"]["calendar_version"] != office.calendar.version:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await end(play)


async def test_a_database_that_the_workers_cannot_reach_stops_it(server: WorkflowEnvironment, sqlite: AsyncEngine, queue: str) -> None:
    office = Office(sqlite)
    await first_published(office)
    async with office.worker(server.client, queue):
        play = await office.transferred(server.client, queue)
        await office.recorded(1, "5.3 (2)/1")
        office.database_up = False
        office.load(with_closed(working_days(6)[-1]))
        with pytest.raises(NothingMoves, match="is their database up"):
            await (await publication(office, server.client, settled=SOON)).run()
        assert (await PublishedCalendars(sqlite).newest("company")).version != office.calendar.version  # type: ignore[union-attr]
        await end(play)


async def test_short_terms_that_are_in_no_register_yet_move_too(server: WorkflowEnvironment, sqlite: AsyncEngine, queue: str) -> None:
    """2.1.2 to 2.1.4 wait for the next record of their case: they are found by their due instants."""
    office = Office(sqlite)
    await first_published(office)
    tomorrow = working_days(1)[0]
    async with office.worker(server.client, queue):
        play = await office.paid(server.client, queue)
        async with patiently():
            while await _next_due(server.client, play) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        before = {o.key: o.due for o in (await play.read()).obligations}
        assert not any(key == "2.1.3" for _, key in await office.terms())
        office.load(with_closed(tomorrow))
        done = await (await publication(office, server.client)).run()
        assert done.told >= 1
        async with patiently():
            while (after := {o.key: o.due for o in (await play.read()).obligations})["2.1.3"] == before["2.1.3"]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert after["2.1.3"] == office.calendar.due("12:00 next working day", (await play.read()).obligations[1].started_at).at
        await end(play)


async def _next_due(client: Client, play: Play) -> datetime | None:
    async for case in client.list_workflows(f"WorkflowId = '{play.handle.id}' AND NextDue IS NOT NULL"):
        return case.start_time
    return None


async def test_a_breach_whose_day_is_off_now_is_withdrawn_and_counted(server: WorkflowEnvironment, sqlite: AsyncEngine, queue: str) -> None:
    """The term ran out today; the day is declared a day off afterwards."""
    week = tuple(((0, 86_400),) for _ in range(7))
    spec = with_closed()
    always = type(spec)(tz=spec.tz, country=None, weekly=week)
    office = Office(sqlite, always, terms={"2.2.4": "2 working seconds"})
    await first_published(office)
    async with office.worker(server.client, queue):
        play = await office.transferred(server.client, queue)
        async with patiently():
            while (await office.terms()).get((play.handle.id, "2.2.4/1"), {}).get("state") != "overdue":  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        due = (await office.terms())[play.handle.id, "2.2.4/1"]["due"]
        office.load(type(spec)(tz=spec.tz, country=None, weekly=week, closed=(office.calendar.local(due).date(),)))
        done = await (await publication(office, server.client)).run()
        assert done.withdrawn == 1
        row = (await office.terms())[play.handle.id, "2.2.4/1"]
        assert (row["state"], row["breached_at"]) == ("open", None)
        assert row["due"] > due
        async with sqlite.connect() as connection:
            entries = (await connection.execute(select(breaches.c.entry, breaches.c.note).where(breaches.c.key == "2.2.4/1"))).all()
        assert [entry for entry, _ in entries] == ["recorded", "withdrawn"]
        assert "выходной" in entries[1].note
        await end(play)


async def test_a_paused_and_an_extended_term_do_not_hold_it_up(server: WorkflowEnvironment, sqlite: AsyncEngine, queue: str) -> None:
    office = Office(sqlite)
    await first_published(office)
    async with office.worker(server.client, queue):
        paused, extended = [await office.transferred(server.client, queue) for _ in range(2)]
        await paused.say("pause", m.Pause, clause="2.2.4", reason="waiting on the client", by=CC_HEAD_PERSON)
        late = datetime.now(UTC) + timedelta(days=20)
        await extended.say(
            "extend", m.Extend, clause="5.3 (2)", new_due=late, reason="as agreed", by=m.Actor(id="u", role="regional_directorate")
        )
        await office.recorded(2, "5.3 (2)/1")
        office.load(with_closed(working_days(6)[-1]))
        done = await (await publication(office, server.client)).run()
        assert done.told == 2
        after = await office.terms()
        assert after[extended.handle.id, "5.3 (2)/1"]["due"] == late
        assert after[paused.handle.id, "2.2.4/1"]["due"] is None
        assert after[paused.handle.id, "2.2.4/1"]["calendar_version"] == office.calendar.version
        await end(paused, extended)


async def test_what_cannot_be_compared(sqlite: AsyncEngine) -> None:
    store, calendar = PublishedCalendars(sqlite), working_time(CALENDAR)
    with pytest.raises(NeverPublished, match="doctor --fix"):
        await compare(store, "company", calendar)
    days = day_table(calendar)
    await store.store_first("company", calendar.version, {**days, "2026-11-18": "+0300"}, datetime.now(UTC))
    with pytest.raises(VersionKept, match="raise the version"):
        await compare(store, "company", calendar)


@pytest.mark.parametrize("rate", [1, 20, 500])
async def test_the_rate_is_kept_however_quickly_the_cases_answer(rate: float) -> None:
    now, turns = 0.0, []

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    pace = Pace(rate, clock=lambda: now, sleep=sleep)
    for _ in range(300):
        await pace.turn()
        turns.append(now)
    assert all(later - earlier >= 1 / rate - 1e-9 for earlier, later in itertools.pairwise(turns))
    assert turns[-1] == pytest.approx(299 / rate)


async def test_a_slow_case_does_not_let_the_next_ones_run_faster_than_the_rate() -> None:
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    pace = Pace(10, clock=lambda: now, sleep=sleep)
    await pace.turn()
    now += 5
    turns = []
    for _ in range(3):
        await pace.turn()
        turns.append(now)
    assert turns == [5.0, pytest.approx(5.1), pytest.approx(5.2)]
