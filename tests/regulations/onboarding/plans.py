"""A client's service plan that runs its course in memory. Billing knows the payments that a test puts there; silent may be: billing, crm,
diary."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from regulations.effects import BillingAnswer, BillingQuestion, CaseMessageToTell, CrmOutcome, CrmRecord, Payment, Told
from regulations.messages import Actor
from regulations.onboarding.plan_decisions import Decision, decide
from regulations.onboarding.plan_diary import learn_diary
from regulations.onboarding.plan_facts import apply
from regulations.onboarding.plan_messages import (
    CertificateIssued,
    CompetitorActed,
    DocumentPassed,
    ExtendOfPlan,
    NeedFound,
    PlanBegun,
    PlanEnded,
    PlanPaymentPosted,
    VisitMade,
    WaiveOfPlan,
)
from regulations.onboarding.plan_payments import billing_is_slow, learn_billing
from regulations.onboarding.plan_sales import learn_deal
from regulations.onboarding.plan_state import KIND, PlanStage, PlanState
from regulations.onboarding.rows import ServiceClientRow, ServiceRecordRow
from regulations.rows import NoticeRow
from tests.regulations.course import KYIV, KYIV_OFFICE, Course
from tests.regulations.course import at as at_zone

MONDAY = "2026-11-16 12:00"
MANAGER, OTHER = Actor(id="u41", role="client_manager"), Actor(id="u42", role="client_manager")
HEAD = Actor(id="u21", role="group_head")
LAWYER = Actor(id="u11", role="lawyer")
ROLES = ("client_manager", "client_manager:u41", "client_manager:u42", "group_head", "group_head:u21", "group_head:u22")
CLIENT: dict[str, Any] = {"id": "c-18", "name": "ТОВ «Барвінок»", "contact": "Ірина Коваль", "crm_contact": "z-77"}
BEGUN: dict[str, Any] = {
    "contract": "K-204",
    "person": CLIENT,
    "manager": "u41",
    "group_head": "u21",
    "update_every": "7 calendar days",
    "update_set": "повний комплект",
    "payment_day": 15,
}


def at(text: str) -> datetime:
    """A local instant of Kyiv, written ``2026-11-16 10:00[:SS]``."""
    return at_zone(text, KYIV)


class Plan(Course[PlanState, Decision]):
    """One plan with its own clock. Installed at its start, unless said otherwise; paid by nobody."""

    company_calendar = KYIV_OFFICE

    def __init__(self, start: str | datetime = MONDAY, *, begin: bool = True, **fields: Any) -> None:
        state = PlanState(kind=KIND, address="service-plan/c-18", uid="uid-1", stage=PlanStage.ACTIVE)
        super().__init__(start, state, apply, decide, ROLES, {"client": "c-18"})
        self.booked: dict[str, datetime] = {}
        """What billing knows: reference → posting time."""
        self.answered: set[str] = set()
        """References of the payments that billing has told of."""
        self.crm: CrmOutcome | None = CrmOutcome(record_id="d-1", action="inserted")
        self.kept: Told | None = Told(result="done")
        """What the diary answers."""
        self.questions: list[BillingQuestion] = []
        self.deals: list[CrmRecord] = []
        self.diaries: list[CaseMessageToTell] = []
        if begin:
            self.begin(**fields)

    def act(self, decision: Decision) -> None:
        if (question := decision.look_up) is not None:
            self.questions.append(question)
            self.when("billing", lambda: learn_billing(self.state, self._known(), self.now))
            if "billing" in self.silent:  # as the workflow does
                billing_is_slow(self.state, self.now)
        for deal in decision.deals:
            self.deals.append(deal)
            self.when("crm", lambda deal=deal: learn_deal(self.state, deal, self.crm, self.now))  # type: ignore[misc]
        if (message := decision.begin_diary) is not None:
            self.diaries.append(message)
            self.when("diary", lambda: learn_diary(self.state, message, self.kept, self.now))

    def _known(self) -> BillingAnswer:
        booked = [Payment(reference=r, amount=Decimal(1), currency="UAH", reached_at=at) for r, at in self.booked.items() if at <= self.now]
        self.answered |= {payment.reference for payment in booked}
        return BillingAnswer(payments=tuple(booked))

    # --- what happens

    def begin(self, happened: datetime | None = None, **fields: Any) -> Self:
        return self.say(PlanBegun, happened, **{**BEGUN, "installed_at": self.now, **fields})

    def again(self, happened: datetime | None = None, **fields: Any) -> Self:
        """The same data, but for some."""
        given = self.state.begun.model_dump(exclude={"key", "happened_at", "source", "by"})
        return self.say(PlanBegun, happened, **{**given, **fields})

    def visit(self, visit: str | None = None, happened: str | datetime | None = None, *, updated: bool = True, **fields: Any) -> Self:
        """A visit with an update, now or when it happened."""
        when = at(happened) if isinstance(happened, str) else happened
        return self.say(VisitMade, when, visit=visit or f"v-{next(self.keys)}", updated=updated, **{"by": MANAGER, **fields})

    def certify(self, user: str, happened: datetime | None = None) -> Self:
        return self.say(CertificateIssued, happened, certificate=f"s-{next(self.keys)}", user=user, by=MANAGER)

    def pay(self, happened: str | datetime | None = None, reference: str | None = None) -> Self:
        when = at(happened) if isinstance(happened, str) else happened
        return self.say(PlanPaymentPosted, when, reference=reference or f"p-{next(self.keys)}")

    def report(self, learnt: str, happened: str | None = None) -> Self:
        """4.5: learnt at one time, told at another."""
        told = at(happened) if happened is not None else None
        return self.say(CompetitorActed, told, learnt_at=at(learnt), action="пропонують знижку", by=MANAGER)

    def need(self, need: str = "n-1", **fields: Any) -> Self:
        return self.say(NeedFound, need=need, **{"what": "судова практика", "by": MANAGER, **fields})

    def document(self, document: str, **fields: Any) -> Self:
        """4.8: its kind is a field of its own."""
        given = {"key": self.key(), "happened_at": self.now, "client": "c-18", "document": document, "by": MANAGER}
        return self.deliver(DocumentPassed.model_validate({**given, **fields}))

    def waive(self, clause: str) -> Self:
        return self.say(WaiveOfPlan, clause=clause, reason="домовлено", by=HEAD)

    def extend(self, clause: str, to: str) -> Self:
        return self.say(ExtendOfPlan, clause=clause, new_due=at(to), reason="домовлено", by=HEAD)

    def end(self, happened: datetime | None = None) -> Self:
        return self.say(PlanEnded, happened, reason="договір закінчено", by=HEAD)

    # --- what is asked in tests

    def dues(self, clause: str) -> dict[str, str]:
        """Key of each obligation of a clause → when it is due."""
        return {o.key: self.local(o.due) for o in self.state.obligations if o.clause == clause}

    def met_by(self, clause: str) -> Mapping[str, str | None]:
        """Key of each obligation of a clause → what met it."""
        return {o.key: o.met_by for o in self.state.obligations if o.clause == clause}

    def said(self, role: str) -> list[str]:
        """The texts of the notices to a role that are no reminders and no breaches."""
        return [row.text for row in self.of(NoticeRow) if row.role == role and "#" in row.key]

    def extras(self) -> list[str]:
        """The visits of which the trail says that their updates are extra."""
        return [fact.note for fact in self.state.facts if fact.what == "update_extra"]

    def client(self) -> ServiceClientRow:
        """The client's row as it stands in its register."""
        return max(self.of(ServiceClientRow), key=lambda row: row.seq)

    def records(self) -> dict[str, str]:
        """Id → words of everything that was done."""
        return {row.id: row.text for row in sorted(self.of(ServiceRecordRow), key=lambda row: row.seq)}
