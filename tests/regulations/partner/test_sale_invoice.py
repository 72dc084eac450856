"""7.1 and the making of an invoice: defects by name, corrections, billing that refuses or does not answer, invoices made by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from regulations.effects import LetterOutcome
from regulations.partner import sale_messages as m
from regulations.partner.effects import SmsOutcome
from regulations.partner.rows import InvoiceRow
from tests.regulations.course import at
from tests.regulations.partner.intakes import HEAD_OF_SUPPORT, SUPPORT
from tests.regulations.partner.sales import CONTRACT, MADE, NETWORK, PAYER, PURPOSE, SCRIPTS, TECHNICAL, TOTAL, Sale


def unanswered() -> Sale:
    """Billing failed, and nobody knows what it has."""
    sale = Sale()
    sale.billing = None
    return sale.invoiced()


# --- 7.1: nothing leaves while it is wrong --------------------------------------------------------------------------


@pytest.mark.clause("partner 7.1")
@pytest.mark.clause("partner 5.2")
def test_nothing_is_sent_while_defects_stand_and_manager_and_issuer_hear_each_by_name() -> None:
    sale = Sale().order(contract=None, services=[NETWORK], issuer="m2").form()
    assert (sale.orders, sale.templates(), sale.messages, sale.stage) == ([], ["form"], [], "invoicing")
    for role in ("support_manager:m1", "support_manager:m2"):
        first, second = sale.told(role)
        assert "не указан договор оферты" in first
        assert "«Рекламная сеть» — маркетинговая услуга" in second
    sale.correct(contract=CONTRACT)
    assert sale.orders == []
    sale.correct(city="Казань")
    [order] = sale.orders
    assert (order.issuer, order.draft.city, order.contract.number) == ("m2", "Казань", "О-17")
    assert (sale.templates(), sale.stage, sale.register().manager) == (["form", "invoice"], "awaiting_payment", "m1")


@pytest.mark.clause("partner 7.1")
def test_the_reminder_and_the_breach_name_what_is_wrong() -> None:
    sale = Sale().order(contract=None).form().go_to("2026-11-16 14:00")
    assert sum("не указан договор оферты" in words for words in sale.told("support_manager:m1")) == 3
    assert any("не указан договор оферты" in words for words in sale.told("head_of_support"))


@pytest.mark.clause("partner 7.1")
def test_what_changes_while_it_is_composed_is_composed_anew() -> None:
    sale = Sale().order(services=[])
    sale.silent = {"draft"}
    sale.form().form(services=[SCRIPTS]).correct(city="Казань")
    assert len(sale.questions) == 1
    sale.silent = set()
    sale.answer()
    assert (len(sale.questions), len(sale.orders)) == (2, 1)
    assert (sale.questions[-1].city, sale.orders[0].draft.total) == ("Казань", Decimal("18500.50"))


@pytest.mark.clause("partner 7.1")
def test_what_changes_before_the_invoice_is_ordered_is_in_it() -> None:
    sale = Sale().order()
    sale.silent = {"draft"}
    sale.form()
    sale.silent = set()
    sale.answer("draft", rest=False).correct(services=[SCRIPTS])
    assert [order.draft.total for order in sale.orders] == [Decimal("18500.50")]


@pytest.mark.clause("partner 7.1")
def test_only_support_corrects_and_not_before_the_form() -> None:
    sale = Sale().order(contract=None)
    assert sale.refused(m.Corrected, by=SUPPORT, contract=CONTRACT) == "AwaitingForm"
    sale.form()
    assert sale.refused(m.Corrected, by=TECHNICAL, contract=CONTRACT) == "NotYours"
    assert sale.refused(m.Corrected, at("2026-11-16 11:00"), by=SUPPORT, contract=CONTRACT) == "ImpossibleDate"
    sale.correct(by=HEAD_OF_SUPPORT, contract=CONTRACT)
    assert sale.stage == "awaiting_payment"


# --- recorded, sent -------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 7.2")
def test_the_register_has_the_invoice_before_the_letter_goes() -> None:
    sale = Sale().order()
    sale.silent = {"registers"}
    sale.form().go(hours=1)
    assert (sale.stage, sale.templates(), sale.messages) == ("awaiting_payment", ["form"], [])
    sale.silent = set()
    sale.answer()
    [row] = [r for r in sale.rows if isinstance(r, InvoiceRow)]
    assert (row.number, row.total, row.payer_inn, row.contract_number, row.places) == ("17", TOTAL, "7707083893", "О-17", (("2", "2.3"),))
    assert sale.templates() == ["form", "invoice"]


@pytest.mark.clause("partner 5.2")
@pytest.mark.parametrize(
    ("outcome", "incident"), [(None, "letter_refused"), (LetterOutcome(result="held", message_id="<m>", subject="s"), "letter_held")]
)
def test_an_invoice_that_the_post_does_not_take_meets_nothing_and_goes_to_another_address(
    outcome: LetterOutcome | None, incident: str
) -> None:
    sale = Sale().order()
    sale.post = outcome
    sale.form()
    assert (sale.standings()["5.2/form"], sale.incidents()) == ("open", [incident])
    sale.post = LetterOutcome(result="sent", message_id="<m>", subject="s")
    sale.correct(payer={**PAYER, "email": "other@lutik.example"})
    assert [letter.to[0] for letter in sale.letters[1:]] == ["buh@lutik.example", "other@lutik.example"]
    assert len({letter.key for letter in sale.letters}) == 3
    assert (sale.standings()["5.2/form"], len(sale.orders), sale.invoices()) == ("met", 1, [("17", "open")])


@pytest.mark.clause("partner 5.2")
@pytest.mark.parametrize(
    "fields",
    [{"contract": CONTRACT}, {"city": "Казань"}, {"payer": {**PAYER, "name": "ООО «Клевер»"}}, {"payer": PAYER, "city": "Казань"}, {}],
)
def test_an_invoice_that_is_made_keeps_what_it_says(fields: dict[str, Any]) -> None:
    sale = Sale().invoiced()
    assert sale.refused(m.Corrected, by=SUPPORT, **fields) == "Invoiced"
    assert sale.refused(m.FormReceived, payer=PAYER) == "Invoiced"
    assert sale.refused(m.InvoiceMade, by=SUPPORT, **MADE) == "Invoiced"


@pytest.mark.clause("partner 5.2")
@pytest.mark.parametrize("outcome", [None, SmsOutcome(result="refused", reason="нет шлюза")])
def test_a_message_that_is_not_sent_holds_up_nothing_and_the_manager_hears_of_it(outcome: SmsOutcome | None) -> None:
    sale = Sale()
    sale.gateway = outcome
    sale.invoiced()
    assert sale.standings()["5.2/form"] == "met"
    assert any("SMS о счёте не отправлено" in words for words in sale.told("support_manager:m1"))


# --- billing --------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 5.2")
def test_what_billing_refuses_is_told_with_its_reason_and_asked_for_anew_after_a_correction() -> None:
    sale = Sale()
    sale.billing = "refused"
    sale.invoiced()
    assert (sale.incidents(), sale.templates()) == (["invoice_refused"], ["form"])
    assert any("счёт закрыт" in words for words in sale.told("support_manager:m1"))
    sale.go(minutes=30)
    assert len(sale.orders) == 1
    sale.billing = "issued"
    sale.correct()
    assert [order.key for order in sale.orders] == ["uid-1#5.2#k2", "uid-1#5.2#k3"]
    assert sale.stage == "awaiting_payment"


@pytest.mark.clause("partner 5.2")
def test_what_billing_has_not_answered_is_tried_again_under_the_same_key_and_unchanged_alone() -> None:
    sale = unanswered()
    assert sale.incidents() == ["invoice_unanswered"]
    assert sale.refused(m.Corrected, by=SUPPORT, city="Казань") == "Unanswered"
    assert sale.refused(m.FormReceived, payer=PAYER) == "Invoicing"
    sale.correct()
    sale.billing = "issued"
    sale.correct()
    assert len(sale.orders) == 3
    assert sale.orders[0] == sale.orders[1] == sale.orders[2]
    assert (sale.stage, sale.invoices()) == ("awaiting_payment", [("17", "open")])


@pytest.mark.clause("partner 5.2")
def test_while_billing_makes_the_invoice_nothing_about_it_is_taken() -> None:
    sale = Sale().order()
    sale.silent = {"billing"}
    sale.form()
    for kind, fields in ((m.Corrected, {"city": "Казань"}), (m.Corrected, {}), (m.InvoiceMade, MADE)):
        assert sale.refused(kind, by=SUPPORT, **fields) == "Invoicing"


# --- made by hand ---------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 5.2")
def test_an_invoice_made_by_hand_meets_the_duty_at_its_time_and_is_told_without_a_file() -> None:
    sale = unanswered().go(hours=1)
    made_at = at("2026-11-16 12:20")
    sale.say(m.InvoiceMade, made_at, by=SUPPORT, **MADE)
    assert (sale.duty("5.2/form").met_at, sale.invoices(), sale.register().total) == (made_at, [("H-5", "open")], TOTAL)
    letter = sale.letter("invoice")
    assert (letter.files, letter.values["file"], letter.values["purpose"]) == ((), False, PURPOSE)
    sale.pays(TOTAL)
    assert any("можно исполнять: Настройка CRM" in words for words in sale.told("technical"))
    assert len(sale.orders) == 1


@pytest.mark.clause("partner 7.1")
@pytest.mark.parametrize(
    ("purpose", "named"),
    [
        (PURPOSE.replace("О-17", "О-18"), ["договора оферты № О-17"]),
        (PURPOSE.replace("01.10.2026", "02.10.2026"), ["дата договора 02.10.2026, а договор от 01.10.2026"]),
        (PURPOSE.replace(", услуга 2.3", "").replace(" БЕЗ НДС", ""), ["услуги 2.3", "«БЕЗ НДС»"]),
        ("", ["нет назначения платежа"]),
    ],
)
def test_an_invoice_made_wrongly_is_refused_with_all_that_is_wrong(purpose: str, named: list[str]) -> None:
    refusal = unanswered().refusal(m.InvoiceMade, by=SUPPORT, **{**MADE, "purpose": purpose})
    assert refusal.type == "WrongInvoice"
    assert str(refusal).startswith("partner 7.1: ")
    for words in named:
        assert words in str(refusal)


@pytest.mark.clause("partner 7.1")
def test_by_hand_too_a_marketing_service_needs_its_city_and_every_invoice_its_contract() -> None:
    sale = Sale().order(contract=None, services=[NETWORK]).form()
    line = {"name": "Рекламная сеть", "appendix": "3", "number": "3.1", "quantity": 2, "sum": "60000.01"}
    purpose = "Оплата по договору оферты № О-17 от 01.10.2026: приложение 3, услуга 3.1. Город Казань. БЕЗ НДС"
    made: dict[str, Any] = {"number": "H-5", "purpose": purpose, "lines": [line], "by": SUPPORT}
    refusal = sale.refusal(m.InvoiceMade, **made)
    assert "не указан договор" in str(refusal)
    assert "не указан город" in str(refusal)
    sale.silent = {"draft"}
    sale.correct(contract=CONTRACT, city="Пермь")
    assert sale.refused(m.InvoiceMade, **made) == "Composing"
    sale.silent = {"billing"}
    sale.answer("draft")
    assert sale.refused(m.InvoiceMade, **made) == "Invoicing"
    sale.billing = "refused"
    sale.answer("billing")
    assert "города Пермь" in str(sale.refusal(m.InvoiceMade, **made))
    sale.say(m.InvoiceMade, **{**made, "purpose": purpose.replace("Казань", "Пермь")})
    assert (sale.register().total, sale.state.invoice and sale.state.invoice.city) == (Decimal("60000.01"), "Пермь")


def test_an_invoice_by_hand_is_supports_and_comes_after_form_and_consent() -> None:
    sale = Sale().order()
    assert sale.refused(m.InvoiceMade, by=SUPPORT, **MADE) == "AwaitingForm"
    assert sale.refused(m.InvoiceMade, by=TECHNICAL, **MADE) == "NotYours"
    assert sale.refused(m.InvoiceMade, at("2026-11-16 11:00"), by=SUPPORT, **MADE) == "ImpossibleDate"
