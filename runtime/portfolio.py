"""A support manager's partners, deals and money as the registers and the ledger of payments have them (partner 8.1, 8.2, 7.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, reading
from runtime.partner_tables import partner_allocations, partner_deals, partner_invoices, partner_payments, partner_refunds, partners
from runtime.register_reader import own_columns, rows_where
from runtime.tables import obligations

_OF_AN_ACCOUNT = ("4.1", "4.2")


@dataclass(frozen=True)
class RegisteredDeal:
    """A row of the register of deals by its register's own columns, and whose it is."""

    uid: str
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class Allocated:
    """Money of the ledger that was allocated to a deal."""

    deal: str
    """Uid of the deal's case."""
    invoice: str
    reference: str
    amount: Decimal
    posted_at: datetime


@dataclass(frozen=True)
class ManagerRows:
    """What the registers hold of one manager."""

    partners: Sequence[Mapping[str, Any]]
    """Rows of the register of partners by its own columns: those that are supported now."""
    overdue: Mapping[str, Sequence[str]]
    """Partner → clauses that its account owes and has missed: 4.1, 4.2."""
    deals: Sequence[RegisteredDeal]
    allocated: Sequence[Allocated]


@dataclass(frozen=True)
class PartnerLine:
    """A partner as lists show it; the names are those of the register's columns."""

    partner: str
    name: str
    manager: str
    last_contact_at: datetime | None
    next_activity_at: datetime | None
    noted_at: datetime | None


@dataclass(frozen=True)
class UndecidedPayment:
    """A payment of which something is neither allocated nor returned (7.2)."""

    reference: str
    posted_at: datetime
    amount: Decimal
    left: Decimal
    currency: str
    verdict: str
    why: Sequence[str]
    candidates: Sequence[str]


class PortfolioReader:
    """Reads the registers; waits for no writer. All methods raise DatabaseUnavailableError or DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = reading(engine)

    async def of(self, manager: str) -> ManagerRows:
        """All that a manager's pack and report are made of."""
        with database_errors():
            async with self._engine.connect() as connection:
                c = partners.c
                rows = await rows_where(connection, partners, and_(c.manager == manager, c.active), c.partner, c.decided_at)
                deals = await rows_where(connection, partner_deals, partner_deals.c.manager == manager, partner_deals.c.case_uid)
                return ManagerRows(
                    partners=[own_columns(row) for row in rows],
                    overdue=await _overdue(connection, manager),
                    deals=[RegisteredDeal(row["case_uid"], own_columns(row)) for row in deals],
                    allocated=await _allocated(connection, manager),
                )

    async def partners(self, manager: str | None) -> list[PartnerLine]:
        """The partners that are supported now, by manager and name; those of one manager, where one is named."""
        c = partners.c
        asked = select(*(c[name] for name in PartnerLine.__dataclass_fields__)).where(c.active)
        if manager is not None:
            asked = asked.where(c.manager == manager)
        with database_errors():
            async with self._engine.connect() as connection:
                found = await connection.execute(asked.order_by(c.manager, c.name, c.partner))
                return [PartnerLine(**row) for row in found.mappings()]

    async def undecided(self) -> list[UndecidedPayment]:
        """7.2: the payments of which finance has yet to allocate or return something, the oldest first."""
        p = partner_payments.c
        names = ("reference", "posted_at", "amount", "currency", "verdict", "why", "candidates")
        with database_errors():
            async with self._engine.connect() as connection:
                settled = await _settled(connection)
                found = await connection.execute(select(*(p[name] for name in names)).order_by(p.posted_at, p.reference))
                lines = [
                    UndecidedPayment(**row, left=row["amount"] - settled.get(row["reference"], Decimal(0))) for row in found.mappings()
                ]
        return [line for line in lines if line.left]


async def _overdue(connection: AsyncConnection, manager: str) -> dict[str, list[str]]:
    o, c = obligations.c, partners.c
    asked = select(c.partner, o.clause).distinct().join_from(partners, obligations, o.case_uid == c.case_uid)
    asked = asked.where(c.manager == manager, c.active, o.state == "overdue", o.clause.in_(_OF_AN_ACCOUNT))
    found: dict[str, list[str]] = {}
    for row in await connection.execute(asked.order_by(c.partner, o.clause)):
        found.setdefault(row.partner, []).append(row.clause)
    return found


async def _allocated(connection: AsyncConnection, manager: str) -> list[Allocated]:
    """The ledger knows the address of a deal and the number of its invoice: of several cases that had both, the newest has the money."""
    a, p, i = partner_allocations.c, partner_payments.c, partner_invoices.c
    newest = func.row_number().over(partition_by=(i.number, i.address), order_by=(i.issued_at.desc(), i.case_uid))
    owners = select(i.number, i.address, i.case_uid, newest.label("place")).subquery()
    asked = (
        select(owners.c.case_uid, a.invoice, a.reference, a.amount, p.posted_at)
        .join_from(partner_allocations, partner_payments, p.reference == a.reference)
        .join(owners, and_(owners.c.number == a.invoice, owners.c.address == a.address, owners.c.place == 1))
        .join(partner_deals, partner_deals.c.case_uid == owners.c.case_uid)
        .where(partner_deals.c.manager == manager)
        .order_by(p.posted_at, a.reference, a.key, a.invoice)
    )
    return [Allocated(*row) for row in await connection.execute(asked)]


async def _settled(connection: AsyncConnection) -> dict[str, Decimal]:
    """Payment → what of it is allocated or returned. Added here: SQLite would add as floats."""
    found: dict[str, Decimal] = {}
    for table in (partner_allocations, partner_refunds):
        for reference, amount in await connection.execute(select(table.c.reference, table.c.amount)):
            found[reference] = found.get(reference, Decimal(0)) + amount
    return found
