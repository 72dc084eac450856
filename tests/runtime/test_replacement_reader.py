"""Replacements as people look at them, on both kinds of database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.registers import Origin, RegisterRow, RegisterWriter
from runtime.replacement_reader import ReplacementReader
from runtime.replacement_tables import verdicts

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADDRESS = "replacement/a-1/2026-10/1"


async def write(engine: AsyncEngine, uid: str, stage: str, *, day: int = 0, account: str = "a-1", credited: int | None = None) -> None:
    row = {"account": account, "period": "2026-10", "n": 1, "stage": stage, "asked": 40, "requested_at": NOW + timedelta(days=day)}
    rest = {"seq": 1, "accepted": credited, "credited": credited, "capped": False, "closed_at": None, "clauses": ["1"], "ruled_at": None}
    rows = [RegisterRow("replacements", row | rest)]
    if credited is not None:
        credit = {"entry": "replacement", "account": account, "period": "2026-10", "of_period": "2026-10", "reference": "c", "at": NOW}
        rows.append(RegisterRow("credits", {**credit, "identifications": credited, "seq": 2}))
    origin = Origin(uid, f"replacement/{account}/2026-10/1", "replacement", "replacement-1", NOW)
    await RegisterWriter(engine).write(origin, rows)


async def judge(engine: AsyncEngine, uid: str, *leads: tuple[str, str | None, bool]) -> None:
    async with engine.begin() as connection:
        for place, (verdict, decision, wrong) in enumerate(leads):
            row = {"case_uid": uid, "lead": f"l-{place}", "export": "0" * 64, "place": place, "verdict": verdict, "decision": decision}
            await connection.execute(insert(verdicts).values(**row, clauses=[], evidence="", wrong=wrong, remark=""))


async def test_the_newest_case_of_an_address_with_its_own_numbers(engine: AsyncEngine) -> None:
    reader = ReplacementReader(engine)
    assert await reader.at(ADDRESS) is None
    await write(engine, "u-1", "refused")
    await judge(engine, "u-1", ("reject", "reject", True))
    await write(engine, "u-2", "credited", day=1, credited=27)
    await judge(engine, "u-2", ("replace", "replace", False), ("listen", "reject", True), ("listen", None, False))
    found = await reader.at(ADDRESS)
    assert found is not None
    assert (found.line.case_uid, found.line.stage, found.line.clauses) == ("u-2", "credited", ["1"])
    assert (found.verdicts, found.decisions, found.wrong) == ({"listen": 2, "replace": 1}, {"reject": 1, "replace": 1}, 1)
    assert [(one.identifications, one.reference, one.at) for one in found.credits] == [(27, "c", NOW)]


async def test_pages_the_newest_first(engine: AsyncEngine) -> None:
    reader = ReplacementReader(engine)
    await write(engine, "u-1", "refused")
    await write(engine, "u-2", "checking", day=1)
    await write(engine, "u-3", "credited", day=2, account="a-2", credited=1)
    for account, only_open, limit, uids, total in (
        (None, False, 10, ["u-3", "u-2", "u-1"], 3),
        (None, False, 2, ["u-3", "u-2"], 3),
        ("a-1", False, 10, ["u-2", "u-1"], 2),
        ("a-1", True, 10, ["u-2"], 1),
        (None, True, 10, ["u-2"], 1),
        ("a-3", False, 10, [], 0),
    ):
        lines, counted = await reader.page(account=account, over=["refused", "credited"], only_open=only_open, limit=limit)
        assert ([line.case_uid for line in lines], counted) == (uids, total)
