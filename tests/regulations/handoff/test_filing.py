"""When the registers get their rows: at once where something outside depends on them, else with the next record of the case."""

from __future__ import annotations

import pytest

from regulations import messages as m
from tests.regulations.course import at
from tests.regulations.handoff.course import CC_PERSON, FILES, QUESTIONNAIRE, Course, sale


def paid(start: str) -> Course:
    course = Course(at(start))
    course.deliver(sale(course.now))
    course.pay()
    course.state.pressing = False
    course.say(m.PaymentReceived)
    return course


@pytest.mark.clause("handoff 2.1.2")
@pytest.mark.parametrize(
    ("start", "pressing"),
    [("2026-11-20 10:00", False), ("2026-12-30 10:00", True)],
    ids=["over a weekend: too short for a decree", "over the New Year: a decree could still move it"],
)
def test_a_short_term_rides_along_and_a_long_one_is_filed_at_once(start: str, pressing: bool) -> None:
    assert paid(start).state.pressing is pressing


def test_a_duty_met_in_time_rides_along_and_an_acceptance_is_filed_at_once() -> None:
    course = paid("2026-11-20 10:00")
    course.grant()
    course.say(m.RequestReceived, subject="x", files=FILES, questionnaire=QUESTIONNAIRE)
    assert course.state.pressing  # ten working days for the training: a decree could move them
    course.state.pressing = False
    course.say(m.FirstContact)
    assert not course.state.pressing
    course.say(m.Accepted, by=CC_PERSON)
    assert course.state.pressing


def test_a_breach_is_filed_at_once() -> None:
    course = paid("2026-11-20 10:00")
    course.go(days=2)
    assert not course.state.pressing
    course.go_to(at("2026-11-23 12:00"))
    assert course.state.pressing
