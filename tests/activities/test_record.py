"""The registers: all of a batch or nothing, twice is once, never an older row over a newer one."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities import errors
from activities.record import Registers
from regulations.handoff.rows import AcceptedClientRow, PaymentRegisterRow
from regulations.record_batch import AnyRow, RecordBatch
from regulations.rows import BreachEntry, BreachRow, IncidentRow, NoticeRow, ObligationRow
from runtime import tables
from runtime.database import open_database
from runtime.registers import RegisterWriter
from tests.activities.attempts import KilledError, attempt, failing

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DUE = NOW + timedelta(days=3)


@pytest.fixture
def registers(engine: AsyncEngine) -> Registers:
    return Registers(RegisterWriter(engine))


def batch(*rows: AnyRow, case_uid: str = "uid") -> RecordBatch:
    return RecordBatch(case_uid=case_uid, address="handoff/4711", kind="handoff", edition="2026-01", now=NOW, rows=rows)


def obligation(seq: int = 1, **changes: Any) -> ObligationRow:
    plain: dict[str, Any] = {
        "seq": seq,
        "key": "2.2.3/1",
        "clause": "handoff 2.2.3",
        "owner": "contact_centre",
        "escalation": "head_of_contact_centre",
        "duty": "Ответить партнёру",
        "term": "8 working hours",
        "state": "open",
        "started_at": NOW,
        "due": DUE,
        "calendar": "ru",
        "calendar_version": "2026.1",
        "span_from": date(2026, 3, 2),
        "span_to": date(2026, 3, 5),
    }
    return ObligationRow.model_validate(plain | changes)


def breach(entry: BreachEntry = BreachEntry.RECORDED, **changes: Any) -> BreachRow:
    plain: dict[str, Any] = {"seq": 2, "key": "2.2.3/1", "clause": "handoff 2.2.3", "owner": "contact_centre", "due": DUE, "at": DUE}
    return BreachRow.model_validate(plain | {"entry": entry} | changes)


def notice(**changes: Any) -> NoticeRow:
    plain: dict[str, Any] = {
        "seq": 3,
        "key": "2.2.3/1",
        "clause": "handoff 2.2.3",
        "kind": "warning",
        "role": "contact_centre",
        "recipient": "centre@company.example",
        "language": "ru",
        "due": DUE,
        "earliest": NOW,
        "text": "Осталось два часа",
    }
    return NoticeRow.model_validate(plain | changes)


def accepted(seq: int = 4, **changes: Any) -> AcceptedClientRow:
    plain: dict[str, Any] = {
        "seq": seq,
        "round": 1,
        "entry": "accepted",
        "at": NOW,
        "deal": "4711",
        "partner_id": "7",
        "partner_name": "ИП Иванов",
        "client_login": "romashka@client.example",
        "client_name": "ООО «Ромашка»",
        "tariff_line": "bureau",
        "tariff": None,
        "access_granted_at": None,
        "tariff_starts_on": None,
        "payment_reference": "p-1",
        "payment_amount": Decimal("12000.50"),
        "payment_currency": "RUB",
        "payment_reached_at": NOW,
        "first_contact_at": None,
    }
    return AcceptedClientRow.model_validate(plain | changes)


def entered(**changes: Any) -> PaymentRegisterRow:
    plain: dict[str, Any] = {"seq": 5, "round": 1, "entry": "entered", "at": NOW, "client_login": "r@c.example", "payment_reference": "p-1"}
    return PaymentRegisterRow.model_validate(plain | changes)


def incident(**changes: Any) -> IncidentRow:
    return IncidentRow.model_validate(
        {"seq": 6, "key": "payment/p-1", "what": "payment_too_small", "at": NOW, "text": "Платёж меньше тарифа"} | changes
    )


async def stored(engine: AsyncEngine, table: Table) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(select(table))).mappings()]


EVERY = (obligation(), breach(), notice(), accepted(), entered(), incident())


async def test_every_register_holds_what_it_was_given(registers: Registers, engine: AsyncEngine) -> None:
    assert await attempt(registers.record, batch(*EVERY)) == 6
    for row in EVERY:
        [found] = await stored(engine, tables.metadata.tables[row.table])
        for name, value in row.model_dump(exclude={"table"}).items():
            assert found[name] == value
        case = {"case_uid": "uid", "address": "handoff/4711", "case_kind": "handoff", "edition": "2026-01", "decided_at": NOW}
        assert case.items() <= found.items()
    [client] = await stored(engine, tables.accepted_clients)
    assert str(client["payment_amount"]) == "12000.50"


async def test_a_batch_that_comes_again_changes_nothing(registers: Registers, engine: AsyncEngine) -> None:
    await attempt(registers.record, batch(*EVERY))
    before = [await stored(engine, tables.metadata.tables[row.table]) for row in EVERY]
    assert await attempt(registers.record, batch(*EVERY)) == 0
    assert [await stored(engine, tables.metadata.tables[row.table]) for row in EVERY] == before


async def test_five_attempts_at_once_write_each_row_once(registers: Registers) -> None:
    written = await asyncio.gather(*(attempt(registers.record, batch(*EVERY)) for _ in range(5)))
    assert sorted(written) == [0, 0, 0, 0, 6]


async def test_written_but_not_answered_is_written_once(engine: AsyncEngine, registers: Registers) -> None:
    """Executed, then timed out."""

    class Dying(RegisterWriter):
        async def write(self, *arguments: Any) -> int:
            await super().write(*arguments)
            raise KilledError

    with pytest.raises(KilledError):
        await attempt(Registers(Dying(engine)).record, batch(*EVERY))
    assert await attempt(registers.record, batch(*EVERY)) == 0
    assert len(await stored(engine, tables.breaches)) == 1


async def test_a_batch_is_written_whole_or_not_at_all(engine: AsyncEngine, registers: Registers, monkeypatch: pytest.MonkeyPatch) -> None:
    from runtime import registers as written

    write = written._write

    async def dying(connection: AsyncConnection, origin: Any, row: Any, recorded_at: datetime) -> int:
        if row.table == "incidents":
            raise KilledError
        return await write(connection, origin, row, recorded_at)

    monkeypatch.setattr(written, "_write", dying)
    with pytest.raises(KilledError):
        await attempt(registers.record, batch(*EVERY))
    monkeypatch.undo()
    assert await stored(engine, tables.obligations) == []
    assert await attempt(registers.record, batch(*EVERY)) == 6


async def test_an_older_row_never_covers_a_newer_one(registers: Registers, engine: AsyncEngine) -> None:
    await attempt(registers.record, batch(obligation(7, state="met", met_at=NOW), accepted(7, tariff="new")))
    assert await attempt(registers.record, batch(obligation(6, state="open"), accepted(6, tariff="old"))) == 0
    [row], [client] = await stored(engine, tables.obligations), await stored(engine, tables.accepted_clients)
    assert (row["state"], row["seq"], client["tariff"], client["seq"]) == ("met", 7, "new", 7)


async def test_a_newer_row_may_also_take_something_back(registers: Registers, engine: AsyncEngine) -> None:
    await attempt(registers.record, batch(obligation(1, breached_at=DUE)))
    await attempt(registers.record, batch(obligation(2, breached_at=None, due=None)))
    [row] = await stored(engine, tables.obligations)
    assert (row["breached_at"], row["due"]) == (None, None)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([1, 2, 3, 4, 5]), cut=st.integers(1, 4))
async def test_in_any_order_the_newest_stands(registers: Registers, engine: AsyncEngine, order: list[int], cut: int) -> None:
    async with engine.begin() as connection:
        await connection.execute(delete(tables.obligations))
    await attempt(registers.record, batch(*(obligation(seq, note=str(seq)) for seq in order[:cut])))
    await attempt(registers.record, batch(*(obligation(seq, note=str(seq)) for seq in order[cut:])))
    [row] = await stored(engine, tables.obligations)
    assert (row["seq"], row["note"]) == (5, "5")


async def test_in_the_other_registers_the_first_row_stands(registers: Registers, engine: AsyncEngine) -> None:
    await attempt(registers.record, batch(breach(note="first"), notice(text="first"), entered(), incident(text="first")))
    again = (breach(note="second", seq=9), notice(text="second", seq=9), entered(payment_reference="p-2", seq=9), incident(text="second"))
    assert await attempt(registers.record, batch(*again)) == 0
    [missed], [told] = await stored(engine, tables.breaches), await stored(engine, tables.notices)
    [payment], [looked_at] = await stored(engine, tables.payments_register), await stored(engine, tables.incidents)
    assert (missed["note"], told["text"], payment["payment_reference"], looked_at["text"]) == ("first", "first", "p-1", "first")


async def test_what_differs_in_its_key_is_another_row(registers: Registers, engine: AsyncEngine) -> None:
    rows = (
        breach(),
        breach(BreachEntry.MET_LATE, late_seconds=60),
        breach(BreachEntry.WITHDRAWN),
        breach(due=DUE + timedelta(days=1)),
        notice(),
        notice(kind="breach"),
        notice(recipient="other@company.example"),
        notice(due=DUE + timedelta(days=1)),
        notice(due=None),
        accepted(),
        accepted(entry="reversed"),
        accepted(round=2),
    )
    assert await attempt(registers.record, batch(*rows)) == len(rows)
    assert await attempt(registers.record, batch(*rows, case_uid="another")) == len(rows)


async def test_a_notice_without_a_due_instant_counts_once_too(registers: Registers, engine: AsyncEngine) -> None:
    await attempt(registers.record, batch(notice(due=None, kind="ended")))
    assert await attempt(registers.record, batch(notice(due=None, kind="ended"))) == 0


async def test_one_instant_in_two_zones_is_one_key(registers: Registers) -> None:
    elsewhere = datetime.fromisoformat("2026-03-05T12:00:00+03:00")
    assert elsewhere == DUE
    assert await attempt(registers.record, batch(breach(), notice())) == 2
    assert await attempt(registers.record, batch(breach(due=elsewhere), notice(due=elsewhere))) == 0


async def test_a_sent_notice_is_not_written_anew(registers: Registers, engine: AsyncEngine) -> None:
    await attempt(registers.record, batch(notice()))
    async with engine.begin() as connection:
        await connection.execute(tables.notices.update().values(sent_in="digest-1", sent_at=NOW))
    await attempt(registers.record, batch(notice(seq=9)))
    [row] = await stored(engine, tables.notices)
    assert (row["sent_in"], row["sent_at"]) == ("digest-1", NOW)


async def test_a_database_that_is_away_is_waited_for() -> None:
    away = open_database("postgresql://nobody@127.0.0.1:1/none")
    error = await failing(Registers(RegisterWriter(away)).record, batch(*EVERY))
    await away.dispose()
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
