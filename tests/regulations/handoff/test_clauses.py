"""The handoff clause by clause: what starts it, what each duty is proven by, what the registers and the partner get."""

from __future__ import annotations

from datetime import date

import pytest

from regulations.case import Refusal
from regulations.effects import (
    AcceptedClientRow,
    AnyRow,
    BillingAnswer,
    CrmOutcome,
    IncidentRow,
    Letter,
    LetterOutcome,
    PaymentRegisterRow,
    Price,
)
from regulations.handoff.facts import learn_billing, learn_crm, learn_letter
from regulations.messages import (
    AccessGranted,
    ClosingDocumentsSigned,
    ContractSigned,
    EnteredIntoCrm,
    FirstContact,
    RequestFile,
    TrainingDone,
    Waive,
    Withdraw,
)
from tests.regulations.handoff.course import (
    CC_HEAD_PERSON,
    CC_PERSON,
    FILES,
    MANAGER,
    QUESTIONNAIRE,
    Course,
    at,
    sale,
)

MONDAY = "2026-11-16 10:00"
QUESTIONNAIRE_FILE, CONTRACT_FILE = FILES


def _begin(when: str = MONDAY) -> Course:
    course = Course(at(when))
    course.careful = True
    return course


def _clients(course: Course) -> list[tuple[int, str]]:
    """Entries of the register of accepted clients by natural key: a later row of the same entry replaces the earlier."""
    return list(dict.fromkeys((r.round, r.entry) for r in course.rows if isinstance(r, AcceptedClientRow)))


def _payments(course: Course) -> list[tuple[int, str]]:
    return [(r.round, r.entry) for r in course.rows if isinstance(r, PaymentRegisterRow)]


def _incidents(rows: list[AnyRow]) -> list[str]:
    return [r.what for r in rows if isinstance(r, IncidentRow)]


# --- the start ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("handoff 1.2")
def test_a_partner_who_may_collect_payments_is_refused_by_the_clause_and_nothing_runs() -> None:
    course = _begin()
    before = course.state.model_dump_json()
    with pytest.raises(Refusal, match=r"handoff 1\.2") as refusal:
        course.deliver(sale(course.now, collects=True))
    assert refusal.value.type == "OutsideRegulation"
    assert course.state.model_dump_json() == before


@pytest.mark.parametrize(("days", "refused"), [(366, False), (367, True)])
def test_a_sale_of_long_ago_is_refused_since_no_calendar_reaches_there(days: int, refused: bool) -> None:
    course = _begin()
    long_ago = sale(at("2025-11-15 10:00") if days == 366 else at("2025-11-14 10:00"))
    if refused:
        with pytest.raises(Refusal, match="correct its date"):
            course.deliver(long_ago)
    else:
        course.deliver(long_ago)


@pytest.mark.clause("handoff 2.1.1")
def test_a_declaration_with_the_sale_or_with_the_request_meets_it() -> None:
    course = _begin()
    course.deliver_sale(told=True)
    assert course.duty("2.1.1").standing == "met"
    course = _begin().paid(told=False)
    assert course.duty("2.1.1").standing == "open"
    course.request(told_client=True)
    assert course.duty("2.1.1").standing == "met"


@pytest.mark.clause("handoff 2.1.1")
@pytest.mark.parametrize("told", [False, None])
def test_what_was_not_declared_is_no_ground_for_refusal_and_is_asked_for_with_the_acceptance(told: bool | None) -> None:
    course = _begin().transferred(told=told)
    course.accept()
    duty = course.duty("2.1.1")
    assert (duty.standing, duty.breached_at, duty.due) == ("waived", None, None)
    assert course.letters[-1].values["ask_told_client"] is True


# --- 3.2: the payment -----------------------------------------------------------------------------------------------


