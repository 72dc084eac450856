"""The ledger of payments: matching, allocation, returns (partner 7.2)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from temporalio import activity

from activities import errors
from activities.keyed import database_errors
from regulations.partner.effects import (
    AssignAnswer,
    AssignQuestion,
    PaymentMatch,
    PaymentQuestion,
    RefundAnswer,
    RefundQuestion,
    Share,
)
from regulations.partner.matching import Invoice, Received, Signs, assign, match
from regulations.partner.services import ZERO
from regulations.time.zones import zone
from runtime.payments import LedgerAllocation, LedgerInvoice, LedgerPayment, LedgerRefund, OpenLedger, PaymentLedger

_MATCH = "match"
"""Key of the step with which a payment is entered; those of finance have keys of their own."""


class Payments:
    """Writes the ledger, each step in one transaction, so that two at once never take the same open sum."""

    def __init__(self, ledger: PaymentLedger, tz: str) -> None:
        """The engine of the ledger is closed by whoever made it. ``tz`` is the company's zone: in it an invoice has its date."""
        self._ledger = ledger
        self._zone = zone(tz)

    @activity.defn
    async def match_payment(self, question: PaymentQuestion) -> PaymentMatch:
        """Match a payment with the invoices of the register, once under its reference.

        Asked again it gives the first answer, whatever has become of the invoices since. A case that was begun anew under the same
        reference is told how the payment stands in the ledger now.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal); ``Conflict``: the ledger has another payment under this reference.
        """
        with database_errors():
            async with self._ledger.open() as ledger:
                known = await ledger.payment(question.reference)
                if known is None:
                    return await self._matched(ledger, question)
                if not _same(known, question):
                    raise errors.permanent("the ledger has another payment under this reference", type=errors.CONFLICT)
                made = await ledger.allocations(question.reference)
                left = await _left(ledger, known)
                if known.case_uid == question.case_uid:
                    made = [allocation for allocation in made if allocation.key == _MATCH]
                    left = known.amount - sum((allocation.amount for allocation in made), ZERO)
                return _answer(known, made, left)

    async def _matched(self, ledger: OpenLedger, question: PaymentQuestion) -> PaymentMatch:
        card = question.method == "card"
        received = Received(question.amount, question.currency, question.purpose, question.payer_inn, card)
        signs = Signs(received)
        numbers = sorted({number for number, inn in await ledger.numbers() if signs.concern(number, inn)})
        rows = {(row.number, row.address): row for row in await ledger.invoices(numbers)}
        found = match(received, map(self._invoice, rows.values()))
        payment = LedgerPayment(
            reference=question.reference,
            case_uid=question.case_uid,
            amount=question.amount,
            currency=question.currency,
            purpose=question.purpose,
            payer_inn=question.payer_inn,
            payer_name=question.payer_name,
            method=question.method,
            posted_at=question.posted_at,
            verdict=found.verdict,
            why=list(found.why),
            candidates=list(found.candidates),
        )
        await ledger.enter(payment)
        made = [
            await ledger.allocate(question.reference, _MATCH, rows[invoice.number, invoice.address], amount)
            for invoice, amount in found.allocated
        ]
        return _answer(payment, made, found.left)

    @activity.defn
    async def assign_payment(self, question: AssignQuestion) -> AssignAnswer:
        """7.2: allocate a part of what is left to an invoice, as finance says, once under its key.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal); ``Invalid``: the ledger does not have the payment.
        """
        with database_errors():
            async with self._ledger.open() as ledger:
                payment = await _payment(ledger, question.reference)
                for made in await ledger.allocations(question.reference):
                    if made.key == question.key:
                        return AssignAnswer(result="assigned", share=_share(made), left=await _left(ledger, payment))
                left = await _left(ledger, payment)
                rows = {(row.number, row.address): row for row in await ledger.invoices([question.invoice])}
                theirs = [row for row in rows.values() if question.deal in (None, row.deal)]
                result, invoice, amount = assign(left, payment.currency, question.amount, [self._invoice(row) for row in theirs])
                if invoice is None:
                    return AssignAnswer(result=result, left=left)
                made = await ledger.allocate(question.reference, question.key, rows[invoice.number, invoice.address], amount)
                return AssignAnswer(result=result, share=_share(made), left=left - amount)

    @activity.defn
    async def enter_refund(self, question: RefundQuestion) -> RefundAnswer:
        """7.2: enter a return that finance has made, once under its reference.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal); ``Invalid``: the ledger does not have the payment;
                ``Conflict``: it has another return under this reference.
        """
        with database_errors():
            async with self._ledger.open() as ledger:
                payment = await _payment(ledger, question.reference)
                left = await _left(ledger, payment)
                refund = LedgerRefund(question.reference, question.refund, question.amount, question.returned_at, question.by)
                for known in await ledger.refunds(question.reference):
                    if known.refund == question.refund:
                        if (known.amount, known.returned_at) != (refund.amount, refund.returned_at):
                            raise errors.permanent("the ledger has another return under this reference", type=errors.CONFLICT)
                        return RefundAnswer(result="entered", left=left)
                if question.amount > left:
                    return RefundAnswer(result="above_left", left=left)
                await ledger.refund(refund)
                return RefundAnswer(result="entered", left=left - question.amount)

    def _invoice(self, row: LedgerInvoice) -> Invoice:
        """An invoice as the rules take it."""
        return Invoice(
            number=row.number,
            address=row.address,
            payer_inn=row.payer_inn,
            total=row.total,
            paid=row.paid,
            currency=row.currency,
            contract_number=row.contract_number,
            contract_date=row.contract_date,
            places=tuple((appendix, number) for appendix, number in row.places),
            city=row.city,
            issued_on=row.issued_at.astimezone(self._zone).date(),
            void=row.state != "open",
        )


async def _payment(ledger: OpenLedger, reference: str) -> LedgerPayment:
    found = await ledger.payment(reference)
    if found is None:
        raise errors.permanent("the ledger does not have this payment", type=errors.INVALID)
    return found


def _same(known: LedgerPayment, question: PaymentQuestion) -> bool:
    said = ("amount", "currency", "purpose", "payer_inn", "method", "posted_at")
    return all(getattr(known, name) == getattr(question, name) for name in said)


async def _left(ledger: OpenLedger, payment: LedgerPayment) -> Decimal:
    """What is neither allocated nor returned."""
    allocated = sum((made.amount for made in await ledger.allocations(payment.reference)), ZERO)
    return payment.amount - allocated - sum((made.amount for made in await ledger.refunds(payment.reference)), ZERO)


def _answer(payment: LedgerPayment, made: Iterable[LedgerAllocation], left: Decimal) -> PaymentMatch:
    return PaymentMatch.model_validate(
        {
            "verdict": payment.verdict,
            "shares": tuple(map(_share, made)),
            "left": left,
            "why": tuple(payment.why),
            "candidates": tuple(payment.candidates),
        }
    )


def _share(made: LedgerAllocation) -> Share:
    return Share(invoice=made.invoice, address=made.address, deal=made.deal, amount=made.amount, paid=made.paid)
