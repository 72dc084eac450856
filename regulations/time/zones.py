"""Time zones from the pinned `tzdata` package, and the midnights of a year in a zone.

The standard library looks at the machine's own zone files first, so two machines may disagree about the same instant.
Here a zone is read from the package that the lock file names and from nowhere else (rule 10 of the language of terms),
without touching the process-wide search path.

Instants are whole microseconds since 1970-01-01T00:00Z; days are proleptic ordinals (`date.toordinal`).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

_PACKAGE = import_module("tzdata")  # it has no type information

TZDATA_VERSION = str(_PACKAGE.IANA_VERSION)
"""The edition of the zone data, for example `2026f`."""

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = 719_163
"""`date(1970, 1, 1).toordinal()`."""

_PLAIN = 2_000_000_000 * SECOND
_ZONES = Path(str(_PACKAGE.__file__)).parent / "zoneinfo"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")


class ZoneError(ValueError):
    """The zone is not in the pinned data; the message names one that is."""


class PinnedZone(ZoneInfo):
    """A zone that can be copied and pickled although it was read from a stream: it is found again by its key."""

    def __reduce__(self) -> tuple[Any, ...]:
        return zone, (self.key,)

    def __copy__(self) -> PinnedZone:
        return self

    def __deepcopy__(self, memo: object) -> PinnedZone:
        return self


@lru_cache(maxsize=1024)
def zone(key: str) -> ZoneInfo:
    """The zone of that IANA name, one object per name.

    Raises:
        ZoneError: The pinned data has no such zone.
    """
    path = _ZONES / key
    if not _NAME.fullmatch(key) or not path.is_file():
        raise ZoneError(f"{key[:60]!r} is no time zone of tzdata {TZDATA_VERSION}: use an IANA name such as 'Europe/Moscow'")
    try:
        with path.open("rb") as data:
            return PinnedZone.from_file(data, key=key)
    except ValueError:  # a file of the package that is no zone, such as its list of zones
        raise ZoneError(f"{key[:60]!r} is no time zone of tzdata {TZDATA_VERSION}: use an IANA name such as 'Europe/Moscow'") from None


def instant_of(at: datetime) -> int:
    """The instant of an aware datetime, exact to the microsecond."""
    passed = at - EPOCH
    return (passed.days * 86_400 + passed.seconds) * SECOND + passed.microseconds


def datetime_of(instant: int, tz: ZoneInfo) -> datetime:
    """The instant as an aware datetime of that zone.

    Raises:
        OverflowError: The instant lies outside the years 1 to 9999.
    """
    if 0 <= instant < _PLAIN and instant % SECOND == 0:
        return datetime.fromtimestamp(instant // SECOND, tz)  # twice as quick, where no platform has limits
    return (EPOCH + timedelta(microseconds=instant)).astimezone(tz)


def local_instant(tz: ZoneInfo, day: int, clock: int) -> int:
    """The instant at which the clocks of a zone show a time of day (rule 6 of the language of terms).

    A time that exists twice is the first; one that does not exist is the first instant after the gap.

    Args:
        tz: The zone.
        day: The local date as an ordinal.
        clock: Microseconds since midnight, 0 to 24 hours; 24:00 is the midnight of the next day.
    """
    extra, clock = divmod(clock, DAY)
    day += extra
    if day > _LAST_DAY:
        raise OverflowError("the date lies after the year 9999")
    shown = datetime.fromordinal(day) + timedelta(microseconds=clock)
    first = _offset(shown.replace(tzinfo=tz))
    second = _offset(shown.replace(tzinfo=tz, fold=1))
    wall = (day - EPOCH_DAY) * DAY + clock
    if first >= second:
        return wall - first  # the ordinary case, or the first of two
    return _end_of_gap(tz, wall - second, wall - first, second)


@lru_cache(maxsize=512)
def midnights(key: str, year: int) -> tuple[int, ...]:
    """The first instants of every local date of a year, and of the next 1 January: 366 or 367 numbers.

    Two neighbours are a day apart exactly when the clocks stand still on that date.
    """
    tz = zone(key)
    first = datetime(year, 1, 1, tzinfo=tz)
    first_day = first.toordinal()
    count = date(year, 12, 31).toordinal() - first_day + 1
    offsets = [_offset(first + timedelta(days=shift)) for shift in range(count)]
    # The midnight after 31 December 9999 cannot be shown, but it is the closing of a day that can.
    offsets.append(_offset(first + timedelta(days=count)) if year < date.max.year else offsets[-1])
    wall = (first_day - EPOCH_DAY) * DAY
    starts = [wall + DAY * shift - offset for shift, offset in enumerate(offsets)]
    for shift in range(1, count + 1):
        if offsets[shift] != offsets[shift - 1]:  # the clocks moved between these midnights, or at one of them
            starts[shift - 1] = local_instant(tz, first_day + shift - 1, 0)
            starts[shift] = local_instant(tz, first_day + shift, 0)
    return tuple(starts)


_LAST_DAY = date.max.toordinal()


def _offset(shown: datetime) -> int:
    offset = shown.utcoffset()
    if offset is None:
        raise ZoneError("the zone gives no offset")
    return (offset.days * 86_400 + offset.seconds) * SECOND


def _end_of_gap(tz: ZoneInfo, before: int, after: int, offset_after: int) -> int:
    """The first instant that has the later offset, between one that has not and one that has (searched by seconds)."""
    low, high = before // SECOND, after // SECOND
    while high - low > 1:
        middle = (low + high) // 2
        shown = datetime_of(middle * SECOND, tz)
        if _offset(shown) >= offset_after:
            high = middle
        else:
            low = middle
    return high * SECOND
