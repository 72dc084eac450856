"""How attempts are counted that must lie apart, and which working days are the three of 3.4."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import combinations, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.replacement.attempts import spaced, three_days
from regulations.time.calendar_spec import HorizonError
from tests.regulations.replacement.exports import KALININGRAD, MOSCOW, VLADIVOSTOK, at, hours

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def after(*seconds: int) -> list[datetime]:
    return [NOON + timedelta(seconds=each) for each in seconds]


@pytest.mark.clause("replacement 3.4")
@pytest.mark.parametrize(
    ("seconds", "count"),
    [
        ([], 0),
        ([0], 1),
        ([0, 0], 1),
        ([0, 3_599], 1),
        ([0, 3_600], 2),
        ([0, 3_601], 2),
        ([0, 1_800, 3_600], 2),  # the one between does no harm
        ([0, 3_599, 7_199], 2),
        ([0, 3_600, 7_199, 7_200], 3),
    ],
)
def test_calls_count_that_lie_at_least_the_gap_apart(seconds: list[int], count: int) -> None:
    assert spaced(after(*seconds), 60) == spaced(after(*reversed(seconds)), 60) == count


@given(st.lists(st.integers(0, 20), max_size=9), st.integers(0, 8))
def test_no_choice_of_calls_is_larger(minutes: list[int], gap: int) -> None:
    chosen = [
        some
        for size in range(len(minutes) + 1)
        for some in combinations(sorted(minutes), size)
        if all(later - earlier >= gap for earlier, later in pairwise(some))
    ]
    assert spaced([NOON + timedelta(minutes=each) for each in minutes], gap) == max(map(len, chosen))


def test_calls_are_compared_as_instants_whatever_their_zones() -> None:
    """Berlin, the clocks go back: two calls that show the same hour lie an hour apart."""
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    assert spaced([first, first.replace(fold=1)], 60) == 2
    assert spaced([NOON, NOON.astimezone(berlin) + timedelta(minutes=30)], 60) == 1


@pytest.mark.clause("replacement 3.4")
@pytest.mark.parametrize("zone", [MOSCOW, VLADIVOSTOK, KALININGRAD])
@pytest.mark.parametrize(
    ("appeared", "assumptions"),
    [
        ("2026-11-23 00:00:00", [(23, 24, 25), (24, 25, 26)]),
        ("2026-11-23 23:59:59", [(23, 24, 25), (24, 25, 26)]),
        ("2026-11-26 10:00:00", [(26, 27, 30), (27, 30, 31)]),
        ("2026-11-27 18:00:00", [(27, 30, 31), (30, 31, 32)]),
        ("2026-11-28 10:00:00", [(30, 31, 32)]),  # a Saturday
        ("2026-11-29 23:59:59", [(30, 31, 32)]),
        ("2026-11-03 12:00:00", [(3, 5, 6), (5, 6, 9)]),  # the 4th is a holiday
        ("2026-11-04 12:00:00", [(5, 6, 9)]),
    ],
)
def test_day_one_is_the_working_day_of_the_appearance_or_the_next(appeared: str, assumptions: list[tuple[int, ...]], zone: str) -> None:
    first = date(2026, 11, 1)
    expected = [tuple(first + timedelta(days=day - 1) for day in days) for days in assumptions]
    assert list(three_days(hours(zone), at(appeared, zone))) == expected


@pytest.mark.clause("replacement 3.4")
def test_over_the_new_year() -> None:
    """31 December 2026 to 10 January 2027 are days off."""
    assert list(three_days(hours(), at("2026-12-30 12:00"))) == [
        (date(2026, 12, 30), date(2027, 1, 11), date(2027, 1, 12)),
        (date(2027, 1, 11), date(2027, 1, 12), date(2027, 1, 13)),
    ]


@given(st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: at("2025-01-09 00:00") + timedelta(minutes=minutes)))
def test_the_days_are_consecutive_working_days(appeared: datetime) -> None:
    found = list(three_days(hours(), appeared))
    local = hours().local(appeared).date()
    is_open = {day: hours().hours.close_of(day.toordinal()) is not None for days in found for day in days}
    assert all(is_open.values())
    assert all(local <= days[0] for days in found)
    for earlier, later in (pair for days in found for pair in pairwise(days)):
        between = [earlier + timedelta(days=n) for n in range(1, (later - earlier).days)]
        assert all(hours().hours.close_of(day.toordinal()) is None for day in between)
    assert (len(found) == 2) == (hours().hours.close_of(local.toordinal()) is not None)


def test_outside_the_calendar_is_said() -> None:
    with pytest.raises(HorizonError):
        list(three_days(hours(), datetime(2150, 1, 1, tzinfo=UTC)))
