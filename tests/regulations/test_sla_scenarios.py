"""Scenarios that went wrong in other products, by their number in our list of them (T1 to T52); those that speak of arithmetic.

The calendar is 09:00-18:00, Monday to Friday, Moscow time and the Russian production calendar unless a scenario says otherwise.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from regulations.time.terms import parse_term
from regulations.time.working_time import CalendarError, CalendarSpec, Pause, WorkingTime, working_time

WEEK = ("mon", "tue", "wed", "thu", "fri")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def calendar(tz: str = "Europe/Moscow", country: str | None = "RU", hours: str = "09:00-18:00", **more: Any) -> WorkingTime:
    spec = CalendarSpec.simple(tz, country, hours).to_json()
    return working_time(CalendarSpec.from_json(spec | more))


def every_day(tz: str, *hours: tuple[str, str]) -> WorkingTime:
    week = {day: [list(pair) for pair in hours] for day in (*WEEK, "sat", "sun")}
    return working_time(CalendarSpec.from_json({"tz": tz, "country": None, "weekly": week}))


MOSCOW = calendar()
SHORT = calendar(short_days=True)
ROUND_THE_CLOCK = every_day("Europe/Moscow", ("00:00", "24:00"))

DUE = [
    ("T1 round the clock loses nothing at midnight", ROUND_THE_CLOCK, "24 working hours", "2026-01-14T12:00", "2026-01-15T12:00+03:00"),
    ("T2 seconds before closing", MOSCOW, "3 working hours", "2026-01-12T17:59:30", "2026-01-13T11:59:30+03:00"),
    ("T2 the closing itself is outside", MOSCOW, "3 working hours", "2026-01-12T18:00:00", "2026-01-13T12:00+03:00"),
    ("T3 used up exactly at closing", MOSCOW, "3 working hours", "2026-01-12T15:00", "2026-01-12T18:00+03:00"),
    ("T4 due", calendar(hours="08:00-18:00"), "4 working hours", "2026-01-12T17:00", "2026-01-13T11:00+03:00"),
    ("T4 warning", calendar(hours="08:00-18:00"), "1 working hour before", "2026-01-13T11:00", "2026-01-13T10:00+03:00"),
    ("T5 warning of an early term", MOSCOW, "1 working hour before", "2026-01-13T09:30", "2026-01-12T17:30+03:00"),
    ("T20 over New Year", MOSCOW, "3 working hours", "2025-12-30T17:00", "2026-01-12T11:00+03:00"),
    ("T21 working Saturday", MOSCOW, "3 working hours", "2025-10-31T17:00", "2025-11-01T11:00+03:00"),
    ("T21 working Saturday that is short", SHORT, "9 working hours", "2025-10-31T17:00", "2025-11-01T17:00+03:00"),
    ("T22 short day", SHORT, "1 working hour", "2026-04-30T16:30", "2026-05-04T09:30+03:00"),
    ("T22 the same without short days", MOSCOW, "1 working hour", "2026-04-30T16:30", "2026-04-30T17:30+03:00"),
    (
        "T23 a zone that moves",
        calendar("Asia/Almaty", "KZ"),
        "3 working hours",
        "2024-02-29T17:00",
        "2024-03-01T11:00+05:00",
    ),
    (
        "T24 the second of two equal hours",
        every_day("Europe/Amsterdam", ("00:00", "10:00")),
        "1 working hour",
        "2022-10-30T02:00+02:00",
        "2022-10-30T02:00+01:00",
    ),
    ("T27 no gap at midnight", every_day("Etc/GMT-2", ("00:00", "24:00")), "7 working hours", "2026-03-02T20:00", "2026-03-03T03:00+02:00"),
    (
        "T28 created before opening",
        every_day("Etc/UTC", ("17:00", "22:00")),
        "4 working hours",
        "2026-03-02T16:00",
        "2026-03-02T21:00+00:00",
    ),
    ("T29 seconds of a late start", MOSCOW, "1 working minute", "2026-01-12T19:51:33", "2026-01-13T09:01:00+03:00"),
    ("T31 hours are hours", MOSCOW, "24 working hours", "2026-02-20T17:00", "2026-02-26T14:00+03:00"),
    ("T31 a day is a day", MOSCOW, "1 working day", "2026-02-20T17:00", "2026-02-24T18:00+03:00"),
    ("T49 lunch", calendar(hours="09:00-13:00,14:00-18:00"), "1 working hour", "2026-01-12T12:30", "2026-01-12T14:30+03:00"),
    ("hot lead at closing", calendar("Asia/Vladivostok"), "3 working hours", "2026-01-12T17:30", "2026-01-13T11:30+10:00"),
    ("the same lead in Moscow", MOSCOW, "3 working hours", "2026-01-12T17:30+10:00", "2026-01-12T13:30+03:00"),
]


@pytest.mark.parametrize(("watch", "term", "start", "expected"), [row[1:] for row in DUE], ids=[row[0] for row in DUE])
def test_due(watch: WorkingTime, term: str, start: str, expected: str) -> None:
    due = watch.due(term, at(start)).at
    assert due.isoformat() == at(expected).isoformat()


def test_t6_a_pause_over_the_weekend_is_working_time_only() -> None:
    assert MOSCOW.elapsed(at("2026-01-16T12:00"), at("2026-01-19T12:00")) == 32_400


def test_t7_a_switched_policy_keeps_the_pause() -> None:
    pause = Pause(at("2026-01-13T10:00"), at("2026-01-13T12:00"))
    start = at("2026-01-12T17:00")
    old = MOSCOW.due("4 working hours", start, [pause]).at
    new = MOSCOW.due("6 working hours", start, [pause]).at
    assert (old, new) == (MOSCOW.local(at("2026-01-13T14:00")), MOSCOW.local(at("2026-01-13T16:00")))


def test_t8_closed_without_resuming() -> None:
    closed = at("2026-01-14T16:00")
    used = MOSCOW.elapsed(at("2026-01-12T09:00"), closed, [Pause(at("2026-01-12T11:00"), closed)])
    assert used == 2 * 3600


def test_t9_created_on_a_day_off_and_paused() -> None:
    pause = Pause(at("2026-01-19T09:30"), at("2026-01-19T10:30"))
    assert MOSCOW.due("2 working hours", at("2026-01-17T10:00"), [pause]).at == MOSCOW.local(at("2026-01-19T12:00"))
    assert MOSCOW.elapsed(at("2026-01-17T10:00"), at("2026-01-19T12:00"), [pause]) == 2 * 3600


def test_t10_the_instant_does_not_depend_on_who_looks() -> None:
    centre = calendar("Asia/Vladivostok")
    local = datetime(2026, 1, 12, 10, 0, tzinfo=timezone(timedelta(hours=10)))
    dues = {centre.due("3 working hours", start).at.astimezone(UTC) for start in (local, local.astimezone(UTC), MOSCOW.local(local))}
    assert dues == {datetime(2026, 1, 12, 3, 0, tzinfo=UTC)}


def test_t17_a_breach_at_closing_is_told_at_the_next_opening_of_the_recipient() -> None:
    breach = at("2026-01-16T18:00+03:00")
    assert MOSCOW.next_open(breach) == at("2026-01-19T09:00+03:00")
    assert calendar("Asia/Vladivostok").next_open(breach) == at("2026-01-19T09:00+10:00")


def test_t18_two_pauses() -> None:
    berlin = calendar("Europe/Berlin", None)
    pauses = [Pause(at("2026-06-01T09:30Z"), at("2026-06-01T09:45Z")), Pause(at("2026-06-01T10:00Z"), at("2026-06-01T10:30Z"))]
    assert berlin.due("120 working minutes", at("2026-06-01T09:00Z"), pauses).at == at("2026-06-01T11:45Z")


def test_t19_a_pause_of_two_seconds() -> None:
    pause = Pause(at("2026-01-12T10:00:59"), at("2026-01-12T10:01:01"))
    assert MOSCOW.due("1 working hour", at("2026-01-12T09:30"), [pause]).at == MOSCOW.local(at("2026-01-12T10:30:02"))


def test_t23_a_round_the_clock_span_over_the_move_has_49_hours() -> None:
    almaty = every_day("Asia/Almaty", ("00:00", "24:00"))
    assert almaty.elapsed(at("2024-02-29T00:00"), at("2024-03-02T00:00")) == 49 * 3600


def test_t25_over_the_spring_change_each_date_has_its_own_offset() -> None:
    berlin = calendar("Europe/Berlin", None, "09:00-17:00")
    assert berlin.elapsed(at("2026-03-27T16:00"), at("2026-03-30T10:00")) == 2 * 3600
    due = berlin.due("2 working hours", at("2026-03-27T16:00")).at
    assert due.isoformat() == "2026-03-30T10:00:00+02:00"


def test_t26_the_night_when_the_clock_goes_back_has_25_hours() -> None:
    paris = every_day("Europe/Paris", ("00:00", "24:00"))
    assert paris.elapsed(at("2026-10-25T00:00"), at("2026-10-26T00:00")) == 25 * 3600
    assert paris.due("25 working hours", at("2026-10-25T00:00")).at.isoformat() == "2026-10-26T00:00:00+01:00"


def test_t30_a_window_over_midnight_is_refused_with_the_remedy() -> None:
    with pytest.raises(CalendarError, match=r"weekly\.mon.*write two intervals, 22:00-24:00, and 00:00-06:00 of the next day"):
        every_day("Europe/Moscow", ("22:00", "06:00"))


def test_t30_the_remedy_works() -> None:
    night = every_day("Europe/Moscow", ("00:00", "06:00"), ("22:00", "24:00"))
    assert night.due("2 working hours", at("2026-01-12T23:00")).at == night.local(at("2026-01-13T01:00"))


def test_t32_a_calendar_in_which_no_day_is_open_is_refused_by_name() -> None:
    with pytest.raises(CalendarError, match="calendar 'night desk' has no day that is ever open"):
        CalendarSpec.from_json({"tz": "Europe/Moscow", "country": None, "weekly": {}, "name": "night desk"})


def test_t33_weekdays_have_one_spelling_in_every_language() -> None:
    with pytest.raises(CalendarError, match="unknown day 'пн': use mon, tue"):
        CalendarSpec.from_json({"tz": "Europe/Moscow", "country": "RU", "weekly": {"пн": [["09:00", "18:00"]]}})


def test_t36_one_persons_leave_leaves_the_others_alone() -> None:
    away = calendar(closed=["2026-01-13"])
    assert away.due("1 working day", at("2026-01-12T10:00")).at == away.local(at("2026-01-14T18:00"))
    assert MOSCOW.due("1 working day", at("2026-01-12T10:00")).at == MOSCOW.local(at("2026-01-13T18:00"))


def test_t40_a_pause_on_a_holiday_counts_nothing() -> None:
    pause = [Pause(at("2026-02-23T10:00"), at("2026-02-23T16:00"))]
    start = at("2026-02-20T17:00")
    for term in ("3 working hours", "2 working days", "12:00 next working day", "7 calendar days"):
        assert MOSCOW.due(term, start, pause) == MOSCOW.due(term, start), term


def test_t50_the_trace_adds_up_and_names_the_holiday() -> None:
    trace = MOSCOW.explain("24 working hours", at("2026-02-20T17:00"))
    assert sum(step.amount for step in trace.steps) == trace.total == 24 * 3600
    assert [step.amount for step in trace.steps if step.kind == "counted"] == [3600, 32_400, 32_400, 18_000]
    skipped = {step.day: step.reason for step in trace.steps if step.kind == "skipped"}
    assert skipped.keys() == {date(2026, 2, 21), date(2026, 2, 22), date(2026, 2, 23)}
    assert "Defender of the Fatherland Day" in skipped[date(2026, 2, 23)]


def test_t51_the_same_anchor_gives_the_same_answer() -> None:
    start = at("2026-01-12T17:30")
    fresh = WorkingTime(MOSCOW.spec)
    assert fresh.due(parse_term("24 working hours"), start) == MOSCOW.due("24 working hours", start)
    assert fresh.version == MOSCOW.version


def test_t52_an_edit_moves_only_the_deadlines_that_cross_it() -> None:
    edited = calendar(closed=["2026-03-11"])
    starts = [datetime(2026, 3, day, 10, 0) for day in range(2, 21)]  # noqa: DTZ001 - local to the calendar
    moved = {start.day for start in starts if MOSCOW.due("2 working days", start) != edited.due("2 working days", start)}
    assert moved == {6, 7, 8, 9, 10}  # the second working day after them is, or lies behind, the 11th; 9 March is a day off
    assert MOSCOW.version != edited.version
