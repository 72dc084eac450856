"""The inbox: one row for everything that came in, kept before its sender is answered, and the right to deliver it.

A row is delivered by whoever holds its lease; while it lives nobody else delivers anything to the same address. Leases and all other
instants here are real time, by the database's clock: they are about processes and senders, not about the time of a case.

Order: of the undelivered rows of an address only the earliest may be tried. There is one exception: an event that begins a case passes
the others while the earliest of them is *waiting* for that case.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Row, Select, bindparam, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import DatabaseUnavailableError, database_errors, database_now, insert
from runtime.encryption import EncryptionError, KeyRing
from runtime.files import FileStore
from runtime.secrets import SecretStore
from runtime.tables import inbox


class InboxState(StrEnum):
    """Where a row stands."""

    RECEIVED = "received"
    WAITING = "waiting"
    """For a case that is not there yet."""
    DELIVERED = "delivered"
    REFUSED = "refused"
    DROPPED = "dropped"
    """By a person, with a reason."""


UNDELIVERED = (InboxState.RECEIVED, InboxState.WAITING)


class InboxConflictError(Exception):
    """The id is known with another content."""


class InboxRowError(Exception):
    """What a person asked for cannot be done with this row; the text says why."""


@dataclass(frozen=True)
class Incoming:
    """An event that was found valid."""

    event_id: str
    type: str
    address: str
    source: str
    body: bytes
    """The event in its canonical form; sealed before it is written."""
    digest: str
    """Of what the event says: the same id with another digest is a conflict."""
    files: Sequence[bytes] = ()
    """Contents that belong to it, kept in the same transaction."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By reference; kept in the same transaction, and never part of body or digest."""


@dataclass(frozen=True)
class Entry:
    """A row as people may see it: all but the body."""

    seq: int
    event_id: str
    type: str
    address: str
    source: str
    state: InboxState
    outcome: Mapping[str, JsonValue] | None
    attempts: int
    received_at: datetime
    next_attempt_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True)
class Claim:
    """The right to deliver one row until its lease ends."""

    entry: Entry
    attempt: int
    """Tells this holder of the lease from every other."""
    claimed_at: datetime
    sealed: bytes | None


@dataclass(frozen=True)
class Taken:
    """What became of an incoming event."""

    entry: Entry
    duplicate: bool
    claim: Claim | None
    """The row of the address whose turn it is, when the caller asked for one: not always the new one."""


@dataclass(frozen=True)
class Settled:
    """A row has its end."""

    at: datetime
    next: Claim | None


@dataclass(frozen=True)
class Tallies:
    """The inbox in numbers."""

    rows: Mapping[InboxState, int]
    oldest: timedelta | None
    """Age of the oldest undelivered row."""


_SHOWN: tuple[Any, ...] = (
    inbox.c.seq,
    inbox.c.event_id,
    inbox.c.type,
    inbox.c.address,
    inbox.c.source,
    inbox.c.state,
    inbox.c.outcome,
    inbox.c.attempts,
    inbox.c.received_at,
    inbox.c.next_attempt_at,
    inbox.c.settled_at,
)


