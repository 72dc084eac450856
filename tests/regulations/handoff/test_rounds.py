"""Returns, resubmissions, acceptances undone, and the orderly ends of a handoff."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulations.handoff.narration import result
from regulations.handoff.rows import AcceptedClientRow, PaymentRegisterRow
from regulations.messages import (
    AccessGranted,
    ClosingDocumentsSigned,
    ContractSigned,
    FirstContact,
    Message,
    Returned,
    TrainingDone,
    Withdraw,
)
from regulations.rows import BreachRow
from tests.regulations.course import at
from tests.regulations.handoff.course import CC_HEAD_PERSON, CC_PERSON, MANAGER, Course, sale

MONDAY = "2026-11-16 10:00"


def _transferred() -> Course:
    course = Course(at(MONDAY))
    course.careful = True
    return course.transferred()


def _standings(course: Course, round_: int) -> dict[str, str]:
    return {o.clause: o.standing.value for o in course.state.obligations if o.key.endswith(f"/{round_}")}


def _registers(course: Course) -> list[tuple[str, int, str]]:
    rows = [(r.table, r.round, r.entry) for r in course.rows if isinstance(r, AcceptedClientRow | PaymentRegisterRow)]
    return list(dict.fromkeys(rows))


@pytest.mark.clause("handoff 3.3")
def test_a_return_waives_what_is_open_in_the_round_and_leaves_the_partners_record() -> None:
    course = _transferred()
    course.go(hours=1)
    course.give_back("3.3")
    assert _standings(course, 1) == {"2.2.2": "met", "2.2.3": "met", "2.2.4": "waived", "2.2.5": "waived", "5.3 (2)": "waived"}
    assert {o.note for o in course.state.obligations if o.standing == "waived"} == {"returned"}
    assert {c: course.newest(c).standing.value for c in ("2.1.2", "2.1.3", "2.1.4")} == {"2.1.2": "open", "2.1.3": "met", "2.1.4": "met"}
    assert course.state.stage == "returned"


@pytest.mark.clause("handoff 3.3")
def test_a_return_alone_is_no_new_transfer() -> None:
    course = _transferred()
    course.give_back("3.3")
    course.go(days=3)
    assert (course.state.stage, course.state.round) == ("returned", 1)


@pytest.mark.clause("handoff 2.2.4")
def test_a_resubmission_opens_the_round_anew_from_its_own_time() -> None:
    course = _transferred()
    course.go(hours=1)
    course.give_back("3.3")
    course.go_to(at("2026-11-20 17:30"))
    course.request(files=())  # the files of the first round are still there
    assert (course.state.stage, course.state.round) == ("checking", 2)
    assert course.state.transfer_at == at("2026-11-20 17:30")
    assert _standings(course, 2) == dict.fromkeys(("2.2.2", "2.2.3", "2.2.4", "2.2.5", "5.3 (2)"), "open")
    assert course.due_of("2.2.4") == "2026-11-25 14:30"
    assert "resubmission/1" not in course.state.waits


@pytest.mark.clause("handoff 2.2.4")
def test_breaches_of_a_round_outlive_its_return() -> None:
    course = _transferred()
    course.go_to(at("2026-11-18 17:00"))
    course.give_back("3.4")
    duty = next(o for o in course.state.obligations if o.key == "2.2.4/1")
    assert (duty.standing, duty.breached_at) == ("waived", at("2026-11-18 16:00"))
    course.request()
    course.say(FirstContact)
    assert ("2.2.4", "recorded") in course.breaches()
    assert ("2.2.4", "withdrawn") not in course.breaches()
    assert course.newest("2.2.4").standing == "met"


@pytest.mark.clause("handoff 2.2.4")
@pytest.mark.parametrize("decide_between", [True, False])
def test_a_term_that_ran_out_before_the_return_is_a_breach_whichever_is_handled_first(decide_between: bool) -> None:
    course = _transferred()
    course.go_to(at("2026-11-18 15:59"))
    if decide_between:
        course.go_to(at("2026-11-18 17:00"))
    course.now = at("2026-11-18 17:00")
    course.give_back("3.4")
    rows = [(r.due, r.entry.value) for r in course.rows if isinstance(r, BreachRow) and r.clause == "2.2.4"]
    assert rows == [(at("2026-11-18 16:00"), "recorded")]
    assert next(o for o in course.state.obligations if o.key == "2.2.4/1").standing == "waived"


@pytest.mark.clause("handoff 3.3")
def test_the_partners_record_of_the_first_request_stays_through_every_round() -> None:
    course = Course(at(MONDAY)).paid()
    course.go_to(at("2026-11-17 13:00"))
    course.request()
    kept = course.newest("2.1.3").model_copy()
    assert kept.standing == "met_late"
    for _ in range(12):
        course.give_back("3.3")
        course.go(hours=1)
        course.request()
    assert course.newest("2.1.3") == kept
    assert course.state.round == 13
    assert course.breaches().count(("2.1.3", "recorded")) == 1
    # The key of 2.1.2 ends with the number of round 2, and that of round 11 with the number of round 1: none is taken for another.
    assert course.newest("2.1.2").standing == "overdue"
    assert set(_standings(course, 13).values()) == {"open"}
    assert set(_standings(course, 12).values()) == {"met", "waived"}


@pytest.mark.clause("handoff 3.3")
def test_a_return_that_is_not_resubmitted_within_30_calendar_days_closes_as_refused() -> None:
    course = _transferred()
    course.give_back("3.3")
    course.go_to(at("2026-12-16 09:59"))
    assert course.state.stage == "returned"
    course.go_to(at("2026-12-16 10:00"))
    assert (course.state.outcome, course.state.ended) == ("refused", True)
    assert course.templates()[-1] == "not_resubmitted"
    assert course.letters[-1].values["returned_on"] == "16.11.2026 10:00 (+03:00)"
    assert course.notices("ended") == [("", "cc_head")]
    assert not list(course.state.unmet())


@pytest.mark.clause("handoff 3.3")
def test_the_wait_for_a_resubmission_begins_anew_with_each_return() -> None:
    course = _transferred()
    course.give_back("3.3")
    course.go(days=20)
    course.request()
    course.give_back("3.3")
    course.go(days=29)
    assert course.state.stage == "returned"
    course.go(days=1)
    assert course.state.outcome == "refused"


@pytest.mark.clause("handoff 3.1")
@pytest.mark.parametrize("clause", ["3.1", "3.4"])
def test_a_client_who_declines_at_the_first_contact_turns_the_acceptance_into_a_return(clause: str) -> None:
    course = _transferred()
    course.accept()
    course.go(hours=1)
    course.give_back(clause)
    assert course.state.stage == "returned"
    assert _registers(course) == [
        ("payments_register", 1, "entered"),
        ("accepted_clients", 1, "accepted"),
        ("accepted_clients", 1, "reversed"),
        ("payments_register", 1, "reversed"),
    ]
    assert [r.fields["status"] for r in course.records] == ["accepted", "reversed"]
    assert course.templates()[-2:] == ["accepted", "returned"]


@pytest.mark.clause("handoff 3.1")
@pytest.mark.parametrize("clause", ["3.2", "3.3"])
def test_no_other_ground_undoes_an_acceptance(clause: str) -> None:
    course = _transferred()
    course.accept()
    assert course.refused(Returned, by=CC_PERSON, reasons=[{"clause": "3.1"}, {"clause": clause}]) == "WrongStage"


@pytest.mark.clause("handoff 4.2")
def test_a_client_accepted_again_has_a_row_of_its_own_and_each_row_is_reversed_at_most_once() -> None:
    course = _transferred()
    for _ in range(3):
        course.accept()
        course.go(minutes=10)
        course.give_back("3.1")
        course.go(minutes=10)
        course.request()
    course.accept()
    rows = [r for r in _registers(course) if r[0] == "accepted_clients"]
    assert rows == [("accepted_clients", n, e) for n in (1, 2, 3) for e in ("accepted", "reversed")] + [("accepted_clients", 4, "accepted")]


@pytest.mark.clause("handoff 4.2")
def test_an_acceptance_undone_in_the_same_breath_has_both_its_rows() -> None:
    course = _transferred()
    course.accept(settle=False)
    course.give_back("3.1")
    entries = [r.entry for r in course.rows if isinstance(r, AcceptedClientRow)]
    assert entries == ["accepted", "reversed"]


@pytest.mark.clause("handoff 2.2.7")
def test_closing_documents_of_an_acceptance_that_was_undone_close_nothing_later() -> None:
    course = _transferred()
    course.say(AccessGranted, reference="acc-1", tariff="bureau-12")
    course.accept()
    course.say(ClosingDocumentsSigned)
    assert course.newest("2.2.7").standing == "met"
    course.give_back("3.1")
    course.request()
    course.accept()
    assert course.newest("2.2.7").key == "2.2.7/2"
    assert course.newest("2.2.7").standing == "open"


@pytest.mark.clause("handoff 2.2.1")
def test_what_is_proven_for_good_is_not_owed_again_in_a_later_round() -> None:
    course = _transferred()
    course.accept()
    for kind in (ContractSigned, FirstContact, TrainingDone):
        course.say(kind)
    course.give_back("3.1")
    course.request()
    course.accept()
    assert {c: _standings(course, 2)[c] for c in ("2.2.1", "2.2.4", "5.3 (2)")} == dict.fromkeys(("2.2.1", "2.2.4", "5.3 (2)"), "met")


# --- withdraw -------------------------------------------------------------------------------------------------------


def _awaiting_payment(course: Course) -> None:
    course.payments = ()
    course.deliver_sale()


def _awaiting_transfer(course: Course) -> None:
    course.paid()


def _checking(course: Course) -> None:
    course.transferred()


def _returned(course: Course) -> None:
    course.transferred()
    course.give_back("3.3")


def _accepted(course: Course) -> None:
    course.transferred()
    course.accept()


@pytest.mark.parametrize("reach", [_awaiting_payment, _awaiting_transfer, _checking, _returned, _accepted])
@pytest.mark.parametrize("when", [MONDAY, "2026-11-20 20:00"])
def test_a_withdrawal_ends_any_stage_in_an_orderly_way(reach: object, when: str) -> None:
    course = Course(at(when))
    course.careful = True
    reach(course)  # type: ignore[operator]
    accepted = course.state.stage == "accepted"
    course.say(Withdraw, reason="ошибка продажи", by=CC_HEAD_PERSON)
    course.go(days=4)
    assert (course.state.stage, course.state.ended, course.state.outcome) == ("withdrawn", True, "withdrawn")
    assert not list(course.state.unmet())
    assert not course.state.tells
    assert course.templates()[-1] == "withdrawn"
    assert course.templates().count("withdrawn") == 1
    assert course.letters[-1].now == course.calendar.next_open(at(when))
    assert course.notices("ended") == [("", "cc_head")]
    assert [r for r in _registers(course) if r[2] == "reversed"] == (
        [("accepted_clients", 1, "reversed"), ("payments_register", 1, "reversed")] if accepted else []
    )
    assert course.wake_at is None


@pytest.mark.parametrize("kind", [FirstContact, ContractSigned, TrainingDone])
def test_what_comes_during_the_ending_is_refused_by_name(kind: type[Message]) -> None:
    course = Course(at("2026-11-20 20:00")).transferred()
    course.say(Withdraw, reason="ошибка продажи", by=CC_HEAD_PERSON)
    assert not course.state.ended  # the partner's letter waits for Monday
    assert course.refused(kind) == "Ended"
    course.go_to(at("2026-11-23 09:00"))
    assert course.state.ended
    assert course.refused(kind) == "Ended"


def test_a_withdrawal_takes_back_what_the_partner_was_about_to_be_asked_for() -> None:
    course = Course(at("2026-11-20 20:00")).paid()
    course.request(files=())
    course.say(Withdraw, reason="ошибка продажи", by=CC_HEAD_PERSON)
    course.go_to(at("2026-11-23 12:00"))
    assert course.templates() == ["withdrawn"]


def test_a_withdrawal_before_anything_was_decided_leaves_nothing_owed() -> None:
    course = Course(at(MONDAY))
    course.deliver(sale(course.now, told=False), settle=False)
    course.say(Withdraw, reason="ошибка продажи", by=CC_HEAD_PERSON)
    assert course.state.ended
    assert not list(course.state.unmet())


@pytest.mark.parametrize(("role", "admitted"), [("cc", False), ("partner", False), ("cc_head", True), ("senior_regional_manager", True)])
def test_only_roles_of_escalation_may_withdraw(role: str, admitted: bool) -> None:
    course = _transferred()
    by = MANAGER.model_copy(update={"role": role})
    if admitted:
        course.say(Withdraw, reason="ошибка продажи", by=by)
        assert course.state.ended
    else:
        assert course.refused(Withdraw, reason="ошибка продажи", by=by) == "NotYours"


def test_the_result_counts_what_became_of_every_duty() -> None:
    course = _transferred()
    course.go_to(at("2026-11-18 17:00"))
    course.say(FirstContact, at("2026-11-18 16:00") + timedelta(minutes=1))
    course.say(Withdraw, reason="ошибка продажи", by=CC_HEAD_PERSON)
    # 2.1.1, 2.1.3, 2.1.4 in time; 2.2.4 late; 2.1.2 and 2.2.3 overdue and let go, as 2.2.2, 2.2.5 and 5.3 (2).
    assert result(course.state).model_dump() == {"outcome": "withdrawn", "met": 3, "met_late": 1, "waived": 5, "breaches": 3}
