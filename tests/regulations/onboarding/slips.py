"""An onboarding that runs its course in memory, in Kyiv."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Self

from regulations.effects import BillingAnswer, BillingQuestion, CaseMessageToTell, CrmOutcome, CrmRecord, Payment, Told
from regulations.messages import Actor
from regulations.onboarding.case import COMPANY_ROLES, ITEMS, OWNERS
from regulations.onboarding.rows import VisaRow
from regulations.onboarding.slip_decisions import Decision, decide
from regulations.onboarding.slip_facts import apply, learn_crm, learn_payment, learn_plan
from regulations.onboarding.slip_messages import (
    FirstContact,
    HandedOver,
    InstallationReported,
    Installed,
    ItemMended,
    PaymentPosted,
    VisaGiven,
    VisaRefused,
    VisaWithdrawn,
    WaiveOfOnboarding,
)
from regulations.onboarding.slip_state import KIND, SlipStage, SlipState
from regulations.roster import Absence, Holder
from regulations.time.calendar_spec import CalendarSpec
from tests.regulations.course import KYIV_OFFICE, Course

HEAD_OF_SALES, SALES = Actor(id="s9", role="head_of_sales"), Actor(id="s1", role="sales_manager")
LAWYER, ACCOUNTANT = Actor(id="l1", role="lawyer"), Actor(id="a1", role="accountant")
GROUP_HEAD, HEAD = Actor(id="g1", role="group_head"), Actor(id="h1", role="head_of_client_department")
SERVICE_HEAD, INSTALLER = Actor(id="v9", role="service_group_head"), Actor(id="v1", role="service")
EVERYBODY = (HEAD_OF_SALES, SALES, LAWYER, ACCOUNTANT, GROUP_HEAD, HEAD, SERVICE_HEAD, INSTALLER)
MANAGER = "c1"
DEPUTY = "d1"
"""Somebody of the register without a role of this regulation."""
OWNER = {item: next(who for who in EVERYBODY if who.role == OWNERS[item][0]) for item in ITEMS}
CARD = {"name": "картка.pdf", "sha256": "c" * 64}
OTHER_CARD = {"name": "картка-2.pdf", "sha256": "d" * 64}
REPORT = {"name": "звіт.pdf", "sha256": "e" * 64}
CLIENT = {"id": "cl-7", "name": "ТОВ «Липа»", "contact": "Олена Бондар", "email": "office@lypa.example", "phone": "+380440000000"}
MONDAY = "2026-11-16 12:00"
REASON = "у договорі немає підпису"
ROLES = (*COMPANY_ROLES, "sales_manager:s1", "group_head:g1", "client_manager:c1")


def handed_over(**fields: Any) -> dict[str, Any]:
    """What a hand-over says."""
    given: dict[str, Any] = {
        "client": CLIENT,
        "regular": True,
        "programs": ["Гарант", "Консалтинг"],
        "price_agreement": "17 від 16.11.2026",
        "payment_day": 10,
        "update_every": "7 calendar days",
        "update_set": "Повний",
        "group_head": "g1",
        "sales_manager": "s1",
        "client_manager": MANAGER,
        "by": HEAD_OF_SALES,
    }
    return {**given, **fields}


def register(absences: dict[str, tuple[Absence, ...]] | None = None) -> tuple[Holder, ...]:
    """The company's people, some of them absent."""
    away = absences or {}
    people = [(who.id, (who.role,)) for who in EVERYBODY] + [(MANAGER, ("client_manager",)), (DEPUTY, ())]
    return tuple(Holder(person=person, roles=roles, absences=away.get(person, ())) for person, roles in people)


def away(first: str, last: str, deputy: str = DEPUTY) -> tuple[Absence, ...]:
    """One absence."""
    return (Absence(first=date.fromisoformat(first), last=date.fromisoformat(last), deputy=deputy),)


