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
