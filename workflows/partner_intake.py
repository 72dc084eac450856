"""A new partner passes from sales to support: clauses 1.1 to 1.4 and 3.1.

Promise: what sales owes at the hand-over is owed by name (the entry in the marketing table, each part of the main comment), the partner is
accepted by the close of the day after its payment, questions and answers are kept, and the first acceptance begins the partner's account.
Stages: awaiting acceptance → accepted → done; the other end is withdrawn. An accepted partner's intake waits for its payment, from which
the term of 3.1 runs. The clauses are decided in `regulations.partner`.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.tell import CaseTeller
    from regulations.catalogue import text
    from regulations.effects import CaseMessageToTell, Told
    from regulations.messages import CalendarChanged
    from regulations.partner import intake_messages as messages
    from regulations.partner.intake_decisions import Decision, decide
    from regulations.partner.intake_facts import apply, learn_account
    from regulations.partner.intake_narration import IntakeResult, details, read_out, result
    from regulations.partner.intake_state import KIND, IntakeStage, IntakeState
    from regulations.read_out import ReadOut
    from workflows import options
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="PartnerIntake")
class PartnerIntake:
    """One partner's intake; its id is ``partner/{deal}/intake``."""

    @workflow.init
    def __init__(self, carried: IntakeState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = IntakeState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=IntakeStage.AWAITING_ACCEPTANCE)
        self.docket: Docket[IntakeState, Decision] = Docket(carried or fresh, Rules(apply, decide, details))

    @workflow.run
    async def run(self, carried: IntakeState | None = None) -> IntakeResult:
        """Keeps the intake until the partner is accepted and nothing is owed any more, or until it is withdrawn."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("nothing has begun: begin through a door, with partner-intake.moved_to_work", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # a message, a reminder, a due instant, what became of the account
            if todo.begin_account is not None:  # 3.1
                self.docket.start(self._begin_account(todo.begin_account))
        await self.docket.drain()
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, obligations, next due, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    moved_to_work = receives("moved_to_work", messages.MovedToWork, "1.1 The deal is handed over: begins the intake")
    handed_to_marketing = receives("handed_to_marketing", messages.HandedToMarketing, "1.2 The partner stands in the hand-over table")
    agreements_named = receives("agreements_named", messages.AgreementsNamed, "1.3 The main comment of the deal")
    paid = receives("paid", messages.IntakePaid, "3.1 The payment was posted")
    question_asked = receives("question_asked", messages.QuestionAsked, "1.4 The support manager asks sales")
    question_answered = receives("question_answered", messages.QuestionAnswered, "1.4 Sales answers")
    accepted = receives("accepted", messages.PartnerAccepted, "3.1 The partner is accepted into work")
    waive = receives("waive", messages.WaiveOfIntake, "The escalation role lets an obligation go")
    extend = receives("extend", messages.ExtendOfIntake, "The escalation role sets a later due instant")
    pause = receives("pause", messages.PauseOfIntake, "The escalation role stops a clock")
    resume = receives("resume", messages.ResumeOfIntake, "The clock goes on")
    withdraw = receives("withdraw", messages.WithdrawOfIntake, "Ends the case in an orderly way")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published: what it touches is counted anew")

    # --- effects: their outcome is one more fact ---

    async def _begin_account(self, message: CaseMessageToTell) -> None:
        summary = text(self.docket.state.language, "activity", "begin_account")
        told: Told | None
        try:
            told = await workflow.execute_activity_method(CaseTeller.tell_case, message, summary=summary, **options.TELL)
        except ActivityError:  # not reached in time
            told = None
        self.docket.learn(lambda state, now: learn_account(state, told, now))