@pytest.mark.clause("handoff 3.2")
@pytest.mark.parametrize(
    ("amount", "currency", "reached", "what"),
    [
        ("11999.99", "RUB", MONDAY, "payment_too_small"),
        ("12000", "USD", MONDAY, "payment_in_another_currency"),
        ("12000", "RUB", "2026-11-16 10:06", "payment_from_the_future"),
        ("12000", "RUB", "2024-01-10 10:00", "payment_too_old"),
    ],
)
def test_a_payment_that_does_not_count_is_an_incident_once_and_a_right_one_after_it_counts(
    amount: str, currency: str, reached: str, what: str
) -> None:
    course = _begin()
    course.price = Price.model_validate({"tariff": "bureau-12", "amount": "12000", "currency": "RUB"})
    course.pay(at(reached), amount, currency)
    course.deliver_sale()
    course.look_up()
    assert course.state.stage == "awaiting_payment"
    assert _incidents(course.rows) == [what]
    assert course.notices("incident") == [("", "cc_head")]

    course.go_to(at("2026-11-17 11:00"))
    course.pay()
    course.look_up()
    assert course.state.stage == "awaiting_transfer"
    assert course.state.payment is not None
    assert course.state.payment.reference in ("pay-1", "pay-2")
    assert _incidents(course.rows) == [what]


@pytest.mark.clause("handoff 3.2")
def test_a_payment_found_wanting_counts_once_billing_has_corrected_the_price() -> None:
    course = _begin()
    course.price = Price.model_validate({"tariff": "bureau-12", "amount": "12000", "currency": "RUB"})
    course.pay(amount="9000")
    course.deliver_sale()
    course.price = Price.model_validate({"tariff": "bureau-12", "amount": "9000", "currency": "RUB"})
    course.look_up()
    assert course.state.stage == "awaiting_transfer"


@pytest.mark.clause("handoff 3.2")
def test_the_first_of_several_good_payments_counts() -> None:
    course = _begin("2026-11-18 10:00")
    course.pay(at("2026-11-17 10:00"))
    course.pay(at("2026-11-16 10:00"))
    course.deliver_sale()
    assert course.due("2.1.2") == "2026-11-17 12:00"


@pytest.mark.clause("handoff 2.1.2")
def test_a_payment_with_a_date_but_no_time_is_that_date() -> None:
    course = _begin("2026-11-20 23:00")
    course.pay(at("2026-11-20 00:00"), date_only=True)
    course.deliver_sale()
    assert course.due("2.1.2") == course.due("2.1.3") == course.due("2.1.4") == "2026-11-23 12:00"


@pytest.mark.clause("handoff 3.2")
def test_without_a_payment_the_case_closes_after_30_calendar_days_and_the_partner_is_told() -> None:
    course = _begin()
    course.deliver_sale(told=False)
    course.go_to(at("2026-12-16 09:59"))
    assert course.state.stage == "awaiting_payment"
    course.go_to(at("2026-12-16 10:00"))
    assert (course.state.stage, course.state.ended, course.state.outcome) == ("not_paid", True, "not_paid")
    assert course.templates() == ["not_paid"]
    assert course.notices("ended") == [("", "cc_head")]
    assert {o.standing for o in course.state.obligations} == {"waived"}


@pytest.mark.clause("handoff 3.2")
def test_the_letter_of_an_end_on_a_day_off_waits_for_working_time_and_the_case_with_it() -> None:
    course = _begin("2026-11-13 10:00")
    course.deliver_sale()
    course.go_to(at("2026-12-13 12:00"))  # a Sunday
    assert (course.state.stage, course.state.ended, course.letters) == ("not_paid", False, [])
    assert course.refused(FirstContact) == "Ended"
    course.go_to(at("2026-12-14 09:00"))
    assert course.state.ended
    assert course.templates() == ["not_paid"]


@pytest.mark.clause("handoff 3.2")
def test_a_payment_of_the_last_day_that_nobody_told_us_of_is_found_before_the_case_is_given_up() -> None:
    course = _begin()
    course.deliver_sale()
    course.go_to(at("2026-12-16 09:59"))
    course.pay()
    course.go_to(at("2026-12-16 10:00"))
    assert course.state.stage == "awaiting_transfer"
    assert "not_paid" not in course.templates()


