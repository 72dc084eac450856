"""Reading the billing database: the rows that may belong to a deal, unjudged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import DatabaseUnavailableError, database_errors
from runtime.tables import billing_access_grants, billing_invoices, billing_payments, billing_tariffs

# A deal has a handful of each; more means that a view is wrong, and nobody wants to read it whole.
_MOST_ROWS = 500


@dataclass(frozen=True)
class Invoice:
    """What the client was asked to pay."""

    number: str
    tariff: str
    amount: Decimal
    currency: str
    issued_on: date


@dataclass(frozen=True)
class PostedPayment:
    """A payment on the company's account; ``posted_at`` only where the bank says the time."""

    reference: str
    amount: Decimal
    currency: str
    posted_on: date
    posted_at: datetime | None


@dataclass(frozen=True)
class Grant:
    """A tariff opened for a login; ``deal`` only where billing knows it."""

    reference: str
    deal: str | None
    tariff: str
    granted_at: datetime
    starts_on: date | None


@dataclass(frozen=True)
class TariffPrice:
    """The price of a tariff as it is now."""

    code: str
    price: Decimal
    currency: str


@dataclass(frozen=True)
class BillingRows:
    """What was found, each oldest first. ``invoices`` are those of the deal, else those of the login without a deal."""

    invoices: Sequence[Invoice]
    payments: Sequence[PostedPayment]
    grants: Sequence[Grant]
    """Of the login, and those that name the deal; never one that names another deal."""
    prices: Sequence[TariffPrice]
    """Of the tariffs that the invoices and grants name."""


class BillingReader:
    """Reads billing; never writes."""

    def __init__(self, engine: AsyncEngine, timeout: timedelta = timedelta(seconds=10)) -> None:
        """``engine`` from ``runtime.database.open_billing``; ``timeout`` is for one look-up as a whole."""
        self._engine = engine
        self._timeout = timeout

    async def check(self) -> None:
        """Ask for a deal that nobody has. Raises DatabaseUnavailableError when a table or view is missing or not readable."""
        await self.rows("", "")

    async def rows(self, deal: str, login: str) -> BillingRows:
        """All rows that may belong to the deal. Raises DatabaseUnavailableError, also when there are more than can be true.

        Logins are e-mail addresses and compared without regard to case: an index on ``lower(login)`` helps.
        """
        with database_errors():
            async with asyncio.timeout(self._timeout.total_seconds()), self._engine.connect() as connection:
                invoices = await _invoices(connection, deal, login)
                payments = await _payments(connection, [invoice.number for invoice in invoices])
                grants = await _grants(connection, deal, login)
                codes = {invoice.tariff for invoice in invoices} | {grant.tariff for grant in grants}
                return BillingRows(invoices, payments, grants, await _prices(connection, sorted(codes)))


async def _found(connection: AsyncConnection, chosen: Select[*tuple[Any, ...]]) -> Sequence[Sequence[Any]]:
    rows: Sequence[Sequence[Any]] = (await connection.execute(chosen.limit(_MOST_ROWS + 1))).all()
    if len(rows) > _MOST_ROWS:  # never a part of the truth
        raise DatabaseUnavailableError(f"billing gives more than {_MOST_ROWS} rows for one deal")
    return rows


def _no_deal(column: ColumnElement[str]) -> ColumnElement[bool]:
    return or_(column.is_(None), column == "")


async def _invoices(connection: AsyncConnection, deal: str, login: str) -> list[Invoice]:
    invoices = billing_invoices.c
    of_login = (func.lower(invoices.login) == login.lower()) & _no_deal(invoices.deal)
    for belongs in (invoices.deal == deal, of_login):
        chosen = select(invoices.number, invoices.tariff_code, invoices.amount, invoices.currency, invoices.issued_on)
        chosen = chosen.where(belongs).order_by(invoices.issued_on, invoices.number)
        found = [Invoice(*row) for row in await _found(connection, chosen)]
        if found:
            return found
    return []


async def _payments(connection: AsyncConnection, numbers: Sequence[str]) -> list[PostedPayment]:
    payments = billing_payments.c
    chosen = select(payments.reference, payments.amount, payments.currency, payments.posted_on, payments.posted_at)
    chosen = chosen.where(payments.invoice_number.in_(numbers)).order_by(payments.posted_on, payments.reference)
    return [PostedPayment(*row) for row in await _found(connection, chosen)]


async def _grants(connection: AsyncConnection, deal: str, login: str) -> list[Grant]:
    grants = billing_access_grants.c
    of_login = (func.lower(grants.login) == login.lower()) & _no_deal(grants.deal)
    chosen = select(grants.reference, grants.deal, grants.tariff_code, grants.granted_at, grants.starts_on)
    chosen = chosen.where(or_(grants.deal == deal, of_login)).order_by(grants.granted_at, grants.reference)
    return [Grant(*row) for row in await _found(connection, chosen)]


async def _prices(connection: AsyncConnection, codes: Sequence[str]) -> list[TariffPrice]:
    tariffs = billing_tariffs.c
    chosen = select(tariffs.code, tariffs.price, tariffs.currency).where(tariffs.code.in_(codes)).order_by(tariffs.code)
    return [TariffPrice(*row) for row in await _found(connection, chosen)]