class Slip(Course[SlipState, Decision]):
    """One onboarding with its own clock."""

    company = "Моя компанія"
    company_calendar = KYIV_OFFICE

    def __init__(self, start: str | datetime = MONDAY, on_refusal: str = "collect", calendar: CalendarSpec | None = None) -> None:
        state = SlipState(kind=KIND, address="onboarding/C-1", uid="uid-1", stage=SlipStage.COLLECTING_VISAS)
        super().__init__(start, state, apply, decide, ROLES, {"contract": "C-1"}, calendar)
        self.roster = register()
        self.settings = {"on_refusal": on_refusal}
        self.silent = {"billing"}
        self.billing: BillingAnswer | None = BillingAnswer()
        """What the question that waits for the payment is answered in the end; None: it cannot be asked."""
        self.crm: CrmOutcome | None = CrmOutcome(record_id="r-1", action="inserted")
        self.plan: Told | None = Told(result="done")
        self.questions: list[BillingQuestion] = []
        self.entered: list[CrmRecord] = []
        self.begun: list[CaseMessageToTell] = []

    def act(self, decision: Decision) -> None:
        if (question := decision.await_payment) is not None:
            self.questions.append(question)
            self.when("billing", lambda: learn_payment(self.state, self.billing, self.now))
        if (record := decision.enter) is not None:
            self.entered.append(record)
            self.when("crm", lambda: learn_crm(self.state, record, self.crm, self.now))
        if (beginning := decision.begin_plan) is not None:
            self.begun.append(beginning)
            self.when("plan", lambda: learn_plan(self.state, self.plan, self.now))

    # --- what happens

    def begin(self, happened: datetime | None = None, **fields: Any) -> Self:
        """1.1"""
        return self.say(HandedOver, happened, **handed_over(**fields))

    def visa(self, item: str, happened: datetime | None = None, **fields: Any) -> Self:
        """By whoever has the role, with the document where it needs one."""
        return self.say(VisaGiven, happened, **visa(item, **fields))

    def visas(self, items: Iterable[str] = ITEMS) -> Self:
        """All at one moment, before anything is decided."""
        return self.deliver(*(self.message(VisaGiven, **visa(item)) for item in items))

    def refuse(self, item: str, happened: datetime | None = None, **fields: Any) -> Self:
        return self.say(VisaRefused, happened, item=item, **{"reason": REASON, "by": OWNER[item], **fields})

    def take_back(self, item: str, happened: datetime | None = None, **fields: Any) -> Self:
        return self.say(VisaWithdrawn, happened, item=item, **{"reason": REASON, "by": OWNER[item], **fields})

    def mend(self, item: str, happened: datetime | None = None, **fields: Any) -> Self:
        return self.say(ItemMended, happened, item=item, **{"by": ACCOUNTANT if item == "2.4" else SALES, **fields})

    def pay(self, happened: datetime | None = None, reference: str = "p-1") -> Self:
        return self.say(PaymentPosted, happened, reference=reference)

    def bank_says(self, *posted: tuple[str, datetime]) -> Self:
        """Billing has payments, and answers the question that waits for one."""
        payments = tuple(Payment(reference=name, amount=100, currency="UAH", reached_at=moment) for name, moment in posted)
        self.billing = BillingAnswer(payments=payments)
        self.answer("billing", rest=False)
        self.silent |= {"billing"}
        return self.run()

    def meet(self, agreed: str | datetime, happened: datetime | None = None, **fields: Any) -> Self:
        """3.1"""
        moment = self.at(agreed) if isinstance(agreed, str) else agreed
        return self.say(FirstContact, happened, installation_at=moment, **{"by": SERVICE_HEAD, **fields})

    def install(self, happened: datetime | None = None) -> Self:
        return self.say(Installed, happened, by=INSTALLER)

    def report(self, happened: datetime | None = None) -> Self:
        return self.say(InstallationReported, happened, files=[REPORT], by=GROUP_HEAD)

    def waive(self, clause: str, by: Actor) -> Self:
        return self.say(WaiveOfOnboarding, clause=clause, reason="за згодою", by=by)

    # --- what is asked in tests

    def states(self) -> dict[str, str]:
        """Item → state of its visa."""
        return {item: visa.state for item, visa in self.state.visas.items()}

    def visa_row(self, item: str) -> VisaRow:
        """What the register of visas holds of an item."""
        return [row for row in self.of(VisaRow) if row.item == item][-1]

    def due_at(self, key: str) -> str:
        """When a duty is due, as `at` reads it."""
        return self.local(self.due(key))


def visa(item: str, **fields: Any) -> dict[str, Any]:
    """What a visa says."""
    files = [CARD] if item in ("2.6", "2.7") else []
    return {"item": item, "files": files, "by": OWNER[item], **fields}