class InboxStore:
    """The protocol of the table ``inbox``. Every method is one short transaction.

    All methods raise ``DatabaseUnavailableError`` or ``DatabaseRefusedError``.
    """

    def __init__(self, engine: AsyncEngine, keys: KeyRing, starts: Collection[str], clock: Callable[[], datetime] | None = None) -> None:
        """``starts`` are the types of event that begin a case; ``clock`` replaces the database's clock in tests."""
        self._engine = engine
        self._keys = keys
        self._files = FileStore(engine, keys)
        self._secrets = SecretStore(engine, keys)
        self._clock = clock
        self._whose_turn = {
            (of_one, early): _whose_turn(tuple(starts), of_one=of_one, early=early) for of_one in (True, False) for early in (True, False)
        }
        # SQLite lets one transaction write at a time and makes the others sleep and try again: within a process they queue up instead.
        self._turn = asyncio.Lock() if engine.dialect.name == "sqlite" else None

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[tuple[AsyncConnection, datetime]]:
        async with AsyncExitStack() as stack:
            if self._turn is not None:
                await stack.enter_async_context(self._turn)
            stack.enter_context(database_errors())
            connection = await stack.enter_async_context(self._engine.begin())
            yield connection, self._clock() if self._clock is not None else await database_now(connection)

    # --- in ---------------------------------------------------------------------------------------------------------

    @property
    def keeps_secrets(self) -> bool:
        """Whether there is a key to seal secrets with; without one an event that brings any cannot be taken."""
        return self._secrets.keeps

    async def take(self, event: Incoming, lease: timedelta | None) -> Taken:
        """Keep an event, once per id, and with a ``lease`` claim the row of its address whose turn it is.

        Raises:
            InboxConflictError: the id is known with another content, or with another secret.
            EncryptionError: the event brings a secret, and there is no key to seal it with.
        """
        async with self._transaction() as (connection, now):
            row = insert(connection, inbox).values(
                event_id=event.event_id,
                type=event.type,
                address=event.address,
                source=event.source,
                digest=event.digest,
                body=self._keys.seal(event.body, _context(event.event_id)),
                state=InboxState.RECEIVED,
                attempts=0,
                received_at=now,
                next_attempt_at=now,
            )
            inserted = (await connection.execute(row.on_conflict_do_nothing(index_elements=["event_id"]).returning(*_SHOWN))).one_or_none()
            if inserted is None:
                known = (await connection.execute(select(*_SHOWN, inbox.c.digest).where(inbox.c.event_id == event.event_id))).one()
                if known.digest != event.digest or not await self._same_secrets(connection, event):
                    raise InboxConflictError("the id is known with another content")
                return Taken(_entry(known), True, None)
            for content in event.files:
                await self._files.put(connection, content, now)
            await self._secrets.keep(connection, event.secrets, event.address, now)
            claims = [] if lease is None else await self._claim(connection, now, 1, lease, event.address)
            return Taken(_entry(inserted), False, claims[0] if claims else None)

    async def _same_secrets(self, connection: AsyncConnection, event: Incoming) -> bool:
        try:
            return await self._secrets.same(connection, event.secrets)
        except EncryptionError as e:  # once the key is back it can be told
            raise DatabaseUnavailableError(str(e)) from None

    # --- delivering -------------------------------------------------------------------------------------------------

    async def claim(self, most: int, lease: timedelta) -> list[Claim]:
        """Claim rows that are due, one of an address, those due longest first."""
        async with self._transaction() as (connection, now):
            return await self._claim(connection, now, most, lease)

    async def claim_of(self, address: str, lease: timedelta) -> Claim | None:
        """Claim the row of this address whose turn it is, also before it is due; None: there is none, or it is being delivered."""
        async with self._transaction() as (connection, now):
            return next(iter(await self._claim(connection, now, 1, lease, address, early=True)), None)

    async def _claim(
        self, connection: AsyncConnection, now: datetime, most: int, lease: timedelta, address: str | None = None, *, early: bool = False
    ) -> list[Claim]:
        wanted = self._whose_turn[address is not None, early]
        given = {"now": now, "most": most} | ({} if address is None else {"address": address})
        chosen = [seq for (seq,) in (await connection.execute(wanted, given)).all()]
        if not chosen:
            return []
        leased = (
            update(inbox)
            .where(inbox.c.seq.in_(chosen), inbox.c.state.in_(UNDELIVERED), _free(inbox.c.lease_until, now))
            .values(lease_until=now + lease, attempts=inbox.c.attempts + 1)
            .returning(*_SHOWN, inbox.c.body)
        )
        rows = {row.seq: row for row in (await connection.execute(leased)).all()}
        return [Claim(_entry(row), row.attempts, now, row.body) for seq in chosen if (row := rows.get(seq)) is not None]

    def body(self, claim: Claim) -> bytes:
        """The event as it came, opened.

        Raises:
            EncryptionError: its key is not in the ring, or the data were changed.
        """
        return self._keys.open(claim.sealed or b"", _context(claim.entry.event_id))

    async def settle(
        self,
        claim: Claim,
        state: InboxState,
        outcome: Mapping[str, JsonValue],
        *,
        case_there: bool,
        lease: timedelta | None,
    ) -> Settled | None:
        """The row is delivered or refused; a delivered one keeps no body, a refused one no secret. With a ``lease`` the next row of the
        address is claimed.

        Args:
            case_there: The case of this address is known to be there: what waits for it is due at once.

        Returns:
            None when the lease had ended and somebody else took over: then theirs is the end that counts.
        """
        async with self._transaction() as (connection, now):
            kept = {} if state is InboxState.REFUSED else {"body": None}
            values = {"state": state, "outcome": dict(outcome), "settled_at": now, "lease_until": None, **kept}
            if not (await connection.execute(update(inbox).where(*_held(claim)).values(**values))).rowcount:
                return None
            if state is InboxState.REFUSED:
                await self._secrets.destroy_of(connection, claim.entry.event_id, now)
            address = claim.entry.address
            if case_there:
                waiting = update(inbox).where(inbox.c.address == address, inbox.c.state == InboxState.WAITING)
                await connection.execute(waiting.values(next_attempt_at=now))
            claims = [] if lease is None else await self._claim(connection, now, 1, lease, address)
            return Settled(now, claims[0] if claims else None)

    async def put_off(
        self,
        claim: Claim,
        state: InboxState,
        outcome: Mapping[str, JsonValue],
        by: timedelta,
        not_after: datetime | None = None,
    ) -> None:
        """The row stays undelivered and is tried again after a while, at the latest at ``not_after``.

        A row that is to wait for its case is due at once when another row of the address was settled meanwhile: that one may have begun it.
        """
        async with self._transaction() as (connection, now):
            at = now + by if not_after is None else min(now + by, not_after)
            if state is InboxState.WAITING:
                meanwhile = select(inbox.c.seq).where(inbox.c.address == claim.entry.address, inbox.c.settled_at >= claim.claimed_at)
                if (await connection.execute(meanwhile.limit(1))).one_or_none() is not None:
                    at = now
            values = {"state": state, "outcome": dict(outcome), "next_attempt_at": at, "lease_until": None}
            await connection.execute(update(inbox).where(*_held(claim)).values(**values))

    async def release(self, claim: Claim) -> None:
        """End the lease at once, so that the next holder need not wait."""
        async with self._transaction() as (connection, _):
            await connection.execute(update(inbox).where(*_held(claim)).values(lease_until=None))

    # --- for people -------------------------------------------------------------------------------------------------

    async def entry(self, seq: int) -> Entry | None:
        """One row."""
        async with self._transaction() as (connection, _):
            row = (await connection.execute(select(*_SHOWN).where(inbox.c.seq == seq))).one_or_none()
            return None if row is None else _entry(row)

    async def find(self, event_id: str) -> Entry | None:
        """The row of an event."""
        async with self._transaction() as (connection, _):
            row = (await connection.execute(select(*_SHOWN).where(inbox.c.event_id == event_id))).one_or_none()
            return None if row is None else _entry(row)

    async def event(self, seq: int) -> bytes | None:
        """The event of a row, opened; None: there is no such row, or it was delivered or dropped.

        Raises:
            EncryptionError: its key is not in the ring, or the data were changed.
        """
        async with self._transaction() as (connection, _):
            row = (await connection.execute(select(inbox.c.event_id, inbox.c.body).where(inbox.c.seq == seq))).one_or_none()
        return None if row is None or row.body is None else self._keys.open(row.body, _context(row.event_id))

    async def entries(self, states: Collection[InboxState], address: str | None, most: int) -> list[Entry]:
        """The rows in these states, in the order in which they came."""
        chosen = select(*_SHOWN).where(inbox.c.state.in_(tuple(states))).order_by(inbox.c.seq).limit(most)
        if address is not None:
            chosen = chosen.where(inbox.c.address == address)
        async with self._transaction() as (connection, _):
            return [_entry(row) for row in (await connection.execute(chosen)).all()]

    async def redeliver(self, seq: int) -> Entry:
        """Make a row due at once; a refused one is undelivered again.

        Raises:
            InboxRowError: there is no such row, it was delivered or dropped, or it lacks a secret that it brought.
        """
        async with self._transaction() as (connection, now):
            row = await self._row(connection, seq)
            if row.state not in (*UNDELIVERED, InboxState.REFUSED):
                raise InboxRowError(f"row {seq} is {row.state}: only what was refused, waits or was received can be delivered again")
            if row.state == InboxState.REFUSED and await self._secrets.lost(connection, row.event_id):
                raise InboxRowError(f"row {seq} brought a secret, destroyed when it was refused: have it sent again, as another event")
            state = InboxState.RECEIVED if row.state == InboxState.REFUSED else row.state
            again = update(inbox).where(inbox.c.seq == seq).values(state=state, next_attempt_at=now, settled_at=None)
            return _entry((await connection.execute(again.returning(*_SHOWN))).one())

    async def drop(self, seq: int, reason: str) -> Entry:
        """A person gives a row up: its body is emptied, its secrets are destroyed, and it no longer stands before others of its address.

        Raises:
            InboxRowError: there is no such row, it has its end, or it is being delivered at this moment.
        """
        async with self._transaction() as (connection, now):
            row = await self._row(connection, seq)
            if row.state not in (*UNDELIVERED, InboxState.REFUSED):
                raise InboxRowError(f"row {seq} is {row.state} already")
            if row.lease_until is not None and row.lease_until > now:
                raise InboxRowError(f"row {seq} is being delivered at this moment: look again in half a minute")
            values = {"state": InboxState.DROPPED, "outcome": {"type": "Dropped", "text": reason}, "body": None, "settled_at": now}
            await self._secrets.destroy_of(connection, row.event_id, now)
            gone = update(inbox).where(inbox.c.seq == seq).values(**values, lease_until=None).returning(*_SHOWN)
            return _entry((await connection.execute(gone)).one())

    async def _row(self, connection: AsyncConnection, seq: int) -> Row[Any]:
        row = (await connection.execute(select(inbox).where(inbox.c.seq == seq).with_for_update())).one_or_none()
        if row is None:
            raise InboxRowError(f"there is no row {seq} in the inbox")
        return row

    async def tallies(self) -> Tallies:
        """How many rows stand in each state, and how old the oldest undelivered one is."""
        async with self._transaction() as (connection, now):
            counted = (await connection.execute(select(inbox.c.state, func.count()).group_by(inbox.c.state))).all()
            oldest = (await connection.execute(select(func.min(inbox.c.received_at)).where(inbox.c.state.in_(UNDELIVERED)))).scalar()
            rows = dict.fromkeys(InboxState, 0) | {InboxState(state): number for state, number in counted}
            return Tallies(rows, None if oldest is None else now - oldest)


