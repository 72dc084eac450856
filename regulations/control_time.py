"""The working time by which people are controlled whose own hours nobody asks: 09:00 to 18:00 in their zone.

Of a service centre it is given by lead 7.1; of a client who buys leads (replacement 3.3, 3.4) it is the default. Weekends and holidays of
the production calendar do not count; there are no breaks and no shortened days. Terms in calendar days take from it the zone alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from regulations.plans import CONTROL
from regulations.plans import control_name as control_name
from regulations.time.calendar_spec import CalendarError, CalendarSpec
from regulations.time.working_time import WorkingTime


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
