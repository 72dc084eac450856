"""4.4: on the first working day of the month the report of accepted clients goes to the regional directorate and to finance.

Promise: the report of a month is built once and goes out once, however many runs are started for it; support answers for the term,
and the head of the contact centre hears of a breach. Started by a schedule on the first of each month, without an argument, or by
`reglament report send`. What stands in the report is `regulations.handoff.report`.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.reports import Reports
    from regulations import messages
    from regulations.catalogue import text
    from regulations.handoff import report_case
    from regulations.handoff.report_case import Decision, ReportRequest, ReportResult, ReportState, decide, details, read_out, result
    from regulations.handoff.report_effects import ReportMark, ReportQuestion, ReportToBuild, ReportToSend
    from regulations.read_out import ReadOut
    from workflows import attributes, options
    from workflows.docket import Docket, Rules, receives
    from workflows.local_reads import read


@workflow.defn(name="HandoffReport")
class HandoffReport:
    """The report of one month; by hand its id is ``report/handoff/{month}``."""

    @workflow.init
    def __init__(self, asked: ReportRequest | ReportState | None = None) -> None:
        fresh = report_case.begun(
            asked if isinstance(asked, ReportRequest) else ReportRequest(), workflow.info().workflow_id, str(workflow.uuid4())
        )
        state = asked if isinstance(asked, ReportState) else fresh
        self.docket: Docket[ReportState, Decision] = Docket(state, Rules(report_case.apply, decide, details))

    @workflow.run
    async def run(self, asked: ReportRequest | ReportState | None = None) -> ReportResult:
        """Waits for the hour of the report, has it built and sent, and tries until it is; ends at once where it has been sent before."""
        if self.docket.state.month is None:
            await self._prepare()
        while not self.docket.state.ended:
            todo = await self.docket.next()  # the hour, a reminder, the due instant, an outcome
            if todo.send:
                self.docket.start(self._deliver())
        await self.docket.drain()
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, the obligation, what happened")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    calendar_changed = receives("calendar_changed", messages.CalendarChanged, "A calendar was published: what it touches is counted anew")

    async def _prepare(self) -> None:
        shown = workflow.info().typed_search_attributes
        if shown.get(attributes.CASE_KIND) is None:
            workflow.upsert_search_attributes([attributes.CASE_KIND.value_set("report")])
        state = self.docket.state
        begun = shown.get(attributes.SCHEDULED_START) or workflow.now()
        question = ReportQuestion(month=state.request.month, begun=begun, now=workflow.now())
        summary = text(state.language, "activity", "report_standing")
        standing = await read(Reports.standing, question, summary, options.PLANNING)
        self.docket.learn(lambda s, _: report_case.prepare(s, standing))

    async def _deliver(self) -> None:
        state = self.docket.state
        month, language = state.of.text, state.language
        try:
            built = await workflow.execute_activity_method(
                Reports.build,
                ReportToBuild(month=month, language=language, now=workflow.now()),
                summary=text(language, "activity", "build_report"),
                **options.REPORT,
            )
            if built.sent_at is not None and state.resend_key is None:
                sent_at = built.sent_at
                self.docket.learn(lambda s, _: report_case.learn_already_sent(s, built, sent_at))
                return
            letter = ReportToSend(month=month, key=state.letter_key, language=language, now=workflow.now())
            sent = await workflow.execute_activity_method(
                Reports.send, letter, summary=text(language, "letter", "report/handoff"), **options.CORRESPONDENCE
            )
        except ActivityError as e:  # for good, as things are
            kind = e.cause.type if isinstance(e.cause, ApplicationError) and e.cause.type else "Failed"
            self.docket.learn(lambda s, now: report_case.learn_failure(s, kind, now))
            return
        mark = ReportMark(month=month, at=workflow.now())
        self.docket.learn(lambda s, now: report_case.learn_sent(s, built, sent, letter.key, now))
        await workflow.execute_activity_method(
            Reports.mark_sent, mark, summary=text(language, "activity", "mark_report_sent"), **options.RECORD
        )
