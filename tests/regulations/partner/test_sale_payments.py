"""5.3 and 7.3: the word to the partner for each payment, the reason of a partial one, and payments to a card."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from regulations.effects import LetterOutcome, OnUnknown
from regulations.partner import sale_messages as m
from tests.regulations.course import at
from tests.regulations.partner.intakes import HEAD_OF_SUPPORT, SUPPORT
from tests.regulations.partner.sales import (
    DIRECTOR,
    HALF,
    PACKAGE,
    PARTNERS_DIRECTOR,
    TECHNICAL,
    TOTAL,
    Sale,
)

KOPECK = Decimal("0.01")


def duties(sale: Sale, clause: str) -> list[str]:
    """Where the obligations of a clause stand, in order."""
    return [o.standing.value for o in sale.state.obligations if o.clause == clause]


# --- 5.3 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 5.3")
def test_the_manager_hears_of_each_payment_with_what_is_open_and_by_when() -> None:
    sale = Sale().invoiced().pays(HALF)
    [said] = sale.told("support_manager:m1")
    for words in ("Поступило 22\u00a0500,00\u00a0₽", "осталось 22\u00a0500,00\u00a0₽", "пн 16.11.2026 14:00", "почему оплачено не всё"):
        assert words in said
    sale.pays(HALF)
    assert "счёт оплачен полностью" in sale.told("support_manager:m1")[-1]


@pytest.mark.clause("partner 5.3")
@pytest.mark.parametrize(("paid", "reason", "taken"), [(TOTAL - KOPECK, "", False), (TOTAL - KOPECK, "аванс", True), (TOTAL, "", True)])
def test_a_kopeck_less_needs_the_reason(paid: Decimal, reason: str, taken: bool) -> None:
    sale = Sale().invoiced().pays(paid)
    if taken:
        sale.tells(reason=reason)
        assert duties(sale, "5.3") == ["met"]
    else:
        assert sale.refused(m.PartnerTold, by=SUPPORT, reason=reason) == "NoReason"


@pytest.mark.clause("partner 5.3")
def test_one_word_answers_for_all_the_payments_that_had_come_by_then() -> None:
    sale = Sale().invoiced().pays(HALF).go(hours=1).pays(KOPECK).go(minutes=10)
    sale.tells(at("2026-11-16 12:30"), reason="аванс")
    assert duties(sale, "5.3") == ["met", "open"]
    sale.tells(reason="аванс")
    assert duties(sale, "5.3") == ["met", "met"]
    assert sale.refused(m.PartnerTold, by=SUPPORT, reason="аванс") == "Told"


@pytest.mark.clause("partner 5.3")
def test_a_word_before_the_rest_had_come_needs_the_reason_although_all_is_paid_now() -> None:
    sale = Sale().invoiced().pays(HALF).go(hours=1).pays(HALF).go(minutes=10)
    assert sale.refused(m.PartnerTold, at("2026-11-16 12:30"), by=SUPPORT) == "NoReason"
    sale.tells()
    assert duties(sale, "5.3") == ["met", "met"]


@pytest.mark.clause("partner 5.3")
def test_payments_told_in_another_order_than_the_ledger_counted_them_are_paid_in_full_all_the_same() -> None:
    sale = Sale().invoiced()
    second = sale.payment(HALF, paid=TOTAL)
    first = sale.payment(HALF, paid=HALF)
    sale.deliver(second)
    assert (sale.stage, duties(sale, "5.3"), duties(sale, "5.6")) == ("paid", ["open"], ["open"])
    sale.tells()
    sale.deliver(first)
    assert (sale.stage, duties(sale, "5.3"), duties(sale, "5.6")) == ("paid", ["met", "open"], ["open"])


@pytest.mark.clause("partner 5.3")
def test_who_may_tell_and_when() -> None:
    sale = Sale().invoiced()
    assert sale.refused(m.PartnerTold, by=SUPPORT) == "NothingCame"
    sale.go(hours=1).pays(TOTAL)
    assert sale.refused(m.PartnerTold, by=TECHNICAL) == "NotYours"
    assert sale.refused(m.PartnerTold, at("2026-11-16 12:54:59"), by=SUPPORT) == "NothingCame"
    sale.tells(at("2026-11-16 12:55"), by=HEAD_OF_SUPPORT)  # clocks outside may differ a little
    assert sale.duty("5.3/1").met_at == at("2026-11-16 13:00")


@pytest.mark.clause("partner 5.3")
def test_a_payment_belongs_to_the_invoice_of_the_deal_and_lies_not_far_back() -> None:
    sale = Sale().order()
    fields: dict[str, Any] = {"payment": "b-1", "amount": "1", "paid": "1"}
    assert sale.refused(m.Allocated, invoice="17", **fields) == "OtherInvoice"
    sale.form()
    assert sale.refused(m.Allocated, invoice="18", **fields) == "OtherInvoice"
    assert sale.refused(m.Allocated, at("2025-11-01 12:00"), invoice="17", **fields) == "ImpossibleDate"


@pytest.mark.parametrize("renewal", [False, True])
def test_the_same_allocation_twice_is_a_repeat_and_money_above_the_total_opens_nothing(renewal: bool) -> None:
    sale = Sale(renewal=renewal).invoiced()
    payment = sale.payment(PACKAGE if renewal else TOTAL)
    sale.deliver(payment)
    assert sale.refused(type(payment), **payment.model_dump(exclude={"deal"})) == "Repeated"
    before, records = sale.standings(), len(sale.records)
    sale.pays(KOPECK)
    assert (sale.standings(), len(sale.records)) == (before, records)
    assert sale.register().paid == (PACKAGE if renewal else TOTAL) + KOPECK


# --- 7.3 ------------------------------------------------------------------------------------------------------------


def asked() -> Sale:
    return Sale().invoiced().pays(Decimal("0.50")).say(m.CardAsked, bank="bank-1", reason="клиент настаивает", by=SUPPORT)


@pytest.mark.clause("partner 7.3")
@pytest.mark.parametrize("by", [DIRECTOR, PARTNERS_DIRECTOR])
def test_either_director_approves_and_the_client_gets_bank_and_exact_open_sum(by: Any) -> None:
    sale = asked()
    for role in ("director", "director_for_partners"):
        assert "счёт 17, 44\u00a0999,50\u00a0₽; клиент настаивает" in sale.told(role)[0]
    assert "card" not in sale.templates()
    sale.say(m.CardDecided, decision="approved", by=by)
    letter = sale.letter("card")
    assert (letter.to, letter.values["sum"], letter.values["bank"]) == (("buh@lutik.example",), "44\u00a0999,50\u00a0₽", "bank-1")
    assert letter.on_unknown is OnUnknown.HOLD
    assert sale.refused(m.CardDecided, decision="approved", by=by) == "NotAsked"


@pytest.mark.clause("partner 7.3")
@pytest.mark.parametrize("by", [SUPPORT, HEAD_OF_SUPPORT, TECHNICAL])
def test_nobody_else_approves(by: Any) -> None:
    assert asked().refused(m.CardDecided, decision="approved", by=by) == "NotYours"


@pytest.mark.clause("partner 7.3")
def test_a_refusal_is_told_to_the_manager_and_it_may_be_asked_again() -> None:
    sale = asked()
    assert sale.refused(m.CardAsked, bank="bank-1", reason="ещё раз", by=SUPPORT) == "Asked"
    sale.say(m.CardDecided, decision="refused", reason="только счёт", by=DIRECTOR)
    assert sale.told("support_manager:m1")[-1] == "7.3 Оплата картой не согласована: только счёт"
    sale.say(m.CardAsked, bank="bank-2", reason="ещё раз", by=SUPPORT).say(m.CardDecided, decision="approved", by=DIRECTOR)
    assert sale.letter("card").values["bank"] == "bank-2"


@pytest.mark.clause("partner 7.3")
def test_a_card_is_asked_for_by_support_and_only_while_something_is_open() -> None:
    fields: dict[str, Any] = {"bank": "bank-1", "reason": "клиент настаивает"}
    sale = Sale().order()
    assert sale.refused(m.CardAsked, by=SUPPORT, **fields) == "NothingOpen"
    sale.form()
    assert sale.refused(m.CardAsked, by=DIRECTOR, **fields) == "NotYours"
    assert sale.refused(m.CardDecided, by=DIRECTOR, decision="approved") == "NotAsked"
    assert sale.refused(m.CardAsked, at("2026-11-16 11:00"), by=SUPPORT, **fields) == "ImpossibleDate"
    sale.say(m.CardAsked, by=SUPPORT, **fields).pays(TOTAL)
    assert sale.refused(m.CardDecided, by=DIRECTOR, decision="approved") == "NothingOpen"
    assert sale.refused(m.CardAsked, by=SUPPORT, **fields) == "NothingOpen"


@pytest.mark.clause("partner 7.3")
def test_a_card_letter_of_which_nobody_knows_is_not_doubled() -> None:
    sale = asked()
    sale.post = LetterOutcome(result="held", message_id="<m>", subject="s")
    sale.say(m.CardDecided, decision="approved", by=DIRECTOR)
    assert sale.incidents() == ["letter_held"]
    assert sale.templates().count("card") == 1
