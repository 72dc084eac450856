"""Leads in bulk on one worker: `python -m tests.benchmarks leads [LEADS]`.

So many leads are created by an upload, assigned, and spread over the days of a month, on the parts of ``make up``. All the while a sender
notes stages on other leads, one update after the other; the worker is killed (SIGKILL) in the middle of the assignment and started again.
Prints leads a second for each, the latency of the single updates, and the rate of bare signals that a plain client sends to the same server
in the same run: the server's own limit. Then every item and every row of the register is looked at, and the trails of a sample: nothing may
be lost or doubled.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowHandle

from deploy.demo.stage import Stage
from runtime.bulks import BulkStore
from runtime.centres import CentreReader
from runtime.database import open_database
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.lead_tables import leads
from runtime.process import leave
from starter.doors.table import DOORS
from starter.inbox.delivery import deliver
from starter.inbox.outcome import Delivered, DeliveryError
from starter.views import read_case
from workflows.bulk_action import BulkAction

CENTRE, OTHER = "bench-1", "bench-2"
BY: dict[str, JsonValue] = {"id": "u7", "role": "principal"}
SINGLES = 20
"""Leads of another centre that get the single updates."""
SIGNALS = 2_000
SAMPLE = 50
IN_FLIGHT = 10
"""As many as a bulk action has."""


@dataclass
class Outcome:
    """What came of a run."""

    leads: int
    signals: float = 0.0
    """Bare signals a second."""
    rates: dict[str, float] = field(default_factory=dict)
    """Leads a second, by phase."""
    singles: list[float] = field(default_factory=list)
    """Seconds of the single updates, those that waited for a new worker among them."""
    unanswered: int = 0
    wrong: list[str] = field(default_factory=list)

    def words(self) -> str:
        took = sorted(self.singles)
        rows = [f"bare signals: {self.signals:.0f}/s"]
        rows += [f"{name}: {rate:.1f} leads/s, {rate / self.signals:.2f} of the bare signals" for name, rate in self.rates.items()]
        p95 = took[int(len(took) * 0.95)]
        single = f"{len(took)} single updates meanwhile: p50 {statistics.median(took):.2f} s, p95 {p95:.2f} s, worst {took[-1]:.1f} s"
        rows.append(f"{single}, {self.unanswered} had to be sent again")
        rows.append(f"{self.leads} leads; lost or doubled: {len(self.wrong)}")
        return "\n".join(rows)


class Bench:
    """A run on a stage."""

    def __init__(self, stage: Stage, engine: AsyncEngine, count: int, say: Callable[[str], None]) -> None:
        self.stage, self.engine, self.say = stage, engine, say
        self.store = BulkStore(engine)
        self.outcome = Outcome(count)
        self._run = f"{datetime.now(UTC):%H%M%S}"

    async def tell(self, id: str, type: str, data: dict[str, JsonValue]) -> Delivered:
        """An event, delivered until somebody takes it. Raises DeliveryError: refused."""
        event = {"id": id, "type": type, "occurred_at": datetime.now(UTC).isoformat(), "data": data}
        while True:
            try:
                return await deliver(self.stage.client, event, task_queue="reglament", hash_key="demo")
            except DeliveryError as e:
                if e.kind != "unavailable":
                    raise
                self.outcome.unanswered += 1

    async def centres(self) -> None:
        for code in (CENTRE, OTHER):
            await self.tell(f"{code}-defined", "centre.defined", {**DOORS["centre.defined"].example, "code": code})
        while len(await CentreReader(self.engine).all([CENTRE, OTHER])) < 2:  # noqa: ASYNC110 - the worker's doing
            await asyncio.sleep(0.1)

    async def bare_signals(self) -> None:
        """To workflows that no worker takes up: what the server alone can do."""
        handles = [
            await self.stage.client.start_workflow("Nobody", id=f"bare-{self._run}-{n}", task_queue="nobody") for n in range(IN_FLIGHT)
        ]
        each = SIGNALS // IN_FLIGHT

        async def send(handle: WorkflowHandle[Any, Any]) -> None:
            for number in range(each):
                await handle.signal("bare", number)

        begun = time.perf_counter()
        await asyncio.gather(*(send(handle) for handle in handles))
        self.outcome.signals = each * IN_FLIGHT / (time.perf_counter() - begun)
        await asyncio.gather(*(handle.terminate() for handle in handles))
        self.say(f"bare signals: {self.outcome.signals:.0f}/s")

    async def single_updates(self) -> None:
        """One after the other, until cancelled."""
        clients = [f"single-{n}" for n in range(SINGLES)]
        number = 0
        while True:
            client = clients[number % SINGLES]
            begun = time.perf_counter()
            data: dict[str, JsonValue] = {"client": client, "product": "bureau", "centre": OTHER, "stage": f"stage {number}"}
            await self.tell(f"{client}-{number}", "lead.stage_noted", data)
            self.outcome.singles.append(time.perf_counter() - begun)
            number += 1
            await asyncio.sleep(0.1)

    async def begin_singles(self) -> None:
        for n in range(SINGLES):
            door = DOORS["lead.created"]
            await self.tell(f"single-{n}-created", "lead.created", {**door.example, "client": f"single-{n}", "centre": OTHER})

    async def phase(self, name: str, data: dict[str, JsonValue], *, kill: bool = False) -> None:
        """Runs a bulk action to its end; with ``kill`` the worker dies in its middle."""
        bulk, count = f"{name}-{self._run}", self.outcome.leads
        begun = time.perf_counter()
        await self.tell(f"bulk/{bulk}/start", "bulk.started", {"bulk": bulk, "action": name, "by": BY, **data})
        killed = asyncio.create_task(self._kill_at(bulk, count // 2)) if kill else None
        result = await self.stage.client.get_workflow_handle_for(BulkAction.run, f"bulk/{bulk}").result()
        seconds = time.perf_counter() - begun
        away = await killed if killed is not None else 0.0
        self.outcome.rates[name] = count / (seconds - away)
        without = f", and {away:.0f} s after a kill until items were settled again" if kill else ""
        self.say(f"{name}: {count} leads in {seconds - away:.1f} s{without}; {result.done} done, {result.refused} refused")
        if (result.outcome, result.total, result.done) != ("done", count, count):
            self.outcome.wrong.append(f"{name}: {result}")

    async def _kill_at(self, bulk: str, settled: int) -> float:
        """Kills the worker once so many items are settled, starts it again; the seconds until it goes on."""

        async def more_than(number: int) -> int:
            while (done := (await self.store.counts(bulk)).get("done", 0)) <= number:  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.1)
            return done

        await more_than(settled)
        self.stage.kill_worker()
        dead = time.perf_counter()
        left = (await self.store.counts(bulk)).get("done", 0)
        self.stage.start_worker()
        await more_than(left)
        return time.perf_counter() - dead

    async def upload(self) -> dict[str, JsonValue]:
        """A file of warm and cold leads, kept."""
        rows = ["client,product,type,origin,client_name,phone,centre"]
        origins = ("registration", "cold_call_list")
        rows += [f"b-{n},bureau,service,{origins[n % 2]},ООО Ромашка {n},+7 423 222-10-35,{CENTRE}" for n in range(self.outcome.leads)]
        async with self.engine.begin() as connection:
            sha256 = await FileStore(self.engine, KeyRing.parse("")).put(connection, "\n".join(rows).encode())
        return {"file": sha256, "file_name": "bench.csv"}

    async def registered(self) -> None:
        """Until visibility and the register know every lead."""
        query = f"WorkflowType = 'PotentialSale' AND ServiceCentre = '{CENTRE}'"
        rows = select(func.count()).select_from(leads).where(leads.c.centre == CENTRE)
        while True:
            async with self.engine.connect() as connection:
                known = (await connection.execute(rows)).scalar_one()
            if known >= self.outcome.leads <= (await self.stage.client.count_workflows(query)).count:
                return
            await asyncio.sleep(0.5)

    async def judge(self) -> None:
        """Every row of the register, and the trails of a sample."""
        wrong = self.outcome.wrong
        due = leads.c.planned_on.is_not(None), leads.c.manager == "m4"
        whole = select(func.count(), func.count(leads.c.address.distinct())).where(leads.c.centre == CENTRE, *due)
        async with asyncio.timeout(120):
            while True:
                async with self.engine.connect() as connection:
                    rows, addresses = (await connection.execute(whole)).one()
                if rows >= self.outcome.leads:
                    break
                await asyncio.sleep(0.5)
        if rows != addresses or rows != self.outcome.leads:
            wrong.append(f"the register has {rows} leads at {addresses} addresses")
        draw = random.Random(20_261_122)  # noqa: S311 - the same sample on every machine
        for n in draw.sample(range(self.outcome.leads), min(SAMPLE, self.outcome.leads)):
            told = Counter(fact.what for fact in (await read_case(self.stage.client, f"lead/b-{n}/bureau")).facts)
            if [told[what] for what in ("Created", "ManagerAssigned", "DayPlanned")] != [1, 1, 1]:
                wrong.append(f"lead/b-{n}/bureau was told {dict(told)}")


async def bench(folder: Path, count: int, say: Callable[[str], None] = print) -> Outcome:
    """Runs everything on a stage of its own in this folder."""
    async with Stage(folder, webhooks=True) as stage:
        engine = open_database(stage.database_url)
        run = Bench(stage, engine, count, say)
        await run.centres()
        await run.begin_singles()
        await run.bare_signals()
        singles = asyncio.create_task(run.single_updates())
        await run.phase("create", await run.upload())
        await run.registered()
        query: dict[str, JsonValue] = {"centre": CENTRE, "query": f"ServiceCentre = '{CENTRE}' AND Stage = 'new'"}
        await run.phase("assign", {**query, "quotas": [{"manager": "m4", "leads": count}]}, kill=True)
        today = (datetime.now(UTC) + timedelta(hours=10)).date()
        await run.phase("spread", {**query, "first": today.isoformat(), "last": (today + timedelta(days=30)).isoformat()})
        singles.cancel()
        with suppress(asyncio.CancelledError):
            await singles
        await run.judge()
        await engine.dispose()
    return run.outcome


def main(count: int = 10_000) -> int:
    """Runs it and prints what came of it; 1 when anything was lost or doubled."""
    with tempfile.TemporaryDirectory(prefix="reglament-leads-", ignore_cleanup_errors=True) as folder:
        outcome = asyncio.run(bench(Path(folder), count))
    print(outcome.words())
    for one in outcome.wrong[:20]:
        print(f"  {one}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    leave(main(int(sys.argv[1])) if len(sys.argv) > 1 else main())
