"""A partner renews: invoice, payment, and exactly one next deal (6.1 to 6.3, 7.1, 7.3), one run per deal.

Promise: the invoice under the contract in force leaves at once, but never while it is wrong, and never twice; the CRM knows the exact sum
that is to be paid; the partner hears of every payment (5.3); once all is paid the deal is closed, and one next deal follows it, however
often and by whatever door the payment is told. The clauses are decided in `regulations.partner`.
Stages: invoicing → awaiting payment → partly paid → paid → done; the other end is withdrawn.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.crm import Crm
    from regulations.messages import CalendarChanged
    from regulations.partner import sale_messages as messages
    from regulations.partner.effects import NextDealQuestion
    from regulations.partner.sale_answers import learn_next_deal
    from regulations.partner.sale_decisions import Decision, decide
    from regulations.partner.sale_facts import apply
    from regulations.partner.sale_narration import SaleResult, details, read_out, result
    from regulations.partner.sale_state import RENEWAL, SaleStage, SaleState
    from regulations.read_out import ReadOut
    from workflows import options
    from workflows.docket import Docket, Rules, receives
    from workflows.invoicing import Invoicing


@workflow.defn(name="Renewal")
class Renewal:
    """Its id is ``partner/{deal}/renewal``."""

    @workflow.init
    def __init__(self, carried: SaleState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = SaleState(kind=RENEWAL, address=address, uid=str(workflow.uuid4()), stage=SaleStage.INVOICING)
        self.docket: Docket[SaleState, Decision] = Docket(carried or fresh, Rules(apply, decide, details))
        self._invoicing = Invoicing(self.docket)

    @workflow.run
    async def run(self, carried: SaleState | None = None) -> SaleResult:
        """Keeps the renewal until it is paid, the next deal is there and nothing is owed any more, or withdrawn."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("nothing has begun: begin through a door, with partner-renewal.consented", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # a message, an answer, a reminder, a due instant, the time to look again
            if todo.seek is not None:  # 6.3: the deal that the CRM's automation opens
                self.docket.start(self._seek(todo.seek), dispensable=True)
            await self._invoicing.act(todo)  # 6.1 invoice, 6.2 and 6.3 deals, 7.1 check, 7.3 card
        await self.docket.drain()
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, obligations, next due, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    consented = receives("consented", messages.RenewalConsented, "6.1 The partner is ready to pay: begins the renewal")
    corrected = receives("corrected", messages.Corrected, "7.1 Mends what the check of the invoice has found")
    invoice_made = receives("invoice_made", messages.InvoiceMade, "5.2 An invoice that a person made by hand")
    allocated = receives("allocated", messages.Allocated, "A payment was allocated to the invoice")
    told = receives("told", messages.PartnerTold, "5.3 The partner was told that the money came")
    next_deal_opened = receives("next_deal_opened", messages.NextDealOpened, "6.3 The CRM has opened the next deal")
    card_asked = receives("card_asked", messages.CardAsked, "7.3 The client insists on paying to a card")
    card_decided = receives("card_decided", messages.CardDecided, "7.3 The decision on it")
    waive = receives("waive", messages.WaiveOfSale, "The escalation role lets an obligation go")
    extend = receives("extend", messages.ExtendOfSale, "The escalation role sets a later due instant")
    pause = receives("pause", messages.PauseOfSale, "The escalation role stops a clock")
    resume = receives("resume", messages.ResumeOfSale, "The clock goes on")
    withdraw = receives("withdraw", messages.WithdrawOfSale, "Ends the case in an orderly way")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published: what it touches is counted anew")

    # --- a look-up: its outcome is one more fact ---

    async def _seek(self, question: NextDealQuestion) -> None:
        summary = self._invoicing.word("find_next_deal")
        try:
            answer = await workflow.execute_activity_method(Crm.find_next_deal, question, summary=summary, **options.CRM)
        except ActivityError as e:
            if is_cancelled_exception(e):  # the case is over
                raise
            answer = None
        self.docket.learn(lambda state, now: learn_next_deal(state, answer, now))
