"""The table of one local year: its open intervals as instants, with running sums, ready for bisects.

Instants are microseconds since the epoch, days are ordinals; see `regulations.time.zones`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

from regulations.time.calendar_spec import Hours
from regulations.time.zones import DAY, SECOND, local_instant, zone

Intervals = tuple[tuple[int, int], ...]
"""Open intervals of a day in microseconds since local midnight."""

_HOUR = 3600


class YearTable:
    """The open intervals of one local year.

    Attributes:
        year: The year.
        low: The first instant of the year.
        high: The first instant of the next year.
        starts: Openings, ascending.
        ends: Closings, of the same length.
        before: The working time between `low` and each opening, of the same length.
        interval_days: The local day of each interval.
        total: The working time of the year.
        days: The working days, ascending.
        closings: The close of business of each working day.
    """

    __slots__ = ("before", "closings", "days", "ends", "high", "interval_days", "low", "starts", "total", "year")

    def __init__(self, year: int, low: int, high: int) -> None:
        self.year = year
        self.low = low
        self.high = high
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.before: list[int] = []
        self.interval_days: list[int] = []
        self.total = 0
        self.days: list[int] = []
        self.closings: list[int] = []

    def position(self, instant: int) -> int:
        """The working time between `low` and an instant of the year."""
        index = bisect_right(self.starts, instant) - 1
        if index < 0:
            return 0
        end = self.ends[index]
        return self.before[index] + (instant if instant < end else end) - self.starts[index]


def fill(table: YearTable, key: str, first: int, grid: Sequence[int], days: Sequence[Intervals]) -> None:
    """Put the intervals of a year's days into its table.

    Args:
        table: An empty table.
        key: The zone.
        first: The ordinal of 1 January.
        grid: The midnights of the year in that zone.
        days: The intervals of each day of the year, in microseconds since local midnight.
    """
    starts, ends, before, owners = table.starts, table.ends, table.before, table.interval_days
    total = 0
    for shift, hours in enumerate(days):
        if not hours:
            continue
        midnight = grid[shift]
        size = len(starts)
        if grid[shift + 1] - midnight == DAY:
            for opening, closing in hours:
                starts.append(midnight + opening)
                ends.append(midnight + closing)
                before.append(total)
                total += closing - opening
                owners.append(first + shift)
        else:  # the clocks change on this date
            tz = zone(key)
            for opening, closing in hours:
                begin = local_instant(tz, first + shift, opening)
                end = grid[shift + 1] if closing == DAY else local_instant(tz, first + shift, closing)
                if begin < end:  # the gap may have swallowed it
                    starts.append(begin)
                    ends.append(end)
                    before.append(total)
                    total += end - begin
                    owners.append(first + shift)
        if len(starts) > size:
            table.days.append(first + shift)
            table.closings.append(ends[-1])
    table.total = total


def shortened(hours: Hours) -> Hours:
    """The hours of a day an hour shorter, taken from its end."""
    left, kept = _HOUR, list(hours)
    while kept and left:
        opening, closing = kept.pop()
        cut = min(left, closing - opening)
        left -= cut
        if closing - cut > opening:
            kept.append((opening, closing - cut))
    return tuple(kept)


@lru_cache(maxsize=2048)
def intervals(hours: Hours) -> Intervals:
    """The hours in microseconds since midnight."""
    return tuple((opening * SECOND, closing * SECOND) for opening, closing in hours)
