"""A lead that runs its course in memory: the centres stand in `ZONES`, their opening is what Planning gives."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Self

from regulations.control_time import calendar_named
from regulations.lead.decisions import Decision, decide
from regulations.lead.effects import ClientQuestion, ClientStanding, InvoiceAnswer, InvoiceQuestion
from regulations.lead.facts import apply, learn_invoice, learn_letter, learn_standing, succeed
from regulations.lead.messages import ContactRecord, Created, Moved, TakenIntoWork, ToLead
from regulations.lead.rows import LeadRow, MeasureRow
from regulations.lead.state import COMPANY_ROLES, KIND, LeadState, Status, centre_role, head_role, manager_role
from regulations.messages import Actor, Message
from regulations.plans import Address, Opening, OpeningRequest, control_name
from regulations.time.working_time import WorkingTime, working_time
from tests.regulations import course
from tests.regulations.course import EDITIONS, MOSCOW

KALININGRAD = "Europe/Kaliningrad"
VLADIVOSTOK = "Asia/Vladivostok"
ZONES = {"msk-1": MOSCOW, "msk-2": MOSCOW, "kgd-1": KALININGRAD, "vlad-1": VLADIVOSTOK, "vlad-2": VLADIVOSTOK}
MANAGERS = ("anna", "boris")
"""Known to every centre."""
SUPPORT_PERSON = Actor(id="u1", role="sales_support")
PRINCIPAL_PERSON = Actor(id="u7", role="principal")
CENTRE_PERSON = Actor(id="u9", role="centre")
CONTACTS = ({"name": "Иванов Иван", "phone": "+7 495 123-45-67", "email": None},)
CALL = ContactRecord(channel="call", with_whom="Иванов Иван", outcome="просит счёт")


def at(text: str, zone: str = VLADIVOSTOK) -> datetime:
    """A local instant, written ``2026-11-20 17:30[:SS]``; of Vladivostok unless said otherwise."""
    return course.at(text, zone)


def local(moment: datetime | None, zone: str = VLADIVOSTOK) -> str:
    """An instant as `at` reads it."""
    return course.local(moment, zone)


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


class Course(course.Course[LeadState, Decision]):
    """One lead with its own clock. Silent may be: post, and billing, which then answers by `answer_look_up` and `answer_link`."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start, fresh("uid-1"), apply, decide, to={"client": "C-1", "product": "extern"})
        self.careful = False
        self.looked_up: list[ClientQuestion] = []
        self.linked: list[InvoiceQuestion] = []
        self.standing = ClientStanding()
        """What billing says when it is asked."""
        self.invoices: dict[str, InvoiceAnswer] = {}
        """What linking an invoice comes to, by its number; one that is not named here is paid and right."""
        self.known = dict(ZONES)
        """The centres that have been defined; a lead of another one waits for its opening."""
        self._uids = itertools.count(2)

    def act(self, decision: Decision) -> None:
        for letter in decision.letters:
            self.send(letter, learn_letter)
        if decision.look_up is not None:
            self.looked_up.append(decision.look_up)
            if "billing" not in self.silent:
                self.answer_look_up()
        if decision.link is not None:
            self.linked.append(decision.link)
            if "billing" not in self.silent:
                self.answer_link()

    def answer_look_up(self) -> None:
        """Billing answers what it was asked."""
        learn_standing(self.state, self.standing, self.now)

    def answer_link(self) -> None:
        """Billing answers about the invoice that is being linked."""
        question = self.linked[-1]
        right = InvoiceAnswer(result="linked", paid_at=self.now, amount=Decimal("12000"), currency="RUB")
        learn_invoice(self.state, question, self.invoices.get(question.invoice, right), self.now)

    def opening(self, asked: OpeningRequest) -> Opening | None:
        return opening(asked, self.known) if self.state.centre in self.known else None

    def counted_in(self, opening: Opening) -> WorkingTime:
        return working_time(calendar_named(opening.calendar, {}))

    def message(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Message:
        """A message of a kind with a fresh key, to this lead of its present holder unless said otherwise."""
        if issubclass(kind, ToLead) and "uid" not in fields:
            fields.setdefault("centre", self.state.centre)
        return super().message(kind, happened, **fields)

    # --- the way of a lead, in few words

    def begun(self, centre: str = "vlad-1", **fields: Any) -> Self:
        """Created now (see `created`)."""
        return self.deliver(created(self.now, centre, **fields))

    def again(self, centre: str = "vlad-1", happened: datetime | None = None, **fields: Any) -> str:
        """A further enquiry with a fresh key; gives the answer that its sender gets."""
        self.deliver(created(happened or self.now, centre, **{"key": self.key(), **fields}), settle=False)
        answer = self.state.answer
        self.run()
        return answer

    def take(self, happened: datetime | None = None, **fields: Any) -> Self:
        """Taken into work, with a call."""
        return self.say(TakenIntoWork, happened, **{"contact": CALL, **fields})

    def move(self, to: str, happened: datetime | None = None, **fields: Any) -> Self:
        """Moved by the principal."""
        return self.say(Moved, happened, **{"to": to, "by": PRINCIPAL_PERSON, "reason": "ближе к клиенту", **fields})

    def succeeded(self) -> None:
        """3.6: the lead that waits to take the address over begins, as the workflow does it once the old one has ended."""
        assert self.state.ended
        assert self.state.successor is not None
        self.state = succeed(self.state, f"uid-{next(self._uids)}", self.now)
        self.wake_at = None
        self.run()

    # --- what is asked in tests

    def due_of(self, clause: str, zone: str = VLADIVOSTOK) -> str:
        """When the newest obligation of a clause is due, written as `at` reads it."""
        return local(self.newest(clause).due, zone)

    def measures(self) -> list[MeasureRow]:
        """The proposals in the register of measures."""
        return self.of(MeasureRow)

    def register(self) -> dict[int, LeadRow]:
        """The register of leads: the newest row of each round."""
        return {row.round: row for row in sorted(self.of(LeadRow), key=lambda row: row.seq)}


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
