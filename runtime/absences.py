"""The register of absences: who of the company's people is absent, from which day to which, and who stands in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, reading
from runtime.onboarding_tables import absences

# Held by whoever changes the register, so that two absences that exclude each other are never entered at once. Any constant of our own.
_REGISTER_LOCK = 7_204_511_966


@dataclass(frozen=True)
class AbsenceLine:
    """An absence as it is kept; both days are included, the persons are ids of the company's file."""

    person: str
    first: date
    last: date
    deputy: str


class OpenAbsences:
    """The register within one transaction, changed by nobody else meanwhile."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def since(self, day: date) -> list[AbsenceLine]:
        """The absences that end on a day or later, by person and first day."""
        return _lines((await self._connection.execute(_since(day))).all())

    async def entered_at(self, line: AbsenceLine) -> datetime | None:
        """When exactly this absence was entered, UTC; None: it is not there."""
        c = absences.c
        asked = select(c.entered_at).where(c.person == line.person, c.first_day == line.first, c.last_day == line.last)
        found: datetime | None = (await self._connection.execute(asked.where(c.deputy == line.deputy))).scalar_one_or_none()
        return found

    async def enter(self, line: AbsenceLine, at: datetime) -> None:
        """Add an absence."""
        row = {"person": line.person, "first_day": line.first, "last_day": line.last, "deputy": line.deputy, "entered_at": at}
        await self._connection.execute(absences.insert().values(row))

    async def cancel(self, person: str, first: date, last: date) -> bool:
        """Remove an absence; False: there is none from that day to that day."""
        c = absences.c
        mine = delete(absences).where(c.person == person, c.first_day == first, c.last_day == last)
        return (await self._connection.execute(mine)).rowcount > 0


class AbsenceRegister:
    """Reads the register, and gives it out to one who changes it at a time. Raises DatabaseUnavailableError, DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine, self._reading = engine, reading(engine)

    async def since(self, day: date) -> list[AbsenceLine]:
        """As `OpenAbsences.since`."""
        with database_errors():
            async with self._reading.connect() as connection:
                return _lines((await connection.execute(_since(day))).all())

    @asynccontextmanager
    async def open(self) -> AsyncIterator[OpenAbsences]:
        """One transaction over the register; whoever asks for it meanwhile waits. After an exception nothing of it is written."""
        with database_errors():
            async with self._engine.begin() as connection:  # SQLite lets one writer in at a time anyway
                if connection.dialect.name == "postgresql":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _REGISTER_LOCK})
                yield OpenAbsences(connection)


def _since(day: date) -> Select[Any]:
    c = absences.c
    asked = select(c.person, c.first_day, c.last_day, c.deputy).where(c.last_day >= day)
    return asked.order_by(c.person, c.first_day)


def _lines(rows: Iterable[Row[Any]]) -> list[AbsenceLine]:
    return [AbsenceLine(row.person, row.first_day, row.last_day, row.deputy) for row in rows]
