"""Working time against an oracle that knows no tables: it walks minute by minute, on calendars and zones drawn at random.

The oracle shares nothing with the product but the spec: days off of Russia come from an independent library, and the instant
of a local time is found by looking for the first minute at which the clocks of the zone show that time or a later one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.time.terms import parse_term
from regulations.time.working_time import CalendarSpec, HorizonError, Pause, WorkingTime, working_time

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

# Zones with changes by an hour and by half an hour, at night and at midnight, on both hemispheres, and one that changed for good.
ZONES = ["Europe/Moscow", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "America/Havana", "Asia/Almaty"]
# Around a change of the clocks of one of them, or of the year.
ANCHORS = [
    date(2024, 3, 1),
    date(2024, 3, 29),
    date(2024, 10, 26),
    date(2024, 11, 3),
    date(2025, 3, 8),
    date(2024, 12, 27),
    date(2024, 4, 6),
]


@cache
def first_minute(key: str, shown: datetime) -> datetime:
    """The first quarter of an hour at which the clocks show a local time or a later one (all times drawn here are whole quarters)."""
    tz = ZoneInfo(key)
    instant = (shown - timedelta(hours=16)).replace(tzinfo=UTC)
    while instant.astimezone(tz).replace(tzinfo=None) < shown:
        instant += 15 * MINUTE
    return instant


LIBRARY = holidays.country_holidays("RU", years=range(2023, 2027))


def hours_of(spec: CalendarSpec, day: date) -> list[tuple[int, int]]:
    """The hours of a day by the rules, without short days."""
    for own, hours in spec.open:
        if own == day:
            return list(hours)
    if day in spec.closed:
        return []
    if spec.country == "RU":
        if not LIBRARY.is_working_day(day):  # plain weekends too: the specs drawn for Russia have no weekly hours on them
            return []
        stands_for = {date(2024, 4, 27): 0, date(2024, 11, 2): 1, date(2024, 12, 28): 0}.get(day)
        return list(spec.weekly[day.weekday() if stands_for is None else stands_for])
    return list(spec.weekly[day.weekday()])


def local(day: date, seconds: int) -> datetime:
    return datetime.combine(day, datetime.min.time()) + timedelta(seconds=seconds)


def intervals(spec: CalendarSpec, first: date, days: int) -> Iterator[tuple[date, datetime, datetime]]:
    for shift in range(days):
        day = first + shift * DAY
        for opening, closing in hours_of(spec, day):
            begin, end = first_minute(spec.tz, local(day, opening)), first_minute(spec.tz, local(day, closing))
            if begin < end:
                yield day, begin, end


def open_minutes(spec: CalendarSpec, first: date, days: int) -> list[datetime]:
    """Every minute of working time, by its beginning."""
    found = []
    for _, begin, end in intervals(spec, first, days):
        minute = begin
        while minute < end:
            found.append(minute)
            minute += MINUTE
    return found


@st.composite
def specs(draw: st.DrawFn) -> CalendarSpec:
    anchor = draw(st.sampled_from(ANCHORS))
    marks = st.integers(0, 96).map(lambda quarter: quarter * 900)
    pairs = (
        st.lists(marks, min_size=2, max_size=6, unique=True)
        .map(sorted)
        .map(lambda edges: tuple(zip(edges[::2], edges[1::2], strict=False)))
    )
    near = st.integers(-3, 12).map(lambda shift: anchor + shift * DAY)
    russia = draw(st.booleans())
    week = tuple(draw(pairs) if day < 5 or not russia else () for day in range(7))
    return CalendarSpec(
        tz=draw(st.sampled_from(ZONES)),
        country="RU" if russia else None,
        weekly=week,
        closed=tuple(sorted(draw(st.sets(near, max_size=4)))),
        open=tuple(sorted(draw(st.dictionaries(near, pairs | st.just(()), max_size=3)).items())),
        name=anchor.isoformat(),
    )


def utc(watch: WorkingTime, text: str, start: datetime, pauses: Sequence[Pause] = ()) -> datetime:
    """The due instant in UTC: Python never finds a time of a doubled hour equal to one of another zone (PEP 495)."""
    return watch.due(text, start, pauses).at.astimezone(UTC)


def start_of(spec: CalendarSpec, minutes: int) -> datetime:
    anchor = date.fromisoformat(spec.name)
    return datetime.combine(anchor, datetime.min.time(), tzinfo=UTC) + minutes * MINUTE


MINUTES = st.integers(-1440, 6 * 1440)


@settings(max_examples=150)
@given(specs(), MINUTES, st.integers(1, 2400), st.lists(st.tuples(MINUTES, st.integers(0, 3000)), max_size=3))
def test_due_and_elapsed_agree_with_a_walk_over_the_minutes(
    spec: CalendarSpec, start_minute: int, need: int, stretches: list[tuple[int, int]]
) -> None:
    watch = WorkingTime(spec)
    start = start_of(spec, start_minute)
    pauses = [Pause(start_of(spec, begin), start_of(spec, begin + length)) for begin, length in stretches]
    first = start.date() - 2 * DAY
    worked = [
        minute
        for minute in open_minutes(spec, first, 60)
        if minute >= start and not any(pause.start <= minute < pause.end for pause in pauses)
    ]
    if len(worked) >= need:
        expected = worked[need - 1] + MINUTE
        assert utc(watch, f"{need} working minutes", start, pauses) == expected
        until = expected + timedelta(minutes=need % 7)
        assert watch.elapsed(start, until, pauses) == 60 * sum(minute < until for minute in worked)
    if worked and not pauses:
        assert watch.next_open(start).astimezone(UTC) == worked[0]


@settings(max_examples=100)
@given(specs(), MINUTES, st.integers(1, 1500))
def test_backwards_agrees_with_a_walk_over_the_minutes(spec: CalendarSpec, start_minute: int, need: int) -> None:
    start = start_of(spec, start_minute)
    worked = [minute for minute in open_minutes(spec, start.date() - 40 * DAY, 45) if minute < start]
    if len(worked) >= need:
        assert utc(WorkingTime(spec), f"{need} working minutes before", start) == worked[-need]


@settings(max_examples=100)
@given(specs(), MINUTES, st.integers(1, 8))
def test_working_days_agree_with_a_walk_over_the_days(spec: CalendarSpec, start_minute: int, count: int) -> None:
    watch = WorkingTime(spec)
    start = start_of(spec, start_minute)
    today = watch.local(start).date()
    closings: dict[date, datetime] = {}
    for day, _, end in intervals(spec, today - 10 * DAY, 70):
        closings[day] = end
    later = sorted(day for day in closings if day > today)
    if len(later) >= count:
        assert utc(watch, f"{count} working days", start) == closings[later[count - 1]]
        noon = utc(watch, f"12:00 {count}th working day", start)
        assert noon == first_minute(spec.tz, local(later[count - 1], 43_200))
        included = utc(watch, f"{count} working days, first included", start)
        days = [today, *later] if today in closings else later
        assert included == closings[days[count - 1]]
        due = closings[today] if today in closings and start <= closings[today] else closings[later[0]]
        assert utc(watch, "close of business", start) == due


@settings(max_examples=100)
@given(specs(), MINUTES, st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 200_000))
def test_laws_of_working_time(spec: CalendarSpec, start_minute: int, first: int, second: int, later: int) -> None:
    watch = WorkingTime(spec)
    start = start_of(spec, start_minute)
    try:
        due = utc(watch, f"{first} working minutes", start)
        longer = utc(watch, f"{first + second} working minutes", start)
        moved = utc(watch, f"{first} working minutes", start + timedelta(seconds=later))
    except HorizonError:
        return  # the hours drawn are too few for the covered years
    assert watch.elapsed(start, due) == first * 60  # there and back
    assert due <= longer or (first == 0 and second > 0)  # monotone in the term; no time at all waits for the next opening
    assert due <= moved  # monotone in the start
    if first and second:  # a term split in two, begun anew at the first due instant
        assert utc(watch, f"{second} working minutes", due) == longer
    if first:
        assert watch.elapsed(utc(watch, f"{first} working minutes before", due), due) == first * 60


@settings(max_examples=150)
@given(specs(), MINUTES, st.integers(1, 3000), st.lists(st.tuples(st.integers(0, 500_000), st.integers(0, 90_000)), max_size=4))
def test_with_pauses_the_time_used_is_the_term(spec: CalendarSpec, start_minute: int, need: int, stretches: list[tuple[int, int]]) -> None:
    watch = WorkingTime(spec)
    start = start_of(spec, start_minute)
    pauses = [Pause(start + timedelta(seconds=begin), start + timedelta(seconds=begin + length)) for begin, length in stretches]
    try:
        due = utc(watch, f"{need} working minutes", start, pauses)
    except HorizonError:
        return
    assert watch.elapsed(start, due, pauses) == need * 60
    assert watch.elapsed(start, due - timedelta(seconds=1), pauses) == need * 60 - 1
    assert utc(watch, f"{need} working minutes", start, pauses[::-1]) == due
    hours = utc(watch, f"{need} minutes", start, pauses)
    stopped = {second for begin, length in stretches for second in range(begin, begin + length)}
    elapsed = int((hours - start).total_seconds())
    assert elapsed == need * 60 + sum(second < elapsed for second in stopped)


TERMS = [
    "20 working hours",
    "400 working minutes before",
    "3 working days",
    "3 working days, first included",
    "2 working days before",
    "12:00 2nd working day",
    "40 hours",
    "next day",
    "9 calendar days, from 09:00",
    "9 calendar days, rolled",
    "1 calendar month, rolled",
    "first working day of month",
    "last working day of month",
    "last working day before week",
    "day 15 of month, rolled",
    "close of business",
    "at once",
    "end of quarter",
    "every 2 working days",
    "earliest of 2 working days; 30 hours",
]


@settings(max_examples=150)
@given(specs(), MINUTES, st.sampled_from(TERMS), st.lists(st.tuples(st.integers(-5000, 500_000), st.integers(0, 90_000)), max_size=2))
def test_the_trace_of_any_term_adds_up_and_ends_at_the_due_instant(
    spec: CalendarSpec, start_minute: int, text: str, stretches: list[tuple[int, int]]
) -> None:
    watch = working_time(spec)
    start = start_of(spec, start_minute)
    pauses = [Pause(start + timedelta(seconds=begin), start + timedelta(seconds=begin + length)) for begin, length in stretches]
    try:
        due = watch.due(text, start, pauses)
    except HorizonError:
        return
    trace = watch.explain(text, start, pauses)  # refuses to show a sum that is not the term
    assert (trace.due, trace.provisional, trace.term) == (due.at, due.provisional, str(parse_term(text)))
    assert trace.lines()[-1].startswith(f"due {due.at:%a} {due.at.isoformat(sep=' ')}")
    assert trace.to_json()["total"] == trace.total == sum(step["amount"] for step in trace.to_json()["steps"])
    assert all(step.reason for step in trace.steps)
    days = [step.day for step in trace.steps if step.kind in ("counted", "skipped")]
    assert days == sorted(days)
