"""A renewal: what the CRM gets and in which order, and exactly one next deal, whoever opens it and however late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulations.partner import sale_messages as m
from regulations.partner.effects import NextDealAnswer
from regulations.partner.sale_narration import details, result
from tests.regulations.course import at
from tests.regulations.partner.intakes import HEAD_OF_SUPPORT, SUPPORT
from tests.regulations.partner.sales import PACKAGE, PAYER, Sale

DEAL = "partner/D-1/renewal"
MUST_PAY, CLOSED = (DEAL, "Должен оплатить продление"), (DEAL, "Продление оплачено")
NEXT = (f"{DEAL}#next", "Всё хорошо, получает заявки")
HALF = PACKAGE / 2


def renewal(start: str = "2026-11-16 12:00", *, opens: bool = True) -> Sale:
    """``opens``: the CRM's own automation opens the next deal."""
    sale = Sale(start, renewal=True)
    sale.settings = {"crm_opens_next": opens}
    return sale


# --- 6.1, 6.2 -------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 6.1")
@pytest.mark.clause("partner 6.2")
def test_consent_makes_the_invoice_under_the_contract_and_the_crm_hears_the_exact_sum() -> None:
    sale = renewal().renew(discount_percent="12.5", quantity=3)
    assert sale.letter("invoice").values["sum"] == "315\u00a0000,00\u00a0₽"
    [record] = sale.records
    assert (record.external_id, record.fields["status"]) == MUST_PAY
    assert (record.fields["direction"], record.fields["sum"], record.fields["contact"]) == ("Продления", "315000.00", "c-9")
    assert sale.standings() == {"6.1/consent": "met", "6.2/consent": "met"}
    assert sale.duty("6.2/consent").term is None


@pytest.mark.clause("partner 7.1")
def test_what_is_no_package_is_named_and_replaced_by_a_correction() -> None:
    sale = renewal().renew(package="crm")
    assert "не пакет" in sale.told("support_manager:m1")[0]
    assert (sale.orders, sale.records) == ([], [])
    sale.correct(services=[{"service": "standard"}])
    assert (sale.stage, sale.register().services) == ("awaiting_payment", "Пакет «Стандарт»")


@pytest.mark.clause("partner 6.2")
def test_a_renewal_that_is_paid_before_the_crm_took_it_is_closed_and_both_duties_are_met() -> None:
    sale = renewal()
    sale.crm_up = False
    sale.renew().pays(PACKAGE)
    assert sale.statuses() == [MUST_PAY]
    sale.crm_up = True
    sale.go_to("2026-11-17 10:00")
    assert sale.statuses() == [MUST_PAY, CLOSED]
    assert [sale.standings()[key] for key in ("6.2/consent", "6.3/next")] == ["met", "met"]


@pytest.mark.clause("partner 6.3")
def test_what_the_crm_is_slow_to_take_never_comes_over_what_is_newer() -> None:
    sale = renewal()
    sale.silent = {"crm"}
    sale.renew().pays(PACKAGE)
    assert sale.statuses() == [MUST_PAY]
    sale.answer()
    assert sale.statuses() == [MUST_PAY, CLOSED]


# --- 6.3: the CRM opens the next deal -------------------------------------------------------------------------------


@pytest.mark.clause("partner 6.3")
def test_full_payment_closes_the_deal_and_the_next_one_is_found() -> None:
    sale = renewal().renew().pays(HALF)
    assert (sale.statuses(), sale.searches) == ([MUST_PAY], [])
    sale.pays(HALF).tells()
    assert (sale.statuses(), sale.state.next_deal) == ([MUST_PAY, CLOSED], "D-2")
    ended = result(sale.state)
    assert (ended.outcome, ended.next_deal, ended.paid, sale.state.ended) == ("done", "D-2", PACKAGE, True)


@pytest.mark.clause("partner 6.3")
def test_a_next_deal_that_is_late_is_looked_for_in_working_time_and_found() -> None:
    sale = renewal("2026-11-20 17:45").renew()
    sale.deals = NextDealAnswer()
    sale.pays(PACKAGE).tells()
    assert (sale.stage, sale.standings()["6.3/next"]) == ("paid", "open")
    sale.go_to("2026-11-23 10:15")
    assert sale.searches == [at(f"2026-11-{t}") for t in ("20 17:45", "20 18:15", "20 18:45", "23 10:15")]
    sale.deals = NextDealAnswer(deals=("D-9",))
    sale.go(minutes=30)
    assert (sale.stage, sale.state.next_deal, sale.incidents()) == ("done", "D-9", [])


@pytest.mark.clause("partner 6.3")
def test_when_the_automations_time_is_over_it_is_looked_for_once_more_and_the_manager_told() -> None:
    sale = renewal().renew()
    sale.deals = NextDealAnswer()
    sale.pays(PACKAGE).tells().go_to("2026-11-16 13:59:59")
    assert sale.incidents() == []
    sale.go_to("2026-11-16 14:00")
    assert (sale.incidents(), sale.searches[-1]) == (["next_deal_missing"], at("2026-11-16 14:00"))
    assert "в статусе «Всё хорошо, получает заявки»" in sale.told("support_manager:m1")[-1]
    assert "Следующей сделки в CRM нет" in details(sale.state)
    sale.go_to("2026-11-18 12:00")
    assert [s for s in sale.searches if s > at("2026-11-16 14:00")] == [at("2026-11-17 10:00"), at("2026-11-18 10:00")]
    assert sale.incidents() == ["next_deal_missing"]
    sale.say(m.NextDealOpened, next_deal="D-7")
    assert (sale.stage, sale.state.next_deal, sale.wake_at) == ("done", "D-7", None)


