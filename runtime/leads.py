"""The register of leads, read page by page: what waits at each service centre, what is new there, what was missed in a quarter.

A centre may hold tens of thousands of leads: nothing here reads them all; what is counted the database counts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, reading
from runtime.lead_tables import leads
from runtime.notices import NoticeBook, OpenBook

OPEN = ("new", "in_progress")
"""The statuses of a lead that is still worked on."""
_SOME = 500
"""Centres of one statement: databases bound the number of its values."""


@dataclass(frozen=True)
class LeadLine:
    """A lead as lists show it; the names are those of the register's columns."""

    address: str
    centre: str
    client_name: str
    product: str
    type: str
    temperature: str
    status: str
    manager: str | None
    due: datetime | None
    due_text: str
    planned_on: date | None
    breached: bool
    link: str | None


@dataclass
class Waiting:
    """What waits at a centre: numbers."""

    new: dict[str, int] = field(default_factory=dict)
    """Leads that nobody has taken into work, by temperature."""
    untold: int = 0
    """Warm and cold open leads of which no digest has told."""


class LeadReader:
    """Reads the register of leads; waits for no writer.

    Every method raises DatabaseUnavailableError, DatabaseRefusedError.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = reading(engine)

    async def waiting(self, codes: Sequence[str]) -> dict[str, Waiting]:
        """What waits at these centres; a centre where nothing does is left out."""
        found: dict[str, Waiting] = {}
        new = select(leads.c.centre, leads.c.temperature, func.count()).where(leads.c.status == "new")
        for centre, temperature, count in await self._counted(new, codes, leads.c.centre, leads.c.temperature):
            found.setdefault(centre, Waiting()).new[temperature] = count
        untold = select(leads.c.centre, func.count()).where(leads.c.status.in_(OPEN), leads.c.told_in.is_(None), _DIGESTED)
        for centre, count in await self._counted(untold, codes, leads.c.centre):
            found.setdefault(centre, Waiting()).untold = count
        return found

    async def breaches(self, codes: Sequence[str], since: datetime, until: datetime) -> dict[str, int]:
        """How often each of these centres missed 7.2 between two instants, the first included; the breaches that stand."""
        missed = select(leads.c.centre, func.count()).where(leads.c.breached, leads.c.due >= since, leads.c.due < until)
        return dict(await self._counted(missed, codes, leads.c.centre))

    async def page(
        self,
        *,
        centre: str | None = None,
        statuses: Sequence[str] = OPEN,
        temperature: str | None = None,
        overdue_at: datetime | None = None,
        limit: int,
    ) -> tuple[list[LeadLine], int]:
        """Leads, the soonest due first, at most ``limit``; and how many there are.

        Args:
            centre: Code; None: of every centre.
            statuses: Which ones.
            temperature: None: every one.
            overdue_at: Only new leads that were to be taken into work before this instant.
            limit: At most so many.
        """
        chosen: list[ColumnElement[bool]] = [leads.c.status.in_(statuses)]
        chosen += [leads.c.centre == centre] if centre is not None else []
        chosen += [leads.c.temperature == temperature] if temperature is not None else []
        chosen += [leads.c.status == "new", leads.c.due < overdue_at] if overdue_at is not None else []
        with database_errors():
            async with self._engine.connect() as connection:
                total = (await connection.execute(select(func.count()).select_from(leads).where(*chosen))).scalar_one()
                return await _lines(connection, and_(*chosen), limit), total

    async def _counted(self, counting: Any, codes: Sequence[str], *by: ColumnElement[Any]) -> list[Any]:
        found: list[Any] = []
        with database_errors():
            async with self._engine.connect() as connection:
                for start in range(0, len(codes), _SOME):
                    some = counting.where(leads.c.centre.in_(codes[start : start + _SOME])).group_by(*by)
                    found += (await connection.execute(some)).all()
        return found


class CentreLetters:
    """The letters to service centres and the leads that they tell of, changed together."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._book = NoticeBook(engine)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[OpenLeads]:
        """One transaction over both; rounds take turns. Raises DatabaseUnavailableError, DatabaseRefusedError."""
        async with self._book.open() as book:
            yield OpenLeads(book)


class OpenLeads:
    """The registers of leads and of letters within one transaction."""

    def __init__(self, book: OpenBook) -> None:
        self.book = book
        self._connection = book.connection

    async def tell(self, centre: str, key: str) -> dict[str, int]:
        """Notes that the letter of this key tells of all the centre's warm and cold open leads of which none has told; how many of each."""
        untold = (leads.c.told_in.is_(None), _DIGESTED, *_open_at(centre))
        await self._connection.execute(update(leads).where(*untold).values(told_in=key))
        told = (
            select(leads.c.temperature, func.count().label("leads"))
            .where(leads.c.told_in == key, *_open_at(centre))
            .group_by(leads.c.temperature)
        )
        return {row.temperature: row.leads for row in await self._connection.execute(told)}

    async def told(self, centre: str, key: str, limit: int) -> list[LeadLine]:
        """The leads of which the letter tells, the soonest due first."""
        return await _lines(self._connection, and_(leads.c.told_in == key, *_open_at(centre)), limit)

    async def untell(self, centre: str, key: str) -> None:
        """The letter never left us: another one is to tell of its leads."""
        await self._connection.execute(update(leads).where(leads.c.told_in == key, *_open_at(centre)).values(told_in=None))

    async def new(self, centre: str, temperature: str, limit: int) -> list[LeadLine]:
        """The leads of a temperature that nobody has taken into work, the soonest due first."""
        mine = and_(leads.c.centre == centre, leads.c.status == "new", leads.c.temperature == temperature)
        return await _lines(self._connection, mine, limit)


_DIGESTED = leads.c.temperature.in_(("warm", "cold"))


def _open_at(centre: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return leads.c.centre == centre, leads.c.status.in_(OPEN)


async def _lines(connection: AsyncConnection, chosen: ColumnElement[bool], limit: int) -> list[LeadLine]:
    asked = select(*(leads.c[name] for name in LeadLine.__dataclass_fields__)).where(chosen)
    asked = asked.order_by(leads.c.due.asc().nulls_last(), leads.c.address).limit(limit)
    return [LeadLine(**row) for row in (await connection.execute(asked)).mappings()]
