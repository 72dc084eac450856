"""A client manager's daily report and plans of visits (clause 4.4). One run for years, under ``service-diary/{manager}``.

Promise: every working day the report of the day and the plan of the next one are drawn up from the registers, on the last working day
before a week or a month its plan as well; the manager has the drafts in time to confirm them; what it confirms goes to the group head as it
then is, and what nobody has confirmed in time is a breach and goes there as a draft. Days off owe nothing. The clause is decided in
`regulations.onboarding.diary_decisions`.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.service import ServicePapers
    from regulations.catalogue import text
    from regulations.messages import CalendarChanged
    from regulations.onboarding import diary_facts as facts
    from regulations.onboarding import diary_messages as messages
    from regulations.onboarding.diary_decisions import Decision, decide
    from regulations.onboarding.diary_narration import DiaryResult, details, read_out, result
    from regulations.onboarding.diary_state import KIND, DiaryStage, DiaryState, Draw
    from regulations.onboarding.effects import DrawnPapers, PapersQuestion
    from regulations.read_out import ReadOut
    from workflows import options
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="ServiceDiary")
class ServiceDiary:
    """The diary of one manager."""

    @workflow.init
    def __init__(self, carried: DiaryState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = DiaryState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=DiaryStage.KEPT)
        self.docket: Docket[DiaryState, Decision] = Docket(carried or fresh, Rules(facts.apply, decide, details))

    @workflow.run
    async def run(self, carried: DiaryState | None = None) -> DiaryResult:
        """Keeps the diary until the group head ends it."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("nothing has begun: begin through a door, with service-diary.begun", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # a message, an answer, the hour of the drafts, a due instant
            for letter in todo.letters:  # 4.4
                self.docket.start(self.docket.send(letter, facts.learn_letter))
            if todo.draw is not None:  # 4.4
                self.docket.start(self._draw(todo.draw))
            if todo.seek is not None:
                await self._seek(todo.seek)
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

    # --- effects and look-ups: their outcome is one more fact ---

    async def _seek(self, question: PapersQuestion) -> None:
        summary = text(self.docket.state.language, "activity", "next_papers")
        await self.docket.look_up(
            ServicePapers.next_papers,
            question,
            summary,
            options.PLANNING,
            lambda state, answer, now: facts.learn_papers(state, question, answer, now),
        )

    async def _draw(self, draw: Draw) -> None:
        summary = text(self.docket.state.language, "activity", "draw_papers")
        drawn: DrawnPapers | None
        try:
            drawn = await workflow.execute_activity_method(ServicePapers.draw_papers, draw.question, summary=summary, **options.REPORT)
        except ActivityError:  # refused for good
            drawn = None
        self.docket.learn(lambda state, now: facts.learn_drawn(state, draw, drawn, now))
