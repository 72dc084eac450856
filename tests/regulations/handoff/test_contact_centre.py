"""What the contact centre owes (2.2), what an acceptance writes down (4.1, 4.2), and when the case is over."""

from __future__ import annotations

from datetime import date

import pytest

from regulations.case import Refusal
from regulations.effects import BillingAnswer, CrmOutcome, Letter, LetterOutcome
from regulations.handoff.facts import learn_billing, learn_crm, learn_letter
from regulations.handoff.rows import AcceptedClientRow, PaymentRegisterRow
from regulations.messages import (
    AccessGranted,
    ClosingDocumentsSigned,
    ContractSigned,
    EnteredIntoCrm,
    FirstContact,
    TrainingDone,
    Waive,
    Withdraw,
)
from tests.regulations.course import at
from tests.regulations.handoff.course import CC_HEAD_PERSON, CC_PERSON, MANAGER, QUESTIONNAIRE, Course

MONDAY = "2026-11-16 10:00"


def _begin(when: str = MONDAY) -> Course:
    course = Course(at(when))
    course.careful = True
    return course


def _clients(course: Course) -> list[tuple[int, str]]:
    """Entries of the register of accepted clients by natural key: a later row of the same entry replaces the earlier."""
    return list(dict.fromkeys((r.round, r.entry) for r in course.rows if isinstance(r, AcceptedClientRow)))


def _payments(course: Course) -> list[tuple[int, str]]:
    return [(r.round, r.entry) for r in course.rows if isinstance(r, PaymentRegisterRow)]


# --- 2.2: the contact centre ----------------------------------------------------------------------------------------


@pytest.mark.clause("handoff 2.2.1")
@pytest.mark.parametrize(("contract", "owed"), [("written", True), ("offer", False)])
def test_only_a_written_contract_is_prepared_and_signed(contract: str, owed: bool) -> None:
    course = _begin().transferred(contract=contract)
    course.accept()
    assert any(o.clause == "2.2.1" for o in course.state.obligations) is owed


@pytest.mark.clause("handoff 2.2.2")
def test_the_machine_names_every_missing_field_and_a_person_may_accept_all_the_same_with_a_reason() -> None:
    answers = {k: v for k, v in QUESTIONNAIRE.items() if k not in ("phone", "tax_regime")} | {"inn": "7707083894"}
    course = _begin().paid()
    course.request(questionnaire=answers)
    with pytest.raises(Refusal, match="tax_regime, phone, inn:wrong") as refusal:
        course.accept()
    assert refusal.value.type == "Incomplete"
    course.accept(despite="клиент назвал по телефону")
    assert course.state.stage == "accepted"


@pytest.mark.clause("handoff 2.2.3")
def test_the_reply_goes_at_once_in_the_partners_own_thread_and_is_held_when_unsure() -> None:
    course = _begin("2026-11-16 20:00").transferred()
    course.accept()
    letter = course.letters[-1]
    assert (letter.template, letter.now, letter.on_unknown) == ("handoff/accepted", course.now, "hold")
    assert letter.thread is not None
    assert letter.thread.subject == "Обучение клиента от ИП Петров"
    assert course.newest("2.2.2").standing == course.newest("2.2.3").standing == "met"


@pytest.mark.clause("handoff 3.3")
def test_a_return_is_an_answer_too_and_names_its_grounds() -> None:
    answers = {k: v for k, v in QUESTIONNAIRE.items() if k != "phone"}
    course = _begin().paid()
    course.request(questionnaire=answers)
    course.give_back("3.3", "3.2", comment="Жду")
    assert course.newest("2.2.3").standing == course.newest("2.2.2").standing == "met"
    letter = course.letters[-1]
    assert letter.template == "handoff/returned"
    assert letter.values["resubmit_by"] == "ср 16.12.2026 10:00 (+03:00)"
    assert letter.values["comment"] == "Жду"
    assert letter.values["reasons"] == [
        {"clause": "3.3", "text": "сведения о клиенте не предоставлены или неполны", "details": ["телефон"]},
        {"clause": "3.2", "text": "платёж не найден в отчёте о поступлениях", "details": []},
    ]


@pytest.mark.clause("handoff 2.2.4")
def test_the_first_contact_may_be_made_before_the_acceptance() -> None:
    course = _begin().transferred()
    course.say(FirstContact)
    assert course.newest("2.2.4").standing == "met"
    assert course.state.stage == "checking"


