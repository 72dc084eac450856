"""The language of terms: every form, its canonical text, and what errors say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.time import terms
from regulations.time.terms import (
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
    Term,
    TermError,
    WorkingDays,
    WorkingSpan,
    parse_term,
)

FORMS: list[tuple[str, Term, str]] = [
    ("3 working hours", WorkingSpan(3, "hour"), "3 working hours"),
    ("1 working hours", WorkingSpan(1, "hour"), "1 working hour"),
    ("1 working hour", WorkingSpan(1, "hour"), "1 working hour"),
    ("90 working minutes", WorkingSpan(90, "minute"), "90 working minutes"),
    ("5400 working seconds", WorkingSpan(5400, "second"), "5400 working seconds"),
    ("0 working hours", WorkingSpan(0, "hour"), "0 working hours"),
    ("2 working days", WorkingDays(2), "2 working days"),
    ("1 working day", WorkingDays(1), "1 working day"),
    ("3 working days, first included", WorkingDays(3, first_included=True), "3 working days, first included"),
    ("at once", AtOnce(), "at once"),
    ("close of business", CloseOfBusiness(), "close of business"),
    ("12:00 next working day", ClockOfWorkingDay(43200), "12:00 next working day"),
    ("12:00 1st working day", ClockOfWorkingDay(43200, 1), "12:00 next working day"),
    ("12:00 2nd working day", ClockOfWorkingDay(43200, 2), "12:00 2nd working day"),
    ("9:30 3rd working day", ClockOfWorkingDay(34200, 3), "09:30 3rd working day"),
    ("00:00 11th working day", ClockOfWorkingDay(0, 11), "00:00 11th working day"),
    ("23:59 21st working day", ClockOfWorkingDay(86340, 21), "23:59 21st working day"),
    ("24 hours", PhysicalSpan(24, "hour"), "24 hours"),
    ("24 hours before", PhysicalSpan(24, "hour", before=True), "24 hours before"),
    ("next day", NextDay(), "next day"),
    ("7 calendar days", CalendarDays(7), "7 calendar days"),
    ("7 calendar days, from 09:00", CalendarDays(7, opening=32400), "7 calendar days, from 09:00"),
    ("7 calendar days, from 9:00, rolled", CalendarDays(7, opening=32400, rolled=True), "7 calendar days, from 09:00, rolled"),
    ("30 calendar days, rolled", CalendarDays(30, rolled=True), "30 calendar days, rolled"),
    ("2 calendar days before", CalendarDays(2, before=True), "2 calendar days before"),
    ("1 calendar month", CalendarMonths(1), "1 calendar month"),
    ("6 calendar months, rolled", CalendarMonths(6, rolled=True), "6 calendar months, rolled"),
    ("first working day of month at 10:00", FirstWorkingDayOfMonth(36000), "first working day of month at 10:00"),
    ("first working day of month", FirstWorkingDayOfMonth(), "first working day of month"),
    ("last working day of month", LastWorkingDayOfMonth(), "last working day of month"),
    ("last working day before week", LastWorkingDayBefore("week"), "last working day before week"),
    ("last working day before month", LastWorkingDayBefore("month"), "last working day before month"),
    ("day 15 of month", DayOfMonth(15), "day 15 of month"),
    ("day 15 of month, rolled", DayOfMonth(15, rolled=True), "day 15 of month, rolled"),
    ("1 working hours before", WorkingSpan(1, "hour", before=True), "1 working hour before"),
    ("2 working days before", WorkingDays(2, before=True), "2 working days before"),
    ("every 1 working hours", Every(WorkingSpan(1, "hour")), "every 1 working hour"),
    ("every 1 calendar months", Every(CalendarMonths(1)), "every 1 calendar month"),
    ("every first working day of month at 10:00", Every(FirstWorkingDayOfMonth(36000)), "every first working day of month at 10:00"),
    (
        "earliest of 3 working days; 24 hours",
        EarliestOf((WorkingDays(3), PhysicalSpan(24, "hour"))),
        "earliest of 3 working days; 24 hours",
    ),
    ("end of quarter", EndOfQuarter(), "end of quarter"),
    ("  3   Working HOURS ", WorkingSpan(3, "hour"), "3 working hours"),
]


@pytest.mark.parametrize(("text", "term", "canonical"), FORMS, ids=[text for text, _, _ in FORMS])
def test_form(text: str, term: Term, canonical: str) -> None:
    assert parse_term(text) == term
    assert str(term) == canonical
    assert parse_term(canonical) == term


WRONG = [
    ("", "empty"),
    ("3 working ours", "'3 working hours'"),
    ("1.5 working hours", "90 working minutes"),
    ("1,5 working hours", "90 working minutes"),
    ("-1 working hours", "1 working hour before"),
    ("3 days", "2 working days' or '2 calendar days"),
    ("1 month", "6 calendar months"),
    ("2 working weeks", "units are not converted"),
    ("1234567890123 working hours", "more than 12 digits"),
    ("0 working days", "counts nothing"),
    ("0 calendar months", "counts nothing"),
    ("0 working hours before", "counts nothing"),
    ("12:00 0th working day", "counts nothing"),
    ("25:00 next working day", "25:00 is no time of day"),
    ("12:60 next working day", "12:60 is no time of day"),
    ("7 calendar days, from 18:00", "taken until 18:00"),
    ("7 calendar days, from 09:00 before", "look forwards"),
    ("7 calendar days, rolled before", "look forwards"),
    ("1 calendar month, rolled before", "looks forwards"),
    ("2 working days, first included before", "count back without"),
    ("day 32 of month", "days 1 to 31"),
    ("day 0 of month", "days 1 to 31"),
    ("earliest of 3 working days", "at least two terms"),
    ("earliest of 3 working days;", "at least two terms"),
    ("earliest of 3 working days; every 1 working hour", "'every' inside"),
    ("every at once", "never move on"),
    ("every every 1 working hour", "never move on"),
    ("every 0 working hours", "never move on"),
    ("every 1 working hour before", "never move on"),
    ("first working days of month", "first working day of month"),
    ("x" * 501, "longer than 500"),
]


@pytest.mark.parametrize(("text", "part"), WRONG, ids=[text[:30] or "empty" for text, _ in WRONG])
def test_wrong_text_says_what_would_be_right(text: str, part: str) -> None:
    with pytest.raises(TermError) as caught:
        parse_term(text)
    assert part in str(caught.value)


def test_anything_but_a_text_is_refused() -> None:
    number: Any = 3
    with pytest.raises(TermError, match="not int"):
        parse_term(number)


@given(st.text(max_size=40))
def test_any_text_is_a_term_or_a_term_error(text: str) -> None:
    try:
        term = parse_term(text)
    except TermError:
        return  # any other exception fails the test
    assert parse_term(str(term)) == term


@pytest.mark.parametrize("form", terms.FORMS)
def test_the_examples_of_errors_are_terms(form: str) -> None:
    if form != "earliest of A; B":
        assert str(parse_term(form)) == form
