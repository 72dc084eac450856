"""The register of service centres, read: who is told, where a centre's day begins, what is in force against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, reading
from runtime.lead_tables import centres


@dataclass(frozen=True)
class Centre:
    """A service centre as it stands in the register."""

    code: str
    name: str
    zone: str
    email: str
    head: str
    managers: Sequence[tuple[str, str, str]]
    """Id, name, e-mail."""
    products: Sequence[str]
    left_out: bool
    left_out_until: datetime | None
    disconnected: bool
    version: int


class CentreReader:
    """Reads the register of centres."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = reading(engine)

    async def centre(self, code: str) -> Centre | None:
        """One centre; None: nobody has defined it. Raises DatabaseUnavailableError, DatabaseRefusedError."""
        found = await self._read(select(*_COLUMNS).where(centres.c.code == code))
        return found[0] if found else None

    async def all(self, codes: Sequence[str] | None = None) -> list[Centre]:
        """All centres, or those of these codes, by code. Raises as `centre`."""
        chosen = select(*_COLUMNS).order_by(centres.c.code)
        return await self._read(chosen if codes is None else chosen.where(centres.c.code.in_(codes)))

    async def in_zone(self, zone: str) -> list[Centre]:
        """The centres of a zone, by code. Raises as `centre`."""
        return await self._read(select(*_COLUMNS).where(centres.c.zone == zone).order_by(centres.c.code))

    async def zones(self) -> list[str]:
        """The zones in which there are centres, sorted. Raises as `centre`."""
        with database_errors():
            async with self._engine.connect() as connection:
                return sorted((await connection.execute(select(centres.c.zone).distinct())).scalars())

    async def _read(self, chosen: Select[Any]) -> list[Centre]:
        with database_errors():
            async with self._engine.connect() as connection:
                return await _rows(connection, chosen)


async def centre_at(connection: AsyncConnection, code: str) -> Centre | None:
    """As `CentreReader.centre`, within the caller's transaction."""
    found = await _rows(connection, select(*_COLUMNS).where(centres.c.code == code))
    return found[0] if found else None


async def _rows(connection: AsyncConnection, chosen: Select[Any]) -> list[Centre]:
    rows = (await connection.execute(chosen)).mappings()
    return [Centre(**{**row, "managers": [tuple(m) for m in row["managers"]]}) for row in rows]


_COLUMNS = [centres.c[name] for name in Centre.__dataclass_fields__]
