"""What a manager's meetings know: the schedule, the meetings that are known and not over, and what of their packs is under way."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from regulations.case import Obligation
from regulations.long_clause_case import LongClauseCase
from regulations.partner.case import SUPPORT_MANAGER, PartnerCase
from regulations.partner.effects import MeetingQuestion, Pack, PackQuestion
from regulations.partner.meeting_messages import MeetingsScheduled

KIND = "partner-meetings"
MOST_EXEMPT = 60
"""Days without a meeting of their own that are kept."""
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


class MeetingState(LongClauseCase, PartnerCase):
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

    def kept(self, o: Obligation) -> bool:
        return any(meeting.duty == o.key for meeting in self.meetings)
