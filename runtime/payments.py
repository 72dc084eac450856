"""The ledger of payments: what came, what of it pays which invoice, what was returned; read and written by one step at a time.

Allocations + refunds + what is left = what came, in every transaction. Rows are only ever added.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, database_now
from runtime.partner_tables import partner_allocations, partner_invoices, partner_payments, partner_refunds

# Held by whoever writes the ledger, so that two payments at once never take what is open on one invoice twice. Any constant of our own.
_LEDGER_LOCK = 7_204_511_965
_AT_ONCE = 500
"""Values of one statement."""


@dataclass(frozen=True)
class LedgerInvoice:
    """An invoice of the register, with what the ledger says is paid on it."""

    number: str
    address: str
    """Its case."""
    deal: str
    payer_inn: str
    total: Decimal
    currency: str
    contract_number: str
    contract_date: date
    places: Sequence[Sequence[str]]
    """Appendix and number of each service."""
    city: str | None
    state: str
    issued_at: datetime
    paid: Decimal = Decimal(0)


@dataclass(frozen=True)
class LedgerPayment:
    """A payment that came, and what the rules said of it. Instants are aware, UTC."""

    reference: str
    case_uid: str
    amount: Decimal
    currency: str
    purpose: str
    payer_inn: str | None
    payer_name: str | None
    method: str
    posted_at: datetime
    verdict: str
    why: Sequence[str]
    candidates: Sequence[str]


@dataclass(frozen=True)
class LedgerAllocation:
    """A part of a payment that pays an invoice, by the step that made it."""

    reference: str
    key: str
    invoice: str
    address: str
    deal: str
    amount: Decimal
    paid: Decimal
    """On the invoice in all, after it."""


@dataclass(frozen=True)
class LedgerRefund:
    """A part of a payment that was returned."""

    reference: str
    refund: str
    amount: Decimal
    returned_at: datetime
    by: str


class OpenLedger:
    """The ledger within one transaction, held by nobody else meanwhile."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def payment(self, reference: str) -> LedgerPayment | None:
        """A payment by its reference; None: it has not been entered."""
        columns = [c for c in partner_payments.c if c.name != "recorded_at"]
        found = await self._connection.execute(select(*columns).where(partner_payments.c.reference == reference))
        row = found.mappings().one_or_none()
        return None if row is None else LedgerPayment(**row)

    async def allocations(self, reference: str) -> list[LedgerAllocation]:
        """What of a payment pays invoices, by step and invoice."""
        c = partner_allocations.c
        columns = [column for column in c if column.name != "recorded_at"]
        asked = select(*columns).where(c.reference == reference).order_by(c.recorded_at, c.key, c.invoice)
        return [LedgerAllocation(**row) for row in (await self._connection.execute(asked)).mappings()]

    async def refunds(self, reference: str) -> list[LedgerRefund]:
        """What of a payment was returned."""
        c = partner_refunds.c
        columns = [column for column in c if column.name != "recorded_at"]
        asked = select(*columns).where(c.reference == reference).order_by(c.recorded_at, c.refund)
        return [LedgerRefund(**row) for row in (await self._connection.execute(asked)).mappings()]

    async def numbers(self) -> list[tuple[str, str]]:
        """Number and payer's INN of every invoice: light enough to choose among all of them."""
        c = partner_invoices.c
        return [(row.number, row.payer_inn) for row in await self._connection.execute(select(c.number, c.payer_inn))]

    async def invoices(self, numbers: Sequence[str]) -> list[LedgerInvoice]:
        """The invoices with these numbers, as they stand now; of a number in one case the newest row."""
        c = partner_invoices.c
        names = [name for name in LedgerInvoice.__dataclass_fields__ if name != "paid"]
        newest: dict[tuple[str, str], LedgerInvoice] = {}
        for some in _pages(numbers):
            paid = await self._paid(some)
            asked = select(*(c[name] for name in names)).where(c.number.in_(some)).order_by(c.issued_at, c.seq)
            for row in (await self._connection.execute(asked)).mappings():
                one = (row["number"], row["address"])
                newest[one] = LedgerInvoice(**row, paid=paid.get(one, Decimal(0)))
        return [newest[one] for one in sorted(newest)]

    async def _paid(self, numbers: Sequence[str]) -> dict[tuple[str, str], Decimal]:
        """Summed here: SQLite would add amounts up as floating-point numbers."""
        c = partner_allocations.c
        paid: dict[tuple[str, str], Decimal] = {}
        for row in await self._connection.execute(select(c.invoice, c.address, c.amount).where(c.invoice.in_(numbers))):
            one = (row.invoice, row.address)
            paid[one] = paid.get(one, Decimal(0)) + row.amount
        return paid

    async def enter(self, payment: LedgerPayment) -> None:
        """Add a payment."""
        await self._add(partner_payments, payment)

    async def allocate(self, reference: str, key: str, invoice: LedgerInvoice, amount: Decimal) -> LedgerAllocation:
        """Add what a step allocates to an invoice that was read in this transaction."""
        paid = invoice.paid + amount
        made = LedgerAllocation(reference, key, invoice.number, invoice.address, invoice.deal, amount, paid)
        await self._add(partner_allocations, made)
        return made

    async def refund(self, refund: LedgerRefund) -> None:
        """Add a return."""
        await self._add(partner_refunds, refund)

    async def _add(self, table: Table, row: LedgerPayment | LedgerAllocation | LedgerRefund) -> None:
        values = {**asdict(row), "recorded_at": await database_now(self._connection)}
        await self._connection.execute(table.insert().values(values))


class PaymentLedger:
    """Gives out the ledger to one step at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine

    @asynccontextmanager
    async def open(self) -> AsyncIterator[OpenLedger]:
        """One transaction over the ledger; whoever asks for it meanwhile waits. After an exception nothing of it is written.

        Raises DatabaseUnavailableError, DatabaseRefusedError.
        """
        with database_errors():
            async with self._engine.begin() as connection:  # SQLite lets one writer in at a time anyway
                if connection.dialect.name == "postgresql":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LEDGER_LOCK})
                yield OpenLedger(connection)


def _pages(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(numbers), _AT_ONCE):
        yield numbers[start : start + _AT_ONCE]
