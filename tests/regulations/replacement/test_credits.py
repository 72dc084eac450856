"""2, 5.3, 6.2, 6.3: what is confirmed is credited once, in order, and never while a payment is past due."""

from __future__ import annotations

from typing import Any

import pytest

from regulations.effects import OnUnknown
from regulations.replacement.effects import CreditOrder, CreditOutcome
from regulations.replacement.messages import Barred, WithdrawOfReplacement
from tests.regulations.course import at, local
from tests.regulations.replacement.course import DECIDED, FINE, OFFICE_PERSON, Course, credit_of, refused_credit

PROLONGED = FINE.model_copy(update={"prolonged": True, "prolonged_identifications": 5_000})
INDEBTED = {"past_due_since": at("2026-11-16 12:00")}
NOTHING = DECIDED.model_copy(update={"accepted": 0, "rejected": 500, "amount": 0})


def further(**fields: Any) -> Course:
    """A further request on prolongation, before quality control's decision."""
    course = Course(n=2)
    course.account = PROLONGED.model_copy(update=fields)
    return course.audited(prolongation="2026-11")


def indebted(course: Course | None = None) -> Course:
    """Decided; meanwhile a payment has become past due."""
    course = course or Course().audited()
    course.account = course.account.model_copy(update=INDEBTED)
    return course.go(hours=3).decide()


def paid(course: Course) -> None:
    course.account = course.account.model_copy(update={"past_due_since": None})


# --- 5.3 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 5.3")
def test_what_is_confirmed_is_credited_once_under_a_key_of_its_own() -> None:
    course = Course().audited().decide()
    (order,) = course.orders
    assert (order.key, order.entry, order.identifications) == ("uid-1#5.3#replacement/1", "replacement", 320)
    assert (order.account, order.period, order.of_period, order.case) == ("A-1", "2026-10", "2026-10", "replacement/A-1/2026-10/1")
    assert course.credits() == [("replacement", 320, "2026-10", "2026-10")]
    assert (course.state.ended, course.state.outcome, course.standings()) == (True, "credited", {"5.2/1": "met", "5.3/1": "met"})


@pytest.mark.clause("replacement 5.3")
def test_the_franchisee_hears_the_outcome_once_billing_has_confirmed() -> None:
    course = Course()
    course.silent = {"credit"}
    course.audited().decide()
    assert (course.stage, course.templates()) == ("crediting", ["taken", "audit"])
    course.go(hours=1).answer()
    letter = course.letter("credited")
    assert letter.values["credits"] == [{"words": "замена прошлого тарифа", "identifications": 320, "period": "2026-10"}]
    assert (letter.values["accepted"], letter.values["rejected"]) == (320, 180)
    assert letter.on_unknown is OnUnknown.HOLD, "a letter about money is not doubled"
    assert course.duty("5.3/1").met_at == course.now


@pytest.mark.clause("replacement 5.3")
def test_a_credit_that_billing_refuses_is_told_and_ordered_again_under_another_key() -> None:
    course = Course()
    course.credit = refused_credit
    course.audited().decide()
    assert (course.stage, course.standings()["5.3/1"]) == ("crediting", "open")
    assert course.incidents() == ["credit_refused"]
    assert course.notices("incident") == [("5.3", "technical"), ("5.3", "head_office")]
    assert "account is locked" in course.told("head_office")[0]
    course.go(hours=1)
    assert len(course.orders) == 1, "nobody has said that anything has changed"
    course.billing_changed()
    assert len(course.incidents()) == 2
    course.credit = credit_of
    course.billing_changed()
    assert [o.key for o in course.orders] == [f"uid-1#5.3#replacement/{k}" for k in (1, 2, 3)]
    assert course.credits() == [("replacement", 320, "2026-10", "2026-10")]


@pytest.mark.clause("replacement 5.3")
def test_a_credit_of_which_nobody_knows_is_ordered_again_just_as_it_was() -> None:
    course = Course()
    course.credit = lambda order: None
    course.audited().decide()
    assert course.incidents() == ["credit_refused"]
    course.credit = credit_of
    course.go(hours=1).billing_changed()
    first, second = course.orders
    assert first == second, "the same key may only say the same"
    assert len(course.credits()) == 1


