"""What a calendar says of each date, as a table that can be kept, and in what two such tables differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache

from regulations.time.working_time import WorkingTime
from regulations.time.zones import DAY, datetime_of

OWN_YEARS = range(2020, 2030)
"""The years of the table of a calendar without a country, besides those in which it has dates of its own."""

DayTable = Mapping[str, str]
"""ISO date → offset from UTC at noon, open intervals in local time, and ``?`` where a decree yet to come may change them."""


@dataclass(frozen=True)
class CalendarDifference:
    """The dates in which two tables of one calendar differ, in order.

    Attributes:
        changed: Other hours, another offset, or certain where they were not.
        closed: Days off that were none.
        opened: Working days that were none.
        shifted: Another offset from UTC.
    """

    changed: tuple[date, ...]
    closed: tuple[date, ...]
    opened: tuple[date, ...]
    shifted: tuple[date, ...] = ()


def covered_years(calendar: WorkingTime) -> list[int]:
    """The years of which a calendar tells: those of its country's data; without a country `OWN_YEARS` and those of its own dates."""
    hours = calendar.hours
    if hours.calendar is not None:
        return list(range(hours.first_year, hours.last_year + 1))
    own = {day.year for day in calendar.spec.closed} | {day.year for day, _ in calendar.spec.open}
    return sorted(set(OWN_YEARS) | own)


def day_table(calendar: WorkingTime, years: Iterable[int] | None = None) -> dict[str, str]:
    """The days of a calendar, over the years given, or over those that it covers.

    Raises:
        HorizonError: a year is not covered.
    """
    hours = calendar.hours
    table: dict[str, str] = {}
    for year in covered_years(calendar) if years is None else years:
        compiled = hours.table(year)
        shown: dict[int, list[str]] = {}
        for day, begin, end in zip(compiled.interval_days, compiled.starts, compiled.ends, strict=True):
            shown.setdefault(day, []).append(f"{_clock(calendar, day, begin)}-{_clock(calendar, day, end)}")
        for day in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1):
            offset = _offset(datetime_of(hours.instant_on(day, DAY // 2), calendar.zone).utcoffset() or timedelta(0))
            doubt = ["?"] if hours.in_doubt(day, day) else []
            table[date.fromordinal(day).isoformat()] = " ".join([offset, *shown.get(day, ()), *doubt])
    return table


def _clock(calendar: WorkingTime, day: int, instant: int) -> str:
    """The local time of an instant of a day; its last midnight is 24:00."""
    at = datetime_of(instant, calendar.zone)
    return "24:00" if at.toordinal() > day else _clock_text(at.hour, at.minute, at.second)


@cache
def _clock_text(hour: int, minute: int, second: int) -> str:
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")


@cache
def _offset(offset: timedelta) -> str:
    return datetime(2000, 1, 1, tzinfo=timezone(offset)).strftime("%z")


def hours_of(day: str) -> tuple[str, ...]:
    """The open intervals of a day of the table, e.g. ``("09:00-13:00", "14:00-18:00")``."""
    return tuple(word for word in day.split()[1:] if word != "?")


def difference(before: Iterable[DayTable], now: DayTable) -> CalendarDifference:
    """In what a table differs from any of those before it. A date that only one of them covers is none that a term could have met.

    Args:
        before: The table as last published, and those whose publication was begun and not finished.
        now: The table to be published.
    """
    changed: set[date] = set()
    closed: set[date] = set()
    opened: set[date] = set()
    shifted: set[date] = set()
    for table in before:
        for text in table.keys() & now.keys():
            if table[text] == now[text]:
                continue
            day = date.fromisoformat(text)
            changed.add(day)
            if hours_of(table[text]) and not hours_of(now[text]):
                closed.add(day)
            if hours_of(now[text]) and not hours_of(table[text]):
                opened.add(day)
            if table[text].split()[0] != now[text].split()[0]:
                shifted.add(day)
    return CalendarDifference(*(tuple(sorted(days)) for days in (changed, closed, opened, shifted)))
