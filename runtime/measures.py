"""The register of measures: one proposal held while it is settled, and the proposals read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.centres import Centre, centre_at
from runtime.database import database_errors, reading
from runtime.lead_tables import measures

Chosen = Literal["open", "proposed", "objected", "decided", "declined", "withdrawn", "lifted", "lapsed", "all"]
"""``open``: what waits for the sales support service: proposed, or objected to."""


@dataclass(frozen=True)
class Measure:
    """A proposal as it stands in the register. Instants are aware, UTC."""

    key: str
    clause: str
    centre: str
    product: str
    address: str
    case_uid: str
    allows: Sequence[str]
    evidence: str
    proposed_at: datetime
    state: str | None
    """None: proposed."""
    objected_at: datetime | None
    objection: str | None
    objection_ended_at: datetime | None
    taken: Sequence[str] | None
    moved_to: str | None
    fine: Decimal | None
    ruled_at: datetime | None
    ruled_by: str | None
    reason: str | None
    settled: Mapping[str, Any] | None
    """Key of a message → what was settled by it, and what it was answered; in the order of settling."""

    @property
    def suspended(self) -> bool:
        """Whether an objection is open (10.1)."""
        return self.objected_at is not None and self.objection_ended_at is None


class HeldMeasure:
    """One proposal, while the transaction lasts."""

    def __init__(self, connection: AsyncConnection, measure: Measure) -> None:
        self._connection = connection
        self.measure = measure

    async def centre(self, code: str) -> Centre | None:
        """A service centre as it stands in the register; None: nobody has defined it."""
        return await centre_at(self._connection, code)

    async def write(self, changes: Mapping[str, Any]) -> None:
        """Change columns of the proposal."""
        await self._connection.execute(update(measures).where(measures.c.key == self.measure.key).values(**changes))


class MeasureRegister:
    """Gives out one proposal at a time, and lists them."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine

    @asynccontextmanager
    async def held(self, key: str) -> AsyncIterator[HeldMeasure | None]:
        """A proposal by its key; None: there is none. Whoever asks for the same one meanwhile waits.

        All that is written is there at the end, or, after an exception, none of it. Raises DatabaseUnavailableError, DatabaseRefusedError.
        """
        with database_errors():
            async with self._engine.begin() as connection:  # SQLite's transactions wait for each other anyway
                found = await connection.execute(select(*_COLUMNS).where(measures.c.key == key).with_for_update())
                row = found.mappings().one_or_none()
                yield None if row is None else HeldMeasure(connection, Measure(**row))

    async def list(self, *, centre: str | None = None, chosen: Chosen = "open", limit: int = 1000) -> list[Measure]:
        """Proposals, the oldest first. Raises as `held`."""
        wanted = select(*_COLUMNS).where(*_chosen(chosen)).order_by(measures.c.proposed_at, measures.c.key).limit(limit)
        if centre is not None:
            wanted = wanted.where(measures.c.centre == centre)
        with database_errors():
            async with reading(self._engine).connect() as connection:
                return [Measure(**row) for row in (await connection.execute(wanted)).mappings()]


def _chosen(chosen: Chosen) -> list[ColumnElement[bool]]:
    c = measures.c
    suspended = c.objected_at.is_not(None) & c.objection_ended_at.is_(None)
    match chosen:
        case "all":
            return []
        case "open":
            return [c.state.is_(None) | suspended]
        case "objected":
            return [suspended]
        case "proposed":
            return [c.state.is_(None)]
        case _:
            return [c.state == chosen]


_COLUMNS = [measures.c[name] for name in Measure.__dataclass_fields__]
