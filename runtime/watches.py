"""The watches over tariffs: their register, read; and the leads and calls of one of them, written and looked at in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, insert, reading
from runtime.registers import Origin, RegisterRow, write_rows
from runtime.replacement_tables import watched_calls, watched_leads, watches
from runtime.tables import notices

_SOME = 1_000
"""Values of one statement: databases bound their number."""


# --- the register ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunningWatch:
    """A watch that runs: whose leads they are, who is reminded, and in which zone he works."""

    account: str
    period: str
    zone: str
    manager: str


class WatchReader:
    """Reads the register of watches. Every method raises DatabaseUnavailableError, DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = reading(engine)

    async def running(self) -> list[RunningWatch]:
        """The watches that run, by account and period."""
        asked = select(watches.c.account, watches.c.period, watches.c.zone, watches.c.manager).where(watches.c.running)
        with database_errors():
            async with self._engine.connect() as connection:
                rows = await connection.execute(asked.order_by(watches.c.account, watches.c.period))
                return [RunningWatch(*row) for row in rows]

    async def zones(self) -> list[str]:
        """The zones of the watches that run, sorted."""
        with database_errors():
            async with self._engine.connect() as connection:
                return sorted((await connection.execute(select(watches.c.zone).where(watches.c.running).distinct())).scalars())

    async def addresses(self, zone: str) -> list[str]:
        """The workflow ids of the running watches of a zone, sorted."""
        asked = select(watches.c.address).where(watches.c.running, watches.c.zone == zone).order_by(watches.c.address)
        with database_errors():
            async with self._engine.connect() as connection:
                return list((await connection.execute(asked)).scalars())


# --- leads and calls ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CallRow:
    """A call as it is kept."""

    call: str
    lead: str
    at: datetime
    answered: bool
    recorded: bool
    comment: str


@dataclass(frozen=True)
class CardRow:
    """What is kept of a lead's card."""

    lead: str
    status: str
    comment: str
    card_changed_at: datetime


@dataclass(frozen=True)
class LeadRow:
    """A lead whose appearance is known."""

    lead: str
    appeared_at: datetime
    status: str
    comment: str
    next_at: datetime | None
    reminded: Sequence[str]
    missed: Sequence[Sequence[str | None]]
    """Clause, instant, instant of the withdrawal; instants as text."""
    late: bool


@dataclass(frozen=True)
class Totals:
    """The numbers of a whole watch."""

    next_at: datetime | None
    leads: int
    late: int
    calls: int
    reminders: int


