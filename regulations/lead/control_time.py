"""7.1: the working time by which leads are controlled, whatever a centre's own hours are: 09:00 to 18:00 in the centre's zone.

Weekends and holidays of the production calendar do not count for hot leads; there are no breaks and no shortened days. The terms of warm
and cold leads run in calendar days and take from it the zone alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from regulations.calendar_spec import CalendarError, CalendarSpec
from regulations.lead.state import CONTROL
from regulations.lead.state import control_name as control_name
from regulations.working_time import WorkingTime


def calendar_named(name: str, calendars: Mapping[str, CalendarSpec]) -> CalendarSpec:
    """A calendar of the company, or the control time of a zone.

    Raises:
        KeyError: the company has no such calendar.
        CalendarError: there is no such zone.
    """
    if name.startswith(CONTROL):
        return CalendarSpec.simple(name.removeprefix(CONTROL), "RU", name=name)
    return calendars[name]


def is_zone(name: str) -> bool:
    """Whether a control time can be kept in a zone of this name."""
    try:
        calendar_named(control_name(name), {})
    except CalendarError:
        return False
    return True


def working_days_left(hours: WorkingTime, first: date, last: date, now: datetime) -> list[date]:
    """6.2: the working days of a period that are not over, over which leads are spread.

    Raises:
        CalendarError: the period leaves the years that the calendar covers.
    """
    begin = max(first, hours.local(now).date())
    days = (begin + timedelta(days=n) for n in range((last - begin).days + 1))
    return [day for day in days if hours.hours.close_of(day.toordinal()) is not None]
