"""The inbox at work: an event is kept, its sender answered, and the event delivered: once, and in order.

Whatever was kept is delivered by this process or, when it dies, by another one: a lease per row says whose turn it is. A crash between
the case's taking of an event and our marking of the row is healed by the case itself, which answers a repeat as a repeat.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import traceback
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol, get_args

from pydantic import JsonValue

from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
from runtime.encryption import EncryptionError
from runtime.inbox import UNDELIVERED, Claim, Entry, InboxState, InboxStore, Incoming
from starter.doors.door import Door, LookUps
from starter.doors.table import STARTS
from starter.inbox.delivery import check_start, look_up, read_event
from starter.inbox.files import take_files
from starter.inbox.incidents import What
from starter.inbox.outcome import NO_CASE, Delivered, DeliveryError, FieldError, Source
from starter.inbox.secrets import take_secrets

log = logging.getLogger("reglament.inbox")

AT_ONCE = timedelta(milliseconds=80)
"""How long a sender waits for the case's own answer."""
LEASE = timedelta(seconds=30)
"""Longer than a delivery may take (``delivery.PATIENCE``): while it lives nobody else delivers to the same address."""
MOST_IN_FLIGHT = 10
"""Deliveries at a time, starts among them: more only makes a Temporal server slower."""
LOOK_AGAIN = timedelta(minutes=5)
"""How often an event for a case that is not there is tried again."""
WAITS_AT_MOST = timedelta(days=7)
"""From its receipt; then it is refused, and a person is told."""
_LONGEST_PAUSE = 60.0
_POLL = 1.0
"""Seconds after which the loop looks for rows that came due, or came in by another process."""
_TOLD_AT_ONCE = frozenset({"cli", "ui"})
"""Doors whose sender is a person who reads the answer: no incident is needed."""

Deliver = Callable[[JsonValue, Source], Awaitable[Delivered]]
"""Hands an event to its case; raises DeliveryError."""


class Alarm(Protocol):
    """Tells a person of an event that no case took."""

    async def write(self, entry: Entry, what: What, reason: str) -> None: ...


@dataclass(frozen=True)
class Answer:
    """What the sender of an event is told: where its row stands now."""

    entry: Entry
    duplicate: bool


