"""A case that runs its course in memory: the docket's pure functions, really counted terms and its order of steps, with a clock of its own.

Any date can be played, in microseconds; what the workflow adds (Updates, timers, activities) is tested on a real server. A course of a
regulation is a small subclass: what it hands to `Course.__init__`, how the world answers what is decided, and words of its own for tests::

    class Slip(Course[SlipState, Decision]):
        company_calendar = KYIV_OFFICE

        def __init__(self, start: str = MONDAY) -> None:
            state = SlipState(kind=KIND, address="onboarding/C-1", uid="uid-1", stage=SlipStage.COLLECTING_VISAS)
            super().__init__(start, state, apply, decide, COMPANY_ROLES, {"contract": "C-1"})
            self.paid: PaymentAnswer | None = PAID

        def act(self, decision: Decision) -> None:
            for letter in decision.letters:
                self.send(letter, learn_letter)
            if (question := decision.await_payment) is not None:
                self.when("billing", lambda: learn_payment(self.state, question, self.paid, self.now))

        def visa(self, item: str, **fields: Any) -> Self:
            return self.say(VisaGiven, item=item, **{"by": LAWYER, **fields})

    slip = Slip().say(HandedOver, ...).visa("2.1").go_to("2026-11-17 18:00")
    assert slip.standings() == {"2.1/1": "met", ...}

Messages get a fresh key, the present moment, and the address of the case, wherever they have such fields and the test gives none. Who is
named in `silent` does not answer until `answer` or `back` is called. At every step `careful.decided` proves what every ``decide`` promises.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Generic, Self, TypeVar
from zoneinfo import ZoneInfo

import pytest
from pydantic import JsonValue

from regulations.case import CaseState, Obligation, Refusal
from regulations.clocks import planned, terms_to_plan
from regulations.counting import count
from regulations.editions import load_editions
from regulations.effects import Letter, LetterOutcome
from regulations.messages import Message
from regulations.plans import Address, Opening, OpeningRequest, PlanRequest, person_of
from regulations.record_batch import AnyRow
from regulations.roster import Holder
from regulations.rows import BreachRow, IncidentRow, NoticeRow, Row
from regulations.time.calendar_spec import CalendarSpec
from regulations.time.working_time import WorkingTime, working_time
from tests.regulations.careful import decided
from workflows.docket import Decision

S = TypeVar("S", bound=CaseState)
D = TypeVar("D", bound=Decision[Any])
R = TypeVar("R", bound=Row)
MOSCOW, KYIV = "Europe/Moscow", "Europe/Kyiv"
EDITIONS = load_editions()
OFFICE = CalendarSpec.simple(MOSCOW, "RU", "10:00-19:00", name="company")
KYIV_OFFICE = CalendarSpec.simple(KYIV, "UA", "09:00-18:00", name="company")
SENT = LetterOutcome(result="sent", message_id="<m@x>", subject="sent")
MOST_STEPS = 2_000
"""Without rest, after which a case is taken never to come to it."""


def at(text: str, zone: str = MOSCOW) -> datetime:
    """A local instant, written ``2026-11-16 10:00[:SS]``; of Moscow unless said otherwise."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def local(moment: datetime | None, zone: str = MOSCOW) -> str:
    """An instant as `at` reads it; empty where there is none."""
    return "" if moment is None else moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


