"""The calendars as last published, and the rows of obligations that a change of one may touch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import database_errors, insert, open_database, reading
from runtime.tables import breaches, obligations, published_calendars
from runtime.watches import WatchReader

_SOME = 500
"""Keys of one statement: databases bound the number of its values."""


@dataclass(frozen=True)
class PublishedCalendar:
    """One version of a calendar; ``finished_at`` is None while its cases are still being told."""

    name: str
    version: str
    published_at: datetime
    finished_at: datetime | None
    days: Mapping[str, str]


@dataclass(frozen=True)
class CountedTerm:
    """A term as the register of obligations knows it."""

    case_uid: str
    key: str
    address: str
    clause: str
    state: str
    due: datetime | None
    calendar_version: str | None
    span_from: date
    span_to: date
    seq: int

    @property
    def id(self) -> tuple[str, str]:
        """Natural key: case uid, obligation key."""
        return self.case_uid, self.key


class PublishedCalendars:
    """Which calendars were published, and whom a new version concerns.

    Every method raises DatabaseUnavailableError where the database is away.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine, self._reading = engine, reading(engine)

    async def newest(self, name: str) -> PublishedCalendar | None:
        """The version published last whose publication was finished; None: the calendar was never published."""
        table = published_calendars
        asked = select(table).where(table.c.name == name, table.c.finished_at.is_not(None)).order_by(table.c.published_at.desc()).limit(1)
        with database_errors():
            async with self._reading.connect() as connection:
                row = (await connection.execute(asked)).mappings().first()
        return None if row is None else PublishedCalendar(**row)

    async def unfinished(self, name: str) -> list[PublishedCalendar]:
        """The versions whose publication was begun and interrupted, the oldest first."""
        table = published_calendars
        asked = select(table).where(table.c.name == name, table.c.finished_at.is_(None)).order_by(table.c.published_at)
        with database_errors():
            async with self._reading.connect() as connection:
                return [PublishedCalendar(**row) for row in (await connection.execute(asked)).mappings()]

    async def store_first(self, name: str, version: str, days: Mapping[str, str], at: datetime) -> bool:
        """Stores a calendar that was never published, as the one to compare with from now on; false when there is one already."""
        if await self.newest(name) is not None:
            return False
        await self._put(name, version, days, at, finished_at=at)
        return True

    async def begin(self, name: str, version: str, days: Mapping[str, str], at: datetime) -> datetime:
        """Notes that a publication begins; gives the instant at which it first began, if it was interrupted."""
        for begun in await self.unfinished(name):
            if (begun.version, begun.days) == (version, days):
                return begun.published_at
        await self._put(name, version, days, at, finished_at=None)
        return at

    async def finish(self, name: str, version: str, at: datetime) -> None:
        """The version is the published one: no case counts with an older one. Publications given up on the way are forgotten."""
        table = published_calendars
        with database_errors():
            async with self._engine.begin() as connection:
                ours = (table.c.name == name, table.c.version == version)
                await connection.execute(table.update().where(*ours).values(finished_at=at))
                await connection.execute(delete(table).where(table.c.name == name, table.c.finished_at.is_(None)))

    async def forget(self, name: str, version: str) -> None:
        """A publication that cannot go on: the next attempt is one of its own, and tells every case anew."""
        table = published_calendars
        unfinished = (table.c.name == name, table.c.version == version, table.c.finished_at.is_(None))
        with database_errors():
            async with self._engine.begin() as connection:
                await connection.execute(delete(table).where(*unfinished))

    async def _put(self, name: str, version: str, days: Mapping[str, str], at: datetime, finished_at: datetime | None) -> None:
        values = {"published_at": at, "finished_at": finished_at, "days": dict(days)}
        with database_errors():
            async with self._engine.begin() as connection:
                statement = insert(connection, published_calendars).values(name=name, version=version, **values)
                # A version that comes back after another one is published anew.
                await connection.execute(statement.on_conflict_do_update(index_elements=["name", "version"], set_=values))

    async def older_terms(self, name: str, version: str, first: date, last: date, *, page: int = 1000) -> AsyncIterator[CountedTerm]:
        """The terms of a calendar that were counted in another version than this one, and whose days meet the given ones.

        Open, overdue and met late, in the order of their natural key, read page by page: what is written meanwhile behind the page is
        not seen.
        """
        table = obligations
        columns = [table.c[field] for field in CountedTerm.__dataclass_fields__]
        touched = (
            table.c.calendar == name,
            table.c.calendar_version != version,
            table.c.span_from <= last,
            table.c.span_to >= first,
            table.c.state.in_(("open", "overdue", "met_late")),
        )
        after: tuple[str, str] | None = None
        while True:
            asked = select(*columns).where(*touched).order_by(table.c.case_uid, table.c.key).limit(page)
            if after is not None:
                uid, key = after
                asked = asked.where(or_(table.c.case_uid > uid, and_(table.c.case_uid == uid, table.c.key > key)))
            with database_errors():
                async with self._reading.connect() as connection:
                    rows = (await connection.execute(asked)).mappings().all()
            for row in rows:
                yield CountedTerm(**row)
            if len(rows) < page:
                return
            after = rows[-1]["case_uid"], rows[-1]["key"]

    async def watches(self, zone: str) -> list[str]:
        """The addresses of the watches that count in the control time of a zone; the terms of their leads are no rows of obligations."""
        return await WatchReader(self._reading).addresses(zone)

    async def terms_of(self, case_uids: Sequence[str]) -> dict[tuple[str, str], CountedTerm]:
        """The terms of some cases as the register knows them now, by natural key; duties that were never counted are left out."""
        table = obligations
        columns = [table.c[field] for field in CountedTerm.__dataclass_fields__]
        found: dict[tuple[str, str], CountedTerm] = {}
        with database_errors():
            async with self._reading.connect() as connection:
                for start in range(0, len(case_uids), _SOME):
                    some = table.c.case_uid.in_(case_uids[start : start + _SOME])
                    for row in (await connection.execute(select(*columns).where(some, table.c.span_from.is_not(None)))).mappings():
                        term = CountedTerm(**row)
                        found[term.id] = term
        return found

    async def withdrawn(self, case_uids: Sequence[str]) -> set[tuple[str, str, datetime]]:
        """The withdrawn breaches of some cases: case uid, obligation key, the due instant that was missed."""
        table = breaches
        found: set[tuple[str, str, datetime]] = set()
        with database_errors():
            async with self._reading.connect() as connection:
                for start in range(0, len(case_uids), _SOME):
                    some = (table.c.case_uid.in_(case_uids[start : start + _SOME]), table.c.entry == "withdrawn")
                    asked = select(table.c.case_uid, table.c.key, table.c.due).where(*some)
                    found.update((row.case_uid, row.key, row.due) for row in await connection.execute(asked))
        return found


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PublishedCalendars]:
    """The published calendars of a database, which is closed at the end."""
    engine = open_database(url)
    try:
        yield PublishedCalendars(engine)
    finally:
        await engine.dispose()
