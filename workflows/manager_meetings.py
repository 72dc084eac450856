"""The meetings of one support manager: the pack is there an hour of working time before each (8.1)."""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from regulations.messages import CalendarChanged
    from regulations.partner import meeting_messages as messages
    from regulations.partner.meeting_decisions import Decision, decide
    from regulations.partner.meeting_facts import apply
    from regulations.partner.meeting_narration import MeetingsResult, details, read_out, result
    from regulations.partner.meeting_state import KIND, MeetingStage, MeetingState
    from regulations.read_out import ReadOut
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="ManagerMeetings")
class ManagerMeetings:
    """Its id is ``partner-meetings/{manager}``."""

    @workflow.init
    def __init__(self, carried: MeetingState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = MeetingState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=MeetingStage.SCHEDULED)
        self.docket: Docket[MeetingState, Decision] = Docket(carried or fresh, Rules(apply, decide, details))

    @workflow.run
    async def run(self, carried: MeetingState | None = None) -> MeetingsResult:
        """Keeps it until its end."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("nothing has begun: begin through a door", type="Refused")
        while not self.docket.state.ended:
            await self.docket.next()
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
