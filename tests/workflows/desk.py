"""A company's reports behind a worker: real planning, real registers, a real mail server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.worker import Worker

from activities.record import Registers
from deploy.demo.smtp_catcher import SmtpCatcher
from runtime import tables
from runtime.connection import workflow_runner
from runtime.database import migrate, open_database
from runtime.registers import RegisterWriter
from tests.activities.office import Cases, Office, made_of
from tests.workflows.world import planning
from workflows.handoff_report import HandoffReport

QUEUE = "reports"


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


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """What the databases do differently is tested where they are used."""
    url = f"sqlite:///{tmp_path / 'reports.sqlite'}"
    await migrate(url)
    engine = open_database(url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def desk(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Desk]:
    async with SmtpCatcher(tmp_path / "mail") as mail:
        cases = Cases()
        yield Desk(engine, made_of(engine, mail, cases), cases, mail)
