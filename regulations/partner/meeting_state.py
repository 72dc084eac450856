"""What a manager's meetings know: the schedule, the meetings that are known and not over, and what of their packs is under way."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict

from regulations.case import UNMET, Obligation, Standing
from regulations.partner.case import SUPPORT_MANAGER, PartnerCase
from regulations.partner.effects import MeetingQuestion, Pack, PackQuestion
from regulations.partner.meeting_messages import MeetingsScheduled
from regulations.read_out import Counts, counts

KIND = "partner-meetings"
MOST_FACTS, MOST_SEEN, MOST_CLOSED, MOST_EXEMPT = 100, 500, 20, 60
"""What is kept of a case that lives for years: facts, known keys, closed duties, days without a meeting of their own. Of older duties a
number stays; older keys the inbox knows."""
PACK, GAPS = "partner/pack", "partner/gaps"
"""The letters: the pack of a meeting; what the manager has yet to prepare for it."""


class MeetingStage(StrEnum):
    """Where it stands."""

    SCHEDULED = "scheduled"
    WITHDRAWN = "withdrawn"


class Meeting(BaseModel):
    """A meeting that is known and not over."""

    model_config = ConfigDict(extra="forbid")

    day: date
    """The day on which the schedule has it: its name, wherever it is moved."""
    at: datetime
    known_at: datetime
    """Since when it could be known that it takes place then."""
    duty: str
    """Key of its obligation 8.1."""
    moved: bool = False
    short: bool = False
    """It was not known early enough for 8.1: nothing is owed for it, the pack goes at once."""
    checking: bool = False
    """What is still to be prepared is being looked up."""
    building: bool = False
    """The pack is being built, or has been."""
    gaps: Pack | None = None
    pack: Pack | None = None
    """What was answered, until it goes out."""


class Build(BaseModel):
    """A pack to be built for a letter about a meeting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    letter: str
    duty: str
    question: PackQuestion


class MeetingState(PartnerCase):
    """The whole durable state of a `ManagerMeetings`; far under 256 KB when handed over, however many meetings there were."""

    started: MeetingsScheduled | None = None
    """The newest schedule."""
    since: datetime | None = None
    """When it was set: from then its weeks count."""
    after: datetime | None = None
    """The next meeting is sought later than this."""
    seek_at: datetime | None = None
    """When it is sought; None: the schedule has none."""
    seeking: bool = False
    meetings: list[Meeting] = []
    """In the order of their instants."""
    exempt: list[date] = []
    """Days on which the schedule's own meeting does not take place: cancelled, or moved."""
    before: datetime | None = None
    """The last meeting that has begun."""
    forgotten: Counts = Counts(met=0, met_late=0, waived=0, breaches=0)
    """Closed duties that the state no longer holds."""

    @property
    def begun(self) -> MeetingsScheduled:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started

    @property
    def manager(self) -> str:
        return self.address.partition("/")[2]

    @property
    def people(self) -> dict[str, str]:
        return {SUPPORT_MANAGER: self.manager}

    def meeting(self, day: date) -> Meeting | None:
        """The known meeting of a day of the schedule."""
        return next((meeting for meeting in self.meetings if meeting.day == day), None)

    def duty_of(self, meeting: Meeting) -> Obligation:
        duty = self.obligation(meeting.duty)
        if duty is None:
            raise LookupError("a known meeting has its duty")
        return duty

    def question(self) -> MeetingQuestion:
        """What is asked for the next meeting."""
        schedule, since, after = self.begun, self.since, self.after
        if self.opening is None or since is None or after is None:
            raise LookupError("nothing is asked before the opening")
        return MeetingQuestion(
            weekday=schedule.weekday,
            at=schedule.at,
            every_weeks=schedule.every_weeks,
            first=schedule.first,
            since=since,
            after=after,
            calendar=self.opening.calendar,
        )

    def counts(self) -> Counts:
        """How all its duties ended so far."""
        return _sum(counts(self), self.forgotten)

    def forget(self) -> None:
        """Keeps the last facts, and of the duties that are over the last ones and a number; a breach that is yet to be told stays."""
        self.facts = self.facts[-MOST_FACTS:]
        known = {meeting.duty for meeting in self.meetings}
        closed = [o for o in self.obligations if o.key not in known and _over(o)]
        old = closed[: max(0, len(closed) - MOST_CLOSED)]
        if old:
            gone = {o.key for o in old}
            self.forgotten = _sum(self.forgotten, counts(self.model_copy(update={"obligations": old})))
            self.obligations = [o for o in self.obligations if o.key not in gone]
            self.evidence = {key: evidence for key, evidence in self.evidence.items() if key not in gone}

    def carried(self) -> Self:
        """What the next run gets: repeats over long times are stopped by the inbox."""
        return self.model_copy(update={"seen": dict(list(self.seen.items())[-MOST_SEEN:])})


def _over(o: Obligation) -> bool:
    return o.standing not in UNMET and (o.breached_at is None or o.escalated or o.standing is Standing.MET)


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(
        met=one.met + other.met,
        met_late=one.met_late + other.met_late,
        waived=one.waived + other.waived,
        breaches=one.breaches + other.breaches,
    )
