"""What a lead does by itself: reminders, breaches, the end of a booking, one question at a time, and its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulations.lead.effects import ClientStanding, InvoiceAnswer
from regulations.lead.messages import Declined, InvoiceLinked, ManagerAssigned, StageNoted, ViolationReported, WithdrawOfLead
from regulations.lead.state import Status
from regulations.rows import IncidentRow, NoticeRow
from tests.regulations.lead.course import SUPPORT_PERSON, VLADIVOSTOK, Course, at, local

WEDNESDAY = "2026-11-18 10:00"
SECOND = timedelta(seconds=1)
THREE = ["centre:vlad-1", "centre_head:vlad-1", "sales_support"]


def begun(**fields: Any) -> Course:
    course = Course(at(WEDNESDAY))
    course.careful = True
    return course.begun(**fields)


# --- 7.2 ------------------------------------------------------------------------------------------------------------


def test_the_owner_is_reminded_once_before_the_term() -> None:
    course = begun()
    assert course.wake_at is not None
    assert at("2026-11-18 12:15") <= course.wake_at < at("2026-11-18 12:20")  # three quarters of the time, and a stable jitter
    assert course.wake_for == "7.2.1 Взять в работу горячую ПП: напоминание, срок ср 18.11.2026 13:00 (+10:00)"
    course.go_to(at("2026-11-18 12:59"))
    assert course.notices("warning") == [("7.2.1", "centre:vlad-1")]
    assert course.wake_at == at("2026-11-18 13:00")


@pytest.mark.clause("lead 9.1")
def test_a_breach_is_told_to_the_owner_the_head_and_the_sales_support_service() -> None:
    course = begun()
    course.go_to(at("2026-11-18 12:59:59"))
    assert course.notices("breach") == []
    course.go_to(at("2026-11-18 13:00"))
    assert course.notices("breach") == [("7.2.1", role) for role in THREE]
    assert [(r.due, r.earliest) for r in course.rows if isinstance(r, NoticeRow) and r.kind == "breach"] == [(course.now, course.now)] * 3
    course.go(days=2)
    assert len(course.notices("breach")) == 3


def test_a_known_manager_owes_and_hears_instead_of_the_centre() -> None:
    course = begun(manager="anna")
    course.go(hours=4)
    assert course.notices("warning") == [("7.2.1", "manager:vlad-1/anna")]
    assert {role for _, role in course.notices("breach")} == {"manager:vlad-1/anna", "centre_head:vlad-1", "sales_support"}


@pytest.mark.clause("lead 6.1")
def test_an_open_duty_passes_to_the_manager_who_gets_the_lead() -> None:
    course = begun(manager="anna")
    course.say(ManagerAssigned, manager="boris")
    assert course.newest("7.2.1").owner == "manager:vlad-1/boris"
    course.go(hours=4)
    assert {role for _, role in course.notices("breach")} == {"manager:vlad-1/boris", "centre_head:vlad-1", "sales_support"}


@pytest.mark.clause("lead 6.1")
def test_a_manager_whom_the_centre_does_not_know_gets_nothing() -> None:
    course = begun()
    course.say(ManagerAssigned, manager="ghost")
    assert course.state.manager is None
    assert course.newest("7.2.1").owner == "centre:vlad-1"
    assert course.incidents() == ["manager_unknown"]
    assert [role for _, role in course.notices("incident")] == ["centre:vlad-1"]
    assert course.register()[1].manager is None


def test_a_breach_withdrawn_is_told_to_whoever_heard_of_it() -> None:
    course = begun()
    course.go_to(at("2026-11-18 15:00"))
    course.take(at("2026-11-18 12:30"))
    assert course.breaches() == [("7.2.1", "recorded"), ("7.2.1", "withdrawn")]
    assert course.notices("breach_withdrawn") == [("7.2.1", role) for role in THREE]
    assert not course.register()[1].breached


def test_a_duty_done_too_late_stays_a_breach() -> None:
    course = begun()
    course.go_to(at("2026-11-18 15:00"))
    course.take()
    assert course.breaches() == [("7.2.1", "recorded"), ("7.2.1", "met_late")]
    assert course.notices("breach_withdrawn") == []
    assert course.register()[1].breached


@pytest.mark.clause("lead 5.2.1")
def test_a_term_that_ran_out_before_a_move_is_told_to_those_who_missed_it() -> None:
    course = begun()
    course.now = at("2026-11-18 14:00")  # a worker was away at 13:00
    course.move("msk-1")
    assert {role for _, role in course.notices("breach")} == set(THREE)
    assert [m.centre for m in course.measures()] == ["vlad-1"]
    assert "role_without_address" not in course.incidents()


# --- 4.1.1: booking -------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 4.1.1")
def test_a_booking_ends_after_30_calendar_days_to_the_second() -> None:
    course = begun().take()
    end = at("2026-12-18 10:00")
    assert course.register()[1].booked_until == end
    assert (course.wake_at, course.wake_for) == (end, "4.1.1 Конец бронирования до пт 18.12.2026 10:00 (+10:00)")
    course.go_to(end - SECOND)
    assert course.state.booked
    course.go_to(end)
    assert not course.state.booked
    assert course.state.booking is not None
    assert (course.state.booking.ended_at, course.state.booking.why) == (end, "term")
    assert [(f.what, f.happened_at, f.note) for f in course.state.facts if f.what == "booking_ended"] == [("booking_ended", end, "term")]
    assert course.register()[1].booked_until is None


@pytest.mark.clause("lead 4.1.1")
def test_a_booking_ends_at_its_instant_whenever_we_come_to_it() -> None:
    course = begun().take()
    course.now = at("2026-12-19 15:00")
    course.run()
    assert course.state.booking is not None
    assert course.state.booking.ended_at == at("2026-12-18 10:00")


@pytest.mark.clause("lead 4.1.2")
@pytest.mark.parametrize("kind", ["renewal", "upsell", "service", "activation"])
def test_other_types_book_nobody(kind: str) -> None:
    course = Course(at(WEDNESDAY))
    course.standing = ClientStanding(paid_until=at("2027-06-01 00:00"))
    course.begun(type=kind).take()
    assert not course.state.booked
    assert course.wake_at is None


# --- billing --------------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 5.3")
def test_billing_is_asked_one_question_at_a_time() -> None:
    course = Course(at(WEDNESDAY))
    course.silent = {"billing"}
    course.begun()
    for number in (2, 3):
        course.again(contacts=({"name": "Пётр", "phone": f"+7 495 765-43-2{number}"},))
    assert len(course.looked_up) == 1
    course.silent = set()
    course.answer_look_up()
    course.run()
    assert len(course.looked_up) == 2
    assert len(course.looked_up[-1].contacts) == 3
    assert not course.state.looking_up


@pytest.mark.clause("lead 4.1.1")
def test_invoices_are_linked_one_after_the_other_until_one_is_right() -> None:
    course = begun().take()
    course.invoices = {"inv-1": InvoiceAnswer(result="unpaid")}
    course.silent = {"billing"}
    for number in (1, 2, 3):
        course.say(InvoiceLinked, invoice=f"inv-{number}")
    assert [q.invoice for q in course.linked] == ["inv-1"]
    course.silent = set()
    course.answer_link()
    course.run()
    assert [q.invoice for q in course.linked] == ["inv-1", "inv-2"]
    assert (course.state.stage, course.state.invoice, course.state.ended) == (Status.COMPLETED, "inv-2", True)
    assert course.incidents() == ["invoice_unpaid"]


# --- the end --------------------------------------------------------------------------------------------------------


def test_a_lead_ends_with_its_status_and_wakes_no_more() -> None:
    course = begun().take()
    course.say(Declined, reason="купили у других")
    assert (course.state.ended, course.state.outcome, course.wake_at) == (True, "declined", None)
    assert course.register()[1].status == "declined"
    assert course.register()[1].closed_at == course.now
    assert course.state.booking is not None
    assert course.state.booking.why == "declined"


def test_a_lead_that_is_over_waits_for_no_letter_and_no_look_up() -> None:
    """With post and billing away the next lead of the client and product can begin all the same."""
    course = Course(at(WEDNESDAY))
    course.silent = {"billing", "post"}
    course.begun()
    assert course.state.letters_out
    assert course.state.looking_up
    course.say(WithdrawOfLead, reason="создана по ошибке", by=SUPPORT_PERSON)
    assert (course.state.ended, course.state.outcome) == (True, "withdrawn")


def test_a_lead_that_is_over_waits_for_the_answer_about_its_invoice() -> None:
    """It may have been linked: then a person has to know."""
    course = begun().take()
    course.silent = {"billing"}
    course.say(InvoiceLinked, invoice="inv-1")
    course.say(WithdrawOfLead, reason="создана по ошибке", by=SUPPORT_PERSON)
    assert (course.state.stage, course.state.ended) == ("withdrawn", False)
    course.answer_link()
    course.run()
    assert course.state.ended
    assert course.incidents() == ["invoice_linked"]
    assert course.notices("incident")[-1] == ("", "centre:vlad-1")


def test_an_ended_lead_owes_nothing_and_asks_nothing() -> None:
    course = Course(at(WEDNESDAY))
    course.silent = {"billing"}
    course.begun()
    course.again(contacts=({"name": "Пётр", "phone": "+7 495 765-43-21"},))
    course.say(WithdrawOfLead, reason="создана по ошибке", by=SUPPORT_PERSON)
    course.answer_look_up()
    course.run()
    assert len(course.looked_up) == 1
    assert course.standings() == {"7.2.1/1": "waived"}
    assert course.state.ended


def test_what_was_missed_before_the_end_is_told_and_proposed() -> None:
    course = begun()
    course.now = at("2026-11-18 14:00")
    course.say(WithdrawOfLead, reason="создана по ошибке", by=SUPPORT_PERSON)
    assert course.breaches() == [("7.2.1", "recorded")]
    assert len(course.notices("breach")) == 3
    assert [m.clause for m in course.measures()] == ["7.2.1"]
    assert course.state.ended


def test_every_role_of_a_lead_has_an_address() -> None:
    """Nothing that a lead says in its whole life is lost for want of an address."""
    course = begun(manager="anna")
    course.go(hours=4)
    course.move("msk-1")
    course.say(ViolationReported, clause="8.2.1", evidence="клиент о продаже не знает", by=SUPPORT_PERSON)
    course.take()
    course.say(StageNoted, stage="счёт согласован")
    course.go(days=31)
    course.say(Declined, reason="купили у других")
    assert [r.text for r in course.rows if isinstance(r, IncidentRow)] == []
    assert local(course.now, VLADIVOSTOK) == "2026-12-19 14:00"
