"""The ledger of payments, on each kind of database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import DatabaseRefusedError, DatabaseUnavailableError, open_database
from runtime.payments import LedgerPayment, LedgerRefund, PaymentLedger
from tests.runtime.ledgers import FLOWER, NOW, issue, sums


@pytest.fixture
def ledger(engine: AsyncEngine) -> PaymentLedger:
    return PaymentLedger(engine)


def payment(reference: str = "P-1", amount: str = "100.10") -> LedgerPayment:
    return LedgerPayment(reference, "uid-1", Decimal(amount), "RUB", "сч. 117", FLOWER, None, "bank", NOW, "unknown", ["silent"], ["117"])


async def test_what_is_written_is_read_exactly(engine: AsyncEngine, ledger: PaymentLedger) -> None:
    await issue(engine, "117", "45000.10", places=[["2", "2.3"], ["3", "5"]], city="Казань")
    refund = LedgerRefund("P-1", "R-1", Decimal("0.05"), NOW, "f1")
    async with ledger.open() as book:
        assert await book.payment("P-1") is None
        await book.enter(payment())
        [one] = await book.invoices(["117", "118"])
        assert (one.total, one.paid, one.city, one.state, one.issued_at) == (Decimal("45000.10"), Decimal(0), "Казань", "open", NOW)
        assert (one.address, one.deal, [list(place) for place in one.places]) == (
            "partner/D-117/order",
            "D-117",
            [["2", "2.3"], ["3", "5"]],
        )
        made = await book.allocate("P-1", "match", one, Decimal("100.05"))
        assert made.paid == Decimal("100.05")
        await book.refund(refund)
    async with ledger.open() as book:
        assert await book.payment("P-1") == payment()
        assert await book.allocations("P-1") == [made]
        assert await book.refunds("P-1") == [refund]
        [one] = await book.invoices(["117"])
        assert one.paid == Decimal("100.05")
        assert (await book.allocate("P-1", "k2", one, Decimal("0.01"))).paid == Decimal("100.06")
        assert await book.numbers() == [("117", FLOWER)]
    assert await sums(engine) == (Decimal("100.10"), Decimal("100.06"), Decimal("0.05"))


async def test_paid_is_counted_by_number_and_case_and_the_newest_row_stands(engine: AsyncEngine, ledger: PaymentLedger) -> None:
    await issue(engine, "117", "10.00", deal="D-1", state="void", uid="first", issued_at=NOW - timedelta(days=1))
    await issue(engine, "117", "20.00", deal="D-1", uid="second")
    await issue(engine, "117", "30.00", deal="D-2")
    async with ledger.open() as book:
        await book.enter(payment())
        first, second = await book.invoices(["117"])
        assert (first.address, first.total, first.state) == ("partner/D-1/order", Decimal("20.00"), "open")
        await book.allocate("P-1", "match", second, Decimal("7.00"))
    async with ledger.open() as book:
        assert [(i.address, i.paid) for i in await book.invoices(["117"])] == [
            ("partner/D-1/order", Decimal(0)),
            ("partner/D-2/order", Decimal("7.00")),
        ]


async def test_more_invoices_than_one_statement_takes_are_all_read(engine: AsyncEngine, ledger: PaymentLedger) -> None:
    await issue(engine, "N-1100", "1.00")
    async with ledger.open() as book:
        assert [i.number for i in await book.invoices([f"N-{n}" for n in range(1200)])] == ["N-1100"]


async def enter(ledger: PaymentLedger, amount: str, *, fails: bool = False) -> None:
    async with ledger.open() as book:
        await book.enter(payment(amount=amount))
        if fails:
            raise RuntimeError


async def test_after_an_exception_nothing_is_written(engine: AsyncEngine, ledger: PaymentLedger) -> None:
    with pytest.raises(RuntimeError):
        await enter(ledger, "100.10", fails=True)
    assert await sums(engine) == (Decimal(0),) * 3
    await enter(ledger, "100.10")
    with pytest.raises(DatabaseRefusedError):
        await enter(ledger, "5.00")
    assert (await sums(engine))[0] == Decimal("100.10")


@pytest.fixture
async def another_process(database_url: str) -> AsyncIterator[PaymentLedger]:
    engine = open_database(database_url)
    yield PaymentLedger(engine)
    await engine.dispose()


async def test_whoever_has_it_open_is_waited_for(engine: AsyncEngine, ledger: PaymentLedger, another_process: PaymentLedger) -> None:
    await issue(engine, "117", "100.00")
    order: list[str] = []
    opened = asyncio.Event()

    async def first() -> None:
        async with ledger.open() as book:
            await book.enter(payment())
            [one] = await book.invoices(["117"])
            opened.set()
            await asyncio.sleep(0.2)
            await book.allocate("P-1", "match", one, one.total)
            order.append("first")

    async def second() -> None:
        await opened.wait()
        async with another_process.open() as book:
            [one] = await book.invoices(["117"])
            order.append("second")
            assert one.paid == Decimal("100.00")

    await asyncio.gather(first(), second())
    assert order == ["first", "second"]


async def test_a_database_that_is_away_is_said_to_be() -> None:
    engine = open_database("sqlite:////nowhere/at/all.sqlite")
    with pytest.raises(DatabaseUnavailableError):
        async with PaymentLedger(engine).open():
            pass
    await engine.dispose()
