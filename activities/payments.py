"""The ledger of payments: matching, allocation, returns (partner 7.2)."""

from __future__ import annotations

from temporalio import activity

from regulations.partner.effects import AssignAnswer, AssignQuestion, PaymentMatch, PaymentQuestion, RefundAnswer, RefundQuestion


class Payments:
    """Writes the ledger, each step in one transaction."""

    @activity.defn
    async def match_payment(self, question: PaymentQuestion) -> PaymentMatch:
        """Match a payment with the open invoices, once under its reference."""
        raise NotImplementedError

    @activity.defn
    async def assign_payment(self, question: AssignQuestion) -> AssignAnswer:
        """Allocate a part of what is left, as finance says."""
        raise NotImplementedError

    @activity.defn
    async def enter_refund(self, question: RefundQuestion) -> RefundAnswer:
        """7.2: enter a return that finance has made."""
        raise NotImplementedError
