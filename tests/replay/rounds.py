"""The outcomes of a round of notices and of a daily digest."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from deploy.demo.smtp_catcher import MailFault
from regulations.rounds import RoundResult
from tests.activities.test_notices import MONDAY, TEN, Office
from tests.replay.played import IDENTITY, Outcome
from tests.workflows.conftest import time_skipping
from tests.workflows.rounds import hold, office_in, worker
from workflows.daily_digest import DailyDigest
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
