"""What happens to a service centre; it has no end, so that a history is the one of its running case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowFailureError, WorkflowHistory

from tests.databases import sqlite_in
from tests.replay.played import IDENTITY, Outcome
from tests.workflows.centres import QUEUE, Region
from tests.workflows.conftest import real_time, time_skipping
from tests.workflows.skipping import ended, until_it_waits
from workflows.service_centre import ServiceCentre


@asynccontextmanager
async def _region(folder: Path) -> AsyncIterator[Region]:
    """A centre that has been defined, with three proposals against it and a lead that notes what it is told."""
    async with time_skipping(IDENTITY) as env, sqlite_in(folder) as engine:
        region = Region(env, engine, 1)
        async with region.worker():
            await region.begin_lead()
            await region.define()
            await region.other("kgd-1")
            await region.propose("p1", "p2", "p3")
            yield region


async def _history(region: Region) -> WorkflowHistory:
    await until_it_waits(region.handle)
    return await region.handle.fetch_history()


async def _quarter(folder: Path) -> WorkflowHistory:
    """Left out until the quarter ends; another zone meanwhile."""
    async with _region(folder) as region:
        await region.decide("left_out_for_quarter")
        await region.until_row(lambda r: r.left_out)
        await region.define(zone="Europe/Kaliningrad")
        until = (await region.until_row(lambda r: r.zone == "Europe/Kaliningrad")).left_out_until
        assert until is not None
        await until_it_waits(region.handle)
        await region.env.sleep(until + timedelta(seconds=1) - await region.now())
        await region.reaches("lapsed")
        await region.until_row(lambda r: not r.left_out)
        return await _history(region)


async def _objections(folder: Path) -> WorkflowHistory:
    """One measure is suspended and holds again, one is withdrawn, one lifted; a decision comes to nothing."""
    async with _region(folder) as region:
        await region.decide("left_out_for_good")
        await region.decide("close_product", proposal="p2")
        await region.object()
        await region.object("p2")
        await region.decide("close_product", proposal="p3")
        await region.rule(upheld=False)
        await region.rule(upheld=True, proposal="p2")
        await region.lift("p3")
        await region.lift("p3")
        await region.reaches("incident.measure_not_in_force")
        await region.until_row(lambda r: r.left_out and "bureau" in r.products)
        return await _history(region)


async def _moved(folder: Path) -> WorkflowHistory:
    """The lead of a measure is told; once it has gone, another measure does not find it."""
    async with _region(folder) as region:
        await region.decide("move", to="kgd-1")
        await region.reaches("told.moved")
        await region.client.get_workflow_handle(region.lead).terminate("over")
        await region.decide("move", "close_product", to="kgd-1", proposal="p2")
        await region.reaches("incident.lead_refused")
        await region.until_row(lambda r: r.products == ["elba"])
        return await _history(region)


async def _start_refused(folder: Path) -> WorkflowHistory:
    async with time_skipping(IDENTITY) as env, sqlite_in(folder) as engine:
        region = Region(env, engine, 1)
        async with region.worker():
            await env.client.start_workflow(ServiceCentre.run, id=region.handle.id, task_queue=QUEUE)
            try:
                await ended(env, region.handle)
            except WorkflowFailureError:
                return await region.handle.fetch_history()
            raise AssertionError("it was to fail")


def _continued(run: int) -> Outcome:
    """The history of the first or of a later run of a centre. Only the real server suggests to continue."""

    async def outcome(folder: Path) -> WorkflowHistory:
        async with real_time(continue_at=60, identity=IDENTITY) as env, sqlite_in(folder) as engine:
            region = Region(env, engine, 1)
            async with region.worker():
                await region.define()
                first = (await region.handle.describe()).run_id
                await region.propose("p1")
                await region.decide("left_out_for_quarter", "close_product")
                await region.until_row(lambda r: r.left_out)
                version = (await region.row()).version
                while (await region.handle.describe()).run_id == first:
                    version += 1
                    await region.define(name=f"СЦ {version}")
                    await region.until_row(lambda r, wanted=version: r.version == wanted)  # type: ignore[misc]
                    await asyncio.sleep(0.2)
                await region.object()
                await region.until_row(lambda r: not r.left_out)
                await asyncio.sleep(0.5)
                id = first if run == 1 else (await region.handle.describe()).run_id
                return await env.client.get_workflow_handle(region.handle.id, run_id=id).fetch_history()

    return outcome


OUTCOMES: dict[str, Outcome] = {
    "quarter": _quarter,
    "objections": _objections,
    "moved": _moved,
    "start_refused": _start_refused,
    "continued_1": _continued(1),
    "continued_2": _continued(2),
}