@pytest.mark.clause("replacement 5.3")
def test_an_account_that_billing_no_longer_knows_is_a_persons_to_sort_out() -> None:
    course = Course().audited()
    course.account = FINE.model_copy(update={"known": False})
    course.decide()
    assert (course.stage, course.orders, course.incidents()) == ("crediting", [], ["account_gone"])
    course.account = FINE
    assert course.billing_changed().stage == "credited"


# --- 2: a debt ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 2")
def test_a_debt_that_appears_between_request_and_credit_stops_the_credit() -> None:
    course = indebted()
    assert (course.stage, course.orders) == ("held", [])
    letter = course.letter("held")
    assert letter.values["since"] == "16.11.2026 12:00 (+03:00)"
    assert (letter.values["until"], letter.values["amount"]) == ("ср 16.12.2026 13:00 (+03:00)", 320)
    assert course.notices("incident") == [("2", "technical")]
    assert course.register().stage == "held"


@pytest.mark.clause("replacement 2")
def test_it_is_tried_again_at_ten_of_each_next_working_day() -> None:
    course = indebted(Course("2026-11-19 10:00").audited())
    tried = []
    for _ in range(3):
        assert course.wake_at is not None
        tried.append(local(course.wake_at))
        course.go_to(course.wake_at)
    assert tried == ["2026-11-20 10:00", "2026-11-23 10:00", "2026-11-24 10:00"]
    assert len(course.questions) == 5
    assert course.templates() == ["taken", "audit", "held"], "it is told once"
    paid(course)
    course.go_to("2026-11-25 09:59:59")
    assert course.stage == "held"
    course.go_to("2026-11-25 10:00")
    assert (course.stage, course.credits()) == ("credited", [("replacement", 320, "2026-10", "2026-10")])


@pytest.mark.clause("replacement 2")
@pytest.mark.clause("replacement 5.3")
def test_a_debt_that_is_paid_is_heard_at_once_and_the_term_begins_anew() -> None:
    course = indebted()
    assert course.standings() == {"5.2/1": "met", "5.3/1": "waived"}
    course.go(days=9)
    assert course.billing_changed().stage == "held"
    paid(course)
    course.silent = {"credit"}
    course.billing_changed()
    assert course.stage == "crediting"
    assert course.duty("5.3/2").started_at == course.now
    assert local(course.duty("5.3/2").due or course.now) == "2026-11-26 18:00"
    course.answer()
    assert (course.stage, course.standings()["5.3/2"]) == ("credited", "met")
    assert course.breaches() == []


@pytest.mark.clause("replacement 2")
def test_a_debt_that_is_not_paid_ends_in_a_refusal_after_a_last_look() -> None:
    course = indebted()
    until = at("2026-12-16 13:00")
    course.go_to("2026-12-16 12:59:59")
    looked = len(course.questions)
    assert (course.stage, course.wake_at) == ("held", until)
    course.go_to(until)
    assert len(course.questions) == looked + 1
    assert (course.stage, course.grounds(), course.orders) == ("refused", [("2", "not_paid")], [])
    assert course.state.closed_at == until
    assert "16.12.2026 13:00" in str(course.letter("refused").values["grounds"])
    assert course.notices("ended") == [("2", "technical"), ("2", "head_office")]
    assert course.register().clauses == ("2",)


@pytest.mark.clause("replacement 2")
def test_a_debt_that_is_paid_at_the_last_look_is_no_refusal() -> None:
    course = indebted().go_to("2026-12-16 12:59:59")
    paid(course)
    assert course.go_to("2026-12-16 13:00").stage == "credited"


@pytest.mark.clause("replacement 2")
def test_billing_that_does_not_answer_gives_nothing_up() -> None:
    course = indebted().go_to("2026-12-16 12:00")
    course.silent = {"account"}
    course.go_to("2026-12-20 12:00")
    assert (course.stage, course.wake_at) == ("held", None)
    paid(course)
    assert course.answer().stage == "credited"


@pytest.mark.clause("replacement 2")
def test_the_letter_about_a_debt_that_is_paid_meanwhile_is_not_sent() -> None:
    course = Course("2026-11-20 17:00").audited()
    course.account = FINE.model_copy(update=INDEBTED)
    course.go_to("2026-11-20 20:00").decide()
    assert course.stage == "held"
    paid(course)
    course.billing_changed().go_to("2026-11-23 12:00")
    assert course.templates() == ["taken", "audit", "credited"]
    assert course.state.ended


