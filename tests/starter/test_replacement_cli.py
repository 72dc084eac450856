"""`reglament replacement` over the registers alone: what is shown and listed, and how wrong use is answered."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner, Result

from activities import audit
from runtime.database import open_database
from runtime.registers import Origin, RegisterRow, RegisterWriter
from runtime.replacement_tables import verdicts
from starter.commands.replacement import app
from tests.databases import migrated

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FIRST, AGAIN, OTHER = "replacement/a-1/2026-10/1", "replacement/a-1/2026-10/2", "replacement/a-2/2026-10/1"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """One replacement that was refused and asked for again, one that is credited, one of another account that is open."""
    url = f"sqlite:///{tmp_path / 'reglament.db'}"
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", url)

    async def away(**_: object) -> None:
        raise RuntimeError("the Temporal server does not answer")

    monkeypatch.setattr("runtime.connection.connect", away)
    monkeypatch.setenv("COLUMNS", "220")
    monkeypatch.chdir(tmp_path)
    asyncio.run(_fill(url))
    return url


async def _fill(url: str) -> None:
    await migrated(url)
    engine = open_database(url)
    writer = RegisterWriter(engine)
    await writer.write(_origin("u-0", FIRST), [_row(FIRST, "refused", 0, asked=40, clauses=["1", "2"])])
    await writer.write(_origin("u-1", FIRST), [_row(FIRST, "credited", 1, asked=40, accepted=30, credited=27, capped=True)])
    credit = {"seq": 9, "entry": "replacement", "account": "a-1", "period": "2026-10", "of_period": "2026-10"}
    await writer.write(_origin("u-1", FIRST), [RegisterRow("credits", credit | {"identifications": 27, "reference": "cr-1", "at": NOW})])
    await writer.write(_origin("u-2", OTHER), [_row(OTHER, "awaiting_decision", 2, asked=5)])
    await writer.write(_origin("u-3", AGAIN), [_row(AGAIN, "checking", 3)])
    leads = [("l-1", "replace", "replace", False), ("l-2", "listen", "reject", True), ("l-3", "reject", "reject", False)]
    async with engine.begin() as connection:
        for place, (lead, verdict, decision, wrong) in enumerate(leads):
            row = {"case_uid": "u-1", "lead": lead, "export": "0" * 64, "place": place, "verdict": verdict, "decision": decision}
            await connection.execute(insert(verdicts).values(**row, clauses=[], evidence="", wrong=wrong, remark="", decided_at=NOW))
        row = {"case_uid": "u-2", "lead": "l-9", "export": "0" * 64, "place": 0, "verdict": "listen"}
        await connection.execute(insert(verdicts).values(**row, clauses=[], evidence="", wrong=False, remark=""))
    await engine.dispose()


def _origin(uid: str, address: str) -> Origin:
    return Origin(uid, address, "replacement", "replacement-1", NOW)


def _row(address: str, stage: str, day: int, **more: Any) -> RegisterRow:
    _, account, period, n = address.split("/")
    at = NOW + timedelta(days=day)
    given = {"account": account, "period": period, "n": int(n), "stage": stage, "asked": None, "requested_at": at, "capped": False}
    return RegisterRow("replacements", {**given, "accepted": None, "credited": None, "closed_at": None, "clauses": [], "seq": 1, **more})


def replacement(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def shown(address: str) -> dict[str, Any]:
    said = replacement("show", address, "--json")
    assert said.exit_code == 0, said.output
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def test_the_newest_case_of_an_address_is_shown_with_its_numbers(database: str) -> None:
    found = shown(FIRST)
    assert (found["stage"], found["asked"], found["accepted"], found["credited"], found["capped"]) == ("credited", 40, 30, 27, True)
    assert (found["verdicts"], found["decisions"], found["wrong"]) == (
        {"listen": 1, "reject": 1, "replace": 1},
        {"reject": 2, "replace": 1},
        1,
    )
    assert [(one["entry"], one["identifications"], one["reference"]) for one in found["credits"]] == [("replacement", 27, "cr-1")]
    assert (shown(OTHER)["verdicts"], shown(OTHER)["decisions"]) == ({"listen": 1}, {})
    assert shown("a-1/2026-10/1") == found, "the kind of case may be left out"
    said = replacement("show", FIRST).stdout
    for words in ("credited", "asked 40, accepted 30, credited 27, limited by 6.2", "1 replace", "2 reject", "cr-1"):
        assert words in said


def test_lists_by_account_and_by_what_is_open_the_newest_first(database: str) -> None:
    def addresses(*options: str) -> list[str]:
        found = json.loads(replacement("list", "--json", *options).stdout)
        assert found["total"] >= len(found["replacements"])
        return [one["address"] for one in found["replacements"]]

    assert addresses() == [AGAIN, OTHER, FIRST, FIRST]
    assert addresses("--account", "a-1") == [AGAIN, FIRST, FIRST]
    assert addresses("--open") == [AGAIN, OTHER]
    assert addresses("--account", "a-2", "--open") == [OTHER]
    assert addresses("--account", "nobody") == []
    said = replacement("list", "--limit", "1").stdout
    assert "1 of 4" in said
    assert OTHER not in said
    assert "1, 2" in replacement("list").stdout, "the clauses of the refusal"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("show", "replacement/a-9/2026-10/1"), 1, "reglament replacement list"),
        (("show", "lead/c-1/bureau"), 2, "replacement/a-2071/2026-10/1"),
        (("show", "a-1"), 2, "no replacement"),
        (("export", FIRST, "no-such-file.csv", "--by", "u40"), 2, "no-such-file.csv"),
        (("export", FIRST, "reglament.db"), 2, "--by"),
        (("export", "a-1", "reglament.db", "--by", "u40"), 2, "no replacement"),
        (("decide", FIRST, "--by", "u51"), 2, "--accept-clear"),
        (("decide", FIRST, "reglament.db", "--accept-clear", "--by", "u51"), 2, "--accept-clear"),
        (("sheet", FIRST), 2, "--out"),
        (("list", "--limit", "0"), 2, "--limit"),
        (("sheet", FIRST, "--out", "sheet.xlsx"), 3, "TEMPORAL_ADDRESS"),
        (("outcome", FIRST, "--out", "list.xlsx"), 3, "TEMPORAL_ADDRESS"),
    ],
)
def test_wrong_use_and_what_is_away(database: str, arguments: tuple[str, ...], code: int, words: str) -> None:
    said = replacement(*arguments)
    assert (said.exit_code, said.stdout) == (code, "")
    assert words in said.stderr
    assert not Path("sheet.xlsx").exists()


def test_a_file_of_more_than_64_mb_is_not_taken(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert audit.LARGEST == 64 * 1024 * 1024
    monkeypatch.setattr(audit, "LARGEST", 1024)
    Path("export.csv").write_bytes(bytes(1025))
    said = replacement("export", FIRST, "export.csv", "--by", "u40")
    assert said.exit_code == 2
    assert "MB" in said.stderr


def test_a_database_that_is_away_is_code_3(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", f"sqlite:///{tmp_path / 'no' / 'x.db'}")
    Path("export.csv").write_text("record,lead\n")
    for arguments in (("show", FIRST), ("list",), ("export", FIRST, "export.csv", "--by", "u40")):
        said = replacement(*arguments)
        assert (said.exit_code, said.stdout) == (3, "")
        assert "reglament doctor" in said.stderr
