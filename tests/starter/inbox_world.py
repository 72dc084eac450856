"""What stands around an inbox in tests: cases that answer as told, a person who is told, a signer, the app over HTTP in process."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks.webhooks import Webhook

from regulations.editions import load_editions
from runtime.encryption import KeyRing
from runtime.inbox import Entry, InboxState, InboxStore
from starter.doors.look_ups import CompanyLookUps
from starter.doors.table import DOORS, STARTS
from starter.inbox.delivery import read_event
from starter.inbox.files import take_files
from starter.inbox.inbox import Answer, Inbox
from starter.inbox.outcome import Delivered, DeliveryError, Source
from starter.web.app import PLACE, build_app
from starter.web.health import Health
from starter.web.metrics import Metrics
from starter.web.signature import Signatures
from tests.activities.centres import COMPANY
from tests.patience import patiently

SECRET = "whsec_" + base64.b64encode(b"a secret of tests, 32 bytes long").decode()
HASH_KEY = "a hash key of tests"
_numbers = itertools.count(1)


def event(what: str = "first_contact", deal: str = "D-1", **changes: Any) -> dict[str, Any]:
    """An event with an id of its own, that happened now."""
    example = {**DOORS[f"handoff.{what}"].example, "deal": deal, **changes.pop("data", {})}
    now = datetime.now(UTC).isoformat()
    return {"id": f"e-{next(_numbers)}", "type": f"handoff.{what}", "occurred_at": now, "data": example, **changes}


def as_kept(event: Any) -> Any:
    """The event without the contents of its files, as it is kept and delivered."""
    return take_files(event)[0]


class Cases:
    """The cases: which are there, what each was told in which order, and what stands in the way."""

    def __init__(self) -> None:
        self.begun: set[str] = set()
        self.told: list[tuple[str, str]] = []
        """Address and event id, in the order in which they were taken."""
        self.asked: Counter[str] = Counter()
        self.errors: dict[str, Exception] = {}
        """By event id, while it stands there."""
        self.up = True
        self.discreet = False
        """Whoever asks may only know that there is a case."""
        self.pace = 0.0
        self.answering = asyncio.Event()
        """While it is not set, no case answers."""
        self.answering.set()
        self.at_a_time = 0
        self.most_at_a_time = 0
        self.busy: set[str] = set()
        self.sources: dict[str, Source] = {}

    async def deliver(self, raw: Any, source: Source) -> Delivered:
        address, id = read_event(raw, source, HASH_KEY)[2], raw["id"]
        assert address not in self.busy, "two deliveries to one address at a time"
        self.busy.add(address)
        self.at_a_time += 1
        self.most_at_a_time = max(self.most_at_a_time, self.at_a_time)
        self.asked[id] += 1
        self.sources[id] = source
        try:
            await asyncio.sleep(self.pace)
            await self.answering.wait()
            return self._take(raw["type"], address, id)
        finally:
            self.busy.remove(address)
            self.at_a_time -= 1

    def _take(self, type: str, address: str, id: str) -> Delivered:
        if not self.up:
            raise DeliveryError("unavailable", "Temporal", "the Temporal server said UNAVAILABLE", address)
        if (error := self.errors.get(id)) is not None:
            raise error
        if (address, id) in self.told:
            return Delivered(address, True, None, 1, None)
        if type in STARTS:
            if address in self.begun:
                raise DeliveryError("refused", "AlreadyBegun", "this handoff has begun already", address)
            self.begun.add(address)
        elif address not in self.begun:
            raise DeliveryError("refused", "NoCase", f"there is no case {address}", address)
        self.told.append((address, id))
        if self.discreet:
            return Delivered(address, False, None, None, None, "exists")
        return Delivered(address, False, "checking", len(self.told), datetime(2026, 12, 1, 15, tzinfo=UTC))

    def order(self, deal: str = "D-1") -> list[str]:
        return [id for address, id in self.told if address == f"handoff/{deal}"]


class Person:
    """Who is told of events that no case took."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []

    async def write(self, entry: Entry, what: str, reason: str) -> None:
        self.told.append((entry.event_id, what, reason))


class Clock:
    """The inbox's clock: real time, and as much more as a test wants to pass."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)
        self.stands_at: datetime | None = None

    def __call__(self) -> datetime:
        return (self.stands_at or datetime.now(UTC)) + self.ahead


class Patient(Inbox):
    """Waits for the case as long as it takes: a busy machine must not change what a test sees."""

    async def accept(
        self, raw: JsonValue, source: Source, patience: timedelta = timedelta(seconds=10), kept: Collection[str] = ()
    ) -> Answer:
        return await super().accept(raw, source, patience, kept)


class Desk:
    """An inbox with all that stands around it."""

    def __init__(self, engine: AsyncEngine, keys: KeyRing | None = None) -> None:
        self.clock, self.cases, self.person = Clock(), Cases(), Person()
        self.store = InboxStore(engine, keys or KeyRing([os.urandom(32)]), STARTS, self.clock)
        self.metrics = Metrics()
        self.registers = CompanyLookUps(engine, lambda: COMPANY, load_editions)
        self.inbox = self.another_inbox()

    def another_inbox(self) -> Inbox:
        """As of another process over the same table."""
        return Patient(self.store, self.person, self.registers, HASH_KEY, self.metrics.settled)

    async def deliver_due(self, inbox: Inbox | None = None) -> None:
        """One round of the delivery loop, to its end."""
        inbox = inbox or self.inbox
        inbox.connect(self.cases.deliver)
        await inbox._claim_due()
        await asyncio.gather(*inbox._chains)

    @asynccontextmanager
    async def works(self, *, loop: bool = True, connected: bool = True) -> AsyncIterator[Desk]:
        if connected:
            self.inbox.connect(self.cases.deliver)
        running = [asyncio.create_task(self.inbox.run())] if loop else []
        try:
            yield self
        finally:
            await self.inbox.stop(timedelta(seconds=1))
            await asyncio.gather(*running)

    async def state(self, id: str) -> InboxState:
        entry = await self.store.find(id)
        assert entry is not None
        return entry.state

    async def until(self, id: str, state: InboxState) -> Entry:
        async with patiently():
            while True:
                entry = await self.store.find(id)
                if entry is not None and entry.state is state:
                    return entry
                await asyncio.sleep(0.02)


def signed(body: bytes, id: str = "msg-1", at: datetime | None = None, secret: str = SECRET) -> dict[str, str]:
    """The headers of a signed request."""
    at = at or datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, at, body.decode()),
    }


class Sender:
    """Posts to the app in process."""

    def __init__(self, desk: Desk, secrets: str = SECRET, database_url: str = "sqlite://", temporal: bool = True) -> None:
        async def answers() -> bool:
            return temporal

        self.app = build_app(desk.inbox, Signatures(secrets), desk.metrics, Health(database_url, answers))

    async def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://door") as client:
            return await client.request(method, path, **options)

    async def post(self, raw: Any, headers: dict[str, str] | None = None, **changed: str) -> httpx2.Response:
        body = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
        id = raw["id"] if isinstance(raw, dict) and isinstance(raw.get("id"), str) else "msg-1"
        given = signed(body, id) if headers is None else headers
        return await self.request("POST", PLACE, content=body, headers=given | changed)