class WatchStore:
    """Leads and calls of watches."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine

    @asynccontextmanager
    async def open(self, watch: str) -> AsyncIterator[OpenWatch]:
        """One transaction over the leads of a watch; transactions of one watch take turns.

        Raises DatabaseUnavailableError, DatabaseRefusedError.
        """
        with database_errors():
            async with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":  # SQLite lets one writer in at a time anyway
                    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:watch, 0))"), {"watch": watch})
                yield OpenWatch(connection, watch)

    async def cards(self, watch: str, *, page: int = _SOME) -> AsyncIterator[LeadRow]:
        """All leads whose appearance is known, by id, read page by page. Raises as `open`."""
        after = ""
        while True:
            asked = select(*_LEAD).where(_of(watched_leads, watch), _APPEARED, watched_leads.c.lead > after)
            with database_errors():
                async with reading(self._engine).connect() as connection:
                    rows = (await connection.execute(asked.order_by(watched_leads.c.lead).limit(page))).mappings().all()
            for row in rows:
                yield LeadRow(**row)
            if len(rows) < page:
                return
            after = rows[-1]["lead"]

    async def calls(self, watch: str, leads: Sequence[str]) -> AsyncIterator[CallRow]:
        """The calls of these leads, in no order. Raises as `open`."""
        for some in _pages(leads):
            with database_errors():
                async with reading(self._engine).connect() as connection:
                    rows = (await connection.execute(_calls_of(watch, some))).mappings().all()
            for row in rows:
                yield CallRow(**row)


class OpenWatch:
    """The leads of one watch within one transaction."""

    def __init__(self, connection: AsyncConnection, watch: str) -> None:
        self._connection = connection
        self._watch = watch

    # --- what is told -------------------------------------------------------------------------------------------

    async def put_leads(self, appeared: Mapping[str, datetime]) -> set[str]:
        """Keeps when leads appeared; gives those of which that is new."""
        known = {row.lead: row.appeared_at for row in await self._found(watched_leads.c.lead, list(appeared), watched_leads.c.appeared_at)}
        new = {lead: at for lead, at in appeared.items() if known.get(lead) != at}
        await self._upsert(watched_leads, [{**_BLANK, "lead": lead, "appeared_at": at} for lead, at in new.items()], ("appeared_at",))
        return set(new)

    async def put_calls(self, calls: Mapping[str, CallRow]) -> set[str]:
        """Keeps calls by their id; gives the leads of which one is new, or is another lead's now."""
        columns = [watched_calls.c[name] for name in _CALL if name != "call"]
        rows = await self._found(watched_calls.c.call, list(calls), *columns)
        known = {row.call: CallRow(**row._mapping) for row in rows}
        new = [call for call in calls.values() if known.get(call.call) != call]
        await self._upsert(watched_calls, [asdict(call) for call in new], tuple(name for name in _CALL if name != "call"))
        await self._name(call.lead for call in new)
        return {call.lead for call in new} | {known[call.call].lead for call in new if call.call in known}

    async def put_cards(self, cards: Mapping[str, CardRow]) -> None:
        """Keeps cards; an older one than is kept changes nothing."""
        rows = await self._found(watched_leads.c.lead, list(cards), watched_leads.c.card_changed_at)
        known = {row.lead: row.card_changed_at for row in rows}
        new = [card for card in cards.values() if (at := known.get(card.lead)) is None or card.card_changed_at >= at]
        await self._upsert(watched_leads, [{**_BLANK, **asdict(card)} for card in new], ("status", "comment", "card_changed_at"))

    async def _name(self, leads: Iterable[str]) -> None:
        """A lead that nobody has told of is kept by its name alone, so that it can be told."""
        rows = [{**_BLANK, "watch": self._watch, "lead": lead} for lead in sorted(set(leads))]
        if rows:
            await self._connection.execute(insert(self._connection, watched_leads).on_conflict_do_nothing(), rows)

    async def unknown(self, leads: Collection[str], most: int) -> list[str]:
        """Those of these leads that nobody has told of, the first in order."""
        rows = await self._found(watched_leads.c.lead, sorted(leads), watched_leads.c.appeared_at)
        return sorted(row.lead for row in rows if row.appeared_at is None)[:most]

    async def _upsert(self, table: Table, rows: list[dict[str, Any]], newer: tuple[str, ...]) -> None:
        if not rows:
            return
        statement = insert(self._connection, table)
        key = [column.name for column in table.primary_key]
        statement = statement.on_conflict_do_update(index_elements=key, set_={name: statement.excluded[name] for name in newer})
        await self._connection.execute(statement, [{**row, "watch": self._watch} for row in rows])

    async def _found(self, key: ColumnElement[str], values: Sequence[str], *columns: ColumnElement[Any]) -> list[Any]:
        found: list[Any] = []
        table: Table = key.table
        for some in _pages(values):
            found += (await self._connection.execute(select(key, *columns).where(_of(table, self._watch), key.in_(some)))).all()
        return found

    # --- looking ------------------------------------------------------------------------------------------------

    async def recount(self, now: datetime) -> None:
        """Every lead is to be looked at."""
        await self._connection.execute(update(watched_leads).where(_of(watched_leads, self._watch), _APPEARED).values(next_at=now))

    async def due(self, now: datetime, most: int) -> list[str]:
        """The leads whose instant has come, the earliest first."""
        asked = select(watched_leads.c.lead).where(_of(watched_leads, self._watch), watched_leads.c.next_at <= now)
        asked = asked.order_by(watched_leads.c.next_at, watched_leads.c.lead).limit(most)
        return list((await self._connection.execute(asked)).scalars())

    async def leads(self, leads: Collection[str]) -> list[LeadRow]:
        """Those of these leads whose appearance is known, by id."""
        columns = [column for column in _LEAD if column.name != "lead"]
        rows = await self._found(watched_leads.c.lead, sorted(leads), *columns)
        return sorted((LeadRow(**row._mapping) for row in rows if row.appeared_at is not None), key=lambda row: row.lead)

    async def calls(self, leads: Collection[str]) -> dict[str, list[CallRow]]:
        """The calls of these leads, by lead."""
        found: dict[str, list[CallRow]] = {}
        for some in _pages(sorted(leads)):
            for row in (await self._connection.execute(_calls_of(self._watch, some))).mappings():
                found.setdefault(row["lead"], []).append(CallRow(**row))
        return found

    async def settle(self, leads: Sequence[LeadRow]) -> None:
        """Keeps what came of looking at leads."""
        if not leads:
            return
        table = watched_leads
        looked = ("next_at", "reminded", "missed", "late")
        one = update(table).where(_of(table, self._watch), table.c.lead == bindparam("of_lead"))
        values = [{"of_lead": row.lead, **{f"new_{name}": getattr(row, name) for name in looked}} for row in leads]
        await self._connection.execute(one.values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in looked}), values)

    async def tell(self, origin: Origin, rows: Sequence[RegisterRow]) -> None:
        """Writes notices; one that is there already stays as it is."""
        await write_rows(self._connection, origin, rows)

    async def leave_out(self, keys: Sequence[str], reason: str) -> None:
        """These notices, as far as no letter carries them yet, are never sent."""
        for some in _pages(keys):
            unsent = (notices.c.case_uid == self._watch, notices.c.key.in_(some), notices.c.sent_in.is_(None))
            await self._connection.execute(update(notices).where(*unsent).values(sent_in=reason))

    async def totals(self) -> Totals:
        """The numbers of the watch, with what this transaction has written."""
        leads, calls = watched_leads, watched_calls
        numbers = select(func.min(leads.c.next_at), func.count(leads.c.appeared_at), func.count().filter(leads.c.late))
        next_at, known, late = (await self._connection.execute(numbers.where(_of(leads, self._watch)))).one()
        counted = select(func.count()).select_from(calls).where(_of(calls, self._watch))
        made = (await self._connection.execute(counted)).scalar_one()
        warned = select(func.count()).where(notices.c.case_uid == self._watch, notices.c.kind == "warning")
        return Totals(next_at, known, late, made, (await self._connection.execute(warned)).scalar_one())


_CALL = tuple(field.name for field in fields(CallRow))
_LEAD = [watched_leads.c[field.name] for field in fields(LeadRow)]
_APPEARED = watched_leads.c.appeared_at.is_not(None)
_BLANK: dict[str, Any] = {
    "appeared_at": None,
    "status": "",
    "comment": "",
    "card_changed_at": None,
    "next_at": None,
    "reminded": [],
    "missed": [],
    "late": False,
}
"""A lead of which nothing is known yet."""


def _of(table: Table, watch: str) -> ColumnElement[bool]:
    return table.c.watch == watch


def _calls_of(watch: str, leads: Sequence[str]) -> Any:
    return select(*(watched_calls.c[name] for name in _CALL)).where(_of(watched_calls, watch), watched_calls.c.lead.in_(leads))


def _pages(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _SOME] for start in range(0, len(values), _SOME))
