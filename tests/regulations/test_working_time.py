"""Working time by the rules of the language of terms; each test names its rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from regulations.time.working_time import CalendarError, CalendarSpec, HorizonError, Pause, WorkingTime, working_time

ALL_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOSCOW = working_time(CalendarSpec.simple("Europe/Moscow", "RU"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def own(tz: str = "Europe/Moscow", hours: list[tuple[str, str]] | None = None, **fields: Any) -> WorkingTime:
    """A calendar without a country; with hours, they hold every day of the week."""
    if hours is not None:
        fields["weekly"] = {day: [list(pair) for pair in hours] for day in ALL_DAYS}
    return working_time(CalendarSpec.from_json({"tz": tz, "country": None, **fields}))


def russian(**fields: Any) -> WorkingTime:
    return working_time(CalendarSpec.from_json({"tz": "Europe/Moscow", "country": "RU", **fields}))


# 2026-11-20 is a Friday; 2026-12-31 is a day off by decree, and work begins again on 2027-01-11.
TERMS = [
    ("2 working days", "2026-11-20T10:00", "2026-11-24T18:00"),
    ("2 working days", "2026-11-21T10:00", "2026-11-24T18:00"),
    ("2 working days", "2026-11-20T23:59:59", "2026-11-24T18:00"),
    ("3 working days, first included", "2026-11-20T10:00", "2026-11-24T18:00"),
    ("3 working days, first included", "2026-11-21T10:00", "2026-11-25T18:00"),
    ("1 working day, first included", "2026-11-20T19:00", "2026-11-20T18:00"),
    ("at once", "2026-11-21T03:04:05", "2026-11-21T03:04:05"),
    ("close of business", "2026-11-20T08:00", "2026-11-20T18:00"),
    ("close of business", "2026-11-20T18:00", "2026-11-20T18:00"),
    ("close of business", "2026-11-20T18:00:01", "2026-11-23T18:00"),
    ("close of business", "2026-11-21T10:00", "2026-11-23T18:00"),
    ("12:00 next working day", "2026-11-20T23:00", "2026-11-23T12:00"),
    ("12:00 next working day", "2026-11-21T10:00", "2026-11-23T12:00"),
    ("12:00 2nd working day", "2026-12-29T09:00", "2027-01-11T12:00"),
    ("24 hours", "2026-11-20T10:00", "2026-11-21T10:00"),
    ("24 hours before", "2026-11-20T10:00", "2026-11-19T10:00"),
    ("next day", "2026-11-19T23:00", "2026-11-20T18:00"),
    ("next day", "2026-11-20T10:00", "2026-11-21T18:00"),
    ("7 calendar days", "2026-11-21T03:04:05", "2026-11-28T03:04:05"),
    ("7 calendar days, from 09:00", "2026-11-21T08:59:59", "2026-11-28T09:00"),
    ("7 calendar days, from 09:00", "2026-11-21T09:00", "2026-11-28T09:00"),
    ("7 calendar days, from 09:00", "2026-11-21T17:59:59", "2026-11-28T17:59:59"),
    ("7 calendar days, from 09:00", "2026-11-21T18:00", "2026-11-29T09:00"),
    ("30 calendar days, rolled", "2026-11-21T15:00", "2026-12-21T15:00"),
    ("30 calendar days, rolled", "2026-12-05T15:00", "2027-01-11T18:00"),
    ("2 calendar days before", "2026-11-21T15:00", "2026-11-19T15:00"),
    ("1 calendar month", "2026-01-31T15:00", "2026-02-28T15:00"),
    ("1 calendar month", "2026-12-31T15:00", "2027-01-31T15:00"),
    ("6 calendar months, rolled", "2026-05-21T15:00", "2026-11-23T18:00"),
    ("6 calendar months, rolled", "2026-05-20T15:00", "2026-11-20T15:00"),
    ("1 calendar month before", "2026-03-31T15:00", "2026-02-28T15:00"),
    ("first working day of month at 10:00", "2026-11-02T15:00", "2026-11-02T10:00"),
    ("first working day of month at 10:00", "2026-11-01T15:00", "2026-11-02T10:00"),
    ("first working day of month at 10:00", "2026-11-03T00:00", "2026-12-01T10:00"),
    ("first working day of month", "2026-12-02T00:00", "2027-01-11T18:00"),
    ("last working day of month", "2026-11-30T19:00", "2026-11-30T18:00"),
    ("last working day of month", "2026-12-30T19:00", "2026-12-30T18:00"),
    ("last working day of month", "2026-12-31T10:00", "2027-01-29T18:00"),
    ("last working day before week", "2026-11-17T10:00", "2026-11-20T18:00"),
    ("last working day before week", "2026-11-21T10:00", "2026-11-20T18:00"),
    ("last working day before month", "2026-12-01T10:00", "2026-12-30T18:00"),
    ("day 15 of month, rolled", "2026-11-14T10:00", "2026-11-16T18:00"),
    ("day 15 of month, rolled", "2026-11-15T23:00", "2026-11-16T18:00"),
    ("day 15 of month, rolled", "2026-11-16T10:00", "2026-12-15T18:00"),
    ("day 15 of month", "2026-11-14T10:00", "2026-11-15T18:00"),
    ("day 31 of month, rolled", "2026-11-21T10:00", "2026-11-30T18:00"),
    ("1 working hour before", "2026-11-23T09:00", "2026-11-20T17:00"),
    ("1 working hour before", "2026-11-23T10:00", "2026-11-23T09:00"),
    ("9 working hours before", "2026-11-22T10:00", "2026-11-20T09:00"),
    ("2 working days before", "2026-11-24T10:00", "2026-11-20T18:00"),
    ("every 1 working hour", "2026-11-20T18:00", "2026-11-23T10:00"),
    ("every 1 calendar month", "2026-11-21T10:00", "2026-12-21T10:00"),
    ("every close of business", "2026-11-20T18:00", "2026-11-23T18:00"),
    ("every first working day of month at 10:00", "2026-11-02T10:00", "2026-12-01T10:00"),
    ("every last working day before week", "2026-11-20T18:00", "2026-11-27T18:00"),
    ("earliest of 3 working days; 24 hours", "2026-11-20T10:00", "2026-11-21T10:00"),
    ("earliest of 1 working days; 240 hours", "2026-11-20T10:00", "2026-11-23T18:00"),
    ("end of quarter", "2026-11-21T10:00", "2027-01-01T00:00"),
    ("end of quarter", "2026-10-01T00:00", "2027-01-01T00:00"),
    ("end of quarter", "2026-09-30T23:59:59", "2026-10-01T00:00"),
    ("0 working hours", "2026-11-20T18:00", "2026-11-23T09:00"),
    ("0 working hours", "2026-11-20T12:00", "2026-11-20T12:00"),
]


@pytest.mark.parametrize(("term", "start", "expected"), TERMS, ids=[f"{term} from {start}" for term, start, _ in TERMS])
def test_term(term: str, start: str, expected: str) -> None:
    due = MOSCOW.due(term, at(start))
    assert due.at.replace(tzinfo=None) == at(expected)
    assert due.at.utcoffset() == timedelta(hours=3)
    assert not due.provisional


def test_rule_1_a_break_is_two_intervals() -> None:
    watch = own(weekly={"mon": [["14:00", "18:00"], ["09:00", "13:00"]]})
    assert watch.due("8 working hours", at("2026-11-23T09:00")).at == watch.local(at("2026-11-23T18:00"))
    assert watch.due("4 working hours", at("2026-11-23T09:00")).at == watch.local(at("2026-11-23T13:00"))
    assert watch.due("1 working day", at("2026-11-16T09:00")).at == watch.local(at("2026-11-23T18:00"))


def test_rule_2_a_working_weekend_has_the_hours_of_the_day_it_stands_for() -> None:
    weekly = {"mon": [["10:00", "12:00"]], "tue": [["07:00", "08:00"]], "fri": [["09:00", "18:00"]]}
    watch = russian(weekly=weekly)
    # Saturday 2 November 2024 worked in place of Tuesday 30 April, Saturday 27 April in place of Monday 29 April
    assert watch.elapsed(at("2024-11-02T00:00"), at("2024-11-03T00:00")) == 3600
    assert watch.elapsed(at("2024-04-27T00:00"), at("2024-04-28T00:00")) == 7200


def test_rule_2_short_days_are_kept_by_owners_who_keep_them() -> None:
    eve = (at("2026-11-03T00:00"), at("2026-11-04T00:00"))
    assert russian().elapsed(*eve) == 9 * 3600
    assert russian(short_days=True).elapsed(*eve) == 8 * 3600
    two = {"tue": [["09:00", "17:00"], ["17:30", "18:00"]]}
    watch = russian(short_days=True, weekly=two)
    assert watch.due("close of business", eve[0]).at == watch.local(at("2026-11-03T16:30"))


def test_rule_2_layers_are_chosen() -> None:
    in_april = (at("2020-04-06T00:00"), at("2020-04-07T00:00"))
    assert russian().elapsed(*in_april) == 9 * 3600
    assert russian(layers=["statute", "president"]).elapsed(*in_april) == 0
    republic_day = (at("2026-11-06T00:00"), at("2026-11-07T00:00"))
    assert russian(subdivision="RU-TA").elapsed(*republic_day) == 0
    assert russian(subdivision="RU-TA", layers=["statute"]).elapsed(*republic_day) == 9 * 3600


def test_open_dates_win_over_country_and_closures() -> None:
    watch = russian(closed=["2026-12-30", "2027-01-04"], open={"2027-01-04": [["10:00", "12:00"]], "2026-11-23": []})
    assert watch.elapsed(at("2027-01-04T00:00"), at("2027-01-05T00:00")) == 7200
    assert watch.elapsed(at("2026-12-30T00:00"), at("2026-12-31T00:00")) == 0
    assert watch.elapsed(at("2026-11-23T00:00"), at("2026-11-24T00:00")) == 0


def test_rule_6_a_local_time_that_does_not_exist_moves_to_the_end_of_the_gap() -> None:
    berlin = own("Europe/Berlin")  # 2026-03-29 02:00 to 03:00 is skipped
    assert berlin.local(at("2026-03-29T02:30")).isoformat() == "2026-03-29T03:00:00+02:00"
    assert berlin.due("1 calendar day", at("2026-03-28T02:30")).at.isoformat() == "2026-03-29T03:00:00+02:00"
    assert berlin.due("2 calendar days", at("2026-03-28T02:30")).at.isoformat() == "2026-03-30T02:30:00+02:00"
    inside = own("Europe/Berlin", [("02:15", "02:45")])
    assert inside.due("1 working day", at("2026-03-28T12:00")).at.isoformat() == "2026-03-30T02:45:00+02:00"
    over = own("Europe/Berlin", [("01:00", "02:30")])
    assert over.elapsed(at("2026-03-29T00:00"), at("2026-03-30T00:00")) == 3600


def test_rule_6_of_two_equal_local_times_the_first_counts() -> None:
    berlin = own("Europe/Berlin")  # 2026-10-25 02:00 to 03:00 comes twice
    assert berlin.local(at("2026-10-25T02:30")).isoformat() == "2026-10-25T02:30:00+02:00"
    assert berlin.due("1 calendar day", at("2026-10-24T02:30")).at.isoformat() == "2026-10-25T02:30:00+02:00"
    closing = own("Europe/Berlin", [("01:00", "02:30")])
    assert closing.elapsed(at("2026-10-25T00:00"), at("2026-10-26T00:00")) == 90 * 60
    assert closing.due("90 working minutes", at("2026-10-25T00:00")).at.isoformat() == "2026-10-25T02:30:00+02:00"
    assert own("Europe/Berlin", [("00:00", "24:00")]).elapsed(at("2026-10-25T00:00"), at("2026-10-26T00:00")) == 25 * 3600


def test_rule_6_gaps_and_folds_at_midnight() -> None:
    beirut = own("Asia/Beirut", [("00:00", "24:00")])  # 2026-03-29 begins at 01:00, 2026-10-25 00:00 sets the clock back to 23:00
    assert beirut.elapsed(at("2026-03-29T00:00"), at("2026-03-30T00:00")) == 23 * 3600
    assert beirut.due("close of business", at("2026-03-28T12:00")).at.isoformat() == "2026-03-29T01:00:00+03:00"
    assert beirut.elapsed(at("2026-10-24T00:00"), at("2026-10-25T00:00")) == 25 * 3600
    toronto = own("America/Toronto", [("00:00", "24:00")])  # 1919-03-30 23:30 was followed by 00:30
    assert toronto.elapsed(at("1919-03-30T00:00"), at("1919-03-31T00:00")) == 23 * 3600 + 1800
    assert toronto.local(at("1919-03-31T00:00")).isoformat() == "1919-03-31T00:30:00-04:00"
    apia = own("Pacific/Apia", [("09:00", "18:00")])  # 2011-12-30 never came
    assert apia.due("1 working day", at("2011-12-29T10:00")).at.isoformat() == "2011-12-31T18:00:00+14:00"
    assert apia.elapsed(at("2011-12-29T18:00"), at("2011-12-31T09:00")) == 0
    kwajalein = own("Pacific/Kwajalein", [("00:00", "24:00")])
    assert kwajalein.elapsed(at("1993-08-20T00:00"), at("1993-08-23T00:00")) == 48 * 3600


def test_rule_10_answers_beyond_the_decrees_are_provisional_then_refused() -> None:
    assert not MOSCOW.due("9 working hours", at("2027-12-30T09:00")).provisional
    assert MOSCOW.due("10 working hours", at("2027-12-30T09:00")).provisional
    assert MOSCOW.due("1 working day", at("2027-12-30T09:00")).provisional
    assert MOSCOW.due("12:00 next working day", at("2027-12-30T09:00")).provisional
    assert MOSCOW.due("9 working hours before", at("2028-01-10T12:00")).provisional
    assert not MOSCOW.due("30 calendar days", at("2027-12-30T09:00")).provisional
    assert MOSCOW.due("30 calendar days, rolled", at("2027-12-30T09:00")).provisional
    assert not MOSCOW.due("24 hours", at("2099-12-31T09:00")).provisional
    assert MOSCOW.due("earliest of 10 calendar days; 9 working days", at("2027-12-30T09:00")).provisional
    assert not MOSCOW.due("earliest of 1 calendar day; 9 working days", at("2027-12-30T09:00")).provisional
    assert MOSCOW.worked(at("2027-12-30T09:00"), at("2028-01-20T09:00")).provisional
    assert not MOSCOW.worked(at("2027-12-30T09:00"), at("2028-01-01T00:00")).provisional
    for start in ("2028-12-29T17:00", "2019-12-31T12:00", "2031-01-01T12:00"):
        with pytest.raises(HorizonError, match=r"covers 2020 to 2028 \(by decree through 2027-12-31\)"):
            MOSCOW.due("3 working hours", at(start))
    with pytest.raises(HorizonError, match="covers 2020 to 2028"):
        MOSCOW.elapsed(at("2026-01-01T00:00"), at("2029-06-01T00:00"))


def test_rule_10_the_earliest_of_two_terms_needs_only_the_earlier_to_be_covered() -> None:
    assert MOSCOW.due("earliest of 9999 working days; 24 hours", at("2026-11-20T10:00")).at == MOSCOW.local(at("2026-11-21T10:00"))
    with pytest.raises(HorizonError):
        MOSCOW.due("earliest of 9999 working days; 99999 hours", at("2026-11-20T10:00"))
    with pytest.raises(HorizonError):
        MOSCOW.due("earliest of 1 working day; 24 hours", at("2019-11-20T10:00"))


def test_ukraine_under_a_regime_is_in_doubt_only_where_peace_would_differ() -> None:
    kyiv = working_time(CalendarSpec.simple("Europe/Kyiv", "UA"))
    plain = kyiv.due("3 working hours", at("2026-11-20T17:30"))
    assert (plain.at.isoformat(), plain.provisional) == ("2026-11-23T11:30:00+02:00", False)
    assert kyiv.due("3 working hours", at("2026-08-21T17:30")).provisional  # over Independence Day, Monday 24 August
    assert kyiv.due("3 working hours", at("2026-08-21T17:30")).at.isoformat() == "2026-08-24T11:30:00+03:00"
    assert not kyiv.due("3 working hours", at("2025-08-22T17:30")).provisional
    sunday = working_time(CalendarSpec.from_json({"tz": "Europe/Kyiv", "country": "UA", "weekly": {"sun": [["00:00", "24:00"]]}}))
    eve = sunday.due("24 working hours", at("2026-08-23T00:00"))  # the midnight at its end is not yet the holiday
    assert (eve.at.isoformat(), eve.provisional) == ("2026-08-24T00:00:00+03:00", False)


@pytest.mark.parametrize("year", [1900, 1945, 2099, 2100, 2500, 8999])
def test_without_a_country_any_year_works(year: int) -> None:
    watch = own("Europe/Berlin")
    start = datetime(year, 6, 1, 9, 0, tzinfo=watch.zone)
    monday = start + timedelta(days=-start.weekday() % 7)
    assert watch.due("45 working hours", monday).at.replace(tzinfo=None) == (monday + timedelta(days=4, hours=9)).replace(tzinfo=None)
    assert watch.elapsed(monday, watch.due("9999 working hours", monday).at) == 9999 * 3600
    assert watch.due("9999 working hours before", watch.due("9999 working hours", monday).at).at == monday


def test_a_term_of_thousands_of_years_is_exact_and_cheap() -> None:
    night = [["02:00", "02:30"], ["03:00", "05:00"]]  # hours that meet the changes of the clocks
    for tz, first, last in (("Europe/Berlin", 2090, 2190), ("Asia/Gaza", 2026, 2110), ("America/Toronto", 1750, 1850)):
        watch = own(tz, weekly={"sat": night, "sun": night, "thu": [["00:00", "24:00"]]})
        years = [datetime(year, 3, 1, tzinfo=UTC) for year in range(first, last + 1)]
        assert watch.elapsed(years[0], years[-1]) == sum(watch.elapsed(start, end) for start, end in pairwise(years))
    far = own("Europe/Berlin")
    due = far.due("10000000 working hours", at("2026-11-20T10:00")).at
    assert far.elapsed(at("2026-11-20T10:00"), due) == 36_000_000_000


@pytest.mark.parametrize(
    "term",
    [
        "999999999999 working hours",
        "999999999999 working days",
        "999999999999 hours",
        "999999999999 calendar days",
        "999999999999 calendar months",
        "999999999999 working hours before",
        "999999999999 working days before",
        "999999999999 calendar days before",
        "999999999999 calendar months before",
    ],
)
def test_a_term_that_leaves_the_years_of_the_calendar_is_refused(term: str) -> None:
    for watch in (own("Europe/Moscow"), own("Etc/UTC", open={"2026-12-26": [["09:00", "17:00"]]}, weekly={}), MOSCOW):
        with pytest.raises(HorizonError):
            watch.due(term, at("2026-11-20T10:00"))


def test_the_edges_of_the_years_are_refused_not_crashed() -> None:
    watch = own("Asia/Tokyo")
    for start in ("0001-01-01T00:00", "9999-12-31T23:59", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"):
        for term in ("3 working hours", "1 working day", "24 hours", "next day", "end of quarter", "1 working hour before"):
            try:
                watch.due(term, at(start))
            except HorizonError:
                continue  # either answer is right, any other exception is not


PAUSED = [
    # Friday 20 November 12:00 to Monday 23 November 12:00 touches two working days and 9 working hours
    ("3 working hours", "2026-11-20T11:00", "2026-11-23T14:00"),
    ("1 working hour", "2026-11-20T11:00", "2026-11-20T12:00"),
    ("2 working days", "2026-11-20T11:00", "2026-11-26T18:00"),
    ("12:00 next working day", "2026-11-20T11:00", "2026-11-25T12:00"),
    ("7 calendar days", "2026-11-20T11:00", "2026-12-01T11:00"),
    ("30 calendar days, rolled", "2026-11-20T11:00", "2026-12-23T18:00"),
    ("close of business", "2026-11-20T11:00", "2026-11-24T18:00"),
    ("24 hours", "2026-11-20T11:00", "2026-11-24T11:00"),
    ("1 hour", "2026-11-20T11:00", "2026-11-20T12:00"),
    ("at once", "2026-11-20T13:00", "2026-11-20T13:00"),
    ("1 working hour before", "2026-11-23T14:00", "2026-11-23T13:00"),
    ("0 working hours", "2026-11-20T11:00", "2026-11-20T11:00"),
    ("0 working hours", "2026-11-20T13:00", "2026-11-23T12:00"),
]


@pytest.mark.parametrize(("term", "start", "expected"), PAUSED, ids=[f"{term} from {start}" for term, start, _ in PAUSED])
def test_a_pause_stops_the_clock(term: str, start: str, expected: str) -> None:
    pause = Pause(at("2026-11-20T12:00"), at("2026-11-23T12:00"))
    assert MOSCOW.due(term, at(start), [pause]).at == MOSCOW.local(at(expected))


def test_pauses_that_overlap_or_touch_a_day_twice_count_once() -> None:
    def pause(start: str, end: str) -> Pause:
        return Pause(at(f"2026-11-{start}"), at(f"2026-11-{end}"))

    twice = [pause("23T10:00", "23T11:00"), pause("23T15:00", "23T16:00")]
    assert MOSCOW.due("2 working days", at("2026-11-20T10:00"), twice).at == MOSCOW.local(at("2026-11-25T18:00"))
    overlapping = [pause("23T15:00", "23T16:30"), pause("23T15:30", "23T16:00"), pause("23T09:00", "23T09:00")]
    assert MOSCOW.due("8 working hours", at("2026-11-23T09:00"), overlapping).at == MOSCOW.local(at("2026-11-24T09:30"))
    evening = [pause("23T18:00", "24T09:00")]
    assert MOSCOW.due("2 working days", at("2026-11-20T10:00"), evening) == MOSCOW.due("2 working days", at("2026-11-20T10:00"))
    before = [pause("19T10:00", "20T10:00")]
    assert MOSCOW.due("2 working days", at("2026-11-20T10:00"), before) == MOSCOW.due("2 working days", at("2026-11-20T10:00"))
    after = [pause("24T18:00", "25T18:00")]
    assert MOSCOW.due("2 working days", at("2026-11-20T10:00"), after) == MOSCOW.due("2 working days", at("2026-11-20T10:00"))
    with pytest.raises(CalendarError, match="before its start"):
        MOSCOW.due("2 working days", at("2026-11-20T10:00"), [pause("24T10:00", "23T10:00")])


def test_elapsed_is_zero_when_reversed_and_leaves_pauses_out() -> None:
    assert MOSCOW.elapsed(at("2026-11-23T12:00"), at("2026-11-20T12:00")) == 0
    pause = Pause(at("2026-11-20T17:00"), at("2026-11-23T10:00"))
    assert MOSCOW.elapsed(at("2026-11-20T12:00"), at("2026-11-23T12:00"), [pause]) == 7 * 3600
    assert MOSCOW.elapsed(at("2026-11-20T12:00"), at("2026-11-23T09:30"), [pause]) == 5 * 3600
    assert MOSCOW.elapsed(at("2026-11-20T12:00"), at("2026-11-20T16:00"), [pause]) == 4 * 3600


def test_reminder_counts_working_time() -> None:
    start = at("2026-11-20T17:00")
    due = MOSCOW.due("4 working hours", start).at
    assert MOSCOW.reminder(start, due, 0.75) == MOSCOW.local(at("2026-11-23T11:00"))
    assert MOSCOW.reminder(start, due, 0.25) == MOSCOW.local(at("2026-11-20T18:00"))
    assert MOSCOW.reminder(start, due, 1) == due
    night = at("2026-11-21T10:00")
    assert MOSCOW.reminder(night, MOSCOW.due("24 hours", night).at, 0.75) == MOSCOW.local(night)
    with pytest.raises(ValueError, match="from 0 to 1"):
        MOSCOW.reminder(start, due, 1.5)


def test_next_open() -> None:
    assert MOSCOW.next_open(at("2026-11-20T17:59:59")) == MOSCOW.local(at("2026-11-20T17:59:59"))
    assert MOSCOW.next_open(at("2026-12-30T18:00")) == MOSCOW.local(at("2027-01-11T09:00"))


def test_next_day_on_a_day_off_closes_by_the_weekly_hours_of_the_last_working_day() -> None:
    weekly = {day: [["09:00", "18:00"]] for day in ALL_DAYS[:4]} | {"fri": [["09:00", "16:00"]]}
    watch = russian(weekly=weekly, open={"2026-11-20": [["10:00", "12:00"]]})
    assert watch.due("next day", at("2026-11-20T10:00")).at == watch.local(at("2026-11-21T16:00"))
    assert watch.due("next day", at("2026-11-19T10:00")).at == watch.local(at("2026-11-20T12:00"))
    only_dates = own(weekly={}, open={"2026-11-20": [["10:00", "12:00"]]})
    assert only_dates.due("next day", at("2026-11-24T10:00")).at == only_dates.local(at("2026-11-25T12:00"))
    assert MOSCOW.due("next day", at("2020-01-01T10:00")).at == MOSCOW.local(at("2020-01-02T18:00"))
    with pytest.raises(HorizonError):
        watch.due("next day", at("2020-01-01T10:00"))  # 2019 is not covered, and the closings of the week differ


def test_parts_of_a_second_are_kept() -> None:
    due = MOSCOW.due("3 working hours", at("2026-11-20T17:59:59.250000")).at
    assert due == MOSCOW.local(at("2026-11-23T11:59:59.250000"))
    assert MOSCOW.elapsed(at("2026-11-20T17:59:59.250000"), due) == 3 * 3600
    assert own("Europe/Berlin").local(at("2026-03-29T10:00:00.250000")).isoformat() == "2026-03-29T10:00:00.250000+02:00"
