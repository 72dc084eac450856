"""A client manager's daily report and plans of visits: clause 4.4. One run after the other, under ``service-diary/{manager}``."""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from regulations.messages import CalendarChanged
    from regulations.onboarding import diary_messages as messages
    from regulations.onboarding.diary_decisions import Decision, decide
    from regulations.onboarding.diary_facts import apply
    from regulations.onboarding.diary_narration import DiaryResult, details, read_out, result
    from regulations.onboarding.diary_state import KIND, DiaryStage, DiaryState
    from regulations.read_out import ReadOut
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="ServiceDiary")
class ServiceDiary:
    """The diary of one manager."""

    @workflow.init
    def __init__(self, carried: DiaryState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = DiaryState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=DiaryStage.KEPT)
        self.docket: Docket[DiaryState, Decision] = Docket(carried or fresh, Rules(apply, decide, details))

    @workflow.run
    async def run(self, carried: DiaryState | None = None) -> DiaryResult:
        """Keeps the diary until the group head ends it."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("nothing has begun: begin through a door", type="Refused")
        while not self.docket.state.ended:
            await self.docket.next()
        await self.docket.drain()
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, obligations, next due, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    begun = receives("begun", messages.DiaryBegun, "The manager serves clients; told again, the newest data stand")
    visit_planned = receives("visit_planned", messages.VisitPlanned, "4.4.2 A visit is planned, with its time")
    visit_cancelled = receives("visit_cancelled", messages.VisitCancelled, "4.4.2 A planned visit does not take place")
    paper_confirmed = receives("paper_confirmed", messages.PaperConfirmed, "4.4 The manager confirms a report or a plan")
    ended = receives("ended", messages.DiaryEnded, "The manager serves no clients any more")
    waive = receives("waive", messages.WaiveOfDiary, "The escalation role lets an obligation go")
    extend = receives("extend", messages.ExtendOfDiary, "The escalation role sets a later due instant")
    pause = receives("pause", messages.PauseOfDiary, "The escalation role stops a clock")
    resume = receives("resume", messages.ResumeOfDiary, "The clock goes on")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published: what it touches is counted anew")
