"""A manager's meetings that run their course in memory, with the real schedule; packs are built as the fields of `Meetings` say."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Self

from regulations.case import Obligation
from regulations.effects import KeptFile, Letter
from regulations.partner import meeting_facts as facts
from regulations.partner.effects import Pack
from regulations.partner.meeting_decisions import Decision, decide
from regulations.partner.meeting_messages import MeetingCancelled, MeetingMoved, MeetingsScheduled
from regulations.partner.meeting_state import KIND, Build, Meeting, MeetingStage, MeetingState
from regulations.partner.meetings import next_meeting
from regulations.time.calendar_spec import CalendarSpec
from tests.regulations.course import OFFICE, Course, at, local
from tests.regulations.partner.intakes import SUPPORT

ROLES = ("support_manager:u12", "head_of_support", "director_for_partners")
FILE = KeptFile(name="Пакет.xlsx", content_type="application/xlsx", sha256="a" * 64)
THURSDAY = "2026-11-19 12:00"
"""Meetings are on Mondays at 12:00: the first is that of the 23rd, its pack is due at 11:00."""


class Meetings(Course[MeetingState, Decision]):
    """The meetings of one manager, with a clock of their own. Silent may be: pack, post."""

    def __init__(self, start: str = THURSDAY, calendar: CalendarSpec = OFFICE) -> None:
        state = MeetingState(kind=KIND, address=f"{KIND}/u12", uid="uid-1", stage=MeetingStage.SCHEDULED)
        super().__init__(start, state, facts.apply, decide, ROLES, {"manager": "u12", "by": SUPPORT}, calendar)
        self.gaps = 0
        """Partners for whom something is missing."""
        self.packs = True
        """Whether packs can be built."""
        self.builds: list[tuple[str, Build]] = []
        """When each was asked for."""
        self.handed: list[tuple[str, Letter]] = []
        """When each was handed to the post."""

    def act(self, decision: Decision) -> None:
        for build in decision.builds:
            self._build(build)
        for letter in decision.letters:
            self.handed.append((local(self.now), letter))
            self.send(letter, facts.learn_letter)
        if (question := decision.seek) is not None:
            facts.learn_meeting(self.state, question, next_meeting(question, self.calendar), self.now)

    def _build(self, build: Build) -> None:
        self.builds.append((local(self.now), build))
        pack = Pack(file=FILE, values={"partners": 3}, partners=3, gaps=self.gaps) if self.packs else None
        self.when("pack", lambda: facts.learn_pack(self.state, build, pack, self.now))

    def schedule(self, weekday: str = "mon", hour: str = "12:00", **fields: Any) -> Self:
        return self.say(MeetingsScheduled, weekday=weekday, at=hour, **fields)

    def move(self, day: str, to: str, **fields: Any) -> Self:
        return self.say(MeetingMoved, meeting=day, to=at(to), **fields)

    def refused_move(self, day: str, to: str, **fields: Any) -> str:
        return self.refused(MeetingMoved, meeting=day, to=at(to), **fields)

    def cancel(self, day: str, **fields: Any) -> Self:
        return self.say(MeetingCancelled, meeting=day, reason="отпуск менеджера", **fields)

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
        return super().duty(f"8.1/{mark}")

    def standings(self, clause: str = "") -> dict[str, str]:
        """Day of each obligation → where it stands."""
        return {key.removeprefix("8.1/"): standing for key, standing in super().standings(clause).items()}

    def sent(self) -> list[tuple[str, str, int]]:
        """When each letter was handed to the post, which, and to how many."""
        return [(when, letter.template.removeprefix("partner/"), len(letter.to)) for when, letter in self.handed]

    def packs_sent(self) -> list[str]:
        """When the packs went to those who must have them."""
        return [when for when, template, number in self.sent() if (template, number) == ("pack", 2)]


def scheduled(start: str = THURSDAY, **fields: Any) -> Meetings:
    """Meetings on Mondays at 12:00, unless said otherwise."""
    return Meetings(start).schedule(**fields)


def minutes(moment: str, number: int, seconds: int = 0) -> datetime:
    """So many minutes and seconds after an instant."""
    return at(moment) + timedelta(minutes=number, seconds=seconds)
