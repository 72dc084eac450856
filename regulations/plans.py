"""Planning: what a case asks before it can keep a term, and what it takes into its state once.

Due instants, their local texts, calendars, addresses and editions are data that change, so workflow code never reads
them: it asks a local activity, whose answer is in the history.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

from pydantic import JsonValue

from regulations.roster import Holder
from regulations.wire import Wire

CONTROL = "control/"
"""How the names of control times begin (`regulations.control_time`)."""


def control_name(zone: str) -> str:
    """The name of the control time of a zone: it stands for a calendar wherever one is named."""
    return f"{CONTROL}{zone}"


def role_of(role: str, person: str) -> str:
    """A role as one person of the company's file has it: ``support_manager:u12``."""
    return f"{role}:{person}"


def person_of(role: str) -> str:
    """The person who is meant by such a role; empty: whoever has it."""
    return role.partition(":")[2]


class Address(Wire):
    """Where a role is reached."""

    email: str
    outside: bool = False
    """People outside get letters from the case itself; people inside get notices in rounds."""
    calendar: str = "company"
    """Name of the calendar whose working time is theirs: when notices may reach them."""


class Edition(Wire):
    """The terms and settings of a regulation in force from an instant; a case keeps the one of its start."""

    id: str
    rules: int
    """Number of the decision rules that `decide` takes."""
    terms: dict[str, str]
    settings: dict[str, JsonValue]


class OpeningRequest(Wire):
    """Asked at the start of a case, and again where it passes to another service centre or manager."""

    regulation: str
    at: datetime
    edition: str | None = None
    """The edition that the case has already; None: the one in force."""
    centre: str | None = None
    """The service centre that holds the case: its zone counts, in the control time of 7.1, and its people are told."""
    manager: str | None = None
    """The manager at that centre to whom the case is assigned."""
    people: tuple[str, ...] = ()
    """Persons of the company's file whose own roles the case needs, by id: ``support_manager:u12``."""
    calendar: str | None = None
    """The calendar in which the case's terms are counted, where it knows the name itself; None: the centre's or the company's."""
    zone: str | None = None
    """The zone whose calendar counts the case's terms: the company's own one where that is its zone, else the first that has it."""
    roster: tuple[str, ...] = ()
    """Roles whose holders, with their absences and deputies, the case needs to know: `regulations.roster`."""


class Opening(Wire):
    """What a case needs of the company, taken once and kept."""

    edition: Edition
    company: str
    language: Literal["ru", "uk"]
    calendar: str
    """Name of the company's calendar."""
    zone: str
    roles: dict[str, Address]
    """Of the company; where a centre was asked for also ``centre:CODE``, ``centre_head:CODE`` and, where the centre knows the manager,
    ``manager:CODE/ID``."""
    centre_name: str = ""
    roster: tuple[Holder, ...] = ()
    """Who has the roles that were asked for."""
    ui: str = ""
    """Where the Temporal UI shows the cases: its address with the namespace; empty: nobody has said."""

    def address_of(self, role: str) -> Address | None:
        """Where a role is reached. Of a person whom the company's file does not know, whoever has the role in general; None: nobody."""
        return self.roles.get(role) or self.roles.get(role.partition(":")[0])


def ui_link(ui: str, address: str) -> str:
    """A case in the Temporal UI; empty where nobody has said where that is."""
    return f"{ui.rstrip('/')}/workflows/{address.replace('/', '%2F')}" if ui else ""


class Span(Wire):
    """A time during which the clock of an obligation stood."""

    start: datetime
    end: datetime


class TermToPlan(Wire):
    """One term to be counted."""

    key: str
    term: str
    start: datetime
    pauses: tuple[Span, ...] = ()
    warn: bool = True
    warn_from: datetime | None = None
    """Where the reminder's working time is counted from; None: the start."""
    not_later_than: datetime | None = None
    """An instant that was agreed: where the term has begun by then and would end later, it ends there. No calendar moves it."""


class PlanRequest(Wire):
    """All terms that start from one fact, in one call."""

    calendar: str
    warn_fraction: float
    """The share of the working time after which the owner is reminded."""
    language: Literal["ru", "uk"] = "ru"
    terms: tuple[TermToPlan, ...]

    @classmethod
    def of(cls, opening: Opening, terms: Iterable[TermToPlan]) -> PlanRequest:
        """What is asked with what a case has taken of the company; an edition that says nothing of reminders has them at 75 %."""
        fraction = opening.edition.settings.get("warn_fraction")
        return cls(
            calendar=opening.calendar,
            warn_fraction=fraction if isinstance(fraction, float) else 0.75,
            language=opening.language,
            terms=tuple(terms),
        )


class PlannedTerm(Wire):
    """A counted term. Instants are aware, UTC."""

    key: str
    due: datetime
    due_text: str
    """Local, with weekday and offset, in the case's language."""
    warn_at: datetime | None
    warn_at_once: bool = False
    """No working time is left between the reminder and the due instant: it waits for none."""
    tell_at: datetime
    """The first instant of working time at or after the due instant: when people may be told of a breach."""
    provisional: bool
    """True when the term runs into a year whose production calendar is not decreed yet."""
    calendar_version: str
    span_from: date
    """First local date on which the due instant depends."""
    span_to: date
    """The last one; it may lie after the due instant: the last working day of a month depends on the days after it.

    A term of calendar days depends on the hours of no date: its span begins the day after it ends."""
    due_day: date
    """The local day at whose end, or on which, the term runs out: a midnight belongs to the day before."""
    not_later_than: datetime | None = None
    """The agreed instant that was heeded."""

    @property
    def by_zone_alone(self) -> bool:
        """Whether it depends on the hours of no date, only on how its last day is offset from UTC."""
        return self.span_from > self.span_to


class PlanAnswer(Wire):
    """The counted terms, in the order asked, and the local offset from UTC for texts."""

    terms: tuple[PlannedTerm, ...]
    offset: timedelta