@pytest.mark.clause("handoff 3.2")
def test_while_billing_does_not_answer_the_case_is_not_given_up() -> None:
    course = _begin()
    course.deliver_sale()
    course.billing_answers = False
    course.go_to(at("2026-12-20 10:00"))
    assert course.state.stage == "awaiting_payment"
    learn_billing(course.state, BillingAnswer(), course.now)
    course.run()
    # The answer speaks of the instant at which billing was asked, the end of the wait: that is the last word.
    assert course.state.stage == "not_paid"


@pytest.mark.clause("handoff 3.2")
def test_billing_is_asked_at_once_on_word_of_money_and_by_one_poll_after_a_day() -> None:
    course = _begin()
    course.deliver_sale()
    assert (course.state.looked_up_at, course.state.polling) == (course.now, False)
    course.go_to(at("2026-11-17 10:00"))
    assert course.state.polling
    course.pay()
    course.look_up()
    assert (course.state.stage, course.state.polling) == ("awaiting_transfer", False)


@pytest.mark.clause("handoff 3.2")
def test_an_answer_under_way_is_not_taken_for_one_about_later() -> None:
    course = _begin()
    course.billing_answers = False
    course.deliver_sale()
    asked = course.now
    course.go(hours=1)
    learn_billing(course.state, BillingAnswer(), course.now)
    assert course.state.looked_up_at == asked


# --- 2.1: the partner -----------------------------------------------------------------------------------------------


@pytest.mark.clause("handoff 2.1.2")
def test_access_counts_by_billings_own_time_though_nobody_told_us() -> None:
    course = _begin().paid()
    course.grant(at("2026-11-17 11:59"))
    course.go_to(at("2026-11-17 12:00"))
    assert (course.duty("2.1.2").standing, course.duty("2.1.2").met_at) == ("met", at("2026-11-17 11:59"))
    assert ("2.1.2", "recorded") not in course.breaches()


@pytest.mark.clause("handoff 2.1.2")
def test_no_breach_of_access_is_believed_before_billing_has_been_asked() -> None:
    course = _begin().paid()
    course.request()
    course.billing_answers = False
    course.go_to(at("2026-11-18 09:00"))
    assert course.duty("2.1.2").standing == "open"
    course.grant(at("2026-11-17 10:00"))
    course.billing_answers = True
    learn_billing(course.state, BillingAnswer(access=course.access), course.now)
    course.run()
    assert course.duty("2.1.2").standing == "met"
    assert ("2.1.2", "recorded") not in course.breaches()


@pytest.mark.clause("handoff 2.1.2")
def test_an_overdue_access_is_asked_for_once_a_day_until_billing_knows_it() -> None:
    course = _begin().transferred()
    course.accept()
    course.go_to(at("2026-11-17 12:00"))
    assert course.duty("2.1.2").standing == "overdue"
    course.grant(at("2026-11-17 15:00"))
    course.go_to(at("2026-11-18 12:00"))
    assert (course.duty("2.1.2").standing, course.duty("2.1.2").met_at) == ("met_late", at("2026-11-17 15:00"))
    assert course.due("2.2.7") == "2026-11-30 18:00"


@pytest.mark.clause("handoff 2.1.2")
@pytest.mark.parametrize(("granted", "what"), [("2026-11-15 09:59", "access_before_sale"), ("2026-11-16 10:06", "access_from_the_future")])
def test_an_impossible_date_of_access_in_billing_is_an_incident_and_counts_for_nothing(granted: str, what: str) -> None:
    course = _begin()
    course.grant(at(granted))
    course.paid()
    course.look_up()
    course.request()
    assert course.state.access is None
    assert _incidents(course.rows) == [what]


@pytest.mark.clause("handoff 2.1.2")
@pytest.mark.parametrize("clause", ["2.1.3", "2.1.4"])
def test_with_billing_away_the_partner_hears_of_the_request_after_ten_minutes(clause: str) -> None:
    course = _begin().paid()
    course.billing_answers = False
    course.go_to(at("2026-11-17 12:09:59"))
    assert "breach" not in course.templates()
    course.go_to(at("2026-11-17 12:10"))
    assert course.templates().count("breach") == 1
    assert clause in str(course.letters[-1].values["duties"])
    assert "2.1.2" not in str(course.letters[-1].values["duties"])


