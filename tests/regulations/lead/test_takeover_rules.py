"""Another centre's enquiry: refused while a booking runs, told little without one, or taking the address over once it has ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulations.case import Refusal
from regulations.lead.messages import ContactMade, Declined, InvoiceLinked, TypeChanged
from regulations.lead.state import Status
from tests.regulations.course import MOSCOW
from tests.regulations.lead.course import CALL, CONTACTS, Course, at, created, local

FRIDAY = at("2026-11-20 17:30")
TICK = timedelta(microseconds=1)


def _course() -> Course:
    course = Course(FRIDAY)
    course.careful = True
    return course


def _own(course: Course, centre: str, kind: str = "connection", **fields: Any) -> str:
    """A centre's own creation."""
    return course.again(centre, creator="centre", origin="call_order", type=kind, **fields)


def _refused(course: Course, centre: str, kind: str = "connection", **fields: Any) -> Refusal:
    return course.refuses(created(course.now, centre, key=course.key(), creator="centre", origin="call_order", type=kind, **fields))


# --- the order of checks: bookings ----------------------------------------------------------------------------------


@pytest.mark.clause("lead 4.1.1")
@pytest.mark.parametrize("kind", ["connection", "renewal", "service"])
def test_while_a_booking_runs_another_centre_is_refused_with_its_end_and_no_data_of_the_client(kind: str) -> None:
    course = _course().begun()
    refusal = _refused(course, "msk-1", kind)
    assert refusal.type == "Booked"
    assert "20.12.2026 17:30 (+10:00)" in str(refusal)
    assert not {"Ромашка", "Иванов", "495", "vlad-1", "hot"} & set(str(refusal).replace(":", " ").split())


@pytest.mark.clause("lead 3.6")
def test_while_an_invoice_is_looked_up_nobody_takes_the_lead_over() -> None:
    course = _course().begun().take()
    course.go_to(at("2026-12-20 17:30"))
    course.silent = {"billing"}
    course.say(InvoiceLinked, invoice="inv-1")
    assert _refused(course, "vlad-2").type == "InvoicePending"
    course.answer_link()
    assert course.state.status is Status.COMPLETED


@pytest.mark.clause("lead 4.1.1")
@pytest.mark.parametrize(("off", "ended"), [(-TICK, False), (timedelta(0), True), (TICK, True)])
def test_the_booking_ends_after_thirty_days_at_the_same_local_time(off: timedelta, ended: bool) -> None:
    course = _course().begun().take()
    course.go_to(at("2026-12-20 17:30") + off)
    assert (course.state.booking is not None and course.state.booking.why) == ("term" if ended else "")
    if ended:
        assert _own(course, "vlad-2") == "created"
        assert course.state.status is Status.BLOCKED
    else:
        assert _refused(course, "vlad-2").type == "Booked"


@pytest.mark.clause("lead 4.1.1")
def test_the_booking_keeps_the_local_time_of_its_centre() -> None:
    course = Course(at("2026-11-20 17:30", MOSCOW))
    course.begun("msk-1")
    end = course.register()[1].booked_until
    assert end is not None
    assert local(end, MOSCOW) == "2026-12-20 17:30"


@pytest.mark.clause("lead 4.1.1")
def test_what_counts_is_when_the_other_centre_came_not_when_we_heard_of_it() -> None:
    course = _course().begun().take()
    course.go_to(at("2026-12-20 18:00"))
    came = at("2026-12-20 17:29")
    late = created(came, "vlad-2", key="k", creator="centre", origin="call_order")
    refusal = course.refuses(late)
    assert refusal.type == "Booked"
    assert "20.12.2026 17:30" in str(refusal)


@pytest.mark.clause("lead 4.1.1")
def test_a_clock_that_runs_ahead_ends_no_booking() -> None:
    course = _course().begun().take()
    course.go_to(at("2026-12-20 17:28"))
    assert course.refuses(created(at("2026-12-20 17:31"), "vlad-2", key="k", creator="centre", origin="call_order")).type == "Booked"


@pytest.mark.clause("lead 4.1.1")
def test_before_its_centre_is_known_a_booking_runs_all_the_same() -> None:
    course = Course(FRIDAY)
    course.known = {}
    course.begun()
    assert course.state.opening is None
    assert _refused(course, "msk-1").type == "Booked"


@pytest.mark.clause("lead 5.3")
@pytest.mark.parametrize("kind", ["renewal", "service", "connection"])
def test_without_a_booking_another_centre_updates_the_holders_lead_and_learns_only_that_there_is_one(kind: str) -> None:
    course = _course().begun(type="renewal", temperature="warm")
    assert _own(course, "msk-1", kind) == "exists"
    assert course.state.discreet
    assert (course.state.centre, course.state.temperature, course.state.type) == ("vlad-1", "hot", "renewal")


