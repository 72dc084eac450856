"""When a support manager's next meeting is (partner 8.1): by its own schedule, over the company's calendar.

Reads working time, so it is not for workflow code: a case asks an activity.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from regulations.partner.effects import MeetingAnswer, MeetingQuestion
from regulations.partner.meeting_messages import WEEKDAYS
from regulations.time.working_time import WorkingTime

HORIZON = timedelta(days=366)
"""A schedule without a meeting for so long has none: its weekday is a day off for good."""


def next_meeting(question: MeetingQuestion, calendar: WorkingTime) -> MeetingAnswer | None:
    """8.1: the first meeting after an instant; None: within a year there is none, since all its days are days off.

    The hour is that of the wall clock, summer and winter. A day off has no meeting, and it moves to no other day. The weeks count from
    ``first``, or from the first such weekday whose hour comes after the schedule was set.

    Raises:
        HorizonError: the calendar does not cover these years.
    """
    clock = time.fromisoformat(question.at)
    period = timedelta(weeks=question.every_weeks)
    day = question.first or _first(question, calendar, clock)
    reached = calendar.local(question.after).date()
    if day < reached:
        day += (reached - day) // period * period
    while day <= reached + HORIZON:
        at = _instant(calendar, day, clock)
        if at > question.after and calendar.hours.close_of(day.toordinal()) is not None:
            return MeetingAnswer(day=day, at=at)
        day += period
    return None


def _first(question: MeetingQuestion, calendar: WorkingTime, clock: time) -> date:
    """The first such weekday whose hour comes after the schedule was set."""
    set_on = calendar.local(question.since).date()
    day = set_on + timedelta(days=(WEEKDAYS.index(question.weekday) - set_on.weekday()) % 7)
    return day if _instant(calendar, day, clock) > question.since else day + timedelta(weeks=1)


def _instant(calendar: WorkingTime, day: date, clock: time) -> datetime:
    return calendar.local(datetime.combine(day, clock)).astimezone(UTC)
