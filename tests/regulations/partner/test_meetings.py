"""When a manager's next meeting is (partner 8.1): weekday, hour and weeks of its own schedule over the company's calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.partner.effects import MeetingQuestion
from regulations.partner.meeting_messages import WEEKDAYS
from regulations.partner.meetings import next_meeting
from regulations.time.calendar_spec import CalendarSpec
from regulations.time.working_time import working_time

MOSCOW = CalendarSpec.simple("Europe/Moscow", "RU", "10:00-19:00")
BERLIN = CalendarSpec.simple("Europe/Berlin", None, "09:00-18:00")
SECOND = timedelta(seconds=1)


def instant(text: str, zone: str = "Europe/Moscow") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def question(**fields: object) -> MeetingQuestion:
    given = {"weekday": "mon", "at": "12:00", "every_weeks": 1, "first": None, "since": instant("2026-11-19 12:00"), "calendar": "company"}
    return MeetingQuestion.model_validate({"after": given["since"], **given, **fields})


def found(calendar: CalendarSpec = MOSCOW, **fields: object) -> str | None:
    """The next meeting as its wall clock shows it."""
    answer = next_meeting(question(**fields), working_time(calendar))
    if answer is None:
        return None
    local = answer.at.astimezone(ZoneInfo(calendar.tz))
    assert local.date() == answer.day
    return f"{local:%Y-%m-%d %H:%M}"


def after(text: str, **fields: object) -> str | None:
    return found(MOSCOW, after=instant(text), **fields)


@pytest.mark.clause("partner 8.1")
def test_the_next_meeting_is_the_first_one_after_an_instant() -> None:
    assert after("2026-11-19 12:00") == "2026-11-23 12:00"
    assert after("2026-11-23 11:59:59") == "2026-11-23 12:00"
    assert after("2026-11-23 12:00") == "2026-11-30 12:00"
    assert after("2026-11-30 12:00") == "2026-12-07 12:00"


@pytest.mark.clause("partner 8.1")
def test_a_day_off_has_no_meeting_and_it_moves_to_no_other_day() -> None:
    """The first Mondays of 2027 lie in the New Year's holidays; 22 February is a day off in 2027."""
    assert after("2026-12-28 12:00") == "2027-01-11 12:00"
    assert after("2027-02-15 12:00") == "2027-03-01 12:00"
    closed = replace(MOSCOW, closed=(date(2026, 11, 23),))
    assert found(closed) == "2026-11-30 12:00"


@pytest.mark.clause("partner 8.1")
def test_every_other_week_counts_from_the_first_such_day_after_the_schedule_was_set() -> None:
    days = [after(f"2026-{day} 12:00", every_weeks=2) for day in ("11-19", "11-23", "12-07")]
    assert days == ["2026-11-23 12:00", "2026-12-07 12:00", "2026-12-21 12:00"]
    assert after("2026-12-21 12:00", every_weeks=2) == "2027-01-18 12:00", "that of the 4th is a day off; the weeks count on"
    on_monday = {"since": instant("2026-11-23 12:00"), "every_weeks": 2}
    assert after("2026-11-23 12:00", **on_monday) == "2026-11-30 12:00", "its hour had come when the schedule was set"
    earlier = {"since": instant("2026-11-23 12:00") - SECOND, "every_weeks": 2}
    assert after("2026-11-23 12:00", **earlier) == "2026-12-07 12:00"


@pytest.mark.clause("partner 8.1")
@pytest.mark.parametrize("first", [date(2026, 11, 16), date(2026, 11, 30), date(2025, 12, 29)])
def test_with_a_first_day_the_weeks_count_from_it(first: date) -> None:
    assert after("2026-11-19 12:00", every_weeks=2, first=first) == "2026-11-30 12:00"


@pytest.mark.clause("partner 8.1")
def test_a_first_day_ahead_is_waited_for() -> None:
    assert after("2026-11-19 12:00", first=date(2027, 3, 1)) == "2027-03-01 12:00"


@pytest.mark.clause("partner 8.1")
def test_a_schedule_whose_weekday_is_a_day_off_has_no_meeting() -> None:
    assert found(weekday="sun") is None
    assert found(weekday="sat") == "2027-02-20 12:00", "a Saturday that a decree has made a working day"


@pytest.mark.clause("partner 8.1")
def test_the_hour_is_that_of_the_wall_clock_in_summer_and_in_winter() -> None:
    spring = [
        next_meeting(question(since=since, after=since), working_time(BERLIN))
        for since in (instant("2026-03-20 12:00", "Europe/Berlin"), instant("2026-03-28 12:00", "Europe/Berlin"))
    ]
    winter, summer = (answer.at if answer is not None else None for answer in spring)
    assert winter == instant("2026-03-23 12:00", "Europe/Berlin")
    assert summer == instant("2026-03-30 12:00", "Europe/Berlin")
    assert winter is not None
    assert summer is not None
    assert summer - winter == timedelta(days=7, hours=-1)


@pytest.mark.clause("partner 8.1")
@given(
    since=st.integers(0, 500 * 24 * 60),
    ahead=st.integers(0, 200 * 24 * 60),
    weekday=st.sampled_from(WEEKDAYS[:5]),
    hour=st.sampled_from(["00:00", "02:30", "09:00", "12:00", "23:59"]),
    weeks=st.integers(1, 12),
    zone=st.sampled_from([MOSCOW, BERLIN]),
)
def test_meetings_are_of_their_weekday_and_hour_whole_periods_apart_and_none_is_left_out(
    since: int, ahead: int, weekday: str, hour: str, weeks: int, zone: CalendarSpec
) -> None:
    calendar = working_time(zone)
    begun = instant("2026-01-01 00:00") + timedelta(minutes=since)
    asked = question(weekday=weekday, at=hour, every_weeks=weeks, since=begun, after=begun + timedelta(minutes=ahead))
    answer = next_meeting(asked, calendar)
    following = next_meeting(asked.model_copy(update={"after": answer.at}), calendar) if answer is not None else None
    assert answer is not None
    assert following is not None
    assert WEEKDAYS[answer.day.weekday()] == weekday
    assert answer.at > asked.after
    assert calendar.hours.close_of(answer.day.toordinal()) is not None
    assert calendar.local(answer.at).strftime("%H:%M") == hour or (hour == "02:30" and zone is BERLIN)
    apart = (following.day - answer.day).days
    assert apart % (7 * weeks) == 0
    between = [answer.day + timedelta(days=days) for days in range(7 * weeks, apart, 7 * weeks)]
    assert all(calendar.hours.close_of(day.toordinal()) is None for day in between), "only days off are left out"