class Inbox:
    """Takes events and delivers them. One per process."""

    def __init__(
        self,
        store: InboxStore,
        alarm: Alarm,
        registers: LookUps,
        hash_key: str,
        on_settled: Callable[[Entry, timedelta], None] = lambda entry, delay: None,
        draw: random.Random | None = None,
    ) -> None:
        """Over one table.

        Args:
            store: The rows.
            alarm: Tells a person of an event that no case took.
            registers: Asked before an event is kept.
            hash_key: Gives the addresses of clients of whom only an INN is known.
            on_settled: Told of each row that has its end, with the time since its receipt.
            draw: Gives the jitter.
        """
        self.store = store
        self._alarm = alarm
        self._registers = registers
        self._hash_key = hash_key
        self._on_settled = on_settled
        self._draw = draw or random.Random()  # noqa: S311 - jitter
        self._deliver: Deliver | None = None
        self._stopping = False
        self._news = asyncio.Event()
        self._reserved = 0
        self._chains: set[asyncio.Task[Entry]] = set()
        self._asked: dict[int, asyncio.Future[Entry]] = {}
        self.starts_in_flight = 0

    # --- taking -----------------------------------------------------------------------------------------------------

    async def accept(self, raw: JsonValue, source: Source, patience: timedelta = AT_ONCE, kept: Collection[str] = ()) -> Answer:
        """Keeps an event and tries to deliver it, for as long as ``patience``; the attempt goes on after that.

        When this returns the event is kept for good, whatever became of it so far. The same event again is a duplicate; one that is
        not delivered yet is tried at once. Files and secrets that come inside it are kept apart from it, in the same transaction.

        Args:
            raw: The event as it came.
            source: The door through which it came.
            patience: How long to wait for the case's own answer.
            kept: SHA-256 of files that the caller has kept already: the event may name these, and no others.

        Raises:
            DeliveryError: ``invalid``, or ``refused`` by the starting checks or the look-ups, or it brings a secret and no key is set:
                nothing was kept.
            InboxConflictError: its id is known with another content, or with another secret.
            DatabaseUnavailableError, DatabaseRefusedError: nothing is known to be kept.
        """
        event, secrets = take_secrets(raw)
        event, files = take_files(event, kept)
        door, message, address = read_event(event, source, self._hash_key)
        if secrets and not self.store.keeps_secrets:
            raise _no_keys(door, address)
        try:
            check_start(door, message, address)
            await look_up(door, message, address, self._registers)
        except DeliveryError:
            if await self.store.find(message.key) is None:  # a repeat is a repeat, also when it could not begin a case any more
                raise
        body = json.dumps(door.event_of(message, address), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        incoming = Incoming(message.key, door.event, address, source, body, hashlib.sha256(body).hexdigest(), files, secrets)
        slot = self._take_slot()
        claim = None
        try:
            taken = await self.store.take(incoming, LEASE if slot else None)
            claim = taken.claim
            if slot and taken.duplicate and taken.entry.state in UNDELIVERED:
                claim = await self.store.claim_of(address, LEASE)
        finally:
            if slot and claim is None:
                self._give_slot_back()
        entry = taken.entry
        if claim is not None:
            entry = await self._told_within(patience, entry, claim)
        return Answer(entry, taken.duplicate)

    async def _told_within(self, patience: timedelta, entry: Entry, claim: Claim) -> Entry:
        answer = self._asked.setdefault(entry.seq, asyncio.get_running_loop().create_future())
        chain = self._launch(claim)
        await asyncio.wait({answer, chain}, timeout=patience.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        if self._asked.get(entry.seq) is answer:
            del self._asked[entry.seq]
        return answer.result() if answer.done() else entry

    async def hasten(self, entry: Entry, patience: timedelta) -> tuple[Entry, Entry]:
        """Delivers what stands before a row and the row itself, as far as that can be done now.

        Returns:
            The row, and the row at which it ended: itself, or one before it that cannot be delivered now.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + patience.total_seconds()
        last = entry
        while loop.time() < until:
            claim = await self._claim_of(entry.address)
            if claim is not None:
                last = await self._launch(claim)
            entry = await self.store.entry(entry.seq) or entry
            if entry.state not in UNDELIVERED:
                return entry, entry
            if claim is not None and last.state in UNDELIVERED:
                return entry, last
            if claim is None:
                await asyncio.sleep(0.2)  # somebody else is delivering to this address
        return entry, last

    async def _claim_of(self, address: str) -> Claim | None:
        if not self._take_slot():
            return None
        claim = None
        try:
            claim = await self.store.claim_of(address, LEASE)
        finally:
            if claim is None:
                self._give_slot_back()
        return claim

    # --- delivering -------------------------------------------------------------------------------------------------

    def connect(self, deliver: Deliver) -> None:
        """From now on there is somebody to deliver to."""
        self._deliver = deliver
        self._news.set()

    def disconnect(self) -> None:
        """From now on events are kept, and nothing new is delivered."""
        self._deliver = None

    async def run(self) -> None:
        """The delivery loop: claims what is due, until `stop`."""
        while not self._stopping:
            self._news.clear()
            await self._claim_due()
            try:
                await asyncio.wait_for(self._news.wait(), _POLL)
            except TimeoutError:
                continue

    async def _claim_due(self) -> None:
        slots = 0
        while self._take_slot():
            slots += 1
        claims: list[Claim] = []
        try:
            if slots:
                claims = await self.store.claim(slots, LEASE)
        except (DatabaseUnavailableError, DatabaseRefusedError) as e:
            log.warning("the inbox cannot be read: %s", e)
        finally:
            self._reserved -= slots - len(claims)
        for claim in claims:
            self._launch(claim)

    async def stop(self, grace: timedelta) -> None:
        """Takes nothing more on, lets running deliveries finish for a while, and gives the leases of the others back."""
        self._stopping = True
        self._news.set()
        if self._chains:
            await asyncio.wait(self._chains, timeout=grace.total_seconds())
        for chain in self._chains:
            chain.cancel()
        await asyncio.gather(*self._chains, return_exceptions=True)

    @property
    def in_flight(self) -> int:
        return len(self._chains)

    def _take_slot(self) -> bool:
        if self._deliver is None or self._stopping or self._reserved >= MOST_IN_FLIGHT:
            return False
        self._reserved += 1
        return True

    def _give_slot_back(self) -> None:
        self._reserved -= 1
        self._news.set()

    def _launch(self, claim: Claim) -> asyncio.Task[Entry]:
        """Delivers the row, then what stands behind it, on the slot that was taken for it."""
        chain = asyncio.create_task(self._chain(claim))
        self._chains.add(chain)

        def ended(chain: asyncio.Task[Entry]) -> None:
            self._chains.discard(chain)
            self._give_slot_back()

        chain.add_done_callback(ended)
        return chain

    async def _chain(self, claim: Claim) -> Entry:
        following: Claim | None = claim
        entry = claim.entry
        while following is not None:
            claim = following
            try:
                entry, following = await self._attempt(claim)
            except asyncio.CancelledError:
                await asyncio.shield(self._release(claim))
                raise
            except (DatabaseUnavailableError, DatabaseRefusedError) as e:  # the lease ends by itself, and the case knows a repeat
                log.warning("row %d of the inbox could not be marked: %s", claim.entry.seq, e)
                return claim.entry
            if (asked := self._asked.pop(entry.seq, None)) is not None and not asked.done():
                asked.set_result(entry)
        return entry

    async def _release(self, claim: Claim) -> None:
        try:
            await self.store.release(claim)
        except (DatabaseUnavailableError, DatabaseRefusedError) as e:
            log.warning("row %d of the inbox stays leased until its lease ends: %s", claim.entry.seq, e)

    async def _attempt(self, claim: Claim) -> tuple[Entry, Claim | None]:
        entry, deliver = claim.entry, self._deliver
        if deliver is None:
            await self.store.release(claim)
            return entry, None
        starts = entry.type in STARTS
        self.starts_in_flight += starts
        try:
            done = await deliver(json.loads(self.store.body(claim)), _source(entry))
        except DeliveryError as e:
            return await self._not_taken(claim, e)
        except Exception as e:  # a row that nobody can deliver must not stand in the way of others
            log.error("row %d of the inbox: %s at %s", entry.seq, type(e).__name__, _place(e))
            words = str(e) if isinstance(e, EncryptionError) else "failed unexpectedly; the starter's log says where"
            return await self._put_off(claim, entry.state, _outcome(type(e).__name__, words), self._pause(claim.attempt))
        finally:
            self.starts_in_flight -= starts
        outcome: dict[str, JsonValue] = {k: v for k, v in done.json().items() if k != "case"}
        return await self._settle(claim, InboxState.DELIVERED, outcome)

    async def _not_taken(self, claim: Claim, error: DeliveryError) -> tuple[Entry, Claim | None]:
        entry, outcome = claim.entry, _outcome(error.type, str(error))
        if error.kind == "unavailable":
            return await self._put_off(claim, entry.state, outcome, self._pause(claim.attempt))
        what: What = "event_refused"
        if error.type == NO_CASE:
            limit = entry.received_at + WAITS_AT_MOST
            if claim.claimed_at < limit:
                by = LOOK_AGAIN * self._draw.uniform(0.8, 1.2)
                await self.store.put_off(claim, InboxState.WAITING, outcome, by, limit)
                return replace(entry, state=InboxState.WAITING, outcome=outcome), None
            what = "event_without_case"
        if entry.source not in _TOLD_AT_ONCE:
            await self._alarm.write(entry, what, error.type)
        return await self._settle(claim, InboxState.REFUSED, outcome)

    async def _settle(self, claim: Claim, state: InboxState, outcome: dict[str, JsonValue]) -> tuple[Entry, Claim | None]:
        entry = claim.entry
        # What waits for this case waits before it; only a row that begins the case, or was put back by a person, has any behind it.
        again = claim.attempt > 1
        case_there = entry.type in STARTS or (state is InboxState.DELIVERED and again)
        settled = await self.store.settle(claim, state, outcome, case_there=case_there, lease=None if self._stopping else LEASE)
        if settled is None:
            return await self.store.entry(entry.seq) or entry, None
        ended = replace(entry, state=state, outcome=outcome, settled_at=settled.at)
        self._on_settled(ended, settled.at - entry.received_at)
        return ended, settled.next

    async def _put_off(self, claim: Claim, state: InboxState, outcome: dict[str, JsonValue], by: timedelta) -> tuple[Entry, Claim | None]:
        await self.store.put_off(claim, state, outcome, by)
        return replace(claim.entry, state=state, outcome=outcome), None

    def _pause(self, attempt: int) -> timedelta:
        """From a second to a minute, longer after every attempt, never the same for all."""
        return timedelta(seconds=min(2.0 ** min(attempt - 1, 10), _LONGEST_PAUSE) * self._draw.uniform(0.8, 1.2))


def _no_keys(door: Door, address: str) -> DeliveryError:
    words = "a password is only taken where it can be sealed: set REGLAMENT_ENCRYPTION_KEYS, then send the event again"
    fields = [FieldError(secret.path(secret.given), words) for secret in door.secrets]
    return DeliveryError("refused", "NoEncryptionKeys", words, address, fields)


def _outcome(type: str, words: str) -> dict[str, JsonValue]:
    return {"type": type, "text": words}


def _source(entry: Entry) -> Source:
    known: tuple[Source, ...] = get_args(Source)
    return next(source for source in known if source == entry.source)


def _place(error: Exception) -> str:
    """Where an error was raised; its words may hold values, so the log does without."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
