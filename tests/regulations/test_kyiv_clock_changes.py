"""Terms over the nights in which Kyiv changes its clock: 29 March and 25 October 2026, both of them Sundays.

In March 03:00 (+02:00) is followed by 04:00 (+03:00): there is no 03:30. In October 04:00 (+03:00) is followed by 03:00 (+02:00): there
are two 03:30. The calendar is 09:00-18:00, Monday to Friday, of Ukraine, whose holidays are working days while martial law lasts.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regulations.time.working_time import CalendarSpec, Pause, WorkingTime, working_time

KYIV = working_time(CalendarSpec.simple("Europe/Kyiv", "UA"))
EVERY_DAY = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
ROUND_THE_CLOCK = working_time(CalendarSpec.from_json({"tz": "Europe/Kyiv", "country": "UA", "weekly": EVERY_DAY}))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


DUE = [
    # Hours: the weekend with the change counts nothing; Friday and Monday have offsets of their own.
    ("3 working hours", "2026-03-27T17:00", "2026-03-30T11:00+03:00"),
    ("3 working hours", "2026-10-23T17:00", "2026-10-26T11:00+02:00"),
    ("1 working hours", "2026-03-27T17:59:59", "2026-03-30T09:59:59+03:00"),
    ("1 working hours", "2026-10-23T17:59:59", "2026-10-26T09:59:59+02:00"),
    ("1 working hours", "2026-03-29T02:59:59+02:00", "2026-03-30T10:00+03:00"),
    ("1 working hours", "2026-10-25T03:30+02:00", "2026-10-26T10:00+02:00"),
    ("1 working hours before", "2026-03-30T09:30", "2026-03-27T17:30+02:00"),
    ("1 working hours before", "2026-10-26T09:30", "2026-10-23T17:30+03:00"),
    # Days: the date of the start alone counts, also that of the Sunday, in either of its offsets.
    ("1 working days", "2026-03-26T18:30", "2026-03-27T18:00+02:00"),
    ("1 working days", "2026-03-27T10:00", "2026-03-30T18:00+03:00"),
    ("1 working days", "2026-03-29T02:59:59", "2026-03-30T18:00+03:00"),
    ("1 working days", "2026-03-29T04:00", "2026-03-30T18:00+03:00"),
    ("1 working days", "2026-10-23T10:00", "2026-10-26T18:00+02:00"),
    ("1 working days", "2026-10-25T03:30+03:00", "2026-10-26T18:00+02:00"),
    ("1 working days", "2026-10-25T03:30+02:00", "2026-10-26T18:00+02:00"),
    ("3 working days", "2026-03-26T12:00", "2026-03-31T18:00+03:00"),
    ("3 working days", "2026-10-22T12:00", "2026-10-27T18:00+02:00"),
    # Midnight in Kyiv, not in UTC, parts the days.
    ("1 working days", "2026-03-29T20:59:59+00:00", "2026-03-30T18:00+03:00"),
    ("1 working days", "2026-03-29T21:00:00+00:00", "2026-03-31T18:00+03:00"),
    ("1 working days", "2026-10-25T21:59:59+00:00", "2026-10-26T18:00+02:00"),
    ("1 working days", "2026-10-25T22:00:00+00:00", "2026-10-27T18:00+02:00"),
    # Close of business, and the next day.
    ("close of business", "2026-03-27T10:00", "2026-03-27T18:00+02:00"),
    ("close of business", "2026-03-27T18:00:01", "2026-03-30T18:00+03:00"),
    ("close of business", "2026-03-29T04:00", "2026-03-30T18:00+03:00"),
    ("close of business", "2026-10-23T18:00:01", "2026-10-26T18:00+02:00"),
    ("close of business", "2026-10-25T03:30+03:00", "2026-10-26T18:00+02:00"),
    ("next day", "2026-03-28T12:00", "2026-03-29T18:00+03:00"),
    ("next day", "2026-10-24T12:00", "2026-10-25T18:00+02:00"),
    ("12:00 next working day", "2026-03-27T10:00", "2026-03-30T12:00+03:00"),
    ("12:00 next working day", "2026-10-23T10:00", "2026-10-26T12:00+02:00"),
    # Calendar days keep the local time; one that is not there moves behind the gap, of two the first counts.
    ("7 calendar days", "2026-03-25T10:00", "2026-04-01T10:00+03:00"),
    ("7 calendar days", "2026-10-21T10:00", "2026-10-28T10:00+02:00"),
    ("7 calendar days", "2026-03-22T02:59:59", "2026-03-29T02:59:59+02:00"),
    ("7 calendar days", "2026-03-22T03:00", "2026-03-29T04:00+03:00"),
    ("7 calendar days", "2026-03-22T03:30", "2026-03-29T04:00+03:00"),
    ("7 calendar days", "2026-03-22T04:00", "2026-03-29T04:00+03:00"),
    ("7 calendar days", "2026-10-18T03:30", "2026-10-25T03:30+03:00"),
    ("7 calendar days", "2026-10-18T04:00", "2026-10-25T04:00+02:00"),
    ("30 calendar days", "2026-03-10T15:00", "2026-04-09T15:00+03:00"),
    ("30 calendar days", "2026-10-01T15:00", "2026-10-31T15:00+02:00"),
    ("14 calendar days, rolled", "2026-03-15T15:00", "2026-03-30T18:00+03:00"),
    ("1 calendar months", "2026-09-25T03:30", "2026-10-25T03:30+03:00"),
    # Physical hours are hours.
    ("24 hours", "2026-03-28T12:00", "2026-03-29T13:00+03:00"),
    ("24 hours", "2026-10-24T12:00", "2026-10-25T11:00+02:00"),
    # Days of the month and of the week.
    ("day 29 of month, rolled", "2026-03-10T12:00", "2026-03-30T18:00+03:00"),
    ("day 25 of month, rolled", "2026-10-10T12:00", "2026-10-26T18:00+02:00"),
    ("last working day before week", "2026-03-23T12:00", "2026-03-27T18:00+02:00"),
    ("last working day before week", "2026-10-26T12:00", "2026-10-30T18:00+02:00"),
    ("last working day before month", "2026-03-25T12:00", "2026-03-31T18:00+03:00"),
    ("last working day before month", "2026-10-20T12:00", "2026-10-30T18:00+02:00"),
    # A service round the clock: a night of 23 hours, and one of 25.
    ("earliest of 2 working days; 7 calendar days", "2026-03-27T12:00", "2026-03-31T18:00+03:00"),
]


@pytest.mark.parametrize(("term", "start", "expected"), DUE)
def test_due(term: str, start: str, expected: str) -> None:
    assert KYIV.due(term, at(start)).at.isoformat() == at(expected).isoformat()


@pytest.mark.parametrize(
    ("day", "hours", "last"),
    [("2026-03-28", 24, "+02:00"), ("2026-03-29", 23, "+03:00"), ("2026-10-25", 25, "+02:00"), ("2026-10-26", 24, "+02:00")],
)
def test_a_day_round_the_clock_has_as_many_hours_as_pass(day: str, hours: int, last: str) -> None:
    begins, ends = at(f"{day}T00:00"), at(f"{day}T00:00") + timedelta(days=1)
    assert ROUND_THE_CLOCK.elapsed(begins, ends) == hours * 3600
    assert ROUND_THE_CLOCK.due(f"{hours} working hours", begins).at.isoformat() == f"{ends.isoformat()}{last}"


@pytest.mark.parametrize(("start", "end"), [("2026-03-27T17:00", "2026-03-30T10:00"), ("2026-10-23T17:00", "2026-10-26T10:00")])
def test_what_is_worked_over_the_weekend_is_the_hour_before_and_the_hour_after(start: str, end: str) -> None:
    assert KYIV.elapsed(at(start), at(end)) == 2 * 3600
    pause = Pause(at(start), at(end))
    assert KYIV.due("3 working hours", at(start), [pause]).at == KYIV.local(at(end) + timedelta(hours=3))


@pytest.mark.parametrize(
    ("start", "reminded"), [("2026-03-27T10:00", "2026-03-30T13:45+03:00"), ("2026-10-23T10:00", "2026-10-26T13:45+02:00")]
)
def test_a_reminder_comes_after_three_quarters_of_the_working_time(start: str, reminded: str) -> None:
    due = KYIV.due("1 working days", at(start)).at
    assert KYIV.reminder(KYIV.local(at(start)), due, 0.75) == at(reminded)


TERMS = (
    *("1 working hours", "3 working hours", "90 working minutes", "20 working hours", "1 working days", "3 working days"),
    *("10 working days", "close of business", "12:00 next working day", "3 working days, first included", "last working day before week"),
    *("7 calendar days", "30 calendar days, rolled"),
)
CHANGES = ("2026-03-29", "2026-10-25", "2027-03-28", "2027-10-31")


@given(
    term=st.sampled_from(TERMS),
    change=st.sampled_from(CHANGES),
    before=st.integers(0, 7 * 86_400 - 1).map(lambda seconds: timedelta(seconds=seconds)),
)
@example("1 working hours", "2026-03-29", timedelta(days=1, hours=6, seconds=1))
@example("7 calendar days", "2026-03-29", timedelta(days=6, hours=20, seconds=1))
@example("7 calendar days", "2026-03-29", timedelta(days=6, hours=21))
@example("7 calendar days", "2027-10-31", timedelta(days=6, hours=20, minutes=30))
def test_the_week_of_a_change_is_a_week_like_another_by_the_clock_on_the_wall(term: str, change: str, before: timedelta) -> None:
    """Started in the week before the change or five weeks earlier, a term ends at the same local time of the same day.

    What would end in the hour that is not there ends behind it.
    """
    start = at(change) - before
    there, earlier = (KYIV.due(term, one).at.replace(tzinfo=None) for one in (start, start - timedelta(weeks=5)))
    wanted = earlier + timedelta(weeks=5)
    if change[5:7] == "03" and at(f"{change}T03:00") <= wanted < at(f"{change}T04:00"):
        wanted = at(f"{change}T04:00")
    assert there == wanted


@given(
    change=st.sampled_from(CHANGES),
    before=st.integers(0, 4 * 86_400),
    seconds=st.integers(1, 60 * 3600),
    calendar=st.sampled_from([KYIV, ROUND_THE_CLOCK]),
)
def test_working_time_is_counted_to_the_second(change: str, before: int, seconds: int, calendar: WorkingTime) -> None:
    start = (calendar.local(at(change)).astimezone(UTC) + timedelta(days=1) - timedelta(seconds=before)).astimezone(UTC)
    due = calendar.due(f"{seconds} working seconds", start).at
    assert calendar.elapsed(start, due) == seconds
    assert calendar.elapsed(start, due.astimezone(UTC) - timedelta(seconds=1)) == seconds - 1
    if calendar is ROUND_THE_CLOCK:
        assert due.astimezone(UTC) - start == timedelta(seconds=seconds)
