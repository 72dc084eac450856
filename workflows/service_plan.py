"""A client is served for years: chapter 4 of the regulation of onboarding. One run after the other, under ``service-plan/{client}``."""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from regulations.messages import CalendarChanged
    from regulations.onboarding import plan_messages as messages
    from regulations.onboarding.plan_decisions import Decision, decide
    from regulations.onboarding.plan_facts import apply
    from regulations.onboarding.plan_narration import PlanResult, details, read_out, result
    from regulations.onboarding.plan_state import KIND, PlanStage, PlanState
    from regulations.read_out import ReadOut
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="ServicePlan")
class ServicePlan:
    """The service of one client."""

    @workflow.init
    def __init__(self, carried: PlanState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = PlanState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=PlanStage.ACTIVE)
        self.docket: Docket[PlanState, Decision] = Docket(carried or fresh, Rules(apply, decide, details))

    @workflow.run
    async def run(self, carried: PlanState | None = None) -> PlanResult:
        """Keeps the plan until the group head ends it."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("nothing has begun: begin through a door", type="Refused")
        while not self.docket.state.ended:
            await self.docket.next()
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
