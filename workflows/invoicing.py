"""What an order and a renewal do alike: the invoice, the message to the phone, the deal in the CRM. Each outcome is one more fact."""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.crm import Crm
    from activities.invoices import Invoices
    from activities.sms import Texting
    from regulations.catalogue import text
    from regulations.effects import CrmRecord
    from regulations.partner import sale_answers as answers
    from regulations.partner.effects import InvoiceOrder, InvoiceQuestion, Sms
    from regulations.partner.sale_decisions import Decision
    from regulations.partner.sale_state import SaleState
    from workflows import options
    from workflows.docket import Docket


class Invoicing:
    """Started by a case's `run`, which awaits none of it but the composing."""

    def __init__(self, docket: Docket[SaleState, Decision]) -> None:
        self._docket = docket

    async def act(self, todo: Decision) -> None:
        """Starts what both cases do; returns once what is to be composed has been asked for."""
        if todo.issue is not None:  # 5.2, 6.1: the invoice, once
            self._docket.start(self._issue(todo.issue))
        for letter in todo.letters:  # 5.1 the form's link; 5.2, 6.1 the invoice; 7.3 the card
            self._docket.start(self._docket.send(letter, answers.learn_letter))
        for sms in todo.messages:  # 5.2: a phone that cannot be reached holds up no end
            self._docket.start(self._send(sms), dispensable=True)
        if todo.enter is not None:  # 5.4, 6.2, 6.3
            self._docket.start(self._enter(todo.enter))
        if todo.compose is not None:  # 7.1
            await self._compose(todo.compose)

    def word(self, name: str) -> str:
        """The summary of an activity."""
        return text(self._docket.state.language, "activity", name)

    async def _compose(self, question: InvoiceQuestion) -> None:
        summary = self.word("compose_invoice")
        await self._docket.look_up(Invoices.compose_invoice, question, summary, options.PLANNING, answers.learn_draft)

    async def _issue(self, order: InvoiceOrder) -> None:
        summary = self.word("issue_invoice")
        try:
            issued = await workflow.execute_activity_method(Invoices.issue_invoice, order, summary=summary, **options.INVOICE)
        except ActivityError:  # failed for good: nobody knows what billing has
            issued = None
        self._docket.learn(lambda state, now: answers.learn_issued(state, order, issued, now))

    async def _send(self, sms: Sms) -> None:
        summary = self.word("send_sms")
        try:
            outcome = await workflow.execute_activity_method(Texting.send_sms, sms, summary=summary, **options.SMS)
        except ActivityError as e:
            if is_cancelled_exception(e):  # the case is over
                raise
            outcome = None
        self._docket.learn(lambda state, now: answers.learn_sms(state, sms, outcome, now))

    async def _enter(self, record: CrmRecord) -> None:
        summary = self.word("enter_deal")
        try:
            outcome = await workflow.execute_activity_method(Crm.enter_into_crm, record, summary=summary, **options.CRM)
        except ActivityError:  # the CRM refuses it
            outcome = None
        self._docket.learn(lambda state, now: answers.learn_crm(state, record, outcome, now))
