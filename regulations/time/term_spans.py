"""On which dates a counted term depends: a change of any other date cannot move it.

The span is what a published calendar is compared with, so it may be a day too wide and never a day too narrow.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from regulations.time.calendar_spec import HorizonError
from regulations.time.terms import (
    CalendarDays,
    CalendarMonths,
    EarliestOf,
    EndOfQuarter,
    Every,
    FirstWorkingDayOfMonth,
    LastWorkingDayBefore,
    LastWorkingDayOfMonth,
    NextDay,
    Term,
)

if TYPE_CHECKING:
    from regulations.time.working_time import WorkingTime

_MOMENT = timedelta(microseconds=1)
_DAY = timedelta(days=1)


def span_of(calendar: WorkingTime, term: Term, start: datetime, due: datetime) -> tuple[date, date]:
    """The first and the last local date whose hours decide when a term is due; pauses lie between them.

    Args:
        calendar: In which the term was counted.
        term: The term.
        start: Where it starts.
        due: Where it was found to end, pauses included.
    """
    begin, end = calendar.local(start).date(), calendar.local(due).date()
    first, last = min(begin, end), max(begin, end)
    while isinstance(term, Every):
        term = term.term
    if isinstance(term, EarliestOf):
        spans = [span_of(calendar, each, start, _due(calendar, each, start, due)) for each in term.terms]
        return min(first, *(span[0] for span in spans)), max(last, *(span[1] for span in spans))
    if isinstance(term, FirstWorkingDayOfMonth):
        first = begin.replace(day=1)  # whether the first working day has passed is decided before the start
    elif isinstance(term, LastWorkingDayOfMonth):
        last = _end_of_month(last)
    elif isinstance(term, LastWorkingDayBefore):
        last = _end_of_month(last) if term.period == "month" else last + (6 - last.weekday()) * _DAY
    elif isinstance(term, NextDay):
        first = min(first, _last_worked(calendar, end))  # whose closing stands in on a day off
    return first, last


def zone_alone(term: Term) -> bool:
    """Whether a term, unless it is paused, depends on the hours of no date: only on how its last day is offset from UTC."""
    return isinstance(term, EndOfQuarter) or (isinstance(term, CalendarDays | CalendarMonths) and not term.rolled)


def no_span(due: date) -> tuple[date, date]:
    """The span of such a term: it begins after its end, the local date on which the term is due, and holds no date."""
    return due + _DAY, due


def due_day(calendar: WorkingTime, due: datetime) -> date:
    """The local day that makes a duty overdue: a midnight is the end of the day before."""
    return calendar.local(due - _MOMENT).date()


def _due(calendar: WorkingTime, term: Term, start: datetime, otherwise: datetime) -> datetime:
    try:
        return calendar.due(term, start).at
    except HorizonError:  # later than every day that is known
        return otherwise


def _end_of_month(day: date) -> date:
    return (day.replace(day=28) + 4 * _DAY).replace(day=1) - _DAY


def _last_worked(calendar: WorkingTime, day: date) -> date:
    """The last working day before a day that has weekly hours; the day itself where there is none."""
    found = day.toordinal()
    try:
        while True:
            found = calendar.hours.nth_working_day(found, -1)
            if calendar.hours.weekly_hours(found):
                return date.fromordinal(found)
    except HorizonError:
        return day
