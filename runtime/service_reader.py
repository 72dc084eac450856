"""A client manager's clients, what it did for them, and the visits that it has planned, as the registers have them (onboarding 4.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, reading
from runtime.onboarding_tables import planned_visits, service_clients, service_records
from runtime.register_reader import own_columns, rows_where


@dataclass(frozen=True)
class RecordedWork:
    """A row of the register of what was done by its register's own columns, and when its case wrote it down."""

    learnt_at: datetime
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class ServiceRows:
    """What the registers hold of one manager."""

    clients: Sequence[Mapping[str, Any]]
    """Rows of the register of clients by its own columns: those that it serves now."""
    names: Mapping[str, str]
    """Id of every client that its visits name and a service plan knows → the client's name."""
    done: Sequence[RecordedWork]
    visits: Sequence[Mapping[str, Any]]
    """Rows of the register of planned visits by its own columns, cancelled ones too."""


@dataclass(frozen=True)
class ServedClient:
    """A client as lists show it; the names are those of the register's columns."""

    client: str
    name: str
    contract: str
    manager: str
    last_update_at: datetime | None
    next_update_due: datetime | None
    paid_at: datetime | None
    next_payment_due: datetime | None
    certified: int
    to_certify: int


class ServiceReader:
    """Reads the registers; waits for no writer. Raises DatabaseUnavailableError or DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = reading(engine)

    async def of(self, manager: str, since: datetime, until: datetime, learnt_after: datetime | None) -> ServiceRows:
        """All that a manager's papers are made of.

        Args:
            manager: Its id.
            since: The beginning of the first of their days.
            until: The end of the last one, which is none of them any more.
            learnt_after: Work that was done before these days counts too where it was written down later than this; None: it does not.
        """
        c, v, r = service_clients.c, planned_visits.c, service_records.c
        in_time = and_(r.at >= since, r.at < until)
        told = in_time if learnt_after is None else or_(in_time, and_(r.at < since, r.decided_at > learnt_after))
        with database_errors():
            async with self._engine.connect() as connection:
                clients = await rows_where(connection, service_clients, and_(c.manager == manager, c.active), c.client, c.decided_at)
                visits = await rows_where(
                    connection, planned_visits, and_(v.manager == manager, v.at >= since, v.at < until), v.at, v.visit
                )
                made = and_(r.what == "visit", r.id.in_(sorted({row["visit"] for row in visits})))
                done = await rows_where(connection, service_records, or_(and_(r.manager == manager, told), made), r.at, r.what, r.id)
                return ServiceRows(
                    clients=[own_columns(row) for row in clients],
                    names=await _names(connection, sorted({row["client"] for row in visits})),
                    done=[RecordedWork(row["decided_at"], own_columns(row)) for row in done],
                    visits=[own_columns(row) for row in visits],
                )

    async def served(self, manager: str | None) -> list[ServedClient]:
        """The clients that are served now, by client; those of one manager, where one is named."""
        c = service_clients.c
        asked = select(*(c[name] for name in ServedClient.__dataclass_fields__)).where(c.active)
        if manager is not None:
            asked = asked.where(c.manager == manager)
        with database_errors():
            async with self._engine.connect() as connection:
                found = await connection.execute(asked.order_by(c.client, c.decided_at))
                return [ServedClient(**row) for row in found.mappings()]


async def _names(connection: AsyncConnection, clients: list[str]) -> dict[str, str]:
    """Of several service plans of a client the newest says its name."""
    c = service_clients.c
    asked = select(c.client, c.name).where(c.client.in_(clients)).order_by(c.decided_at)
    return {row.client: row.name for row in await connection.execute(asked)}
