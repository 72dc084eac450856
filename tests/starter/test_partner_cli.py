"""`reglament partner` over the registers alone: reports, packs, partners, payments for finance, and how wrong use is answered."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from runtime.database import open_database
from starter.commands.partner import app
from tests.databases import migrated
from tests.runtime.partner_book import NOW, Book

COMPANY = """
name = "Моё дело"
[roles]
support_manager = "partners@company.example"
[people.u12]
name = "Ольга Сергеева"
email = "u12@company.example"
roles = ["support_manager"]
[calendars.company]
tz = "Europe/Moscow"
country = "RU"
hours = "10:00-19:00"
"""
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SHEETS = {"report": ["Отчёт менеджера"], "pack": ["Итоги", "Партнёры", "Списки", "Не готово", "Отчёт менеджера"]}


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """u12 has two partners, an order that is paid in part, and a payment that fits two invoices waits for finance; u13 has one partner."""
    url = f"sqlite:///{tmp_path / 'reglament.db'}"
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", url)
    company = tmp_path / "company.toml"
    company.write_text(COMPANY, "utf-8")
    monkeypatch.setenv("REGLAMENT_COMPANY", str(company))
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.chdir(tmp_path)
    asyncio.run(_fill(url))
    return url


async def _fill(url: str) -> None:
    await migrated(url)
    engine = open_database(url)
    book = Book(engine)
    await book.partner("u-1", number=1, outlook="sure", renewal_sum=Decimal("120000.50"), next_step="", next_activity_at=LONG_AGO)
    await book.partner("u-2", number=2, next_activity_at=None)
    await book.partner("u-3", number=3, manager="u13")
    await book.deal(1)
    await book.payment("b-1", "20000.00")
    await book.allocate("b-1", "I-1", "20000.00", "partner/D-1/order")
    await book.payment("b-2", "45000.10", verdict="ambiguous", why=["two_fit"], candidates=["I-1", "I-7"], payer_name="ООО «Тайна»")
    await engine.dispose()


def partner(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def answered(*arguments: str) -> Any:
    said = partner(*arguments, "--json")
    assert said.exit_code == 0, said.output
    return json.loads(said.stdout)


@pytest.mark.clause("partner 8.2")
def test_the_report_of_a_manager_by_month_and_kind(database: str) -> None:
    found = answered("report", "u12")
    assert found["totals"] == {"received": "20000.00", "expected": "25000.00", "potential": "120000.50"}
    first = found["sums"][0]
    assert (first["month"], first["kind"], first["amount"]) == ("2026-11", "received", "20000.00")
    said = partner("report", "u12").stdout
    assert "25\xa0000,00\xa0₽" in said
    assert "Получено" in said
    assert "no payments" in partner("report", "u13").stdout


@pytest.mark.clause("partner 8.1")
def test_the_pack_as_it_would_be_now(database: str) -> None:
    found = answered("pack", "u12")
    assert found["manager"] == "Ольга Сергеева"
    assert found["lists"]["sure"] == {"partners": ["p-1"], "sum": "120000.50"}
    assert [(one["partner"], one["activity"], one["missing"]) for one in found["partners"]] == [
        ("p-1", "past", ["next_step"]),
        ("p-2", "none", []),
    ]
    said = partner("pack", "u12").stdout
    assert "2 partners; something is missing for 1" in said
    assert "нет следующего шага" in said


@pytest.mark.parametrize("what", list(SHEETS))
def test_a_workbook_is_saved_into_a_folder_or_a_file_and_never_over_another(database: str, tmp_path: Path, what: str) -> None:
    written = Path(answered(what, "u12", "--save", str(tmp_path))["file"])
    assert load_workbook(written).sheetnames == SHEETS[what]
    again = partner(what, "u12", "--save", str(written))
    assert (again.exit_code, again.stdout) == (2, "")
    assert "--save" in again.stderr
    assert partner(what, "u12", "--save", str(tmp_path / "my.xlsx")).exit_code == 0
    assert partner(what, "u12", "--save", str(tmp_path / "no" / "my.xlsx")).exit_code == 2


@pytest.mark.clause("partner 7.2")
def test_what_finance_has_yet_to_decide_without_anybodys_name(database: str) -> None:
    [one] = answered("payments")
    assert one == {
        "reference": "b-2",
        "posted_at": NOW.isoformat(),
        "amount": "45000.10",
        "left": "45000.10",
        "currency": "RUB",
        "verdict": "ambiguous",
        "why": ["two_fit"],
        "candidates": ["I-1", "I-7"],
    }
    said = partner("payments").stdout
    assert "I-1, I-7" in said
    assert "Тайна" not in said


@pytest.mark.clause("partner 4.1")
def test_partners_with_their_last_contact_and_next_activity(database: str) -> None:
    assert [one["partner"] for one in answered("list")] == ["p-1", "p-2", "p-3"]
    assert [one["partner"] for one in answered("list", "--manager", "u13")] == ["p-3"]
    assert "overdue" in partner("list", "--manager", "u12").stdout
    assert "no such partners" in partner("list", "--manager", "u99").stdout


def test_wrong_use_and_what_is_away(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for arguments, code, words in (
        (("report", "u99"), 1, "reglament partner list"),
        (("pack", "u99"), 1, "reglament partner list"),
        (("report",), 2, "manager"),
    ):
        said = partner(*arguments)
        assert (said.exit_code, said.stdout) == (code, "")
        assert words in said.stderr
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", f"sqlite:///{tmp_path / 'no' / 'x.db'}")
    for arguments in (("report", "u12"), ("pack", "u12"), ("payments",), ("list",)):
        said = partner(*arguments)
        assert (said.exit_code, said.stdout) == (3, "")
        assert "reglament doctor" in said.stderr
