"""Counting at the edge of what a calendar covers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from regulations.counting import count
from regulations.plans import PlanRequest, Span, TermToPlan
from regulations.time.calendar_spec import HorizonError
from regulations.time.working_time import working_time
from tests.regulations.course import at
from tests.regulations.handoff.course import CALENDAR


def request(term: str, start: datetime) -> PlanRequest:
    return PlanRequest(calendar="company", warn_fraction=0.75, terms=(TermToPlan(key="k", term=term, start=start),))


def test_the_last_closing_of_a_calendar_can_be_told_of_at_once() -> None:
    calendar = working_time(CALENDAR)
    planned = count(calendar, request("close of business", at("2028-12-29 10:00"))).terms[0]
    assert planned.due == at("2028-12-29 18:00")
    assert planned.tell_at == planned.due
    assert planned.provisional


def test_a_term_beyond_the_calendar_is_refused_by_the_last_covered_year() -> None:
    with pytest.raises(HorizonError, match="2028"):
        count(working_time(CALENDAR), request("2 working days", at("2028-12-29 10:00")))


def test_no_terms_give_an_empty_answer() -> None:
    answer = count(working_time(CALENDAR), PlanRequest(calendar="company", warn_fraction=0.75, terms=()))
    assert answer.terms == ()
    assert answer.offset == timedelta(hours=3)


@pytest.mark.parametrize(
    ("term", "start", "at_once"),
    [
        ("8 working hours", "2026-11-16 10:00", False),
        ("24 hours", "2026-11-20 12:00", False),  # due on Saturday: Friday's afternoon is left
        ("24 hours", "2026-11-20 17:58", True),  # its spread may carry the reminder past Friday's closing
        ("10 hours", "2026-11-21 10:00", True),  # a day off from end to end
        ("24 hours", "2026-11-19 12:00", False),
    ],
)
def test_a_reminder_waits_for_no_working_time_when_none_is_left(term: str, start: str, at_once: bool) -> None:
    [planned] = count(working_time(CALENDAR), request(term, at(start))).terms
    assert planned.warn_at is not None
    assert planned.warn_at_once is at_once


@pytest.mark.clause("lead 7.2.2")
@pytest.mark.clause("lead 7.2.3")
@pytest.mark.parametrize(
    "term", ["7 calendar days, from 09:00", "30 calendar days, from 09:00", "30 calendar days", "1 calendar month", "end of quarter"]
)
def test_a_term_of_calendar_days_depends_on_no_day_of_the_calendar(term: str) -> None:
    start = at("2026-11-16 10:00")
    [planned] = count(working_time(CALENDAR), request(term, start)).terms
    everything = tuple(date(2026, 11, 1) + timedelta(days=n) for n in range(90))
    [closed] = count(working_time(replace(CALENDAR, closed=everything)), request(term, start)).terms
    assert planned.by_zone_alone
    assert (closed.due, closed.due_text) == (planned.due, planned.due_text)


@pytest.mark.parametrize("term", ["30 calendar days, rolled", "3 working hours", "2 working days", "next day", "at once"])
def test_every_other_term_depends_on_the_days_that_it_spans(term: str) -> None:
    [planned] = count(working_time(CALENDAR), request(term, at("2026-11-16 10:00"))).terms
    assert not planned.by_zone_alone


def test_a_pause_is_counted_in_working_days_whatever_the_term() -> None:
    start = at("2026-11-16 10:00")
    paused = TermToPlan(key="k", term="7 calendar days", start=start, pauses=(Span(start=start, end=at("2026-11-18 10:00")),))
    [planned] = count(working_time(CALENDAR), PlanRequest(calendar="company", warn_fraction=0.75, terms=(paused,))).terms
    assert (planned.by_zone_alone, planned.span_from) == (False, date(2026, 11, 16))
