"""The ledger of effects: what we did to the world, under which key, and how far we got.

An effect is claimed before it is done. The claim is a lease: while it lives no other attempt may act under the same key, and
whoever holds it stops acting (by its own timeouts) before it ends. Once done, the stored result is the answer for ever.

Leases are kept in real time, by the database's clock: they are about processes, which are real even where a case's time is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import DatabaseUnavailableError, database_errors, database_now, insert
from runtime.tables import effects

_PAUSES_BEFORE_GIVING_UP = (0.2, 0.8, 2.0)


class Stage(StrEnum):
    """How far an effect got. ``done`` and ``held`` are final."""

    BEGUN = "begun"
    RENDERED = "rendered"
    DATA_BEGUN = "data_begun"
    DONE = "done"
    HELD = "held"


class EffectConflictError(Exception):
    """The key was used before with another input: a person must look, no repeat can help."""


class LeaseHeldError(Exception):
    """Another attempt is acting under this key. ``remaining`` is how long its lease still lives at most."""

    def __init__(self, remaining: timedelta) -> None:
        super().__init__("another attempt holds the lease")
        self.remaining = remaining


class LeaseLostError(Exception):
    """Our own lease ended, or another attempt took over: stop, and do nothing more to the world."""


@dataclass(frozen=True)
class Claim:
    """The right to act under a key until the lease ends."""

    key: str
    attempt: int
    stage: Stage
    handovers: int = 0
    """How often the bytes were handed over with an unknown end: above zero a repeat may be a double."""
    message_id: str | None = None
    payload: bytes | None = None


@dataclass(frozen=True)
class Finished:
    """The effect was finished before: the stored result counts."""

    stage: Stage
    result: JsonValue


class EffectLedger:
    """The protocol of the table ``effects``. Every method is one transaction.

    All methods raise ``DatabaseUnavailableError`` or ``DatabaseRefusedError``; those that take a claim raise ``LeaseLostError`` when it is
    no longer ours.
    """

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime] | None = None) -> None:
        """``clock`` replaces the database's clock in tests."""
        self._engine = engine
        self._clock = clock

    async def _now(self, connection: AsyncConnection) -> datetime:
        return self._clock() if self._clock is not None else await database_now(connection)

    async def claim(self, key: str, kind: str, input_hash: str, lease: timedelta) -> Claim | Finished:
        """Take the right to act under the key, or the result if it was done before.

        Raises EffectConflictError (same key, other kind or input) and LeaseHeldError (another attempt is acting).
        """
        with database_errors():
            async with self._engine.begin() as connection:
                now = await self._now(connection)
                begun = insert(connection, effects).values(
                    key=key,
                    kind=kind,
                    input_hash=input_hash,
                    stage=Stage.BEGUN,
                    lease_attempt=1,
                    lease_until=now + lease,
                    handovers=0,
                    begun_at=now,
                    changed_at=now,
                )
                if (await connection.execute(begun.on_conflict_do_nothing())).rowcount:
                    return Claim(key, 1, Stage.BEGUN)
                row = (await connection.execute(select(effects).where(effects.c.key == key).with_for_update())).one()
                return await self._take_over(connection, row, kind, input_hash, lease)

    async def _take_over(
        self, connection: AsyncConnection, row: Row[Any], kind: str, input_hash: str, lease: timedelta
    ) -> Claim | Finished:
        if row.kind != kind or row.input_hash != input_hash:
            raise EffectConflictError("this key was used with another input")
        stage = Stage(row.stage)
        if stage in (Stage.DONE, Stage.HELD):
            return Finished(stage, row.result)
        now = await self._now(connection)  # again: we may have waited for the row
        if row.lease_until > now:
            raise LeaseHeldError(row.lease_until - now)
        attempt = row.lease_attempt + 1
        taken = update(effects).where(effects.c.key == row.key)
        await connection.execute(taken.values(lease_attempt=attempt, lease_until=now + lease, changed_at=now))
        return Claim(row.key, attempt, stage, row.handovers, row.message_id, row.payload)

    async def freeze(self, claim: Claim, message_id: str, payload: bytes) -> Claim:
        """Keep the rendered bytes: every later attempt sends exactly these."""
        await self._change(claim, stage=Stage.RENDERED, message_id=message_id, payload=payload)
        return replace(claim, stage=Stage.RENDERED, message_id=message_id, payload=payload)

    async def begin_handover(self, claim: Claim) -> Claim:
        """Note, before the first byte goes out, that from now on the end may be unknown."""
        await self._change(claim, stage=Stage.DATA_BEGUN, handovers=claim.handovers + 1)
        return replace(claim, stage=Stage.DATA_BEGUN, handovers=claim.handovers + 1)

    async def handover_refused(self, claim: Claim) -> Claim:
        """Take the last ``begin_handover`` back: the other side said plainly that it took nothing."""
        handovers = claim.handovers - 1
        stage = Stage.DATA_BEGUN if handovers else Stage.RENDERED
        await self._change(claim, stage=stage, handovers=handovers)
        return replace(claim, stage=stage, handovers=handovers)

    async def finish(self, claim: Claim, result: JsonValue) -> None:
        """The effect is done: the result is the answer from now on.

        Also after the lease has ended, as long as no other attempt took over: what happened, happened. Tried for a few
        seconds, since a database that is away at this moment makes a double, or a letter left to a person, of what was done.
        """
        for pause in _PAUSES_BEFORE_GIVING_UP:
            try:
                return await self._change(claim, alive=False, stage=Stage.DONE, result=result)
            except DatabaseUnavailableError:
                await asyncio.sleep(pause)
        await self._change(claim, alive=False, stage=Stage.DONE, result=result)

    async def hold(self, claim: Claim, result: JsonValue) -> None:
        """The effect is stopped and left to a person: the result says so from now on."""
        await self._change(claim, alive=False, stage=Stage.HELD, result=result)

    async def release(self, claim: Claim) -> None:
        """End the lease at once, so that the next attempt need not wait. Does nothing when it is no longer ours."""
        with database_errors():
            async with self._engine.begin() as connection:
                now = await self._now(connection)
                mine = update(effects).where(effects.c.key == claim.key, effects.c.lease_attempt == claim.attempt)
                await connection.execute(mine.values(lease_until=now, changed_at=now))

    async def _change(self, claim: Claim, *, alive: bool = True, **values: Any) -> None:
        with database_errors():
            async with self._engine.begin() as connection:
                now = await self._now(connection)
                mine = update(effects).where(
                    effects.c.key == claim.key,
                    effects.c.lease_attempt == claim.attempt,
                    effects.c.stage.not_in([Stage.DONE, Stage.HELD]),
                )
                if alive:
                    mine = mine.where(effects.c.lease_until > now)
                if not (await connection.execute(mine.values(changed_at=now, **values))).rowcount:
                    raise LeaseLostError("the lease ended before the effect did")


