"""The forms of a term, each a frozen type; `regulations.time.terms` reads them from text, `str()` writes the canonical text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

SpanUnit = Literal["second", "minute", "hour"]
Period = Literal["week", "month"]

SECONDS_IN: dict[str, int] = {"second": 1, "minute": 60, "hour": 3600}


@dataclass(frozen=True, slots=True)
class WorkingSpan:
    """`3 working hours`: an amount of working time, counted forwards, or backwards with `before`."""

    amount: int
    unit: SpanUnit
    before: bool = False

    @property
    def seconds(self) -> int:
        """The amount in seconds of working time."""
        return self.amount * SECONDS_IN[self.unit]

    def __str__(self) -> str:
        return _amount(self.amount, f"working {self.unit}") + _before(self.before)


@dataclass(frozen=True, slots=True)
class PhysicalSpan:
    """`24 hours`: elapsed time, no working time."""

    amount: int
    unit: SpanUnit
    before: bool = False

    @property
    def seconds(self) -> int:
        """The amount in elapsed seconds."""
        return self.amount * SECONDS_IN[self.unit]

    def __str__(self) -> str:
        return _amount(self.amount, self.unit) + _before(self.before)


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """`2 working days`: the close of business of the n-th working day after (or before) the day of the start."""

    days: int
    first_included: bool = False
    before: bool = False

    def __str__(self) -> str:
        return _amount(self.days, "working day") + (", first included" if self.first_included else "") + _before(self.before)


@dataclass(frozen=True, slots=True)
class AtOnce:
    """`at once`: the start itself."""

    def __str__(self) -> str:
        return "at once"


@dataclass(frozen=True, slots=True)
class CloseOfBusiness:
    """`close of business`: of the day of the start, or of the next working day when that is off or over."""

    def __str__(self) -> str:
        return "close of business"


@dataclass(frozen=True, slots=True)
class ClockOfWorkingDay:
    """`12:00 2nd working day`: a local wall-clock time (seconds of the day) on the n-th working day after the day of the start."""

    clock: int
    ordinal: int = 1

    def __str__(self) -> str:
        return f"{clock_text(self.clock)} {'next' if self.ordinal == 1 else _ordinal(self.ordinal)} working day"


@dataclass(frozen=True, slots=True)
class NextDay:
    """`next day`: the close of business of the next calendar day, working or not."""

    def __str__(self) -> str:
        return "next day"


@dataclass(frozen=True, slots=True)
class CalendarDays:
    """`7 calendar days`: the same local time days later; `opening` is the HH:MM of `, from HH:MM` in seconds of the day."""

    days: int
    opening: int | None = None
    rolled: bool = False
    before: bool = False

    def __str__(self) -> str:
        opening = "" if self.opening is None else f", from {clock_text(self.opening)}"
        return _amount(self.days, "calendar day") + opening + _rolled(self.rolled) + _before(self.before)


@dataclass(frozen=True, slots=True)
class CalendarMonths:
    """`6 calendar months`: the same day of a later month, or that month's last day when it has none."""

    months: int
    rolled: bool = False
    before: bool = False

    def __str__(self) -> str:
        return _amount(self.months, "calendar month") + _rolled(self.rolled) + _before(self.before)


@dataclass(frozen=True, slots=True)
class FirstWorkingDayOfMonth:
    """`first working day of month at 10:00`, or its close of business without a clock (seconds of the day)."""

    clock: int | None = None

    def __str__(self) -> str:
        return "first working day of month" + ("" if self.clock is None else f" at {clock_text(self.clock)}")


@dataclass(frozen=True, slots=True)
class LastWorkingDayOfMonth:
    """`last working day of month`: its close of business."""

    def __str__(self) -> str:
        return "last working day of month"


@dataclass(frozen=True, slots=True)
class LastWorkingDayBefore:
    """`last working day before week` (or `month`): close of business of the last working day before the next one begins."""

    period: Period

    def __str__(self) -> str:
        return f"last working day before {self.period}"


@dataclass(frozen=True, slots=True)
class DayOfMonth:
    """`day 15 of month, rolled`: close of business of that day of the month of the start, or of the next when it has passed."""

    day: int
    rolled: bool = False

    def __str__(self) -> str:
        return f"day {self.day} of month{_rolled(self.rolled)}"


@dataclass(frozen=True, slots=True)
class EndOfQuarter:
    """`end of quarter`: 24:00 local of the last day of the calendar quarter."""

    def __str__(self) -> str:
        return "end of quarter"


@dataclass(frozen=True, slots=True)
class Every:
    """`every 1 calendar month`: a new term from each previous due instant."""

    term: Term

    def __str__(self) -> str:
        return f"every {self.term}"


@dataclass(frozen=True, slots=True)
class EarliestOf:
    """`earliest of A; B`: the earlier of two or more terms."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return "earliest of " + "; ".join(map(str, self.terms))


Term: TypeAlias = (
    WorkingSpan
    | PhysicalSpan
    | WorkingDays
    | AtOnce
    | CloseOfBusiness
    | ClockOfWorkingDay
    | NextDay
    | CalendarDays
    | CalendarMonths
    | FirstWorkingDayOfMonth
    | LastWorkingDayOfMonth
    | LastWorkingDayBefore
    | DayOfMonth
    | EndOfQuarter
    | Every
    | EarliestOf
)
"""Every form of the language. Frozen, hashable, comparable; `str()` gives the canonical text."""


def clock_text(seconds: int) -> str:
    """A time of day in the form HH:MM, or HH:MM:SS where it has seconds; 86400 is 24:00."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


def _amount(amount: int, unit: str) -> str:
    return f"{amount} {unit}" if amount == 1 else f"{amount} {unit}s"


def _before(before: bool) -> str:
    return " before" if before else ""


def _rolled(rolled: bool) -> str:
    return ", rolled" if rolled else ""


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
