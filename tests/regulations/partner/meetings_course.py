"""A manager's meetings that run their course in memory: the docket's pure functions, really counted terms, the real schedule, with a clock
of its own.

Packs are built and letters taken as the fields of `Meetings` say; who is silent answers when told to.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Self

import pytest

from regulations.calendar_spec import CalendarSpec
from regulations.case import Obligation, Refusal
from regulations.clocks import planned, terms_to_plan
from regulations.counting import count
from regulations.effects import KeptFile, Letter, LetterOutcome
from regulations.messages import Message
from regulations.partner import meeting_facts as facts
from regulations.partner.effects import Pack
from regulations.partner.meeting_decisions import Decision, decide
from regulations.partner.meeting_messages import MeetingCancelled, MeetingMoved, MeetingsScheduled, OfMeetings
from regulations.partner.meeting_state import KIND, Build, Meeting, MeetingStage, MeetingState
from regulations.partner.meetings import next_meeting
from regulations.plans import Address, Opening, PlanRequest
from regulations.rows import AnyRow, BreachRow, IncidentRow, NoticeRow
from regulations.working_time import working_time
from tests.regulations.careful import decided
from tests.regulations.partner.intakes import EDITIONS, OFFICE, SUPPORT, at, local

ROLES = ("support_manager:u12", "head_of_support", "director_for_partners")
SENT = LetterOutcome(result="sent", message_id="<m@x>", subject="sent")
FILE = KeptFile(name="Пакет.xlsx", content_type="application/xlsx", sha256="a" * 64)
THURSDAY = "2026-11-19 12:00"
"""Meetings are on Mondays at 12:00: the first is that of the 23rd, its pack is due at 11:00."""


class Meetings:
    """The meetings of one manager, with a clock of their own."""

    def __init__(self, start: str = THURSDAY, calendar: CalendarSpec = OFFICE) -> None:
        self.now = at(start)
        self.calendar = calendar
        self.state = MeetingState(kind=KIND, address=f"{KIND}/u12", uid="uid-1", stage=MeetingStage.SCHEDULED)
        self.gaps = 0
        """Partners for whom something is missing."""
        self.post: LetterOutcome | None = SENT
        self.packs = True
        """Whether packs can be built."""
        self.roles = set(ROLES)
        self.silent: set[str] = set()
        """Who does not answer: pack, post."""
        self.builds: list[tuple[str, Build]] = []
        """When each was asked for."""
        self.letters: list[tuple[str, Letter]] = []
        """When each was handed to the post."""
        self.rows: list[AnyRow] = []
        self.careful = True
        """Proves at every step that deciding is pure, does nothing twice, and survives being written down."""
        self.wake_at: datetime | None = None
        self.wake_for = ""
        self._open: list[tuple[str, Callable[[], None]]] = []
        self._keys = itertools.count(1)

    # --- what happens

    def message(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Message:
        given: dict[str, Any] = {"key": f"k{next(self._keys)}", "happened_at": happened or self.now, **fields}
        if issubclass(kind, OfMeetings):
            given = {"manager": "u12", "by": SUPPORT, **given}
        return kind.model_validate(given)

    def deliver(self, message: Message) -> Self:
        """Applies a message at the present moment; a refusal is raised and leaves no trace."""
        state = self.state.model_copy(deep=True)
        facts.apply(state, message, self.now)
        self.state = state
        return self.run()

    def say(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Self:
        return self.deliver(self.message(kind, happened, **fields))

    def refused(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> str:
        """The type of the refusal; the state must be as before."""
        before = self.state.model_dump_json()
        with pytest.raises(Refusal) as refusal:
            self.deliver(self.message(kind, happened, **fields))
        assert self.state.model_dump_json() == before
        return refusal.value.type

    def schedule(self, weekday: str = "mon", hour: str = "12:00", **fields: Any) -> Self:
        return self.say(MeetingsScheduled, weekday=weekday, at=hour, **fields)

    def move(self, day: str, to: str, **fields: Any) -> Self:
        return self.say(MeetingMoved, meeting=day, to=at(to), **fields)

    def refused_move(self, day: str, to: str, **fields: Any) -> str:
        return self.refused(MeetingMoved, meeting=day, to=at(to), **fields)

    def cancel(self, day: str, **fields: Any) -> Self:
        return self.say(MeetingCancelled, meeting=day, reason="отпуск менеджера", **fields)

    def go_to(self, moment: str | datetime) -> Self:
        """Moves the clock, stopping at every instant at which the case wakes by itself."""
        until = at(moment) if isinstance(moment, str) else moment
        while self.wake_at is not None and self.wake_at <= until:
            self.now = self.wake_at
            self.run()
        self.now = until
        return self

    def asleep_until(self, moment: str) -> Self:
        """Moves the clock with every worker away."""
        self.now = at(moment)
        return self.run()

    def answer(self, who: str) -> Self:
        """Whoever was silent answers, in order."""
        self.silent.discard(who)
        ready = [what for whose, what in self._open if whose == who]
        self._open = [(whose, what) for whose, what in self._open if whose != who]
        for what in ready:
            what()
        return self.run()

    # --- the docket's steps

    def run(self) -> Self:
        """Counts, decides and acts until nothing is left to do now."""
        for _ in range(80):
            self._open_and_count()
            decision = decided(decide, self.state, self.now) if self.careful else decide(self.state, self.now)
            self.state = decision.state
            self.rows += self.state.rows
            self.state.rows = []
            self.wake_at, self.wake_for = decision.wake_at, decision.wake_for
            self._act(decision)
            if not decision.acts and not any(True for _ in terms_to_plan(self.state, self.now)):
                assert self.wake_at is None or self.wake_at > self.now
                return self
        raise AssertionError("the case does not come to rest")

    def _open_and_count(self) -> None:
        if self.state.opening is None:
            asked = self.state.opening_request(self.now)
            assert asked.people == ("u12",)
            edition, language = EDITIONS.in_force(asked.regulation, asked.at)
            roles = {role: Address(email=f"{role.replace(':', '.')}@example.org") for role in sorted(self.roles)}
            opened = {"edition": edition, "company": "c", "language": language, "calendar": "company", "zone": "Europe/Moscow"}
            self.state.opening = Opening(**opened, roles=roles)
        while items := tuple(terms_to_plan(self.state, self.now)):
            answer = count(working_time(self.calendar), PlanRequest.of(self.state.opening, items))
            self.state.offset = answer.offset
            for term in answer.terms:
                planned(self.state, term, self.now)

    def _act(self, decision: Decision) -> None:
        for build in decision.builds:
            self.builds.append((local(self.now), build))
            pack = Pack(file=FILE, values={"partners": 3}, partners=3, gaps=self.gaps) if self.packs else None
            self._when("pack", lambda build=build, pack=pack: facts.learn_pack(self.state, build, pack, self.now))  # type: ignore[misc]
        for letter in decision.letters:
            self.letters.append((local(self.now), letter))
            self._when("post", lambda letter=letter: facts.learn_letter(self.state, letter, self.post, self.now))  # type: ignore[misc]
        if (question := decision.seek) is not None:
            answer = next_meeting(question, working_time(self.calendar))
            facts.learn_meeting(self.state, question, answer, self.now)

    def _when(self, who: str, answers: Callable[[], None]) -> None:
        if who in self.silent:
            self._open.append((who, answers))
        else:
            answers()

    # --- what is asked in tests

    def known(self) -> dict[str, str]:
        """Day of each known meeting → when it takes place."""
        return {str(meeting.day): local(meeting.at) for meeting in self.state.meetings}

    def meeting(self, day: str) -> Meeting:
        found = self.state.meeting(date.fromisoformat(day))
        assert found is not None
        return found

    def duty(self, mark: str) -> Obligation:
        """The obligation of a meeting, by its day."""
        found = self.state.obligation(f"8.1/{mark}")
        assert found is not None
        return found

    def standings(self) -> dict[str, str]:
        """Day of each obligation → where it stands."""
        return {o.key.removeprefix("8.1/"): o.standing.value for o in self.state.obligations}

    def sent(self) -> list[tuple[str, str, int]]:
        """When each letter was handed to the post, which, and to how many."""
        return [(when, letter.template.removeprefix("partner/"), len(letter.to)) for when, letter in self.letters]

    def packs_sent(self) -> list[str]:
        """When the packs went to those who must have them."""
        return [when for when, template, number in self.sent() if (template, number) == ("pack", 2)]

    def breaches(self) -> list[tuple[str, str]]:
        return [(r.clause, r.entry.value) for r in self.rows if isinstance(r, BreachRow)]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]

    def notices(self) -> list[tuple[str, str]]:
        """Kind and role of each notice."""
        return [(r.kind, r.role) for r in self.rows if isinstance(r, NoticeRow)]


def scheduled(start: str = THURSDAY, **fields: Any) -> Meetings:
    """Meetings on Mondays at 12:00, unless said otherwise."""
    return Meetings(start).schedule(**fields)


def minutes(moment: str, number: int, seconds: int = 0) -> datetime:
    """So many minutes and seconds after an instant."""
    return at(moment) + timedelta(minutes=number, seconds=seconds)
