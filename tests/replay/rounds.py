"""The outcomes of a round of notices, of a daily digest, and of what service centres are sent."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from deploy.demo.smtp_catcher import MailFault
from regulations.rounds import RoundResult
from tests.activities.notice_office import MONDAY, TEN, VLADIVOSTOK, Office, local
from tests.replay.played import IDENTITY, Outcome
from tests.workflows.conftest import time_skipping
from tests.workflows.rounds import centre_office_in, hold, office_in, worker
from workflows.centre_digest import CentreDigest
from workflows.daily_digest import DailyDigest
from workflows.hot_watch import HotWatch
from workflows.notice_round import NoticeRound


def _held(workflow: Any, at: datetime, ends: RoundResult, rows: tuple[str, ...] = (), fault: MailFault | None = None) -> Outcome:
    """The history of a round that finds a notice for each of these roles, or a digest that finds an overdue duty."""

    async def outcome(folder: Path) -> WorkflowHistory:
        async with time_skipping(IDENTITY) as env, office_in(folder) as office, worker(env.client, office):
            await office.record(*(_row(office, row) for row in rows))
            office.catcher.fault = fault
            id = f"reglament/{'digest' if workflow is DailyDigest else 'notices'}/Europe.Moscow"
            assert await hold(env, workflow, at=at, id=id) == ends
            return await env.client.get_workflow_handle(id).fetch_history()

    return outcome


def _row(office: Office, row: str) -> Any:
    return office.duty() if row == "overdue" else office.notice(role=row)


def _to_centres(workflow: Any, ends: RoundResult, temperature: str | None = None, fault: MailFault | None = None) -> Outcome:
    """The history of a digest or a watch that finds a lead of this temperature, or none."""

    async def outcome(folder: Path) -> WorkflowHistory:
        async with time_skipping(IDENTITY) as env, centre_office_in(folder) as office, worker(env.client, office):
            if temperature is not None:
                await office.lead(temperature=temperature)
            office.catcher.fault = fault
            id = f"reglament/{'centre-digest' if workflow is CentreDigest else 'hot-watch'}/Asia.Vladivostok"
            assert await hold(env, workflow, VLADIVOSTOK, local(VLADIVOSTOK, "2026-11-23 09:00"), id) == ends
            return await env.client.get_workflow_handle(id).fetch_history()

    return outcome


NOTICES: dict[str, Outcome] = {
    "sent": _held(NoticeRound, MONDAY, RoundResult(sent=2), ("cc", "cc_head")),
    "nothing": _held(NoticeRound, MONDAY, RoundResult()),
    "refused": _held(NoticeRound, MONDAY, RoundResult(refused=1), ("cc",), MailFault.NO_SUCH_USER),
    "left": _held(NoticeRound, MONDAY, RoundResult(left=1), ("cc",), MailFault.DOWN),
}
DIGESTS: dict[str, Outcome] = {
    "sent": _held(DailyDigest, TEN, RoundResult(sent=2), ("overdue",)),
    "nothing": _held(DailyDigest, TEN, RoundResult()),
}
CENTRE_DIGESTS: dict[str, Outcome] = {
    "sent": _to_centres(CentreDigest, RoundResult(sent=1), "warm"),
    "nothing": _to_centres(CentreDigest, RoundResult()),
    "refused": _to_centres(CentreDigest, RoundResult(refused=1), "cold", MailFault.NO_SUCH_USER),
}
HOT_WATCHES: dict[str, Outcome] = {
    "sent": _to_centres(HotWatch, RoundResult(sent=1), "hot"),
    "nothing": _to_centres(HotWatch, RoundResult()),
    "left": _to_centres(HotWatch, RoundResult(left=1), "hot", MailFault.DOWN),
}