@pytest.mark.clause("handoff 2.1.3")
def test_one_letter_tells_the_partner_of_all_that_ran_out_together() -> None:
    course = _begin().paid()
    course.go_to(at("2026-11-17 13:00"))
    assert course.templates() == ["reminder", "breach"]
    assert [d["clause"] for d in course.letters[-1].values["duties"]] == ["2.1.2", "2.1.3", "2.1.4"]  # type: ignore[index,union-attr,call-overload]


@pytest.mark.clause("handoff 2.1.4")
@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ((), ["анкета клиента", "договор в формате Word"]),
        ((CONTRACT_FILE,), ["анкета клиента"]),
        ((QUESTIONNAIRE_FILE,), ["договор в формате Word"]),
        ((QUESTIONNAIRE_FILE.model_copy(update={"problem": "защищён паролем"}), CONTRACT_FILE), ["анкета клиента: защищён паролем"]),
        ((QUESTIONNAIRE_FILE, RequestFile(name="Договор.pdf", kind="contract")), ["договор в формате Word: не в формате Word"]),
        ((RequestFile(name="прочее.txt", kind="other"),), ["анкета клиента", "договор в формате Word"]),
    ],
)
def test_an_incomplete_request_is_no_transfer_and_its_answer_names_each_thing(files: tuple[RequestFile, ...], missing: list[str]) -> None:
    course = _begin().paid()
    course.request(files=files)
    assert course.state.stage == "awaiting_transfer"
    assert (course.duty("2.1.3").standing, course.duty("2.1.4").standing) == ("met", "open")
    (letter,) = course.letters
    assert letter.template == "handoff/incomplete"
    assert letter.values["missing"] == missing
    assert letter.values["due"] == "вт 17.11.2026 12:00 (+03:00)"
    assert letter.thread is not None
    assert letter.thread.message_id == "<r@partner>"

    course.request(at("2026-11-16 10:00"), files=(QUESTIONNAIRE_FILE, CONTRACT_FILE))
    assert course.state.stage == "checking"
    assert course.duty("2.1.4").standing == "met"


@pytest.mark.clause("handoff 2.1.4")
def test_an_offer_needs_no_contract_file() -> None:
    course = _begin().paid(contract="offer")
    course.request(files=(QUESTIONNAIRE_FILE,))
    assert course.state.stage == "checking"


@pytest.mark.clause("handoff 2.1.4")
@pytest.mark.parametrize("order", [1, -1])
def test_a_scan_beside_the_word_file_does_not_undo_it(order: int) -> None:
    scan = RequestFile(name="Договор (скан).pdf", kind="contract")
    course = _begin().paid()
    course.request(files=(QUESTIONNAIRE_FILE, CONTRACT_FILE, scan)[::order])
    assert course.state.stage == "checking"


@pytest.mark.clause("handoff 2.1.4")
def test_two_incomplete_requests_of_one_night_get_one_answer_about_the_newest() -> None:
    course = _begin("2026-11-16 20:00").paid()
    course.request(files=())
    course.go(hours=1)
    course.request(files=(QUESTIONNAIRE_FILE,))
    course.go_to(at("2026-11-17 09:00"))
    incomplete = [x for x in course.letters if x.template == "handoff/incomplete"]
    assert [x.values["missing"] for x in incomplete] == [["договор в формате Word"]]


@pytest.mark.clause("handoff 2.1.4")
def test_what_was_missing_at_night_and_came_before_the_morning_is_not_asked_for() -> None:
    course = _begin("2026-11-16 20:00").paid()
    course.request(files=())
    course.go(hours=1)
    course.request()
    course.go_to(at("2026-11-17 12:00"))
    assert "incomplete" not in course.templates()
    assert not [w for w in course.state.waits if w.startswith("tell:")]