def _whose_turn(starts: Collection[str], *, of_one: bool, early: bool) -> Select[int]:
    """The row of each address (or of one) that may be tried, unless somebody is delivering to that address; also before it is due."""
    now = bindparam("now", type_=inbox.c.lease_until.type)
    undelivered = (
        select(
            func.min(inbox.c.seq).label("head"),
            func.min(case((inbox.c.type.in_(starts), inbox.c.seq))).label("start"),
            func.max(inbox.c.lease_until).label("leased"),
        )
        .where(inbox.c.state.in_(UNDELIVERED))
        .group_by(inbox.c.address)
    )
    if of_one:
        undelivered = undelivered.where(inbox.c.address == bindparam("address"))
    of = undelivered.subquery("of_address")
    head = inbox.alias("head")
    turn = case(((head.c.state == InboxState.WAITING) & of.c.start.is_not(None), of.c.start), else_=of.c.head)
    rows = (
        select(inbox.c.seq)
        .select_from(of.join(head, head.c.seq == of.c.head).join(inbox, inbox.c.seq == turn))
        .where(_free(of.c.leased, now))
        .order_by(inbox.c.next_attempt_at, inbox.c.seq)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=inbox)
    )
    return rows if early else rows.where(inbox.c.next_attempt_at <= now)


def _context(event_id: str) -> str:
    return f"inbox:{event_id}"


def _free(lease_until: ColumnElement[Any], now: datetime | ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(lease_until.is_(None), lease_until <= now)


def _held(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    """Still ours: nobody has claimed, dropped or settled the row since."""
    return inbox.c.seq == claim.entry.seq, inbox.c.attempts == claim.attempt, inbox.c.state.in_(UNDELIVERED)


def _entry(row: Any) -> Entry:
    return Entry(
        seq=row.seq,
        event_id=row.event_id,
        type=row.type,
        address=row.address,
        source=row.source,
        state=InboxState(row.state),
        outcome=row.outcome,
        attempts=row.attempts,
        received_at=row.received_at,
        next_attempt_at=row.next_attempt_at,
        settled_at=row.settled_at,
    )
