"""Money comes: it is matched with the open invoices, and what follows none is allocated by finance or returned (7.2).

Promise: nothing is lost and nothing made; what is allocated, returned and left is always what came. What fits one invoice alone is
allocated at once, and its order or renewal told; what does not is finance's within 3 working days from the posting. The rules are
`regulations.partner.matching`; the ledger takes one step at a time, so that two payments never pay the same open sum.
Stages: matching → settled, or undecided / returning → settled; refused, where the ledger has another payment under the reference.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.payments import Payments
    from activities.tell import CaseTeller
    from regulations.catalogue import text
    from regulations.effects import CaseMessageToTell, Told
    from regulations.messages import CalendarChanged
    from regulations.partner import payment_facts as facts
    from regulations.partner import payment_messages as messages
    from regulations.partner.effects import AssignAnswer, AssignQuestion, PaymentMatch, PaymentQuestion, RefundAnswer, RefundQuestion
    from regulations.partner.payment_decisions import Decision, decide
    from regulations.partner.payment_narration import PaymentResult, details, read_out, result
    from regulations.partner.payment_state import KIND, PaymentStage, PaymentState
    from regulations.read_out import ReadOut
    from workflows import options
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="IncomingPayment")
class IncomingPayment:
    """One payment; its id is ``partner-payment/{reference}``."""

    @workflow.init
    def __init__(self, carried: PaymentState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = PaymentState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=PaymentStage.MATCHING)
        self.docket: Docket[PaymentState, Decision] = Docket(carried or fresh, Rules(facts.apply, decide, details))

    @workflow.run
    async def run(self, carried: PaymentState | None = None) -> PaymentResult:
        """Keeps the payment until all of it pays invoices or was returned, and the cases of the invoices have heard of it."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("nothing has begun: begin through a door, with partner-payment.arrived", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # a message, an answer, a reminder, a due instant
            if todo.match is not None:  # 7.2, 7.3
                self.docket.start(self._match(todo.match))
            if todo.step is not None:  # 7.2
                self.docket.start(self._step(todo.step))
            for message in todo.tell:  # 5.3, 6.3
                self.docket.start(self._tell(message))
        await self.docket.drain()
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, obligations, next due, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    arrived = receives("arrived", messages.PaymentArrived, "Money came: begins the case")
    assigned = receives("assigned", messages.Assigned, "Finance allocates what the rules could not")
    refunded = receives("refunded", messages.Refunded, "7.2 Finance has returned money")
    waive = receives("waive", messages.WaiveOfPayment, "The escalation role lets an obligation go")
    extend = receives("extend", messages.ExtendOfPayment, "The escalation role sets a later due instant")
    pause = receives("pause", messages.PauseOfPayment, "The escalation role stops a clock")
    resume = receives("resume", messages.ResumeOfPayment, "The clock goes on")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published: what it touches is counted anew")

    # --- effects: their outcome is one more fact ---

    def _word(self, name: str, **values: object) -> str:
        return text(self.docket.state.language, "activity", name, **values)[:200]

    async def _match(self, question: PaymentQuestion) -> None:
        answer: PaymentMatch | None
        try:
            answer = await workflow.execute_activity_method(
                Payments.match_payment, question, summary=self._word("match_payment"), **options.RECORD
            )
        except ActivityError:  # refused for good
            answer = None
        self.docket.learn(lambda state, now: facts.learn_match(state, answer, now))

    async def _step(self, question: AssignQuestion | RefundQuestion) -> None:
        answer: AssignAnswer | RefundAnswer | None
        try:
            if isinstance(question, AssignQuestion):
                summary = self._word("assign_payment")
                answer = await workflow.execute_activity_method(Payments.assign_payment, question, summary=summary, **options.RECORD)
            else:
                summary = self._word("enter_refund")
                answer = await workflow.execute_activity_method(Payments.enter_refund, question, summary=summary, **options.RECORD)
        except ActivityError:  # refused for good
            answer = None
        self.docket.learn(lambda state, now: facts.learn_step(state, answer, now))

    async def _tell(self, message: CaseMessageToTell) -> None:
        summary = self._word("tell_allocation", invoice=message.message["invoice"])
        told: Told | None
        try:
            told = await workflow.execute_activity_method(CaseTeller.tell_case, message, summary=summary, **options.TELL)
        except ActivityError:  # not reached in time
            told = None
        self.docket.learn(lambda state, now: facts.learn_told(state, message, told, now))
