"""The terms of an onboarding across the days on which Kyiv changes its clock, and on the holidays that are working days now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from regulations.onboarding.case import ITEMS
from regulations.time.calendar_spec import CalendarSpec
from tests.regulations.course import KYIV
from tests.regulations.onboarding.slips import Slip

# The Friday before the change, the Monday after it, the hour of 18:00 there in UTC.
CHANGES = [
    ("2026-03-27", "2026-03-30", 15),
    ("2026-10-23", "2026-10-26", 16),
    ("2027-03-26", "2027-03-29", 15),
    ("2027-10-29", "2027-11-01", 16),
]
BOUNDARY = [(-1, "met"), (0, "met"), (1, "met_late")]
ROUND_THE_CLOCK = CalendarSpec(tz=KYIV, country=None, weekly=(((0, 86_400),),) * 7, name="company")


def in_utc(day: str, hour: int) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)


@pytest.mark.parametrize("item", [pytest.param(item, marks=pytest.mark.clause(f"onboarding {item}")) for item in ITEMS])
@pytest.mark.parametrize(("friday", "monday", "hour"), CHANGES)
def test_a_visa_of_the_friday_is_due_on_the_monday(item: str, friday: str, monday: str, hour: int) -> None:
    slip = Slip(f"{friday} 15:00").begin()
    if item == "2.7":
        slip.visa("2.2")
    due = slip.due(f"{item}/1")
    assert due == in_utc(monday, hour)
    slip.go_to(due).visa(item)
    assert slip.standings()[f"{item}/1"] == "met"


@pytest.mark.clause("onboarding 2.1")
@pytest.mark.parametrize(("friday", "monday", "hour"), CHANGES)
def test_what_was_refused_on_the_friday_is_mended_by_the_monday(friday: str, monday: str, hour: int) -> None:
    slip = Slip(f"{friday} 15:00").begin().refuse("2.1")
    assert slip.due("2.1/mend/1") == in_utc(monday, hour)


@pytest.mark.clause("onboarding 3.1")
@pytest.mark.parametrize(("friday", "monday", "hour"), CHANGES)
@pytest.mark.parametrize(("seconds", "standing"), BOUNDARY)
def test_the_first_contact_across_the_change(friday: str, monday: str, hour: int, seconds: int, standing: str) -> None:
    slip = Slip(f"{friday} 12:00").begin().pay().go(hours=5).visas()
    assert slip.due("3.1/1") == in_utc(monday, hour)
    slip.go_to(slip.due("3.1/1") + timedelta(seconds=seconds)).meet(slip.now)
    assert slip.standings()["3.1/1"] == standing


@pytest.mark.clause("onboarding 3.2")
@pytest.mark.parametrize(("friday", "monday", "hour"), CHANGES)
@pytest.mark.parametrize(("seconds", "standing"), BOUNDARY)
def test_the_installation_across_the_change(friday: str, monday: str, hour: int, seconds: int, standing: str) -> None:
    """Three working days from the Friday: Monday, Tuesday, Wednesday."""
    slip = Slip(f"{friday} 12:00").begin().pay()
    due = in_utc(monday, hour) + timedelta(days=2)
    assert slip.due("3.2/1") == due
    slip.go_to(due + timedelta(seconds=seconds)).install()
    assert slip.standings()["3.2/1"] == standing


@pytest.mark.clause("onboarding 3.2")
@pytest.mark.parametrize(
    ("friday", "term", "hours"),
    [
        ("2026-03-27", "72 hours", 72),
        ("2026-03-27", "3 calendar days", 71),
        ("2026-10-23", "72 hours", 72),
        ("2026-10-23", "3 calendar days", 73),
    ],
)
def test_a_contracts_own_term_of_hours_is_elapsed_time_and_one_of_days_keeps_the_clock(friday: str, term: str, hours: int) -> None:
    slip = Slip(f"{friday} 12:00").begin(installation_term=term).pay()
    assert slip.due("3.2/1") - slip.now == timedelta(hours=hours)


@pytest.mark.clause("onboarding 3.2")
@pytest.mark.parametrize(("saturday", "due"), [("2026-03-28", "2026-03-29 11:00"), ("2026-10-24", "2026-10-25 09:00")])
def test_working_hours_are_elapsed_time_in_the_night_of_the_change_itself(saturday: str, due: str) -> None:
    slip = Slip(f"{saturday} 22:00", calendar=ROUND_THE_CLOCK).begin(installation_term="12 working hours").pay()
    assert slip.due_at("3.2/1") == due


@pytest.mark.clause("onboarding 3.2")
@pytest.mark.parametrize(
    ("start", "agreed"),
    [
        ("2026-03-27 12:00", "2026-03-29T02:59:59+02:00"),
        ("2026-03-27 12:00", "2026-03-29T04:00:00+03:00"),
        ("2026-10-23 12:00", "2026-10-25T03:30:00+03:00"),  # the first of two
        ("2026-10-23 12:00", "2026-10-25T03:30:00+02:00"),  # the second
    ],
)
@pytest.mark.parametrize(("seconds", "standing"), BOUNDARY)
def test_an_agreed_time_is_an_instant_also_in_the_hour_that_is_there_twice(start: str, agreed: str, seconds: int, standing: str) -> None:
    moment = datetime.fromisoformat(agreed).astimezone(UTC)
    slip = Slip(start).begin().pay().meet(moment)
    assert slip.due("3.2/1") == moment
    slip.go_to(moment + timedelta(seconds=seconds)).install()
    assert slip.standings()["3.2/1"] == standing


@pytest.mark.clause("onboarding 3.3")
@pytest.mark.parametrize(("friday", "monday", "hour"), CHANGES)
@pytest.mark.parametrize(("seconds", "standing"), BOUNDARY)
def test_the_report_across_the_change(friday: str, monday: str, hour: int, seconds: int, standing: str) -> None:
    slip = Slip(f"{friday} 12:00").begin().pay().install()
    assert slip.due("3.3/1") == in_utc(monday, hour)
    slip.go_to(slip.due("3.3/1") + timedelta(seconds=seconds)).report()
    assert slip.standings()["3.3/1"] == standing


@pytest.mark.clause("onboarding 2.1")
@pytest.mark.clause("onboarding 3.1")
@pytest.mark.parametrize(("eve", "holiday"), [("2026-08-21", "2026-08-24"), ("2026-07-14", "2026-07-15"), ("2026-04-30", "2026-05-01")])
def test_a_holiday_is_a_working_day_while_martial_law_lasts(eve: str, holiday: str) -> None:
    slip = Slip(f"{eve} 10:00").begin().pay().visas()
    assert (slip.due_at("2.1/1"), slip.due_at("3.1/1")) == (f"{holiday} 18:00", f"{holiday} 18:00")
