"""A partner hands a paying client to the company: the regulation of handoffs, one run per deal.

Promise: every duty of clauses 2.1 and 2.2 is held with its term, reminded of, and, when missed, recorded and told; the
partner is answered in its own e-mail thread; the client stands in the CRM and in the registers exactly once.
Stages: awaiting payment → awaiting transfer → checking → accepted → done; checking → returned → checking; the ends not paid,
refused (a return that is not resubmitted) and withdrawn. The clauses are decided in `regulations.handoff`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.billing import Billing
    from activities.crm import Crm
    from activities.documents import Documents
    from regulations import messages
    from regulations.catalogue import text
    from regulations.documents import DocumentsQuestion
    from regulations.effects import BillingQuestion, CrmRecord
    from regulations.handoff import facts, requests
    from regulations.handoff.decisions import Decision, decide
    from regulations.handoff.narration import HandoffResult, details, read_out, result
    from regulations.handoff.state import KIND, HandoffState, Stage
    from regulations.read_out import ReadOut
    from workflows import options
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="ClientHandoff")
class ClientHandoff:
    """One handoff; its id is ``handoff/{deal}``."""

    @workflow.init
    def __init__(self, carried: HandoffState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = HandoffState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=Stage.AWAITING_PAYMENT)
        self.docket: Docket[HandoffState, Decision] = Docket(carried or fresh, Rules(facts.apply, decide, details))
        self._poll: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None

    @workflow.run
    async def run(self, carried: HandoffState | None = None) -> HandoffResult:
        """Keeps the handoff until every obligation is met, met late or waived, or it ends otherwise."""
        if self.docket.state.sale is None:  # 1.2: the sale was refused, or somebody started this by hand
            raise ApplicationError("no sale was accepted: start a handoff through a door, with handoff.sold", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # a fact, a reminder, a due instant, the end of a wait
            if todo.await_payment:
                self._poll = self.docket.start(self._await_payment())
            if todo.stop_waiting and self._poll is not None:
                self._poll.cancel()
            if todo.read is not None:  # 2.1.4, 3.3: the questionnaire and the contract
                self._reading = self.docket.start(self._read_documents(todo.read))
            if todo.stop_reading and self._reading is not None:
                self._reading.cancel()
            for letter in todo.letters:  # 2.2.3 in the partner's thread; reminders and breaches of 2.1.2 to 2.1.4
                self.docket.start(self.docket.send(letter, facts.learn_letter))
            for record in todo.records:  # 2.2.5
                self.docket.start(self._enter_into_crm(record))
            if todo.look_up:  # 3.2: the payment; 2.1.2: the access grant
                await self._look_up_billing()
        await self.docket.drain()  # 2.2.6, 4.1, 4.2: the registers have it all before the case is over
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, obligations, next due, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    sold = receives("sold", messages.Sold, "A partner sold a deal: begins the handoff")
    payment_received = receives("payment_received", messages.PaymentReceived, "3.2 Money came: look it up in billing")
    access_granted = receives("access_granted", messages.AccessGranted, "2.1.2 The paid tariff was opened")
    request_received = receives("request_received", messages.RequestReceived, "2.1.3, 2.1.4 The partner's training request")
    accepted = receives("accepted", messages.Accepted, "2.2.3 Принят: the client is accepted")
    returned = receives("returned", messages.Returned, "2.2.3 Не принят: returned for rework, with reasons of chapter 3")
    first_contact = receives("first_contact", messages.FirstContact, "2.2.4 The first contact was made")
    contract_signed = receives("contract_signed", messages.ContractSigned, "2.2.1 The written contract is signed")
    entered_into_crm = receives("entered_into_crm", messages.EnteredIntoCrm, "2.2.5 Entered into the CRM by hand")
    training_done = receives("training_done", messages.TrainingDone, "5.3 The client has been trained")
    closing_documents_signed = receives("closing_documents_signed", messages.ClosingDocumentsSigned, "2.2.7 Closing documents signed")
    waive = receives("waive", messages.Waive, "The escalation role lets an obligation go")
    extend = receives("extend", messages.Extend, "The escalation role sets a later due instant")
    pause = receives("pause", messages.Pause, "The escalation role stops a clock")
    resume = receives("resume", messages.Resume, "The clock goes on")
    calendar_changed = receives("calendar_changed", messages.CalendarChanged, "A calendar was published: what it touches is counted anew")
    withdraw = receives("withdraw", messages.Withdraw, "Ends the case in an orderly way")

    # --- effects: started by `run`, awaited by nobody; their outcome is one more fact ---

    def _question(self) -> BillingQuestion:
        state = self.docket.state
        zone = state.opening.zone if state.opening else "UTC"
        return BillingQuestion(deal=state.sold.deal, login=state.sold.client.login, zone=zone, known=tuple(state.judged))

    async def _look_up_billing(self) -> None:
        summary = text(self.docket.state.language, "activity", "look_up_billing")
        await self.docket.look_up(Billing.look_up_billing, self._question(), summary, options.BILLING, facts.learn_billing)

    async def _await_payment(self) -> None:
        every = timedelta(hours=self.docket.state.settings.poll_every_hours)
        summary = text(self.docket.state.language, "activity", "await_payment")
        try:
            answer = await workflow.execute_activity_method(
                Billing.await_payment, self._question(), summary=summary, **options.payment_poll(every)
            )
        except ActivityError:  # cancelled: the payment is known from elsewhere, or the wait is over
            return
        self.docket.learn(lambda state, _: setattr(state, "polling", False))
        self.docket.learn(lambda state, now: facts.learn_billing(state, answer, now))

    async def _read_documents(self, question: DocumentsQuestion) -> None:
        summary = text(question.language, "activity", "read_documents")
        try:
            answer = await workflow.execute_activity_method(Documents.read_documents, question, summary=summary, **options.DOCUMENTS)
        except ActivityError:  # tried for days, or no longer wanted
            answer = None
        self.docket.learn(lambda state, now: requests.learn_documents(state, question, answer, now))

    async def _enter_into_crm(self, record: CrmRecord) -> None:
        summary = text(self.docket.state.language, "activity", "enter_into_crm")
        try:
            outcome = await workflow.execute_activity_method(Crm.enter_into_crm, record, summary=summary, **options.CRM)
        except ActivityError:
            outcome = None
        self.docket.learn(lambda state, now: facts.learn_crm(state, record, outcome, now))