# --- 6.2 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 6.2")
def test_the_cards_that_caused_the_cap_are_told() -> None:
    course = Course()
    course.decision = DECIDED.model_copy(update={"wrong": ("L-7", "L-9"), "wrong_count": 25, "capped": True, "amount": 300})
    course.audited().decide()
    values = course.letter("credited").values
    assert (values["wrong"], values["more_wrong"], values["capped"], values["percent"]) == (["L-7", "L-9"], 23, True, 30)
    assert course.register().capped


@pytest.mark.clause("replacement 6.2")
@pytest.mark.parametrize(
    ("replaced", "credited"),
    [(0, 320), (2_680, 320), (2_681, 319), (2_999, 1), (3_000, 0), (3_001, 0)],
)
def test_what_was_replaced_since_the_decision_counts_towards_the_cap(replaced: int, credited: int) -> None:
    """Exactly 30 % of 10,000 are 3,000 in all."""
    course = Course().audited()
    course.decision = DECIDED.model_copy(update={"wrong": ("L-7",), "wrong_count": 1})
    course.account = FINE.model_copy(update={"replaced": replaced})
    course.decide()
    assert sum(o.identifications for o in course.orders) == credited
    assert course.state.outcome == ("credited" if credited else "nothing_confirmed")
    assert course.state.ended


@pytest.mark.clause("replacement 6.2")
def test_without_a_wrong_card_there_is_no_cap() -> None:
    course = Course().audited()
    course.account = FINE.model_copy(update={"replaced": 3_000})
    assert course.decide().orders[0].identifications == 320


# --- 6.3 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 6.3")
def test_a_prolongation_is_credited_in_two_entries_the_second_once_the_first_is_confirmed() -> None:
    course = further()
    course.silent = {"credit"}
    course.decide()
    assert [o.entry for o in course.orders] == ["replacement"]
    course.go(days=1)
    assert [o.entry for o in course.orders] == ["replacement"], "billing was away for a day"
    course.answer()
    assert [(o.key, o.entry) for o in course.orders] == [
        ("uid-1#5.3#replacement/1", "replacement"),
        (f"{course.state.begun.account}/2026-11#6.3#tariff/1", "tariff"),
    ]
    assert (course.stage, course.standings()["5.3/1"]) == ("crediting", "open")
    course.answer()
    assert course.credits() == [("replacement", 320, "2026-10", "2026-10"), ("tariff", 5_000, "2026-11", "2026-11")]
    assert (course.stage, course.register().credited) == ("credited", 320)
    credits = course.letter("credited").values["credits"]
    assert isinstance(credits, list)
    assert len(credits) == 2


@pytest.mark.clause("replacement 6.3")
def test_no_tariff_while_the_replacement_is_refused() -> None:
    course = further()
    course.credit = refused_credit
    course.decide()
    course.billing_changed()
    assert {o.entry for o in course.orders} == {"replacement"}
    course.credit = credit_of
    course.billing_changed()
    assert [c[0] for c in course.credits()] == ["replacement", "tariff"]


@pytest.mark.clause("replacement 6.3")
def test_a_refused_tariff_is_ordered_again_and_the_replacement_is_not() -> None:
    course = further()
    course.credit = lambda order: credit_of(order) if order.entry == "replacement" else refused_credit(order)
    course.decide()
    assert (course.stage, [c[0] for c in course.credits()]) == ("crediting", ["replacement"])
    course.credit = credit_of
    course.account = course.account.model_copy(update={"replaced": 320, **INDEBTED})
    course.billing_changed()
    assert [o.entry for o in course.orders] == ["replacement", "tariff", "tariff"]
    assert course.stage == "credited", "a debt stops replacements, and not the new tariff, which is paid"


@pytest.mark.clause("replacement 6.3")
def test_the_new_tariff_is_credited_also_when_nothing_was_confirmed() -> None:
    course = further()
    course.decision = NOTHING
    course.account = course.account.model_copy(update=INDEBTED)
    course.decide()
    assert course.credits() == [("tariff", 5_000, "2026-11", "2026-11")]
    assert (course.state.outcome, course.register().credited) == ("nothing_confirmed", 0)
    assert course.letter("nothing_confirmed").values["credits"] == [{"words": "новый тариф", "identifications": 5_000, "period": "2026-11"}]


