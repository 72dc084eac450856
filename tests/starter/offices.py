"""A world whose registers are a real database and whose calendar can be exchanged, as a worker is restarted with new data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from activities.planning import Planning
from activities.record import Registers
from regulations.editions import Editions
from regulations.handoff.state import ROLES
from regulations.plans import Address
from regulations.record_batch import RecordBatch
from regulations.time.calendar_spec import CalendarSpec
from regulations.time.working_time import WorkingTime, working_time
from runtime.registers import RegisterWriter
from runtime.tables import obligations
from tests.patience import patiently
from tests.regulations.course import EDITIONS
from tests.regulations.handoff.course import CALENDAR
from tests.workflows.play import Play
from tests.workflows.world import World


def working_days(count: int) -> list[date]:
    """The next working days after today in Moscow."""
    calendar = working_time(CALENDAR)
    today = calendar.local(datetime.now(UTC)).toordinal()
    return [date.fromordinal(calendar.hours.nth_working_day(today, number)) for number in range(1, count + 1)]


def with_closed(*days: date) -> CalendarSpec:
    return replace(CALENDAR, closed=tuple(sorted(days)))


class Office(World):
    """The world of the workflow tests, with the registers in a database."""

    def __init__(self, engine: AsyncEngine, spec: CalendarSpec = CALENDAR, terms: dict[str, str] | None = None) -> None:
        super().__init__()
        self.engine = engine
        self._calendars = {"company": spec}
        roles = {role: Address(email=f"{role}@example.org") for role in ROLES}
        files = [f.model_copy(update={"terms": {**f.terms, **(terms or {})}}) for f in EDITIONS.files]
        self._planning = Planning(company="c", calendars=self._calendars, roles=roles, editions=Editions(files))
        self._registers = Registers(RegisterWriter(engine))

    @property
    def calendar(self) -> WorkingTime:
        return working_time(self._calendars["company"])

    def load(self, spec: CalendarSpec) -> None:
        """What a restart of the workers with new data does."""
        self._calendars["company"] = spec

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        await super().record(batch)
        return await self._registers.record(batch)

    async def transferred(self, client: Client, queue: str) -> Play:
        """A case whose request is there: the contact centre has ten working days for the training (5.3)."""
        play = await self.paid(client, queue)
        await play.request()
        return play

    async def paid(self, client: Client, queue: str) -> Play:
        """A case that waits for the partner's request: its terms end on the next working day."""
        play = Play(client, self)
        await play.sell(queue=queue)
        return play

    async def terms(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The register of obligations, by address and key."""
        async with self.engine.connect() as connection:
            rows = (await connection.execute(select(obligations))).mappings()
            return {(row["address"], row["key"]): dict(row) for row in rows}

    async def recorded(self, count: int, key: str) -> None:
        """Waits until that many cases have a counted obligation of this key in the register."""
        import asyncio

        async with patiently():
            while sum(k == key and row["due"] is not None for (_, k), row in (await self.terms()).items()) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


SOON = timedelta(seconds=2)
"""Patience of a publication in tests."""
