"""How a handoff begins (1.2, 2.1.1), and the payment without which it goes no further (3.2)."""

from __future__ import annotations

import pytest

from regulations.case import Refusal
from regulations.effects import BillingAnswer, Price
from regulations.handoff.facts import learn_billing
from regulations.messages import (
    FirstContact,
)
from tests.regulations.course import at
from tests.regulations.handoff.course import Course, sale

MONDAY = "2026-11-16 10:00"


def _begin(when: str = MONDAY) -> Course:
    course = Course(at(when))
    course.careful = True
    return course


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
    assert course.newest("2.1.1").standing == "met"
    course = _begin().paid(told=False)
    assert course.newest("2.1.1").standing == "open"
    course.request(told_client=True)
    assert course.newest("2.1.1").standing == "met"


@pytest.mark.clause("handoff 2.1.1")
@pytest.mark.parametrize("told", [False, None])
def test_what_was_not_declared_is_no_ground_for_refusal_and_is_asked_for_with_the_acceptance(told: bool | None) -> None:
    course = _begin().transferred(told=told)
    course.accept()
    duty = course.newest("2.1.1")
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
    assert course.incidents() == [what]
    assert course.notices("incident") == [("", "cc_head")]

    course.go_to(at("2026-11-17 11:00"))
    course.pay()
    course.look_up()
    assert course.state.stage == "awaiting_transfer"
    assert course.state.payment is not None
    assert course.state.payment.reference in ("pay-1", "pay-2")
    assert course.incidents() == [what]


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
    assert course.due_of("2.1.2") == "2026-11-17 12:00"


@pytest.mark.clause("handoff 2.1.2")
def test_a_payment_with_a_date_but_no_time_is_that_date() -> None:
    course = _begin("2026-11-20 23:00")
    course.pay(at("2026-11-20 00:00"), date_only=True)
    course.deliver_sale()
    assert course.due_of("2.1.2") == course.due_of("2.1.3") == course.due_of("2.1.4") == "2026-11-23 12:00"


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
    course.silent.add("billing")
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
    course.silent.add("billing")
    course.deliver_sale()
    asked = course.now
    course.go(hours=1)
    learn_billing(course.state, BillingAnswer(), course.now)
    assert course.state.looked_up_at == asked
