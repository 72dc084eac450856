"""Terms that look at the local date of their start: which day they fall on, and at what hour.

Rule 3 of the language of terms: these terms look at the calendar date alone, whatever the hour of the start. The answer is
a place in the calendar, not yet an instant, so that a pause can move it by working days.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from regulations.time.calendar_spec import HorizonError
from regulations.time.terms import (
    RECEIPT_ENDS,
    CalendarDays,
    CalendarMonths,
    ClockOfWorkingDay,
    CloseOfBusiness,
    DayOfMonth,
    EndOfQuarter,
    FirstWorkingDayOfMonth,
    LastWorkingDayBefore,
    LastWorkingDayOfMonth,
    NextDay,
    Term,
    WorkingDays,
)
from regulations.time.zones import DAY, SECOND, datetime_of

if TYPE_CHECKING:
    from regulations.time.working_time import WorkingTime


class Place(NamedTuple):
    """A local day (an ordinal) and a time on it in microseconds since midnight; without a clock, its close of business."""

    day: int
    clock: int | None


def place_of(calendar: WorkingTime, term: Term, begin: int) -> Place:
    """Where a term of days, months or a close of business falls.

    Args:
        calendar: Whose working days and zone count.
        term: Any term but spans of time, `at once`, `every` and `earliest of`.
        begin: The start as an instant (see `regulations.time.zones`).

    Raises:
        HorizonError: The answer lies outside the covered years.
    """
    return _RULES[type(term)](calendar, term, calendar.hours.day_at(begin), begin)


def _working_days(calendar: WorkingTime, term: WorkingDays, day: int, begin: int) -> Place:
    if term.before:
        return Place(calendar.hours.nth_working_day(day, -term.days), None)
    count = term.days
    if term.first_included and calendar.hours.close_of(day) is not None:
        count -= 1
    return Place(calendar.hours.nth_working_day(day, count) if count else day, None)


def _close_of_business(calendar: WorkingTime, term: CloseOfBusiness, day: int, begin: int) -> Place:
    close = calendar.hours.close_of(day)
    return Place(day if close is not None and begin <= close else calendar.hours.nth_working_day(day, 1), None)


def _clock_of_working_day(calendar: WorkingTime, term: ClockOfWorkingDay, day: int, begin: int) -> Place:
    return Place(calendar.hours.nth_working_day(day, term.ordinal), term.clock * SECOND)


def _next_day(calendar: WorkingTime, term: NextDay, day: int, begin: int) -> Place:
    return Place(day + 1, None)


def _calendar_days(calendar: WorkingTime, term: CalendarDays, day: int, begin: int) -> Place:
    """The same local time later (rule 6), with the hours of receipt and the roll."""
    clock = _clock(calendar, begin)
    if term.opening is not None and not term.opening * SECOND <= clock < RECEIPT_ENDS * SECOND:
        day += clock >= RECEIPT_ENDS * SECOND
        clock = term.opening * SECOND
    place = Place(day - term.days if term.before else day + term.days, clock)
    return _rolled(calendar, place) if term.rolled else place


def _calendar_months(calendar: WorkingTime, term: CalendarMonths, day: int, begin: int) -> Place:
    first = _month(day, -term.months if term.before else term.months)
    place = Place(_numbered_day(first, date.fromordinal(day).day), _clock(calendar, begin))
    return _rolled(calendar, place) if term.rolled else place


def _first_of_month(calendar: WorkingTime, term: FirstWorkingDayOfMonth, day: int, begin: int) -> Place:
    found = _first_working_day(calendar, _month(day, 0))
    if found < day:
        found = _first_working_day(calendar, _month(day, 1))
    return Place(found, None if term.clock is None else term.clock * SECOND)


def _last_of_month(calendar: WorkingTime, term: LastWorkingDayOfMonth, day: int, begin: int) -> Place:
    found = _last_working_day(calendar, _month(day, 1))
    if found < day:
        found = _last_working_day(calendar, _month(day, 2))
    return Place(found, None)


def _last_before(calendar: WorkingTime, term: LastWorkingDayBefore, day: int, begin: int) -> Place:
    if term.period == "month":
        return Place(_last_working_day(calendar, _month(day, 1)), None)
    return Place(calendar.hours.nth_working_day(day + 7 - (day - 1) % 7, -1), None)


def _day_of_month(calendar: WorkingTime, term: DayOfMonth, day: int, begin: int) -> Place:
    found = _numbered_day(_month(day, 0), term.day)
    if found < day:
        found = _numbered_day(_month(day, 1), term.day)
    place = Place(found, None)
    return _rolled(calendar, place) if term.rolled else place


def _end_of_quarter(calendar: WorkingTime, term: EndOfQuarter, day: int, begin: int) -> Place:
    return Place(_month(day, 3 - (date.fromordinal(day).month - 1) % 3).toordinal() - 1, DAY)


_RULES: dict[type, Callable[[WorkingTime, Any, int, int], Place]] = {
    WorkingDays: _working_days,
    CloseOfBusiness: _close_of_business,
    ClockOfWorkingDay: _clock_of_working_day,
    NextDay: _next_day,
    CalendarDays: _calendar_days,
    CalendarMonths: _calendar_months,
    FirstWorkingDayOfMonth: _first_of_month,
    LastWorkingDayOfMonth: _last_of_month,
    LastWorkingDayBefore: _last_before,
    DayOfMonth: _day_of_month,
    EndOfQuarter: _end_of_quarter,
}


def _clock(calendar: WorkingTime, begin: int) -> int:
    """The local time of day of an instant in microseconds."""
    shown = datetime_of(begin, calendar.zone)
    return (shown.hour * 3600 + shown.minute * 60 + shown.second) * SECOND + shown.microsecond


def _rolled(calendar: WorkingTime, place: Place) -> Place:
    """Moved to the close of business of the next working day when it falls on a day off."""
    if calendar.hours.close_of(place.day) is not None:
        return place
    return Place(calendar.hours.nth_working_day(place.day, 1), None)


def _month(day: int, ahead: int) -> date:
    """The first of the month that many months after a day's."""
    shown = date.fromordinal(day)
    years, month = divmod(shown.year * 12 + shown.month - 1 + ahead, 12)
    if not 1 <= years <= date.max.year:
        raise HorizonError("the term leaves the years 1 to 9999: shorten it", after=ahead > 0)
    return date(years, month + 1, 1)


def _numbered_day(first: date, number: int) -> int:
    """That day of the month, or its last when it has none."""
    return first.toordinal() + min(number, monthrange(first.year, first.month)[1]) - 1


def _first_working_day(calendar: WorkingTime, first: date) -> int:
    return calendar.hours.nth_working_day(first.toordinal() - 1, 1)


def _last_working_day(calendar: WorkingTime, next_month: date) -> int:
    return calendar.hours.nth_working_day(next_month.toordinal(), -1)
