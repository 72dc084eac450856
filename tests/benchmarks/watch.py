"""One lead watch with many leads: `python -m tests.benchmarks watch [LEADS]`.

One tariff of so many leads with five calls and a card each is told to one watch on the parts of ``make up``, in messages of 500, each sent
as soon as the one before was taken; one call in ten comes before its lead. Then the balance is noted, and the client's zone changes, so
that every lead is looked at anew. All of it by one workflow: it needs no shards, since leads and calls are rows and its own state does not
grow with them. Prints seconds a message, events and hand-overs of its history, its largest payload, its state as it was handed over; then
every row is looked at: nothing may be lost, doubled or left unlooked at, and no value may come near the limits of the server.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent

from deploy.demo.stage import Stage
from regulations.replacement.messages import MOST
from runtime.database import open_database
from runtime.process import leave
from runtime.replacement_tables import watched_calls, watched_leads
from starter.doors.table import DOORS
from starter.inbox.delivery import deliver
from starter.inbox.outcome import DeliveryError
from starter.views import read_case

CALLS = 5
ACCOUNT, PERIOD = "bench", "2026-10"
ADDRESS = f"lead-watch/{ACCOUNT}/{PERIOD}"
STATE_LIMIT, PAYLOAD_LIMIT = 256_000, 2_000_000
"""Bytes: what we promise of a state that is handed over; what the server takes for one value."""
AGAIN = 0.2
"""Seconds after which what could not be taken is sent again."""


@dataclass
class Outcome:
    """What came of a run."""

    leads: int
    calls: int
    messages: list[float] = field(default_factory=list)
    """Seconds of each message until it was taken, with the waiting of those that were sent again."""
    again: int = 0
    """Messages that were answered as busy."""
    told: float = 0.0
    """Seconds until everything that was told was written and looked at."""
    counted: float = 0.0
    recounted: float = 0.0
    runs: list[int] = field(default_factory=list)
    """Events of each run."""
    state: int = 0
    """Largest state as it was handed over, in bytes."""
    payload: int = 0
    wrong: list[str] = field(default_factory=list)

    def words(self) -> str:
        took, count = sorted(self.messages), len(self.messages)
        p50, p95 = statistics.median(took), took[int(count * 0.95)]
        events = ", ".join(map(str, self.runs))
        return "\n".join(
            [
                f"{self.leads} leads, {self.calls} calls, {self.leads} cards in {count} messages of at most {MOST}",
                f"told, written and looked at in {self.told:.1f} s: {self.told / count:.2f} s a message",
                f"a message was taken in p50 {p50:.2f} s, p95 {p95:.2f} s, worst {took[-1]:.1f} s; {self.again} times it was answered busy",
                f"cards that would pass counted in {self.counted:.1f} s; every lead looked at anew in {self.recounted:.1f} s",
                f"{len(self.runs) - 1} times continued as new; events of the runs: {events}",
                f"largest state handed over: {self.state / 1024:.0f} KiB; largest payload: {self.payload / 1024:.0f} KiB",
                f"wrong: {len(self.wrong)}",
            ]
        )


class Bench:
    """A run on a stage."""

    def __init__(self, stage: Stage, engine: AsyncEngine, leads: int, say: Callable[[str], None]) -> None:
        self.stage, self.engine, self.say = stage, engine, say
        self.outcome = Outcome(leads, leads * CALLS)
        self._number = 0
        self._draw = random.Random(20_261_122)  # noqa: S311 - the same on every machine
        self._now = datetime.now(UTC).replace(microsecond=0)

    async def tell(self, name: str, **data: Any) -> float:
        """An event, delivered until the watch takes it; the seconds that took."""
        self._number += 1
        event = {
            "id": f"bench-{self._number}",
            "type": f"lead-watch.{name}",
            "occurred_at": self._now.isoformat(),
            "data": {"account": ACCOUNT, "period": PERIOD, **data},
        }
        begun = time.perf_counter()
        while True:
            try:
                await deliver(self.stage.client, event, task_queue="reglament", hash_key="demo")
            except DeliveryError as e:
                if e.kind != "unavailable":
                    raise
                self.outcome.again += 1
                await asyncio.sleep(AGAIN)
            else:
                return time.perf_counter() - begun

    async def start(self, zone: str) -> None:
        example = DOORS["lead-watch.started"].example
        await self.tell("started", **{**example, "identifications": self.outcome.leads, "zone": zone, "account": ACCOUNT, "period": PERIOD})

    def _batches(self) -> Iterator[tuple[str, list[JsonValue]]]:
        """Leads of the last four days, their calls and cards, in messages; one call in ten before its lead."""
        count, ago = self.outcome.leads, timedelta(days=4)
        appeared = [self._now - self._draw.random() * ago for _ in range(count)]
        leads: list[JsonValue] = [{"lead": f"L-{n}", "at": at.isoformat()} for n, at in enumerate(appeared)]
        calls: list[JsonValue] = [
            {
                "call": f"c-{n}-{k}",
                "lead": f"L-{n}",
                "at": (at + self._draw.random() * (self._now - at)).isoformat(),
                "answered": self._draw.random() < 0.05,
                "recorded": True,
                "comment": "недозвон, перезвонить завтра",
            }
            for n, at in enumerate(appeared)
            for k in range(CALLS)
        ]
        self._draw.shuffle(calls)
        cards: list[JsonValue] = [
            {"lead": f"L-{n}", "at": self._now.isoformat(), "status": "на замену", "comment": "недозвон"} for n in range(count)
        ]
        early = len(calls) // 10
        for name, items in (("calls", calls[:early]), ("leads", leads), ("calls", calls[early:]), ("cards", cards)):
            for first in range(0, len(items), MOST):
                yield name, items[first : first + MOST]

    async def tell_all(self) -> None:
        """Everything, and until it is written and looked at."""
        events = {"leads": "leads_appeared", "calls": "calls_made", "cards": "cards_changed"}
        begun = time.perf_counter()
        for name, items in self._batches():
            self.outcome.messages.append(await self.tell(events[name], **{name: items}))
        await self._until(self._all_written)
        self.outcome.told = time.perf_counter() - begun
        self.say(f"{len(self.outcome.messages)} messages in {self.outcome.told:.1f} s")

    async def count(self) -> None:
        """1: the cards that would pass."""
        begun = time.perf_counter()
        await self.tell("balance_noted", balance=0)
        async with asyncio.timeout(300):
            while not any(f.what == "possible" for f in (await read_case(self.stage.client, ADDRESS)).facts):  # noqa: ASYNC110 - its doing
                await asyncio.sleep(0.1)
        self.outcome.counted = time.perf_counter() - begun

    async def recount(self) -> None:
        """Another zone: every lead is due at once."""
        before = await self._instants()
        begun = time.perf_counter()
        await self.start("Asia/Kamchatka")
        await self._until(lambda: self._all_moved(before))
        self.outcome.recounted = time.perf_counter() - begun

    async def _until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(1_800):
            while not await condition():  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.1)

    async def _all_written(self) -> bool:
        async with self.engine.connect() as connection:
            calls = (await connection.execute(select(func.count()).select_from(watched_calls))).scalar_one()
            cards = select(func.count(watched_leads.c.appeared_at), func.count(watched_leads.c.card_changed_at))
            return (calls, *(await connection.execute(cards)).one()) == (self.outcome.calls, self.outcome.leads, self.outcome.leads)

    async def _instants(self) -> dict[str, datetime]:
        """When the leads whose terms run are to be looked at."""
        asked = select(watched_leads.c.lead, watched_leads.c.next_at).where(watched_leads.c.next_at.is_not(None))
        async with self.engine.connect() as connection:
            return {row.lead: row.next_at for row in await connection.execute(asked)}

    async def _all_moved(self, before: dict[str, datetime]) -> bool:
        now = await self._instants()
        return all(now.get(lead) != at for lead, at in before.items()) and all(at > datetime.now(UTC) for at in now.values())

    async def judge(self) -> None:
        """Every row, and every run of the history."""
        wrong = self.outcome.wrong
        async with self.engine.connect() as connection:
            leads = set((await connection.execute(select(watched_leads.c.lead))).scalars())
            calls = dict((await connection.execute(select(watched_calls.c.call, watched_calls.c.lead))).tuples().all())
        if leads != {f"L-{n}" for n in range(self.outcome.leads)}:
            wrong.append(f"{len(leads)} leads are kept")
        if calls != {f"c-{n}-{k}": f"L-{n}" for n in range(self.outcome.leads) for k in range(CALLS)}:
            wrong.append(f"{len(calls)} calls are kept, or of other leads")
        run: str | None = None
        while run != "":
            history = await self.stage.client.get_workflow_handle(ADDRESS, run_id=run).fetch_history()
            started = history.events[0].workflow_execution_started_event_attributes
            run = started.continued_execution_run_id
            self.outcome.runs.insert(0, len(history.events))
            if run:
                self.outcome.state = max(self.outcome.state, *(len(p.data) for p in started.input.payloads))
            self.outcome.payload = max(self.outcome.payload, *(len(p.data) for event in history.events for p in payloads(event)), 0)
        if self.outcome.state > STATE_LIMIT:
            wrong.append("a state was too large")
        if self.outcome.payload > PAYLOAD_LIMIT / 4:
            wrong.append("a payload was too near to the limit")


def payloads(message: Message | HistoryEvent) -> Iterator[Payload]:
    """Every payload in an event of a history."""
    if isinstance(message, Payload):
        yield message
        return
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        if descriptor.message_type.GetOptions().map_entry:
            values = list(value.values())
        else:
            values = list(value) if hasattr(value, "__len__") else [value]
        for inner in values:
            if isinstance(inner, Message):
                yield from payloads(inner)


async def bench(folder: Path, leads: int, say: Callable[[str], None] = print) -> Outcome:
    """Runs everything on a stage of its own in this folder; its server suggests a few times to continue as new."""
    messages = leads * (CALLS + 2) // MOST + 4
    suggest = f"limit.historyCount.suggestContinueAsNew={max(60, messages * 3)}"
    async with Stage(folder, server_settings=[suggest]) as stage:
        engine = open_database(stage.database_url)
        run = Bench(stage, engine, leads, say)
        await run.start("Europe/Moscow")
        await run.tell_all()
        await run.count()
        await run.recount()
        await run.judge()
        await engine.dispose()
    return run.outcome


def main(leads: int = 10_000) -> int:
    """Runs it and prints what came of it; 1 when anything was lost, doubled or too large."""
    with tempfile.TemporaryDirectory(prefix="reglament-watch-", ignore_cleanup_errors=True) as folder:
        outcome = asyncio.run(bench(Path(folder), leads))
    print(outcome.words())
    for one in outcome.wrong[:20]:
        print(f"  {one}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    leave(main(int(sys.argv[1])) if len(sys.argv) > 1 else main())
