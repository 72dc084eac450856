"""An incoming payment by its rules: what fits is told and over; what is left is finance's within three working days (partner 7.2)."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.case import Refusal
from regulations.effects import Told
from regulations.messages import CalendarChanged
from regulations.partner.effects import PaymentMatch, PaymentQuestion, Share
from regulations.partner.payment_facts import check_payment
from regulations.partner.payment_messages import (
    Assigned,
    ExtendOfPayment,
    PauseOfPayment,
    PaymentArrived,
    Refunded,
    ResumeOfPayment,
    WaiveOfPayment,
)
from regulations.partner.payment_narration import details, read_out, result
from regulations.partner.sale_messages import Allocated
from tests.regulations.course import at, local
from tests.regulations.partner.payments import FINANCE, HEAD, MONDAY, NO_FIT, WRONG, Payment, fits, share

DUE = "2026-11-19 19:00"
"""Three working days after the Monday of the posting are over at the closing of Thursday."""
SECOND = timedelta(seconds=1)
ALL = fits(share("100.00"))


# --- what fits ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 5.3")
def test_a_payment_that_fits_is_told_to_its_case_and_over() -> None:
    payment = Payment(ALL).arrive()
    assert payment.state.ended
    assert payment.stage == "settled"
    assert payment.state.obligations == []
    (told,) = payment.messages
    assert (told.address, told.update) == ("partner/D-117/order", "allocated")
    message = Allocated.model_validate(told.message)
    assert (message.key, message.happened_at) == ("allocated#P-1#match#117", at(MONDAY))
    assert (message.deal, message.payment, message.invoice, message.amount) == ("D-117", "P-1", "117", Decimal("100.00"))
    ended = result(payment.state)
    assert (ended.outcome, ended.verdict, ended.amount, ended.allocated, ended.returned) == (
        *("allocated", "exact"),
        *("100.00", "100.00", "0.00"),
    )
    assert payment.told("finance") == []


def test_it_waits_until_every_case_has_heard_of_its_share() -> None:
    payment = Payment(fits(share("60.00"), share("40.00", "118"), verdict="several"))
    payment.silent = {"cases"}
    payment.arrive()
    assert (payment.stage, payment.state.ended, len(payment.messages)) == ("settled", False, 2)
    assert payment.refused(Assigned, invoice="117", reason="ещё раз", by=FINANCE) == "Ended"
    assert payment.back().state.ended


@pytest.mark.parametrize(
    ("told", "why"), [(Told(result="no_case"), "закрыто"), (Told(result="refused", type="Invalid"), "не приняло"), (None, "не ответило")]
)
def test_of_a_case_that_does_not_take_its_share_finance_is_told_and_the_money_stays_where_it_is(told: Told | None, why: str) -> None:
    payment = Payment(ALL)
    payment.taken = told
    payment.arrive()
    assert payment.state.ended
    assert payment.incidents() == ["allocation_not_told"]
    (said,) = payment.told("finance", "incident")
    assert "partner/D-117/order" in said
    assert why in said
    assert result(payment.state).allocated == "100.00"


def test_a_case_that_has_heard_of_it_already_is_well() -> None:
    payment = Payment(ALL)
    payment.taken = Told(result="repeated")
    assert payment.arrive().state.ended
    assert payment.incidents() == []


# --- 7.2: what is left ----------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 7.2")
def test_what_is_left_is_finances_within_three_working_days_of_the_posting() -> None:
    payment = Payment().arrive(happened=at("2026-11-13 23:59"))
    assert payment.stage == "undecided"
    assert (payment.only.owner, payment.only.escalation) == ("finance", "head_of_finance")
    assert local(payment.only.due) == "2026-11-18 19:00", "the posting counts, not when we heard of it"
    (said,) = payment.told("finance", "warning")
    for word in ("P-1", "100,00\u00a0₽", "не подходит ни один счёт", "117, 118", "partner-payment.assigned", "18.11.2026 19:00"):
        assert word in said


@pytest.mark.clause("partner 7.2")
def test_what_follows_no_invoice_is_to_be_returned_and_finance_hears_why() -> None:
    payment = Payment(WRONG).arrive()
    assert payment.stage == "returning"
    (said,) = payment.told("finance", "warning")
    assert "указан НДС" in said
    assert "ошибочно" in said
    payment.refund()
    assert payment.state.ended
    assert (payment.only.standing, result(payment.state).outcome) == ("met", "returned")
    assert payment.messages == []


@pytest.mark.clause("partner 7.2")
@pytest.mark.parametrize(
    ("late", "standing", "entries"),
    [(-SECOND, "met", []), (0 * SECOND, "met", ["recorded", "withdrawn"]), (SECOND, "met_late", ["recorded", "met_late"])],
)
def test_a_return_is_in_time_up_to_the_due_instant(late: timedelta, standing: str, entries: list[str]) -> None:
    """At the due instant itself the case is awake before it hears of the return."""
    payment = Payment(WRONG).arrive().go_to(at(DUE) + late)
    payment.refund()
    assert payment.only.standing == standing
    assert [entry for _, entry in payment.breaches()] == entries
    assert payment.only.met_at == at(DUE) + late


@pytest.mark.clause("partner 7.2")
def test_a_return_that_is_heard_of_late_but_was_in_time_withdraws_the_breach() -> None:
    payment = Payment(WRONG).arrive().go_to("2026-11-20 11:00")
    assert payment.breaches() == [("7.2", "recorded")]
    assert len(payment.told("head_of_finance", "breach")) == 1
    payment.refund(happened=at(DUE))
    assert payment.breaches() == [("7.2", "recorded"), ("7.2", "withdrawn")]


@pytest.mark.clause("partner 7.2")
def test_a_return_in_time_that_the_ledger_has_yet_to_take_is_no_breach() -> None:
    payment = Payment(WRONG).arrive().go_to("2026-11-19 18:59")
    payment.silent = {"ledger"}
    payment.refund().go_to("2026-11-20 12:00")
    assert payment.breaches() == []
    payment.back()
    assert (payment.only.standing, payment.breaches()) == ("met", [])


@pytest.mark.clause("partner 7.2")
def test_a_return_in_time_of_a_part_leaves_a_breach_for_the_rest() -> None:
    payment = Payment(WRONG).arrive().go_to("2026-11-19 18:59")
    payment.silent = {"ledger"}
    payment.refund("99.99").go_to("2026-11-20 12:00").back()
    assert payment.breaches() == [("7.2", "recorded")]
    assert str(payment.state.left) == "0.01"


@pytest.mark.clause("partner 7.2")
def test_returns_and_allocations_add_up_and_the_last_one_meets_the_duty() -> None:
    payment = Payment(fits(share("30.00"), left="70.00", verdict="over")).arrive()
    payment.go(hours=1).refund("20.00", "R-1").go(hours=1)
    payment.assign("10.00", invoice="118").go(hours=1)
    assert (payment.stage, str(payment.state.left)) == ("undecided", "40.00")
    last = payment.now
    payment.go(hours=1).refund("30.00", "R-2", happened=last)
    payment.assign(None, happened=last - timedelta(minutes=30), invoice="119")
    assert payment.state.ended
    assert (payment.only.standing, payment.only.met_at) == ("met", last), "the last of what was done, not of what was heard"
    assert [m.message["key"] for m in payment.messages][:1] == ["allocated#P-1#match#117"]
    assert len({str(m.message["key"]) for m in payment.messages}) == 3
    ended = result(payment.state)
    assert (ended.outcome, ended.allocated, ended.returned) == ("divided", "50.00", "50.00")


@pytest.mark.clause("partner 7.2")
def test_more_than_is_left_is_refused_by_name() -> None:
    payment = Payment().arrive()
    assert payment.refused(Refunded, refund="R-1", amount="100.01", by=FINANCE) == "TooMuch"
    payment.silent = {"ledger"}
    payment.refund("60.00")
    assert payment.refused(Refunded, refund="R-2", amount="40.01", by=FINANCE) == "TooMuch"
    assert payment.refused(Assigned, invoice="117", amount="40.01", reason="по письму", by=FINANCE) == "TooMuch"
    assert payment.refused(Refunded, refund="R-1", amount="1.00", by=FINANCE) == "RefundKnown"
    payment.assign("40.00")
    assert payment.refused(Refunded, refund="R-2", amount="0.01", by=FINANCE) == "TooMuch"
    payment.back()
    assert payment.state.ended


@pytest.mark.clause("partner 7.2")
@pytest.mark.parametrize("result_", ["no_invoice", "ambiguous", "not_open", "other_currency", "above_open", "above_left", None])
def test_what_the_ledger_does_not_take_is_told_to_finance_with_the_reason(result_: str | None) -> None:
    payment = Payment().arrive()
    payment.rejection = result_
    payment.assign("10.00")
    assert payment.incidents() == ["payment_not_assigned"]
    (said,) = payment.told("finance", "incident")
    assert "117" in said
    assert "{" not in said
    assert str(result_) not in said
    assert (payment.stage, str(payment.state.left)) == ("undecided", "100.00")
    payment.rejection = ""
    assert payment.refund().state.ended


def test_a_return_that_the_ledger_does_not_take_is_told_too() -> None:
    payment = Payment().arrive()
    payment.rejection = None
    payment.refund()
    assert payment.incidents() == ["payment_not_refunded"]
    assert "R-1" in payment.told("finance", "incident")[0]


def test_who_may_do_what_and_when() -> None:
    payment = Payment()
    assert payment.refused(Refunded, refund="R-1", amount="1.00", by=FINANCE) == "NotBegun"
    assert payment.refused(PaymentArrived, at(MONDAY) + timedelta(minutes=6), amount="1.00") == "FromTheFuture"
    assert payment.refused(PaymentArrived, at(MONDAY) - timedelta(days=367), amount="1.00") == "ImpossibleDate"
    payment.silent = {"ledger"}
    payment.arrive()
    assert payment.refused(PaymentArrived, amount="100.00") == "Open"
    assert payment.refused(Refunded, refund="R-1", amount="1.00", by=FINANCE) == "Matching"
    payment.back()
    support = {"id": "m1", "role": "support_manager"}
    assert payment.refused(Refunded, refund="R-1", amount="1.00", by=support) == "NotYours"
    assert payment.refused(Assigned, invoice="117", reason="по письму", by=support) == "NotYours"
    assert payment.refused(Refunded, payment.now - timedelta(minutes=6), refund="R-1", amount="1.00", by=FINANCE) == "ImpossibleDate"
    assert payment.refused(Refunded, refund="R-1", amount="1.00", by=FINANCE, reference="P-2") == "OtherPayment"
    assert payment.refused(WaiveOfPayment, clause="7.2", reason="зачтено", by=FINANCE) == "NotYours"
    with pytest.raises(Refusal):
        check_payment(
            PaymentArrived.model_validate({"key": "k", "happened_at": payment.now, "reference": "P", "amount": "1"}), at("2026-11-01 10:00")
        )


def test_a_duty_that_is_let_go_leaves_the_money_to_be_dealt_with() -> None:
    payment = Payment().arrive()
    payment.say(WaiveOfPayment, clause="7.2", reason="аванс под следующий счёт", by=HEAD)
    assert (payment.only.standing, payment.state.ended) == ("waived", False)
    payment.go(days=30).assign()
    assert payment.state.ended
    assert payment.breaches() == []


def test_the_head_of_finance_extends_and_pauses() -> None:
    payment = Payment().arrive()
    payment.say(PauseOfPayment, clause="7.2", reason="ждём ответа плательщика", by=HEAD)
    payment.go(hours=2).say(ResumeOfPayment, clause="7.2", by=HEAD)
    payment.say(ExtendOfPayment, clause="7.2", new_due=at("2026-11-27 19:00"), reason="ждём письма", by=HEAD)
    assert payment.go_to("2026-11-27 18:59").breaches() == []
    assert payment.go_to("2026-11-27 19:00").breaches() == [("7.2", "recorded")]


def test_a_calendar_that_is_published_anew_moves_the_term() -> None:
    payment = Payment().arrive()
    days = [at(DUE).date()]
    payment.say(CalendarChanged, calendar="company", version="v2", changed=days, closed=days)
    assert any(f.what == "CalendarChanged" for f in payment.state.facts)


def test_a_reference_that_the_ledger_has_for_another_payment_ends_as_refused() -> None:
    payment = Payment(None).arrive()
    assert payment.state.ended
    assert (result(payment.state).outcome, result(payment.state).allocated) == ("refused", "0.00")
    assert payment.incidents() == ["payment_refused"]
    assert payment.told("finance")
    assert payment.told("head_of_finance")


def test_what_the_ledger_is_asked_is_what_came() -> None:
    payment = Payment(ALL).arrive(method="card", payer_name="ООО «Цветок»")
    (question,) = payment.questions
    assert isinstance(question, PaymentQuestion)
    assert (question.case_uid, question.reference, question.method, question.posted_at) == ("uid-1", "P-1", "card", at(MONDAY))


# --- words ----------------------------------------------------------------------------------------------------------


def test_the_details_show_sums_and_candidates_and_break_nothing() -> None:
    found = fits(share("30.50"), left="69.50", verdict="over").model_copy(update={"candidates": tuple(str(n) for n in range(100, 115))})
    payment = Payment(found).arrive(purpose="счет | 117 `x`\nдва", payer_name="ООО *Цветок*")
    payment.refund("9.50")
    shown = details(payment.state)
    for word in (
        "30,50\u00a0₽",
        "60,00\u00a0₽",
        "9,50\u00a0₽",
        "100,00\u00a0₽",
        "\\|",
        "\\*Цветок\\*",
        "109 и ещё 5",
        "7.2",
        "остаток: решает",
    ):
        assert word in shown
    assert details(Payment().state) == "### partner-payment/P-1"
    read = read_out(payment.state)
    assert (read.stage_text, read.obligations[0].clause) == ("остаток: решает финансовая служба", "partner 7.2")
    assert all(f.what in shown or f.note for f in read.facts)


def test_a_payment_in_another_currency_is_written_with_its_code() -> None:
    found = PaymentMatch(verdict="wrong_currency", left=Decimal("100.00"), why=("named", "other_currency"), candidates=("117",))
    payment = Payment(found).arrive(currency="USD")
    assert "100,00\u00a0USD" in payment.told("finance", "warning")[0]


# --- any order of steps ---------------------------------------------------------------------------------------------

steps = st.lists(st.tuples(st.sampled_from(["assign", "refund"]), st.none() | st.integers(1, 9000), st.booleans()), max_size=8)


@pytest.mark.clause("partner 7.2")
@settings(max_examples=50)
@given(steps, st.integers(0, 10_000))
def test_whatever_finance_does_the_sums_add_up(done: list[tuple[str, int | None, bool]], allocated: int) -> None:
    first = Decimal(allocated) / 100
    shares: tuple[Share, ...] = (share(str(first)),) if first else ()
    payment = Payment(fits(*shares, left=str(Decimal(100) - first), verdict="over") if shares else NO_FIT).arrive()
    for n, (what, kopecks, taken) in enumerate(done):
        amount = None if kopecks is None else str(Decimal(kopecks) / 100)
        payment.rejection = "" if taken else "above_left"
        with suppress(Refusal):  # more than is left, or nothing is
            if what == "assign":
                payment.assign(amount)
            else:
                payment.refund(amount or "1.00", f"R-{n}")
        state = payment.state
        assert state.allocated + state.returned + state.left == Decimal("100.00")
        assert state.left >= 0
        assert state.ended is (state.left == 0)
        assert len(payment.messages) == len(state.allocations)
