"""Writing the registers: rows that outlive the cases, written all at once, however often, with the same end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime import lead_tables, onboarding_tables, partner_tables, replacement_tables, tables
from runtime.database import database_errors, database_now, insert

# An upsert takes the newest state of a thing; in the others the first row stands and is never changed.
_UPSERTED = {
    table.name: table
    for table in (
        tables.obligations,
        tables.accepted_clients,
        lead_tables.leads,
        lead_tables.centres,
        replacement_tables.replacements,
        replacement_tables.watches,
        replacement_tables.sales,
        partner_tables.partners,
        partner_tables.partner_calls,
        partner_tables.partner_deals,
        partner_tables.partner_invoices,
        onboarding_tables.visas,
        onboarding_tables.service_clients,
        onboarding_tables.service_records,
        onboarding_tables.planned_visits,
    )
}
_ADDED_ONCE = {
    table.name: table
    for table in (
        tables.breaches,
        tables.notices,
        tables.payments_register,
        tables.incidents,
        tables.corrections,
        lead_tables.measures,
        replacement_tables.credits,
    )
}


@dataclass(frozen=True)
class RegisterRow:
    """One row: the name of its register and its own columns, ``seq`` among them."""

    table: str
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class Origin:
    """The case that the rows belong to, and its time of the decision."""

    case_uid: str
    address: str
    case_kind: str
    edition: str
    decided_at: datetime


class RegisterWriter:
    """Writes rows of cases."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine

    async def write(self, origin: Origin, rows: Sequence[RegisterRow]) -> int:
        """Write all rows, in order, in one transaction; returns how many of them changed something.

        A row that is there already, or older by ``seq`` than what is there, changes nothing. Raises DatabaseUnavailableError,
        DatabaseRefusedError, and KeyError for a register that does not exist.
        """
        with database_errors():
            async with self._engine.begin() as connection:
                return await write_rows(connection, origin, rows)


async def write_rows(connection: AsyncConnection, origin: Origin, rows: Sequence[RegisterRow]) -> int:
    """As `RegisterWriter.write`, within the caller's transaction."""
    recorded_at = await database_now(connection)
    written = 0
    for row in rows:
        written += await _write(connection, origin, row, recorded_at)
    return written


async def _write(connection: AsyncConnection, origin: Origin, row: RegisterRow, recorded_at: datetime) -> int:
    table = _UPSERTED.get(row.table)
    if table is None:
        table = _ADDED_ONCE[row.table]
    values: dict[str, Any] = {
        **row.columns,
        "case_uid": origin.case_uid,
        "address": origin.address,
        "case_kind": origin.case_kind,
        "edition": origin.edition,
        "decided_at": origin.decided_at,
        "recorded_at": recorded_at,
    }
    if table is tables.notices:
        values["due_key"] = _due_key(row.columns["due"])
    statement = insert(connection, table).values(values)
    key = [column.name for column in table.primary_key]
    if row.table in _UPSERTED:
        newer = {name: statement.excluded[name] for name in values if name not in key}
        written = statement.on_conflict_do_update(index_elements=key, set_=newer, where=_older_than(table, statement.excluded.seq))
    else:
        written = statement.on_conflict_do_nothing(index_elements=key)
    return (await connection.execute(written)).rowcount


def _older_than(table: Table, seq: Any) -> Any:
    return table.c.seq < seq


def _due_key(due: datetime | None) -> str:
    return "" if due is None else due.astimezone(UTC).isoformat()