@pytest.mark.clause("lead 5.3")
def test_after_the_booking_only_a_connection_of_another_centre_blocks() -> None:
    course = _course().begun().take()
    course.go(days=31)
    assert _own(course, "msk-1", "service") == "exists"
    assert course.again("msk-1", creator="principal", origin="principal") == "updated"
    assert _own(course, "vlad-1") == "updated"
    assert course.state.status is Status.IN_PROGRESS


@pytest.mark.clause("lead 5.3")
def test_a_lead_that_is_no_connection_any_more_gives_way_to_none() -> None:
    course = _course().begun()
    course.say(TypeChanged, type="renewal")
    course.go(days=1)
    assert _own(course, "msk-1") == "exists"


# --- 3.6: the takeover ----------------------------------------------------------------------------------------------


def _blocked(*, taken: bool = True) -> Course:
    course = _course().begun(temperature="cold")
    if taken:
        course.take()
    course.go(days=31)
    assert _own(course, "msk-1", contacts=CONTACTS) == "created"
    return course


@pytest.mark.clause("lead 3.6")
def test_the_old_lead_is_blocked_its_centre_is_told_and_the_other_centre_learns_nothing_of_it() -> None:
    course = _blocked()
    state = course.state
    assert (state.status, state.ended, state.outcome, state.discreet) == ("blocked", True, "blocked", True)
    assert state.closed_at == course.now
    assert ("", "centre:vlad-1") in course.notices("ended")
    assert course.register()[1].status == "blocked"


@pytest.mark.clause("lead 3.6")
def test_a_booking_that_ran_out_while_no_worker_was_there_has_ended_in_time() -> None:
    course = _course().begun().take()
    course.now = at("2026-12-22 10:00")
    assert _own(course, "msk-1") == "created"
    assert course.state.booking is not None
    assert (course.state.booking.why, course.state.booking.ended_at) == ("term", at("2026-12-20 17:30"))


@pytest.mark.clause("lead 3.6")
def test_the_other_centres_lead_begins_anew_under_the_same_address() -> None:
    course = _blocked()
    before = course.state
    course.succeeded()
    state = course.state
    assert (state.address, state.kind) == (before.address, before.kind)
    assert state.uid != before.uid
    assert (state.centre, state.status, state.round, state.temperature) == ("msk-1", "new", 1, "hot")
    assert (state.contact, state.proposals, state.manager, state.successor) == (None, [], None, None)
    assert state.booked
    assert state.booking is not None
    assert state.booking.started_at == course.now
    assert course.templates()[-1] == "assigned"
    assert course.due_of("7.2.1", MOSCOW) == "2026-12-21 13:30"


@pytest.mark.clause("lead 3.6")
def test_every_message_to_a_lead_that_waits_for_its_successor_is_refused() -> None:
    course = _course().begun().take()
    course.go(days=31)
    course.deliver(created(course.now, "msk-1", key="b", creator="centre", origin="call_order"), settle=False)
    assert course.state.status is Status.BLOCKED
    assert not course.state.ended
    assert course.refused(ContactMade, contact=CALL) == "Ended"
    assert course.refuses(created(course.now, "kgd-1", key="c")).type == "Ended"
    assert course.refuses(created(course.now, "msk-1", key="b", creator="centre", origin="call_order")).type == "Repeated"


@pytest.mark.clause("lead 3.6")
def test_what_was_meant_for_the_old_lead_is_never_applied_to_the_new_one() -> None:
    course = _blocked()
    course.succeeded()
    both: list[dict[str, Any]] = [{"centre": "vlad-1"}, {"uid": "uid-1"}]
    for meant in both:
        refusal = course.refusal(Declined, reason="не нужно", **meant)
        assert (refusal.type, str(refusal)) == ("Passed", "this lead has passed to another centre")
    course.say(TypeChanged, uid=course.state.uid, type="renewal")
    assert course.state.type == "renewal"


@pytest.mark.clause("lead 3.6")
def test_what_the_old_lead_counted_the_new_one_does_not_count_again() -> None:
    course = _blocked()
    course.succeeded()
    assert course.refuses(created(FRIDAY, temperature="cold")).type == "Repeated"
    assert course.refuses(course.state.begun).type == "Repeated"


@pytest.mark.clause("lead 3.6")
def test_a_new_lead_is_blocked_too_and_what_it_had_missed_by_then_stays_recorded() -> None:
    course = _blocked(taken=False)
    assert course.standings()["7.2.3/1"] == "waived"
    assert course.breaches() == [("7.2.3", "recorded")]
    assert course.register()[1].breached
