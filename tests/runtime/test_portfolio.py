"""A manager's partners, deals and money, read from real registers and the ledger."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from regulations.partner.rows import DealRow, PartnerRow
from runtime.database import DatabaseUnavailableError, open_database
from runtime.portfolio import PortfolioReader
from tests.runtime.partner_book import NOW, Book


@pytest.fixture
def book(engine: AsyncEngine) -> Book:
    """On SQLite and on PostgreSQL."""
    return Book(engine)


@pytest.mark.clause("partner 8.1")
async def test_a_managers_partners_are_those_supported_now_with_what_their_accounts_have_missed(book: Book) -> None:
    await book.partner("u-1", number=1, contracts_sum=Decimal("100000.10"))
    await book.partner("u-2", number=2, active=False)
    await book.partner("u-3", number=3, manager="u13")
    for uid, clause, state in (("u-1", "4.2", "overdue"), ("u-1", "4.1", "overdue"), ("u-1", "2.1", "overdue"), ("u-3", "4.1", "open")):
        await book.overdue(uid, clause, state)
    found = await PortfolioReader(book.engine).of("u12")
    [row] = [PartnerRow.model_validate(columns) for columns in found.partners]
    assert (row.partner, row.contracts_sum) == ("p-1", Decimal("100000.10"))
    assert found.overdue == {"p-1": ["4.1", "4.2"]}
    assert (found.deals, found.allocated) == ([], [])
    nobody = await PortfolioReader(book.engine).of("u99")
    assert (nobody.partners, nobody.overdue, nobody.deals, nobody.allocated) == ([], {}, [], [])


@pytest.mark.clause("partner 8.2")
async def test_money_is_that_of_the_ledger_on_the_managers_own_deals(book: Book) -> None:
    await book.deal(1)
    await book.deal(2, what="renewal", manager="u13")
    earlier = NOW - timedelta(days=40)
    await book.payment("b-1", "20000.10", earlier)
    await book.payment("b-2", "30000.00")
    await book.allocate("b-1", "I-1", "20000.10", "partner/D-1/order")
    await book.allocate("b-2", "I-1", "10000.05", "partner/D-1/order")
    await book.allocate("b-2", "I-2", "19999.95", "partner/D-2/renewal")
    found = await PortfolioReader(book.engine).of("u12")
    assert [(d.uid, DealRow.model_validate(d.columns).total) for d in found.deals] == [("uid-1", Decimal("45000.00"))]
    assert [(a.deal, a.reference, a.amount, a.posted_at) for a in found.allocated] == [
        ("uid-1", "b-1", Decimal("20000.10"), earlier),
        ("uid-1", "b-2", Decimal("10000.05"), NOW),
    ]
    others = await PortfolioReader(book.engine).of("u13")
    assert [(a.deal, a.amount) for a in others.allocated] == [("uid-2", Decimal("19999.95"))]


@pytest.mark.clause("partner 8.2")
async def test_an_address_used_again_has_its_money_once(book: Book) -> None:
    """The order was withdrawn and begun again, on the invoice that a person had made before."""
    await book.deal(1, NOW - timedelta(days=9), uid="uid-old", closed_at=NOW - timedelta(days=5))
    await book.deal(1, NOW)
    await book.payment("b-1", "45000.00")
    await book.allocate("b-1", "I-1", "45000.00", "partner/D-1/order")
    found = await PortfolioReader(book.engine).of("u12")
    assert [(a.deal, a.amount) for a in found.allocated] == [("uid-1", Decimal("45000.00"))]


@pytest.mark.clause("partner 7.2")
async def test_payments_of_which_something_is_left_wait_for_finance(book: Book) -> None:
    await book.payment("b-3", "100.30", verdict="ambiguous", why=["two_fit"], candidates=["I-1", "I-2"])
    await book.payment("b-2", "300.10", NOW - timedelta(days=1), verdict="over")
    await book.payment("b-1", "5.00", verdict="exact")
    await book.payment("b-0", "7.00", verdict="wrong_purpose")
    await book.allocate("b-2", "I-1", "100.20", "partner/D-1/order")
    await book.refund("b-2", "100.20")
    await book.allocate("b-1", "I-1", "5.00", "partner/D-1/order")
    await book.refund("b-0", "7.00")
    found = await PortfolioReader(book.engine).undecided()
    assert [(one.reference, one.left, one.verdict, list(one.candidates)) for one in found] == [
        ("b-2", Decimal("99.70"), "over", []),
        ("b-3", Decimal("100.30"), "ambiguous", ["I-1", "I-2"]),
    ]


async def test_the_list_of_partners_by_manager(book: Book) -> None:
    await book.partner("u-1", number=2)
    await book.partner("u-2", number=1)
    await book.partner("u-3", number=3, manager="u13")
    await book.partner("u-4", number=4, active=False)
    reader = PortfolioReader(book.engine)
    assert [(one.manager, one.partner) for one in await reader.partners(None)] == [("u12", "p-1"), ("u12", "p-2"), ("u13", "p-3")]
    assert [one.partner for one in await reader.partners("u13")] == ["p-3"]


async def test_a_database_that_is_away_is_said_to_be() -> None:
    engine = open_database("sqlite:////no/such/folder/x.db")
    for call in (PortfolioReader(engine).of("u12"), PortfolioReader(engine).undecided(), PortfolioReader(engine).partners(None)):
        with pytest.raises(DatabaseUnavailableError):
            await call
    await engine.dispose()
