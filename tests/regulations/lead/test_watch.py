"""When a centre's digest and its hourly watch are due, and which quarter an instant belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.control_time import calendar_named, control_name
from regulations.lead.watch import (
    URGENT_LISTED,
    centre_of,
    digest_day,
    digest_key,
    most_urgent,
    quarter,
    watch_hour,
    watch_key,
)
from regulations.time.working_time import WorkingTime, working_time

ZONES = ("Europe/Kaliningrad", "Asia/Vladivostok")


def calendar(zone: str) -> WorkingTime:
    return working_time(calendar_named(control_name(zone), {}))


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def instants(first: datetime, days: int) -> st.SearchStrategy[datetime]:
    """Whole seconds from an instant on."""
    return st.integers(0, days * 86_400).map(lambda seconds: first + timedelta(seconds=seconds))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-11-21 08:59:59", None),
        ("2026-11-21 09:00:00", date(2026, 11, 21)),
        ("2026-11-21 23:59:59", date(2026, 11, 21)),
        ("2026-11-22 00:00:00", None),
    ],
)
def test_a_digest_is_due_from_nine_to_midnight_of_every_day(zone: str, at: str, day: date | None) -> None:
    assert digest_day(calendar(zone), local(zone, at)) == day


@pytest.mark.clause("lead 5.2.1")
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("at", "hour"),
    [
        ("2026-11-23 08:59:59", None),
        ("2026-11-23 09:00:00", "2026-11-23T09"),
        ("2026-11-23 09:59:59", "2026-11-23T09"),
        ("2026-11-23 18:00:00", "2026-11-23T18"),
        ("2026-11-23 18:09:59", "2026-11-23T18"),
        ("2026-11-23 18:10:00", None),
        ("2026-11-22 12:00:00", None),
        ("2024-04-27 12:00:00", "2024-04-27T12"),  # a working Saturday
        ("2026-12-31 12:00:00", None),
    ],
)
def test_a_watch_is_due_every_hour_of_control_on_working_days(zone: str, at: str, hour: str | None) -> None:
    assert watch_hour(calendar(zone), local(zone, at)) == hour


def test_where_the_calendar_ends_a_watch_is_held() -> None:
    assert watch_hour(calendar(ZONES[0]), local(ZONES[0], "2035-01-01 12:00")) == "2035-01-01T12"


@given(at=instants(datetime(2020, 1, 2, tzinfo=UTC), days=3_280), zone=st.sampled_from(ZONES))
def test_every_instant_lies_in_the_quarter_that_the_language_of_terms_ends(at: datetime, zone: str) -> None:
    first, after = quarter(calendar(zone), at)
    assert first <= at < after
    assert calendar(zone).due("end of quarter", at).at.astimezone(UTC) == after
    assert quarter(calendar(zone), after)[0] == after
    assert quarter(calendar(zone), first - timedelta(seconds=1))[1] == first


def test_the_key_of_a_letter_names_the_centre_and_its_day_or_hour() -> None:
    assert digest_key(date(2026, 11, 23), "vlad-1") == "centre-digest#2026-11-23#vlad-1"
    assert watch_key("2026-11-23T09", "vlad-1") == "hot-watch#2026-11-23T09#vlad-1"
    assert centre_of(watch_key("2026-11-23T09", "vlad-1")) == "vlad-1"


@dataclass(frozen=True)
class Lead:
    address: str
    due: datetime | None
    client_name: str = "c"
    product: str = "p"
    type: str = "renewal"
    temperature: str = "warm"
    due_text: str = ""
    planned_on: date | None = None
    link: str | None = None


@given(st.lists(st.none() | instants(datetime(2026, 1, 1, tzinfo=UTC), days=365), max_size=80))
def test_the_most_urgent_are_due_soonest_and_those_without_a_term_come_last(dues: list[datetime | None]) -> None:
    leads = [Lead(f"lead/{n:03}", due) for n, due in enumerate(dues)]
    chosen = most_urgent(leads)
    assert len(chosen) == min(len(leads), URGENT_LISTED)
    known = [lead.due for lead in chosen if lead.due is not None]
    assert known == sorted(due for due in dues if due is not None)[: len(known)]
    assert [lead.due for lead in chosen] == known + [None] * (len(chosen) - len(known))
