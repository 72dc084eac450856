"""Instants as the client's clocks show them: the quick way agrees with the calendar's own, also where clocks move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.replacement.export_content import KeptCall
from regulations.replacement.local_times import LISTED, LocalTimes, utc
from regulations.time.calendar_spec import CalendarSpec
from regulations.time.working_time import WorkingTime, working_time
from regulations.time.zones import instant_of

ZONES = ("Europe/Moscow", "Asia/Vladivostok", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York")


def calendar(zone: str) -> WorkingTime:
    return working_time(CalendarSpec.simple(zone, None))


def shown(zone: str, at: datetime) -> tuple[str, str, int]:
    local = calendar(zone).local(at)
    return f"{local:%d.%m.%Y}", f"{local:%H:%M:%S}".removesuffix(":00"), local.toordinal()


def quick(zone: str, at: datetime) -> tuple[str, str, int]:
    times, instant = LocalTimes(calendar(zone)), instant_of(at)
    assert times.text(instant) == f"{times.day_text(times.day(instant))} {times.clock(instant)}"
    return times.day_text(times.day(instant)), times.clock(instant), times.day(instant)


@given(st.sampled_from(ZONES), st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware below
def test_what_is_shown_is_what_the_calendar_shows(zone: str, at: datetime) -> None:
    assert quick(zone, at.replace(tzinfo=UTC)) == shown(zone, at.replace(tzinfo=UTC))


@pytest.mark.parametrize("seconds", [-1, 0, 1, 1_799, 1_800, 1_801, 3_600])
@pytest.mark.parametrize(
    ("zone", "moved"),
    [
        ("Europe/Berlin", "2026-10-25 01:00"),
        ("Australia/Lord_Howe", "2026-10-03 15:30"),  # by half an hour, within an hour of UTC
        ("Australia/Lord_Howe", "2026-04-04 15:00"),
        ("Europe/Moscow", "2014-10-25 22:00"),
    ],
)
def test_where_the_clocks_move(zone: str, moved: str, seconds: int) -> None:
    at = datetime.fromisoformat(moved).replace(tzinfo=UTC)
    times = LocalTimes(calendar(zone))
    for instant in (at + timedelta(seconds=seconds), at - timedelta(minutes=29), at + timedelta(minutes=29)):
        assert times.text(instant_of(instant)) == " ".join(shown(zone, instant)[:2])


@pytest.mark.parametrize("zone", ZONES)
def test_the_ends_of_time_are_shown(zone: str) -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    times = LocalTimes(calendar(zone))
    assert times.text(instant_of(first)).startswith("01.01.") or times.text(instant_of(first)).startswith("31.12.")
    assert times.text(instant_of(last)).startswith("31.12.9999")
    assert (utc(instant_of(first)), utc(instant_of(last))) == (first, last)


def test_many_calls_are_named_shortly() -> None:
    times = LocalTimes(calendar("Europe/Moscow"))
    first = instant_of(datetime(2026, 11, 23, 7, tzinfo=UTC))
    calls = [KeptCall(first + 60_000_000 * n, f"c{n}", "L1", False, "") for n in range(LISTED + 1)]
    assert times.listed(calls[:2]) == "c0 23.11.2026 10:00, c1 23.11.2026 10:01"
    assert times.listed(calls[:LISTED]).count(",") == LISTED - 1
    assert times.listed(calls).endswith("c4 23.11.2026 10:04, …")
    assert times.listed_on(times.day(first), calls[:1]) == "23.11.2026: c0 10:00"
    assert times.listed_on(times.day(first), []) == "23.11.2026: –"
