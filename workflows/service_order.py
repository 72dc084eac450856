"""A partner orders additional services: form, invoice, payment, execution (5.1 to 5.6, 7.1, 7.3), one run per deal.

Promise: the partner is asked for its form, and the invoice made of it leaves at once, but never while it is wrong, and never twice; the
partner hears of every payment; the deal stands in the CRM and in the manager's report; what is paid is executed. The clauses are decided
in `regulations.partner`. Stages: awaiting form → invoicing → awaiting payment → partly paid → paid → done; the other end is withdrawn.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from regulations.messages import CalendarChanged
    from regulations.partner import sale_messages as messages
    from regulations.partner.sale_decisions import Decision, decide
    from regulations.partner.sale_facts import apply
    from regulations.partner.sale_narration import SaleResult, details, read_out, result
    from regulations.partner.sale_state import ORDER, SaleStage, SaleState
    from regulations.read_out import ReadOut
    from workflows.docket import Docket, Rules, receives
    from workflows.invoicing import Invoicing


@workflow.defn(name="ServiceOrder")
class ServiceOrder:
    """Its id is ``partner/{deal}/order``."""

    @workflow.init
    def __init__(self, carried: SaleState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = SaleState(kind=ORDER, address=address, uid=str(workflow.uuid4()), stage=SaleStage.AWAITING_FORM)
        self.docket: Docket[SaleState, Decision] = Docket(carried or fresh, Rules(apply, decide, details))
        self._invoicing = Invoicing(self.docket)

    @workflow.run
    async def run(self, carried: SaleState | None = None) -> SaleResult:
        """Keeps the order until it is paid, executed and nothing is owed any more, or withdrawn."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("nothing has begun: begin through a door, with partner-order.consented", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # a message, an answer, a reminder, a due instant, the hour of a telling
            await self._invoicing.act(todo)  # 5.1 form, 5.2 invoice, 5.4 deal, 7.1 check, 7.3 card
        await self.docket.drain()
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, obligations, next due, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    consented = receives("consented", messages.OrderConsented, "5.1 The partner agrees to pay: begins the order")
    form_received = receives("form_received", messages.FormReceived, "5.2 The customer's form")
    corrected = receives("corrected", messages.Corrected, "7.1 Mends what the check of the invoice has found")
    invoice_made = receives("invoice_made", messages.InvoiceMade, "5.2 An invoice that a person made by hand")
    allocated = receives("allocated", messages.Allocated, "A payment was allocated to the invoice")
    told = receives("told", messages.PartnerTold, "5.3 The partner was told that the money came")
    executed = receives("executed", messages.Executed, "5.6 The executor confirms")
    card_asked = receives("card_asked", messages.CardAsked, "7.3 The client insists on paying to a card")
    card_decided = receives("card_decided", messages.CardDecided, "7.3 The decision on it")
    waive = receives("waive", messages.WaiveOfSale, "The escalation role lets an obligation go")
    extend = receives("extend", messages.ExtendOfSale, "The escalation role sets a later due instant")
    pause = receives("pause", messages.PauseOfSale, "The escalation role stops a clock")
    resume = receives("resume", messages.ResumeOfSale, "The clock goes on")
    withdraw = receives("withdraw", messages.WithdrawOfSale, "Ends the case in an orderly way")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published: what it touches is counted anew")
