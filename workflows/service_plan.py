"""A client is served for years: chapter 4 of the regulation of onboarding. One run after the other, under ``service-plan/{client}``.

Promise: the client's system is updated in each period of the contract (4.1), its users are certified in time (4.2), its payments looked for
before anybody is told that one is missing (4.3); a competitor's action is told at once (4.5), and a need begins a sale (4.6). What was done
is rows in registers, and what is over leaves numbers here: so it lives for years. The clauses are decided in `regulations.onboarding`.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.billing import Billing
    from activities.crm import Crm
    from activities.tell import CaseTeller
    from regulations.catalogue import text
    from regulations.effects import BillingQuestion, CaseMessageToTell, CrmOutcome, CrmRecord, Told
    from regulations.messages import CalendarChanged
    from regulations.onboarding import plan_messages as messages
    from regulations.onboarding.plan_decisions import Decision, decide
    from regulations.onboarding.plan_diary import learn_diary
    from regulations.onboarding.plan_facts import apply
    from regulations.onboarding.plan_narration import PlanResult, details, read_out, result
    from regulations.onboarding.plan_payments import billing_is_slow, learn_billing
    from regulations.onboarding.plan_sales import learn_deal
    from regulations.onboarding.plan_state import KIND, PlanStage, PlanState
    from regulations.read_out import ReadOut
    from workflows import options
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="ServicePlan")
class ServicePlan:
    """The service of one client."""

    @workflow.init
    def __init__(self, carried: PlanState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = PlanState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=PlanStage.ACTIVE)
        self.docket: Docket[PlanState, Decision] = Docket(carried or fresh, Rules(apply, decide, details), for_years=True)

    @workflow.run
    async def run(self, carried: PlanState | None = None) -> PlanResult:
        """Keeps the plan until the group head ends it."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("nothing has begun: a plan begins when its client passes to service", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # a message, an answer, a reminder, a due instant, the beginning of a period
            for deal in todo.deals:  # 4.6
                self.docket.start(self._enter(deal))
            if todo.begin_diary is not None:  # 4.4
                self.docket.start(self._begin_diary(todo.begin_diary))
            if todo.look_up is not None:  # 4.3
                await self._look_up(todo.look_up)
        await self.docket.drain()
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, obligations, next due, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    begun = receives("begun", messages.PlanBegun, "The client has passed to service; told again, the newest data stand")
    visit_made = receives("visit_made", messages.VisitMade, "4.1, 4.7 A visit")
    certificate_issued = receives("certificate_issued", messages.CertificateIssued, "4.2 A user is certified")
    payment_posted = receives("payment_posted", messages.PlanPaymentPosted, "4.3 The client's payment was posted")
    competitor_acted = receives("competitor_acted", messages.CompetitorActed, "4.5 A competitor has acted")
    need_found = receives("need_found", messages.NeedFound, "4.6 A need: begins a sale")
    contact_noted = receives("contact_noted", messages.ContactNoted, "4.9 The client was advised or informed")
    document_passed = receives("document_passed", messages.DocumentPassed, "4.8 A document has passed")
    figures_noted = receives("figures_noted", messages.FiguresNoted, "4.10 to 4.13 The client in figures")
    ended = receives("ended", messages.PlanEnded, "The client is no longer served")
    waive = receives("waive", messages.WaiveOfPlan, "The escalation role lets an obligation go")
    extend = receives("extend", messages.ExtendOfPlan, "The escalation role sets a later due instant")
    pause = receives("pause", messages.PauseOfPlan, "The escalation role stops a clock")
    resume = receives("resume", messages.ResumeOfPlan, "The clock goes on")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published: what it touches is counted anew")

    # --- effects and the look-up: their outcome is one more fact ---

    async def _look_up(self, question: BillingQuestion) -> None:
        summary = self._word("look_up_plan_payment")
        await self.docket.look_up(Billing.look_up_billing, question, summary, options.BILLING, learn_billing)
        if self.docket.state.asking:  # it did not answer at once
            self.docket.learn(billing_is_slow)

    async def _enter(self, record: CrmRecord) -> None:
        outcome: CrmOutcome | None
        try:
            outcome = await workflow.execute_activity_method(Crm.enter_into_crm, record, summary=self._word("enter_need"), **options.CRM)
        except ActivityError:  # the CRM refuses it
            outcome = None
        self.docket.learn(lambda state, now: learn_deal(state, record, outcome, now))

    async def _begin_diary(self, message: CaseMessageToTell) -> None:
        told: Told | None
        try:
            told = await workflow.execute_activity_method(CaseTeller.tell_case, message, summary=self._word("begin_diary"), **options.TELL)
        except ActivityError:  # not reached in time
            told = None
        self.docket.learn(lambda state, now: learn_diary(state, message, told, now))

    def _word(self, name: str) -> str:
        """The summary of an activity."""
        return text(self.docket.state.language, "activity", name)