@pytest.mark.clause("handoff 2.1.4")
def test_an_incomplete_request_before_the_payment_names_no_empty_due() -> None:
    course = _begin()
    course.deliver_sale()
    course.request(files=())
    assert course.letters[0].values["due"] == "станет известен с поступлением платежа"


@pytest.mark.clause("handoff 2.1.3")
def test_the_transfer_is_the_latest_of_payment_request_and_attachments() -> None:
    course = _begin()
    course.deliver_sale()
    course.request()
    assert course.state.stage == "awaiting_payment"
    course.go_to(at("2026-11-17 15:00"))
    course.pay(at("2026-11-17 14:00"))
    course.look_up()
    assert course.state.transfer_at == at("2026-11-17 14:00")
    assert course.duty("2.2.4").started_at == at("2026-11-17 14:00")


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
    assert course.duty("2.2.2").standing == course.duty("2.2.3").standing == "met"


@pytest.mark.clause("handoff 3.3")
def test_a_return_is_an_answer_too_and_names_its_grounds() -> None:
    answers = {k: v for k, v in QUESTIONNAIRE.items() if k != "phone"}
    course = _begin().paid()
    course.request(questionnaire=answers)
    course.give_back("3.3", "3.2", comment="Жду")
    assert course.duty("2.2.3").standing == course.duty("2.2.2").standing == "met"
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
    assert course.duty("2.2.4").standing == "met"
    assert course.state.stage == "checking"


@pytest.mark.clause("handoff 2.2.5")
def test_the_client_is_entered_into_the_crm_once_and_that_meets_the_duty() -> None:
    course = _begin().transferred()
    course.accept()
    (record,) = course.records
    assert (record.external_id, record.fields["status"], record.fields["client_login"]) == ("handoff-D-1", "accepted", "client@example.org")
    assert course.duty("2.2.5").standing == "met"


@pytest.mark.clause("handoff 2.2.5")
def test_a_crm_that_refuses_leaves_the_duty_open_for_a_person_who_enters_it_by_hand() -> None:
    course = _begin().transferred()
    course.crm_answers = False
    course.accept()
    learn_crm(course.state, course.records[0], None, course.now)
    course.run()
    assert course.duty("2.2.5").standing == "open"
    assert _incidents(course.rows) == ["crm_refused"]
    assert ("", "cc_head") in course.notices("incident")
    course.say(EnteredIntoCrm, record="z-77")
    assert course.duty("2.2.5").standing == "met"


@pytest.mark.clause("handoff 2.2.5")
def test_entries_into_the_crm_go_one_at_a_time_so_that_the_reversal_is_the_last_word() -> None:
    course = _begin().transferred()
    course.crm_answers = False
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
    course.crm_answers = False
    course.accept()
    learn_crm(course.state, course.records[0], CrmOutcome(record_id="z1", action="updated", duplicates=("z2",)), course.now)
    course.run()
    assert course.duty("2.2.5").standing == "met"
    assert _incidents(course.rows) == ["crm_duplicates"]


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
    assert course.due("2.2.7") == due


@pytest.mark.clause("handoff 2.2.7")
def test_without_access_closing_documents_are_not_owed_until_the_access_is_waived() -> None:
    course = _begin().transferred()
    course.accept()
    assert not any(o.clause == "2.2.7" for o in course.state.obligations)
    course.say(Waive, clause="2.1.2", reason="доступ не нужен", by=MANAGER)
    assert course.due("2.2.7") == "2026-11-30 18:00"


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
    course.post_answers = False
    course.say(Withdraw, reason="ошибка продажи", by=CC_HEAD_PERSON)
    assert (course.state.stage, course.state.ended) == ("withdrawn", False)
    learn_letter(course.state, course.letters[-1], None, course.now)
    course.run()
    assert course.state.ended
    assert _incidents(course.rows) == ["letter_refused"]
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
    assert _incidents(course.rows) == [what]


def test_an_answer_of_billing_after_the_end_opens_nothing() -> None:
    course = _begin()
    course.billing_answers = False
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
