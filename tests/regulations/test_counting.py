"""Counting at the edge of what a calendar covers."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from regulations.calendar_spec import HorizonError
from regulations.counting import count
from regulations.plans import PlanRequest, TermToPlan
from regulations.working_time import working_time
from tests.regulations.handoff.course import CALENDAR, at


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
