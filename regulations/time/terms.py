"""The language of terms: what a regulation says about *when*, parsed into one frozen type.

A term is data. The same text is read from the editions, from the command line and from the user interface, so the
parser is strict about meaning (an unknown form is an error that names its neighbours) and lenient about spelling
(singular and plural, letter case, spaces). `str(term)` is the canonical text; parsing it gives the same term.

Nothing here knows a calendar or a clock: `regulations.time.working_time` counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from regulations.time.term_forms import (
    AtOnce,
    CalendarDays,
    CalendarMonths,
    ClockOfWorkingDay,
    CloseOfBusiness,
    DayOfMonth,
    EarliestOf,
    EndOfQuarter,
    Every,
    FirstWorkingDayOfMonth,
    LastWorkingDayBefore,
    LastWorkingDayOfMonth,
    NextDay,
    PhysicalSpan,
    SpanUnit,
    Term,
    WorkingDays,
    WorkingSpan,
    clock_text,
)

__all__ = [
    "FORMS",
    "RECEIPT_ENDS",
    "AtOnce",
    "CalendarDays",
    "CalendarMonths",
    "ClockOfWorkingDay",
    "CloseOfBusiness",
    "DayOfMonth",
    "EarliestOf",
    "EndOfQuarter",
    "Every",
    "FirstWorkingDayOfMonth",
    "LastWorkingDayBefore",
    "LastWorkingDayOfMonth",
    "NextDay",
    "PhysicalSpan",
    "Term",
    "TermError",
    "WorkingDays",
    "WorkingSpan",
    "clock_text",
    "parse_term",
]

RECEIPT_ENDS = 18 * 3600
"""`… calendar days, from HH:MM` takes a start from HH:MM until this local second of the day; later ones move to the next HH:MM."""


class TermError(ValueError):
    """The text is no term. The message says what is wrong and which forms are near it."""


FORMS = (
    "3 working hours",
    "90 working minutes",
    "5400 working seconds",
    "2 working days",
    "3 working days, first included",
    "at once",
    "close of business",
    "12:00 next working day",
    "12:00 2nd working day",
    "24 hours",
    "next day",
    "7 calendar days",
    "7 calendar days, from 09:00",
    "30 calendar days, rolled",
    "6 calendar months",
    "6 calendar months, rolled",
    "first working day of month",
    "first working day of month at 10:00",
    "last working day of month",
    "last working day before week",
    "last working day before month",
    "day 15 of month",
    "day 15 of month, rolled",
    "1 working hour before",
    "every 1 working hour",
    "earliest of A; B",
    "end of quarter",
)
"""One example of each form, as errors show them."""


@lru_cache(maxsize=4096)
def parse_term(text: str) -> Term:
    """Read a term; the same text gives the same object.

    Args:
        text: A form of the language of terms. Letter case and repeated spaces do not matter.

    Raises:
        TermError: The text is no term; the message says why and which forms are near.
    """
    if not isinstance(text, str):
        raise TermError(f"a term is a text such as '3 working hours', not {type(text).__name__}")
    if len(text) > 500:
        raise TermError("the term is longer than 500 characters: write one term, or 'earliest of A; B'")
    return _parse(" ".join(text.lower().split()), text)


_AMOUNT = r"(?P<amount>\d{1,12})"
_CLOCK = r"(?P<clock>\d{1,2}:\d{2})"
_BEFORE = r"(?P<before> before)?"

_SPAN = re.compile(rf"{_AMOUNT} (?P<working>working )?(?P<unit>second|minute|hour)s?{_BEFORE}")
_WORKING_DAYS = re.compile(rf"{_AMOUNT} working days?(?P<first>, first included)?{_BEFORE}")
_CALENDAR_DAYS = re.compile(rf"{_AMOUNT} calendar days?(?:, from {_CLOCK})?(?P<rolled>, rolled)?{_BEFORE}")
_CALENDAR_MONTHS = re.compile(rf"{_AMOUNT} calendar months?(?P<rolled>, rolled)?{_BEFORE}")
_CLOCK_OF_DAY = re.compile(rf"{_CLOCK} (?:next|(?P<ordinal>\d{{1,6}})(?:st|nd|rd|th)) working day")
_FIRST_OF_MONTH = re.compile(rf"first working day of month(?: at {_CLOCK})?")
_LAST_BEFORE = re.compile(r"last working day before (?P<period>week|month)")
_DAY_OF_MONTH = re.compile(r"day (?P<day>\d{1,2}) of month(?P<rolled>, rolled)?")


def _parse(text: str, given: str) -> Term:
    fixed = _FIXED.get(text)
    if fixed is not None:
        return fixed
    if text.startswith("earliest of "):
        return _earliest(text, given)
    if text.startswith("every "):
        return _every(text, given)
    for pattern, build in _READERS:
        found = pattern.fullmatch(text)
        if found is not None:
            return build(found, given)
    raise TermError(f"{given!r} is no term{_why(text)}; forms near it: {_near(text)}")


def _earliest(text: str, given: str) -> Term:
    parts = [part.strip() for part in text.removeprefix("earliest of ").split(";")]
    if len(parts) < 2 or not all(parts):
        raise TermError(f"{given!r} needs at least two terms with a semicolon between them: 'earliest of 3 working days; 24 hours'")
    terms = tuple(_parse(part, given) for part in parts)
    if any(isinstance(term, Every) for term in terms):
        raise TermError(f"{given!r} has 'every' inside 'earliest of': repeat the whole instead, 'every' is not a term of its own there")
    return EarliestOf(terms)


def _every(text: str, given: str) -> Term:
    inner = _parse(text.removeprefix("every "), given)
    if isinstance(inner, Every | EarliestOf | AtOnce) or getattr(inner, "before", False) or getattr(inner, "amount", 1) == 0:
        raise TermError(f"{given!r} would never move on: after 'every' comes one term that leads forwards, such as '1 working hour'")
    return Every(inner)


def _span(found: re.Match[str], given: str) -> Term:
    unit = _UNITS[found["unit"]]
    kind = WorkingSpan if found["working"] else PhysicalSpan
    before = found["before"] is not None
    # A term of nothing has a meaning forwards (the start, or the next opening); backwards it has two.
    return kind(_positive(found["amount"], given) if before else int(found["amount"]), unit, before)


def _working_days(found: re.Match[str], given: str) -> Term:
    first, before = found["first"] is not None, found["before"] is not None
    if first and before:
        raise TermError(
            f"{given!r} joins 'first included' and 'before': count back without the day of the instant, '2 working days before'"
        )
    return WorkingDays(_positive(found["amount"], given), first, before)


def _calendar_days(found: re.Match[str], given: str) -> Term:
    opening = None if found["clock"] is None else _clock(found["clock"], given)
    before = found["before"] is not None
    if opening is not None and opening >= RECEIPT_ENDS:
        raise TermError(f"{given!r}: starts are taken until 18:00, so 'from' must name an earlier time, such as 'from 09:00'")
    if before and (opening is not None or found["rolled"]):
        raise TermError(f"{given!r} joins 'before' with 'from' or 'rolled', which look forwards: write '7 calendar days before'")
    return CalendarDays(_positive(found["amount"], given), opening, found["rolled"] is not None, before)


def _calendar_months(found: re.Match[str], given: str) -> Term:
    before = found["before"] is not None
    if before and found["rolled"]:
        raise TermError(f"{given!r} joins 'before' with 'rolled', which looks forwards: write '1 calendar month before'")
    return CalendarMonths(_positive(found["amount"], given), found["rolled"] is not None, before)


def _clock_of_day(found: re.Match[str], given: str) -> Term:
    return ClockOfWorkingDay(_clock(found["clock"], given), _positive(found["ordinal"] or "1", given))


def _first_of_month(found: re.Match[str], given: str) -> Term:
    return FirstWorkingDayOfMonth(None if found["clock"] is None else _clock(found["clock"], given))


def _last_before(found: re.Match[str], given: str) -> Term:
    return LastWorkingDayBefore("week" if found["period"] == "week" else "month")


def _day_of_month(found: re.Match[str], given: str) -> Term:
    day = int(found["day"])
    if not 1 <= day <= 31:
        raise TermError(f"{given!r}: a month has days 1 to 31; for its end write 'day 31 of month'")
    return DayOfMonth(day, found["rolled"] is not None)


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], Term]], ...] = (
    (_SPAN, _span),
    (_WORKING_DAYS, _working_days),
    (_CLOCK_OF_DAY, _clock_of_day),
    (_CALENDAR_DAYS, _calendar_days),
    (_CALENDAR_MONTHS, _calendar_months),
    (_FIRST_OF_MONTH, _first_of_month),
    (_LAST_BEFORE, _last_before),
    (_DAY_OF_MONTH, _day_of_month),
)
_FIXED: dict[str, Term] = {str(term): term for term in (AtOnce(), CloseOfBusiness(), NextDay(), LastWorkingDayOfMonth(), EndOfQuarter())}
_UNITS: dict[str, SpanUnit] = {"second": "second", "minute": "minute", "hour": "hour"}


def _positive(digits: str, given: str) -> int:
    amount = int(digits)
    if amount == 0:
        raise TermError(f"{given!r} counts nothing: write at least 1, or 'at once', or 'close of business'")
    return amount


def _clock(text: str, given: str) -> int:
    hours, minutes = map(int, text.split(":"))
    if hours > 23 or minutes > 59:
        raise TermError(f"{given!r}: {text} is no time of day; write 00:00 to 23:59")
    return hours * 3600 + minutes * 60


def _why(text: str) -> str:
    """The commonest slips, each with its remedy."""
    if not text:
        return ": it is empty"
    if re.search(r"\d[.,]\d", text):
        return ": amounts are whole, so write '90 working minutes' for an hour and a half"
    if re.search(r"\d{13}", text):
        return ": the amount has more than 12 digits"
    if re.fullmatch(r"[-−]\d.*", text):
        return ": amounts are not negative; backwards is '1 working hour before'"
    if re.fullmatch(r"\d+ (days?|weeks?|months?|years?)\b.*", text):
        return ": it does not say which days; write '2 working days' or '2 calendar days' ('6 calendar months' for months)"
    if re.fullmatch(r"\d+ working (weeks?|months?|years?)\b.*", text):
        return ": units are not converted into each other; write working days or calendar months"
    return ""


def _near(text: str) -> str:
    from difflib import get_close_matches  # only an error needs it, and it is not cheap to import

    near = get_close_matches(text[:60], FORMS, n=3, cutoff=0.4) or ("3 working hours", "2 working days", "12:00 next working day")
    return ", ".join(f"'{form}'" for form in near)
