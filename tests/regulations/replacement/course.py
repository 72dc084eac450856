"""A replacement that runs its course in memory: billing, the network, the audit and the reading of decisions answer as the fields of
`Course` say.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Self

from regulations.messages import Actor
from regulations.replacement import facts
from regulations.replacement.decisions import Decision, decide
from regulations.replacement.effects import (
    AccountAnswer,
    AccountQuestion,
    AuditAnswer,
    AuditQuestion,
    CreditOrder,
    CreditOutcome,
    DecisionAnswer,
    DecisionQuestion,
    LinksAnswer,
)
from regulations.replacement.messages import AccountChanged, Decided, ExportReceived, Requested, ToppedUp
from regulations.replacement.rows import CreditRow, ReplacementRow
from regulations.replacement.state import COMPANY_ROLES, KIND, ReplacementState, Stage
from regulations.time.calendar_spec import CalendarSpec
from tests.regulations import course

MOSCOW = CalendarSpec.simple("Europe/Moscow", "RU", "09:00-18:00", name="company")
CONTROL_PERSON = Actor(id="q1", role="quality_control")
TECHNICAL_PERSON = Actor(id="t1", role="technical")
OFFICE_PERSON = Actor(id="h1", role="head_office")
FRANCHISEE = {"email": "ivanov@franchise.example.org", "name": "Иванов"}
EXPORT, OTHER_EXPORT, SHEET, OUTCOME = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
OWN_CRM = {
    "link": "https://crm.example.org",
    "login": "secret-login",
    "secret": "secret-1",
    "instructions": "https://docs.example.org/cards",
}
FINE = AccountAnswer(known=True, identifications=10_000, balance=2_500)
AUDITED = AuditAnswer(cards=500, replace=300, reject=150, listen=50, sheet=SHEET, sheet_name="Аудит.xlsx")
DECIDED = DecisionAnswer(accepted=320, rejected=180, amount=320, outcome=OUTCOME, outcome_name="Итог.xlsx")
MONDAY = "2026-11-16 10:00"


def credit_of(order: CreditOrder) -> CreditOutcome:
    """Billing confirms."""
    return CreditOutcome(result="credited", reference=f"B-{order.entry}")


def refused_credit(order: CreditOrder) -> CreditOutcome:
    """Billing refuses."""
    return CreditOutcome(result="refused", reason="account is locked")


class Course(course.Course[ReplacementState, Decision]):
    """One replacement with its own clock. Silent may be: account, links, audit, decision, credit, post, secret."""

    company_calendar = MOSCOW

    def __init__(self, start: str | datetime = MONDAY, n: int = 1) -> None:
        state = ReplacementState(kind=KIND, address=f"{KIND}/A-1/2026-10/{n}", uid="uid-1", stage=Stage.CHECKING)
        super().__init__(start, state, facts.apply, decide, COMPANY_ROLES, {"account": "A-1", "period": "2026-10", "n": n})
        self.account = FINE
        self.links: LinksAnswer | None = LinksAnswer()
        self.audit: AuditAnswer | None = AUDITED
        self.decision: DecisionAnswer | None = DECIDED
        self.credit: Callable[[CreditOrder], CreditOutcome | None] = credit_of
        self.questions: list[AccountQuestion] = []
        self.audits: list[AuditQuestion] = []
        self.readings: list[DecisionQuestion] = []
        self.orders: list[CreditOrder] = []
        self.destroyed: list[str] = []

    def act(self, decision: Decision) -> None:
        if (links := decision.check_links) is not None:
            assert all(link.startswith("https://") for link in links.links.values())
            self.when("links", lambda: facts.learn_links(self.state, self.links, self.now))
        if (audit := decision.audit) is not None:
            self.audits.append(audit)
            self.when("audit", lambda: facts.learn_audit(self.state, audit, self.audit, self.now))
        if (take := decision.take) is not None:
            self.readings.append(take)
            self.when("decision", lambda: facts.learn_decision(self.state, take, self.decision, self.now))
        if (order := decision.credit) is not None:
            self.orders.append(order)
            self.when("credit", lambda: facts.learn_credit(self.state, order, self.credit(order), self.now))
        for letter in decision.letters:
            self.send(letter, facts.learn_letter)
        if (secret := decision.destroy) is not None:
            self.destroyed.append(secret.secret)
            self.when("secret", lambda: facts.learn_destroyed(self.state, secret, self.now))
        if (question := decision.look_up) is not None:
            self.questions.append(question)
            self.when("account", lambda: facts.learn_account(self.state, self.account, self.now))

    # --- the way of a replacement, in few words

    def request(self, happened: datetime | None = None, **fields: Any) -> Self:
        """The franchisee asks for 400, by the short form unless said otherwise."""
        given = {"asked": 400, "login": "romashka", "script": "https://docs.example.org/script", "franchisee": FRANCHISEE}
        return self.say(Requested, happened, **{**given, **fields})

    def top_up(self) -> Self:
        return self.say(ToppedUp)

    def export(self, sha256: str = EXPORT, happened: datetime | None = None, **fields: Any) -> Self:
        given = {"by": TECHNICAL_PERSON, "files": [{"name": "export.csv", "sha256": sha256}]}
        return self.say(ExportReceived, happened, **{**given, **fields})

    def decide(self, happened: datetime | None = None, **fields: Any) -> Self:
        """Quality control sends the sheet."""
        given: dict[str, Any] = {"by": CONTROL_PERSON}
        if "accept_clear" not in fields:
            given["files"] = [{"name": "sheet.xlsx", "sha256": SHEET}]
        return self.say(Decided, happened, **{**given, **fields})

    def billing_changed(self) -> Self:
        return self.say(AccountChanged)

    def audited(self, **fields: Any) -> Self:
        """Asked, exported, audited: quality control is to decide."""
        return self.request(**fields).export()

    # --- what is asked in tests

    def grounds(self) -> list[tuple[str, str]]:
        """Clause and code of each ground of the refusal."""
        return [(g.clause, g.code) for g in self.state.grounds]

    def credits(self) -> list[tuple[str, int, str, str]]:
        """The register of credits: entry, identifications, the period whose balance grew, the tariff to which it belongs."""
        return [(row.entry, row.identifications, row.period, row.of_period) for row in self.of(CreditRow)]

    def register(self) -> ReplacementRow:
        """The row of the register of replacements as it stands."""
        return max(self.of(ReplacementRow), key=lambda row: row.seq)
