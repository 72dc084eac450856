"""What billing says of a lead: the type that it contradicts, the invoice that completes it, the invoice that does not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.lead.effects import ClientStanding, InvoiceAnswer
from regulations.lead.messages import ContactsChanged, Declined, InvoiceLinked, TypeChanged, WithdrawOfLead
from regulations.lead.standing import contradiction, months_before
from regulations.lead.state import Status
from tests.regulations.lead.course import SUPPORT_PERSON, Course, at

MONDAY = at("2026-11-16 10:00")
TICK = timedelta(microseconds=1)
VLADIVOSTOK_OFFSET = timedelta(hours=10)


def _course(standing: ClientStanding | None = None, kind: str = "connection") -> Course:
    course = Course(MONDAY)
    course.careful = True
    course.standing = standing or ClientStanding()
    return course.begun(type=kind)


# --- 4.1.1, 4.1.3: the type -----------------------------------------------------------------------------------------


@pytest.mark.clause("lead 4.1.1")
@pytest.mark.parametrize(
    ("used", "contradicts"),
    [
        (None, False),
        (at("2026-05-16 10:00") - TICK, False),
        (at("2026-05-16 10:00"), True),
        (at("2026-11-16 10:00"), True),
        (at("2026-11-16 10:00") + TICK, False),
    ],
)
def test_a_connection_needs_a_client_who_has_not_used_the_product_for_more_than_six_months(
    used: datetime | None, contradicts: bool
) -> None:
    course = _course(ClientStanding(last_used_at=used))
    assert course.state.type_contradicted == contradicts
    assert course.state.booked == (not contradicts)


@pytest.mark.clause("lead 4.1.3")
@pytest.mark.parametrize(("until", "contradicts"), [(None, True), (MONDAY, True), (MONDAY + TICK, False)])
def test_an_upsell_needs_a_current_paid_period(until: datetime | None, contradicts: bool) -> None:
    assert _course(ClientStanding(paid_until=until), "upsell").state.type_contradicted == contradicts


@pytest.mark.clause("lead 4.1")
@pytest.mark.parametrize("kind", ["renewal", "service", "activation"])
def test_the_other_types_ask_nothing_of_billing(kind: str) -> None:
    assert not _course(ClientStanding(last_used_at=MONDAY), kind).state.type_contradicted


@pytest.mark.clause("lead 4.1.1")
def test_a_type_that_billing_contradicts_is_an_incident_ends_the_booking_and_completes_nothing_until_it_is_set_right() -> None:
    course = _course(ClientStanding(last_used_at=MONDAY - timedelta(days=10), paid_until=MONDAY + timedelta(days=200))).take()
    state = course.state
    assert state.booking is not None
    assert (state.booking.why, course.register()[1].booked_until) == ("contradicted", None)
    assert course.incidents() == ["type_contradicted"]
    assert sorted(role for _, role in course.notices("incident")) == ["centre:vlad-1", "sales_support"]
    assert course.refused(InvoiceLinked, invoice="inv-1") == "BillingContradicts"
    course.say(TypeChanged, type="upsell")
    assert (course.state.type, course.state.type_contradicted, course.register()[1].type) == ("upsell", False, "upsell")
    course.say(InvoiceLinked, invoice="inv-1")
    assert course.state.status is Status.COMPLETED


@pytest.mark.clause("lead 8.1.3")
def test_a_type_set_right_is_believed_before_billing_has_spoken_of_it() -> None:
    course = _course(ClientStanding(last_used_at=MONDAY)).take()
    course.silent = {"billing"}
    course.say(TypeChanged, type="renewal")
    assert not course.state.type_contradicted
    course.say(InvoiceLinked, invoice="inv-1")
    assert [q.invoice for q in course.linked] == ["inv-1"]


@pytest.mark.clause("lead 4.1.1")
def test_a_connection_that_billing_contradicts_is_booked_for_no_other_centre_either() -> None:
    course = _course(ClientStanding(last_used_at=MONDAY))
    course.move("vlad-2")
    assert (course.state.booked, course.register()[2].booked_until) == (False, None)


@pytest.mark.clause("lead 8.1.3")
@pytest.mark.parametrize("kind", ["connection", "upsell"])
def test_a_type_that_billing_contradicts_cannot_be_chosen(kind: str) -> None:
    course = _course(ClientStanding(last_used_at=MONDAY - timedelta(days=10), paid_until=MONDAY - timedelta(days=1)), "renewal")
    refusal = course.refusal(TypeChanged, type=kind)
    assert refusal.type == "BillingContradicts"
    assert str(refusal).startswith("lead 4.1.1" if kind == "connection" else "lead 4.1.3")


@pytest.mark.clause("lead 4.1.1")
def test_a_change_to_connection_opens_the_booking_and_a_change_away_ends_it() -> None:
    course = _course(kind="renewal")
    course.go(hours=2)
    course.say(TypeChanged, type="connection")
    assert course.state.booking is not None
    assert (course.state.booking.started_at, course.register()[1].booked_until) == (course.now, course.now + timedelta(days=30))
    course.go(hours=1)
    course.say(TypeChanged, type="service")
    assert (course.state.booking.why, course.state.booking.ended_at) == ("retyped", course.now)
    course.say(TypeChanged, type="connection")
    assert course.state.booked


@pytest.mark.clause("lead 4.1.1")
def test_what_billing_has_to_say_of_a_changed_type_is_asked_anew() -> None:
    course = _course(kind="renewal")
    course.standing = ClientStanding(last_used_at=MONDAY - timedelta(days=1))
    course.say(TypeChanged, type="connection")
    assert course.state.type_contradicted
    assert course.state.booking is not None
    assert course.state.booking.why == "contradicted"


@pytest.mark.clause("lead 4.1.1")
def test_the_months_without_use_are_those_before_the_type_was_chosen() -> None:
    course = _course(kind="renewal")
    course.go(days=5)
    course.standing = ClientStanding(last_used_at=MONDAY + timedelta(days=1))
    course.say(TypeChanged, type="connection")
    assert course.state.type_contradicted


@pytest.mark.clause("lead 4.1.1")
def test_a_contradiction_that_billing_takes_back_leaves_the_booking_as_it_was() -> None:
    course = _course(ClientStanding(last_used_at=MONDAY))
    course.go(days=1)
    course.standing = ClientStanding()
    course.say(ContactsChanged, contacts=[{"name": "Петров", "phone": "+7 495 123-45-68"}])
    assert not course.state.type_contradicted
    assert course.register()[1].booked_until == MONDAY + timedelta(days=30)


@pytest.mark.clause("lead 4.1.1")
def test_use_of_the_product_that_came_of_the_lead_contradicts_nothing() -> None:
    course = _course()
    course.go(days=5)
    course.standing = ClientStanding(last_used_at=course.now)
    course.say(ContactsChanged, contacts=[{"name": "Петров", "phone": "+7 495 123-45-68"}])
    assert not course.state.type_contradicted


@pytest.mark.clause("lead 4.1.1")
def test_months_before_keep_the_local_day_or_take_the_last_one_of_the_month() -> None:
    assert months_before(at("2026-08-31 03:00"), 6, VLADIVOSTOK_OFFSET) == at("2026-02-28 03:00")
    assert months_before(at("2026-03-15 00:00"), 6, VLADIVOSTOK_OFFSET) == at("2025-09-15 00:00")


@given(
    since=st.integers(0, 2500 * 24).map(lambda hours: at("2021-01-01 00:00") + timedelta(hours=hours)),
    days=st.integers(0, 400),
    months=st.integers(1, 24),
)
def test_the_nearer_the_last_use_the_sooner_it_contradicts(since: datetime, days: int, months: int) -> None:
    used = since - timedelta(days=days)
    contradicts = bool(contradiction("connection", ClientStanding(last_used_at=used), since, months, VLADIVOSTOK_OFFSET))
    if days <= 28 * months:
        assert contradicts
    if days > 31 * months:
        assert not contradicts


# --- invoices -------------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 4.1.1")
def test_a_paid_invoice_completes_the_lead_and_replaces_its_booking() -> None:
    course = _course().take()
    course.say(InvoiceLinked, invoice="inv-1")
    state = course.state
    assert (state.status, state.ended, state.invoice, state.closed_at) == ("completed", True, "inv-1", course.now)
    assert state.booking is not None
    assert state.booking.why == "paid"
    question = course.linked[0]
    assert (question.invoice, question.client, question.product) == ("inv-1", "C-1", "extern")
    assert (question.case_uid, question.address) == ("uid-1", "lead/C-1/extern")


@pytest.mark.clause("lead 4.1.1")
@pytest.mark.parametrize("result", ["unknown", "unpaid", "other_client", "other_product", "already_linked"])
def test_an_invoice_that_is_not_right_is_an_incident_and_the_lead_stays(result: str) -> None:
    course = _course().take()
    course.invoices["inv-1"] = InvoiceAnswer.model_validate({"result": result})
    course.say(InvoiceLinked, invoice="inv-1")
    assert (course.state.status, course.state.invoice, course.state.booked) == ("in_progress", None, True)
    assert course.incidents() == [f"invoice_{result}"]
    assert course.notices("incident") == [("", "centre:vlad-1")]
    course.say(InvoiceLinked, invoice="inv-2")
    assert course.state.status is Status.COMPLETED


@pytest.mark.clause("lead 4.1.1")
def test_while_an_invoice_is_looked_up_nothing_else_closes_or_retypes_the_lead() -> None:
    course = _course().take()
    course.silent = {"billing"}
    course.say(InvoiceLinked, invoice="inv-1")
    assert course.refused(Declined, reason="не нужно") == "InvoicePending"
    assert course.refused(TypeChanged, type="renewal") == "InvoicePending"
    course.say(InvoiceLinked, invoice="inv-2")
    assert course.refused(InvoiceLinked, invoice="inv-2") == "InvoicePending"
    assert [q.invoice for q in course.linked] == ["inv-1"], "one after the other"
    course.invoices["inv-1"] = InvoiceAnswer(result="unpaid")
    course.answer_link()
    course.run()
    assert [q.invoice for q in course.linked] == ["inv-1", "inv-2"]
    linked_at = course.now
    course.go(days=1)  # billing was away
    course.answer_link()
    course.run()
    assert (course.state.status, course.state.invoice, course.state.closed_at) == ("completed", "inv-2", linked_at)


@pytest.mark.clause("lead 4.1.1")
def test_an_invoice_linked_to_a_lead_that_has_ended_meanwhile_is_told_to_a_person() -> None:
    course = _course().take()
    course.silent = {"billing"}
    course.say(InvoiceLinked, invoice="inv-1")
    course.say(WithdrawOfLead, reason="ошибка", by=SUPPORT_PERSON)
    assert (course.state.status, course.state.ended) == ("withdrawn", False)
    course.answer_link()
    course.run()
    assert (course.state.status, course.state.ended, course.state.invoice) == ("withdrawn", True, None)
    assert course.incidents() == ["invoice_linked"]


@pytest.mark.clause("lead 4.1.1")
def test_what_billing_says_of_the_client_after_the_end_changes_nothing() -> None:
    course = Course(MONDAY)
    course.silent = {"billing"}
    course.begun()
    course.say(Declined, reason="не нужно")
    course.standing = ClientStanding(last_used_at=MONDAY, made_up=("0:phone",))
    course.answer_look_up()
    course.run()
    assert (course.state.ended, course.incidents(), course.measures()) == (True, [], [])


@pytest.mark.clause("lead 8.2.4")
def test_contacts_that_look_made_up_are_proposed_to_be_answered() -> None:
    course = _course(ClientStanding(made_up=("0:phone",)))
    (proposal,) = course.measures()
    assert (proposal.key, proposal.clause) == ("uid-1/8.2.4/1", "8.2.4")
    assert "495" not in proposal.evidence
