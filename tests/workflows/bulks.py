"""A world in which bulk actions run over real leads: real registers, tables and doors; the rest as in `LeadWorld`."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from activities.bulk import Bulks, LeadAnswer, LeadAway
from activities.bulk_selection import Selecting, VisibleLeads
from activities.record import Registers
from regulations.lead.bulk_case import BulkResult
from regulations.record_batch import RecordBatch
from runtime.bulks import BulkStore, Item
from runtime.centres import CentreReader
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.lead_tables import centres
from runtime.registers import RegisterWriter
from starter.bulk_door import BulkDoor
from starter.inbox.delivery import deliver
from starter.inbox.outcome import Delivered
from tests.databases import sqlite_in
from tests.regulations.lead.course import MANAGERS, ZONES
from tests.workflows.leads import LeadWorld
from workflows.bulk_action import BulkAction
from workflows.potential_sale import PotentialSale

_numbers = itertools.count(1)
BY: dict[str, JsonValue] = {"id": "u7", "role": "principal"}


class WatchedDoor:
    """The door of bulk actions, which counts what it delivers and can be shut."""

    def __init__(self, door: BulkDoor) -> None:
        self._door = door
        self.told: Counter[str] = Counter()
        """How often each key was delivered."""
        self.shut: Callable[[str], bool] = lambda key: False
        self.after: Callable[[], None] = lambda: None
        """Called after each delivery."""

    async def deliver(self, event: dict[str, JsonValue]) -> LeadAnswer:
        if self.shut(str(event["id"])):
            raise LeadAway("shut")
        answer = await self._door.deliver(event)
        self.told[str(event["id"])] += 1
        self.after()
        return answer


class BulkWorld(LeadWorld):
    """Leads and bulk actions on one database."""

    def __init__(self, engine: AsyncEngine, client: Client, queue: str) -> None:
        super().__init__()
        self.engine, self.client, self.queue = engine, client, queue
        self.store = BulkStore(engine)
        self.files = FileStore(engine, KeyRing.parse(""))
        self.door = WatchedDoor(BulkDoor(client, queue, "key"))
        reader = CentreReader(engine)
        self.bulks = Bulks(self.store, Selecting(self.store, reader, self.files, VisibleLeads(client)), reader, self.door)
        self._registers = Registers(RegisterWriter(engine))

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        self.batches.append(batch)
        return await self._registers.record(batch)

    def activities(self) -> list[Callable[..., Any]]:
        return [*super().activities(), self.bulks.freeze_bulk, self.bulks.bulk_page]

    def works(self, **options: Any) -> Worker:
        """A worker for leads and bulk actions."""
        hasty = {"sticky_queue_schedule_to_start_timeout": timedelta(seconds=1)}  # another worker takes over within the test
        return self.worker(self.client, self.queue, workflows=[PotentialSale, BulkAction], **{**hasty, **options})

    # --- what is done to it -----------------------------------------------------------------------------------------

    async def tell(self, type: str, data: dict[str, JsonValue], id: str | None = None) -> Delivered:
        """An event, delivered as the command line does. Raises DeliveryError."""
        event = {"id": id or f"e-{next(_numbers)}", "type": type, "occurred_at": datetime.now(UTC).isoformat(), "data": data}
        return await deliver(self.client, event, task_queue=self.queue, hash_key="key")

    async def lead(self, client: str, origin: str = "registration", centre: str = "vlad-1", **fields: JsonValue) -> str:
        """Begins a lead and gives its address; a warm one unless the origin says otherwise."""
        given: dict[str, JsonValue] = {
            "client": client,
            "product": "extern",
            "creator": "principal",
            "centre": centre,
            "type": "service",
            "origin": origin,
            "client_name": "ООО Ромашка",
            "contacts": [{"name": "Анна", "phone": "+7 423 222-10-35"}],
            **fields,
        }
        return (await self.tell("lead.created", {name: value for name, value in given.items() if value is not None})).case

    async def start(self, bulk: str, action: str, leads: Sequence[str] = (), **data: Any) -> WorkflowHandle[BulkAction, BulkResult]:
        """Begins a bulk action."""
        whole = {"bulk": bulk, "action": action, "by": BY, **({"centre": "vlad-1"} if action != "create" else {}), **data}
        if leads:
            whole["leads"] = list(leads)
        await self.tell("bulk.started", whole, id=f"bulk/{bulk}/start")
        return self.handle(bulk)

    def handle(self, bulk: str) -> WorkflowHandle[BulkAction, BulkResult]:
        return self.client.get_workflow_handle_for(BulkAction.run, f"bulk/{bulk}")

    async def upload(self, content: bytes) -> str:
        async with self.engine.begin() as connection:
            return await self.files.put(connection, content)

    async def items(self, bulk: str) -> list[Item]:
        return [item async for item in self.store.results(bulk, without_done=False)]


@asynccontextmanager
async def bulk_world(folder: Path, client: Client) -> AsyncIterator[BulkWorld]:
    """A world with the centres of `ZONES` in its register, on a queue of its own."""
    async with sqlite_in(folder) as engine:
        async with engine.begin() as connection:
            await connection.execute(insert(centres), [_centre(code, zone) for code, zone in ZONES.items()])
        yield BulkWorld(engine, client, f"bulks-{next(_numbers)}")


def _centre(code: str, zone: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "case_uid": f"uid-{code}",
        "code": code,
        "name": f"СЦ {code}",
        "zone": zone,
        "email": f"{code}@centres.example",
        "head": f"head@{code}.example",
        "managers": [[m, m.title(), f"{m}@{code}.example"] for m in MANAGERS],
        "products": ["extern"],
        "left_out": code == "vlad-2",
        "left_out_until": None,
        "disconnected": False,
        "version": 1,
        "seq": 1,
        "address": f"service-centre/{code}",
        "case_kind": "centre",
        "edition": "lead-1",
        "decided_at": now,
        "recorded_at": now,
    }


def ahead(days: int) -> str:
    """A day of Vladivostok so many days ahead."""
    return (datetime.now(UTC) + timedelta(hours=10, days=days)).date().isoformat()
