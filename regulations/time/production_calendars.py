"""Production calendars: which dates a country takes off, works in another's place, or shortens.

The data are our own, typed from statute and decree into `calendars/*.toml`, in layers that an edition chooses from:

* `statute`: public holidays of the law, their moved days off, and the transfers decreed for the year;
* `president`: days declared non-working by the president;
* `region`: days off of one region.

Closures of a company belong to its own calendar (`regulations.time.calendar_spec`). A country is covered from its first year
to the year after `known_through`, the last date that a decree covers; past that date the answers are provisional, past
that year there is an error, never a guess (rule 10 of the language of terms).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from regulations.time.calendar_spec import CalendarError, HorizonError

COUNTRIES = ("KZ", "RU", "UA")
"""The countries that have data, by their ISO 3166-1 codes."""

_DATA = Path(__file__).parents[1] / "calendars"
_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """What a calendar says of one date beside the weekly hours.

    Attributes:
        off: Nobody works, whatever the weekly hours.
        stands_for: A weekend that works, with the hours of this date's weekday.
        short: An hour less, for owners who keep shortened days.
        why: The reason, with its source.
    """

    off: bool
    stands_for: date | None
    short: bool
    why: str


@dataclass(frozen=True, slots=True)
class Year:
    """The special dates of one year; every other date follows the weekly hours.

    Attributes:
        days: By date.
        doubtful: The dates that a decree yet to come may change; None stands for all of them.
    """

    days: Mapping[date, Day]
    doubtful: frozenset[date] | None


@dataclass(frozen=True, slots=True)
class _Holiday:
    name: str
    source: str
    days: tuple[tuple[int, int], ...]
    dates: frozenset[date]
    after_easter: int | None
    moves: bool
    since: date
    until: date

    def in_year(self, year: int) -> Iterator[date]:
        for month, day in self.days:
            yield date(year, month, day)
        if self.after_easter is not None:
            yield orthodox_easter(year) + timedelta(days=self.after_easter)
        yield from (day for day in self.dates if day.year == year)


class ProductionCalendar:
    """The calendar of one country."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Take the parsed data of one country file; `production_calendar` reads the ones that are shipped."""
        self.country: str = data["country"]
        self.version: str = f"{data['country']} {data['version']}"
        self.known_through: date = data["known_through"]
        self.first_year: int = data["first_year"]
        self._data = data
        self._years: dict[tuple[int, str | None, tuple[str, ...]], Year] = {}

    @property
    def last_year(self) -> int:
        """The last year covered, provisionally after `known_through`."""
        return self.known_through.year + 1

    @property
    def under_regime(self) -> bool:
        """Whether a regime without a known end suspends holidays after `known_through`: only those are in doubt there."""
        return self._suspended(date(self.last_year, 12, 31)) is not None

    def year(self, year: int, subdivision: str | None = None, layers: tuple[str, ...] = ("statute", "region")) -> Year:
        """The special dates of a year as those layers see them.

        Args:
            year: A covered year.
            subdivision: A region by its ISO 3166-2 code, with or without the country (`RU-TA` or `TA`).
            layers: Any of `statute`, `president`, `region`.

        Raises:
            HorizonError: The year is not covered; the message names the last one that is.
            CalendarError: The region has no data.
        """
        if not self.first_year <= year <= self.last_year:
            raise HorizonError(
                f"the production calendar {self.version} covers {self.first_year} to {self.last_year}"
                f" (by decree through {self.known_through}); the term needs {year}",
                after=year > self.last_year,
            )
        key = (year, subdivision, layers)
        if key not in self._years:
            self._years[key] = self._compile(year, self.region(subdivision), layers)
        return self._years[key]

    def region(self, subdivision: str | None) -> str | None:
        """The region's code without the country's.

        Raises:
            CalendarError: There is no data on that region.
        """
        if subdivision is None:
            return None
        code = subdivision.upper().removeprefix(f"{self.country}-")
        known = self._data["regions"].get("without_own_days", [])
        listed = {region["code"] for region in self._data.get("region", ())}
        if not self._data["regions"].get("any") and code not in known and code not in listed:
            raise CalendarError(
                f"subdivision {subdivision[:20]!r} is not in the production calendar {self.version}:"
                f" use null and name its days off in 'closed', or one of {', '.join(sorted(listed | set(known)))}"
            )
        return code

    @cached_property
    def _holidays(self) -> tuple[_Holiday, ...]:
        return tuple(
            _Holiday(
                name=row["name"],
                source=row["source"],
                days=tuple((int(text[:2]), int(text[3:])) for text in row.get("days", ())),
                dates=frozenset(map(date.fromisoformat, row.get("dates", ()))),
                after_easter=row.get("after_orthodox_easter"),
                moves=row.get("moves", True),
                since=row.get("since", date.min),
                until=row.get("until", date.max),
            )
            for row in self._data["holiday"]
        )

    @cached_property
    def _transfers(self) -> tuple[tuple[date, date, str], ...]:
        return tuple(
            (date.fromisoformat(given), date.fromisoformat(taken), row["source"])
            for row in self._data.get("decree", ())
            for given, taken in row["transfers"]
        )

    def _suspended(self, day: date) -> str | None:
        """The name of the regime under which that day's holidays and transfers do not apply."""
        for row in self._data.get("regime", ()):
            if row["from"] <= day <= row.get("to", date.max):
                return f"{row['name']} ({row['source']})"
        return None

    def _statutory(self, year: int) -> dict[date, _Holiday]:
        """The public holidays of a year as the law lists them, whatever regime suspends them."""
        return {day: holiday for holiday in self._holidays for day in holiday.in_year(year) if holiday.since <= day <= holiday.until}

    def _compile(self, year: int, region: str | None, layers: tuple[str, ...]) -> Year:
        days: dict[date, Day] = {}
        if "statute" in layers:
            days |= self._statute(year, suspend=True)
        if "president" in layers:
            for row in self._data.get("president", ()):
                for begin, end in row["spans"]:
                    for day in _span(date.fromisoformat(begin), date.fromisoformat(end)):
                        if day.year == year and not (day in days and days[day].off):
                            days[day] = _off(f"declared non-working by the president ({row['source']})")
        if "region" in layers and region is not None:
            for row in self._data.get("region", ()):
                for day in map(date.fromisoformat, row["dates"]):
                    if row["code"] == region and day.year == year and not (day in days and days[day].off):
                        days[day] = _off(f"{row['name']} ({row['source']})")
        return Year(days, self._doubtful(year, days))

    def _statute(self, year: int, *, suspend: bool) -> dict[date, Day]:
        # The neighbouring years matter at the edges: a day off that moves over New Year, the eve of 1 January.
        holidays = {day: holiday for near in (year - 1, year, year + 1) for day, holiday in self._statutory(near).items()}
        if suspend:
            holidays = {day: holiday for day, holiday in holidays.items() if self._suspended(day) is None}
        transfers = [row for row in self._transfers if not (suspend and (self._suspended(row[0]) or self._suspended(row[1])))]
        days = {day: _off(f"{holiday.name} ({holiday.source})") for day, holiday in sorted(holidays.items())}
        given_away = {given for given, _, _ in transfers}
        for day, holiday in sorted(holidays.items()):
            if holiday.moves and day.weekday() >= 5 and day not in given_away:
                taken = day + _ONE
                while taken.weekday() >= 5 or taken in days:
                    taken += _ONE
                if not suspend or self._suspended(taken) is None:
                    days[taken] = _off(f"day off for {holiday.name}, moved from {day} ({holiday.source})")
        for given, taken, source in transfers:
            days[taken] = _off(f"day off moved from {given} ({source})")
            if given not in holidays:
                days[given] = Day(off=False, stands_for=taken, short=False, why=f"works in place of {taken} ({source})")
        if self._data["short_days"]:
            self._shorten(year, days, holidays)
        return {day: special for day, special in days.items() if day.year == year}

    def _shorten(self, year: int, days: dict[date, Day], holidays: Mapping[date, _Holiday]) -> None:
        """Mark the eves: a working day before a public holiday, or one that stands in for such a day."""
        for day in _span(date(year, 1, 1), date(year, 12, 31)):
            special = days.get(day)
            if special.off if special else day.weekday() >= 5:
                continue
            eve_of = holidays.get(day + _ONE)
            if eve_of is None and special and special.stands_for:
                eve_of = holidays.get(special.stands_for + _ONE)
            if eve_of is not None and self._suspended(day) is None:
                why = f"{special.why}, " if special else ""
                days[day] = Day(False, special.stands_for if special else None, True, f"{why}an hour shorter: eve of {eve_of.name}")

    def _doubtful(self, year: int, days: Mapping[date, Day]) -> frozenset[date] | None:
        if date(year, 12, 31) <= self.known_through:
            return frozenset()
        if self._suspended(date(year, 12, 31)) is None:
            if self.known_through < date(year, 1, 1):
                return None
            return frozenset(_span(self.known_through + _ONE, date(year, 12, 31)))
        # Under a regime that lasts, only the dates on which peace time would differ are in doubt.
        peace = self._statute(year, suspend=False)
        return frozenset(day for day, special in peace.items() if day > self.known_through and special != days.get(day))


@lru_cache(maxsize=8)
def production_calendar(country: str) -> ProductionCalendar:
    """The calendar shipped for a country, read once.

    Raises:
        CalendarError: There is no data for that country.
    """
    if country not in COUNTRIES:
        raise CalendarError(
            f"country {country[:20]!r} has no production calendar: use one of {', '.join(COUNTRIES)},"
            " or null when only weekly, closed and open count"
        )
    with (_DATA / f"{country.lower()}.toml").open("rb") as data:
        return ProductionCalendar(tomllib.load(data))


def orthodox_easter(year: int) -> date:
    """The Sunday of Orthodox Easter as a Gregorian date, for the years 1900 to 2099.

    The full moon is reckoned by the Julian calendar's 19-year cycle, which in these years runs 13 days behind ours.
    """
    moon = (19 * (year % 19) + 15) % 30
    to_sunday = (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 6) % 7
    return date(year, 3, 22) + timedelta(days=moon + to_sunday + 13)


def _off(why: str) -> Day:
    return Day(off=True, stands_for=None, short=False, why=why)


def _span(begin: date, end: date) -> Iterator[date]:
    for shift in range((end - begin).days + 1):
        yield begin + timedelta(days=shift)
