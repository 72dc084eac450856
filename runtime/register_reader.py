"""Reading the registers: which case an address stands for, and what is written of it long after it has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime import replacement_tables, tables
from runtime.database import database_errors

RegisterColumns = Mapping[str, Any]
"""One row by its register's own columns, ``seq`` among them: what `runtime.registers.RegisterRow` was written with. Instants are UTC."""

_OF_THE_CASE = frozenset({"case_uid", "address", "case_kind", "edition", "decided_at", "recorded_at"})
_NOT_OF_THE_ROW = frozenset({"due_key", "sent_in", "sent_at"})
"""What the writer and the rounds of notices add."""


@dataclass(frozen=True)
class RegisteredCase:
    """A case as the registers know it."""

    case_uid: str
    address: str
    case_kind: str
    edition: str
    decided_at: datetime
    """The case's time of its last decision that is written down."""


class RegisterReader:
    """Reads what `RegisterWriter` has written. All methods raise DatabaseUnavailableError or DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine

    async def case_at(self, address: str, *, until: datetime | None = None) -> RegisteredCase | None:
        """The newest case of the address, by its decisions; with ``until`` the newest that had decided anything by then. None: no case."""
        with database_errors():
            async with self._engine.connect() as connection:
                return await newest_case(connection, address, until)

    async def obligations(self, case_uid: str, clause: str | None = None) -> list[RegisterColumns]:
        """The obligations of a case, of one clause or all, the one begun last first."""
        chosen = [] if clause is None else [tables.obligations.c.clause == clause]
        found = await self._read(tables.obligations, case_uid, chosen)
        return sorted(found, key=lambda row: (row["started_at"], row["seq"]), reverse=True)

    async def breaches(self, case_uid: str, clause: str | None = None) -> list[RegisterColumns]:
        """The entries about missed terms of a case, of one clause or all, in the order in which they were written."""
        return await self._read(tables.breaches, case_uid, [] if clause is None else [tables.breaches.c.clause == clause])

    async def corrections(self, case_uid: str) -> list[RegisterColumns]:
        """The facts learnt after the case had ended, in the order in which they were learnt."""
        return await self._read(tables.corrections, case_uid)

    async def _read(self, table: Table, case_uid: str, chosen: Sequence[ColumnElement[bool]] = ()) -> list[RegisterColumns]:
        with database_errors():
            async with self._engine.connect() as connection:
                return await rows_of(connection, table, case_uid, chosen)


async def newest_case(connection: AsyncConnection, address: str, until: datetime | None = None) -> RegisteredCase | None:
    """As `RegisterReader.case_at`, within the caller's transaction."""
    # Nearly every case has obligations; one that ended before it owed anything has told somebody so, or left an incident, or its own row.
    for table in (tables.obligations, tables.notices, tables.incidents, replacement_tables.replacements, replacement_tables.watches):
        c = table.c
        # The inbox writes of addresses too: of events that no case took, which makes no case of them.
        of_a_case = (c.address == address) & (c.case_uid != "inbox")
        wanted = select(c.case_uid, c.address, c.case_kind, c.edition, c.decided_at).where(of_a_case)
        if until is not None:
            wanted = wanted.where(c.decided_at <= until)
        row = (await connection.execute(wanted.order_by(c.decided_at.desc(), c.case_uid).limit(1))).one_or_none()
        if row is not None:
            return RegisteredCase(*row)
    return None


async def rows_of(
    connection: AsyncConnection, table: Table, case_uid: str, chosen: Sequence[ColumnElement[bool]] = ()
) -> list[RegisterColumns]:
    """The rows of a case in one register, by ``seq``, within the caller's transaction."""
    own = [column for column in table.columns if column.name not in _OF_THE_CASE | _NOT_OF_THE_ROW]
    wanted = select(*own).where(table.c.case_uid == case_uid, *chosen).order_by(table.c.seq)
    return [dict(row) for row in (await connection.execute(wanted)).mappings()]


async def rows_where(
    connection: AsyncConnection, table: Table, chosen: ColumnElement[bool], *order: ColumnElement[Any]
) -> list[Mapping[Any, Any]]:
    """The rows of one register that are chosen, whatever their cases, by all their columns, within the caller's transaction."""
    return list((await connection.execute(select(table).where(chosen).order_by(*order))).mappings())


def own_columns(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row of a register without what it says of its case: as it was written."""
    return {str(name): value for name, value in row.items() if name not in _OF_THE_CASE}
