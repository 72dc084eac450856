"""Bulk actions: their selections as rows, frozen once, and what became of each item; what the register of leads says of a selection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, insert, reading
from runtime.lead_tables import bulk_items, bulks, leads

_AT_ONCE = 500
"""Rows of one statement."""


class BulkConflictError(Exception):
    """The id is known with another request."""


@dataclass(frozen=True)
class NewItem:
    """An item as it is frozen; one with a reason is refused already."""

    n: int
    address: str
    given: Mapping[str, JsonValue]
    clause: str
    reason: str


@dataclass(frozen=True)
class Item:
    """An item as it stands."""

    n: int
    address: str
    given: Mapping[str, JsonValue]
    state: str
    """``pending``, ``done`` or ``refused``."""
    answer: str
    clause: str
    reason: str


@dataclass(frozen=True)
class SettledItem:
    """What became of an item."""

    n: int
    address: str
    done: bool
    answer: str
    clause: str
    reason: str


@dataclass(frozen=True)
class BulkHead:
    """A bulk action without its items."""

    bulk: str
    action: str
    centre: str | None
    request: Mapping[str, Any]
    frozen_at: datetime | None
    """None: its selection is being written."""
    total: int


@dataclass(frozen=True)
class KnownLead:
    """What the register says of a lead now."""

    address: str
    centre: str
    status: str
    temperature: str
    due: datetime | None


class BulkStore:
    """The tables ``bulks`` and ``bulk_items``. All methods raise DatabaseUnavailableError or DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine

    # --- the selection ----------------------------------------------------------------------------------------------

    async def begin(self, bulk: str, action: str, centre: str | None, request: Mapping[str, Any]) -> BulkHead:
        """Note a bulk action, once.

        Raises:
            BulkConflictError: its id is known with another request.
        """
        row = {"bulk": bulk, "action": action, "centre": centre, "request": dict(request), "total": 0}
        with database_errors():
            async with self._engine.begin() as connection:
                await connection.execute(insert(connection, bulks).values(row).on_conflict_do_nothing(index_elements=["bulk"]))
                head = await _head(connection, bulk)
        if head is None or head.request != dict(request):
            raise BulkConflictError("a bulk action of this id was asked for with another content")
        return head

    async def add(self, bulk: str, items: Sequence[NewItem], now: datetime) -> None:
        """Write items of a selection that is not frozen yet; those that are there stay as they are."""
        with database_errors():
            async with self._engine.begin() as connection:
                await _add(connection, bulk, items, now)

    async def freeze(self, bulk: str, items: Sequence[NewItem], now: datetime) -> BulkHead:
        """Write the last items and close the selection, in one transaction. One that is frozen stays as it is."""
        count = select(func.count()).select_from(bulk_items).where(bulk_items.c.bulk == bulk).scalar_subquery()
        mine = bulks.c.bulk == bulk
        with database_errors():
            async with self._engine.begin() as connection:
                first = update(bulks).where(mine, bulks.c.frozen_at.is_(None)).values(frozen_at=now)
                if (await connection.execute(first)).rowcount:
                    await _add(connection, bulk, items, now)
                    await connection.execute(update(bulks).where(mine).values(total=count))
                head = await _head(connection, bulk)
        if head is None:
            raise LookupError("begin a bulk action before its selection is frozen")
        return head

    async def known_leads(self, addresses: Sequence[str]) -> list[KnownLead]:
        """What the register says of the leads at these addresses; one that it does not know is left out."""
        found: dict[str, KnownLead] = {}
        c = leads.c
        with database_errors():
            async with reading(self._engine).connect() as connection:
                for start in range(0, len(addresses), _AT_ONCE):
                    chosen = select(c.address, c.centre, c.status, c.temperature, c.due)
                    chosen = chosen.where(c.address.in_(addresses[start : start + _AT_ONCE])).order_by(c.created_at, c.round)
                    # An address is used again, and a move begins another round: the latest row is the lead as it is.
                    found |= {row.address: KnownLead(*row) for row in await connection.execute(chosen)}
        return list(found.values())

    # --- the work ---------------------------------------------------------------------------------------------------

    async def head(self, bulk: str) -> BulkHead | None:
        """A bulk action; None: nobody asked for it."""
        with database_errors():
            async with reading(self._engine).connect() as connection:
                return await _head(connection, bulk)

    async def page(self, bulk: str, after: int, size: int) -> list[Item]:
        """The items after a number, in order, whatever became of them so far."""
        chosen = select(*_ITEM).where(bulk_items.c.bulk == bulk, bulk_items.c.n > after).order_by(bulk_items.c.n).limit(size)
        with database_errors():
            async with reading(self._engine).connect() as connection:
                return [Item(*row) for row in await connection.execute(chosen)]

    async def settle(self, bulk: str, settled: Sequence[SettledItem], now: datetime) -> None:
        """Note what became of items; one that is settled stays as it is."""
        c = bulk_items.c
        statement = (
            update(bulk_items)
            .where(c.bulk == bulk, c.n == bindparam("of_n"), c.state == "pending")
            .values({name: bindparam(f"new_{name}") for name in ("address", "state", "answer", "clause", "reason")} | {"settled_at": now})
        )
        rows = [
            {
                "of_n": one.n,
                "new_address": one.address,
                "new_state": "done" if one.done else "refused",
                "new_answer": one.answer,
                "new_clause": one.clause,
                "new_reason": one.reason,
            }
            for one in settled
        ]
        if rows:
            with database_errors():
                async with self._engine.begin() as connection:
                    await connection.execute(statement, rows)

    # --- for people -------------------------------------------------------------------------------------------------

    async def counts(self, bulk: str) -> dict[str, int]:
        """How many items stand in each state."""
        c = bulk_items.c
        chosen = select(c.state, func.count()).where(c.bulk == bulk).group_by(c.state)
        with database_errors():
            async with reading(self._engine).connect() as connection:
                return {row[0]: row[1] for row in await connection.execute(chosen)}

    async def results(self, bulk: str, *, without_done: bool) -> AsyncIterator[Item]:
        """The items in order, all of them or those that are not done, read page by page."""
        c, after = bulk_items.c, -1
        while True:
            chosen = select(*_ITEM).where(c.bulk == bulk, c.n > after).order_by(c.n).limit(_AT_ONCE)
            if without_done:
                chosen = chosen.where(c.state != "done")
            with database_errors():
                async with reading(self._engine).connect() as connection:
                    items = [Item(*row) for row in await connection.execute(chosen)]
            for item in items:
                yield item
            if len(items) < _AT_ONCE:
                return
            after = items[-1].n


_ITEM = [bulk_items.c[name] for name in Item.__dataclass_fields__]
_HEAD = [bulks.c[name] for name in BulkHead.__dataclass_fields__]


async def _head(connection: AsyncConnection, bulk: str) -> BulkHead | None:
    row = (await connection.execute(select(*_HEAD).where(bulks.c.bulk == bulk))).one_or_none()
    return None if row is None else BulkHead(*row)


async def _add(connection: AsyncConnection, bulk: str, items: Sequence[NewItem], now: datetime) -> None:
    rows = [
        {
            "bulk": bulk,
            "n": item.n,
            "address": item.address,
            "given": dict(item.given),
            "state": "refused" if item.reason else "pending",
            "answer": "",
            "clause": item.clause,
            "reason": item.reason,
            "settled_at": now if item.reason else None,
        }
        for item in items
    ]
    statement = insert(connection, bulk_items).on_conflict_do_nothing(index_elements=["bulk", "n"])
    for start in range(0, len(rows), _AT_ONCE):
        await connection.execute(statement, rows[start : start + _AT_ONCE])
