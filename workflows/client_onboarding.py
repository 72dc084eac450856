"""A new regular client passes from sales to service with a visa slip: chapters 1 to 3 of the regulation of onboarding.

Promise: each of the seven visas is owed by name and given by whoever has the right, the payment is waited for, first contact, installation
and report are held with their terms, and the client's service plan begins once it is in service and the system installed.
Stages: collecting visas → in service → done; the other end is withdrawn. The clauses are decided in `regulations.onboarding`.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.billing import Billing
    from activities.crm import Crm
    from activities.tell import CaseTeller
    from regulations.catalogue import text
    from regulations.effects import BillingAnswer, BillingQuestion, CaseMessageToTell, CrmOutcome, CrmRecord, Told
    from regulations.messages import CalendarChanged, PeopleChanged
    from regulations.onboarding import slip_messages as messages
    from regulations.onboarding.slip_decisions import Decision, decide
    from regulations.onboarding.slip_facts import apply, learn_crm, learn_payment, learn_plan
    from regulations.onboarding.slip_narration import SlipResult, details, read_out, result
    from regulations.onboarding.slip_state import KIND, SlipStage, SlipState
    from regulations.read_out import ReadOut
    from workflows import options
    from workflows.docket import Docket, Rules, receives

LOOK_EVERY = timedelta(minutes=30)
"""How often billing is looked into for the payment: far less than the working day that 3.1 leaves from its posting."""


@workflow.defn(name="ClientOnboarding")
class ClientOnboarding:
    """One client's onboarding; its id is ``onboarding/{contract}``."""

    @workflow.init
    def __init__(self, carried: SlipState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = SlipState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=SlipStage.COLLECTING_VISAS)
        self.docket: Docket[SlipState, Decision] = Docket(carried or fresh, Rules(apply, decide, details))

    @workflow.run
    async def run(self, carried: SlipState | None = None) -> SlipResult:
        """Keeps the slip until the client is in service and nothing is owed any more, or until it is withdrawn."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("nothing has begun: begin through a door", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # a message, a reminder, a due instant, what became of an effect
            if todo.await_payment is not None:  # 3.1, 3.2: their terms run from the payment
                self.docket.start(self._await_payment(todo.await_payment), dispensable=True)
            if todo.enter is not None:  # 2.5
                self.docket.start(self._enter_into_crm(todo.enter))
            if todo.begin_plan is not None:  # 4
                self.docket.start(self._begin_plan(todo.begin_plan))
        await self.docket.drain()
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, obligations, next due, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    handed_over = receives("handed_over", messages.HandedOver, "1.1 Sales hands a client over: begins the onboarding")
    visa_given = receives("visa_given", messages.VisaGiven, "2 A visa")
    visa_refused = receives("visa_refused", messages.VisaRefused, "2 An item goes back to its author")
    visa_withdrawn = receives("visa_withdrawn", messages.VisaWithdrawn, "2 A visa is taken back")
    item_mended = receives("item_mended", messages.ItemMended, "2 The author has mended what was refused")
    payment_posted = receives("payment_posted", messages.PaymentPosted, "3.1 The client's payment was posted")
    first_contact = receives("first_contact", messages.FirstContact, "3.1 The first contact, with the agreed time of the installation")
    installed = receives("installed", messages.Installed, "3.2 The system is installed")
    installation_reported = receives("installation_reported", messages.InstallationReported, "3.3 The report on the installation")
    manager_assigned = receives("manager_assigned", messages.ManagerAssigned, "Who serves the client from now on")
    waive = receives("waive", messages.WaiveOfOnboarding, "The escalation role lets an obligation go")
    extend = receives("extend", messages.ExtendOfOnboarding, "The escalation role sets a later due instant")
    pause = receives("pause", messages.PauseOfOnboarding, "The escalation role stops a clock")
    resume = receives("resume", messages.ResumeOfOnboarding, "The clock goes on")
    withdraw = receives("withdraw", messages.WithdrawOfOnboarding, "Ends the case in an orderly way")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published: what it touches is counted anew")
    people_changed = receives("people_changed", PeopleChanged, "Who has which role, or who is absent, has changed")

    # --- effects: started by `run`, awaited by nobody; their outcome is one more fact ---

    async def _await_payment(self, question: BillingQuestion) -> None:
        summary = text(self.docket.state.language, "activity", "await_payment")
        answer: BillingAnswer | None
        try:
            answer = await workflow.execute_activity_method(
                Billing.await_payment, question, summary=summary, **options.payment_poll(LOOK_EVERY)
            )
        except ActivityError as e:
            if is_cancelled_exception(e):  # the case is over
                return
            answer = None
        self.docket.learn(lambda state, now: learn_payment(state, answer, now))

    async def _enter_into_crm(self, record: CrmRecord) -> None:
        summary = text(self.docket.state.language, "activity", "enter_into_crm")
        outcome: CrmOutcome | None
        try:
            outcome = await workflow.execute_activity_method(Crm.enter_into_crm, record, summary=summary, **options.CRM)
        except ActivityError:  # refused for good
            outcome = None
        self.docket.learn(lambda state, now: learn_crm(state, record, outcome, now))

    async def _begin_plan(self, message: CaseMessageToTell) -> None:
        summary = text(self.docket.state.language, "activity", "begin_plan")
        told: Told | None
        try:
            told = await workflow.execute_activity_method(CaseTeller.tell_case, message, summary=summary, **options.TELL)
        except ActivityError:  # not reached in time
            told = None
        self.docket.learn(lambda state, now: learn_plan(state, told, now))
