"""A lead that runs its course in memory: the docket's pure functions, really counted terms and its order of steps, with a clock of its own.

The centres stand in `ZONES`; their opening is what Planning gives. What the workflow adds is tested on the real server.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Self
from zoneinfo import ZoneInfo

import pytest

from regulations.case import Obligation, Refusal
from regulations.clocks import planned, terms_to_plan
from regulations.control_time import calendar_named
from regulations.counting import count
from regulations.editions import load_editions
from regulations.effects import Letter, LetterOutcome
from regulations.lead.decisions import Decision, decide
from regulations.lead.effects import ClientQuestion, ClientStanding, InvoiceAnswer, InvoiceQuestion
from regulations.lead.facts import apply, learn_invoice, learn_letter, learn_standing, succeed
from regulations.lead.messages import ContactRecord, Created, Moved, OfLead, TakenIntoWork, ToLead
from regulations.lead.state import COMPANY_ROLES, KIND, LeadState, Status, centre_role, head_role, manager_role
from regulations.messages import Actor, Message
from regulations.plans import Address, Opening, OpeningRequest, PlanRequest, control_name
from regulations.rows import AnyRow, BreachRow, IncidentRow, LeadRow, MeasureRow, NoticeRow
from regulations.working_time import working_time
from tests.regulations.careful import decided

MOSCOW = "Europe/Moscow"
KALININGRAD = "Europe/Kaliningrad"
VLADIVOSTOK = "Asia/Vladivostok"
ZONES = {"msk-1": MOSCOW, "msk-2": MOSCOW, "kgd-1": KALININGRAD, "vlad-1": VLADIVOSTOK, "vlad-2": VLADIVOSTOK}
MANAGERS = ("anna", "boris")
"""Known to every centre."""
EDITIONS = load_editions()
SUPPORT_PERSON = Actor(id="u1", role="sales_support")
PRINCIPAL_PERSON = Actor(id="u7", role="principal")
CENTRE_PERSON = Actor(id="u9", role="centre")
CONTACTS = ({"name": "Иванов Иван", "phone": "+7 495 123-45-67", "email": None},)
CALL = ContactRecord(channel="call", with_whom="Иванов Иван", outcome="просит счёт")
SENT = LetterOutcome(result="sent", message_id="<m@x>", subject="sent")


def at(text: str, zone: str = VLADIVOSTOK) -> datetime:
    """A local instant, written ``2026-11-20 17:30[:SS]``; of Vladivostok unless said otherwise."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def local(moment: datetime, zone: str = VLADIVOSTOK) -> str:
    """An instant as `at` reads it."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def created(when: datetime, centre: str = "vlad-1", **fields: Any) -> Created:
    """An enquiry: a client's connection request (hot), unless said otherwise. ``temperature`` alone chooses a fitting origin."""
    given: dict[str, Any] = {
        "key": "created-1",
        "happened_at": when,
        "client": "C-1",
        "product": "extern",
        "creator": "client",
        "centre": centre,
        "type": "connection",
        "client_name": "ООО Ромашка",
        "contacts": CONTACTS,
        "link": "https://crm.example.org/leads/1",
        **fields,
    }
    if given.get("origin") != "other":
        temperature = given.pop("temperature", "hot")
        if "origin" not in given:
            given["origin"] = {"hot": "connection_request", "warm": "registration", "cold": "cold_call_list"}[temperature]
            given["creator"] = fields.get("creator", "principal" if temperature == "cold" else "client")
    return Created.model_validate(given)


