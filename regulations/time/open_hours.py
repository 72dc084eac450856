"""Open intervals of a calendar, compiled year by year into tables that two bisects can search.

A table holds one local year: from the first instant of 1 January to that of the next. Only the years that a question
touches are compiled, so a calendar that is asked once costs one table. Instants are microseconds since the epoch, days
are ordinals; see `regulations.time.zones`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import isleap
from collections.abc import Iterator
from datetime import date

from regulations.time.calendar_spec import CalendarError, CalendarSpec, HorizonError, Hours
from regulations.time.production_calendars import Day, ProductionCalendar, production_calendar
from regulations.time.year_tables import Intervals, YearTable, fill, intervals, shortened
from regulations.time.zones import DAY, SECOND, local_instant, midnights, zone

UNSETTLED_YEARS = range(1800, 2100)
"""The years in which zones have dated changes. Before them a zone keeps one offset, after them one yearly rule (the longest table in
tzdata ends in 2086): there, two years without dates of their own that begin on the same weekday and have the same length hold the same
working time, and a term of a thousand years need not compile each of them."""

_TABLES_KEPT = 64
_MEAN_YEAR = 31_556_952 * SECOND


class OpenHours:
    """The tables of one calendar, compiled on demand and kept within bounds."""

    def __init__(self, spec: CalendarSpec) -> None:
        """Take the spec.

        Raises:
            CalendarError: The country or its region has no production calendar.
        """
        self.spec = spec
        self.zone = zone(spec.tz)
        self.calendar: ProductionCalendar | None = None
        self.first_year, self.last_year = 1, date.max.year
        try:
            if spec.country is not None:
                self.calendar = production_calendar(spec.country)
                self.calendar.region(spec.subdivision)
                self.first_year, self.last_year = self.calendar.first_year, self.calendar.last_year
        except CalendarError as error:
            raise CalendarError(f"{spec.title}: {error}") from None
        self._week = tuple(intervals(hours) for hours in spec.weekly)
        self._short_week = tuple(intervals(shortened(hours)) for hours in spec.weekly)
        self._open = {day.toordinal(): hours for day, hours in spec.open}
        self._closed = frozenset(day.toordinal() for day in spec.closed)
        self._own_years = {day.year for day in spec.closed} | {day.year for day, _ in spec.open}
        self._tables: dict[int, YearTable] = {}
        self._grids: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._totals: dict[object, tuple[int, int]] = {}  # by year, or by the layout of a settled one

    def table(self, year: int) -> YearTable:
        """The table of a year.

        Raises:
            HorizonError: The year is not covered.
        """
        found = self._tables.get(year)
        if found is None:
            if len(self._tables) >= _TABLES_KEPT:
                self._tables.clear()
            found = self._tables[year] = self._compile(year)
        return found

    def table_at(self, instant: int) -> YearTable:
        """The table of the local year in which an instant lies.

        Raises:
            HorizonError: That year is not covered.
        """
        table = self._tables.get(1970 + instant // _MEAN_YEAR)  # the right year but for some hours around New Year
        if table is not None and table.low <= instant < table.high:
            return table
        return self.table(self.year_at(instant))

    def grid(self, year: int) -> tuple[int, tuple[int, ...]]:
        """The ordinal of 1 January and the midnights of a year in the calendar's zone, covered or not."""
        found = self._grids.get(year)
        if found is None:
            if len(self._grids) >= _TABLES_KEPT:
                self._grids.clear()
            found = self._grids[year] = date(year, 1, 1).toordinal(), midnights(self.spec.tz, year)
        return found

    def year_at(self, instant: int) -> int:
        """The local year in which an instant lies, covered or not."""
        year = min(max(1970 + instant // _MEAN_YEAR, 1), date.max.year)
        _, grid = self.grid(year)
        if instant < grid[0] and year > 1:
            return year - 1
        if instant >= grid[-1] and year < date.max.year:
            return year + 1
        return year

    def day_at(self, instant: int) -> int:
        """The local day on which an instant lies, in covered years or not."""
        first, grid = self.grid(self.year_at(instant))
        index = (instant - grid[0]) // DAY  # the day itself but for hours after the clocks have moved
        if 0 <= index < len(grid) - 1 and grid[index] <= instant < grid[index + 1]:
            return first + index
        return first + bisect_right(grid, instant) - 1

    def instant_on(self, day: int, clock: int, year: int = 0) -> int:
        """The instant of a local time by rule 6, as `local_instant`, and quicker; the year is that of the day if it is at hand."""
        first, grid = self._grids.get(year) or self.grid(year or date.fromordinal(day).year)
        index = day - first
        midnight = grid[index]
        return midnight + clock if grid[index + 1] - midnight == DAY else local_instant(self.zone, day, clock)

    def totals(self, year: int) -> tuple[int, int]:
        """The working time and the number of working days of a year, cheaply for years far away.

        Raises:
            HorizonError: The year is not covered.
        """
        if self.calendar is None and not 1 <= year <= date.max.year:
            raise self._beyond(after=year > 1)
        alike: object = year
        if self.calendar is None and year not in UNSETTLED_YEARS and year not in self._own_years and year < date.max.year:
            alike = (year < UNSETTLED_YEARS.start, date(year, 1, 1).weekday(), isleap(year))
        found = self._totals.get(alike)
        if found is None:
            table = self.table(year)
            found = self._totals[alike] = table.total, len(table.days)
        return found

    def work(self, begin: int, until: int) -> int:
        """Working time between two instants in microseconds; `begin` is not after `until`."""
        first = self.table_at(begin)
        if until < first.high:
            return first.position(until) - first.position(begin)
        worked = first.total - first.position(begin)
        last = self.table_at(until)
        for year in range(first.year + 1, last.year):
            worked += self.totals(year)[0]
        return worked + last.position(until)

    def after(self, instant: int, need: int) -> int:
        """The instant at which that much working time has passed; with none needed, the next instant of working time.

        A need that is used up exactly at a closing ends at that closing (rule 4): hence `bisect_left` on the sums.
        """
        table = self.table_at(instant)
        index = bisect_right(table.starts, instant) - 1
        if index < 0:
            sum_needed = need
        else:
            end = table.ends[index]
            if need == 0 and instant < end:
                return instant
            sum_needed = table.before[index] + (instant if instant < end else end) - table.starts[index] + need
        if need == 0:
            return self._next_opening(table.year, index + 1)
        if sum_needed > table.total:
            year, total = table.year, table.total
            while sum_needed > total:
                sum_needed -= total
                year += 1
                total = self.totals(year)[0]
            table = self.table(year)
        index = bisect_left(table.before, sum_needed) - 1
        return table.starts[index] + sum_needed - table.before[index]

    def before(self, instant: int, need: int) -> int:
        """Backwards: the latest instant from which that much working time lies before `instant`; at an opening, that opening."""
        table = self.table_at(instant)
        left = table.position(instant) - need
        year = table.year
        while left < 0:
            year -= 1
            left += self.totals(year)[0]
        table = self.table(year)
        index = bisect_right(table.before, left) - 1
        return table.starts[index] + left - table.before[index]

    def special(self, day: int) -> Day | None:
        """What the production calendar says of a day.

        Raises:
            HorizonError: Its year is not covered.
        """
        if self.calendar is None:
            return None
        shown = date.fromordinal(day)
        return self.calendar.year(shown.year, self.spec.subdivision, self.spec.layers).days.get(shown)

    def weekly_hours(self, day: int) -> Hours:
        """The weekly hours that apply on a day by its weekday, or by that of the day it stands in for."""
        special = self.special(day)
        pattern = special.stands_for.weekday() if special and special.stands_for else (day - 1) % 7
        return self.spec.weekly[pattern]

    def in_doubt(self, first: int, last: int) -> bool:
        """Whether a decree yet to come may change one of the days from the first to the last."""
        if self.calendar is None:
            return False
        first = max(first, self.calendar.known_through.toordinal() + 1)
        if first > last:
            return False
        begin, end = date.fromordinal(first), date.fromordinal(last)
        for year in range(begin.year, min(end.year, self.last_year) + 1):
            doubtful = self.calendar.year(year, self.spec.subdivision, self.spec.layers).doubtful
            if doubtful is None or any(begin <= day <= end for day in doubtful):
                return True
        return False

    def touched(self, begin: int, end: int) -> Iterator[int]:
        """The working days of which some working time lies between two instants."""
        year = self.year_at(begin)
        while True:
            table = self.table(year)
            index = bisect_right(table.ends, begin)
            while index < len(table.starts) and table.starts[index] < end:
                yield table.interval_days[index]
                index += 1
            if end <= table.high:
                return
            year += 1

    def nth_working_day(self, day: int, count: int) -> int:
        """The count-th working day after a day; a negative count goes back.

        Raises:
            HorizonError: It lies outside the covered years.
        """
        year = date.fromordinal(day).year
        days = self.table(year).days
        if count > 0:
            index = bisect_right(days, day) + count - 1
            size = len(days)
            if index < size:
                return days[index]
            while index >= size:
                index -= size
                year += 1
                size = self.totals(year)[1]
        else:
            index = bisect_left(days, day) + count
            if index >= 0:
                return days[index]
            while index < 0:
                year -= 1
                index += self.totals(year)[1]
        return self.table(year).days[index]

    def close_of(self, day: int) -> int | None:
        """The close of business of a working day; None on a day off.

        Raises:
            HorizonError: Its year is not covered.
        """
        table = self.table(date.fromordinal(day).year)
        index = bisect_left(table.days, day)
        return table.closings[index] if index < len(table.days) and table.days[index] == day else None

    def _beyond(self, *, after: bool) -> HorizonError:
        """The error of a calendar without a country whose working time runs out with the years of the calendar."""
        edge = f"before the end of the year {date.max.year}" if after else "after the beginning of the year 1"
        return HorizonError(f"{self.spec.title} has too little working time {edge}: shorten the term or check the calendar", after=after)

    def _compile(self, year: int) -> YearTable:
        if self.calendar is not None:
            try:
                specials = self.calendar.year(year, self.spec.subdivision, self.spec.layers).days
            except HorizonError as error:
                raise HorizonError(f"{self.spec.title}: {error}", after=error.after) from None
        elif not 1 <= year <= date.max.year:
            raise self._beyond(after=year > 1)
        else:
            specials = {}
        first, grid = self.grid(year)
        table = YearTable(year, grid[0], grid[-1])
        count = len(grid) - 1
        weekday = (first - 1) % 7
        week = [self._week[(weekday + shift) % 7] for shift in range(count)]
        for day, special in specials.items():
            week[day.toordinal() - first] = self._special_hours(special, day)
        if year in self._own_years:
            for shift in range(count):
                ordinal = first + shift
                if ordinal in self._open:
                    week[shift] = intervals(self._open[ordinal])
                elif ordinal in self._closed:
                    week[shift] = ()
        fill(table, self.spec.tz, first, grid, week)
        return table

    def _special_hours(self, special: Day, day: date) -> Intervals:
        if special.off:
            return ()
        pattern = (special.stands_for or day).weekday()
        return self._short_week[pattern] if special.short and self.spec.short_days else self._week[pattern]

    def _next_opening(self, year: int, index: int) -> int:
        table = self.table(year)
        while index >= len(table.starts):
            year += 1
            index = 0
            while self.calendar is None and year <= self.last_year and self.totals(year)[0] == 0:
                year += 1
            table = self.table(year)
        return table.starts[index]
