"""The meetings of one support manager: the pack is there an hour of working time before each (8.1). One run for years, under
``partner-meetings/{manager}``.

Promise: there is always a meeting of the manager's own schedule that is known; its pack is built from the registers shortly before it is
due and goes to the head of support and to the director for partners; the manager is reminded in time of what is still missing in it.
Meetings are moved and cancelled by name. The clause is decided in `regulations.partner.meeting_decisions`.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.portfolio import Portfolio
    from regulations.catalogue import text
    from regulations.messages import CalendarChanged
    from regulations.partner import meeting_facts as facts
    from regulations.partner import meeting_messages as messages
    from regulations.partner.effects import MeetingQuestion, Pack
    from regulations.partner.meeting_decisions import Decision, decide
    from regulations.partner.meeting_narration import MeetingsResult, details, read_out, result
    from regulations.partner.meeting_state import KIND, Build, MeetingStage, MeetingState
    from regulations.read_out import ReadOut
    from workflows import options
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="ManagerMeetings")
class ManagerMeetings:
    """The meetings of one manager."""

    @workflow.init
    def __init__(self, carried: MeetingState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = MeetingState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=MeetingStage.SCHEDULED)
        self.docket: Docket[MeetingState, Decision] = Docket(carried or fresh, Rules(facts.apply, decide, details))

    @workflow.run
    async def run(self, carried: MeetingState | None = None) -> MeetingsResult:
        """Keeps the meetings until the head of support ends them."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("no schedule was accepted: begin through a door, with partner-meetings.scheduled", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # a message, an answer, a meeting, its pack, a reminder, a due instant
            for build in todo.builds:  # 8.1, 8.2
                self.docket.start(self._build(build))
            for letter in todo.letters:  # 8.1
                self.docket.start(self.docket.send(letter, facts.learn_letter))
            if todo.seek is not None:
                await self._seek(todo.seek)
        await self.docket.drain()
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, obligations, next due, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    scheduled = receives("scheduled", messages.MeetingsScheduled, "8.1 The manager's own schedule; told again, the newest stands")
    moved = receives("moved", messages.MeetingMoved, "8.1 A meeting takes place at another time")
    cancelled = receives("cancelled", messages.MeetingCancelled, "8.1 A meeting does not take place")
    waive = receives("waive", messages.WaiveOfMeetings, "The escalation role lets an obligation go")
    extend = receives("extend", messages.ExtendOfMeetings, "The escalation role sets a later due instant")
    pause = receives("pause", messages.PauseOfMeetings, "The escalation role stops a clock")
    resume = receives("resume", messages.ResumeOfMeetings, "The clock goes on")
    withdraw = receives("withdraw", messages.WithdrawOfMeetings, "The manager has no meetings any more")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published: what it touches is counted anew")

    # --- effects and look-ups: their outcome is one more fact ---

    async def _seek(self, question: MeetingQuestion) -> None:
        summary = text(self.docket.state.language, "activity", "next_meeting")
        await self.docket.look_up(
            Portfolio.next_meeting,
            question,
            summary,
            options.PLANNING,
            lambda state, answer, now: facts.learn_meeting(state, question, answer, now),
        )

    async def _build(self, build: Build) -> None:
        summary = text(self.docket.state.language, "activity", build.letter)
        pack: Pack | None
        try:
            pack = await workflow.execute_activity_method(Portfolio.build_pack, build.question, summary=summary, **options.REPORT)
        except ActivityError:  # refused for good
            pack = None
        self.docket.learn(lambda state, now: facts.learn_pack(state, build, pack, now))
