"""What billing says of the clients and invoices of leads, read; and the register of the invoices that closed a lead."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import database_errors, insert
from runtime.lead_tables import billing_product_invoices, billing_usage, lead_invoices


@dataclass(frozen=True)
class Usage:
    """What a client has had of a product. Instants are aware, UTC."""

    last_used_at: datetime | None
    paid_until: datetime | None
    invoice_until: datetime | None


@dataclass(frozen=True)
class ProductInvoice:
    """An invoice for a product; ``paid_at`` once it is paid."""

    client: str
    inn: str | None
    product: str
    amount: Decimal
    currency: str
    paid_at: datetime | None


class LeadBilling:
    """Reads billing; never writes. A company without leads need not have what it reads."""

    def __init__(self, engine: AsyncEngine, timeout: timedelta = timedelta(seconds=10)) -> None:
        """``engine`` from ``runtime.database.open_billing``; ``timeout`` is for one look-up."""
        self._engine = engine
        self._timeout = timeout

    async def check(self) -> None:
        """Ask for what nobody has. Raises DatabaseUnavailableError when a table or view is missing or not readable."""
        await self.usage("", None, "")
        await self.invoice("")

    async def usage(self, client: str | None, inn: str | None, product: str) -> Usage:
        """Of the client with this number, else of all that have this INN together: the latest of each. Raises as the databases do."""
        columns = billing_usage.c
        whose = columns.client == client if client is not None else columns.inn == inn
        latest = select(func.max(columns.last_used_at), func.max(columns.paid_until), func.max(columns.invoice_until))
        with database_errors():
            async with asyncio.timeout(self._timeout.total_seconds()), self._engine.connect() as connection:
                return Usage(*(await connection.execute(latest.where(whose, columns.product == product))).one())

    async def invoice(self, number: str) -> ProductInvoice | None:
        """None: billing has no such invoice. Raises as `usage`."""
        columns = billing_product_invoices.c
        chosen = select(columns.client, columns.inn, columns.product, columns.amount, columns.currency, columns.paid_at)
        with database_errors():
            async with asyncio.timeout(self._timeout.total_seconds()), self._engine.connect() as connection:
                row = (await connection.execute(chosen.where(columns.number == number))).one_or_none()
                return None if row is None else ProductInvoice(*row)


class LeadInvoices:
    """The register of linked invoices: one closes one lead."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine

    async def link(self, invoice: str, *, case_uid: str, address: str, at: datetime) -> bool:
        """Link it, unless another lead has it; whether it is this lead's. Raises DatabaseUnavailableError, DatabaseRefusedError."""
        with database_errors():
            async with self._engine.begin() as connection:
                row = insert(connection, lead_invoices).values(invoice=invoice, case_uid=case_uid, address=address, linked_at=at)
                await connection.execute(row.on_conflict_do_nothing())
                held = select(lead_invoices.c.case_uid).where(lead_invoices.c.invoice == invoice)
                holder: str = (await connection.execute(held)).scalar_one()
                return holder == case_uid
