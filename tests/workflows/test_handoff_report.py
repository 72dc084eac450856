"""4.4 on Temporal servers: real planning, real registers, a real mail server; the schedule's start, a breach, repeats, force."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleBackfill,
    ScheduleCalendarSpec,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from deploy.demo.smtp_catcher import MailFault
from regulations.handoff.report_case import ReportRequest, ReportState, begun
from regulations.handoff.report_effects import ReportQuestion, ReportStanding
from regulations.read_out import ReadOut
from runtime import tables
from runtime.connection import workflow_runner
from runtime.reports import ReportStore
from tests.activities.office import attached
from tests.regulations.course import at
from tests.regulations.handoff.test_report import row
from tests.workflows.desk import COMPANY, Desk, desk, pass_to, start, to_the_first
from tests.workflows.replaying import replays
from tests.workflows.skipping import ended
from tests.workflows.world import until
from workflows.handoff_report import HandoffReport

__all__ = ["desk"]


async def case(handle: WorkflowHandle[Any, Any]) -> ReadOut:
    read: ReadOut = await handle.query("case", result_type=ReadOut)
    return read


@pytest.mark.clause("handoff 4.4")
async def test_started_by_the_schedule_it_waits_for_its_hour_and_sends(skipping: WorkflowEnvironment, desk: Desk) -> None:
    async with desk.worker(skipping.client):
        month, hour = await to_the_first(skipping)
        begins = datetime.fromisoformat(f"{month}-05T09:00:00+00:00")
        await desk.register(row("u1", access_granted_at=begins, at=begins))
        handle = await start(skipping.client, "reglament/report/handoff-scheduled")
        await pass_to(skipping, hour - timedelta(seconds=2))
        read = await case(handle)
        assert (read.stage, read.obligations[0].clause, read.obligations[0].state) == ("waiting", "handoff 4.4", "open")
        assert desk.mail.letters == []
        result = await ended(skipping, handle)
        assert (result.outcome, result.month) == ("sent", month)
        assert result.sent_at is not None
        assert timedelta(0) <= result.sent_at - hour < timedelta(minutes=1)
        [letter] = desk.mail.letters
        assert attached(letter) == (f"Принятые клиенты {month}.xlsx", (await desk.stored(month)).content)
        assert letter.subject.endswith(": 1")
        recorded = await desk.obligation(month)
        assert (recorded.state, recorded.met_at, recorded.owner, recorded.escalation) == ("met", result.sent_at, "support", "cc_head")
        assert (await desk.stored(month)).sent_at == result.sent_at
        assert await desk.rows(tables.breaches) == []


@pytest.mark.clause("handoff 4.4")
async def test_mail_away_past_the_close_of_business_is_a_breach_at_the_due_instant_and_met_late(
    skipping: WorkflowEnvironment, desk: Desk
) -> None:
    async with desk.worker(skipping.client):
        month, hour = await to_the_first(skipping)
        desk.mail.fault = MailFault.DOWN
        handle = await start(skipping.client, "report")
        await pass_to(skipping, hour + timedelta(hours=9))
        due = hour + timedelta(hours=8)
        assert (await desk.obligation(month)).state == "overdue"
        [breach] = await desk.rows(tables.breaches)
        assert (breach.entry, breach.due, breach.at) == ("recorded", due, due)
        desk.mail.fault = None
        result = await ended(skipping, handle)
        assert result.sent_at is not None
        assert result.sent_at > due
        assert len(desk.mail.letters) == 1
        recorded = await desk.obligation(month)
        assert (recorded.state, recorded.breached_at, recorded.met_at) == ("met_late", due, result.sent_at)
        notices = {(n.kind, n.role, n.earliest) for n in await desk.rows(tables.notices)}
        assert {(k, r) for k, r, _ in notices} == {("warning", "support"), ("breach", "support"), ("breach", "cc_head")}
        assert {e for k, _, e in notices if k == "breach"} == {due}


@pytest.mark.clause("handoff 4.4")
async def test_run_again_it_sends_nothing_and_forced_the_same_file_in_a_new_letter(skipping: WorkflowEnvironment, desk: Desk) -> None:
    async with desk.worker(skipping.client):
        month, hour = await to_the_first(skipping)
        one = await start(skipping.client, "one", ReportRequest(month=month))
        await pass_to(skipping, hour + timedelta(minutes=1))
        first = await ended(skipping, one)
        await skipping.sleep(timedelta(days=3))
        await desk.register(row("u1"))
        again = await ended(skipping, await start(skipping.client, "two", ReportRequest(month=month)))
        assert (first.outcome, again.outcome) == ("sent", "already_sent")
        assert again.sent_at == first.sent_at
        assert again.digest == first.digest
        assert len(desk.mail.letters) == 1
        before = await desk.rows(tables.obligations), await desk.rows(tables.breaches)
        forced = await ended(skipping, await start(skipping.client, "three", ReportRequest(month=month, resend=True)))
        assert (forced.outcome, forced.digest, forced.sent_at) == ("sent", first.digest, first.sent_at)
        letter, other = desk.mail.letters
        assert attached(letter) == attached(other)
        assert letter.message["Message-ID"] != other.message["Message-ID"]
        assert (await desk.rows(tables.obligations), await desk.rows(tables.breaches)) == before
        assert (await desk.obligation(month)).state == "met"


@pytest.mark.clause("handoff 4.4")
async def test_two_runs_of_a_month_at_once_send_one_letter(skipping: WorkflowEnvironment, desk: Desk) -> None:
    async with desk.worker(skipping.client):
        month, hour = await to_the_first(skipping)
        runs = [await start(skipping.client, f"run-{n}", ReportRequest(month=month)) for n in range(2)]
        await pass_to(skipping, hour)
        results = [await ended(skipping, run) for run in runs]
        assert len(desk.mail.letters) == 1
        assert len({(r.digest, r.month) for r in results}) == 1
        assert (await desk.obligation(month)).state == "met"


@pytest.mark.clause("handoff 4.4")
async def test_refused_by_the_mail_server_it_is_an_incident_and_goes_out_once_that_is_mended(
    skipping: WorkflowEnvironment, desk: Desk
) -> None:
    async with desk.worker(skipping.client):
        month, hour = await to_the_first(skipping)
        desk.mail.fault = MailFault.NO_SUCH_USER
        handle = await start(skipping.client, "report")
        await pass_to(skipping, hour + timedelta(hours=2, minutes=30))
        [incident] = await desk.rows(tables.incidents)
        assert (incident.what, incident.case_uid) == ("report_failed", f"report-handoff-{month}")
        desk.mail.fault = None
        assert (await ended(skipping, handle)).outcome == "sent"
        assert (await desk.obligation(month)).state == "met"
        assert len(desk.mail.letters) == 1


async def test_a_month_that_is_not_over_ends_the_run_with_words(skipping: WorkflowEnvironment, desk: Desk) -> None:
    async with desk.worker(skipping.client):
        month = f"{COMPANY.local(await skipping.get_current_time()):%Y-%m}"
        with pytest.raises(WorkflowFailureError) as failed:
            await ended(skipping, await start(skipping.client, "early", ReportRequest(month=month)))
        cause = failed.value.cause.__cause__
        assert isinstance(cause, ApplicationError)
        assert f"the month {month} is not over" in str(cause)
        assert await ReportStore(desk.engine).heads("handoff") == []


@pytest.mark.clause("handoff 4.4")
async def test_a_schedule_that_starts_late_still_means_the_month_before_its_own_day(server: WorkflowEnvironment, desk: Desk) -> None:
    """The server was away around the first of the month: the run starts a month later or more."""
    asked: list[ReportQuestion] = []

    @activity.defn(name="report_standing")
    async def standing(question: ReportQuestion) -> ReportStanding:
        asked.append(question)
        raise ApplicationError("seen", type="Invalid", non_retryable=True)

    others = [a for a in desk.activities() if getattr(a, "__name__", "") != "standing"]
    spec = ScheduleSpec(
        calendars=[ScheduleCalendarSpec(minute=[ScheduleRange(5)], hour=[ScheduleRange(0)], day_of_month=[ScheduleRange(1)])],
        time_zone_name="Europe/Moscow",
    )
    action = ScheduleActionStartWorkflow("HandoffReport", id="report-late", task_queue="report-late")
    schedule = await server.client.create_schedule("report-late", Schedule(action=action, spec=spec, state=ScheduleState(paused=True)))
    worker = Worker(
        server.client,
        task_queue="report-late",
        workflows=[HandoffReport],
        activities=[*others, standing],
        workflow_runner=workflow_runner(),
    )
    async with worker:
        await schedule.backfill(ScheduleBackfill(start_at=at("2026-01-01 00:00"), end_at=at("2026-01-01 01:00")))
        await until(lambda: bool(asked))
    await schedule.delete()
    assert asked[0].begun == at("2026-01-01 00:05")
    assert asked[0].now > asked[0].begun


async def test_a_run_replays_and_a_long_one_is_handed_over_whole(skipping: WorkflowEnvironment, desk: Desk) -> None:
    async with desk.worker(skipping.client):
        month, hour = await to_the_first(skipping)
        handle = await start(skipping.client, "report", ReportRequest(month=month))
        await pass_to(skipping, hour + timedelta(minutes=1))
        await ended(skipping, handle)
        await replays(handle)
        converter = skipping.client.data_converter
        # Continue-as-new hands the state over as the one argument: it is told from a request.
        state = begun(ReportRequest(month=month, resend=True), "report/handoff/x", "key")
        for given in (state, ReportRequest(month=month), None):
            [read] = await converter.decode(await converter.encode([given]), [ReportRequest | ReportState | None])  # type: ignore[list-item]
            assert read == given
            assert type(read) is type(given)
