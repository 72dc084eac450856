"""The messages of a manager's meetings (``partner-meetings/{manager}``): clause 8.1."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from regulations import messages as m

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class OfMeetings(m.Message):
    """A message about the meetings of one support manager."""

    manager: m.Ident


class MeetingsScheduled(OfMeetings):
    """8.1: the manager's own schedule; told again, the newest stands. Begins the case."""

    weekday: Weekday
    at: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    """Local time of the company."""
    every_weeks: int = Field(1, ge=1, le=12)
    first: date | None = None
    """The day of the first meeting, from which the weeks count; None: the first such weekday from now on."""
    by: m.Actor


class MeetingMoved(OfMeetings):
    """The meeting of a day takes place at another instant, not in the past."""

    meeting: date
    """The day on which the schedule has it."""
    to: m.Instant
    by: m.Actor


class MeetingCancelled(OfMeetings):
    """The meeting of a day does not take place: no pack is owed for it."""

    meeting: date
    reason: m.Reason
    by: m.Actor


class WaiveOfMeetings(m.Waive, OfMeetings):
    """Lets an obligation go."""


class ExtendOfMeetings(m.Extend, OfMeetings):
    """Sets a later due instant."""


class PauseOfMeetings(m.Pause, OfMeetings):
    """Stops the clock of an obligation."""


class ResumeOfMeetings(m.Resume, OfMeetings):
    """The clock goes on."""


class WithdrawOfMeetings(m.Withdraw, OfMeetings):
    """The manager has no meetings any more."""