class Course:
    """One lead with its own clock."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.state = fresh("uid-1")
        self.letters: list[Letter] = []
        self.looked_up: list[ClientQuestion] = []
        self.linked: list[InvoiceQuestion] = []
        self.rows: list[AnyRow] = []
        self.standing = ClientStanding()
        """What billing says when it is asked."""
        self.invoices: dict[str, InvoiceAnswer] = {}
        """What linking an invoice comes to, by its number; one that is not named here is paid and right."""
        self.known = dict(ZONES)
        """The centres that have been defined; a lead of another one waits for its opening."""
        self.billing_answers = True
        self.post_answers = True
        self.post: LetterOutcome | None = SENT
        """What becomes of a letter; None: refused for good."""
        self.careful = False
        """Proves at every step that deciding is pure, does nothing twice, and survives being written down."""
        self.wake_at: datetime | None = None
        self.wake_for = ""
        self._keys = itertools.count(1)
        self._uids = itertools.count(2)

    def key(self) -> str:
        return f"k{next(self._keys)}"

    # --- what happens

    def deliver(self, message: Message, *, settle: bool = True) -> None:
        """Applies a message at the present moment; a refusal is raised and leaves no trace."""
        state = self.state.model_copy(deep=True)
        state.answer, state.discreet = "", False
        apply(state, message, self.now)
        self.state = state
        if settle:
            self.run()

    def message(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Message:
        """A message of a kind with a fresh key, to this lead of its present holder unless said otherwise."""
        given: dict[str, Any] = {"key": self.key(), "happened_at": happened or self.now, **fields}
        if issubclass(kind, OfLead):
            given = {"client": "C-1", "product": "extern", **given}
        if issubclass(kind, ToLead) and "uid" not in given:
            given.setdefault("centre", self.state.centre)
        return kind.model_validate(given)

    def say(self, kind: type[Message], happened: datetime | None = None, *, settle: bool = True, **fields: Any) -> None:
        """Delivers a message of a kind with a fresh key."""
        self.deliver(self.message(kind, happened, **fields), settle=settle)

    def refused(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> str:
        """The type of the refusal; the state must be as before."""
        return self.refusal(kind, happened, **fields).type

    def refusal(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Refusal:
        """The refusal itself."""
        return self.refuses(self.message(kind, happened, **fields))

    def refuses(self, message: Message) -> Refusal:
        """The refusal of a message that stands as it is."""
        before = self.state.model_dump_json()
        with pytest.raises(Refusal) as refusal:
            self.deliver(message)
        assert self.state.model_dump_json() == before
        return refusal.value

    # --- the way of a lead, in few words

    def begun(self, centre: str = "vlad-1", **fields: Any) -> Self:
        """Created now (see `created`)."""
        self.deliver(created(self.now, centre, **fields))
        return self

    def again(self, centre: str = "vlad-1", happened: datetime | None = None, **fields: Any) -> str:
        """A further enquiry with a fresh key; gives the answer that its sender gets."""
        self.deliver(created(happened or self.now, centre, **{"key": self.key(), **fields}), settle=False)
        answer = self.state.answer
        self.run()
        return answer

    def take(self, happened: datetime | None = None, **fields: Any) -> Self:
        """Taken into work, with a call."""
        self.say(TakenIntoWork, happened, **{"contact": CALL, **fields})
        return self

    def move(self, to: str, happened: datetime | None = None, **fields: Any) -> Self:
        """Moved by the principal."""
        self.say(Moved, happened, **{"to": to, "by": PRINCIPAL_PERSON, "reason": "ближе к клиенту", **fields})
        return self

    def succeeded(self) -> None:
        """3.6: the lead that waits to take the address over begins, as the workflow does it once the old one has ended."""
        assert self.state.ended
        assert self.state.successor is not None
        self.state = succeed(self.state, f"uid-{next(self._uids)}", self.now)
        self.wake_at = None
        self.run()

    def go_to(self, moment: datetime) -> None:
        """Moves the clock, stopping at every instant at which the case wakes by itself."""
        while self.wake_at is not None and self.wake_at <= moment:
            self.now = self.wake_at
            self.run()
        self.now = moment

    def go(self, **delta: float) -> None:
        self.go_to(self.now + timedelta(**delta))

    # --- the docket's steps

    def run(self) -> None:
        """Counts, decides and acts until nothing is left to do now."""
        for _ in range(50):
            if not self._open_and_count():
                self.wake_at = None
                return
            decision = self._decide()
            self.state = decision.state
            self.rows += self.state.rows
            self.state.rows = []
            self._act(decision)
            self.wake_at, self.wake_for = decision.wake_at, decision.wake_for
            more = any(True for _ in terms_to_plan(self.state, self.now))
            if not decision.acts and not more:
                assert self.wake_at is None or self.wake_at > self.now
                return
        raise AssertionError("the case does not come to rest")

    def _act(self, decision: Decision) -> None:
        self.letters += decision.letters
        for letter in decision.letters if self.post_answers else []:
            learn_letter(self.state, letter, self.post, self.now)
        if decision.look_up is not None:
            self.looked_up.append(decision.look_up)
            if self.billing_answers:
                self.answer_look_up()
        if decision.link is not None:
            self.linked.append(decision.link)
            if self.billing_answers:
                self.answer_link()

    def answer_look_up(self) -> None:
        """Billing answers what it was asked."""
        learn_standing(self.state, self.standing, self.now)

    def answer_link(self) -> None:
        """Billing answers about the invoice that is being linked."""
        question = self.linked[-1]
        right = InvoiceAnswer(result="linked", paid_at=self.now, amount=Decimal("12000"), currency="RUB")
        learn_invoice(self.state, question, self.invoices.get(question.invoice, right), self.now)

    def _decide(self) -> Decision:
        return decided(decide, self.state, self.now) if self.careful else decide(self.state, self.now)

    def _open_and_count(self) -> bool:
        """False: the centre is not defined, so that nothing can be counted."""
        if self.state.opening is None or self.state.opening_stale:
            if self.state.centre not in self.known:
                return False
            opened(self.state, self.now, self.known)
        while items := tuple(terms_to_plan(self.state, self.now)):
            assert self.state.opening is not None
            calendar = working_time(calendar_named(self.state.opening.calendar, {}))
            answer = count(calendar, PlanRequest.of(self.state.opening, items))
            self.state.offset = answer.offset
            for term in answer.terms:
                planned(self.state, term, self.now)
        return True

    # --- what is asked in tests

    def duty(self, clause: str) -> Obligation:
        """The newest obligation of a clause."""
        return next(o for o in reversed(self.state.obligations) if o.clause == clause)

    def due(self, clause: str, zone: str = VLADIVOSTOK) -> str:
        """The due instant, written as `at` reads it."""
        due = self.duty(clause).due
        return local(due, zone) if due else "-"

    def standings(self) -> dict[str, str]:
        """Key of each obligation → where it stands."""
        return {o.key: o.standing.value for o in self.state.obligations}

    def templates(self) -> list[str]:
        return [letter.template.removeprefix("lead/") for letter in self.letters]

    def breaches(self) -> list[tuple[str, str]]:
        return [(r.clause, r.entry.value) for r in self.rows if isinstance(r, BreachRow)]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]

    def measures(self) -> list[MeasureRow]:
        """The proposals in the register of measures."""
        return [r for r in self.rows if isinstance(r, MeasureRow)]

    def notices(self, kind: str) -> list[tuple[str, str]]:
        """Clause and role of each notice of a kind."""
        return [(r.clause, r.role) for r in self.rows if isinstance(r, NoticeRow) and r.kind == kind]

    def register(self) -> dict[int, LeadRow]:
        """The register of leads: the newest row of each round."""
        rows = [r for r in self.rows if isinstance(r, LeadRow)]
        return {row.round: row for row in sorted(rows, key=lambda r: r.seq)}


def fresh(uid: str) -> LeadState:
    """A lead before its creation."""
    return LeadState(kind=KIND, address="lead/C-1/extern", uid=uid, stage=Status.NEW)


def opened(state: LeadState, now: datetime, zones: dict[str, str] = ZONES) -> None:
    """Takes the opening of the centre that holds the lead, as Planning gives it and the docket takes it."""
    asked = state.opening_request(now)
    answer = opening(asked, zones)
    kept = {} if state.opening is None else state.opening.roles
    state.opening = answer.model_copy(update={"roles": kept | answer.roles})
    state.opening_stale = False


def opening(asked: OpeningRequest, zones: dict[str, str] = ZONES) -> Opening:
    """What Planning gives a lead of one of the `ZONES`."""
    centre = asked.centre or ""
    edition, language = EDITIONS.in_force(KIND, asked.at) if asked.edition is None else EDITIONS.of_id(asked.edition)
    calendar = control_name(zones[centre])
    roles = {role: Address(email=f"{role}@example.org") for role in COMPANY_ROLES}
    roles[centre_role(centre)] = Address(email=f"{centre}@example.org", calendar=calendar)
    roles[head_role(centre)] = Address(email=f"head-{centre}@example.org", calendar=calendar)
    if asked.manager in MANAGERS:
        roles[manager_role(centre, asked.manager)] = Address(email=f"{asked.manager}@example.org", calendar=calendar)
    return Opening(
        edition=edition,
        company="СКБ Контур",
        language=language,
        calendar=calendar,
        zone=zones[centre],
        roles=roles,
        centre_name=f"СЦ {centre}",
    )


MONDAY = at("2026-11-16 10:00")


def on_monday(kind: str = "connection", **fields: Any) -> Course:
    """A lead of this type, begun on a Monday morning in Vladivostok, every decision watched; billing does not contradict its type."""
    course = Course(MONDAY)
    course.careful = True
    if kind == "upsell":
        course.standing = ClientStanding(paid_until=MONDAY + timedelta(days=100))
    return course.begun(type=kind, **fields)