@pytest.mark.clause("handoff 2.2.5")
def test_the_client_is_entered_into_the_crm_once_and_that_meets_the_duty() -> None:
    course = _begin().transferred()
    course.accept()
    (record,) = course.records
    assert (record.external_id, record.fields["status"], record.fields["client_login"]) == ("handoff-D-1", "accepted", "client@example.org")
    assert course.newest("2.2.5").standing == "met"


@pytest.mark.clause("handoff 2.2.5")
def test_a_crm_that_refuses_leaves_the_duty_open_for_a_person_who_enters_it_by_hand() -> None:
    course = _begin().transferred()
    course.silent.add("crm")
    course.accept()
    learn_crm(course.state, course.records[0], None, course.now)
    course.run()
    assert course.newest("2.2.5").standing == "open"
    assert course.incidents() == ["crm_refused"]
    assert ("", "cc_head") in course.notices("incident")
    course.say(EnteredIntoCrm, record="z-77")
    assert course.newest("2.2.5").standing == "met"


@pytest.mark.clause("handoff 2.2.5")
def test_entries_into_the_crm_go_one_at_a_time_so_that_the_reversal_is_the_last_word() -> None:
    course = _begin().transferred()
    course.silent.add("crm")
    course.accept()
    course.give_back("3.1")
    assert [r.fields["status"] for r in course.records] == ["accepted"]
    learn_crm(course.state, course.records[0], CrmOutcome(record_id="z1", action="inserted"), course.now)
    course.run()
    assert [r.fields["status"] for r in course.records] == ["accepted", "reversed"]
    assert len({r.key for r in course.records}) == 2


@pytest.mark.clause("handoff 2.2.5")
def test_doubles_in_the_crm_are_an_incident() -> None:
    course = _begin().transferred()
    course.silent.add("crm")
    course.accept()
    learn_crm(course.state, course.records[0], CrmOutcome(record_id="z1", action="updated", duplicates=("z2",)), course.now)
    course.run()
    assert course.newest("2.2.5").standing == "met"
    assert course.incidents() == ["crm_duplicates"]


@pytest.mark.clause("handoff 2.2.6")
def test_an_acceptance_writes_the_payments_register_and_the_register_of_accepted_clients() -> None:
    course = _begin()
    course.grant(starts_on=date(2026, 12, 1))
    course.transferred()
    course.accept()
    assert _payments(course) == _payments(course)[:1] == [(1, "entered")]
    row = next(r for r in course.rows if isinstance(r, AcceptedClientRow))
    assert (row.entry, row.round, row.at) == ("accepted", 1, course.now)
    assert (row.access_granted_at, row.tariff_starts_on, row.tariff) == (course.now, date(2026, 12, 1), "bureau-12")
    assert (row.payment_reference, str(row.payment_amount), row.payment_currency) == ("pay-1", "12000", "RUB")


@pytest.mark.clause("handoff 4.2")
def test_the_row_of_the_accepted_client_is_kept_up_to_date_with_access_and_first_contact() -> None:
    course = _begin().transferred()
    course.accept()
    course.go(hours=1)
    course.say(AccessGranted, reference="acc-1", tariff="bureau-12")
    course.say(FirstContact)
    row = [r for r in course.rows if isinstance(r, AcceptedClientRow)][-1]
    assert (row.access_granted_at, row.first_contact_at) == (course.now, course.now)
    assert _clients(course) == [(1, "accepted")]


@pytest.mark.clause("handoff 4.1")
def test_an_activation_and_a_tariff_that_starts_later_are_both_kept() -> None:
    course = _begin().transferred()
    course.say(AccessGranted, reference="acc-1", tariff="bureau-12")
    course.accept()
    rows = [r for r in course.rows if isinstance(r, AcceptedClientRow)]
    assert (rows[-1].access_granted_at, rows[-1].tariff_starts_on) == (course.now, None)
    learn_billing(course.state, BillingAnswer(access=course.state.access.model_copy(update={"starts_on": date(2027, 1, 1)})), course.now)  # type: ignore[union-attr]
    course.run()
    rows = [r for r in course.rows if isinstance(r, AcceptedClientRow)]
    assert (rows[-1].access_granted_at, rows[-1].tariff_starts_on) == (course.now, date(2027, 1, 1))


