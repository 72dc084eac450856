"""A replacement that runs its course in memory: the docket's pure functions, really counted terms and its order of steps, with a clock of
its own.

Billing, the network, the audit and the reading of decisions answer as the fields of `Course` say; what is switched off waits for `answer`.
What the workflow adds is tested on the real server.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

import pytest

from regulations.calendar_spec import CalendarSpec
from regulations.case import Obligation, Refusal
from regulations.clocks import planned, terms_to_plan
from regulations.counting import count
from regulations.editions import load_editions
from regulations.effects import Letter, LetterOutcome
from regulations.messages import Actor, Message
from regulations.plans import Address, Opening, OpeningRequest, PlanRequest
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
from regulations.replacement.messages import AccountChanged, Decided, ExportReceived, OfReplacement, Requested, ToppedUp
from regulations.replacement.state import COMPANY_ROLES, KIND, ReplacementState, Stage
from regulations.rows import AnyRow, BreachRow, CreditRow, IncidentRow, NoticeRow, ReplacementRow
from regulations.working_time import working_time
from tests.regulations.careful import decided

MOSCOW = CalendarSpec.simple("Europe/Moscow", "RU", "09:00-18:00", name="company")
EDITIONS = load_editions()
CONTROL_PERSON = Actor(id="q1", role="quality_control")
TECHNICAL_PERSON = Actor(id="t1", role="technical")
OFFICE_PERSON = Actor(id="h1", role="head_office")
FRANCHISEE = {"email": "ivanov@franchise.example.org", "name": "Иванов"}
SENT = LetterOutcome(result="sent", message_id="<m@x>", subject="sent")
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


def at(text: str) -> datetime:
    """A local instant of Moscow, written ``2026-11-16 10:00[:SS]``."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Moscow")).astimezone(UTC)


def local(moment: datetime) -> str:
    """An instant as `at` reads it."""
    return moment.astimezone(ZoneInfo("Europe/Moscow")).strftime("%Y-%m-%d %H:%M")


def credit_of(order: CreditOrder) -> CreditOutcome:
    """Billing confirms."""
    return CreditOutcome(result="credited", reference=f"B-{order.entry}")


def refused_credit(order: CreditOrder) -> CreditOutcome:
    """Billing refuses."""
    return CreditOutcome(result="refused", reason="account is locked")


