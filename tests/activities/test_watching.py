"""The steps of a lead watch over real databases: what is written, whom they remind, and that a step repeated changes nothing more."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from activities import errors, watching
from activities.watching import Watching
from regulations.notices import LeftOut
from regulations.replacement.effects import (
    AuditSettings,
    PassingAnswer,
    PassingQuestion,
    WatchBatch,
    WatchSettings,
    WatchStep,
    WatchStepDone,
)
from regulations.replacement.messages import WatchedCall, WatchedCard, WatchedLead
from runtime.database import open_database
from runtime.replacement_tables import watched_calls, watched_leads
from runtime.tables import notices
from runtime.watches import OpenWatch, WatchStore
from tests.activities.attempts import KilledError, attempt, failing
from tests.databases import sqlite_in
from tests.regulations.replacement.test_watching import SETTINGS, ZONE, at

WATCH, MANAGER = "uid-1", "manager@client.example"
SECOND = timedelta(seconds=1)
ON_REPLACEMENT = "на замену"


class Leads:
    """One watch over a database."""

    def __init__(self, engine: AsyncEngine, watch: str = WATCH) -> None:
        self.engine, self.watch = engine, watch
        self.activity = Watching(WatchStore(engine))
        self._keys = itertools.count(1)

    def step(self, now: datetime, *items: WatchedLead | WatchedCall | WatchedCard, **fields: Any) -> WatchStep:
        batch = WatchBatch(
            key=f"k-{next(self._keys)}",
            leads=tuple(item for item in items if isinstance(item, WatchedLead)),
            calls=tuple(item for item in items if isinstance(item, WatchedCall)),
            cards=tuple(item for item in items if isinstance(item, WatchedCard)),
        )
        given: dict[str, Any] = {
            "watch": self.watch,
            "address": "lead-watch/a-2071/2026-10",
            "edition": "replacement-1",
            "account": "a-2071",
            "batch": batch if items else None,
            "manager": MANAGER,
            "language": "ru",
            "settings": SETTINGS,
            "now": now,
        }
        return WatchStep.model_validate({**given, **fields})

    async def do(self, now: datetime | str, *items: WatchedLead | WatchedCall | WatchedCard, **fields: Any) -> WatchStepDone:
        return await attempt(self.activity.watch_step, self.step(at(now) if isinstance(now, str) else now, *items, **fields))

    async def rows(self, table: Any = watched_leads) -> list[dict[str, Any]]:
        key = list(table.primary_key)
        async with self.engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(select(table).order_by(*key))).mappings()]

    async def row(self, lead: str = "L-1") -> dict[str, Any]:
        return next(row for row in await self.rows() if (row["watch"], row["lead"]) == (self.watch, lead))

    async def told(self) -> list[tuple[str, str | None]]:
        """Keys of the notices, and what has become of them."""
        return [(row["key"], row["sent_in"]) for row in await self.rows(notices)]

    async def whole(self) -> list[list[dict[str, Any]]]:
        """Everything written, but for the real time of the write."""
        found = [await self.rows(table) for table in (watched_leads, watched_calls, notices)]
        return [[{name: value for name, value in row.items() if name != "recorded_at"} for row in rows] for rows in found]


def lead(name: str = "L-1", when: str = "mon 10:00") -> WatchedLead:
    return WatchedLead(lead=name, at=at(when))


def call(name: str, when: str, of: str = "L-1", **fields: Any) -> WatchedCall:
    return WatchedCall.model_validate({"call": name, "lead": of, "at": at(when), "answered": False, "recorded": True, **fields})


def card(when: str, status: str = ON_REPLACEMENT, of: str = "L-1", comment: str = "недозвон") -> WatchedCard:
    return WatchedCard(lead=of, at=at(when), status=status, comment=comment)


@pytest.fixture
def leads(engine: AsyncEngine) -> Leads:
    """On SQLite and on PostgreSQL."""
    return Leads(engine)


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Leads]:
    """Where what the databases do differently does not matter."""
    async with sqlite_in(tmp_path) as engine:
        yield Leads(engine)


# --- reminders and misses -------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 3.3")
@pytest.mark.clause("replacement 3.4")
async def test_a_lead_is_reminded_of_and_missed_at_its_instants_and_in_its_words(leads: Leads) -> None:
    done = await leads.do("mon 10:00", lead())
    assert (done.next_at, done.leads, done.reminded) == (at("mon 14:30"), 1, 0)
    assert (await leads.do(at("mon 14:30") - SECOND)).next_at == at("mon 14:30")
    done = await leads.do("mon 14:30")
    assert (done.next_at, done.reminded) == (at("mon 15:00"), 1)
    [notice] = await leads.rows(notices)
    assert notice["text"] == "3.3 Лид L-1: первый звонок нужен до пн 16.11.2026 16:00 (+10:00)"
    wanted = ("case_uid", "address", "case_kind", "edition", "key", "clause", "kind", "role", "recipient", "due", "earliest", "at_once")
    assert {name: notice[name] for name in wanted} == {
        "case_uid": WATCH,
        "address": "lead-watch/a-2071/2026-10",
        "case_kind": "lead-watch",
        "edition": "replacement-1",
        "key": "L-1#3.3",
        "clause": "3.3",
        "kind": "warning",
        "role": "client_manager",
        "recipient": MANAGER,
        "due": at("mon 16:00"),
        "earliest": at("mon 14:30"),
        "at_once": False,
    }
    await leads.do("mon 15:00")
    done = await leads.do(at("mon 16:00") + SECOND)
    assert (done.missed, done.reminded) == (1, 2)
    row = await leads.row()
    assert (row["missed"], row["late"]) == ([["3.3", at("mon 16:00").isoformat(), None]], True)
    done = await leads.do("mon 16:10", call("c-1", "mon 15:59"))
    assert (done.missed, done.calls) == (0, 1)
    row = await leads.row()
    assert (row["missed"], row["late"]) == ([["3.3", at("mon 16:00").isoformat(), at("mon 16:10").isoformat()]], False)


@pytest.mark.clause("replacement 3.3")
async def test_a_reminder_whose_call_was_made_before_it_could_be_told_is_left_out(leads: Leads) -> None:
    await leads.do("mon 10:00", lead(), lead("L-2"))
    await leads.do("mon 14:30")
    async with leads.engine.begin() as connection:
        await connection.execute(update(notices).where(notices.c.key == "L-2#3.3").values(sent_in="notices#r1#m"))
    await leads.do("mon 14:31", call("c-1", "mon 14:31"), call("c-2", "mon 14:31", of="L-2"))
    assert await leads.told() == [("L-1#3.3", LeftOut.CLOSED.value), ("L-2#3.3", "notices#r1#m")]


async def test_an_answered_call_ends_the_terms_of_its_lead(leads: Leads) -> None:
    await leads.do("mon 10:00", lead())
    done = await leads.do("mon 10:05", call("c-1", "mon 10:05", answered=True))
    assert (done.next_at, done.missed) == (None, 0)
    assert (await leads.row())["next_at"] is None


# --- twice is once --------------------------------------------------------------------------------------------------


async def test_the_same_step_again_gives_the_same_rows_and_no_second_notice(leads: Leads) -> None:
    await leads.do("mon 10:00", lead(), lead("L-2"))
    step = leads.step(at("mon 15:30"), call("c-1", "mon 10:30"), call("c-9", "mon 11:00", of="L-9"), card("mon 11:00"))
    first = await attempt(leads.activity.watch_step, step)
    written = await leads.whole()
    assert first.reminded == 2
    again = await attempt(leads.activity.watch_step, step)
    assert (again, await leads.whole()) == (first, written)


async def test_a_step_that_dies_before_its_end_leaves_nothing_and_its_repeat_does_all(
    plain: Leads, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plain.do("mon 10:00", lead())
    before = await plain.whole()
    step = plain.step(at("mon 14:30"), call("c-1", "mon 12:00", of="L-2"))
    with monkeypatch.context() as patched:

        async def killed(*_: object) -> None:
            raise KilledError

        patched.setattr(OpenWatch, "totals", killed)
        with pytest.raises(KilledError):
            await attempt(plain.activity.watch_step, step)
    assert await plain.whole() == before
    assert (await attempt(plain.activity.watch_step, step)).reminded == 1


async def test_the_same_leads_calls_and_cards_told_again_change_nothing(leads: Leads) -> None:
    told = (lead(), call("c-1", "mon 10:30"), card("mon 10:40"))
    await leads.do("mon 11:00", *told)
    written = await leads.whole()
    done = await leads.do("mon 11:30", *told)
    assert await leads.whole() == written
    assert (done.leads, done.calls) == (1, 1)


async def test_two_steps_of_one_watch_at_once_take_turns(leads: Leads) -> None:
    """An attempt that was given up may still be at work when the next one begins."""
    await leads.do("mon 10:00", *(lead(f"L-{n}") for n in range(40)))
    step = leads.step(at("mon 15:30"), *(call(f"c-{n}", "mon 12:00", of=f"L-{n}") for n in range(30)))
    first, second = await asyncio.gather(*(attempt(leads.activity.watch_step, step) for _ in range(2)))
    assert first == second
    assert (first.calls, first.reminded) == (30, 20)


# --- what is put right ----------------------------------------------------------------------------------------------


async def test_what_is_told_otherwise_later_stands(leads: Leads) -> None:
    await leads.do("mon 10:00", lead(), lead("L-2"))
    await leads.do("mon 10:30", call("c-1", "mon 10:10", answered=True))
    done = await leads.do("mon 10:40", call("c-1", "mon 10:10", of="L-2", answered=True))
    assert done.calls == 1
    assert (await leads.row())["next_at"] == at("mon 14:30"), "it was not this lead that was reached"
    assert (await leads.row("L-2"))["next_at"] is None
    await leads.do("mon 10:50", lead("L-1", "mon 09:00"))
    assert (await leads.row())["next_at"] == at("mon 13:30")


@pytest.mark.clause("replacement 3.1")
async def test_of_cards_the_newest_stands_in_whatever_order_they_come(leads: Leads) -> None:
    await leads.do("mon 12:00", lead(), card("mon 11:00"), card("mon 10:00", "новый"))
    await leads.do("mon 12:01", card("mon 10:30", "в работе"))
    assert (await leads.row())["status"] == ON_REPLACEMENT
    await leads.do("mon 12:02", card("mon 11:01", "закрыт", comment=""))
    row = await leads.row()
    assert (row["status"], row["comment"], row["card_changed_at"]) == ("закрыт", "", at("mon 11:01"))
    assert row["appeared_at"] == at("mon 10:00")


async def test_calls_and_cards_of_a_lead_nobody_has_told_of_wait_for_it(leads: Leads) -> None:
    done = await leads.do("mon 12:00", call("c-1", "mon 10:30"), card("mon 11:00", of="L-3"), call("c-2", "mon 10:30", of="L-2"))
    assert (done.unknown, done.leads, done.calls, done.next_at) == (("L-1", "L-2", "L-3"), 0, 2, None)
    done = await leads.do("mon 12:10", lead(), lead("L-3"))
    assert (done.unknown, done.leads) == ((), 2)
    assert (await leads.row())["next_at"] == at("mon 16:00"), "its first call was made: of the further ones it is reminded later"
    row = await leads.row("L-3")
    assert (row["status"], row["next_at"]) == (ON_REPLACEMENT, at("mon 14:30"))
    many = await leads.do("mon 12:20", *(call(f"d-{n}", "mon 12:00", of=f"M-{n:02}") for n in range(30)))
    assert many.unknown == tuple(f"M-{n:02}" for n in range(20))


# --- pages ----------------------------------------------------------------------------------------------------------


async def test_a_step_looks_at_no_more_than_a_page_of_leads(leads: Leads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PAGE", 3)
    for start in range(0, 7, 3):
        await leads.do("mon 10:00", *(lead(f"L-{n}") for n in range(start, min(start + 3, 7))))
    now = at("mon 14:30")
    reminded = []
    while (done := await leads.do(now)).next_at is not None and done.next_at <= now:
        reminded.append(done.reminded)
    assert (reminded, done.reminded, done.next_at) == ([3, 6], 7, at("mon 15:00"))


async def test_another_zone_looks_at_every_lead_anew(leads: Leads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PAGE", 2)
    for n in range(3):
        await leads.do("mon 10:00", lead(f"L-{n}"))
    moscow = SETTINGS.model_copy(update={"zone": "Europe/Moscow"})
    now = at("mon 10:01")
    done = await leads.do(now, recount=True, settings=moscow)
    assert done.next_at == now, "one page was not enough"
    done = await leads.do(now, settings=moscow)
    opening = datetime(2026, 11, 16, 9, tzinfo=ZoneInfo("Europe/Moscow"))
    assert done.next_at == (opening + timedelta(hours=4.5)).astimezone(UTC)


async def test_watches_know_nothing_of_each_other(plain: Leads) -> None:
    other = Leads(plain.engine, "uid-2")
    await plain.do("mon 10:00", lead())
    await other.do("mon 12:00", lead(when="mon 12:00"))
    assert ((await plain.do("mon 14:30")).reminded, (await other.do("mon 14:30")).reminded) == (1, 0)
    assert (await other.row())["next_at"] == at("mon 15:00")


# --- failures -------------------------------------------------------------------------------------------------------


async def test_a_database_that_is_away_and_a_zone_that_is_unknown_are_tried_again(plain: Leads, tmp_path: Path) -> None:
    away = open_database(f"sqlite:///{tmp_path / 'nowhere' / 'x.sqlite'}")
    error = await failing(Watching(WatchStore(away)).watch_step, plain.step(at("mon 10:00"), lead()))
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
    await away.dispose()
    strange = WatchSettings.model_validate({**SETTINGS.model_dump(), "zone": "Europe/Nowhere"})
    error = await failing(plain.activity.watch_step, plain.step(at("mon 10:00"), lead(), settings=strange))
    assert (error.type, error.non_retryable) == (errors.MISCONFIGURED, False)


async def test_a_lead_beyond_the_years_of_the_calendar_waits_for_workers_that_know_them(plain: Leads) -> None:
    late = datetime(2031, 12, 31, 12, tzinfo=UTC)
    error = await failing(plain.activity.watch_step, plain.step(late, WatchedLead(lead="L-1", at=late)))
    assert (error.type, error.non_retryable) == (errors.MISCONFIGURED, False)
    assert await plain.rows() == []


# --- 1: what would pass ---------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 1")
@pytest.mark.clause("replacement 4.1")
async def test_the_cards_that_would_pass_are_counted_by_the_audit(leads: Leads) -> None:
    made = ("mon 10:30", "mon 11:30", "mon 12:30", "tue 11:00", "wed 11:00")

    def calls(of: str, **fields: Any) -> list[WatchedCall]:
        return [call(f"{of}-{n}", when, of=of, **{"comment": "недозвон", **fields}) for n, when in enumerate(made)]

    await leads.do("thu 10:00", *(lead(f"L-{n}") for n in range(1, 6)))
    await leads.do("thu 10:01", *calls("L-1"), *calls("L-2", recorded=False), *calls("L-3"), *calls("L-4")[:3], *calls("L-5"))
    reached = call("L-3-0", made[0], of="L-3", answered=True, comment="нецелевой")
    await leads.do("thu 10:02", reached)
    cards = [card("thu 10:00", of=f"L-{n}") for n in (1, 2, 4)] + [card("thu 10:00", "новый", of="L-5")]
    await leads.do("thu 10:03", *cards, card("thu 10:00", of="L-3", comment="нецелевой"))
    question = PassingQuestion(
        watch=WATCH,
        settings=AuditSettings(zone=ZONE, first_call="6 working hours", attempts=5, first_day_attempts=3, gap_minutes=60),
        now=at("thu 12:00"),
    )
    written = await leads.whole()
    assert await attempt(leads.activity.count_passing, question) == PassingAnswer(replace=1, listen=1, reject=2)
    assert await leads.whole() == written
    nobody = question.model_copy(update={"watch": "uid-2"})
    assert await attempt(leads.activity.count_passing, nobody) == PassingAnswer(replace=0, listen=0, reject=0)


async def test_cards_are_read_page_by_page(plain: Leads) -> None:
    await plain.do("mon 10:00", *(lead(f"L-{n}") for n in range(7)), call("c-1", "mon 10:00", of="L-9"))
    found = [row.lead async for row in WatchStore(plain.engine).cards(WATCH, page=3)]
    assert found == [f"L-{n}" for n in range(7)]