async def stage_of(connection: AsyncConnection, key: str) -> Stage | None:
    """How far an effect got, within the caller's transaction; None: nobody has begun it."""
    stage = (await connection.execute(select(effects.c.stage).where(effects.c.key == key))).scalar_one_or_none()
    return None if stage is None else Stage(stage)


async def withdraw(connection: AsyncConnection, key: str, kind: str, result: JsonValue) -> bool:
    """Give an effect up before anything of it was handed over, within the caller's transaction; its key is never acted under again.

    ``result`` is the answer to whoever claims it later. False, and nothing changed, when an attempt holds the lease, when bytes may have
    gone out, or when it is done.
    """
    now = await database_now(connection)
    never = insert(connection, effects).values(
        key=key,
        kind=kind,
        input_hash="",
        stage=Stage.HELD,
        lease_attempt=0,
        lease_until=now,
        handovers=0,
        result=result,
        begun_at=now,
        changed_at=now,
    )
    if (await connection.execute(never.on_conflict_do_nothing())).rowcount:
        return True
    idle = update(effects).where(
        effects.c.key == key,
        effects.c.handovers == 0,
        effects.c.lease_until <= now,
        effects.c.stage.not_in([Stage.DONE, Stage.HELD]),
    )
    return bool((await connection.execute(idle.values(stage=Stage.HELD, payload=None, result=result, changed_at=now))).rowcount)
