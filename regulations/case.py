"""The durable state of one case: its obligations, its trail of facts, what it waits for, what it has yet to write and to say.

Plain data with small questions about itself; what is decided on it stands in `obligations` and `clocks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue

from regulations.dates import offset_text
from regulations.plans import Opening, OpeningRequest, PlannedTerm
from regulations.record_batch import AnyRow
from regulations.rows import ObligationRow


class Refusal(Exception):
    """A message that the rules do not take. ``type`` is stable; the text names what is wrong and how to mend it."""

    def __init__(self, type: str, text: str) -> None:
        super().__init__(text)
        self.type = type


class Standing(StrEnum):
    """The state of an obligation."""

    OPEN = "open"
    MET = "met"
    OVERDUE = "overdue"
    MET_LATE = "met_late"
    WAIVED = "waived"


UNMET = frozenset({Standing.OPEN, Standing.OVERDUE})


class _State(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=False)


class Fact(_State):
    """Something that happened, in the trail of the case."""

    model_config = ConfigDict(frozen=True)

    what: str
    key: str
    happened_at: datetime
    learnt_at: datetime
    source: str
    by: str | None = None
    note: str = ""


class Evidence(_State):
    """The earliest fact that discharges a duty."""

    model_config = ConfigDict(frozen=True)

    happened_at: datetime
    key: str


class Hold(_State):
    """A pause of one obligation: the clock stands from ``start`` until ``end``, at the latest until ``until``."""

    start: datetime
    limit: PlannedTerm | None = None
    """The longest that the edition allows, once counted."""
    end: datetime | None = None
    reason: str

    @property
    def until(self) -> datetime | None:
        return self.limit.due if self.limit is not None else None


class Undone(_State):
    """A breach that a change of the calendar has undone, of which people had been told: they are told so."""

    model_config = ConfigDict(frozen=True)

    due: datetime
    escalated: bool
    """People inside had been told."""
    told: bool
    """The owner had been told."""


class Obligation(_State):
    """One promise: clause, owner, due instant, standing. The clock keeps instants, never sums."""

    key: str
    """Clause and round, e.g. ``2.2.4/1``: unique within the case."""
    clause: str
    owner: str
    escalation: str
    term: str | None
    started_at: datetime
    """The instant from which the term runs."""
    opened_at: datetime
    """When we learnt of it: a start learnt late gives the true due instant, and the telling says so."""
    standing: Standing = Standing.OPEN
    plan: PlannedTerm | None = None
    verified: bool = False
    """The term has been counted once more after it ran out, so that a breach never rests on an old calendar."""
    recount: str = ""
    """Why the term has to be counted anew, in words for the trail; empty: it need not. The old plan holds until the new one is there."""
    moved_at: datetime | None = None
    """When a changed calendar last moved the due instant."""
    undone: Undone | None = None
    holds: list[Hold] = []
    not_later_than: datetime | None = None
    """An instant that was agreed with somebody: the due instant, where the term has begun by then and ends later. No calendar and no pause
    moves it."""
    extended_from: datetime | None = None
    extended_to: datetime | None = None
    """An absolute due instant set by the escalation role: no calendar and no pause moves it."""
    extensions: int = 0
    met_at: datetime | None = None
    met_by: str | None = None
    breached_at: datetime | None = None
    warned: bool = False
    escalated: bool = False
    """People inside have their notices of the breach."""
    told: bool = False
    """The owner has been told of the breach."""
    note: str = ""

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """A case may have a hundred, and is copied at every step: nothing in one ever changes but its list of pauses."""
        copied = self.model_copy()
        copied.holds = [hold.model_copy() for hold in self.holds]
        return copied

    @property
    def paused(self) -> bool:
        return bool(self.holds) and self.holds[-1].end is None

    @property
    def counted(self) -> bool:
        """Whether the due instant heeds what has been agreed by now."""
        return self.plan is not None and self.plan.not_later_than == self.not_later_than

    @property
    def clock(self) -> PlannedTerm | None:
        """What the calendar decides now: the counted term; while the clock stands, the limit of the pause."""
        return self.holds[-1].limit if self.paused else self.plan

    @property
    def due(self) -> datetime | None:
        """The due instant; None while the clock stands, before planning, and for a duty without a term."""
        return None if self.plan is None or self.paused else self.plan.due

    @property
    def due_text(self) -> str:
        return self.plan.due_text if self.plan is not None and not self.paused else ""


class Wait(_State):
    """A term after which the case itself stops waiting; nobody is reminded of it and nobody breaches it."""

    term: str
    start: datetime
    plan: PlannedTerm | None = None
    verified: bool = False
    """The term has been counted once more after it ran out: no wait ends by an old calendar."""


class Tell(_State):
    """A telling decided: a letter to somebody outside, a notice to somebody inside."""

    role: str
    what: str
    """Name of the letter's template, or of the notice's text."""
    key: str
    wait: str | None
    """The wait whose ``tell_at`` is the first instant at which it may go; None: at once."""
    values: dict[str, JsonValue] = {}


_FIXED = frozenset({str, int, bool, type(None), date, datetime, timedelta, Decimal, tuple})
"""Types whose values never change: what a case keeps in a tuple does not either."""


@cache
def _fixed(kind: type) -> bool:
    """Whether values of a type never change. By type, and once each: a sandbox makes every question to a value dear."""
    return kind in _FIXED or issubclass(kind, StrEnum) or (issubclass(kind, BaseModel) and bool(kind.model_config.get("frozen")))


class CaseState(_State):
    """What every case keeps, whatever its regulation. Handed over whole when the run continues as new."""

    kind: str
    address: str
    uid: str
    stage: str
    revision: int = 0
    seq: int = 0
    opening: Opening | None = None
    opening_stale: bool = False
    """The case has passed to others: what it needs of them is asked for anew."""
    answer: str = ""
    """What the last message is told besides where the case stands."""
    discreet: bool = False
    """The sender of the last message may know that there is a case, and nothing of it."""
    obligations: list[Obligation] = []
    facts: list[Fact] = []
    seen: dict[str, tuple[int, str]] = {}
    """Message key → revision at which it was applied, digest."""
    waits: dict[str, Wait] = {}
    """Ends of waiting that are nobody's duty, by name."""
    offset: timedelta = timedelta(0)
    rows: list[AnyRow] = []
    """Register rows not yet written."""
    pressing: bool = False
    """Something outside depends on one of these rows; a duty met in time rides along with the next record of its case."""
    tells: list[Tell] = []
    """Tellings decided but not yet handed on."""
    letters_out: list[str] = []
    """Keys of the letters under way."""
    ended: bool = False
    outcome: str | None = None

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """A case is copied at every step: what never changes (the opening, plans, rows, facts, instants) is shared with the copy."""
        shared = dict(memo or {})
        for value in self.__dict__.values():
            kind: Any = type(value)
            held = value if kind is list else value.values() if kind is dict else None
            if _fixed(kind):
                shared[id(value)] = value
            elif held is not None and all(map(_fixed, map(type, held))):
                shared[id(value)] = value.copy()
        shared.update((id(w.plan), w.plan) for w in self.waits.values() if w.plan is not None)
        return super().__deepcopy__(shared)

    @property
    def language(self) -> Literal["ru", "uk"]:
        return self.opening.language if self.opening else "ru"

    @property
    def company(self) -> str:
        return self.opening.company if self.opening else ""

    def local(self, at: datetime) -> str:
        """The instant as people read it, with the offset of the company's zone as of the last planning."""
        return offset_text(at.astimezone(timezone(self.offset)))

    def obligation(self, key: str) -> Obligation | None:
        return next((o for o in self.obligations if o.key == key), None)

    def open_obligation(self, clause: str) -> Obligation:
        """The newest unmet obligation of a clause; `Refusal` when there is none."""
        for o in reversed(self.obligations):
            if o.clause == clause and o.standing in UNMET:
                return o
        known = ", ".join(sorted({o.clause for o in self.obligations if o.standing in UNMET})) or "none"
        raise Refusal("NoSuchObligation", f"clause {clause} has no open obligation in this case; open are: {known}")

    def to_waive(self, clause: str) -> Obligation:
        """The unmet obligation of a clause that is let go; `Refusal` when there is none."""
        return self.open_obligation(clause)

    def unmet(self) -> Iterator[Obligation]:
        return (o for o in self.obligations if o.standing in UNMET)

    def note(
        self, what: str, at: datetime, now: datetime, *, key: str, source: str = "case", by: str | None = None, note: str = ""
    ) -> None:
        """Adds a fact to the trail."""
        self.facts.append(Fact(what=what, key=key, happened_at=at, learnt_at=now, source=source, by=by, note=note))

    def put(self, row: AnyRow, *, pressing: bool = True) -> None:
        """Adds a register row; an older unwritten row of the same obligation is replaced."""
        if isinstance(row, ObligationRow):
            self.rows = [r for r in self.rows if not (isinstance(r, ObligationRow) and r.key == row.key)]
        self.rows.append(row)
        self.pressing = self.pressing or pressing

    def tell(
        self, role: str, what: str, key: str, now: datetime, values: dict[str, JsonValue] | None = None, *, at_once: bool = False
    ) -> None:
        """Decides a telling. To people outside it waits, unless it goes at once, for working time from ``now`` on.

        People inside get a notice, which the rounds hold until their own working time: the case need not count it.
        """
        name = None if at_once or role not in self.outside else f"tell:{role}:{what}#{key}"
        self.tells.append(Tell(role=role, what=what, key=key, wait=name, values=values or {}))
        if name is not None:
            self.waits[name] = Wait(term="at once", start=now)

    @property
    def outside(self) -> frozenset[str]:
        """The roles outside the company: they get letters from the case itself."""
        return frozenset()

    def proof(self, o: Obligation) -> Evidence | None:
        """The fact that discharges an obligation; each regulation keeps its own."""
        return None

    @property
    def regulation(self) -> str:
        """The regulation whose clauses its obligations keep: where it has one kind of case, the same word."""
        return self.kind

    def recounts(self, o: Obligation) -> bool:
        """Whether a changed calendar may touch an obligation: not one that was owed elsewhere, in another calendar."""
        return True

    def heard_by(self, o: Obligation) -> list[str]:
        """The roles inside the company that hear of a breach: the owner and the escalation role."""
        return sorted({o.owner, o.escalation} - self.outside)

    def remarks(self, o: Obligation) -> list[str]:
        """What a reminder or a breach of an obligation says besides its duty, each in words: what is missing for it, say."""
        return []

    @property
    def holder(self) -> str | None:
        """The service centre that holds the case; None where there is none."""
        return None

    def opening_request(self, now: datetime) -> OpeningRequest:
        """What the case has to be told of the company before its first term."""
        edition = self.opening.edition.id if self.opening else None
        return OpeningRequest(regulation=self.regulation, at=now, edition=edition)

    def sure(self, o: Obligation) -> bool:
        """Whether a term that ran out unproven is a breach for certain; a regulation may have to ask somebody first."""
        return True

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def carried(self) -> Self:
        """What the next run gets of the state; one that lives for years leaves old keys to the inbox."""
        return self

    def term(self, clause: str) -> str | None:
        assert self.opening is not None  # noqa: S101 - the opening is taken before any duty
        return self.opening.edition.terms.get(clause)
