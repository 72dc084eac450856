"""A manager's meetings on a server (partner 8.1): two in a row, a mail server that is away, workers that come and go, a run that goes on
as new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner

from regulations.partner.meeting_messages import MeetingMoved, WithdrawOfMeetings
from tests.regulations.partner.intakes import HEAD_OF_SUPPORT
from tests.workflows.meetings import Office
from tests.workflows.play import to_monday
from tests.workflows.replaying import replays
from workflows import docket


@pytest.mark.clause("partner 8.1")
async def test_two_meetings_in_a_row_have_their_packs_in_time_and_a_mail_server_away_makes_the_third_late(
    skipping: WorkflowEnvironment, engine: AsyncEngine
) -> None:
    """Meetings on Tuesdays at 12:00, due at 11:00; the manager has prepared nothing. The worker dies between the first two."""
    await to_monday(skipping)
    office = Office(skipping, engine)
    await office.book.partner("u-1", number=1, manager=office.manager, next_step="", noted_at=None)
    async with office.worker(max_cached_workflows=0):
        await office.schedule("tue", "12:00")
        due = (await office.read()).obligations[0].due
        assert due is not None
        assert due.strftime("%A %H:%M") == "Tuesday 08:00"
        await office.pass_to(due)
    async with office.worker(max_cached_workflows=0):
        await office.pass_to(due + timedelta(days=7))
        packs = [(at, letter) for at, letter in office.letters if len(letter.to) == 2]
        assert [at <= due + timedelta(days=7 * week) for week, (at, _) in enumerate(packs)] == [True, True]
        assert {letter.to for _, letter in packs} == {("head_of_support@company.example", "director_for_partners@company.example")}
        assert None not in [await office.files.get(letter.files[0].sha256) for _, letter in packs]
        assert [letter.template for _, letter in office.letters].count("partner/gaps") == 2
        office.mail_up = False
        await office.pass_to(due + timedelta(days=14, minutes=10))
        assert office.breaches == ["recorded"]
        office.mail_up = True
        await office.pass_to(due + timedelta(days=14, minutes=50))
        third = (await office.read()).obligations[2]
        assert (third.state, third.due) == ("met_late", due + timedelta(days=14))
        assert office.breaches == ["recorded", "met_late"]
        await replays(office.handle)


@pytest.mark.clause("partner 8.1")
async def test_a_run_that_goes_on_as_new_keeps_schedule_and_meetings(
    server: WorkflowEnvironment, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docket, "MOST_MESSAGES", 4)
    office = Office(server, engine)
    async with office.worker(workflow_runner=UnsandboxedWorkflowRunner()):
        ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)
        await office.schedule("mon", "12:00")
        first = office.handle
        run = (await first.describe()).run_id
        day = (await office.read()).obligations[0].key.partition("/")[2]
        for number in range(4):
            await office.say("moved", MeetingMoved, meeting=day, to=ahead + timedelta(hours=number))
        old = server.client.get_workflow_handle(office.handle.id, run_id=run)
        assert (await old.describe()).status is WorkflowExecutionStatus.CONTINUED_AS_NEW
        case = await office.read()
        newest = [o for o in case.obligations if o.key == f"8.1/{day}/5"]
        assert [o.started_at for o in newest] == [ahead + timedelta(hours=3)]
        assert "MeetingsScheduled" in [fact.what for fact in case.facts]
        await office.say("withdraw", WithdrawOfMeetings, reason="менеджер уволен", by=HEAD_OF_SUPPORT)
        result = await office.handle.result()
        assert (result.outcome, result.breaches) == ("withdrawn", 0)
