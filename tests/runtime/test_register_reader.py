"""Reading the registers: which case an address stands for, and its rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record import Registers
from regulations.record_batch import AnyRow, RecordBatch
from regulations.replacement.rows import ReplacementRow, WatchRow
from regulations.rows import BreachRow, IncidentRow, ObligationRow
from runtime.database import DatabaseUnavailableError, open_database
from runtime.register_reader import RegisteredCase, RegisterReader
from runtime.registers import RegisterWriter
from tests.activities.attempts import attempt

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def obligation(key: str, seq: int, started_at: datetime = NOW, **changes: Any) -> ObligationRow:
    clause, _, _ = key.partition("/")
    plain: dict[str, Any] = {"term": None, "state": "open", "owner": "cc", "escalation": "cc_head", "duty": f"handoff {clause}"}
    return ObligationRow.model_validate({"seq": seq, "key": key, "clause": clause, "started_at": started_at, **plain, **changes})


def breach(key: str, seq: int, entry: str = "recorded") -> BreachRow:
    clause, _, _ = key.partition("/")
    return BreachRow.model_validate({"seq": seq, "key": key, "clause": clause, "owner": "cc", "due": NOW, "entry": entry, "at": NOW})


async def write(engine: AsyncEngine, uid: str, now: datetime, *rows: AnyRow, address: str = "handoff/D-1") -> None:
    batch = RecordBatch(case_uid=uid, address=address, kind="handoff", edition="handoff-1", now=now, rows=rows)
    await attempt(Registers(RegisterWriter(engine)).record, batch)


async def test_the_newest_case_of_an_address(engine: AsyncEngine) -> None:
    reader = RegisterReader(engine)
    assert await reader.case_at("handoff/D-1") is None
    await write(engine, "first", NOW, obligation("2.1.1", 1))
    await write(engine, "second", NOW + DAY, obligation("2.1.1", 1))
    await write(engine, "another", NOW + 2 * DAY, obligation("2.1.1", 1), address="handoff/D-10")
    second = RegisteredCase("second", "handoff/D-1", "handoff", "handoff-1", NOW + DAY)
    assert await reader.case_at("handoff/D-1") == second
    assert await reader.case_at("handoff/D-1", until=NOW + DAY) == second
    before = await reader.case_at("handoff/D-1", until=NOW + DAY - timedelta(seconds=1))
    assert before is not None
    assert before.case_uid == "first"
    assert await reader.case_at("handoff/D-1", until=NOW - DAY) is None
    assert await reader.case_at("handoff/D") is None


async def test_a_case_that_owed_nothing_yet_is_known_by_what_it_told(engine: AsyncEngine) -> None:
    await write(engine, "brief", NOW, IncidentRow(seq=1, key="k", what="role_without_address", at=NOW, text="cc"))
    found = await RegisterReader(engine).case_at("handoff/D-1")
    assert found is not None
    assert found.case_uid == "brief"


async def test_a_case_that_neither_owed_nor_told_anything_is_known_by_its_own_row(engine: AsyncEngine) -> None:
    """A replacement refused at once, a watch over a tariff: also long after Temporal has forgotten them."""
    asked = {"account": "a-1", "period": "2026-10", "n": 1, "stage": "refused", "asked": 40, "requested_at": NOW}
    watched = {
        "account": "a-1",
        "period": "2026-10",
        "zone": "Europe/Moscow",
        "manager": "m@x.org",
        "identifications": 100,
        "running": True,
    }
    replacement, watch = ReplacementRow.model_validate({"seq": 1, **asked}), WatchRow.model_validate({"seq": 1, **watched})
    for row, address in ((replacement, "replacement/a-1/2026-10/1"), (watch, "lead-watch/a-1/2026-10")):
        await write(engine, f"uid of {address}", NOW, row, address=address)
        found = await RegisterReader(engine).case_at(address)
        assert found is not None
        assert found.case_uid == f"uid of {address}"
    assert await RegisterReader(engine).case_at("replacement/a-1/2026-10/2") is None


async def test_obligations_come_newest_round_first_and_as_they_were_written(engine: AsyncEngine) -> None:
    first = obligation("2.2.4/1", 2, due=NOW + DAY, met_at=NOW, state="met", provisional=True, note="n")
    second, other = obligation("2.2.4/2", 9, NOW + DAY), obligation("2.2.5/1", 3)
    await write(engine, "uid", NOW, first, second, other)
    reader = RegisterReader(engine)
    found = [ObligationRow.model_validate(row) for row in await reader.obligations("uid", "2.2.4")]
    assert found == [second, first]
    assert {row["key"] for row in await reader.obligations("uid")} == {"2.2.4/1", "2.2.4/2", "2.2.5/1"}
    assert await reader.obligations("nobody") == []


async def test_breaches_come_in_the_order_in_which_they_were_written(engine: AsyncEngine) -> None:
    rows = [breach("2.2.4/1", 5), breach("2.2.4/1", 8, "withdrawn"), breach("2.1.3", 6)]
    await write(engine, "uid", NOW, *rows)
    reader = RegisterReader(engine)
    assert [BreachRow.model_validate(row) for row in await reader.breaches("uid", "2.2.4")] == rows[:2]
    assert [row["seq"] for row in await reader.breaches("uid")] == [5, 6, 8]


async def test_a_database_that_is_away_is_unavailable() -> None:
    engine = open_database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailableError):
        await RegisterReader(engine).case_at("handoff/D-1")
    await engine.dispose()
