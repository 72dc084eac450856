"""Secrets of clients (replacement 5.1: the password to a client's own CRM): kept sealed, shown on the record, destroyed for good.

A secret never stands in an event, a case, a log or an error: these hold its reference, which is made of the event's id and says nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, database_now, reading
from runtime.database import insert as insert_once
from runtime.encryption import EncryptionError, KeyRing
from runtime.replacement_tables import secret_reads, secrets
from runtime.tables import inbox

LONGEST = 1000
"""Characters of a secret; at least one."""


class SecretError(Exception):
    """A secret cannot be shown; the text says why, and names references and addresses only."""


@dataclass(frozen=True)
class SecretRead:
    """Somebody was shown a secret."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class KeptSecret:
    """A secret as people may see it: all but the secret."""

    ref: str
    address: str
    """Of the case that it belongs to."""
    kept_at: datetime
    destroyed_at: datetime | None
    reads: tuple[SecretRead, ...] = ()


@dataclass(frozen=True)
class ShownSecret:
    """A secret that may be shown now: the record says so already."""

    secret: KeptSecret
    value: str = field(repr=False)


def reference(event_id: str, place: str) -> str:
    """The reference to the secret that stood at a place of an event. The same event gives the same, whatever its secret is."""
    return f"{_stem(event_id)}{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def _stem(event_id: str) -> str:
    return f"s-{hashlib.sha256(event_id.encode()).hexdigest()[:40]}-"


class SecretStore:
    """Keeps secrets under a ring of keys; without keys it keeps none. The methods without a connection are one transaction each.

    All methods raise DatabaseUnavailableError or DatabaseRefusedError; within the caller's transaction the caller turns these errors.
    """

    def __init__(self, engine: AsyncEngine, keys: KeyRing) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine
        self._keys = keys

    @property
    def keeps(self) -> bool:
        """Whether there is a key to seal with."""
        return self._keys.seals

    async def keep(self, connection: AsyncConnection, given: Mapping[str, str], address: str, now: datetime) -> None:
        """Keep secrets by their references, as part of the caller's transaction. A reference that is known stays as it is.

        Raises:
            EncryptionError: there is no key: a secret is never kept in the clear.
        """
        if given and not self.keeps:
            raise EncryptionError("no REGLAMENT_ENCRYPTION_KEYS are set: a secret cannot be kept")
        for ref, value in given.items():
            row = insert_once(connection, secrets).values(
                ref=ref, sealed=self._keys.seal(value.encode(), _context(ref)), address=address, kept_at=now
            )
            await connection.execute(row.on_conflict_do_nothing(index_elements=["ref"]))

    async def same(self, connection: AsyncConnection, given: Mapping[str, str]) -> bool:
        """Whether these are the secrets that are kept. One that was destroyed, or is not kept, cannot be told from any other.

        Raises:
            EncryptionError: its key is not in the ring.
        """
        rows = await connection.execute(select(secrets.c.ref, secrets.c.sealed).where(secrets.c.ref.in_(given)))
        known = [(given[row.ref], self._keys.open(row.sealed, _context(row.ref))) for row in rows if row.sealed is not None]
        return all(hmac.compare_digest(value.encode(), kept) for value, kept in known)

    async def destroy_of(self, connection: AsyncConnection, event_id: str, now: datetime) -> None:
        """No case takes this event: destroy what it brought, as part of the caller's transaction."""
        await _destroy(connection, secrets.c.ref.startswith(_stem(event_id)), now)

    async def lost(self, connection: AsyncConnection, event_id: str) -> bool:
        """Whether this event brought a secret that is destroyed by now."""
        gone = select(secrets.c.ref).where(secrets.c.ref.startswith(_stem(event_id)), secrets.c.sealed.is_(None))
        return (await connection.execute(gone.limit(1))).first() is not None

    async def destroy(self, ref: str, now: datetime) -> None:
        """The case ends: destroy its secret. Once more changes nothing, and a reference that is not known is nothing.

        With it goes what an earlier case of this address left behind because somebody ended it by hand. What an event brought that is
        still undelivered stays: it may begin the next case. On SQLite the sealed bytes are overwritten in the file; the database's log
        and backups keep them for as long as they keep anything.
        """
        with database_errors():
            async with self._engine.begin() as connection:
                address = (await connection.execute(select(secrets.c.address).where(secrets.c.ref == ref))).scalar()
                coming = select(inbox.c.event_id).where(inbox.c.address == address, inbox.c.settled_at.is_(None))
                undelivered = [secrets.c.ref.startswith(_stem(id)) for (id,) in await connection.execute(coming)]
                others = (secrets.c.address == address) & (secrets.c.kept_at <= now)
                for stem in undelivered:
                    others &= not_(stem)
                await _destroy(connection, (secrets.c.ref == ref) | others, now)

    async def show(self, address: str, by: str, reason: str, ref: str | None = None) -> ShownSecret:
        """The secret of a case, once the record of who was shown it is committed.

        Args:
            address: The case.
            by: Who asks: an id of the company's directory.
            reason: Why.
            ref: Which one, where several are kept.

        Raises:
            SecretError: there is none, it was destroyed, or there are several.
            EncryptionError: its key is not in the ring; the record of the attempt stays.
        """
        with database_errors():
            async with self._engine.begin() as connection:
                chosen = _chosen(await _of(connection, address), address, ref)
                sealed = (await connection.execute(select(secrets.c.sealed).where(secrets.c.ref == chosen.ref))).scalar_one()
                at = await database_now(connection)
                await connection.execute(insert(secret_reads).values(ref=chosen.ref, at=at, by=by, reason=reason))
        return ShownSecret(chosen, self._keys.open(sealed, _context(chosen.ref)).decode())

    async def of_case(self, address: str) -> list[KeptSecret]:
        """The secrets of a case, destroyed ones among them, the newest first, each with who was shown it."""
        with database_errors():
            async with reading(self._engine).connect() as connection:
                return await _of(connection, address)


