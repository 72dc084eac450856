"""3.1 and 1.2: by when, to the second; and which of several tellings of the payment counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.partner.intake_messages import (
    ExtendOfIntake,
    IntakePaid,
    PartnerAccepted,
    PauseOfIntake,
    ResumeOfIntake,
    WaiveOfIntake,
)
from tests.regulations.course import at, local
from tests.regulations.partner.intakes import HEAD_OF_SALES, HEAD_OF_SUPPORT, MONDAY, SUPPORT, Intake

SECOND = timedelta(seconds=1)
EDGES = [
    ("2026-11-16 12:00", "2026-11-17 19:00"),
    ("2026-11-16 00:00", "2026-11-17 19:00"),
    ("2026-11-16 23:59", "2026-11-17 19:00"),
    ("2026-11-20 23:59", "2026-11-21 19:00"),  # a Friday: the Saturday is a day off, and counts
    ("2026-11-21 00:00", "2026-11-22 19:00"),
    ("2026-06-11 18:00", "2026-06-12 19:00"),  # the eve of the holiday of 12 June
    ("2026-12-31 10:00", "2027-01-01 19:00"),
    ("2026-12-31 23:59", "2027-01-01 19:00"),
]


@pytest.mark.clause("partner 3.1")
@pytest.mark.parametrize(("paid", "due"), EDGES)
def test_a_partner_is_accepted_by_the_close_of_the_calendar_day_after_the_payment(paid: str, due: str) -> None:
    intake = Intake(paid).begin().pay()
    assert local(intake.newest("3.1").due) == due
    assert (intake.newest("3.1").owner, intake.newest("3.1").escalation) == ("support_manager:m1", "head_of_support")


@pytest.mark.clause("partner 3.1")
@pytest.mark.parametrize(("paid", "due"), EDGES)
def test_at_the_due_instant_it_is_in_time_and_a_second_later_it_is_not(paid: str, due: str) -> None:
    for late, standing in ((-SECOND, "met"), (0 * SECOND, "met"), (SECOND, "met_late")):
        intake = Intake(paid).begin().pay().go_to(at(due) - timedelta(minutes=1))
        intake.now = at(due) + late  # the timer of the due instant and the message come together
        intake.accept()
        assert intake.standings()["3.1/1"] == standing, late
        recorded = [entry for clause, entry in intake.breaches() if clause == "3.1"]
        assert recorded == (["recorded", "met_late"] if late > 0 * SECOND else [])


@pytest.mark.clause("partner 3.1")
@pytest.mark.parametrize("way", ["at the start", "by the table", "by the bank"])
def test_the_payment_is_learnt_in_three_ways(way: str) -> None:
    paid = at("2026-11-13 15:00")
    intake = Intake("2026-11-13 16:00")
    intake.begin(paid_at=paid if way == "at the start" else None)
    if way == "by the table":
        intake.hand_over(paid_at=paid)
    if way == "by the bank":
        intake.pay(paid)
    assert local(intake.newest("3.1").due) == "2026-11-14 19:00"
    assert [f.happened_at for f in intake.state.facts if f.what in ("payment", "IntakePaid")] == [paid]


@pytest.mark.clause("partner 3.1")
def test_without_a_payment_nothing_is_due_and_the_intake_of_an_accepted_partner_waits_for_it() -> None:
    intake = Intake().begin().hand_over().accept().go(days=30)
    assert (intake.stage, intake.state.newest("3.1"), intake.breaches()) == ("accepted", None, [])
    paid = intake.now
    intake.pay(paid)
    assert (intake.stage, intake.standings()["3.1/1"], intake.newest("3.1").met_at) == ("done", "met", at(MONDAY))
    assert len(intake.messages) == 1, "the account was begun once, by the acceptance"


@pytest.mark.clause("partner 3.1")
@settings(max_examples=25)
@given(st.lists(st.integers(-36, 0), min_size=1, max_size=5))
def test_of_several_tellings_of_the_payment_the_earliest_counts_in_whatever_order(hours: list[int]) -> None:
    intake = Intake(MONDAY).begin()
    for hour in hours:
        intake.pay(at(MONDAY) + timedelta(hours=hour))
    first = at(MONDAY) + timedelta(hours=min(hours))  # on Sunday or Monday: no term has passed yet
    alone = Intake(MONDAY).begin().pay(first)
    assert intake.newest("3.1").started_at == first
    assert intake.newest("3.1").plan == alone.newest("3.1").plan
    assert intake.standings() == alone.standings()


@pytest.mark.clause("partner 3.1")
def test_an_earlier_time_moves_the_term_and_a_later_one_does_not() -> None:
    intake = Intake("2026-11-18 12:00").begin().pay()
    assert local(intake.newest("3.1").due) == "2026-11-19 19:00"
    intake.pay(at("2026-11-17 23:00"))
    assert local(intake.newest("3.1").due) == "2026-11-18 19:00"
    intake.pay(at("2026-11-17 23:30"))
    assert local(intake.newest("3.1").due) == "2026-11-18 19:00"
    [moved] = [f.note for f in intake.state.facts if f.what == "payment_earlier"]
    assert moved.startswith("18.11.2026 12:00 (+03:00) → 17.11.2026 23:00")


@pytest.mark.clause("partner 3.1")
def test_an_earlier_time_whose_term_has_passed_is_a_breach_at_the_true_instant_told_as_learnt_late() -> None:
    intake = Intake("2026-11-18 12:00").begin().pay().pay(at("2026-11-16 09:00"))
    assert intake.standings()["3.1/1"] == "overdue"
    assert local(intake.newest("3.1").breached_at) == "2026-11-17 19:00"
    for role in ("support_manager:m1", "head_of_support"):
        [said] = intake.told(role, "breach")
        assert "3.1" in said
        assert "узнали позже" in said
    assert intake.accept().standings()["3.1/1"] == "met_late"


@pytest.mark.clause("partner 3.1")
@pytest.mark.parametrize(("truly_paid", "standing"), [("2026-11-17 09:00", "met"), ("2026-11-16 09:00", "met_late")])
def test_an_acceptance_is_held_against_the_earlier_time(truly_paid: str, standing: str) -> None:
    intake = Intake("2026-11-18 12:00").begin().pay().accept()
    assert intake.standings()["3.1/1"] == "met"
    intake.pay(at(truly_paid))
    assert intake.standings()["3.1/1"] == standing
    assert intake.breaches() == ([] if standing == "met" else [("3.1", "recorded"), ("3.1", "met_late")])


@pytest.mark.clause("partner 3.1")
def test_what_was_extended_waived_or_recorded_keeps_its_instant() -> None:
    given: dict[str, Any] = {"clause": "3.1", "reason": "ждём документы", "by": HEAD_OF_SUPPORT}
    extended = Intake().begin().pay().say(ExtendOfIntake, new_due=at("2026-11-25 12:00"), **given)
    assert local(extended.pay(at("2026-11-10 12:00")).newest("3.1").due) == "2026-11-25 12:00"
    waived = Intake().begin().pay().say(WaiveOfIntake, **given).pay(at("2026-11-10 12:00"))
    assert (waived.standings()["3.1/1"], waived.breaches()) == ("waived", [])
    late = Intake().begin().pay().go_to("2026-11-18 10:00")
    late.pay(at("2026-11-10 12:00"))
    assert local(late.newest("3.1").breached_at) == "2026-11-17 19:00"
    assert late.breaches() == [("1.2", "recorded"), ("3.1", "recorded")]


@pytest.mark.clause("partner 3.1")
def test_an_acceptance_that_was_made_in_time_and_is_learnt_late_withdraws_the_breach() -> None:
    intake = Intake().begin().hand_over().pay().go_to("2026-11-18 10:00")
    assert intake.breaches() == [("3.1", "recorded")]
    intake.accept(at("2026-11-17 19:00"))
    assert intake.breaches() == [("3.1", "recorded"), ("3.1", "withdrawn")]
    assert len(intake.told("support_manager:m1", "breach_withdrawn")) == 1


@pytest.mark.clause("partner 1.2")
@pytest.mark.clause("partner 1.3")
@pytest.mark.parametrize(
    ("moved", "due"),
    [
        ("2026-11-16 12:00", "2026-11-16 14:00"),
        ("2026-11-16 17:00", "2026-11-16 19:00"),
        ("2026-11-20 18:30", "2026-11-23 11:30"),
        ("2026-11-20 23:00", "2026-11-23 12:00"),
    ],
)
def test_sales_has_two_working_hours_from_the_move(moved: str, due: str) -> None:
    intake = Intake(moved).begin(agreements={})
    assert {o.clause: local(o.due) for o in intake.state.obligations} == {"1.2": due, "1.3": due}
    assert {o.owner for o in intake.state.obligations} == {"sales_manager:s1"}
    in_time, late = Intake(moved).begin(), Intake(moved).begin()
    in_time.now, late.now = at(due), at(due) + SECOND
    assert in_time.hand_over().standings()["1.2/1"] == "met"
    assert late.hand_over().standings()["1.2/1"] == "met_late"


@pytest.mark.clause("partner 1.2")
def test_one_reminder_before_the_term_and_one_word_at_the_breach_to_owner_and_head() -> None:
    intake = Intake().begin().go_to(at("2026-11-16 14:00") - SECOND)
    assert len(intake.told("sales_manager:s1", "warning")) == 1
    assert intake.breaches() == []
    intake.go_to("2026-11-20 10:00")
    assert intake.breaches() == [("1.2", "recorded")]
    assert len(intake.told("sales_manager:s1", "warning")) == 1
    assert len(intake.told("sales_manager:s1", "breach")) == len(intake.told("head_of_sales", "breach")) == 1


@pytest.mark.clause("partner 3.1")
def test_a_pause_stops_the_clock_and_only_the_escalation_role_may_do_any_of_it() -> None:
    given: dict[str, Any] = {"clause": "3.1", "reason": "партнёр в отпуске"}
    intake = Intake().begin().hand_over().pay()
    for by in (SUPPORT, HEAD_OF_SALES):
        assert intake.refused(WaiveOfIntake, by=by, **given) == "NotYours"
        assert intake.refused(ExtendOfIntake, by=by, new_due=at("2026-11-25 12:00"), **given) == "NotYours"
        assert intake.refused(PauseOfIntake, by=by, **given) == "NotYours"
    intake.say(PauseOfIntake, by=HEAD_OF_SUPPORT, **given).go_to("2026-11-18 11:00")
    assert intake.breaches() == []
    intake.say(ResumeOfIntake, clause="3.1", by=HEAD_OF_SUPPORT)
    assert at("2026-11-18 11:00") < (intake.newest("3.1").due or at(MONDAY)) <= at("2026-11-20 19:00")


@pytest.mark.clause("partner 3.1")
@pytest.mark.parametrize(
    ("kind", "happened", "type"),
    [
        (PartnerAccepted, "2026-11-16 11:00", "ImpossibleDate"),
        (PartnerAccepted, "2026-11-16 12:06", "FromTheFuture"),
        (IntakePaid, "2026-11-16 12:06", "FromTheFuture"),
        (IntakePaid, "2025-11-14 12:00", "ImpossibleDate"),
    ],
)
def test_a_date_that_cannot_be(kind: type[IntakePaid | PartnerAccepted], happened: str, type: str) -> None:
    more: dict[str, Any] = {"by": SUPPORT} if kind is PartnerAccepted else {}
    assert Intake().begin().refused(kind, at(happened), **more) == type
