"""Moves to another centre (5.2), and the measures and reports that change whose lead it is or end it (8.2, 9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulations.lead.effects import ClientStanding
from regulations.lead.messages import ContactMade, Deleted, InvoiceLinked, Moved, TakenIntoWork, ViolationReported, WithdrawOfLead
from regulations.lead.state import Status
from regulations.messages import Actor
from tests.regulations.course import MOSCOW
from tests.regulations.lead.course import CALL, CENTRE_PERSON, PRINCIPAL_PERSON, SUPPORT_PERSON, Course, at

MONDAY = at("2026-11-16 10:00")
TICK = timedelta(microseconds=1)
CENTRE_ITSELF = Actor(id="vlad-1", role="sales_support")


def _course(**fields: Any) -> Course:
    course = Course(MONDAY)
    course.careful = True
    return course.begun(**fields)


def _breached() -> Course:
    """A cold lead that was not taken into work in time: its breach is proposed to be answered."""
    course = _course(type="renewal", temperature="cold")
    course.go(days=31)
    return course


@pytest.mark.clause("lead 5.2.1")
@pytest.mark.parametrize("person", [PRINCIPAL_PERSON, SUPPORT_PERSON])
@pytest.mark.parametrize(("temperature", "clause", "due"), [("hot", "7.2.1", "2026-11-16 15:00"), ("warm", "7.2.2", "2026-11-23 12:00")])
def test_arrival_term_and_booking_start_anew_at_the_other_centre(person: Actor, temperature: str, clause: str, due: str) -> None:
    course = _course(temperature=temperature, manager="anna")
    course.go(hours=2)
    course.move("vlad-2", by=person)
    state = course.state
    assert (state.centre, state.manager, state.round, state.status, state.arrived_at) == ("vlad-2", None, 2, "new", course.now)
    assert (state.temperature, state.uid) == (temperature, "uid-1")
    assert course.standings() == {f"{clause}/1": "waived", f"{clause}/2": "open"}
    assert (course.due_of(clause), course.newest(clause).owner) == (due, "centre:vlad-2")
    assert state.booking is not None
    assert (state.booking.started_at, state.booked) == (course.now, True)
    old, new = course.register()[1], course.register()[2]
    assert (old.status, old.centre, old.manager, old.booked_until) == ("moved", "vlad-1", "anna", None)
    assert (new.status, new.centre, new.manager, new.arrived_at) == ("new", "vlad-2", None, course.now)
    assert new.booked_until == course.now + timedelta(days=30)
    assert course.templates() == (["assigned", "assigned"] if temperature == "hot" else [])
    assert course.notices("ended") == [("", "centre:vlad-1")]
    assert "role_without_address" not in course.incidents()


@pytest.mark.clause("lead 3.4")
def test_after_a_move_the_zone_of_the_new_centre_counts() -> None:
    course = _course()
    course.move("msk-1")
    assert course.due_of("7.2.1", MOSCOW) == "2026-11-16 12:00", "03:00 in Moscow: from 09:00 on"


@pytest.mark.clause("lead 5.2.1")
def test_a_lead_in_progress_becomes_new_again_only_by_a_move_and_needs_a_contact_of_its_own() -> None:
    course = _course().take()
    course.go(hours=1)
    course.move("vlad-2")
    assert (course.state.status, course.state.taken_at, course.state.contact) == ("new", None, None)
    assert course.refused(TakenIntoWork) == "NoContact"
    assert course.refused(ContactMade, course.now - timedelta(minutes=30), contact=CALL) == "ImpossibleDate"
    course.take()
    assert course.standings() == {"7.2.1/1": "met", "7.2.1/2": "met"}


@pytest.mark.clause("lead 5.2.1")
def test_a_centres_own_creation_excuses_no_old_contact_after_a_move() -> None:
    course = _course(creator="centre", origin="call_order")
    course.go(hours=1)
    course.move("vlad-2")
    assert course.refused(ContactMade, course.now - timedelta(minutes=6), contact=CALL) == "ImpossibleDate"


@pytest.mark.clause("lead 5.2.3")
def test_a_cold_lead_does_not_move() -> None:
    course = _course(type="renewal", temperature="cold")
    refusal = course.refusal(Moved, to="vlad-2", by=PRINCIPAL_PERSON, reason="ближе")
    assert (refusal.type, str(refusal).startswith("lead 5.2.3")) == ("ColdLead", True)


@pytest.mark.clause("lead 5.2.1")
def test_only_the_principal_or_the_sales_support_service_moves_a_lead_and_to_another_centre() -> None:
    course = _course()
    assert course.refused(Moved, to="vlad-2", by=CENTRE_PERSON, reason="ближе") == "NotYours"
    assert course.refused(Moved, to="vlad-1", by=PRINCIPAL_PERSON, reason="ближе") == "SameCentre"


@pytest.mark.clause("lead 5.2.1")
@pytest.mark.parametrize("field", ["invoice_until", "paid_until"])
@pytest.mark.parametrize(("off", "refusal"), [(TICK, "Booked"), (timedelta(0), None)])
def test_an_invoice_or_a_paid_period_keeps_the_client_at_its_centre(field: str, off: timedelta, refusal: str | None) -> None:
    course = Course(MONDAY)
    moved_at = MONDAY + timedelta(hours=1)
    course.standing = ClientStanding.model_validate({field: moved_at + off})
    course.begun(type="renewal")
    course.go_to(moved_at)
    if refusal is not None:
        assert course.refused(Moved, to="vlad-2", by=PRINCIPAL_PERSON, reason="ближе") == refusal
    else:
        course.move("vlad-2")
        assert course.state.centre == "vlad-2"


@pytest.mark.clause("lead 9.1.4")
def test_a_measure_moves_a_client_that_billing_books() -> None:
    course = Course(MONDAY)
    course.standing = ClientStanding(paid_until=MONDAY + timedelta(days=300))
    course.begun(type="upsell", temperature="warm")
    course.go(days=8)
    [proposal] = course.measures()
    assert course.refused(Moved, to="vlad-2", by=SUPPORT_PERSON, reason="срок пропущен") == "Booked"
    course.move("vlad-2", measure=proposal.key, by=SUPPORT_PERSON)
    assert course.state.centre == "vlad-2"


@pytest.mark.clause("lead 5.2.1")
def test_before_billing_has_said_whether_it_books_the_client_the_lead_stays() -> None:
    course = Course(MONDAY)
    course.silent = {"billing"}
    course.begun()
    assert course.refused(Moved, to="vlad-2", by=PRINCIPAL_PERSON, reason="ближе") == "BillingUnheard"
    course.answer_look_up()
    course.move("vlad-2")
    assert course.state.centre == "vlad-2"


@pytest.mark.clause("lead 5.2.1")
def test_a_lead_whose_invoice_is_being_looked_up_waits_for_the_answer() -> None:
    course = _course().take()
    course.silent = {"billing"}
    course.say(InvoiceLinked, invoice="inv-1")
    assert course.refused(Moved, to="vlad-2", by=PRINCIPAL_PERSON, reason="ближе") == "InvoicePending"


@pytest.mark.clause("lead 5.2.1")
def test_a_message_that_means_the_old_centre_is_refused_and_one_that_means_the_lead_is_taken() -> None:
    course = _course()
    course.move("vlad-2")
    refusal = course.refusal(TakenIntoWork, centre="vlad-1", contact=CALL)
    assert (refusal.type, str(refusal)) == ("Passed", "this lead has passed to another centre")
    assert course.refused(TakenIntoWork, uid="uid-0", contact=CALL) == "Passed"
    assert course.refused(TakenIntoWork, uid="uid-1", centre="vlad-1", contact=CALL) == "Passed"
    course.say(TakenIntoWork, uid="uid-1", contact=CALL)
    assert course.state.status is Status.IN_PROGRESS


@pytest.mark.clause("lead 9.1")
@pytest.mark.parametrize(("off", "missed"), [(timedelta(0), False), (TICK, True)])
def test_a_term_that_had_run_out_before_the_move_is_a_breach_of_the_old_centre_all_the_same(off: timedelta, missed: bool) -> None:
    course = _course(temperature="warm", type="renewal")
    due = course.newest("7.2.2").due
    assert due is not None
    course.now = due + timedelta(hours=1)  # the worker was away when the term ran out
    course.move("msk-1", due + off)
    assert course.breaches() == ([("7.2.2", "recorded")] if missed else [])
    assert course.register()[1].breached == missed
    assert [(m.key, m.centre) for m in course.measures()] == ([("uid-1/7.2.2/1", "vlad-1")] if missed else [])
    told = {role for _, role in course.notices("breach")}
    assert told == ({"centre:vlad-1", "centre_head:vlad-1", "sales_support"} if missed else set())
    assert course.incidents() == []


@pytest.mark.clause("lead 5.2.1")
def test_a_lead_that_moves_back_has_a_third_round() -> None:
    course = _course()
    course.move("vlad-2")
    course.go(hours=1)
    course.move("vlad-1")
    assert {n: row.status for n, row in course.register().items()} == {1: "moved", 2: "moved", 3: "new"}
    assert course.standings() == {"7.2.1/1": "waived", "7.2.1/2": "waived", "7.2.1/3": "open"}


@pytest.mark.clause("lead 4.1.1")
def test_only_a_connection_is_booked_for_the_new_centre() -> None:
    course = _course(type="renewal")
    course.move("vlad-2")
    assert course.state.booking is None


# --- 9: measures ----------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 9.1")
def test_a_missed_term_is_proposed_to_be_answered_and_changes_nothing_by_itself() -> None:
    course = _breached()
    (proposal,) = course.measures()
    assert (proposal.key, proposal.clause, proposal.centre) == ("uid-1/7.2.3/1", "7.2.3", "vlad-1")
    assert proposal.allows == ("move", "left_out_for_quarter", "left_out_for_good", "move_client", "close_product")
    assert (course.state.status, course.state.centre) == ("new", "vlad-1")


@pytest.mark.clause("lead 9.4")
def test_a_measure_that_was_decided_moves_a_cold_lead_too() -> None:
    course = _breached()
    course.move("msk-1", measure="uid-1/7.2.3/1", by=SUPPORT_PERSON)
    assert (course.state.centre, course.state.round) == ("msk-1", 2)
    assert course.register()[1].breached


@pytest.mark.clause("lead 9.4")
def test_a_measure_needs_the_role_a_proposal_of_this_lead_that_allows_it_and_its_centre() -> None:
    course = _breached()
    fields: dict[str, Any] = {"to": "msk-1", "reason": "срок пропущен"}
    assert course.refused(Moved, **fields, by=PRINCIPAL_PERSON, measure="uid-1/7.2.3/1") == "NotYours"
    assert course.refused(Moved, **fields, by=SUPPORT_PERSON, measure="uid-9/7.2.3/1") == "NoSuchProposal"
    assert course.refused(Deleted, reason="срок пропущен", by=SUPPORT_PERSON, measure="uid-1/7.2.3/1") == "NoSuchProposal"
    course.move("msk-1", measure="uid-1/7.2.3/1", by=SUPPORT_PERSON)
    assert course.refused(Moved, to="msk-2", reason="срок пропущен", by=SUPPORT_PERSON, measure="uid-1/7.2.3/1") == "Passed"


@pytest.mark.clause("lead 9.2")
def test_a_deleted_lead_is_closed_as_withdrawn_and_its_history_stays() -> None:
    course = _course()
    course.say(ViolationReported, clause="8.2.1", evidence="клиент не знает о предложении", by=SUPPORT_PERSON)
    (proposal,) = course.measures()
    assert proposal.allows == ("delete", "left_out_for_quarter", "left_out_for_good", "disconnect")
    assert course.refused(Deleted, reason="8.2.1", by=CENTRE_PERSON, measure=proposal.key) == "NotYours"
    course.say(Deleted, reason="решение по 8.2.1", by=SUPPORT_PERSON, measure=proposal.key)
    state = course.state
    assert (state.status, state.ended, course.newest("7.2.1").note) == ("withdrawn", True, "deleted")
    assert state.booking is not None
    assert state.booking.why == "withdrawn"
    assert [f.what for f in state.facts if f.what in ("Created", "ViolationReported", "Deleted")] == [
        "Created",
        "ViolationReported",
        "Deleted",
    ]
    assert ("", "centre:vlad-1") in course.notices("ended")


@pytest.mark.clause("lead 8.2")
@pytest.mark.parametrize(
    ("clause", "allows"),
    [
        ("8.2.1", ("delete", "left_out_for_quarter", "left_out_for_good", "disconnect")),
        ("8.2.2", ("move",)),
        ("8.2.3", ("move",)),
        ("8.2.4", ("delete", "left_out_for_quarter", "left_out_for_good", "disconnect")),
    ],
)
def test_a_violation_that_is_reported_is_proposed_to_be_answered_as_its_clause_allows(clause: str, allows: tuple[str, ...]) -> None:
    course = _course()
    course.say(ViolationReported, clause=clause, evidence="звонок не состоялся", by=SUPPORT_PERSON)
    (proposal,) = course.measures()
    assert (proposal.key, proposal.clause, proposal.allows) == (f"uid-1/{clause}/1", clause, allows)
    assert proposal.evidence == "звонок не состоялся"
    assert course.state.proposals[0].key == proposal.key


@pytest.mark.clause("lead 8.2")
def test_a_second_report_is_a_proposal_of_its_own_and_only_the_sales_support_service_reports() -> None:
    course = _course()
    report: dict[str, Any] = {"clause": "8.2.2", "evidence": "отложена без причины"}
    assert course.refused(ViolationReported, **report, by=CENTRE_PERSON) == "NotYours"
    course.say(ViolationReported, **report, by=SUPPORT_PERSON)
    course.say(ViolationReported, **report, by=SUPPORT_PERSON)
    assert [m.key for m in course.measures()] == ["uid-1/8.2.2/1", "uid-1/8.2.2/1/2"]


@pytest.mark.clause("lead 9.2")
def test_a_withdrawal_before_the_centre_is_known_leaves_nothing_owed() -> None:
    course = Course(MONDAY)
    course.known = {}
    course.begun()
    course.say(WithdrawOfLead, reason="создана по ошибке", by=SUPPORT_PERSON)
    course.known = {"vlad-1": "Asia/Vladivostok"}
    course.run()
    assert (course.standings(), course.state.ended) == ({}, True)