class Course:
    """One replacement with its own clock."""

    def __init__(self, start: str | datetime = MONDAY, n: int = 1) -> None:
        self.now = at(start) if isinstance(start, str) else start
        self.n = n
        self.state = ReplacementState(kind=KIND, address=f"{KIND}/A-1/2026-10/{n}", uid="uid-1", stage=Stage.CHECKING)
        self.account = FINE
        self.links: LinksAnswer | None = LinksAnswer()
        self.audit: AuditAnswer | None = AUDITED
        self.decision: DecisionAnswer | None = DECIDED
        self.credit: Callable[[CreditOrder], CreditOutcome | None] = credit_of
        self.post: LetterOutcome | None = SENT
        self.roles = set(COMPANY_ROLES)
        """The roles that the company's file names."""
        self.silent: set[str] = set()
        """Who does not answer: account, links, audit, decision, credit, post, secret."""
        self.asked: list[AccountQuestion] = []
        self.audits: list[AuditQuestion] = []
        self.readings: list[DecisionQuestion] = []
        self.orders: list[CreditOrder] = []
        self.letters: list[Letter] = []
        self.destroyed: list[str] = []
        self.rows: list[AnyRow] = []
        self.careful = True
        """Proves at every step that deciding is pure, does nothing twice, and survives being written down."""
        self.wake_at: datetime | None = None
        self.wake_for = ""
        self._open: list[tuple[str, Callable[[], None]]] = []
        self._keys = itertools.count(1)

    # --- what happens

    def message(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Message:
        """A message of a kind with a fresh key, to this replacement."""
        given: dict[str, Any] = {"key": f"k{next(self._keys)}", "happened_at": happened or self.now, **fields}
        if issubclass(kind, OfReplacement):
            given = {"account": "A-1", "period": "2026-10", "n": self.n, **given}
        return kind.model_validate(given)

    def deliver(self, message: Message) -> None:
        """Applies a message at the present moment; a refusal is raised and leaves no trace."""
        state = self.state.model_copy(deep=True)
        facts.apply(state, message, self.now)
        self.state = state
        self.run()

    def say(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> None:
        """Delivers a message of a kind with a fresh key."""
        self.deliver(self.message(kind, happened, **fields))

    def refusal(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Refusal:
        """The refusal; the state must be as before."""
        before = self.state.model_dump_json()
        with pytest.raises(Refusal) as refusal:
            self.deliver(self.message(kind, happened, **fields))
        assert self.state.model_dump_json() == before
        return refusal.value

    def refused(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> str:
        """The type of the refusal."""
        return self.refusal(kind, happened, **fields).type

    # --- the way of a replacement, in few words

    def request(self, happened: datetime | None = None, **fields: Any) -> Self:
        """The franchisee asks for 400, by the short form unless said otherwise."""
        given = {"asked": 400, "login": "romashka", "script": "https://docs.example.org/script", "franchisee": FRANCHISEE}
        self.say(Requested, happened, **{**given, **fields})
        return self

    def top_up(self) -> Self:
        self.say(ToppedUp)
        return self

    def export(self, sha256: str = EXPORT, happened: datetime | None = None, **fields: Any) -> Self:
        given = {"by": TECHNICAL_PERSON, "files": [{"name": "export.csv", "sha256": sha256}]}
        self.say(ExportReceived, happened, **{**given, **fields})
        return self

    def decide(self, happened: datetime | None = None, **fields: Any) -> Self:
        """Quality control sends the sheet."""
        given: dict[str, Any] = {"by": CONTROL_PERSON}
        if "accept_clear" not in fields:
            given["files"] = [{"name": "sheet.xlsx", "sha256": SHEET}]
        self.say(Decided, happened, **{**given, **fields})
        return self

    def billing_changed(self) -> Self:
        self.say(AccountChanged)
        return self

    def audited(self, **fields: Any) -> Self:
        """Asked, exported, audited: quality control is to decide."""
        return self.request(**fields).export()

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

    def answer(self, who: str | None = None) -> Self:
        """Whoever was silent answers what was asked meanwhile, in order; all of them, unless one is named."""
        ready = [what for whose, what in self._open if who in (None, whose)]
        self._open = [(whose, what) for whose, what in self._open if who not in (None, whose)]
        for what in ready:
            what()
        self.run()
        return self

    # --- the docket's steps

    def run(self) -> None:
        """Counts, decides and acts until nothing is left to do now."""
        for _ in range(50):
            self._open_and_count()
            decision = decided(decide, self.state, self.now) if self.careful else decide(self.state, self.now)
            self.state = decision.state
            self.rows += self.state.rows
            self.state.rows = []
            self.wake_at, self.wake_for = decision.wake_at, decision.wake_for
            self._act(decision)
            more = any(True for _ in terms_to_plan(self.state, self.now))
            if not decision.acts and not more:
                assert self.wake_at is None or self.wake_at > self.now
                return
        raise AssertionError("the case does not come to rest")

    def _open_and_count(self) -> None:
        if self.state.opening is None:
            self.state.opening = opening(self.state.opening_request(self.now), self.roles)
        while items := tuple(terms_to_plan(self.state, self.now)):
            answer = count(working_time(MOSCOW), PlanRequest.of(self.state.opening, items))
            self.state.offset = answer.offset
            for term in answer.terms:
                planned(self.state, term, self.now)

    def _act(self, decision: Decision) -> None:
        """What the workflow starts, and what becomes of it."""
        if (links := decision.check_links) is not None:
            assert all(link.startswith("https://") for link in links.links.values())
            self._when("links", lambda: facts.learn_links(self.state, self.links, self.now))
        if (audit := decision.audit) is not None:
            self.audits.append(audit)
            self._when("audit", lambda: facts.learn_audit(self.state, audit, self.audit, self.now))
        if (take := decision.take) is not None:
            self.readings.append(take)
            self._when("decision", lambda: facts.learn_decision(self.state, take, self.decision, self.now))
        if (order := decision.credit) is not None:
            self.orders.append(order)
            self._when("credit", lambda: facts.learn_credit(self.state, order, self.credit(order), self.now))
        for letter in decision.letters:
            self.letters.append(letter)
            self._when("post", lambda letter=letter: facts.learn_letter(self.state, letter, self.post, self.now))  # type: ignore[misc]
        if (secret := decision.destroy) is not None:
            self.destroyed.append(secret.secret)
            self._when("secret", lambda: facts.learn_destroyed(self.state, secret, self.now))
        if (question := decision.look_up) is not None:
            self.asked.append(question)
            self._when("account", lambda: facts.learn_account(self.state, self.account, self.now))

    def _when(self, who: str, answers: Callable[[], None]) -> None:
        if who in self.silent:
            self._open.append((who, answers))
        else:
            answers()

    # --- what is asked in tests

    @property
    def stage(self) -> str:
        return self.state.stage

    def duty(self, key: str) -> Obligation:
        """The obligation with this key."""
        duty = self.state.obligation(key)
        assert duty is not None
        return duty

    def standings(self) -> dict[str, str]:
        """Key of each obligation → where it stands."""
        return {o.key: o.standing.value for o in self.state.obligations}

    def grounds(self) -> list[tuple[str, str]]:
        """Clause and code of each ground of the refusal."""
        return [(g.clause, g.code) for g in self.state.grounds]

    def templates(self) -> list[str]:
        return [letter.template.removeprefix("replacement/") for letter in self.letters]

    def letter(self, template: str) -> Letter:
        """The only letter of a template."""
        (found,) = [letter for letter in self.letters if letter.template == f"replacement/{template}"]
        return found

    def breaches(self) -> list[tuple[str, str]]:
        return [(r.clause, r.entry.value) for r in self.rows if isinstance(r, BreachRow)]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]

    def notices(self, kind: str) -> list[tuple[str, str]]:
        """Clause and role of each notice of a kind."""
        return [(r.clause, r.role) for r in self.rows if isinstance(r, NoticeRow) and r.kind == kind]

    def told(self, role: str) -> list[str]:
        """The texts of the notices to a role."""
        return [r.text for r in self.rows if isinstance(r, NoticeRow) and r.role == role]

    def credits(self) -> list[tuple[str, int, str, str]]:
        """The register of credits: entry, identifications, the period whose balance grew, the tariff to which it belongs."""
        return [(r.entry, r.identifications, r.period, r.of_period) for r in self.rows if isinstance(r, CreditRow)]

    def register(self) -> ReplacementRow:
        """The row of the register of replacements as it stands."""
        return max((r for r in self.rows if isinstance(r, ReplacementRow)), key=lambda r: r.seq)


def opening(asked: OpeningRequest, roles: set[str]) -> Opening:
    """What Planning gives a replacement."""
    edition, language = EDITIONS.in_force(asked.regulation, asked.at) if asked.edition is None else EDITIONS.of_id(asked.edition)
    return Opening(
        edition=edition,
        company="Моя компания",
        language=language,
        calendar="company",
        zone="Europe/Moscow",
        roles={role: Address(email=f"{role}@example.org") for role in sorted(roles)},
    )
