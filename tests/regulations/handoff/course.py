"""A handoff that runs its course in memory: the docket's pure functions, counted terms and order of steps, with a clock of its own.

Any date can be played, in microseconds; what the workflow adds (Updates, timers, activities) is tested on the real server.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Self
from zoneinfo import ZoneInfo

import pytest

from regulations.calendar_spec import CalendarSpec
from regulations.case import Obligation, Refusal
from regulations.clocks import planned, terms_to_plan
from regulations.counting import count
from regulations.documents import DocumentsAnswer, DocumentsQuestion, Found
from regulations.editions import load_editions
from regulations.effects import AccessGrant, BillingAnswer, CrmOutcome, CrmRecord, Letter, LetterOutcome, Payment, Price
from regulations.handoff.decisions import Decision, decide
from regulations.handoff.facts import apply, learn_billing, learn_crm, learn_letter
from regulations.handoff.requests import learn_documents
from regulations.handoff.state import ROLES, HandoffState, Stage
from regulations.messages import Accepted, Actor, Client, Message, Partner, PaymentReceived, RequestFile, RequestReceived, Returned, Sold
from regulations.notices import Pending, left_out, ripe
from regulations.plans import Address, Opening, PlanRequest
from regulations.rows import AnyRow, BreachRow, IncidentRow, NoticeRow, ObligationRow
from regulations.working_time import working_time
from tests.regulations.careful import decided

MOSCOW = ZoneInfo("Europe/Moscow")
CALENDAR = CalendarSpec.simple("Europe/Moscow", "RU")
EDITIONS = load_editions()
CC_PERSON = Actor(id="u17", role="cc")
CC_HEAD_PERSON = Actor(id="u1", role="cc_head")
MANAGER = Actor(id="u5", role="senior_regional_manager")
QUESTIONNAIRE = {
    "name": "ООО Ромашка",
    "legal_form": "ООО",
    "inn": "7707083893",
    "tax_regime": "УСН",
    "contact_person": "Иванов",
    "phone": "нет",
    "email": "client@example.org",
    "login": "client@example.org",
    "tariff_and_period": "год",
    "employees": "3",
    "e_signature": "да",
    "promised": "ничего",
}
FILES = (
    RequestFile(name="Анкета клиента client@example.org.docx", kind="questionnaire"),
    RequestFile(name="Договор.docx", kind="contract"),
)


def at(text: str) -> datetime:
    """A Moscow instant, written ``2026-11-20 17:30[:SS]``."""
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).astimezone(UTC)


def sale(when: datetime, *, key: str = "sold-1", contract: str = "written", told: bool | None = True, collects: bool = False) -> Sold:
    return Sold.model_validate(
        {
            "key": key,
            "happened_at": when,
            "deal": "D-1",
            "partner": Partner(id="p7", name="ИП Петров", email="partner@example.org", collects_payments=collects),
            "client": Client(login="client@example.org", name="ООО Ромашка", inn="7707083893"),
            "tariff_line": "bureau",
            "contract": contract,
            "told_client": told,
        }
    )


class Course:
    """One handoff with its own clock."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.state = HandoffState(kind="handoff", address="handoff/D-1", uid="uid", stage=Stage.AWAITING_PAYMENT)
        self.letters: list[Letter] = []
        self.records: list[CrmRecord] = []
        self.rows: list[AnyRow] = []
        self.payments: tuple[Payment, ...] = ()
        self.access: AccessGrant | None = None
        self.price: Price | None = None
        self.billing_answers = True
        self.crm_answers = True
        self.post_answers = True
        self.post: LetterOutcome | None = LetterOutcome(result="sent", message_id="<m@x>", subject="sent")
        """What becomes of a letter; None: refused for good."""
        self.found: dict[str, Found] = {}
        """What is in each file, by its SHA-256; a file that is not named here is lost."""
        self.reader_answers = True
        self.questions: list[DocumentsQuestion] = []
        """What was asked of the reader, answered or not."""
        self.careful = False
        """Proves at every step that deciding is pure, does nothing twice, and survives being written down."""
        self.calendar = working_time(CALENDAR)
        self.wake_at: datetime | None = None
        self.wake_for = ""
        self._keys = itertools.count(1)

    def key(self) -> str:
        return f"k{next(self._keys)}"

    # --- what happens

    def deliver(self, message: Message, *, settle: bool = True) -> None:
        """Applies a message at the present moment; a refusal is raised and leaves no trace."""
        state = self.state.model_copy(deep=True)
        apply(state, message, self.now)
        self.state = state
        if settle:
            self.run()

    def say(self, kind: type[Message], happened: datetime | None = None, *, settle: bool = True, **fields: Any) -> None:
        """Delivers a message of a kind with a fresh key."""
        given: dict[str, Any] = {"key": self.key(), "happened_at": happened or self.now, **fields}
        if "deal" in kind.model_fields:
            given.setdefault("deal", "D-1")
        self.deliver(kind.model_validate(given), settle=settle)

    def pay(self, reached: datetime | None = None, amount: str = "12000", currency: str = "RUB", *, date_only: bool = False) -> None:
        self.payments += (
            Payment(
                reference=f"pay-{len(self.payments) + 1}",
                amount=Decimal(amount),
                currency=currency,
                reached_at=reached or self.now,
                date_only=date_only,
            ),
        )

    def grant(self, granted: datetime | None = None, starts_on: date | None = None) -> None:
        """Opens the access in billing; the case learns of it when it asks."""
        self.access = AccessGrant(reference="acc-1", granted_at=granted or self.now, tariff="bureau-12", starts_on=starts_on)

    # --- the way of a case, in few words

    def paid(self, **sold: Any) -> Self:
        """Sold and paid now."""
        self.pay()
        self.deliver_sale(**sold)
        return self

    def deliver_sale(self, **sold: Any) -> None:
        """Sold now."""
        self.deliver(sale(self.now, **sold))

    def look_up(self) -> None:
        """Somebody says that money came, so billing is asked."""
        self.say(PaymentReceived)

    def request(self, happened: datetime | None = None, **fields: Any) -> None:
        """The partner's request, complete unless said otherwise."""
        given = {"subject": "Обучение клиента от ИП Петров", "message_id": "<r@partner>", "files": FILES, "questionnaire": QUESTIONNAIRE}
        self.say(RequestReceived, happened, **{**given, **fields})

    def transferred(self, **sold: Any) -> Self:
        """Sold, paid and requested now: the transfer."""
        self.paid(**sold)
        self.request()
        return self

    def accept(self, happened: datetime | None = None, **fields: Any) -> None:
        self.say(Accepted, happened, by=CC_PERSON, **fields)

    def give_back(self, *clauses: str, happened: datetime | None = None, **fields: Any) -> None:
        self.say(Returned, happened, by=CC_PERSON, reasons=[{"clause": c} for c in clauses or ("3.3",)], **fields)

    def refused(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> str:
        """The type of the refusal; the state must be as before."""
        before = self.state.model_dump_json()
        with pytest.raises(Refusal) as refusal:
            self.say(kind, happened, **fields)
        assert self.state.model_dump_json() == before
        return refusal.value.type

    def go_to(self, moment: datetime) -> None:
        """Moves the clock, stopping at every instant at which the case wakes by itself."""
        while self.wake_at is not None and self.wake_at <= moment:
            self.now = self.wake_at
            self.run()
        self.now = moment

    def go(self, **delta: float) -> None:
        self.go_to(self.now + timedelta(**delta))

    def answer_reader(self, *, fails: bool = False) -> None:
        """The files asked for last have been read, or could not be."""
        question = self.questions[-1]
        found = tuple(self.found.get(d.sha256, Found(problem="lost")) for d in question.documents)
        learn_documents(self.state, question, None if fails else DocumentsAnswer(found=found), self.now)

    def attach(self, kind: str, found: Found, name: str = "") -> RequestFile:
        """A file whose content the door has kept, and what will be found in it."""
        sha256 = f"{len(self.found) + 1:064x}"
        self.found[sha256] = found
        return RequestFile.model_validate({"name": name or f"{kind}.docx", "kind": kind, "sha256": sha256})

    # --- the docket's steps

    def run(self) -> None:
        """Counts, decides and acts until nothing is left to do now."""
        for _ in range(50):
            self._open_and_count()
            decision = self._decide()
            self.state = decision.state
            self.rows += self.state.rows
            self.state.rows = []
            self.letters += decision.letters
            self.records += decision.records
            for letter in decision.letters if self.post_answers else []:
                learn_letter(self.state, letter, self.post, self.now)
            for record in decision.records if self.crm_answers else []:
                learn_crm(self.state, record, CrmOutcome(record_id="z1", action="inserted"), self.now)
            if decision.read is not None:
                self.questions.append(decision.read)
                if self.reader_answers:
                    self.answer_reader()
            if decision.look_up and self.billing_answers:
                answer = BillingAnswer(payments=self.payments, price=self.price, access=self.access)
                learn_billing(self.state, answer, self.now)
            self.wake_at, self.wake_for = decision.wake_at, decision.wake_for
            more = any(True for _ in terms_to_plan(self.state, self.now))
            if not decision.acts and not more:
                assert self.wake_at is None or self.wake_at > self.now
                return
        raise AssertionError("the case does not come to rest")

    def _decide(self) -> Decision:
        return decided(decide, self.state, self.now) if self.careful else decide(self.state, self.now)

    def _open_and_count(self) -> None:
        if self.state.opening is None:
            edition, language = EDITIONS.in_force("handoff", self.now)
            roles = {role: Address(email=f"{role}@example.org") for role in ROLES}
            self.state.opening = Opening(
                edition=edition, company="Моё дело", language=language, calendar="company", zone="Europe/Moscow", roles=roles
            )
        while items := tuple(terms_to_plan(self.state, self.now)):
            answer = count(self.calendar, PlanRequest(calendar="company", warn_fraction=0.75, terms=items))
            self.state.offset = answer.offset
            for term in answer.terms:
                planned(self.state, term, self.now)

    # --- what is asked in tests

    def duty(self, clause: str) -> Obligation:
        """The newest obligation of a clause."""
        return next(o for o in reversed(self.state.obligations) if o.clause == clause)

    def due(self, clause: str) -> str:
        """The due instant in Moscow, written as `at` reads it."""
        due = self.duty(clause).due
        return due.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M") if due else "-"

    def templates(self) -> list[str]:
        return [letter.template.removeprefix("handoff/") for letter in self.letters]

    def breaches(self) -> list[tuple[str, str]]:
        return [(r.clause, r.entry.value) for r in self.rows if isinstance(r, BreachRow)]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]

    def mailed(self, row: NoticeRow, since: datetime | None = None) -> datetime | None:
        """When the rounds mail a notice, written down at ``since``, to somebody who works as the company does; None: never."""
        written = max(row.earliest, since or row.earliest)
        opening = self.calendar.next_open(written).astimezone(UTC)
        return next((at for at in (written, opening) if self._goes(row, at)), None)

    def _goes(self, row: NoticeRow, at: datetime) -> bool:
        duty = next((r for r in reversed(self.rows) if isinstance(r, ObligationRow) and r.key == row.key), None)
        undone = [r for r in self.rows if isinstance(r, BreachRow) and r.entry == "withdrawn" and r.at <= at]
        withdrawn = any((r.key, r.due) == (row.key, row.due) for r in undone)
        breaches = [r for r in self.rows if isinstance(r, NoticeRow) and r.kind == "breach"]
        breach = next((r for r in breaches if (r.key, r.due, r.role) == (row.key, row.due, row.role)), None)
        told = row.kind == "breach_withdrawn" and breach is not None and (first := self.mailed(breach)) is not None and first < at
        notice = Pending(
            case_uid="uid",
            address="handoff/D-1",
            **row.model_dump(include={"key", "kind", "recipient", "text", "due", "earliest", "at_once"}),
            state=duty.state if duty else None,
            state_due=duty.due if duty else None,
            withdrawn=withdrawn,
            told=told,
        )
        return left_out(notice, at) is None and ripe(notice, self.calendar, at)

    def notices(self, kind: str) -> list[tuple[str, str]]:
        return [(r.clause, r.role) for r in self.rows if isinstance(r, NoticeRow) and r.kind == kind]
