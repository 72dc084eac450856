"""Invoices for tests of payments, and a payment that runs its course in memory: the ledger and the cases of the invoices answer as the
fields of `Payment` say.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from regulations.case import Obligation
from regulations.effects import CaseMessageToTell, Told
from regulations.messages import Actor
from regulations.partner import payment_facts as facts
from regulations.partner.effects import AssignAnswer, AssignQuestion, PaymentMatch, PaymentQuestion, RefundAnswer, RefundQuestion, Share
from regulations.partner.matching import Invoice
from regulations.partner.payment_decisions import Decision, decide
from regulations.partner.payment_messages import Assigned, PaymentArrived, Refunded
from regulations.partner.payment_state import KIND, PaymentStage, PaymentState
from tests.regulations.course import Course

OWN = KIND
FLOWER, FOREIGN = "7701234567", "7809876543"
FINANCE, HEAD = Actor(id="f1", role="finance"), Actor(id="f9", role="head_of_finance")
MONDAY = "2026-11-16 12:00"
HUNDRED = Decimal("100.00")
NO_FIT = PaymentMatch(verdict="unknown", left=HUNDRED, why=("silent",), candidates=("117", "118"))
WRONG = PaymentMatch(verdict="wrong_purpose", left=HUNDRED, why=("named", "with_vat"), candidates=("117",))


def invoice(number: str, total: str, **changes: Any) -> Invoice:
    """Made out to FLOWER; contract LBG-1, appendix 2, service 2.3."""
    plain = {
        "address": f"partner/D-{number}/order",
        "payer_inn": FLOWER,
        "paid": Decimal(0),
        "currency": "RUB",
        "contract_number": "LBG-1",
        "contract_date": date(2026, 2, 1),
        "places": (("2", "2.3"),),
        "city": None,
        "issued_on": date(2026, 11, 21),
    }
    return Invoice(number=number, total=Decimal(total), **{**plain, **changes})


def share(amount: str, number: str = "117") -> Share:
    """A part of the payment for an invoice of which nothing else is paid."""
    return Share(invoice=number, address=f"partner/D-{number}/order", deal=f"D-{number}", amount=Decimal(amount), paid=Decimal(amount))


def fits(*shares: Share, left: str = "0.00", verdict: str = "exact") -> PaymentMatch:
    """The ledger has allocated this."""
    return PaymentMatch.model_validate({"verdict": verdict, "shares": shares, "left": Decimal(left), "why": ("named",)})


class Payment(Course[PaymentState, Decision]):
    """One payment of 100.00 roubles with its own clock. Silent may be: ledger, cases."""

    def __init__(self, found: PaymentMatch | None = NO_FIT, start: str = MONDAY) -> None:
        state = PaymentState(kind=KIND, address=f"{KIND}/P-1", uid="uid-1", stage=PaymentStage.MATCHING)
        super().__init__(start, state, facts.apply, decide, ("finance", "head_of_finance"), {"reference": "P-1"})
        self.found = found
        """What the ledger answers; None: it refuses for good."""
        self.rejection: str | None = ""
        """What the ledger answers to a step of finance instead of taking it; None: it refuses for good."""
        self.taken: Told | None = Told(result="done")
        """What the cases of the invoices answer."""
        self.questions: list[PaymentQuestion | AssignQuestion | RefundQuestion] = []
        self.messages: list[CaseMessageToTell] = []

    def act(self, decision: Decision) -> None:
        if decision.match is not None:
            self.questions.append(decision.match)
            self.when("ledger", lambda: facts.learn_match(self.state, self.found, self.now))
        if (step := decision.step) is not None:
            self.questions.append(step)
            self.when("ledger", lambda: facts.learn_step(self.state, self._step(step), self.now))
        for message in decision.tell:
            self._tell(message)

    def _tell(self, message: CaseMessageToTell) -> None:
        self.messages.append(message)
        self.when("cases", lambda: facts.learn_told(self.state, message, self.taken, self.now))

    def _step(self, step: AssignQuestion | RefundQuestion) -> AssignAnswer | RefundAnswer | None:
        if self.rejection is None:
            return None
        if isinstance(step, RefundQuestion):
            return RefundAnswer.model_validate({"result": self.rejection or "entered", "left": self.state.left})
        made = share(str(self.state.left if step.amount is None else step.amount), step.invoice)
        return AssignAnswer.model_validate(
            {"result": self.rejection or "assigned", "share": None if self.rejection else made, "left": self.state.left}
        )

    def arrive(self, happened: datetime | None = None, **fields: Any) -> Self:
        return self.say(PaymentArrived, happened, **{"amount": "100.00", "purpose": "за услуги", "payer_inn": FLOWER, **fields})

    def assign(self, amount: str | None = None, happened: datetime | None = None, **fields: Any) -> Self:
        given = {"invoice": "117", "amount": amount, "reason": "письмо плательщика", "by": FINANCE}
        return self.say(Assigned, happened, **{**given, **fields})

    def refund(self, amount: str = "100.00", refund: str = "R-1", happened: datetime | None = None) -> Self:
        return self.say(Refunded, happened, refund=refund, amount=amount, by=FINANCE)

    # --- what is asked in tests

    @property
    def only(self) -> Obligation:
        """7.2."""
        (duty,) = self.state.obligations
        return duty