class Course(ABC, Generic[S, D]):
    """One case with its own clock. Texts of instants are of the zone of its calendar."""

    company: ClassVar[str] = "Моя компания"
    company_calendar: ClassVar[CalendarSpec] = OFFICE
    waits_for_registers: ClassVar[bool] = False
    """Whether what is decided may wait until rows are written."""

    def __init__(
        self,
        start: str | datetime,
        state: S,
        apply: Callable[[S, Message, datetime], None],
        decide: Callable[[S, datetime], D],
        roles: Iterable[str] = (),
        to: Mapping[str, Any] | None = None,
        calendar: CalendarSpec | None = None,
    ) -> None:
        """
        Args:
            start: When the clock starts: local, of the calendar's zone, where it is a text.
            state: The case before its first message.
            apply: Takes a message (of the regulation's facts).
            decide: The regulation's decision.
            roles: The roles that the company's file names; those of persons too (``client_manager:u5``), of which a case gets the ones
                that it asks for.
            to: What every message says that has such a field: the parts of the address.
            calendar: In which terms are counted; None: the one of the class.
        """
        self.calendar: WorkingTime = working_time(calendar or self.company_calendar)
        self.now = self.at(start) if isinstance(start, str) else start
        self.state = state
        self.roles = set(roles)
        self.to = dict(to or {})
        self.roster: tuple[Holder, ...] = ()
        """The company's register of people."""
        self.settings: dict[str, JsonValue] = {}
        """Settings of the edition that are others than published."""
        self.silent: set[str] = set()
        """Who does not answer."""
        self.post: LetterOutcome | None = SENT
        """What becomes of a letter; None: refused for good."""
        self.asked: list[OpeningRequest] = []
        self.letters: list[Letter] = []
        self.rows: list[AnyRow] = []
        """What the registers hold, in the order in which it was written."""
        self.careful = True
        """Proves at every step that deciding is pure, does nothing twice, and survives being written down."""
        self.wake_at: datetime | None = None
        self.wake_for = ""
        self._applies, self._decides = apply, decide
        self._open: list[tuple[str, Callable[[], None]]] = []
        self.keys = itertools.count(1)

    def at(self, text: str) -> datetime:
        """A local instant of the case."""
        return at(text, self.calendar.spec.tz)

    def local(self, moment: datetime | None) -> str:
        """An instant as `at` reads it; empty where there is none."""
        return local(moment, self.calendar.spec.tz)

    # --- what a course of a regulation says

    @abstractmethod
    def act(self, decision: D) -> None:
        """What the workflow starts, and what becomes of it: see `when` and `send`."""

    def opening(self, asked: OpeningRequest) -> Opening | None:
        """What Planning gives the case; None: it cannot say yet, so that nothing is decided."""
        edition, language = EDITIONS.in_force(asked.regulation, asked.at) if asked.edition is None else EDITIONS.of_id(asked.edition)
        roles = [role for role in sorted(self.roles) if person_of(role) in ("", *asked.people)]
        return Opening(
            edition=edition.model_copy(update={"settings": {**edition.settings, **self.settings}}),
            company=self.company,
            language=language,
            calendar="company",
            zone=self.calendar.spec.tz,
            roles={role: Address(email=f"{role.replace(':', '-')}@company.example") for role in roles},
            roster=self.roster if asked.roster else (),
        )

    def counted_in(self, opening: Opening) -> WorkingTime:
        """The calendar in which the terms of the case are counted."""
        return self.calendar

    # --- what happens

    def key(self) -> str:
        """A fresh one."""
        return f"k{next(self.keys)}"

    def message(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Message:
        """A message of a kind with a fresh key, to this case."""
        address = {name: value for name, value in self.to.items() if name in kind.model_fields}
        return kind.model_validate({"key": self.key(), "happened_at": happened or self.now, **address, **fields})

    def deliver(self, *messages: Message, settle: bool = True) -> Self:
        """Applies messages at the present moment, all of them before anything is decided; a refusal is raised and leaves no trace."""
        for message in messages:
            state = self.state.model_copy(deep=True)
            state.answer, state.discreet = "", False
            self._applies(state, message, self.now)
            self.state = state
        return self.run() if settle else self

    def say(self, kind: type[Message], happened: datetime | None = None, *, settle: bool = True, **fields: Any) -> Self:
        """Delivers a message of a kind with a fresh key; nothing is decided on it yet, unless it shall ``settle``."""
        return self.deliver(self.message(kind, happened, **fields), settle=settle)

    def refuses(self, message: Message) -> Refusal:
        """The refusal of a message that stands as it is; the state must be as before."""
        before = self.state.model_dump_json()
        with pytest.raises(Refusal) as refusal:
            self.deliver(message)
        assert self.state.model_dump_json() == before
        return refusal.value

    def refusal(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Refusal:
        """The refusal of a message of a kind; the state must be as before."""
        return self.refuses(self.message(kind, happened, **fields))

    def refused(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> str:
        """The type of the refusal."""
        return self.refusal(kind, happened, **fields).type

    def go_to(self, moment: str | datetime) -> Self:
        """Moves the clock, stopping at every instant at which the case wakes by itself."""
        until = self.at(moment) if isinstance(moment, str) else moment
        while self.wake_at is not None and self.wake_at <= until:
            self.now = self.wake_at
            self.run()
        self.now = until
        return self

    def go(self, **delta: float) -> Self:
        """Moves the clock by so much."""
        return self.go_to(self.now + timedelta(**delta))

    def asleep_until(self, moment: str | datetime) -> Self:
        """Moves the clock with every worker away."""
        self.now = self.at(moment) if isinstance(moment, str) else moment
        return self.run()

    def answer(self, who: str | None = None, *, rest: bool = True) -> Self:
        """Whoever is silent answers what was asked up to now, in order; all of them, unless one is named. Then the case decides, unless
        it shall not ``rest``."""
        ready = [what for whose, what in self._open if who in (None, whose)]
        self._open = [(whose, what) for whose, what in self._open if who not in (None, whose)]
        for what in ready:
            what()
        return self.run() if rest else self

    def back(self, who: str | None = None) -> Self:
        """Whoever was silent answers what was asked meanwhile, and from now on at once; all of them, unless one is named."""
        self.silent = self.silent - {who} if who else set()
        return self.answer(who)

    # --- the docket's steps

    def run(self) -> Self:
        """Counts, decides, records and acts until nothing is left to do now."""
        for _ in range(MOST_STEPS):
            if not self._open_and_count():
                self.wake_at, self.wake_for = None, ""
                return self
            decision = decided(self._decides, self.state, self.now) if self.careful else self._decides(self.state, self.now)
            self.state = decision.state
            self.wake_at, self.wake_for = decision.wake_at, decision.wake_for
            more = any(True for _ in terms_to_plan(self.state, self.now))
            written = [] if more or "registers" in self.silent else list(self.state.rows)
            if written and not self.waits_for_registers:
                self._write(written)
            self.act(decision)
            if written and self.waits_for_registers:
                self._write(written)
                continue
            if not decision.acts and not more:
                assert self.wake_at is None or self.wake_at > self.now
                return self
        raise AssertionError("the case does not come to rest")

    def _write(self, rows: list[AnyRow]) -> None:
        self.rows += rows
        self.state.rows = [row for row in self.state.rows if row not in rows]

    def _open_and_count(self) -> bool:
        """False: nobody can say yet what the case needs of the company."""
        while self.state.opening is None or self.state.opening_stale:
            asked, known = self.state.opening_request(self.now), self.state.opening
            opening = self.opening(asked)
            if opening is None:
                return False
            self.asked.append(asked)
            self.state.opening = opening.model_copy(update={"roles": (known.roles if known else {}) | opening.roles})
            self.state.opening_stale = False
        while items := tuple(terms_to_plan(self.state, self.now)):
            answer = count(self.counted_in(self.state.opening), PlanRequest.of(self.state.opening, items))
            self.state.offset = answer.offset
            for term in answer.terms:
                planned(self.state, term, self.now)
        return True

    def when(self, who: str, answers: Callable[[], None]) -> None:
        """Somebody answers: now, or where it is silent once `answer` is called. What it says is asked for only then."""
        if who in self.silent:
            self._open.append((who, answers))
        else:
            answers()

    def send(self, letter: Letter, learn: Callable[[S, Letter, LetterOutcome | None, datetime], None]) -> None:
        """A letter is handed to the post."""
        self.letters.append(letter)
        self.when("post", lambda: learn(self.state, letter, self.post, self.now))

    # --- what is asked in tests

    @property
    def stage(self) -> str:
        return self.state.stage

    def duty(self, key: str) -> Obligation:
        """The obligation with this key."""
        duty = self.state.obligation(key)
        assert duty is not None
        return duty

    def newest(self, clause: str) -> Obligation:
        """The newest obligation of a clause."""
        return next(o for o in reversed(self.state.obligations) if o.clause == clause)

    def due(self, key: str) -> datetime:
        """When the obligation with this key is due."""
        due = self.duty(key).due
        assert due is not None
        return due

    def due_of(self, clause: str) -> str:
        """When the newest obligation of a clause is due, as `at` reads it; empty while nothing says when."""
        return self.local(self.newest(clause).due)

    def standings(self, clause: str = "") -> dict[str, str]:
        """Key of each obligation, of one clause where one is named → where it stands."""
        return {o.key: o.standing.value for o in self.state.obligations if clause in ("", o.clause)}

    def of(self, kind: type[R]) -> list[R]:
        """The rows of one register, in the order in which they were written."""
        return [row for row in self.rows if isinstance(row, kind)]

    def breaches(self) -> list[tuple[str, str]]:
        """Clause and entry of each row of the register of breaches."""
        return [(row.clause, row.entry.value) for row in self.of(BreachRow)]

    def entries(self, key: str = "") -> list[str]:
        """The entries of the register of breaches about the obligations whose keys begin so."""
        return [row.entry.value for row in self.of(BreachRow) if row.key.startswith(key)]

    def incidents(self) -> list[str]:
        return [row.what for row in self.of(IncidentRow)]

    def notices(self, kind: str) -> list[tuple[str, str]]:
        """Clause and role of each notice of a kind."""
        return [(row.clause, row.role) for row in self.of(NoticeRow) if row.kind == kind]

    def told(self, role: str, kind: str | None = None) -> list[str]:
        """The texts of the notices to a role, of one kind where one is named."""
        return [row.text for row in self.of(NoticeRow) if row.role == role and kind in (None, row.kind)]

    def templates(self) -> list[str]:
        """Of the letters, without the name of the regulation."""
        return [letter.template.partition("/")[2] for letter in self.letters]

    def letter(self, template: str) -> Letter:
        """The only letter of a template."""
        (found,) = [letter for letter in self.letters if letter.template.partition("/")[2] == template]
        return found
