"""Publishing new data of the production calendar to leads: the hot ones of every zone are counted anew, no warm or cold one is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.testing import WorkflowEnvironment

from activities import calendars as of_the_company
from activities.record import Registers
from regulations.control_time import calendar_named, control_name
from regulations.record_batch import RecordBatch
from regulations.time.calendar_change import CalendarDifference, day_table
from regulations.time.calendar_spec import CalendarSpec
from regulations.time.working_time import WorkingTime, working_time
from runtime.published_calendars import PublishedCalendar, PublishedCalendars
from runtime.registers import RegisterWriter
from runtime.tables import obligations
from starter.publication import Comparison, Publication, compare, touched_terms
from starter.telling import Pace
from tests.databases import sqlite_in
from tests.patience import patiently
from tests.runtime.test_published_calendars import DAY, NOW, write
from tests.starter.offices import SOON
from tests.workflows.leads import Lead, LeadWorld, lead_on

pytestmark = pytest.mark.usefixtures("alone")
ZONES = {"vlad-1": "Asia/Vladivostok", "kgd-1": "Europe/Kaliningrad"}


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with sqlite_in(tmp_path) as engine:
        yield engine


class LeadOffice(LeadWorld):
    """Leads whose registers are real, and whose production calendar can be exchanged as by a release."""

    def __init__(self, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.engine = engine
        self.closed: tuple[date, ...] = ()
        self._registers = Registers(RegisterWriter(engine))
        monkeypatch.setattr(of_the_company, "calendar_named", self.calendar_named)

    def calendar_named(self, name: str, calendars: Any) -> CalendarSpec:
        return replace(calendar_named(name, calendars), closed=self.closed)

    def control(self, zone: str) -> WorkingTime:
        return working_time(self.calendar_named(control_name(zone), {}))

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        await super().record(batch)
        return await self._registers.record(batch)

    async def terms(self) -> dict[tuple[str, str], dict[str, Any]]:
        async with self.engine.connect() as connection:
            rows = (await connection.execute(select(obligations))).mappings()
            return {(row["address"], row["clause"]): dict(row) for row in rows}

    async def counted(self, leads: list[Lead]) -> dict[tuple[str, str], dict[str, Any]]:
        """The register, once the terms of all these leads stand there."""
        async with patiently():
            while True:
                rows = await self.terms()
                if {address for (address, _), row in rows.items() if row["due"] is not None} >= {lead.handle.id for lead in leads}:
                    return rows
                await asyncio.sleep(0.1)


@pytest.mark.clause("lead 7.1")
async def test_a_new_day_off_moves_the_hot_leads_of_every_zone_and_touches_no_warm_or_cold_one(
    server: WorkflowEnvironment, sqlite: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The days on which the warm and the cold ones are due become days off as well: calendar days know none."""
    office = LeadOffice(sqlite, monkeypatch)
    store, queue = PublishedCalendars(sqlite), "control-publication"
    async with office.worker(server.client, queue):
        leads = {(code, temperature): lead_on(server, queue=queue) for code in ZONES for temperature in ("hot", "warm", "cold")}
        for zone in ZONES.values():
            known = office.control(zone)
            await store.store_first(control_name(zone), known.version, day_table(known), datetime.now(UTC))
        for (code, temperature), lead in leads.items():
            await lead.create(code, temperature=temperature)
        before = await office.counted(list(leads.values()))
        office.closed = tuple(sorted({row["due"].date() + timedelta(days=d) for row in before.values() for d in (-1, 0, 1)}))
        for zone in ZONES.values():
            found = await compare(store, control_name(zone), office.control(zone))
            done = await Publication(server.client, store, found, pace=Pace(500), settled=SOON * 5, suspicion=SOON).run()
            assert (done.told, done.moved, done.ended) == (1, 1, {})
            assert (await compare(store, control_name(zone), office.control(zone))).difference.changed == ()
        after = await office.terms()
        moved = {id for id in before if after[id]["due"] != before[id]["due"]}
        assert moved == {(leads[code, "hot"].handle.id, "7.2.1") for code in ZONES}
        for code, zone in ZONES.items():
            row = after[leads[code, "hot"].handle.id, "7.2.1"]
            assert row["due"] == office.control(zone).due("3 working hours", row["started_at"]).at.astimezone(UTC)
            for temperature in ("warm", "cold"):
                assert "CalendarChanged" not in {fact.what for fact in (await leads[code, temperature].read()).facts}
        for lead in leads.values():
            await lead.handle.terminate("test over")


# --- what the register says -----------------------------------------------------------------------------------------


def comparison(**days: tuple[date, ...]) -> Comparison:
    calendar = working_time(calendar_named("control/Europe/Moscow", {}))
    around = (DAY - timedelta(days=30), DAY, DAY + timedelta(days=30))
    changed = CalendarDifference(**{"changed": around, "closed": (DAY,), "opened": (), **days})
    return Comparison("company", calendar, {}, PublishedCalendar("company", "v1", NOW, NOW, {}), changed)


@pytest.mark.parametrize(
    ("state", "days", "found"),
    [
        ("open", {}, False),
        ("overdue", {}, False),
        ("met_late", {}, False),
        ("open", {"shifted": (DAY,)}, True),
        ("open", {"shifted": (DAY - timedelta(days=1), DAY + timedelta(days=1))}, False),
        ("overdue", {"shifted": (DAY,)}, False),
    ],
)
async def test_a_term_of_calendar_days_is_touched_by_another_offset_of_its_last_day_alone(
    engine: AsyncEngine, state: str, days: dict[str, tuple[date, ...]], found: bool
) -> None:
    due = datetime(2026, 11, 18, 12, tzinfo=UTC)
    await write(engine, "u1", "7.2.2/1", state=state, due=due, span_from=DAY + timedelta(days=1), span_to=DAY)
    touched = [term.id async for term in touched_terms(PublishedCalendars(engine), comparison(**days))]
    assert touched == ([("u1", "7.2.2/1")] if found else [])


async def test_a_paused_term_of_calendar_days_has_the_days_of_its_pause(engine: AsyncEngine) -> None:
    await write(engine, "u1", "7.2.2/1", due=None, span_from=DAY, span_to=DAY)
    assert [term.id async for term in touched_terms(PublishedCalendars(engine), comparison())] == [("u1", "7.2.2/1")]
