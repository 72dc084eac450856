"""1.1 to 1.4 and the acceptance: what is asked for by name, questions and answers, the account that begins, the ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.case import UNMET
from regulations.effects import Told
from regulations.messages import CalendarChanged
from regulations.partner.account_messages import AccountBegun, CallMade
from regulations.partner.intake_messages import (
    AgreementsNamed,
    HandedToMarketing,
    MovedToWork,
    PartnerAccepted,
    QuestionAnswered,
    QuestionAsked,
    WaiveOfIntake,
    WithdrawOfIntake,
)
from regulations.partner.intake_narration import details, read_out, result
from regulations.partner.intake_state import PARTS
from tests.regulations.course import at, local
from tests.regulations.partner.intakes import ALL_PARTS, HEAD_OF_SALES, HEAD_OF_SUPPORT, PARTNER, SALES, SUPPORT, Intake

NAMES = {"extra_payments": "доплаты за согласованные услуги", "speed": "желаемая скорость заявок", "geography": "желаемая география"}
REASON = "партнёр передумал"


# --- 1.2 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 1.2")
@pytest.mark.parametrize(("status", "taken"), [("Ждем инфо", True), ("ждём  инфо", True), ("Запущен", False), ("Ждем", False)])
def test_the_entry_counts_with_the_status_of_the_setting_alone(status: str, taken: bool) -> None:
    intake = Intake().begin()
    if taken:
        assert intake.hand_over(status=status).standings()["1.2/1"] == "met"
    else:
        assert intake.refused(HandedToMarketing, status=status, paid_at=intake.now) == "WrongStatus"
        assert "3.1/1" not in intake.standings(), "what is refused tells of no payment either"


def test_before_the_edition_is_known_the_entry_is_to_be_delivered_again() -> None:
    intake = Intake().begin()
    intake.state.opening = None
    assert intake.refused(HandedToMarketing, status="Ждем инфо") == "NotCounted"


# --- 1.3 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 1.3")
def test_what_is_missing_is_asked_for_by_name_at_the_start_in_the_reminder_and_at_the_breach() -> None:
    intake = Intake().begin(agreements={"speed": "10 в день", "other": "звонить утром"}).hand_over()
    [asked] = intake.told("sales_manager:s1")
    assert NAMES["extra_payments"] in asked
    assert NAMES["geography"] in asked
    assert NAMES["speed"] not in asked
    assert "16.11.2026 14:00" in asked
    intake.name(geography="Казань").go_to("2026-11-16 14:00")
    _, reminder = intake.told("sales_manager:s1", "warning")
    [breach] = intake.told("head_of_sales", "breach")
    for said in (reminder, breach):
        assert NAMES["extra_payments"] in said
        assert NAMES["geography"] not in said


@pytest.mark.clause("partner 1.3")
def test_a_whole_comment_asks_for_nothing() -> None:
    intake = Intake().begin().hand_over()
    assert intake.standings() == {"1.2/1": "met", "1.3/1": "met"}
    assert intake.told("sales_manager:s1") == []


@pytest.mark.clause("partner 1.3")
@pytest.mark.parametrize(("said", "filled"), [("нет", True), ("0", True), ("10 в день", True), ("", False), ("  ", False), ("—", False)])
def test_a_part_says_something_or_none_and_a_blank_says_nothing(said: str, filled: bool) -> None:
    intake = Intake().begin(agreements={**ALL_PARTS, "speed": said})
    assert intake.standings()["1.3/1"] == ("met" if filled else "open")
    if not filled:
        assert intake.refused(AgreementsNamed, agreements={"speed": said}) == "NothingNamed"


@pytest.mark.clause("partner 1.3")
@settings(max_examples=25)
@given(st.permutations(PARTS), st.lists(st.integers(0, 59), min_size=3, max_size=3))
def test_it_is_met_when_the_last_part_was_there_in_whatever_order_they_are_told(parts: list[str], minutes: list[int]) -> None:
    moments = {part: at(f"2026-11-16 12:{minute:02}") for part, minute in zip(parts, minutes, strict=True)}
    intake = Intake("2026-11-16 12:00").begin(agreements={})
    intake.now = at("2026-11-16 13:00")
    for part in parts:
        intake.name(moments[part], **{part: "нет"})
    assert intake.newest("1.3").met_at == max(moments.values())


@pytest.mark.clause("partner 1.3")
def test_a_part_is_what_was_written_last_and_was_there_from_the_first_time_on() -> None:
    intake = Intake().begin(agreements={}).name(speed="5 в день", extra_payments="нет")
    intake.go(minutes=30)
    intake.name(speed="8 в день").name(at("2026-11-16 12:10"), speed="6 в день").name(geography="РФ")
    assert intake.state.parts["speed"].text == "8 в день"
    assert local(intake.newest("1.3").met_at) == "2026-11-16 12:30"


# --- 1.4 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 1.4")
def test_question_and_answer_stand_in_the_trail_and_are_told_while_the_term_keeps_running() -> None:
    intake = Intake().begin().hand_over().pay()
    due = intake.newest("3.1").due
    intake.say(QuestionAsked, question="q-1", text="Какая скидка обещана?", by=SUPPORT)
    assert intake.told("sales_manager:s1") == ["1.4 Вопрос сопровождения о партнёре (q-1): Какая скидка обещана?"]
    assert "Без ответа q-1: Какая скидка обещана?" in details(intake.state)
    intake.say(QuestionAnswered, question="q-1", text="Пять {процентов}.", by=SALES)
    assert intake.told("support_manager:m1") == ["1.4 Ответ отдела продаж (q-1): Пять {процентов}."]
    notes = [(f.what, f.note, f.by) for f in intake.state.facts if f.what.startswith("Question")]
    assert notes == [
        ("QuestionAsked", "q-1: Какая скидка обещана?", "support_manager:m1"),
        ("QuestionAnswered", "q-1: Пять {процентов}.", "sales_manager:s1"),
    ]
    assert "Без ответа" not in details(intake.state)
    assert intake.newest("3.1").due == due


@pytest.mark.clause("partner 1.4")
def test_a_question_that_was_not_asked_has_no_answer_and_an_id_is_asked_once() -> None:
    intake = Intake().begin()
    assert intake.refused(QuestionAnswered, question="q-9", text="Пять", by=SALES) == "UnknownQuestion"
    assert intake.refused(QuestionAsked, question="q-1", text="Что обещано?", by=SALES) == "NotYours"
    intake.say(QuestionAsked, question="q-1", text="Что обещано?", by=SUPPORT)
    assert intake.refused(QuestionAsked, question="q-1", text="А ещё?", by=SUPPORT) == "QuestionTaken"
    assert intake.refused(QuestionAnswered, question="q-1", text="Пять", by=SUPPORT) == "NotYours"


# --- 3.1: the acceptance begins the account -------------------------------------------------------------------------


@pytest.mark.clause("partner 3.1")
def test_the_first_acceptance_begins_the_account_and_a_further_one_does_not() -> None:
    intake = Intake().begin().pay().go(hours=1).accept()
    [told] = intake.messages
    assert (told.address, told.update) == ("partner/p-77/account", "begun")
    message = AccountBegun.model_validate(told.message)
    assert (message.key, message.happened_at) == ("uid-1#account", intake.now)
    assert (message.partner, message.person.name, message.manager) == ("p-77", PARTNER["name"], "m1")
    assert told.begins is not None
    assert (told.begins.workflow, told.begins.kind, told.begins.stage, told.begins.partner) == (
        "PartnerAccount",
        "partner-account",
        "active",
        "p-77",
    )
    assert "Ромашка" in told.begins.summary
    earlier = at("2026-11-16 12:30")
    intake.accept(earlier)
    assert (len(intake.messages), intake.newest("3.1").met_at) == (1, earlier)


@pytest.mark.clause("partner 3.1")
def test_only_a_support_manager_accepts() -> None:
    intake = Intake().begin()
    for by in (SALES, HEAD_OF_SALES, HEAD_OF_SUPPORT):
        assert intake.refused(PartnerAccepted, by=by) == "NotYours"


@pytest.mark.clause("partner 3.1")
@pytest.mark.parametrize("answer", [Told(result="refused", type="ImpossibleDate", text="too old"), Told(result="no_case"), None])
def test_an_account_that_did_not_begin_is_an_incident_and_the_head_of_support_begins_it(answer: Told | None) -> None:
    intake = Intake()
    intake.account = answer
    intake.begin().hand_over().pay().accept()
    assert intake.incidents() == ["account_not_begun"]
    assert intake.told("head_of_support") == [
        "3.1 Партнёр p-77 принят, но его сопровождение не началось: начните его событием partner-account.begun"
    ]
    assert (intake.stage, result(intake.state).account) == ("done", "failed")


@pytest.mark.clause("partner 3.1")
def test_the_intake_ends_once_nothing_is_owed_and_the_account_has_been_told() -> None:
    intake = Intake().begin(agreements={}).hand_over().pay()
    intake.silent = {"account"}
    intake.accept()
    assert (intake.stage, intake.state.ended) == ("accepted", False)
    intake.say(WaiveOfIntake, clause="1.3", reason="договорённостей нет", by=HEAD_OF_SALES)
    assert (intake.stage, intake.state.ended) == ("accepted", False)
    intake.answer()
    assert (intake.stage, intake.state.ended, intake.state.outcome) == ("done", True, "done")
    assert intake.standings() == {"1.2/1": "met", "1.3/1": "waived", "3.1/1": "met"}
    assert intake.refused(PartnerAccepted, by=SUPPORT) == "Ended"
    assert result(intake.state).model_dump() == {"met": 2, "met_late": 0, "waived": 1, "breaches": 0, "outcome": "done", "account": "begun"}


# --- the start and the end ------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 1.1")
def test_an_intake_begins_once_with_a_move_that_can_be() -> None:
    intake = Intake()
    assert intake.refused(PartnerAccepted, by=SUPPORT) == "NotBegun"
    given: dict[str, Any] = {"partner": PARTNER, "sales_manager": "s1", "support_manager": "m1"}
    assert intake.refused(MovedToWork, at("2026-11-16 12:06"), **given) == "FromTheFuture"
    assert intake.refused(MovedToWork, at("2025-11-14 12:00"), **given) == "ImpossibleDate"
    assert intake.refused(MovedToWork, paid_at=at("2026-11-16 12:06"), **given) == "FromTheFuture"
    assert intake.refused(MovedToWork, deal="D-2", **given) == "OtherIntake"
    assert intake.begin().refused(MovedToWork, **given) == "Open"
    assert intake.refused(CallMade, partner="p-77", call="c-1") == "UnknownMessage"


@pytest.mark.clause("partner 1.1")
@pytest.mark.parametrize("by", [HEAD_OF_SUPPORT, HEAD_OF_SALES])
def test_an_intake_may_be_withdrawn_at_any_stage_and_both_managers_are_told(by: object) -> None:
    for accepted in (False, True):
        intake = Intake().begin(agreements={}).pay()
        if accepted:
            intake.accept()
        assert intake.refused(WithdrawOfIntake, by=SUPPORT, reason=REASON) == "NotYours"
        intake.say(WithdrawOfIntake, by=by, reason=REASON)
        assert (intake.stage, intake.state.ended) == ("withdrawn", True)
        assert intake.standings() == {"1.2/1": "waived", "1.3/1": "waived", "3.1/1": "met" if accepted else "waived"}
        for role in ("sales_manager:s1", "support_manager:m1"):
            assert intake.told(role, "ended") == [f"Дело отозвано: {REASON}"]
        assert not any(o.standing in UNMET for o in intake.state.obligations)


@pytest.mark.clause("partner 1.1")
def test_a_withdrawal_waits_for_the_account_that_is_being_begun() -> None:
    intake = Intake().begin().pay()
    intake.silent = {"account"}
    intake.accept().say(WithdrawOfIntake, by=HEAD_OF_SALES, reason=REASON)
    assert (intake.stage, intake.state.ended) == ("withdrawn", False)
    intake.account = None
    assert intake.answer().state.ended
    assert intake.incidents() == ["account_not_begun"]


@pytest.mark.clause("partner 3.1")
def test_a_term_that_had_run_out_before_the_withdrawal_is_a_breach_all_the_same() -> None:
    intake = Intake().begin()
    intake.now = at("2026-11-16 15:00")  # a worker was away
    intake.say(WithdrawOfIntake, by=HEAD_OF_SALES, reason=REASON)
    assert intake.breaches() == [("1.2", "recorded")]
    assert intake.standings() == {"1.2/1": "waived", "1.3/1": "met"}


def test_a_manager_whom_the_file_does_not_know_is_told_through_the_role() -> None:
    intake = Intake()
    intake.roles = {"sales_manager", "head_of_sales", "support_manager", "head_of_support"}
    intake.begin(agreements={})
    assert len(intake.told("sales_manager:s1")) == 1
    assert intake.incidents() == []
    assert intake.state.opening_request(intake.now).people == ("m1", "s1")


def test_a_changed_calendar_moves_what_is_open() -> None:
    intake = Intake().begin(agreements={}).pay()
    changed = [at("2026-11-17 12:00").date()]
    intake.say(CalendarChanged, calendar="company", version="new", changed=changed, closed=changed)
    assert intake.refused(CalendarChanged, calendar="other", version="new", changed=changed) == "NotTouched"


# --- as people read it ----------------------------------------------------------------------------------------------


def test_the_case_reads_in_russian() -> None:
    intake = Intake()
    assert "partner/D-1/intake" in details(intake.state)
    intake.begin(agreements={"speed": "5 | в день"}).hand_over().accept()
    said = details(intake.state)
    assert "### Приём партнёра «ООО «Ромашка»», сделка D-1" in said
    assert "принят в работу" in said
    assert "5 \\| в день" in said
    assert f"> не хватает: {NAMES['extra_payments']}, {NAMES['geography']}" in said
    assert "дата оплаты ещё неизвестна" in said
    assert "менеджер отдела продаж" in said
    shown = read_out(intake.state)
    assert [(o.clause, o.duty) for o in shown.obligations] == [
        ("partner 1.2", "Внести партнёра в таблицу «Передача в ОМ»"),
        ("partner 1.3", "Записать договорённости в главный комментарий"),
    ]
    assert (shown.kind, shown.edition, shown.stage_text) == ("partner-intake", "partner-1", "принят в работу")
