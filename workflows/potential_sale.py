"""A client's interest in a product, worked on by a service centre: the regulation of potential sales, one run per lead.

Promise: there is one lead for a client and a product; it is taken into work within the term of its temperature, in the centre's zone;
bookings, transitions and moves keep to the clauses; what is missed is recorded, told, and proposed for a measure on which a person decides.
Statuses: new → in progress → completed or declined; blocked once another centre's booking has taken over; withdrawn. A *connection* of
another centre takes the same address over without a moment in which neither lead exists. The clauses are decided in `regulations.lead`.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.leads import Leads
    from regulations.catalogue import text
    from regulations.lead import facts, messages
    from regulations.lead.decisions import Decision, decide
    from regulations.lead.effects import ClientQuestion, InvoiceQuestion
    from regulations.lead.narration import LeadResult, details, read_out, result
    from regulations.lead.state import KIND, LeadState, Status
    from regulations.messages import CalendarChanged
    from regulations.read_out import ReadOut
    from workflows import options
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="PotentialSale")
class PotentialSale:
    """One lead; its id is ``lead/{client}/{product}``."""

    @workflow.init
    def __init__(self, carried: LeadState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = LeadState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=Status.NEW)
        self.docket: Docket[LeadState, Decision] = Docket(carried or fresh, Rules(facts.apply, decide, details))

    @workflow.run
    async def run(self, carried: LeadState | None = None) -> LeadResult:
        """Keeps the lead until it is completed, declined, blocked or withdrawn."""
        if self.docket.state.created is None:  # the creation was refused, or somebody started this by hand
            raise ApplicationError("no creation was accepted: start a lead through a door, with lead.created", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # a message, a reminder, a due instant, the end of a booking
            if todo.link is not None:  # 4.1.1 to 4.1.3: a paid invoice closes it
                self.docket.start(self._link(todo.link))
            for letter in todo.letters:  # 3.3, 5.2.1: a hot lead is told at once
                self.docket.start(self.docket.send(letter, facts.learn_letter), dispensable=True)
            if todo.look_up is not None:  # 4.1.1, 4.1.3, 5.2.1, 8.2.4
                await self._look_up(todo.look_up)
        await self.docket.drain()  # billing or mail that is away holds up no end, and no other centre's lead
        if self.docket.state.successor is not None:  # 3.6: the other centre's lead takes over under the same id
            workflow.continue_as_new(facts.succeed(self.docket.state, str(workflow.uuid4()), workflow.now()))
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: status, obligations, next due, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    created = receives("created", messages.Created, "3.1, 5.3 An enquiry: begins the lead, or updates the one there is")
    contact_made = receives("contact_made", messages.ContactMade, "8.2.3 A call, a meeting, an e-mail with the client")
    taken_into_work = receives("taken_into_work", messages.TakenIntoWork, "3.5.2 In progress; needs a contact record")
    postponed = receives("postponed", messages.Postponed, "6.3 Put off to a future instant")
    stage_noted = receives("stage_noted", messages.StageNoted, "8.1.2 A stage of the work")
    invoice_linked = receives("invoice_linked", messages.InvoiceLinked, "4.1 An invoice is linked; paid, it completes the lead")
    completed = receives("completed", messages.Completed, "4.1.4, 4.1.5 Completed with a comment")
    declined = receives("declined", messages.Declined, "3.5.4 The client declined")
    type_changed = receives("type_changed", messages.TypeChanged, "8.1.3 The type is set right")
    contacts_changed = receives("contacts_changed", messages.ContactsChanged, "8.2.4 The contacts are set right")
    manager_assigned = receives("manager_assigned", messages.ManagerAssigned, "6.1 A manager of the centre gets it")
    day_planned = receives("day_planned", messages.DayPlanned, "6.2 The day on which it is to be worked on")
    moved = receives("moved", messages.Moved, "5.2.1, 5.2.2, 9.1 It moves to another centre")
    deleted = receives("deleted", messages.Deleted, "9.2 A measure: closed as withdrawn")
    violation_reported = receives("violation_reported", messages.ViolationReported, "8.2 Something forbidden is reported")
    waive = receives("waive", messages.WaiveOfLead, "The sales support service lets an obligation go")
    extend = receives("extend", messages.ExtendOfLead, "The sales support service sets a later due instant")
    pause = receives("pause", messages.PauseOfLead, "The sales support service stops a clock")
    resume = receives("resume", messages.ResumeOfLead, "The clock goes on")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published: what it touches is counted anew")
    withdraw = receives("withdraw", messages.WithdrawOfLead, "Ends the case in an orderly way")

    # --- effects and look-ups: their outcome is one more fact ---

    async def _look_up(self, question: ClientQuestion) -> None:
        summary = text(self.docket.state.language, "activity", "look_up_client")
        await self.docket.look_up(Leads.look_up_client, question, summary, options.BILLING, facts.learn_standing)

    async def _link(self, question: InvoiceQuestion) -> None:
        summary = text(self.docket.state.language, "activity", "link_invoice")
        answer = await workflow.execute_activity_method(Leads.link_invoice, question, summary=summary, **options.BILLING)
        self.docket.learn(lambda state, now: facts.learn_invoice(state, question, answer, now))
