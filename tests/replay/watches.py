"""The outcomes of a lead watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from tests.databases import sqlite_in
from tests.replay.played import IDENTITY, Outcome, case, passes
from tests.workflows.conftest import real_time
from tests.workflows.watches import QUEUE, Tariff
from workflows.lead_watch import LeadWatch


@asynccontextmanager
async def _tariff(env: WorkflowEnvironment, folder: Path) -> AsyncIterator[Tariff]:
    async with sqlite_in(folder) as engine:
        tariff = Tariff(env, engine, 1)
        async with tariff.worker():
            yield tariff


async def _done(tariff: Tariff) -> None:
    """Reminders, a miss, calls before their lead, another zone, the letter about the balance, the end of the last term."""
    await tariff.begin()
    await tariff.leads("L-1", "L-2")
    await tariff.call("L-3")
    await passes(tariff, hours=5)
    await tariff.call("L-1")
    await tariff.cards("L-1", "L-2")
    await tariff.begin(zone="Europe/Kaliningrad")
    await passes(tariff, hours=2)
    await tariff.leads("L-3")
    await tariff.balance(250)
    await passes(tariff, days=1)
    await tariff.end()


async def _withdrawn(tariff: Tariff) -> None:
    """With a batch on its way, while the database is away."""
    await tariff.begin()
    await tariff.leads("L-1")
    await passes(tariff, hours=1)
    tariff.database_up = False
    await tariff.call("L-1")
    await tariff.withdraw()
    tariff.database_up = True


async def _start_refused(tariff: Tariff) -> None:
    await tariff.client.start_workflow(LeadWatch.run, id=tariff.handle.id, task_queue=QUEUE)


def _continued(run: int) -> Outcome:
    """The history of the first or of the second run of a watch. Only the real server suggests to continue."""

    async def outcome(folder: Path) -> WorkflowHistory:
        async with real_time(continue_at=60, identity=IDENTITY) as env, sqlite_in(folder) as engine:
            tariff = Tariff(env, engine, 1)
            async with tariff.worker():
                await tariff.begin()
                first = (await tariff.handle.describe()).run_id
                leads = 0
                while (await tariff.handle.describe()).run_id == first:
                    leads += 1
                    await tariff.leads(f"L-{leads}")
                    await tariff.until(lambda rows, wanted=leads: len(rows) == wanted)  # type: ignore[misc]
                    await asyncio.sleep(0.2)
                await tariff.call("L-1", answered=True)
                await tariff.until(lambda rows: rows["L-1"]["next_at"] is None)
                await asyncio.sleep(0.5)
                id = first if run == 1 else (await tariff.handle.describe()).run_id
                return await env.client.get_workflow_handle(tariff.handle.id, run_id=id).fetch_history()

    return outcome


OUTCOMES: dict[str, Outcome] = {
    "done": case(_tariff, _done, "done"),
    "withdrawn": case(_tariff, _withdrawn, "withdrawn"),
    "start_refused": case(_tariff, _start_refused, "failed"),
    "continued_1": _continued(1),
    "continued_2": _continued(2),
}
