"""Instants of an export as the client's clocks show them; made for a hundred thousand of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from regulations.time.working_time import WorkingTime
from regulations.time.zones import DAY, EPOCH, EPOCH_DAY, SECOND, datetime_of

LISTED = 5
"""Calls named in one piece of evidence; the sheet tells how many there are."""
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_HOUR = 3_600 * SECOND
_CLOCKS = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60)]


class Made(Protocol):
    """A call, and when it began."""

    @property
    def at(self) -> int: ...

    @property
    def call(self) -> str: ...


class LocalTimes:
    """The client's dates and clocks. Instants are microseconds since the epoch, days are ordinals.

    The offset of the zone is looked up once for each hour in which something happens. An export may hold any date: what no calendar shows
    is shown as the last date, or the first, that one does.
    """

    def __init__(self, hours: WorkingTime) -> None:
        self._zone = hours.zone
        self._offsets: dict[int, int | None] = {}
        self._days: dict[int, str] = {}

    def day(self, at: int) -> int:
        """The local day."""
        return self._local(at) // DAY + EPOCH_DAY

    def day_text(self, day: int) -> str:
        """``23.11.2026``"""
        found = self._days.get(day)
        if found is None:
            shown = date.fromordinal(min(max(day, 1), _LAST.toordinal()))
            found = self._days[day] = f"{shown:%d.%m.%Y}"
        return found

    def clock(self, at: int) -> str:
        """``10:00``, with seconds where there are any."""
        minute, second = divmod(self._local(at) % DAY // SECOND, 60)
        return f"{_CLOCKS[minute]}:{second:02}" if second else _CLOCKS[minute]

    def text(self, at: int) -> str:
        """``23.11.2026 10:00``"""
        return f"{self.day_text(self.day(at))} {self.clock(at)}"

    def listed(self, calls: Sequence[Made]) -> str:
        """Calls with their times: ``c1 23.11.2026 10:00, c2 23.11.2026 11:30``; at most `LISTED` of them."""
        return _joined([f"{made.call} {self.text(made.at)}" for made in calls[:LISTED]], len(calls))

    def listed_on(self, day: int, calls: Sequence[Made]) -> str:
        """The calls of one day: ``23.11.2026: c1 10:00, c2 11:30``, and of one without any ``23.11.2026: –``."""
        named = _joined([f"{made.call} {self.clock(made.at)}" for made in calls[:LISTED]], len(calls))
        return f"{self.day_text(day)}: {named or '–'}"

    def _local(self, at: int) -> int:
        """What the clocks show, in microseconds since they showed the epoch."""
        hour = at // _HOUR
        if hour not in self._offsets:
            begin, end = self._offset(hour * _HOUR), self._offset((hour + 1) * _HOUR - 1)
            self._offsets[hour] = begin if begin == end else None  # None: the clocks move within it
        offset = self._offsets[hour]
        return at + (self._offset(at) if offset is None else offset)

    def _offset(self, at: int) -> int:
        try:
            shown = datetime_of(at, self._zone).utcoffset() or timedelta()
        except OverflowError:
            return 0
        return shown // timedelta(microseconds=1)


def utc(at: int) -> datetime:
    """The instant in UTC; one that no calendar shows is the last, or the first, that one does."""
    try:
        return EPOCH + timedelta(microseconds=at)
    except OverflowError:
        return _LAST if at > 0 else _FIRST


def _joined(named: list[str], count: int) -> str:
    return ", ".join([*named, "…"] if count > LISTED else named)
