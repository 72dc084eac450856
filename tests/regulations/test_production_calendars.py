"""The production calendars against the published tables, and against an independent library."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest

from regulations.time import production_calendars
from regulations.time.calendar_spec import CalendarError, HorizonError
from regulations.time.production_calendars import Day, ProductionCalendar, orthodox_easter, production_calendar

DATA = Path(production_calendars.__file__).parents[1] / "calendars"


def dates(year: int, text: str) -> set[date]:
    """`30.4 8.5` of a year."""
    return {date(year, int(part.split(".")[1]), int(part.split(".")[0])) for part in text.split()}


def year_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=shift) for shift in range((date(year + 1, 1, 1) - first).days)]


def works(special: Mapping[date, Day], day: date) -> bool:
    return not special[day].off if day in special else day.weekday() < 5


# year: moved days off, days off that follow from article 112, working weekends, short days, working days, hours of a 40-hour week
RUSSIA = {
    2020: ("4.5 5.5", "24.2 9.3 11.5", "", "30.4 8.5 11.6 3.11 31.12", 248, 1979),
    2021: ("5.11 31.12 22.2", "3.5 10.5 14.6", "20.2", "20.2 30.4 11.6 3.11", 247, 1972),
    2022: ("3.5 10.5 7.3", "2.5 13.6", "5.3", "22.2 5.3 3.11", 247, 1973),
    2023: ("24.2 8.5", "6.11", "", "22.2 7.3 3.11", 247, 1973),
    2024: ("10.5 31.12 29.4 30.4 30.12", "", "27.4 2.11 28.12", "22.2 7.3 8.5 11.6 2.11", 248, 1979),
    2025: ("2.5 8.5 13.6 3.11 31.12", "", "1.11", "7.3 30.4 11.6 1.11", 247, 1972),
    2026: ("9.1 31.12", "9.3 11.5", "", "30.4 8.5 11.6 3.11", 247, 1972),
    2027: ("22.2 5.11 31.12", "3.5 10.5 14.6", "20.2", "20.2 30.4 11.6 3.11", 247, 1972),
}
ARTICLE_112 = "1.1 2.1 3.1 4.1 5.1 6.1 7.1 8.1 23.2 8.3 1.5 9.5 12.6 4.11"


@pytest.mark.parametrize("year", RUSSIA)
def test_russian_year_is_the_published_one(year: int) -> None:
    moved, by_statute, weekends, short, days, hours = RUSSIA[year]
    special = production_calendar("RU").year(year).days
    assert {day for day in special if special[day].off} == dates(year, f"{ARTICLE_112} {moved} {by_statute}")
    assert {day for day in special if special[day].stands_for} == dates(year, weekends)
    assert {day for day in special if special[day].short} == dates(year, short)
    assert sum(works(special, day) for day in year_of(year)) == days
    assert 8 * days - sum(day.short for day in special.values()) == hours


@pytest.mark.parametrize(
    ("worked", "in_place_of"),
    [("2024-04-27", "2024-04-29"), ("2024-11-02", "2024-04-30"), ("2024-12-28", "2024-12-30"), ("2025-11-01", "2025-11-03")],
)
def test_a_working_weekend_names_the_day_it_stands_for(worked: str, in_place_of: str) -> None:
    day = date.fromisoformat(worked)
    assert production_calendar("RU").year(day.year).days[day].stands_for == date.fromisoformat(in_place_of)


def test_every_special_day_says_why_with_its_source() -> None:
    for country in production_calendars.COUNTRIES:
        calendar = production_calendar(country)
        for year in range(calendar.first_year, calendar.last_year + 1):
            for day, special in calendar.year(year, layers=("statute", "president", "region")).days.items():
                assert special.why, day
                assert special.off != bool(special.stands_for or special.short), day
    assert "PP 24.09.2025 N 1466" in production_calendar("RU").year(2026).days[date(2026, 12, 31)].why


@pytest.mark.parametrize("country", ["RU", "KZ", "UA"])
@pytest.mark.parametrize("year", range(2020, 2028))
def test_days_off_agree_with_the_holidays_library(country: str, year: int) -> None:
    library = holidays.country_holidays(country, years=year)
    special = production_calendar(country).year(year).days
    ours = {day for day in year_of(year) if not works(special, day)}
    theirs = {day for day in year_of(year) if not library.is_working_day(day)}
    assert ours == theirs


def test_ukraine_takes_no_days_off_while_martial_law_lasts() -> None:
    calendar = production_calendar("UA")
    assert calendar.year(2022).days.keys() == dates(2022, "1.1 3.1 6.1 7.1 7.3 8.3 12.3")
    for year in range(2023, 2028):
        assert not calendar.year(year).days


def under_regime(first: date, last: date) -> ProductionCalendar:
    data = tomllib.loads((DATA / "ua.toml").read_text(encoding="utf-8"))
    data["regime"][0] |= {"from": first, "to": last}
    data["known_through"] = date(2027, 12, 31)
    return ProductionCalendar(data)


def test_the_end_of_martial_law_is_data() -> None:
    calendar = under_regime(date(2022, 3, 24), date(2026, 6, 30))
    special = calendar.year(2026).days
    # Statehood Day and Independence Day are in the second half; 25.12 is a Friday, 1.10 a Thursday; 28.6 was still under the regime.
    assert {day for day in special if special[day].off} == dates(2026, "15.7 24.8 1.10 25.12")
    assert {day for day in special if special[day].short} == dates(2026, "14.7 30.9 24.12 31.12")
    peace = calendar.year(2027).days
    library = holidays.country_holidays("UA", years=2027, categories=("workday",))
    assert set(library) <= {day for day in peace if peace[day].off}
    # the weekends among them move their day off: Labour Day and Victory Day (Saturdays), Easter, Trinity, Independence ... by the rule
    moved = {day for day in peace if peace[day].off} - set(library)
    assert moved == dates(2027, "3.5 4.5 10.5 21.6 27.12")


def test_the_edges_of_a_regime() -> None:
    # 15 July 2026 is the first day of peace and a holiday: its eve still belongs to the regime and stays whole
    peace = under_regime(date(2022, 3, 24), date(2026, 7, 14)).year(2026).days
    assert date(2026, 7, 15) in peace
    assert date(2026, 7, 14) not in peace
    # 1 January 2022 was a Saturday: its day off would move into the regime, where nothing moves
    war = under_regime(date(2022, 1, 3), date(2026, 7, 14)).year(2022).days
    assert set(war) == {date(2022, 1, 1)}


def test_kazakhstan_knows_no_short_days_and_moves_neither_christmas_nor_kurban_ait() -> None:
    for year in range(2020, 2028):
        special = production_calendar("KZ").year(year).days
        assert not any(day.short for day in special.values())
    assert works(production_calendar("KZ").year(2023).days, date(2023, 1, 9))  # 7 January 2023 was a Saturday
    assert works(production_calendar("KZ").year(2024).days, date(2024, 6, 17))  # Kurban Ait of 2024 was a Sunday


def test_the_president_layer_counts_only_when_asked_for() -> None:
    calendar = production_calendar("RU")
    off = {day for day in year_of(2020) if not works(calendar.year(2020, None, ("statute", "president")).days, day)}
    plain = {day for day in year_of(2020) if not works(calendar.year(2020).days, day)}
    declared = {day for day in year_of(2020) if date(2020, 3, 30) <= day <= date(2020, 4, 30)} | dates(2020, "6.5 7.5 8.5 24.6 1.7")
    assert off - plain == {day for day in declared if day.weekday() < 5}
    assert plain <= off
    in_2021 = {day for day in year_of(2021) if not works(calendar.year(2021, None, ("statute", "president")).days, day)}
    assert in_2021 - {day for day in year_of(2021) if not works(calendar.year(2021).days, day)} == dates(
        2021, "4.5 5.5 6.5 7.5 1.11 2.11 3.11"
    )


def test_a_region_has_its_own_days_off_in_its_own_layer() -> None:
    calendar = production_calendar("RU")
    assert calendar.year(2026, "RU-TA").days[date(2026, 11, 6)].off
    assert calendar.year(2026, "ta") == calendar.year(2026, "RU-TA")
    assert date(2026, 11, 6) not in calendar.year(2026, "MOW").days
    assert date(2026, 11, 6) not in calendar.year(2026, "RU-TA", ("statute",)).days
    assert production_calendar("UA").year(2021, "UA-30") == production_calendar("UA").year(2021)


def test_an_unknown_region_is_refused_with_the_remedy() -> None:
    with pytest.raises(CalendarError, match=r"'RU-XX' is not in the production calendar RU 2026\.1.*'closed'"):
        production_calendar("RU").year(2026, "RU-XX")


def test_an_unknown_country_is_refused_with_the_remedy() -> None:
    with pytest.raises(CalendarError, match="use one of KZ, RU, UA, or null"):
        production_calendar("DE")


@pytest.mark.parametrize(("country", "last"), [("RU", 2028), ("UA", 2027), ("KZ", 2027)])
def test_beyond_the_provisional_year_there_is_an_error_that_names_the_last(country: str, last: int) -> None:
    calendar = production_calendar(country)
    calendar.year(last)
    with pytest.raises(HorizonError, match=f"covers 2020 to {last}") as caught:
        calendar.year(last + 1)
    assert caught.value.after
    with pytest.raises(HorizonError, match="covers 2020") as caught:
        calendar.year(2019)
    assert not caught.value.after


def test_what_is_in_doubt() -> None:
    assert production_calendar("RU").year(2027).doubtful == frozenset()
    assert production_calendar("RU").year(2028).doubtful is None
    assert production_calendar("KZ").year(2027).doubtful is None
    doubtful = production_calendar("UA").year(2026).doubtful
    # under a lasting regime only what peace would change: holidays, their moved days off, and the eves
    assert doubtful is not None
    assert dates(2026, "8.5 1.6 29.6 15.7 24.8 1.10 25.12") <= doubtful
    assert not doubtful & (dates(2026, "1.5 23.11 24.11") | {day for day in doubtful if day <= date(2026, 5, 3)})


def test_orthodox_easter_is_that_of_the_library() -> None:
    for year in range(1991, 2022):
        library = holidays.country_holidays("UA", years=year, language="uk")
        assert "Великдень" in library.get(orthodox_easter(year), ""), year
