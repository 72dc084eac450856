"""How a lead ends, by its type; every other transition is refused by name, and what has ended takes nothing more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulations.lead.messages import (
    Completed,
    ContactMade,
    Declined,
    InvoiceLinked,
    StageNoted,
    TakenIntoWork,
    WaiveOfLead,
    WithdrawOfLead,
)
from regulations.lead.state import ENDS, TRANSITIONS, Status
from tests.regulations.lead.course import CALL, SUPPORT_PERSON, on_monday

TICK = timedelta(microseconds=1)
FIVE = timedelta(minutes=5)


TYPES = ("connection", "renewal", "upsell", "service", "activation")
ALLOWED: dict[tuple[Any, str], set[str]] = {
    (Declined, "new"): {"connection", "renewal", "upsell"},
    (Declined, "in_progress"): {"connection", "renewal", "upsell"},
    (Completed, "new"): {"activation"},
    (Completed, "in_progress"): {"service", "activation"},
    (InvoiceLinked, "new"): set(),
    (InvoiceLinked, "in_progress"): {"connection", "renewal", "upsell"},
}
"""3.5.3, 3.5.4, 4.1.1 to 4.1.5: which types each message closes."""
FIELDS: dict[Any, dict[str, Any]] = {
    Declined: {"reason": "не нужно"},
    Completed: {"comment": "настроили доступ"},
    InvoiceLinked: {"invoice": "inv-1"},
}
TARGETS: dict[Any, str] = {Declined: "declined", Completed: "completed", InvoiceLinked: "completed"}


@pytest.mark.clause("lead 4.1")
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("message", "status"), ALLOWED)
def test_each_type_closes_in_its_own_way_and_in_no_other(message: Any, status: str, kind: str) -> None:
    course = on_monday(kind)
    if status == "in_progress":
        course.take()
    course.go(hours=1)
    if kind in ALLOWED[message, status]:
        course.say(message, **FIELDS[message])
        state = course.state
        assert (state.status, state.ended, state.closed_at) == (TARGETS[message], True, course.now)
        assert set(course.standings().values()) == {"met"}
        assert not state.booked
        assert course.register()[1].closed_at == course.now
        return
    refusal = course.refusal(message, **FIELDS[message])
    if message is InvoiceLinked and kind in ("service", "activation"):
        assert refusal.type == "NoInvoice"
    else:
        assert refusal.type == "Transition"
        assert f"from {status} to {TARGETS[message]}" in str(refusal)
    assert str(refusal).startswith("lead 4.1" if kind in ("service", "activation") or message is Completed else "lead 3.5.3")


@pytest.mark.clause("lead 3.5.2")
def test_taking_into_work_twice_is_refused_by_name() -> None:
    course = on_monday().take()
    refusal = course.refusal(TakenIntoWork, contact=CALL)
    assert (refusal.type, str(refusal)) == (
        "Transition",
        "lead 3.5.2: from in_progress to in_progress: it is taken into work already",
    )


@pytest.mark.clause("lead 3.5.3")
def test_nothing_ends_before_it_was_taken_into_work() -> None:
    course = on_monday()
    course.go(hours=1)
    course.take()
    course.go(hours=1)
    assert course.refused(Declined, course.now - timedelta(hours=1) - FIVE - TICK, reason="не нужно") == "ImpossibleDate"
    course.say(Declined, course.now - timedelta(hours=1) - FIVE, reason="не нужно")
    assert course.state.closed_at == course.state.taken_at


@pytest.mark.clause("lead 4.1.1")
def test_a_refusal_ends_the_booking() -> None:
    course = on_monday()
    course.say(Declined, reason="купили у других")
    assert course.state.booking is not None
    assert (course.state.booking.why, course.state.booking.ended_at) == ("declined", course.now)
    assert course.register()[1].booked_until is None


@pytest.mark.clause("lead 3.5")
def test_the_final_statuses_lead_nowhere() -> None:
    assert all(not TRANSITIONS[end] for end in ENDS)
    assert set(TRANSITIONS) == set(Status)


@pytest.mark.clause("lead 3.5")
def test_a_lead_that_has_ended_takes_no_message() -> None:
    course = on_monday()
    course.silent = {"post"}
    course.again()  # hot again: its letter is still under way
    course.say(Declined, reason="не нужно", settle=False)
    messages: dict[Any, dict[str, Any]] = {
        ContactMade: {"contact": CALL},
        TakenIntoWork: {"contact": CALL},
        Declined: {"reason": "не нужно"},
        StageNoted: {"stage": "предложение"},
        WithdrawOfLead: {"reason": "ошибка", "by": SUPPORT_PERSON},
        WaiveOfLead: {"reason": "ошибка", "by": SUPPORT_PERSON, "clause": "7.2.1"},
    }
    for kind, fields in messages.items():
        assert course.refused(kind, **fields) == "Ended"