@pytest.mark.clause("handoff 2.2.7")
@pytest.mark.parametrize(
    ("granted", "accepted", "due"),
    [
        ("2026-11-16 10:00", "2026-11-17 10:00", "2026-11-30 18:00"),
        ("2026-11-16 10:00", "2026-12-01 10:00", "2026-12-30 18:00"),
        ("2026-12-01 10:00", "2026-11-17 10:00", "2026-12-30 18:00"),
    ],
)
def test_closing_documents_are_due_at_the_end_of_the_month_of_access_or_acceptance_whichever_is_later(
    granted: str, accepted: str, due: str
) -> None:
    course = _begin().transferred()
    for moment, what in sorted([(granted, "grant"), (accepted, "accept")]):
        course.go_to(at(moment))
        if what == "grant":
            course.say(AccessGranted, reference="acc-1", tariff="bureau-12")
        else:
            course.accept()
    assert course.due_of("2.2.7") == due


@pytest.mark.clause("handoff 2.2.7")
def test_without_access_closing_documents_are_not_owed_until_the_access_is_waived() -> None:
    course = _begin().transferred()
    course.accept()
    assert not any(o.clause == "2.2.7" for o in course.state.obligations)
    course.say(Waive, clause="2.1.2", reason="доступ не нужен", by=MANAGER)
    assert course.due_of("2.2.7") == "2026-11-30 18:00"


# --- the end --------------------------------------------------------------------------------------------------------


def _finished() -> Course:
    course = _begin()
    course.grant()
    course.transferred()
    course.accept()
    for kind in (FirstContact, ContractSigned, ClosingDocumentsSigned):
        course.say(kind)
        assert not course.state.ended
    return course


@pytest.mark.clause("handoff 5.3 (2)")
def test_the_case_is_done_when_every_duty_is_met_and_not_before() -> None:
    course = _finished()
    course.say(TrainingDone)
    assert (course.state.ended, course.state.outcome) == (True, "done")
    assert course.wake_at is None
    assert course.refused(FirstContact) == "Ended"


@pytest.mark.clause("handoff 2.2.3")
def test_the_case_does_not_end_before_the_fate_of_its_letters_is_known_and_a_refused_one_is_told() -> None:
    course = _finished()
    course.silent.add("post")
    course.say(Withdraw, reason="ошибка продажи", by=CC_HEAD_PERSON)
    assert (course.state.stage, course.state.ended) == ("withdrawn", False)
    learn_letter(course.state, course.letters[-1], None, course.now)
    course.run()
    assert course.state.ended
    assert course.incidents() == ["letter_refused"]
    assert ("", "cc_head") in course.notices("incident")


@pytest.mark.parametrize(
    ("outcome", "what"),
    [
        (LetterOutcome(result="held", message_id="<m@x>", subject="s"), "letter_held"),
        (LetterOutcome(result="sent", message_id="<m@x>", subject="s", refused=1), "letter_doubtful"),
        (LetterOutcome(result="sent", message_id="<m@x>", subject="s", repeated=True), "letter_doubtful"),
    ],
)
def test_a_letter_of_which_nobody_knows_is_an_incident(outcome: LetterOutcome, what: str) -> None:
    course = _begin().transferred()
    course.post = outcome
    course.accept()
    assert course.incidents() == [what]


def test_an_answer_of_billing_after_the_end_opens_nothing() -> None:
    course = _begin()
    course.silent.add("billing")
    course.deliver_sale()
    course.say(Withdraw, reason="ошибка продажи", by=CC_HEAD_PERSON)
    assert course.state.stage == "withdrawn"
    course.pay()
    course.grant()
    learn_billing(course.state, BillingAnswer(payments=course.payments, access=course.access), course.now)
    course.run()
    assert (course.state.stage, course.state.ended) == ("withdrawn", True)
    assert not list(course.state.unmet())


def test_no_letter_of_a_case_is_ever_sent_twice_and_all_have_keys_of_their_own() -> None:
    course = _begin().transferred()
    for _ in range(4):
        course.give_back("3.4")
        course.go(hours=2)
        course.request()
    course.accept()
    keys = [letter.key for letter in course.letters]
    assert len(keys) == len(set(keys))


def test_a_letter_is_told_apart_by_what_it_is_about() -> None:
    course = _begin().transferred()
    course.accept()
    accepted: Letter = course.letters[-1]
    assert accepted.key.startswith("uid#handoff/accepted#k")
    assert CC_PERSON.role == "cc"
