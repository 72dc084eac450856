"""A handoff that runs its course in memory: billing, the CRM, the post and the reader of documents answer as the fields of `Course` say."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Self

from regulations.documents import DocumentsAnswer, DocumentsQuestion, Found
from regulations.effects import AccessGrant, BillingAnswer, CrmOutcome, CrmRecord, Payment, Price
from regulations.handoff.decisions import Decision, decide
from regulations.handoff.facts import apply, learn_billing, learn_crm, learn_letter
from regulations.handoff.requests import learn_documents
from regulations.handoff.state import ROLES, HandoffState, Stage
from regulations.messages import Accepted, Actor, Client, Partner, PaymentReceived, RequestFile, RequestReceived, Returned, Sold
from regulations.notices import Pending, left_out, ripe
from regulations.rows import BreachRow, NoticeRow, ObligationRow
from regulations.time.calendar_spec import CalendarSpec
from tests.regulations import course

CALENDAR = CalendarSpec.simple("Europe/Moscow", "RU")
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


class Course(course.Course[HandoffState, Decision]):
    """One handoff with its own clock. Silent may be: billing, crm, post, and the reader, which then answers by `answer_reader`."""

    company = "Моё дело"
    company_calendar = CALENDAR

    def __init__(self, start: datetime) -> None:
        state = HandoffState(kind="handoff", address="handoff/D-1", uid="uid", stage=Stage.AWAITING_PAYMENT)
        super().__init__(start, state, apply, decide, ROLES, {"deal": "D-1"})
        self.careful = False
        self.records: list[CrmRecord] = []
        self.payments: tuple[Payment, ...] = ()
        self.access: AccessGrant | None = None
        self.price: Price | None = None
        self.found: dict[str, Found] = {}
        """What is in each file, by its SHA-256; a file that is not named here is lost."""
        self.questions: list[DocumentsQuestion] = []
        """What was asked of the reader, answered or not."""

    def act(self, decision: Decision) -> None:
        for letter in decision.letters:
            self.send(letter, learn_letter)
        for record in decision.records:
            self._enter(record)
        if decision.read is not None:
            self.questions.append(decision.read)
            if "reader" not in self.silent:
                self.answer_reader()
        if decision.look_up:
            self.when("billing", self._billing)

    def _enter(self, record: CrmRecord) -> None:
        self.records.append(record)
        self.when("crm", lambda: learn_crm(self.state, record, CrmOutcome(record_id="z1", action="inserted"), self.now))

    def _billing(self) -> None:
        learn_billing(self.state, BillingAnswer(payments=self.payments, price=self.price, access=self.access), self.now)

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

    # --- what is asked in tests

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
