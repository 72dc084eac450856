"""Money comes: it is matched with the open invoices, and what follows none is returned (7.2)."""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from regulations.messages import CalendarChanged
    from regulations.partner import payment_messages as messages
    from regulations.partner.payment_decisions import Decision, decide
    from regulations.partner.payment_facts import apply
    from regulations.partner.payment_narration import PaymentResult, details, read_out, result
    from regulations.partner.payment_state import KIND, PaymentStage, PaymentState
    from regulations.read_out import ReadOut
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="IncomingPayment")
class IncomingPayment:
    """Its id is ``partner-payment/{reference}``."""

    @workflow.init
    def __init__(self, carried: PaymentState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = PaymentState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=PaymentStage.MATCHING)
        self.docket: Docket[PaymentState, Decision] = Docket(carried or fresh, Rules(apply, decide, details))

    @workflow.run
    async def run(self, carried: PaymentState | None = None) -> PaymentResult:
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

    arrived = receives("arrived", messages.PaymentArrived, "Money came: begins the case")
    assigned = receives("assigned", messages.Assigned, "Finance allocates what the rules could not")
    refunded = receives("refunded", messages.Refunded, "7.2 Finance has returned money")
    waive = receives("waive", messages.WaiveOfPayment, "The escalation role lets an obligation go")
    extend = receives("extend", messages.ExtendOfPayment, "The escalation role sets a later due instant")
    pause = receives("pause", messages.PauseOfPayment, "The escalation role stops a clock")
    resume = receives("resume", messages.ResumeOfPayment, "The clock goes on")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published: what it touches is counted anew")
