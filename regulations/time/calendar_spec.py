"""What a calendar of working time is made of, as data: zone, country, weekly hours, closures, openings.

A `CalendarSpec` is a value: frozen, hashable, comparable. It is read from JSON (the form of the batch line of
`reglament deadline` and of the configuration) and written back in one canonical form. `regulations.time.working_time` compiles it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from regulations.time.terms import clock_text
from regulations.time.zones import TZDATA_VERSION, ZoneError, zone

Hours = tuple[tuple[int, int], ...]
"""The open intervals of a day in seconds since local midnight: sorted, apart or touching, none empty; 86400 is 24:00."""

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAYERS: Final = ("statute", "president", "region")
"""The layers of a production calendar that a spec can ask for."""

DEFAULT_LAYERS: Final = ("statute", "region")
OFFICE_HOURS: Final[Hours] = ((9 * 3600, 18 * 3600),)
OFFICE_WEEK: Final[tuple[Hours, ...]] = (OFFICE_HOURS,) * 5 + ((), ())
"""09:00-18:00, Monday to Friday (rule 1 of the language of terms)."""

_FIELDS = ("tz", "country", "subdivision", "weekly", "closed", "open", "short_days", "layers", "name")
_CLOCK = re.compile(r"(\d{2}):(\d{2})(?::(\d{2}))?")


class CalendarError(ValueError):
    """The calendar cannot be used; the message names the field and the remedy."""


class HorizonError(CalendarError):
    """The answer lies outside the dates that the calendar covers.

    Attributes:
        after: It lies after the last covered year, not before the first.
    """

    def __init__(self, message: str, *, after: bool) -> None:
        super().__init__(message)
        self.after = after


@dataclass(frozen=True)
class CalendarSpec:
    """A calendar of working time.

    Attributes:
        tz: The IANA zone of the owner.
        country: Whose production calendar counts (`RU`, `UA`, `KZ`); None when only weekly, closed and open count.
        subdivision: A region of that country by its ISO 3166-2 code, or None.
        weekly: The hours of Monday to Sunday: seven tuples of intervals in seconds since local midnight.
        closed: Dates on which the company is closed, sorted.
        open: Dates with hours of their own, sorted by date. They replace that date's hours whatever country and `closed` say.
        short_days: Keep the production calendar's shortened days: an hour less at the end of the day.
        layers: Which layers of the production calendar count.
        name: How people call this calendar; errors name it.

    Raises:
        CalendarError: A field is wrong, or no day is ever open (rule 9 of the language of terms).
    """

    tz: str
    country: str | None
    subdivision: str | None = None
    weekly: tuple[Hours, ...] = OFFICE_WEEK
    closed: tuple[date, ...] = ()
    open: tuple[tuple[date, Hours], ...] = ()
    short_days: bool = False
    layers: tuple[str, ...] = DEFAULT_LAYERS
    name: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        try:
            zone(self.tz)
        except ZoneError as error:
            raise CalendarError(f"{self.title}: field 'tz': {error}") from None
        if self.country is None and self.subdivision is not None:
            raise CalendarError(f"{self.title}: field 'subdivision' needs a country: name it in 'country', or use null for both")
        for layer in self.layers:
            if layer not in LAYERS:
                raise CalendarError(f"{self.title}: field 'layers' has {layer[:20]!r}: use any of {', '.join(LAYERS)}")
        if len(self.weekly) != len(WEEKDAYS):
            raise CalendarError(f"{self.title}: field 'weekly' needs seven days, Monday to Sunday")
        if not any(self.weekly) and not any(hours for _, hours in self.open):
            raise CalendarError(f"{self.title} has no day that is ever open: give hours in 'weekly' or dates in 'open'")

    @property
    def title(self) -> str:
        """The name by which errors call this calendar."""
        return f"calendar {self.name!r}" if self.name else f"the calendar of {self.tz[:60]}"

    @cached_property
    def digest(self) -> str:
        """Eight hexadecimal digits of the spec and the edition of the zone data: equal for equal working time rules."""
        import hashlib  # asked for when an answer is stored or explained, not in a batch
        import json

        data = self.to_json()
        del data["name"]
        text = json.dumps([data, TZDATA_VERSION], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @classmethod
    def simple(cls, tz: str, country: str | None, hours: str = "09:00-18:00", name: str = "") -> CalendarSpec:
        """Monday to Friday with the same hours.

        Args:
            tz: The IANA zone.
            country: Whose production calendar counts, or None.
            hours: `09:00-18:00`, or with a break `09:00-13:00,14:00-18:00`.
            name: How people call this calendar.
        """
        title = f"calendar {name!r}" if name else f"the calendar of {tz[:60]}"
        pairs = [part.strip().split("-") for part in hours.split(",")]
        day = _hours(title, "hours", [[edge.strip() for edge in pair] for pair in pairs])
        return cls(tz=tz, country=country, weekly=(day,) * 5 + ((), ()), name=name)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CalendarSpec:
        """Read the JSON form.

        `tz` and `country` must be given, the country may be null. `weekly` names `mon` to `sun`, and a day that it does not name
        is closed; without `weekly` the hours are 09:00-18:00, Monday to Friday. `closed` is a list of dates, `open` maps dates
        to intervals. Times are `HH:MM` (or `HH:MM:SS`), a closing may be `24:00`.

        Raises:
            CalendarError: A field is missing, unknown or wrong; the message names it and says what would be right.
        """
        if not isinstance(data, Mapping):
            raise CalendarError("the calendar is missing: give an object with at least 'tz' and 'country'")
        name = _typed(data, "name", str, "a text", "the calendar", "")
        title = f"calendar {name!r}" if name else "the calendar"
        for key in data:
            if key not in _FIELDS:
                raise CalendarError(f"{title} has an unknown field {str(key)[:30]!r}: use {', '.join(_FIELDS)}")
        for key, example in (("tz", "'Europe/Moscow'"), ("country", "'RU', 'UA', 'KZ', or null when only weekly, closed and open count")):
            if key not in data:
                raise CalendarError(f"{title} has no field {key!r}: give {example}")
        tz = _typed(data, "tz", str, "an IANA zone such as 'Europe/Moscow'", title, "")
        country = _typed(data, "country", str | None, "'RU', 'UA', 'KZ' or null", title, None)
        layers = _typed(data, "layers", list | tuple, f"a list of any of {', '.join(LAYERS)}", title, DEFAULT_LAYERS)
        if not all(isinstance(layer, str) for layer in layers):
            raise CalendarError(f"{title}: field 'layers': give a list of any of {', '.join(LAYERS)}")
        return cls(
            tz=tz,
            country=country,
            subdivision=_typed(data, "subdivision", str | None, "a region such as 'RU-TA', or null", title, None),
            weekly=_weekly(title, data["weekly"]) if "weekly" in data else OFFICE_WEEK,
            closed=_closed(title, data.get("closed", ())),
            open=_open(title, data.get("open", {})),
            short_days=_typed(data, "short_days", bool, "true or false", title, False),
            layers=tuple(layer for layer in LAYERS if layer in layers) if set(layers) <= set(LAYERS) else tuple(layers),
            name=name,
        )

    def to_json(self) -> dict[str, Any]:
        """The canonical JSON form: `from_json` gives an equal spec."""
        return {
            "tz": self.tz,
            "country": self.country,
            "subdivision": self.subdivision,
            "weekly": {name: _pairs(hours) for name, hours in zip(WEEKDAYS, self.weekly, strict=True)},
            "closed": [day.isoformat() for day in self.closed],
            "open": {day.isoformat(): _pairs(hours) for day, hours in self.open},
            "short_days": self.short_days,
            "layers": list(self.layers),
            "name": self.name,
        }


def _typed(data: Mapping[str, Any], key: str, kind: Any, wanted: str, title: str, default: Any) -> Any:
    value = data.get(key, default)
    if not isinstance(value, kind):
        raise CalendarError(f"{title}: field {key!r} is {type(value).__name__}: give {wanted}")
    return value


def _weekly(title: str, data: object) -> tuple[Hours, ...]:
    if not isinstance(data, Mapping):
        raise CalendarError(f'{title}: field \'weekly\': give an object such as {{"mon": [["09:00", "18:00"]]}}')
    for key in data:
        if key not in WEEKDAYS:
            raise CalendarError(f"{title}: field 'weekly' has an unknown day {str(key)[:20]!r}: use {', '.join(WEEKDAYS)}")
    return tuple(_hours(title, f"weekly.{day}", data.get(day, ())) for day in WEEKDAYS)


def _closed(title: str, data: object) -> tuple[date, ...]:
    if isinstance(data, str) or not isinstance(data, Sequence):
        raise CalendarError(f"{title}: field 'closed': give a list of dates such as [\"2026-12-31\"]")
    return tuple(sorted({_date(title, "closed", day) for day in data}))


def _open(title: str, data: object) -> tuple[tuple[date, Hours], ...]:
    if not isinstance(data, Mapping):
        raise CalendarError(f'{title}: field \'open\': give an object such as {{"2026-12-26": [["09:00", "17:00"]]}}')
    return tuple(sorted((_date(title, "open", day), _hours(title, f"open.{day}", hours)) for day, hours in data.items()))


def _date(title: str, where: str, value: object) -> date:
    if type(value) is date:
        return value
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise CalendarError(f"{title}: field {where!r} has {str(value)[:30]!r}: write dates as 2026-12-31") from None


def _hours(title: str, where: str, data: object) -> Hours:
    """Read a list of [open, close] pairs; sorted, and refused where they overlap or run over midnight."""
    if isinstance(data, str) or not isinstance(data, Sequence):
        raise CalendarError(f'{title}: field {where!r}: give a list of intervals such as [["09:00", "18:00"]]')
    hours = []
    for pair in data:
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise CalendarError(f'{title}: field {where!r}: an interval is a pair such as ["09:00", "18:00"]')
        opening, closing = (_clock(title, where, edge) for edge in pair)
        if opening > closing:
            first, second = clock_text(opening), clock_text(closing)
            rest = f", and 00:00-{second} of the next day" if closing else ""
            raise CalendarError(
                f"{title}: field {where!r} has {first}-{second}, which runs over midnight: write two intervals, {first}-24:00{rest}"
            )
        if opening == closing:
            raise CalendarError(
                f"{title}: field {where!r} has an empty interval at {clock_text(opening)}: leave it out, or give 00:00-24:00"
            )
        hours.append((opening, closing))
    hours.sort()
    for before, after in pairwise(hours):
        if before[1] > after[0]:
            raise CalendarError(f"{title}: field {where!r} has intervals that overlap at {clock_text(after[0])}: join them into one")
    return tuple(hours)


def _clock(title: str, where: str, value: object) -> int:
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        hours, minutes, seconds = int(found[1]), int(found[2]), int(found[3] or 0)
        total = hours * 3600 + minutes * 60 + seconds
        if minutes < 60 and seconds < 60 and total <= 86_400:
            return total
    raise CalendarError(f"{title}: field {where!r} has {str(value)[:30]!r}: write times as 09:00, at most 24:00")


def _pairs(hours: Hours) -> list[list[str]]:
    return [[clock_text(opening), clock_text(closing)] for opening, closing in hours]
