"""Invoices for tests of payments, and a payment that runs its course in memory: pure functions and really counted terms, with a clock of
its own.

The ledger and the cases of the invoices answer as the fields of `Payment` say; what is silent waits for `answer`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Self

import pytest

from regulations.case import Obligation, Refusal
from regulations.clocks import planned, terms_to_plan
from regulations.counting import count
from regulations.effects import CaseMessageToTell, Told
from regulations.messages import Actor, Message
from regulations.partner import payment_facts as facts
from regulations.partner.effects import AssignAnswer, AssignQuestion, PaymentMatch, PaymentQuestion, RefundAnswer, RefundQuestion, Share
from regulations.partner.matching import Invoice
from regulations.partner.payment_decisions import Decision, decide
from regulations.partner.payment_messages import Assigned, OfPayment, PaymentArrived, Refunded
from regulations.partner.payment_state import KIND, PaymentStage, PaymentState
from regulations.plans import Address, Opening, PlanRequest
from regulations.rows import AnyRow, BreachRow, IncidentRow, NoticeRow
from regulations.working_time import working_time
from tests.regulations.careful import decided
from tests.regulations.partner.intakes import EDITIONS, OFFICE, at

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


class Payment:
    """One payment of 100.00 roubles with its own clock."""

    def __init__(self, found: PaymentMatch | None = NO_FIT, start: str = MONDAY) -> None:
        self.now = at(start)
        self.state = PaymentState(kind=KIND, address=f"{KIND}/P-1", uid="uid-1", stage=PaymentStage.MATCHING)
        self.found = found
        """What the ledger answers; None: it refuses for good."""
        self.refuses: str | None = ""
        """What the ledger answers to a step of finance instead of taking it; None: it refuses for good."""
        self.told: Told | None = Told(result="done")
        self.roles = {"finance", "head_of_finance"}
        self.silent: set[str] = set()
        """Who does not answer: ledger, cases."""
        self.questions: list[PaymentQuestion | AssignQuestion | RefundQuestion] = []
        self.messages: list[CaseMessageToTell] = []
        self.rows: list[AnyRow] = []
        self.wake_at: datetime | None = None
        self._open: list[Callable[[], None]] = []
        self._keys = itertools.count(1)

    # --- what happens

    def message(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Message:
        given: dict[str, Any] = {"key": f"k{next(self._keys)}", "happened_at": happened or self.now, **fields}
        if issubclass(kind, OfPayment):
            given = {"reference": "P-1", **given}
        return kind.model_validate(given)

    def deliver(self, message: Message) -> None:
        """Applies a message at the present moment; a refusal is raised and leaves no trace."""
        state = self.state.model_copy(deep=True)
        facts.apply(state, message, self.now)
        self.state = state
        self.run()

    def say(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Self:
        self.deliver(self.message(kind, happened, **fields))
        return self

    def refused(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> str:
        """The type of the refusal; the state must be as before."""
        before = self.state.model_dump_json()
        with pytest.raises(Refusal) as refusal:
            self.deliver(self.message(kind, happened, **fields))
        assert self.state.model_dump_json() == before
        return refusal.value.type

    def arrive(self, happened: datetime | None = None, **fields: Any) -> Self:
        return self.say(PaymentArrived, happened, **{"amount": "100.00", "purpose": "за услуги", "payer_inn": FLOWER, **fields})

    def assign(self, amount: str | None = None, happened: datetime | None = None, **fields: Any) -> Self:
        given = {"invoice": "117", "amount": amount, "reason": "письмо плательщика", "by": FINANCE}
        return self.say(Assigned, happened, **{**given, **fields})

    def refund(self, amount: str = "100.00", refund: str = "R-1", happened: datetime | None = None) -> Self:
        return self.say(Refunded, happened, refund=refund, amount=amount, by=FINANCE)

    def go_to(self, moment: str | datetime) -> Self:
        """Moves the clock, stopping at every instant at which the case wakes by itself."""
        until = at(moment) if isinstance(moment, str) else moment
        while self.wake_at is not None and self.wake_at <= until:
            self.now = self.wake_at
            self.run()
        self.now = until
        return self

    def go(self, **delta: float) -> Self:
        return self.go_to(self.now + timedelta(**delta))

    def answer(self) -> Self:
        """Whoever was silent answers what was asked meanwhile."""
        self.silent = set()
        ready, self._open = self._open, []
        for what in ready:
            what()
        self.run()
        return self

    # --- the docket's steps

    def run(self) -> None:
        """Counts, decides and acts until nothing is left to do now."""
        for _ in range(50):
            self._open_and_count()
            decision = decided(decide, self.state, self.now)
            self.state = decision.state
            self.rows += self.state.rows
            self.state.rows = []
            self.wake_at = decision.wake_at
            self._act(decision)
            if not decision.acts and not any(True for _ in terms_to_plan(self.state, self.now)):
                assert self.wake_at is None or self.wake_at > self.now
                return
        raise AssertionError("the case does not come to rest")

    def _open_and_count(self) -> None:
        if self.state.opening is None:
            asked = self.state.opening_request(self.now)
            edition, language = EDITIONS.in_force(asked.regulation, asked.at)
            roles = {role: Address(email=f"{role}@company.example") for role in sorted(self.roles)}
            self.state.opening = Opening(
                edition=edition, company="Моя компания", language=language, calendar="company", zone="Europe/Moscow", roles=roles
            )
        while items := tuple(terms_to_plan(self.state, self.now)):
            answer = count(working_time(OFFICE), PlanRequest.of(self.state.opening, items))
            self.state.offset = answer.offset
            for term in answer.terms:
                planned(self.state, term, self.now)

    def _act(self, decision: Decision) -> None:
        """What the workflow starts, and what becomes of it."""
        if decision.match is not None:
            self.questions.append(decision.match)
            self._when("ledger", lambda: facts.learn_match(self.state, self.found, self.now))
        if (step := decision.step) is not None:
            self.questions.append(step)
            self._when("ledger", lambda: facts.learn_step(self.state, self._step(step), self.now))
        for message in decision.tell:
            self.messages.append(message)
            self._when("cases", lambda message=message: facts.learn_told(self.state, message, self.told, self.now))  # type: ignore[misc]

    def _step(self, step: AssignQuestion | RefundQuestion) -> AssignAnswer | RefundAnswer | None:
        if self.refuses is None:
            return None
        if isinstance(step, RefundQuestion):
            return RefundAnswer.model_validate({"result": self.refuses or "entered", "left": self.state.left})
        made = share(str(self.state.left if step.amount is None else step.amount), step.invoice)
        return AssignAnswer.model_validate(
            {"result": self.refuses or "assigned", "share": None if self.refuses else made, "left": self.state.left}
        )

    def _when(self, who: str, answers: Callable[[], None]) -> None:
        if who in self.silent:
            self._open.append(answers)
        else:
            answers()

    # --- what is asked in tests

    @property
    def stage(self) -> str:
        return self.state.stage

    @property
    def duty(self) -> Obligation:
        """7.2."""
        (duty,) = self.state.obligations
        return duty

    def breaches(self) -> list[tuple[str, str]]:
        return [(r.clause, r.entry.value) for r in self.rows if isinstance(r, BreachRow)]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]

    def told_to(self, role: str, kind: str | None = None) -> list[str]:
        """The texts of the notices to a role, of one kind where one is named."""
        return [r.text for r in self.rows if isinstance(r, NoticeRow) and r.role == role and kind in (None, r.kind)]
