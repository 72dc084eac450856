"""Leads: what billing knows of a client, and linking a paid invoice."""

from __future__ import annotations

from temporalio import activity

from regulations.lead.effects import ClientQuestion, ClientStanding, InvoiceAnswer, InvoiceQuestion


class Leads:
    """Look-ups for leads."""

    @activity.defn(name="look_up_client")
    async def look_up_client(self, question: ClientQuestion) -> ClientStanding:
        """4.1.1, 4.1.3, 5.2.1: what billing says of client and product; 8.2.4: which contacts look made up. Only reads."""
        raise NotImplementedError

    @activity.defn(name="link_invoice")
    async def link_invoice(self, question: InvoiceQuestion) -> InvoiceAnswer:
        """4.1: links a paid invoice of this client and product to this lead, once."""
        raise NotImplementedError
