"""A company's reports behind a worker: real planning, real registers, a real mail server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.record import Registers
from deploy.demo.smtp_catcher import SmtpCatcher
from regulations.handoff.report_case import ReportRequest, ReportResult
from regulations.time.working_time import working_time
from runtime import tables
from runtime.connection import workflow_runner
from runtime.registers import RegisterWriter
from tests.activities.office import Cases, Office, made_of
from tests.databases import sqlite_in
from tests.regulations.course import at
from tests.regulations.handoff.course import CALENDAR
from tests.workflows.skipping import until_it_waits
from tests.workflows.world import planning
from workflows.handoff_report import HandoffReport

QUEUE = "reports"
COMPANY = working_time(CALENDAR)


class Desk(Office):
    """A company's reports behind a worker."""

    def activities(self) -> list[Callable[..., Any]]:
        plan, made = planning(), self.reports
        record = Registers(RegisterWriter(self.engine)).record
        return [plan.open_case, plan.plan, record, made.standing, made.build, made.send, made.mark_sent]

    def worker(self, client: Client) -> Worker:
        """A worker with the strict sandbox of production."""
        return Worker(client, task_queue=QUEUE, workflows=[HandoffReport], activities=self.activities(), workflow_runner=workflow_runner())

    async def obligation(self, month: str) -> Any:
        """4.4 of a month as the register has it."""
        o = tables.obligations
        async with self.engine.connect() as connection:
            return (await connection.execute(select(o).where(o.c.case_uid == f"report-handoff-{month}"))).one()

    async def rows(self, table: Any) -> list[Any]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(select(table).order_by(table.c.seq))).all())


@asynccontextmanager
async def desk_over(engine: AsyncEngine, folder: Path) -> AsyncIterator[Desk]:
    """A desk with the registers of this database, and its mail in a folder."""
    async with SmtpCatcher(folder / "mail") as mail:
        cases = Cases()
        yield Desk(engine, made_of(engine, mail, cases), cases, mail)


async def start(client: Client, id: str, request: ReportRequest | None = None) -> WorkflowHandle[HandoffReport, ReportResult]:
    """Starts a run, and gives it time to set its timer; without a request as the schedule does."""
    await client.start_workflow("HandoffReport", *([request] if request else []), id=id, task_queue=QUEUE)
    handle: WorkflowHandle[HandoffReport, ReportResult] = client.get_workflow_handle_for(HandoffReport.run, id)
    await until_it_waits(handle)
    return handle


async def pass_to(env: WorkflowEnvironment, moment: datetime) -> None:
    """Lets time pass until then."""
    await env.sleep(moment - await env.get_current_time())


async def to_the_first(env: WorkflowEnvironment) -> tuple[str, datetime]:
    """Moves the clock to 00:05 on the first of a month, as the schedule does; gives the month before and the hour of its report.

    The first of January 2027 as long as it lies ahead: its first working day is the 11th.
    """
    now = await env.get_current_time()
    local = COMPANY.local(now)
    first = COMPANY.local(datetime(local.year, local.month, 1) + timedelta(days=32)).replace(day=1)  # noqa: DTZ001 - local to the calendar
    new_year = at("2027-01-01 00:00")
    first = new_year if now < new_year else first
    await env.sleep(first.astimezone(UTC) + timedelta(minutes=5) - now)
    hour = COMPANY.due("first working day of month at 10:00", first).at.astimezone(UTC)
    assert first != new_year or hour == at("2027-01-11 10:00")
    return f"{COMPANY.local(first) - timedelta(days=1):%Y-%m}", hour


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with sqlite_in(tmp_path) as engine, desk_over(engine, tmp_path) as desk:
        yield desk
