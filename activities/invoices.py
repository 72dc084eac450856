"""Invoices: composed from the catalogue, checked (partner 7.1), numbered by billing, printed."""

from __future__ import annotations

from temporalio import activity

from regulations.partner.effects import InvoiceDraft, InvoiceIssued, InvoiceOrder, InvoiceQuestion


class Invoices:
    """Makes invoices."""

    @activity.defn
    async def compose_invoice(self, question: InvoiceQuestion) -> InvoiceDraft:
        """7.1: compose an invoice from the catalogue and check it."""
        raise NotImplementedError

    @activity.defn
    async def issue_invoice(self, order: InvoiceOrder) -> InvoiceIssued:
        """5.2, 6.1: issue an invoice, once under its key."""
        raise NotImplementedError
