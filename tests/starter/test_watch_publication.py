"""Publishing a calendar to lead watches: the terms of their leads stand in no row of obligations, so that they are told by their zone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from activities.record import Registers
from regulations.control_time import calendar_named, control_name
from regulations.record_batch import RecordBatch
from regulations.replacement.rows import WatchRow
from regulations.time.calendar_change import CalendarDifference, day_table
from regulations.time.working_time import working_time
from runtime.published_calendars import PublishedCalendar, PublishedCalendars
from runtime.registers import RegisterWriter
from runtime.settings import Settings
from starter import telling
from starter.control_times import control_times, to_publish
from starter.publication import Comparison, NothingMoves, Publication, watches_of
from starter.telling import Pace
from tests.databases import sqlite_in
from tests.patience import patiently
from tests.starter.offices import SOON
from tests.workflows.watches import ZONE, Tariff

pytestmark = pytest.mark.usefixtures("alone")
VERSION = "an older one"


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with sqlite_in(tmp_path) as engine:
        yield engine


def comparison(name: str = control_name(ZONE)) -> Comparison:
    """Tomorrow has other hours than before."""
    calendar = working_time(calendar_named(name, {"company": calendar_named(control_name(ZONE), {})}))
    day: date = (datetime.now(UTC) + timedelta(days=1)).date()
    now = datetime.now(UTC)
    return Comparison(
        name, calendar, day_table(calendar), PublishedCalendar(name, VERSION, now, now, {}), CalendarDifference((day,), (), ())
    )


async def publish(tariff: Tariff, **options: Any) -> Any:
    store = PublishedCalendars(tariff.engine)
    work = Publication(tariff.client, store, comparison(), pace=Pace(500), settled=SOON, suspicion=SOON, **options)
    return await work.run()


@pytest.mark.clause("replacement 3.3")
async def test_the_running_watches_of_the_zone_look_at_every_lead_anew_once(
    server: WorkflowEnvironment, sqlite: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    near, far = Tariff(server, sqlite), Tariff(server, sqlite)
    store = PublishedCalendars(sqlite)
    async with near.worker():  # it works for both
        await near.begin()
        await far.begin(zone="Asia/Vladivostok")
        await near.leads("L-1", "L-2")
        await near.until(lambda rows: len(rows) == 2)
        await _registered(near, far)
    monkeypatch.setattr(telling, "ANSWER", 0.5)
    with pytest.raises(NothingMoves, match="1 lead watches did not answer"):
        await publish(near)
    monkeypatch.setattr(telling, "ANSWER", 20)
    async with near.worker():
        assert await watches_of(store, comparison()) == [near.handle.id]
        assert await watches_of(store, comparison("company")) == []
        assert (await publish(near)).told == 1
        async with patiently():
            while not any(step.recount for step in near.steps):  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.05)
        assert {step.address for step in near.steps if step.recount} == {near.handle.id}
        assert "CalendarChanged" not in [fact.what for fact in (await far.read()).facts]
    for tariff in (near, far):
        await tariff.handle.terminate("test over")


async def test_the_zones_of_watched_clients_have_their_control_times(tmp_path: Path, sqlite: AsyncEngine) -> None:
    settings = Settings(company=tmp_path / "company.toml", database_url=SecretStr(f"sqlite:///{tmp_path / 'test.sqlite'}"))
    assert list(await control_times(settings)) == []
    row = WatchRow(seq=1, account="a-1", period="p", zone=ZONE, manager="m@client.example", identifications=1, running=True)
    batch = RecordBatch(case_uid="u", address="lead-watch/a-1/p", kind="lead-watch", edition="e", now=datetime.now(UTC), rows=(row,))
    await Registers(RegisterWriter(sqlite)).record(batch)
    assert await to_publish("control", settings) == [control_name(ZONE)]


async def _registered(*tariffs: Tariff) -> None:
    async with patiently():
        while not all([await tariff.running() for tariff in tariffs]):  # noqa: ASYNC110 - the worker's doing
            await asyncio.sleep(0.05)
