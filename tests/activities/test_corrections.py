"""Correcting the registers: in one transaction, on both databases, once, also when two facts come at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities import errors
from activities.corrections import Corrections
from activities.record import Registers
from regulations.corrections import Corrected, ToCorrect
from regulations.effects import Letter
from regulations.handoff.corrections import learnt
from regulations.messages import FirstContact, Message, RequestReceived, TrainingDone, Withdraw
from regulations.record_batch import AnyRow, RecordBatch
from runtime import held_registers, tables
from runtime.database import open_database
from runtime.effect_ledger import EffectLedger
from runtime.held_registers import HeldRegisters
from runtime.letters import Composition, InReplyTo, Letters
from runtime.registers import RegisterWriter
from tests.activities.attempts import KilledError, attempt, failing
from tests.regulations.course import at
from tests.regulations.handoff.corrected import CONTACT_DUE, MONDAY, REQUEST_DUE, SECOND, fact
from tests.regulations.handoff.course import CC_HEAD_PERSON, Course
from tests.workflows.world import planning

LETTERS = Path(__file__).parents[2] / "regulations" / "letters"
NOW = at("2026-12-20 12:00")  # a Sunday
ADDRESS = "handoff/D-1"


@pytest.fixture
def corrections(engine: AsyncEngine) -> Corrections:
    return Corrections(HeldRegisters(engine), planning())


async def keep(engine: AsyncEngine, rows: Sequence[AnyRow], now: datetime, uid: str = "uid") -> None:
    batch = RecordBatch(case_uid=uid, address=ADDRESS, kind="handoff", edition="handoff-1", now=now, rows=tuple(rows))
    await attempt(Registers(RegisterWriter(engine)).record, batch)


async def ended(engine: AsyncEngine, uid: str = "uid", start: datetime = MONDAY, *, requested: bool = True) -> Course:
    """A handoff that missed what it could, was withdrawn a week later, and stands in the registers with its letters."""
    course = Course(start)
    course.state.uid = uid
    course.paid()
    if requested:
        course.request()
    course.go(days=7)
    course.say(Withdraw, reason="клиент передумал", by=CC_HEAD_PERSON)
    course.go(days=3)
    assert course.state.ended
    await keep(engine, course.rows, course.now, uid)
    for letter in course.letters:
        await send(engine, letter)
    return course


async def send(engine: AsyncEngine, letter: Letter) -> None:
    """As the correspondence leaves it in the ledger."""
    ledger = EffectLedger(engine)
    claim = await ledger.claim(letter.key, "letter", "hash", timedelta(minutes=1))
    composed = Letters([LETTERS], "robot@company.example").compose(
        Composition(letter.key, letter.template, "ru", letter.to, letter.values, letter.now)
    )
    claim = await ledger.freeze(claim, composed.message_id, composed.content)  # type: ignore[arg-type]
    await ledger.finish(claim, {"result": "sent"})


def news(message: Message, ended_at: datetime | None = None) -> ToCorrect:
    return ToCorrect(address=ADDRESS, fact=learnt(message, NOW), ended_at=ended_at, now=NOW)


async def stored(engine: AsyncEngine, table: Table, **where: Any) -> list[dict[str, Any]]:
    wanted = select(table).order_by(table.c.seq).filter_by(**where)
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(wanted)).mappings()]


@pytest.mark.clause("handoff 2.2.4")
@pytest.mark.parametrize(
    ("seconds", "state", "entries"), [(0, "met", ["recorded", "withdrawn"]), (1, "met_late", ["recorded", "met_late"])]
)
async def test_a_fact_corrects_the_registers(
    corrections: Corrections, engine: AsyncEngine, seconds: int, state: str, entries: list[str]
) -> None:
    course = await ended(engine)
    happened = CONTACT_DUE + seconds * SECOND
    corrected = await attempt(corrections.correct, news(fact(FirstContact, happened)))
    assert corrected.results == {"2.2.4": "stands" if seconds else "withdrawn"}
    [duty] = await stored(engine, tables.obligations, key="2.2.4/1")
    assert (duty["state"], duty["met_at"], duty["breached_at"]) == (state, happened, CONTACT_DUE)
    assert [row["entry"] for row in await stored(engine, tables.breaches, key="2.2.4/1")] == entries
    [row] = await stored(engine, tables.corrections)
    case = {"case_uid": "uid", "address": ADDRESS, "case_kind": "handoff", "edition": "handoff-1", "decided_at": course.now}
    assert case.items() <= row.items()
    assert (row["learnt_at"], row["happened_at"]) == (NOW, happened)


async def test_twice_is_once_and_gives_the_same_answer(corrections: Corrections, engine: AsyncEngine) -> None:
    await ended(engine, requested=False)
    asked = news(fact(RequestReceived, REQUEST_DUE))
    first = await attempt(corrections.correct, asked)
    before = [await stored(engine, table) for table in held_registers._REGISTERS]
    assert await attempt(corrections.correct, asked) == first
    later = await attempt(corrections.correct, asked.model_copy(update={"now": NOW + timedelta(days=30)}))
    assert later.results == first.results
    assert later.letter is not None
    assert first.letter is not None
    assert (later.letter.key, later.letter.values) == (first.letter.key, first.letter.values), "the same letter is sent once"
    assert [await stored(engine, table) for table in held_registers._REGISTERS] == before


@pytest.mark.clause("handoff 2.1.3")
async def test_the_letter_goes_where_the_letter_about_the_breach_went(corrections: Corrections, engine: AsyncEngine) -> None:
    course = await ended(engine, requested=False)
    [told] = [letter for letter in course.letters if letter.template == "handoff/breach"]
    corrected = await attempt(corrections.correct, news(fact(RequestReceived, REQUEST_DUE)))
    letter = corrected.letter
    assert letter is not None
    assert (letter.to, letter.thread is not None) == (told.to, True)
    [sent] = [row for row in await effects(engine) if row["key"] == told.key]
    assert letter.thread is not None
    assert letter.thread.message_id == sent["message_id"]
    assert corrected.not_before == at("2026-12-21 09:00"), "a letter to people outside waits for Monday's opening"
    thread = InReplyTo(letter.thread.message_id, letter.thread.references, letter.thread.subject)
    composed = Letters([LETTERS], "robot@company.example").compose(
        Composition(letter.key, letter.template, "ru", letter.to, letter.values, letter.now, thread)
    )
    assert composed.subject == "Re: Срок пропущен: ООО Ромашка (сделка D-1)"
    assert f"In-Reply-To: {sent['message_id']}".encode() in composed.content


async def effects(engine: AsyncEngine) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(select(tables.effects))).mappings()]


async def test_two_facts_at_the_same_moment_are_held_against_each_other(corrections: Corrections, engine: AsyncEngine) -> None:
    """One in time, one late: whichever is first, the breach is withdrawn, and every row has a number of its own."""
    await ended(engine)
    facts = [fact(FirstContact, CONTACT_DUE + (n - 2) * SECOND, key=f"fact-{n}") for n in range(6)]
    await asyncio.gather(*(attempt(corrections.correct, news(message)) for message in (*facts, *reversed(facts))))
    [duty] = await stored(engine, tables.obligations, key="2.2.4/1")
    assert (duty["state"], duty["met_at"]) == ("met", CONTACT_DUE - 2 * SECOND)
    assert len(await stored(engine, tables.corrections)) == 6
    entries = [row["entry"] for row in await stored(engine, tables.breaches, key="2.2.4/1")]
    assert (entries.count("recorded"), entries.count("withdrawn")) == (1, 1)
    rows = [row["seq"] for table in held_registers._REGISTERS for row in await stored(engine, table)]
    assert len(rows) == len(set(rows))


async def test_the_fact_is_for_the_case_that_had_ended(corrections: Corrections, engine: AsyncEngine) -> None:
    """The deal was sold again meanwhile: a correction of the first case that comes late leaves the second alone, also the next time."""
    first = await ended(engine, "first")
    second = await ended(engine, "second", first.now + timedelta(days=2))
    for key in ("fact-1", "fact-2"):
        corrected = await attempt(corrections.correct, news(fact(FirstContact, CONTACT_DUE, key), ended_at=first.now))
        assert corrected.case_uid == "first"
    assert {row["case_uid"] for row in await stored(engine, tables.corrections)} == {"first"}
    newest = await attempt(corrections.correct, news(fact(TrainingDone, second.now, "fact-3")))
    assert newest.case_uid == "second"


async def test_without_a_case_in_the_registers_nothing_is_corrected(corrections: Corrections, engine: AsyncEngine) -> None:
    error = await failing(corrections.correct, news(fact(FirstContact, MONDAY)))
    assert (error.type, error.non_retryable) == (errors.INVALID, True)
    assert await stored(engine, tables.corrections) == []


async def test_a_correction_is_written_whole_or_not_at_all(
    corrections: Corrections, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runtime import registers as written

    await ended(engine)
    before = [await stored(engine, table) for table in held_registers._REGISTERS]
    write = written._write

    async def dying(connection: AsyncConnection, origin: Any, row: Any, recorded_at: datetime) -> int:
        if row.table == "notices":
            raise KilledError
        return await write(connection, origin, row, recorded_at)

    monkeypatch.setattr(written, "_write", dying)
    with pytest.raises(KilledError):
        await attempt(corrections.correct, news(fact(FirstContact, CONTACT_DUE)))
    monkeypatch.undo()
    assert [await stored(engine, table) for table in held_registers._REGISTERS] == before
    corrected: Corrected = await attempt(corrections.correct, news(fact(FirstContact, CONTACT_DUE)))
    assert corrected.results == {"2.2.4": "withdrawn"}


async def test_a_database_that_is_away_is_waited_for() -> None:
    away = open_database("postgresql://nobody@127.0.0.1:1/none")
    error = await failing(Corrections(HeldRegisters(away), planning()).correct, news(fact(FirstContact, MONDAY)))
    await away.dispose()
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