def _context(ref: str) -> str:
    return f"secret:{ref}"


def _chosen(kept: Sequence[KeptSecret], address: str, ref: str | None) -> KeptSecret:
    if ref is not None:
        kept = [one for one in kept if one.ref == ref]
    if not kept:
        raise SecretError(f"no secret is kept for {address}" + (f" under {ref}" if ref is not None else ""))
    there = [one for one in kept if one.destroyed_at is None]
    if not there:
        gone = max(one.destroyed_at for one in kept if one.destroyed_at is not None)
        raise SecretError(f"the secret of {address} was destroyed at {gone:%Y-%m-%d %H:%M:%S} UTC: it can be shown no more")
    if len(there) > 1:
        raise SecretError(f"several secrets are kept for {address}: choose one by its reference: {', '.join(one.ref for one in there)}")
    return there[0]


async def _of(connection: AsyncConnection, address: str) -> list[KeptSecret]:
    columns = (secrets.c.ref, secrets.c.address, secrets.c.kept_at, secrets.c.destroyed_at)
    kept = (await connection.execute(select(*columns).where(secrets.c.address == address))).all()
    reads: dict[str, list[SecretRead]] = {row.ref: [] for row in kept}
    if kept:
        shown = select(secret_reads).where(secret_reads.c.ref.in_(reads)).order_by(secret_reads.c.n)
        for read in await connection.execute(shown):
            reads[read.ref].append(SecretRead(read.at, read.by, read.reason))
    found = [KeptSecret(row.ref, row.address, row.kept_at, row.destroyed_at, tuple(reads[row.ref])) for row in kept]
    return sorted(found, key=lambda one: (one.kept_at, one.ref), reverse=True)


async def _destroy(connection: AsyncConnection, which: ColumnElement[Any], now: datetime) -> None:
    if connection.dialect.name == "sqlite":  # else the bytes stay in a free part of the file
        await connection.exec_driver_sql("PRAGMA secure_delete = ON")
    gone = update(secrets).where(secrets.c.sealed.is_not(None), which)
    await connection.execute(gone.values(sealed=None, destroyed_at=now))
