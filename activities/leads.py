"""Leads: what billing knows of a client, which contacts look made up, and linking a paid invoice."""

from __future__ import annotations

from collections.abc import Iterable

from temporalio import activity

from activities.keyed import database_errors
from regulations.lead.effects import ClientQuestion, ClientStanding, InvoiceAnswer, InvoiceQuestion
from regulations.lead.messages import Contact
from runtime.contacts import made_up_email, made_up_phone
from runtime.lead_billing import LeadBilling, LeadInvoices, ProductInvoice


class Leads:
    """Look-ups for leads. Finding nothing is an answer; not being able to look is an error, never an empty answer."""

    def __init__(self, billing: LeadBilling, invoices: LeadInvoices) -> None:
        """The engines of both stay with whoever made them."""
        self._billing = billing
        self._invoices = invoices

    @activity.defn(name="look_up_client")
    async def look_up_client(self, question: ClientQuestion) -> ClientStanding:
        """4.1.1, 4.1.3, 5.2.1: what billing says of client and product; 8.2.4: which contacts look made up. Only reads.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal).
        """
        with database_errors():
            usage = await self._billing.usage(question.client, question.inn, question.product)
        return ClientStanding(
            last_used_at=usage.last_used_at,
            paid_until=usage.paid_until,
            invoice_until=usage.invoice_until,
            made_up=tuple(_made_up(question.contacts)),
        )

    @activity.defn(name="link_invoice")
    async def link_invoice(self, question: InvoiceQuestion) -> InvoiceAnswer:
        """4.1.1 to 4.1.3: links a paid invoice of this client and product to this lead. Asked again it gives the same answer.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal).
        """
        with database_errors():
            invoice = await self._billing.invoice(question.invoice)
            if invoice is None:
                return InvoiceAnswer(result="unknown")
            if not _of_this_client(invoice, question):
                return InvoiceAnswer(result="other_client")
            if invoice.product != question.product:
                return InvoiceAnswer(result="other_product")
            if invoice.paid_at is None:
                return InvoiceAnswer(result="unpaid")
            ours = await self._invoices.link(question.invoice, case_uid=question.case_uid, address=question.address, at=question.now)
        if not ours:
            return InvoiceAnswer(result="already_linked")
        return InvoiceAnswer(result="linked", paid_at=invoice.paid_at, amount=invoice.amount, currency=invoice.currency)


def _of_this_client(invoice: ProductInvoice, question: InvoiceQuestion) -> bool:
    return invoice.client == question.client if question.client is not None else invoice.inn == question.inn


def _made_up(contacts: Iterable[Contact]) -> Iterable[str]:
    """``index:code`` of what looks made up, never the value."""
    for index, contact in enumerate(contacts):
        if contact.phone is not None and made_up_phone(contact.phone):
            yield f"{index}:phone"
        if contact.email is not None and made_up_email(contact.email):
            yield f"{index}:email"