@pytest.mark.clause("replacement 6.3")
def test_a_prolongation_that_is_gone_stops_both_credits() -> None:
    course = further()
    course.account = FINE
    course.decide()
    assert (course.stage, course.orders, course.incidents()) == ("crediting", [], ["prolongation_gone"])
    course.account = PROLONGED
    assert course.billing_changed().stage == "credited"


@pytest.mark.clause("replacement 6.3")
def test_what_changes_in_billing_between_the_two_credits_is_heard_before_the_second() -> None:
    course = further()
    course.silent = {"credit"}
    course.decide()
    course.account = FINE
    course.billing_changed()
    course.answer()
    assert ([o.entry for o in course.orders], course.incidents()) == (["replacement"], ["prolongation_gone"])


@pytest.mark.clause("replacement 2")
@pytest.mark.clause("replacement 6.3")
def test_a_debt_holds_the_replacement_and_with_it_the_tariff() -> None:
    course = indebted(further())
    assert (course.stage, course.orders) == ("held", [])
    paid(course)
    course.billing_changed()
    assert [c[0] for c in course.credits()] == ["replacement", "tariff"]


# --- the head office withdraws --------------------------------------------------------------------------------------


def withdraw(course: Course) -> Course:
    course.say(WithdrawOfReplacement, by=OFFICE_PERSON, reason="клиент ушёл")
    return course


@pytest.mark.parametrize("stage", ["checking", "awaiting_export", "auditing", "awaiting_decision", "deciding", "held"])
def test_a_replacement_is_withdrawn_at_any_stage(stage: str) -> None:
    course = Course()
    course.silent = {"checking": {"account"}, "auditing": {"audit"}, "deciding": {"decision"}}.get(stage, set())
    course.request()
    if stage not in ("checking", "awaiting_export"):
        course.export()
    if stage == "held":
        indebted(course)
    elif stage == "deciding":
        course.decide()
    assert course.stage == stage
    withdraw(course).answer()
    assert (course.stage, course.state.ended, course.credits()) == ("withdrawn", True, [])
    assert "open" not in course.standings().values()
    assert course.templates()[-1] == "withdrawn"
    assert course.letter("withdrawn").values["credits"] == []
    assert [role for _, role in course.notices("ended")] == ["technical", "quality_control"]


@pytest.mark.clause("replacement 5.3")
@pytest.mark.parametrize(("answer", "stage"), [(credit_of, "credited"), (refused_credit, "withdrawn"), (lambda _: None, "withdrawn")])
def test_a_credit_that_is_under_way_decides_how_a_withdrawn_case_ends(answer: Any, stage: str) -> None:
    course = Course()
    course.silent = {"credit"}
    course.audited().decide()
    withdraw(course)
    assert course.stage == "crediting"
    assert course.refused(WithdrawOfReplacement, by=OFFICE_PERSON, reason="ещё раз") == "Withdrawn"
    course.credit = answer
    course.answer()
    assert (course.stage, course.state.ended) == (stage, True)
    assert len(course.orders) == 1


@pytest.mark.clause("replacement 6.3")
def test_what_was_credited_before_a_withdrawal_stays_and_uses_the_number_up() -> None:
    course = further()
    course.silent = {"credit"}
    course.decide()
    withdraw(course).answer()
    assert (course.state.outcome, [c[0] for c in course.credits()]) == ("credited", ["replacement"])
    assert course.letter("withdrawn").values["credits"] == [
        {"words": "замена прошлого тарифа", "identifications": 320, "period": "2026-10"}
    ]
    assert course.standings()["5.3/1"] == "waived"


def test_billing_says_a_lot_and_little_of_it_is_kept() -> None:
    course = Course()
    course.credit = lambda order: CreditOutcome(result="refused", reason="x" * 10_000)
    course.audited().decide()
    assert all(len(text) < 500 for text in course.told("technical"))


def test_a_credit_is_confirmed_once_whatever_comes_meanwhile() -> None:
    course = Course()
    course.silent = {"credit"}
    course.audited().decide()
    course.billing_changed()
    course.billing_changed()
    assert course.refused(Barred, by=OFFICE_PERSON, reason="не принимает замечаний") == "Decided"
    course.answer()
    orders: list[CreditOrder] = course.orders
    assert (len(orders), len(course.credits()), course.stage) == (1, 1, "credited")
