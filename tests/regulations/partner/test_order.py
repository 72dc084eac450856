"""An order of additional services: the form, the deal in the CRM and in the report, execution, its ends."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from regulations.partner import sale_messages as m
from regulations.partner.sale_narration import result
from regulations.partner.services import ZERO
from tests.regulations.course import at
from tests.regulations.partner.intakes import HEAD_OF_SUPPORT, PARTNER, SUPPORT
from tests.regulations.partner.sales import (
    CONTRACT,
    CRM,
    HALF,
    MARKETING,
    NETWORK,
    PAYER,
    SCRIPTS,
    TECHNICAL,
    TOTAL,
    Sale,
)

SUM_OF_ALL = Decimal("93500.50")
"""Of the CRM, two sets of materials and a network."""


def of_all() -> Sale:
    """Three services with two executors besides support itself."""
    return Sale().order(services=[CRM, SCRIPTS, NETWORK], city="Казань").form()


# --- 5.1, 5.2 -------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 5.1")
def test_the_partner_is_asked_for_the_form_in_working_time_and_the_letter_meets_the_duty() -> None:
    sale = Sale("2026-11-16 20:00").order()
    assert (sale.templates(), sale.standings()) == ([], {"5.1/consent": "open"})
    sale.go_to("2026-11-17 10:00")
    letter = sale.letter("form")
    assert (letter.to, letter.values["link"]) == (("romashka@partner.example",), "http://www.law-group.biz/")
    assert (sale.standings(), sale.duty("5.1/consent").met_at) == ({"5.1/consent": "met"}, at("2026-11-17 10:00"))


@pytest.mark.clause("partner 5.1")
def test_a_form_that_comes_by_itself_meets_the_duty_and_nobody_is_asked_for_it() -> None:
    sale = Sale("2026-11-16 20:00").order().form().go_to("2026-11-17 12:00")
    assert sale.standings()["5.1/consent"] == "met"
    assert "form" not in sale.templates()


@pytest.mark.clause("partner 5.2")
def test_the_invoice_goes_to_the_payer_at_once_and_the_phone_hears_of_it_in_working_time() -> None:
    sale = Sale("2026-11-16 18:00").order().go_to("2026-11-16 21:00").form()
    letter = sale.letter("invoice")
    assert (letter.to, [file.name for file in letter.files]) == (("buh@lutik.example",), ["Счёт 17.pdf"])
    assert letter.values["sum"] == "45\u00a0000,00\u00a0₽"
    assert sale.messages == []
    sale.go_to("2026-11-17 10:00")
    [sms] = sale.messages
    assert (sms.to, sms.values["number"]) == ("+79991234567", "17")
    assert sale.standings()["5.2/form"] == "met"


@pytest.mark.clause("partner 5.2")
@pytest.mark.parametrize(
    ("payer", "partner", "to"), [(None, None, []), (None, "+79990000001", ["+79990000001"]), ("+79990000002", None, ["+79990000002"])]
)
def test_an_sms_goes_where_there_is_a_phone(payer: str | None, partner: str | None, to: list[str]) -> None:
    sale = Sale().order(partner={**PARTNER, "phone": partner}).form(payer={**PAYER, "phone": payer})
    assert [sms.to for sms in sale.messages] == to
    assert sale.stage == "awaiting_payment"


def test_what_the_form_says_stands_and_what_it_leaves_out_is_as_was_talked_of() -> None:
    sale = Sale().order(services=[CRM], city="Казань").form()
    assert ([s.service for s in sale.questions[-1].services], sale.questions[-1].city) == (["crm"], "Казань")
    sale = Sale().order(services=[CRM], city="Казань").form(services=[NETWORK], city="Пермь")
    assert ([s.service for s in sale.questions[-1].services], sale.questions[-1].city) == (["network"], "Пермь")


# --- 5.4, 5.5 -------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 5.4")
def test_the_first_payment_makes_one_deal_in_the_crm_with_services_and_the_exact_price() -> None:
    sale = of_all()
    assert sale.records == []
    sale.pays(Decimal("0.01")).pays(SUM_OF_ALL - Decimal("0.01"))
    [record] = sale.records
    assert (record.what, record.external_id) == ("deal", "partner/D-1/order")
    assert record.fields == {
        "title": "Доп. услуги: Настройка CRM; Материалы × 2; Рекламная сеть",
        "direction": "Доп. услуги",
        "contact": "c-9",
        "partner": "p-77",
        "sum": "93500.50",
        "services": "Настройка CRM; Материалы × 2; Рекламная сеть",
        "manager": "m1",
        "invoice": "17",
    }
    assert (sale.standings()["5.4/deal"], sale.duty("5.4/deal").term) == ("met", None)


@pytest.mark.clause("partner 5.4")
def test_what_the_crm_refuses_is_told_once_and_tried_again_each_working_day_under_one_key() -> None:
    sale = Sale("2026-11-20 12:00").invoiced()
    sale.crm_up = False
    sale.pays(TOTAL).tells().executes().go_to("2026-11-24 09:59")
    assert [record.now for record in sale.records] == [at("2026-11-20 12:00"), at("2026-11-23 10:00")]
    assert len({record.model_copy(update={"now": sale.now}).model_dump_json() for record in sale.records}) == 1
    assert sale.incidents() == ["crm_refused"]
    assert sale.stage == "paid"
    sale.crm_up = True
    sale.go_to("2026-11-24 10:00")
    assert (sale.standings()["5.4/deal"], sale.stage, sale.state.ended) == ("met", "done", True)


@pytest.mark.clause("partner 5.4")
def test_a_deal_that_the_head_of_support_lets_go_is_tried_no_more() -> None:
    sale = Sale().invoiced()
    sale.crm_up = False
    sale.pays(TOTAL).tells().executes().say(m.WaiveOfSale, by=HEAD_OF_SUPPORT, clause="5.4", reason="внесена вручную")
    assert (sale.stage, sale.wake_at) == ("done", None)
    assert len(sale.records) == 1


@pytest.mark.clause("partner 5.5")
def test_the_row_of_the_report_follows_the_deal() -> None:
    sale = Sale().order()
    row = sale.register()
    assert (row.stage, row.services, row.total, row.invoice, row.manager, row.partner) == ("awaiting_form", "crm", None, None, "m1", "p-77")
    sale.form()
    row = sale.register()
    assert (row.stage, row.services, row.total, row.invoice, row.paid) == ("awaiting_payment", "Настройка CRM", TOTAL, "17", ZERO)
    sale.pays(HALF, at("2026-11-16 11:30"))
    row = sale.register()
    assert (row.stage, row.paid, row.paid_at) == ("partly_paid", HALF, at("2026-11-16 11:30"))
    sale.tells(reason="аванс").pays(HALF).tells().executes()
    row = sale.register()
    assert (row.stage, row.paid, row.closed_at) == ("done", TOTAL, sale.now)


# --- 5.6 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 5.6")
def test_full_payment_hands_over_to_each_executor_and_the_last_one_meets_the_duty() -> None:
    sale = of_all().pays(SUM_OF_ALL)
    for role in ("technical", "marketing", "support_manager:m1"):
        assert any("можно исполнять: Настройка CRM; Материалы × 2; Рекламная сеть" in words for words in sale.told(role)), role
    sale.go(minutes=10).executes(TECHNICAL).executes(MARKETING)
    assert sale.standings()["5.6/1"] == "open"
    assert sale.refused(m.Executed, by=TECHNICAL) == "Confirmed"
    sale.go(minutes=10).executes(SUPPORT)
    assert (sale.standings()["5.6/1"], sale.duty("5.6/1").met_at) == ("met", sale.now)


@pytest.mark.clause("partner 5.6")
def test_what_was_executed_earlier_and_learnt_last_does_not_hasten_the_duty() -> None:
    sale = Sale().order(services=[CRM, NETWORK], city="Казань").form().pays(Decimal("75000"))
    sale.go(hours=3).executes(MARKETING)
    sale.executes(TECHNICAL, at("2026-11-16 13:00"))
    assert sale.duty("5.6/1").met_at == at("2026-11-16 15:00")


@pytest.mark.clause("partner 5.6")
@pytest.mark.parametrize("by", [SUPPORT, HEAD_OF_SUPPORT, MARKETING])
def test_only_an_executor_confirms(by: Any) -> None:
    sale = Sale().invoiced()
    assert sale.refused(m.Executed, by=TECHNICAL) == "NotHandedOver"
    sale.pays(TOTAL)
    assert sale.refused(m.Executed, by=by) == "NotYours"
    assert sale.refused(m.Executed, sale.now.replace(hour=5), by=TECHNICAL) == "NotHandedOver"


@pytest.mark.clause("partner 5.6")
def test_a_partial_payment_is_handed_over_when_the_manager_says_so_and_the_rest_when_it_comes() -> None:
    sale = Sale().invoiced().pays(HALF)
    assert sale.told("technical") == []
    sale.go(minutes=5).tells(reason="аванс", hand_over=True)
    assert len(sale.told("technical")) == 1
    assert "осталось 22\u00a0500,00\u00a0₽" in sale.told("technical")[0]
    assert sale.refused(m.PartnerTold, by=SUPPORT, reason="аванс", hand_over=True) == "Told"
    sale.go(hours=1).pays(HALF)
    assert {k: s for k, s in sale.standings().items() if k.startswith("5.6")} == {"5.6/1": "open", "5.6/2": "open"}
    sale.executes(TECHNICAL, at("2026-11-16 12:30"))
    assert {k: s for k, s in sale.standings().items() if k.startswith("5.6")} == {"5.6/1": "met", "5.6/2": "open"}
    sale.executes().tells()
    assert sale.stage == "done"


@pytest.mark.clause("partner 5.6")
def test_one_confirmation_answers_for_all_that_was_handed_over_by_then() -> None:
    sale = Sale().invoiced().pays(HALF).tells(reason="аванс", hand_over=True).go(hours=1).pays(HALF).executes()
    assert [s for k, s in sale.standings().items() if k.startswith("5.6")] == ["met", "met"]


# --- ends -----------------------------------------------------------------------------------------------------------


def test_an_order_is_done_when_all_is_paid_and_nothing_is_owed() -> None:
    sale = Sale().invoiced().pays(TOTAL).executes()
    assert (sale.stage, sale.state.ended) == ("paid", False)
    sale.tells()
    ended = result(sale.state)
    assert (ended.outcome, ended.paid, ended.met, ended.breaches, sale.wake_at) == ("done", TOTAL, 5, 0, None)
    assert sale.refused(m.PartnerTold, by=SUPPORT) == "Ended"


def test_an_end_waits_for_the_word_that_is_still_to_go_out() -> None:
    sale = Sale().invoiced()
    sale.silent = {"crm"}
    sale.pays(TOTAL).tells().executes().withdraw()
    assert (sale.stage, sale.state.ended) == ("done", False)
    sale.answer()
    assert sale.state.ended


@pytest.mark.clause("partner 7.2")
def test_a_withdrawn_order_makes_its_invoice_void_and_finance_hears_of_the_money_on_it() -> None:
    sale = Sale().invoiced().pays(HALF).withdraw()
    assert sale.invoices() == [("17", "open"), ("17", "void")]
    assert sale.told("finance") == [
        "Сделка отозвана (партнёр передумал), по счёту 17 получено 22\u00a0500,00\u00a0₽: решите о возврате (7.2)"
    ]
    assert sale.letter("invoice_void").values["sum"] == "22\u00a0500,00\u00a0₽"
    assert ("", "support_manager:m1") in sale.notices("ended")
    assert (sale.stage, sale.state.ended, result(sale.state).paid) == ("withdrawn", True, HALF)
    assert sale.register().stage == "withdrawn"
    assert sale.refused(m.FormReceived, payer=PAYER) == "Ended"


def test_a_withdrawal_before_the_invoice_tells_nobody_outside() -> None:
    sale = Sale().order().withdraw()
    assert (sale.templates(), sale.invoices(), sale.told("finance")) == (["form"], [], [])
    assert (sale.stage, sale.standings()) == ("withdrawn", {"5.1/consent": "met"})


@pytest.mark.clause("partner 5.6")
def test_of_a_partial_payment_that_is_executed_the_head_of_support_gives_up_the_rest() -> None:
    sale = Sale().invoiced().pays(HALF).tells(reason="больше не нужно", hand_over=True)
    early = sale.state.model_copy(deep=True)
    sale.executes().withdraw()
    assert (sale.stage, sale.invoices()[-1], sale.told("finance")) == ("done", ("17", "void"), [])
    sale.state = early
    assert sale.withdraw().stage == "withdrawn", "what is handed over and not executed is finance's to return"


def test_a_withdrawal_while_billing_makes_the_invoice_waits_for_its_answer() -> None:
    sale = Sale().order()
    sale.silent = {"billing"}
    sale.form().withdraw()
    assert (sale.stage, sale.state.ended) == ("invoicing", False)
    assert sale.refused(m.WithdrawOfSale, by=HEAD_OF_SUPPORT, reason="ещё раз") == "Withdrawn"
    sale.answer()
    assert (sale.stage, sale.state.ended, sale.invoices()) == ("withdrawn", True, [("17", "open"), ("17", "void")])
    assert (sale.templates(), sale.messages) == (["form"], [])


# --- what is no message of this order -------------------------------------------------------------------------------


def test_messages_of_others_are_refused() -> None:
    sale = Sale()
    assert sale.refused(m.FormReceived, payer=PAYER) == "NotBegun"
    assert (
        sale.refused(m.RenewalConsented, partner=PARTNER, manager="m1", contract=CONTRACT, package="standard", payer=PAYER)
        == "UnknownMessage"
    )
    assert sale.refused(m.OrderConsented, at("2025-11-01 10:00"), partner=PARTNER, manager="m1") == "ImpossibleDate"
    assert sale.refused(m.OrderConsented, at("2026-11-16 12:10"), partner=PARTNER, manager="m1") == "FromTheFuture"
    sale.order()
    assert sale.refused(m.OrderConsented, partner=PARTNER, manager="m1") == "Open"
    assert sale.refused(m.FormReceived, payer=PAYER, deal="D-2") == "OtherDeal"
    assert sale.refused(m.NextDealOpened, next_deal="D-2") == "UnknownMessage"
