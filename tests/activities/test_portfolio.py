"""The activities of a manager's meetings: the next meeting, and the pack built from real registers (partner 8.1, 8.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from activities import errors
from activities.portfolio import Portfolio, heading_of, make
from regulations.company import Person
from regulations.partner.effects import MeetingQuestion, PackQuestion
from regulations.time.working_time import working_time
from runtime.database import open_database
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.partner_tables import partner_allocations, partner_deals, partner_invoices, partner_payments
from runtime.portfolio import PortfolioReader
from tests.activities.attempts import attempt, failing
from tests.databases import sqlite_in
from tests.regulations.course import OFFICE, at
from tests.runtime.partner_book import NOW, Book

PEOPLE = {"u12": Person("u12", "Ольга Сергеева", "u12@company.example", "company", ("support_manager",))}
CALENDARS = {"company": OFFICE}
QUESTION = PackQuestion(manager="u12", meeting=NOW + timedelta(hours=1), since=None, language="ru", calendar="company", now=NOW)
WEEKLY = {"weekday": "mon", "at": "12:00", "every_weeks": 1, "first": None, "calendar": "company"}
NEXT = MeetingQuestion.model_validate({**WEEKLY, "since": at("2026-11-19 12:00"), "after": at("2026-11-19 12:00")})


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Book]:
    """Where what the databases do differently does not matter."""
    async with sqlite_in(tmp_path) as engine:
        yield Book(engine)


def portfolio(engine: AsyncEngine) -> tuple[Portfolio, FileStore]:
    files = FileStore(engine, KeyRing([]))
    return Portfolio(PortfolioReader(engine), files, CALENDARS, PEOPLE), files


@pytest.mark.clause("partner 8.1")
async def test_the_next_meeting_is_found_in_the_companys_calendar(plain: Book) -> None:
    made, _ = portfolio(plain.engine)
    answer = await attempt(made.next_meeting, NEXT)
    assert answer is not None
    assert answer.at == at("2026-11-23 12:00")
    assert await attempt(made.next_meeting, NEXT.model_copy(update={"weekday": "sun"})) is None


async def test_a_calendar_that_is_missing_or_ends_is_waited_for(plain: Book) -> None:
    made, _ = portfolio(plain.engine)
    missing = await failing(made.next_meeting, NEXT.model_copy(update={"calendar": "nowhere"}))
    ends = await failing(made.next_meeting, NEXT.model_copy(update={"after": at("2040-01-01 12:00")}))
    pack = await failing(made.build_pack, QUESTION.model_copy(update={"calendar": "nowhere"}))
    assert {(e.type, e.non_retryable) for e in (missing, ends, pack)} == {(errors.MISCONFIGURED, False)}


@pytest.mark.clause("partner 8.1")
async def test_a_pack_is_built_from_the_registers_and_kept_the_same_again(plain: Book) -> None:
    await plain.partner("u-1", number=1, outlook="sure", renewal_sum=Decimal("120000.50"), next_step="")
    await plain.partner("u-2", number=2)
    await plain.overdue("u-1", "4.2")
    await plain.deal(1)
    await plain.payment("b-1", "20000.00")
    await plain.allocate("b-1", "I-1", "20000.00", "partner/D-1/order")
    made, files = portfolio(plain.engine)
    pack = await attempt(made.build_pack, QUESTION)
    assert (pack.partners, pack.gaps, pack.file.name) == (2, 1, "Пакет к планёрке 2026-11-20.xlsx")
    assert pack.values["manager"] == "Ольга Сергеева"
    assert await attempt(made.build_pack, QUESTION) == pack
    content = await files.get(pack.file.sha256)
    assert content is not None
    said = [cell for sheet in load_workbook(BytesIO(content), data_only=True) for row in sheet.iter_rows(values_only=True) for cell in row]
    assert {120000.5, 20000, 25000, "4.2", "Менеджер: Ольга Сергеева"} <= set(said)


async def test_a_manager_whom_the_companys_file_does_not_know_goes_by_its_id(plain: Book) -> None:
    made, _ = portfolio(plain.engine)
    pack = await attempt(made.build_pack, QUESTION.model_copy(update={"manager": "u99"}))
    assert (pack.values["manager"], pack.partners, pack.gaps) == ("u99", 0, 0)


async def test_a_database_that_is_away_is_tried_again() -> None:
    engine = open_database("sqlite:////no/such/folder/x.db")
    made, _ = portfolio(engine)
    error = await failing(made.build_pack, QUESTION)
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
    await engine.dispose()


MONEY = st.decimals("0.01", "99999.99", places=2)


@pytest.mark.clause("partner 8.2")
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["u12", "u13"]), st.sampled_from(["order", "renewal"]), st.lists(MONEY, max_size=3)),
        max_size=5,
    )
)
async def test_the_reports_of_all_managers_add_up_with_the_ledger(plain: Book, deals: list[tuple[str, str, list[Decimal]]]) -> None:
    for table in (partner_allocations, partner_payments, partner_deals, partner_invoices):
        async with plain.engine.begin() as connection:
            await connection.execute(delete(table))
    ledger = Decimal(0)
    for number, (manager, what, amounts) in enumerate(deals):
        await plain.deal(number, manager=manager, what=what, total=Decimal("300000.00"))
        for place, amount in enumerate(amounts):
            reference = f"b-{number}-{place}"
            await plain.payment(reference, str(amount))
            await plain.allocate(reference, f"I-{number}", str(amount), f"partner/D-{number}/{what}")
            ledger += amount
    reader, local = PortfolioReader(plain.engine), working_time(OFFICE).local
    made = [make(await reader.of(manager), heading_of(manager, {}, "ru", local, NOW), None) for manager in ("u12", "u13")]
    assert sum((one.report.total("received") for one in made), Decimal(0)) == ledger
    assert sum((one.report.total("expected") for one in made), Decimal(0)) == Decimal("300000.00") * len(deals) - ledger


def test_people_are_named_as_the_company_names_them() -> None:
    local = working_time(OFFICE).local
    assert heading_of("u12", PEOPLE, "ru", local, NOW).manager == "Ольга Сергеева"
    assert heading_of("u12", {"u12": replace(PEOPLE["u12"], name="О. С.")}, "ru", local, NOW).manager == "О. С."
