"""Which papers a manager owes next (onboarding 4.4): the periods, the hour of the drafts, days off, the clock changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.onboarding.effects import DuePaper, PapersAnswer, PapersQuestion
from regulations.onboarding.papers import next_papers
from regulations.time.calendar_spec import CalendarSpec, HorizonError
from regulations.time.working_time import working_time
from tests.regulations.course import KYIV, KYIV_OFFICE, at, local

TERMS = {"4.4.1": "close of business", "4.4.2": "close of business", "4.4.3": "last working day before month"}
DAY = timedelta(days=1)


def asked(
    after: str | datetime, terms: dict[str, str] | None = None, calendar: CalendarSpec = KYIV_OFFICE, **fields: object
) -> PapersAnswer:
    moment = at(after, KYIV) if isinstance(after, str) else after
    question = {"calendar": "company", "after": moment, "terms": TERMS if terms is None else terms, **fields}
    return next_papers(PapersQuestion.model_validate(question), working_time(calendar))


def periods(answer: PapersAnswer) -> dict[str, tuple[str, str, str]]:
    """Each paper → from when it tells, its first and its last day."""
    return {paper.paper: (f"{paper.since:%m-%d}", f"{paper.first:%m-%d}", f"{paper.last:%m-%d}") for paper in answer.papers}


def drafts(answer: PapersAnswer) -> set[str]:
    return {local(paper.draft_at, KYIV) for paper in answer.papers}


@pytest.mark.clause("onboarding 4.4.1")
@pytest.mark.clause("onboarding 4.4.2")
def test_an_ordinary_day_has_its_report_and_the_plan_of_the_next_day() -> None:
    answer = asked("2026-11-17 09:00")
    assert answer.day == date(2026, 11, 17)
    assert periods(answer) == {"day_report": ("11-17", "11-17", "11-17"), "day_plan": ("11-18", "11-18", "11-18")}
    assert drafts(answer) == {"2026-11-17 17:00"}
    assert {local(paper.start, KYIV) for paper in answer.papers} == {"2026-11-17 09:00"}
    assert local(answer.after, KYIV) == "2026-11-17 18:00"


@pytest.mark.clause("onboarding 4.4.2")
def test_the_last_working_day_before_a_week_has_its_plan_and_days_off_belong_to_the_day_after_them() -> None:
    friday, monday = asked("2026-11-20 09:00"), asked("2026-11-21 12:00")
    assert periods(friday) == {
        "day_report": ("11-20", "11-20", "11-20"),
        "day_plan": ("11-21", "11-23", "11-23"),
        "week_plan": ("11-23", "11-23", "11-29"),
    }
    assert monday.day == date(2026, 11, 23)
    assert periods(monday)["day_report"] == ("11-21", "11-23", "11-23")


@pytest.mark.clause("onboarding 4.4.3")
@pytest.mark.parametrize(
    ("day", "month", "week"),
    [
        ("2026-10-30", ("11-01", "11-01", "11-30"), True),  # a Friday: the 31st is a Saturday
        ("2026-11-30", ("12-01", "12-01", "12-31"), False),
        ("2026-12-31", ("01-01", "01-01", "01-31"), False),  # New Year is a working day while martial law lasts
        ("2027-01-29", ("02-01", "02-01", "02-28"), True),
        ("2027-04-30", ("05-01", "05-01", "05-31"), True),
    ],
)
def test_the_last_working_day_before_a_month_has_its_plan(day: str, month: tuple[str, str, str], week: bool) -> None:
    answer = asked(f"{day} 09:00")
    assert f"{answer.day}" == day
    assert periods(answer)["month_plan"] == month
    assert ("week_plan" in periods(answer)) is week
    assert "month_plan" not in periods(asked(at(f"{day} 09:00", KYIV) - 3 * DAY))
    assert "month_plan" not in periods(asked(f"{day} 18:00"))


@pytest.mark.clause("onboarding 4.4")
def test_holidays_are_working_days_while_martial_law_lasts_and_days_off_before_it() -> None:
    assert asked("2026-08-23 12:00").day == date(2026, 8, 24)
    before = asked("2021-08-20 18:00")
    assert before.day == date(2021, 8, 25), "Independence Day is off, and so is the Monday before it, by decree"
    assert periods(before)["day_report"][0] == "08-21"
    assert asked("2021-08-27 18:00").day == date(2021, 8, 28), "the Saturday that is worked instead"
    assert "week_plan" not in periods(asked("2021-08-27 09:00"))
    assert periods(asked("2021-08-28 09:00"))["week_plan"] == ("08-30", "08-30", "09-05")


@pytest.mark.clause("onboarding 4.4")
def test_an_own_closure_at_the_end_of_the_year_moves_week_and_month_to_the_day_before_it() -> None:
    closed = tuple(date(2026, 12, 28) + number * DAY for number in range(10))
    answer = asked("2026-12-25 09:00", calendar=replace(KYIV_OFFICE, closed=closed))
    assert periods(answer) == {
        "day_report": ("12-25", "12-25", "12-25"),
        "day_plan": ("12-26", "01-07", "01-07"),
        "week_plan": ("01-04", "01-04", "01-10"),
        "month_plan": ("01-01", "01-01", "01-31"),
    }


@pytest.mark.clause("onboarding 4.4")
@pytest.mark.parametrize(
    ("after", "utc"),
    [
        ("2026-03-27 09:00", "2026-03-27T15:00+00:00"),
        ("2026-03-28 09:00", "2026-03-30T14:00+00:00"),
        ("2026-10-23 09:00", "2026-10-23T14:00+00:00"),
        ("2026-10-24 09:00", "2026-10-26T15:00+00:00"),
    ],
)
def test_drafts_come_at_five_by_the_clock_on_the_wall_summer_and_winter(after: str, utc: str) -> None:
    answer = asked(after)
    assert {paper.draft_at for paper in answer.papers} == {datetime.fromisoformat(utc)}
    assert answer.after - answer.papers[0].start == timedelta(hours=9)


@pytest.mark.clause("onboarding 4.4")
@pytest.mark.parametrize(("clock", "day"), [("16:59:59", 17), ("17:00:00", 18), ("17:00:01", 18)])
def test_a_day_whose_drafts_are_over_is_not_asked_for_any_more(clock: str, day: int) -> None:
    assert asked(f"2026-11-17 {clock}").day == date(2026, 11, day)


@pytest.mark.clause("onboarding 4.4")
@pytest.mark.parametrize(
    ("term", "draft"),
    [
        ("earliest of close of business; 3 working hours", "2026-11-17 11:00"),
        ("12:00 next working day", "2026-11-17 17:00"),
        ("at once", "2026-11-17 09:00"),
    ],
)
def test_a_draft_comes_a_working_hour_before_its_term_or_the_close_and_never_before_the_day(term: str, draft: str) -> None:
    answer = asked("2026-11-17 08:00", {"4.4.1": term})
    assert drafts(answer) == {draft}
    assert [paper.paper for paper in answer.papers] == ["day_report"], "what has no term is owed by nobody"


@pytest.mark.clause("onboarding 4.4")
def test_papers_of_one_day_that_are_due_at_different_hours() -> None:
    terms = {**TERMS, "4.4.2": "earliest of close of business; 3 working hours"}
    assert {p.paper: local(p.draft_at, KYIV)[-5:] for p in asked("2026-11-17 08:00", terms).papers} == {
        "day_report": "17:00",
        "day_plan": "11:00",
    }
    assert [p.paper for p in asked("2026-11-17 11:00", terms).papers] == ["day_report"]


def test_a_day_shorter_than_an_hour_has_its_drafts_when_it_opens() -> None:
    short = replace(KYIV_OFFICE, open=((date(2026, 11, 17), ((36_000, 37_800),)),))
    assert drafts(asked("2026-11-17 08:00", calendar=short)) == {"2026-11-17 10:00"}


def test_known_days_that_are_no_working_days_any_more_are_named() -> None:
    calendar = replace(KYIV_OFFICE, closed=(date(2026, 11, 17),))
    answer = asked("2026-11-17 08:00", calendar=calendar, known=(date(2026, 11, 16), date(2026, 11, 17)))
    assert (answer.day, answer.off) == (date(2026, 11, 18), (date(2026, 11, 17),))


def test_beyond_the_covered_years_there_is_no_guess() -> None:
    with pytest.raises(HorizonError):
        asked("2030-01-01 12:00")


DAYS = st.integers(0, 120).map(lambda number: date(2026, 9, 1) + number * DAY)


@pytest.mark.clause("onboarding 4.4")
@settings(max_examples=40)
@given(st.sets(DAYS, max_size=25), st.sets(DAYS, max_size=12))
def test_every_day_stands_in_one_report_and_one_day_plan_and_every_worked_week_and_month_in_one_plan(
    closed: set[date], opened: set[date]
) -> None:
    hours = ((32_400, 64_800),)
    calendar = replace(KYIV_OFFICE, closed=tuple(sorted(closed)), open=tuple((day, hours) for day in sorted(opened)))
    papers: dict[str, list[DuePaper]] = {}
    worked: list[date] = []
    after, end = at("2026-08-31 18:00", KYIV), at("2027-01-15 18:00", KYIV)
    while after < end:
        answer = asked(after, calendar=calendar)
        assert answer.after > after
        worked.append(answer.day)
        for paper in answer.papers:
            papers.setdefault(paper.paper, []).append(paper)
            assert paper.start <= paper.draft_at <= answer.after
        after = answer.after
    for name in ("day_report", "day_plan"):
        assert all(later.since == earlier.last + DAY for earlier, later in pairwise(papers[name]))
    assert [paper.first for paper in papers["day_report"]] == worked
    assert [paper.first for paper in papers["day_plan"]][:-1] == worked[1:]
    weeks = sorted({day - day.weekday() * DAY for day in worked[1:]} - {worked[0] - worked[0].weekday() * DAY})
    assert [paper.first for paper in papers["week_plan"]][: len(weeks)] == weeks
    months = sorted({day.replace(day=1) for day in worked[1:]} - {worked[0].replace(day=1)})
    assert [paper.first for paper in papers["month_plan"]][: len(months)] == months
