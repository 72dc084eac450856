"""The table of a calendar's days, and in what two of them differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from regulations.time.calendar_change import covered_years, day_table, difference, hours_of
from regulations.time.working_time import CalendarSpec, WorkingTime, working_time

MOSCOW = CalendarSpec.simple("Europe/Moscow", "RU", "09:00-13:00,14:00-18:00")
DAY = date(2026, 11, 18)


def table(spec: CalendarSpec) -> dict[str, str]:
    return day_table(working_time(spec))


def test_a_table_tells_of_every_day_of_the_covered_years_its_hours_its_offset_and_its_doubt() -> None:
    days = table(MOSCOW)
    assert (min(days), max(days)) == ("2020-01-01", "2028-12-31")
    assert days["2026-11-18"] == "+0300 09:00-13:00 14:00-18:00"
    assert days["2026-11-04"] == "+0300"
    assert days["2028-02-01"] == "+0300 09:00-13:00 14:00-18:00 ?"
    assert hours_of(days["2028-02-01"]) == ("09:00-13:00", "14:00-18:00")
    assert hours_of(days["2028-02-05"]) == ()


def test_a_day_round_the_clock_ends_at_24() -> None:
    spec = replace(MOSCOW, country=None, weekly=(((0, 86_400),),) * 7)
    assert table(spec)["2026-11-18"] == "+0300 00:00-24:00"


def test_the_offset_follows_the_summer_time() -> None:
    days = table(CalendarSpec.simple("Europe/Kyiv", "UA"))
    assert [days[day][:5] for day in ("2024-03-29", "2024-04-01")] == ["+0200", "+0300"]


def test_a_calendar_without_a_country_has_a_decade_and_the_years_of_its_own_dates() -> None:
    spec = CalendarSpec(tz="Europe/Moscow", country=None, closed=(date(2035, 1, 1),), open=((date(2034, 1, 1), ((0, 60),)),))
    years = covered_years(working_time(spec))
    assert (years[0], years[-3:]) == (2020, [2029, 2034, 2035])


def test_equal_calendars_differ_in_no_day_whatever_their_version() -> None:
    assert difference([table(MOSCOW)], table(replace(MOSCOW, closed=(date(2026, 11, 21),)))).changed == ()


def test_a_day_closed_a_day_opened_and_other_hours() -> None:
    closed, opened, other = DAY, date(2026, 11, 21), date(2026, 11, 19)
    changed = replace(MOSCOW, closed=(closed,), open=((other, ((36_000, 50_400),)), (opened, ((32_400, 64_800),))))
    found = difference([table(MOSCOW)], table(changed))
    assert (found.changed, found.closed, found.opened) == ((closed, other, opened), (closed,), (opened,))


def test_a_decree_that_changes_no_hours_changes_the_days_that_were_in_doubt() -> None:
    before = table(MOSCOW)
    sure = {day: words.removesuffix(" ?") for day, words in before.items()}
    found = difference([before], sure)
    assert {day.year for day in found.changed} == {2028}
    assert (found.closed, found.opened) == ((), ())


def test_another_offset_is_a_change_of_a_day_off_too() -> None:
    before = table(MOSCOW)
    moved = {day: words.replace("+0300", "+0400") if day >= "2027-01-01" else words for day, words in before.items()}
    found = difference([before], moved)
    assert (found.changed[0], found.shifted) == (date(2027, 1, 1), found.changed)
    assert difference([before], table(replace(MOSCOW, closed=(DAY,)))).shifted == ()


def test_a_year_that_only_one_table_covers_is_no_change() -> None:
    days = table(MOSCOW)
    assert difference([{day: w for day, w in days.items() if day < "2028"}], days).changed == ()


def test_publications_that_were_never_finished_count_too() -> None:
    """A day that was closed by a publication, given up half-way, must be opened again for the cases that had been told."""
    days, given_up = table(MOSCOW), table(replace(MOSCOW, closed=(DAY,)))
    found = difference([days, given_up], days)
    assert (found.changed, found.opened) == ((DAY,), (DAY,))


def test_the_table_is_that_of_the_compiled_calendar() -> None:
    """Not one day of seven years is told otherwise than the arithmetic sees it."""
    calendar: WorkingTime = working_time(MOSCOW)
    for text, words in day_table(calendar, range(2021, 2028)).items():
        assert (calendar.hours.close_of(date.fromisoformat(text).toordinal()) is None) == (not hours_of(words))