@pytest.mark.clause("partner 6.3")
def test_a_deal_that_is_named_before_ours_is_closed_counts_once_it_is() -> None:
    sale = renewal()
    sale.silent = {"crm"}
    sale.renew()
    assert sale.refused(m.NextDealOpened, next_deal="D-7") == "NotPaid"
    sale.pays(PACKAGE).say(m.NextDealOpened, next_deal="D-7")
    assert sale.standings()["6.3/next"] == "open"
    assert sale.refused(m.NextDealOpened, next_deal="D-8") == "AnotherDeal"
    sale.say(m.NextDealOpened, next_deal="D-7").answer().answer()
    assert (sale.standings()["6.3/next"], sale.searches) == ("met", [])


@pytest.mark.clause("partner 6.3")
def test_of_several_deals_the_oldest_is_the_one_and_the_others_are_told() -> None:
    sale = renewal().renew()
    sale.deals = NextDealAnswer(deals=("D-2", "D-3"))
    sale.pays(PACKAGE)
    assert (sale.state.next_deal, sale.incidents()) == ("D-2", ["next_deals"])
    assert "взята D-2, ещё есть D-3" in sale.told("support_manager:m1")[-1]


@pytest.mark.clause("partner 6.3")
def test_a_crm_that_refuses_the_search_is_told_and_asked_again_each_day() -> None:
    sale = renewal().renew()
    sale.deals = None
    sale.pays(PACKAGE).tells().go_to("2026-11-17 12:00")
    assert (sale.incidents(), len(sale.searches)) == (["next_deal_unsought"], 2)
    sale.deals = NextDealAnswer(deals=("D-2",))
    assert sale.go_to("2026-11-18 10:00").stage == "done"


@pytest.mark.clause("partner 6.3")
def test_an_answer_on_its_way_changes_nothing_once_the_deal_is_named() -> None:
    sale = renewal()
    sale.silent = {"search"}
    sale.renew().pays(PACKAGE).say(m.NextDealOpened, next_deal="D-7").answer()
    assert sale.state.next_deal == "D-7"
    sale.tells()
    assert (sale.stage, sale.state.ended) == ("done", True)


# --- 6.3: we open it ------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 6.3")
def test_where_the_crm_does_not_open_it_we_do_once_and_after_the_closing() -> None:
    sale = renewal(opens=False).renew().pays(HALF).pays(HALF).tells()
    assert sale.statuses() == [MUST_PAY, CLOSED, NEXT]
    assert "sum" not in sale.records[-1].fields
    assert (sale.stage, sale.state.next_deal, sale.searches) == ("done", f"z-{DEAL}#next", [])


@pytest.mark.clause("partner 6.3")
def test_what_is_being_opened_is_not_named_meanwhile() -> None:
    sale = renewal(opens=False)
    sale.renew()
    sale.silent = {"crm"}
    sale.pays(PACKAGE).answer()
    assert sale.refused(m.NextDealOpened, next_deal="D-7") == "Opening"
    sale.answer()
    assert sale.statuses() == [MUST_PAY, CLOSED, NEXT]


@pytest.mark.clause("partner 6.3")
def test_a_deal_that_was_named_is_not_opened_again() -> None:
    sale = renewal(opens=False)
    sale.renew()
    sale.crm_up = False
    sale.pays(PACKAGE).say(m.NextDealOpened, next_deal="D-7")
    sale.crm_up = True
    sale.go(days=2)
    assert (sale.statuses(), sale.standings()["6.3/next"]) == ([MUST_PAY, CLOSED, CLOSED], "met")


# --- ends -----------------------------------------------------------------------------------------------------------


def test_what_the_head_of_support_lets_go_is_done_no_more() -> None:
    sale = renewal().renew()
    sale.deals = NextDealAnswer()
    sale.pays(PACKAGE).tells().say(m.WaiveOfSale, by=HEAD_OF_SUPPORT, clause="6.3", reason="партнёр уходит")
    assert (sale.stage, sale.wake_at, sale.state.waits) == ("done", None, {})


@pytest.mark.clause("partner 6.3")
def test_a_renewal_withdrawn_after_its_payment_opens_nothing() -> None:
    sale = renewal()
    sale.silent = {"crm"}
    sale.renew().pays(PACKAGE).withdraw().answer()
    sale.go_to(sale.now + timedelta(days=3))
    assert (sale.statuses(), sale.searches, sale.stage, sale.state.ended) == ([MUST_PAY], [], "withdrawn", True)
    assert "108\u00a0000,00\u00a0₽" in sale.told("finance")[0]
    assert "invoice_void" not in sale.templates()


def test_a_renewal_has_neither_form_nor_execution() -> None:
    sale = renewal().renew().pays(HALF)
    assert sale.refused(m.FormReceived, payer=PAYER) == "UnknownMessage"
    assert sale.refused(m.Executed, by=SUPPORT) == "UnknownMessage"
    assert sale.refused(m.PartnerTold, by=SUPPORT, reason="аванс", hand_over=True) == "NothingToHandOver"
