"""What is read of the registers of replacements, on each kind of database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.registers import Origin, RegisterRow, RegisterWriter
from runtime.replacements import ReplacementRegister

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)


async def write(engine: AsyncEngine, case_uid: str, table: str, **columns: Any) -> None:
    address = f"replacement/A-7/2026-07/{case_uid}"
    origin = Origin(case_uid=case_uid, address=address, case_kind="replacement", edition="replacement-1", decided_at=NOW)
    common = {"seq": 1, "account": "A-7", "period": "2026-07", **columns}
    assert await RegisterWriter(engine).write(origin, [RegisterRow(table, common)]) == 1


async def credit(engine: AsyncEngine, case_uid: str, entry: str, number: int, **columns: Any) -> None:
    plain = {"entry": entry, "of_period": "2026-07", "identifications": number, "reference": f"r-{case_uid}", "at": NOW}
    await write(engine, case_uid, "credits", **plain | columns)


async def request(engine: AsyncEngine, case_uid: str, n: int, stage: str, **columns: Any) -> None:
    plain = {"n": n, "stage": stage, "requested_at": NOW, "capped": False, "clauses": []}
    await write(engine, case_uid, "replacements", **plain | columns)


@pytest.mark.clause("replacement 6.2")
async def test_replaced_is_what_all_requests_of_a_period_were_credited(engine: AsyncEngine) -> None:
    register = ReplacementRegister(engine)
    assert await register.replaced("A-7", "2026-07") == 0
    await credit(engine, "u1", "replacement", 20)
    await credit(engine, "u2", "replacement", 5)
    await credit(engine, "u2", "tariff", 1000, period="2026-08", of_period="2026-08")
    await credit(engine, "u3", "top_up", 300)
    await credit(engine, "u4", "replacement", 7, of_period="2026-06")
    await credit(engine, "u5", "replacement", 9, account="A-8")
    assert await register.replaced("A-7", "2026-07") == 25


@pytest.mark.clause("replacement 6.3")
async def test_a_tariff_is_credited_when_a_request_has_credited_it(engine: AsyncEngine) -> None:
    register = ReplacementRegister(engine)
    await credit(engine, "u1", "replacement", 20, period="2026-08")
    await credit(engine, "u2", "tariff", 1000, period="2026-08", account="A-8")
    assert not await register.tariff_credited("A-7", "2026-08")
    await credit(engine, "u3", "tariff", 1000, period="2026-08", of_period="2026-08")
    assert await register.tariff_credited("A-7", "2026-08")


async def test_each_number_stands_with_the_stage_of_its_newest_case(engine: AsyncEngine) -> None:
    register = ReplacementRegister(engine)
    assert await register.numbers("A-7", "2026-07") == {}
    await request(engine, "u9", 1, "refused", requested_at=NOW - timedelta(days=1))
    await request(engine, "u1", 1, "crediting")
    await request(engine, "u3", 1, "withdrawn", requested_at=NOW - timedelta(days=2))
    await request(engine, "u4", 2, "checking")
    await request(engine, "u5", 0, "not_due")
    await request(engine, "u6", 3, "credited", period="2026-08")
    await request(engine, "u7", 4, "credited", account="A-8")
    assert await register.numbers("A-7", "2026-07") == {0: "not_due", 1: "crediting", 2: "checking"}
    await request(engine, "u1", 1, "credited", seq=2)
    assert (await register.numbers("A-7", "2026-07"))[1] == "credited"
