"""The outcomes of the monthly report."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from deploy.demo.smtp_catcher import MailFault
from regulations.handoff.report_case import ReportRequest
from tests.databases import sqlite_in
from tests.regulations.handoff.test_report import row
from tests.replay.played import IDENTITY, Outcome
from tests.workflows.conftest import time_skipping
from tests.workflows.desk import Desk, desk_over, pass_to, start, to_the_first
from tests.workflows.skipping import ended


@asynccontextmanager
async def _on_the_first(folder: Path) -> AsyncIterator[tuple[WorkflowEnvironment, Desk, str, datetime]]:
    """A desk at 00:05 on the first of a month, one client accepted in the month before; that month, and the hour of its report."""
    async with time_skipping(IDENTITY) as env, sqlite_in(folder) as engine, desk_over(engine, folder) as desk, desk.worker(env.client):
        month, hour = await to_the_first(env)
        begins = datetime.fromisoformat(f"{month}-05T09:00:00+00:00")
        await desk.register(row("u1", access_granted_at=begins, at=begins))
        yield env, desk, month, hour


async def _sent_at_its_hour(folder: Path) -> WorkflowHistory:
    async with _on_the_first(folder) as (env, _, month, hour):
        handle = await start(env.client, f"report/handoff/{month}")
        await pass_to(env, hour + timedelta(minutes=1))
        assert (await ended(env, handle)).outcome == "sent"
        return await handle.fetch_history()


async def _late(folder: Path) -> WorkflowHistory:
    """The mail server is away past the close of business."""
    async with _on_the_first(folder) as (env, desk, month, hour):
        desk.mail.fault = MailFault.DOWN
        handle = await start(env.client, f"report/handoff/{month}")
        await pass_to(env, hour + timedelta(hours=9))
        desk.mail.fault = None
        assert (await ended(env, handle)).outcome == "sent"
        assert (await desk.obligation(month)).state == "met_late"
        return await handle.fetch_history()


async def _refused_and_sent(folder: Path) -> WorkflowHistory:
    """The mail server refuses it for good; two hours later somebody has mended that."""
    async with _on_the_first(folder) as (env, desk, month, hour):
        desk.mail.fault = MailFault.NO_SUCH_USER
        handle = await start(env.client, f"report/handoff/{month}")
        await pass_to(env, hour + timedelta(hours=2, minutes=30))
        desk.mail.fault = None
        assert (await ended(env, handle)).outcome == "sent"
        return await handle.fetch_history()


async def _sent(env: WorkflowEnvironment, month: str, hour: datetime) -> None:
    """Another run has sent it."""
    run = await start(env.client, "report/handoff/first", ReportRequest(month=month))
    await pass_to(env, hour + timedelta(minutes=1))
    await ended(env, run)


async def _already_sent(folder: Path) -> WorkflowHistory:
    async with _on_the_first(folder) as (env, _, month, hour):
        await _sent(env, month, hour)
        handle = await start(env.client, f"report/handoff/{month}", ReportRequest(month=month))
        assert (await ended(env, handle)).outcome == "already_sent"
        return await handle.fetch_history()


async def _sent_again(folder: Path) -> WorkflowHistory:
    """Sent already, and forced."""
    async with _on_the_first(folder) as (env, _, month, hour):
        await _sent(env, month, hour)
        handle = await start(env.client, f"report/handoff/{month}", ReportRequest(month=month, resend=True))
        assert (await ended(env, handle)).outcome == "sent"
        return await handle.fetch_history()


OUTCOMES: dict[str, Outcome] = {
    "sent": _sent_at_its_hour,
    "late": _late,
    "refused_and_sent": _refused_and_sent,
    "already_sent": _already_sent,
    "sent_again": _sent_again,
}
