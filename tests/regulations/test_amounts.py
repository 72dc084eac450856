"""Sums, days and months as people read them in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.amounts import grouped, money
from regulations.dates import day_text, local_text, minute_text, month_words, offset_text, weekday_word
from regulations.partner.money import rubles

KYIV = ZoneInfo("Europe/Kyiv")


@pytest.mark.parametrize(
    ("amount", "said"),
    [("0", "0,00"), ("1234.5", "1 234,50"), ("12000.5", "12 000,50"), ("1234567.89", "1 234 567,89"), ("-1000", "-1 000,00")],
)
def test_an_amount_is_written_as_people_write_it(amount: str, said: str) -> None:
    assert grouped(Decimal(amount)).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("currency", "said"), [("RUB", "1 234,50 ₽"), ("UAH", "1 234,50 грн"), ("uah", "1 234,50 грн"), ("KZT", "1 234,50 KZT")]
)
def test_a_sum_has_its_currency_behind_it_and_breaks_nowhere(currency: str, said: str) -> None:
    sum_of = money(Decimal("1234.5"), currency)
    assert sum_of.replace("\u00a0", " ") == said
    assert " " not in sum_of


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_no_digit_of_a_sum_is_lost(amount: Decimal) -> None:
    digits = money(amount, "UAH").removesuffix("\u00a0грн").replace("\u00a0", "").replace(",", ".")
    assert Decimal(digits) == amount
    assert rubles(amount) == money(amount, "RUB")


def test_a_day_and_a_minute_have_two_digits_everywhere() -> None:
    local = datetime(2026, 3, 9, 8, 5, 59, tzinfo=KYIV)
    assert (day_text(date(2026, 3, 9)), day_text(local), minute_text(local)) == ("09.03.2026", "09.03.2026", "09.03.2026 08:05")


@pytest.mark.parametrize(
    ("utc", "said"),
    [
        ("2026-03-29T00:59", "нд 29.03.2026 02:59 (+02:00)"),
        ("2026-03-29T01:00", "нд 29.03.2026 04:00 (+03:00)"),
        ("2026-10-25T00:59", "нд 25.10.2026 03:59 (+03:00)"),
        ("2026-10-25T01:00", "нд 25.10.2026 03:00 (+02:00)"),
    ],
)
def test_an_instant_says_its_offset_so_that_both_hours_of_a_clock_change_are_told_apart(utc: str, said: str) -> None:
    local = datetime.fromisoformat(utc).replace(tzinfo=UTC).astimezone(KYIV)
    assert local_text(local, "uk") == said
    assert said.endswith(offset_text(local))


@pytest.mark.parametrize(
    ("language", "weekdays", "months"),
    [
        (
            "ru",
            ("пн", "вт", "ср", "чт", "пт", "сб", "вс"),
            ("январь 2026", "февраль 2026", "март 2026", "октябрь 2026", "декабрь 2026"),
        ),
        (
            "uk",
            ("пн", "вт", "ср", "чт", "пт", "сб", "нд"),
            ("січень 2026", "лютий 2026", "березень 2026", "жовтень 2026", "грудень 2026"),
        ),
    ],
)
def test_weekdays_and_months_have_words(language: str, weekdays: tuple[str, ...], months: tuple[str, ...]) -> None:
    monday = date(2026, 3, 9)
    assert tuple(weekday_word(language, monday + timedelta(days=n)) for n in range(7)) == weekdays
    assert tuple(month_words(language, f"2026-{n:02d}") for n in (1, 2, 3, 10, 12)) == months
    assert len({month_words(language, f"2026-{n:02d}") for n in range(1, 13)}) == 12
