"""The attempts of 3.4: how calls are counted that must lie apart, and which working days are the three. Pure; reads working time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from regulations.time.working_time import WorkingTime
from regulations.time.zones import SECOND, instant_of

DAYS = 3
"""3.4: attempts are counted over so many working days."""


def spaced(starts: Sequence[datetime], gap_minutes: int) -> int:
    """The most calls of which any two begin at least the gap apart; others between them do no harm.

    Args:
        starts: When the calls began: aware, in any order.
        gap_minutes: A pair that lies exactly so far apart is far enough.
    """
    return spaced_instants(map(instant_of, starts), gap_minutes)


def spaced_instants(starts: Iterable[int], gap_minutes: int) -> int:
    """As `spaced`, of instants in microseconds since the epoch."""
    gap, count, free = gap_minutes * 60 * SECOND, 0, None
    for start in sorted(starts):  # to take the earliest that fits never costs a later one
        if free is None or start >= free:
            count, free = count + 1, start + gap
    return count


def three_days(hours: WorkingTime, appeared_at: datetime) -> Iterator[tuple[date, date, date]]:
    """The three consecutive working days of 3.4, under each assumption about the first of them.

    The source does not say whether the day of the appearance is the first one. So it is either that day, if it is a working day, or the
    next working day; the earlier assumption comes first.

    Args:
        hours: The client's working time, in its zone.
        appeared_at: When the lead appeared; aware.

    Raises:
        HorizonError: the days leave the years that the calendar covers.
    """
    open_hours = hours.hours
    appeared = open_hours.day_at(instant_of(appeared_at))
    days = [open_hours.nth_working_day(appeared, n) for n in range(1, DAYS + 1)]
    if open_hours.close_of(appeared) is not None:
        yield _dates([appeared, *days[:-1]])
    yield _dates(days)


def _dates(days: Sequence[int]) -> tuple[date, date, date]:
    first, second, third = map(date.fromordinal, days)
    return first, second, third
