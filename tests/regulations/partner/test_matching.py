"""Payments and the invoices that they pay: a table of what banks deliver, and what becomes of it (partner 7.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import pytest

from regulations.catalogue import text
from regulations.partner.matching import Invoice, Match, Received, match
from tests.regulations.partner.payments import FLOWER, FOREIGN, OWN, invoice

CRM = invoice("117", "45000.00")
"""Contract LBG-1 of 01.02.2026, appendix 2, service 2.3; made out to FLOWER on 21.11.2026."""
SCRIPTS = invoice("118", "18500.50", places=(("2", "2.7"),))
NETWORK = invoice("119", "30000.00", places=(("3", "3.1"),), city="Казань")
OTHER = invoice("117-2", "45000.00", payer_inn=FOREIGN, contract_number="LBG-9", contract_date=date(2026, 5, 4))
"""Another partner's."""
LETTERED = invoice("120", "45000.00", contract_number="12-Г")
JANUARY, FEBRUARY = (invoice(n, "120000.00", places=(("1", "1.2"),)) for n in ("R-1", "R-2"))
"""Two months of the same package."""
WHOLE = "по договору-оферте № LBG-1 от 01.02.2026, приложение № 2, услуга № 2.3. БЕЗ НДС"


@dataclass(frozen=True)
class Case:
    """A payment of FLOWER in roubles unless said otherwise."""

    id: str
    purpose: str
    amount: str
    invoices: tuple[Invoice, ...]
    verdict: str
    gets: dict[str, str] | None = None
    """Number of an invoice → what is allocated to it; none: nothing."""
    why: str = ""
    """One of the codes."""
    inn: str | None = FLOWER
    currency: str = "RUB"
    card: bool = False


def paid(one: Invoice, sum_: str) -> Invoice:
    return replace(one, paid=Decimal(sum_))


CRM_PAID, SCRIPTS_PAID = paid(CRM, "45000.00"), paid(SCRIPTS, "18500.50")
VOID = replace(CRM, void=True)
IN_TENGE = replace(CRM, currency="KZT")
OF_LAST_YEAR = replace(CRM, address="partner/D-0/order", issued_on=date(2025, 11, 21))
BOTH = (CRM, SCRIPTS)
ALL_OF_117 = {"117": "45000.00"}

CASES = [
    # --- the number, as it is written
    Case("number-and-date", "Оплата по счету № 117 от 21.11.2026. Без НДС", "45000.00", (*BOTH, OTHER), "exact", ALL_OF_117, "named"),
    Case("cut-short", "сч.117", "45000.00", (*BOTH, OTHER), "exact", ALL_OF_117),
    Case("latin-sign", "по счёту N117", "45000.00", BOTH, "exact", ALL_OF_117),
    Case("no-spaces", "Счёт№117от21.11.26БЕЗ НДС", "45000.00", BOTH, "exact", ALL_OF_117),
    Case("zeros-before", "Счет на оплату № 000117", "45000.00", BOTH, "exact", ALL_OF_117),
    Case("latin-letters", "Oплaтa пo cчeтy № 117", "45000.00", BOTH, "exact", ALL_OF_117),
    Case("russian-letters", "счет АВС-7", "9.99", (invoice("ABC-7", "9.99"),), "exact", {"ABC-7": "9.99"}),
    Case("other-signs", "по счету № 117/2", "45000.00", (CRM, replace(OTHER, payer_inn=FLOWER)), "exact", {"117-2": "45000.00"}),
    Case("prefix-left-out", "счет 17", "5.00", (invoice("INV-17", "5.00"),), "exact", {"INV-17": "5.00"}),
    Case("prefix-left-out-another-payer", "счет 17", "5.00", (invoice("INV-17", "5.00"),), "unknown", None, "number_unknown", FOREIGN),
    Case("date-before-number", "счет от 21.11.2026 № 117", "45000.00", BOTH, "exact", ALL_OF_117),
    Case("words-between", "Оплата по счету покупателю № 117", "45000.00", BOTH, "exact", ALL_OF_117),
    Case("number-alone", "117", "45000.00", BOTH, "exact", ALL_OF_117),
    Case("bare-number-another-payer", "117", "45000.00", BOTH, "unknown", None, "silent", FOREIGN),
    Case("payer-unknown", "счет № 117", "45000.00", BOTH, "exact", ALL_OF_117, "named", None),
    Case("same-number-last-year", "счет № 117 от 21.11.2026", "45000.00", (CRM, OF_LAST_YEAR), "exact", ALL_OF_117),
    Case("same-number-no-date", "счет № 117", "45000.00", (CRM, OF_LAST_YEAR), "ambiguous", None, "number_twice"),
    # --- what is no number of an invoice
    Case("account-of-the-bank", "на р/счет 40702810900000012345, счет № 117", "45000.00", BOTH, "exact", ALL_OF_117),
    Case("factura", "по счет-фактуре № 117 за услуги", "18500.50", BOTH, "exact", {"118": "18500.50"}, "by_sum"),
    Case("number-of-the-contract", "по договору № LBG-1 и счету № 117", "45000.00", BOTH, "exact", ALL_OF_117),
    Case("sum-in-the-purpose", "сч. 117 на сумму 45 000,00 руб.", "45000.00", BOTH, "exact", ALL_OF_117),
    Case("pieces", "счет № 117, 2 шт.", "45000.00", (CRM, invoice("2", "7.00")), "exact", ALL_OF_117),
    # --- the sums
    Case("partial", "счет № 117", "44999.99", BOTH, "partial", {"117": "44999.99"}),
    Case("the-rest", "счет № 117, остаток", "0.01", (paid(CRM, "44999.99"), SCRIPTS), "exact", {"117": "0.01"}),
    Case("over", "счет № 117", "45000.01", BOTH, "over", ALL_OF_117, "above_open"),
    Case("over-the-rest", "счет № 117", "45000.00", (paid(CRM, "20000.00"),), "over", {"117": "25000.00"}, "above_open"),
    Case("double", "счет № 117", "45000.00", (CRM_PAID, SCRIPTS), "double", None, "paid_already"),
    Case("kopecks", "счет № 118", "18500.50", BOTH, "exact", {"118": "18500.50"}),
    # --- several invoices
    Case("several", "счета №117 и №118", "63500.50", BOTH, "several", {"117": "45000.00", "118": "18500.50"}),
    Case("several-listed", "по счетам 117, 118 от 21.11.2026", "63500.50", BOTH, "several", {"117": "45000.00", "118": "18500.50"}),
    Case("several-too-little", "счета №117 и №118", "63500.49", BOTH, "ambiguous", None, "not_enough_for_all"),
    Case("several-too-much", "счета №117 и №118", "63500.51", BOTH, "over", {"117": "45000.00", "118": "18500.50"}, "above_open"),
    Case("several-one-paid", "счета №117 и №118", "18500.50", (CRM_PAID, SCRIPTS), "exact", {"118": "18500.50"}),
    Case("several-all-paid", "счета №117 и №118", "63500.50", (CRM_PAID, SCRIPTS_PAID), "double", None, "paid_already"),
    Case("several-one-unknown", "по счетам 117 и 999", "45000.00", BOTH, "unknown", None, "number_unknown"),
    Case("same-twice", "счет 117 (сч. № 117)", "45000.00", BOTH, "exact", ALL_OF_117),
    # --- by contract and services, as 7.1 prescribes
    Case("described", f"Оплата {WHOLE}", "45000.00", (*BOTH, OTHER), "exact", ALL_OF_117, "described"),
    Case(
        "described-cut-short", "дог. LBG-1 от 1 февраля 2026 г., прил. 2 п. 2.3 б/НДС", "45000.00", BOTH, "exact", ALL_OF_117, "described"
    ),
    Case("described-partly-paid", WHOLE, "100.00", BOTH, "partial", {"117": "100.00"}, "described"),
    Case("described-city", "прил. 3 усл. 3.1, г. Казани", "30000.00", (CRM, NETWORK), "exact", {"119": "30000.00"}, "described"),
    Case("described-paid-already", WHOLE, "45000.00", (CRM_PAID, SCRIPTS), "double", None, "paid_already"),
    Case(
        "described-two-months",
        "договор LBG-1, прил. 1 услуга 1.2",
        "120000.00",
        (JANUARY, FEBRUARY),
        "ambiguous",
        None,
        "described_several",
    ),
    Case("described-one-of-two", "по договору № LBG-1 от 01.02.2026", "18500.50", BOTH, "exact", {"118": "18500.50"}, "described"),
    Case("described-both", "дог. LBG-1: прил. 2, услуги 2.3, 2.7", "63500.50", BOTH, "ambiguous", None, "described_several"),
    Case("described-payer-unknown", WHOLE, "45000.00", (CRM, OTHER), "exact", ALL_OF_117, "described", None),
    Case("described-void", WHOLE, "45000.00", (VOID,), "wrong_invoice", None, "void"),
    # --- by the sum alone
    Case("empty", "", "45000.00", (*BOTH, OTHER), "exact", ALL_OF_117, "by_sum"),
    Case("says-nothing", "Оплата за услуги. НДС не облагается", "18500.50", BOTH, "exact", {"118": "18500.50"}, "by_sum"),
    Case("empty-another-sum", "", "44999.00", BOTH, "unknown", None, "silent"),
    Case("empty-sum-of-two", "", "120000.00", (JANUARY, FEBRUARY), "ambiguous", None, "sum_twice"),
    Case("empty-payer-unknown", "", "45000.00", BOTH, "unknown", None, "silent", None),
    Case("empty-another-payer", "", "45000.00", BOTH, "unknown", None, "silent", FOREIGN),
    Case("empty-paid-already", "", "45000.00", (CRM_PAID, SCRIPTS_PAID), "double", None, "paid_already"),
    # --- nothing of ours
    Case("unknown-number", "счет № 999", "45000.00", BOTH, "unknown", None, "number_unknown"),
    Case("no-invoices", "счет № 117", "45000.00", (), "unknown", None, "number_unknown"),
    Case("another-payer", "счет № 117", "45000.00", BOTH, "unknown", None, "other_payer", FOREIGN),
    Case("pays-for-another", f"за ООО «Цветок» ИНН {FLOWER}, счет № 117", "45000.00", BOTH, "exact", ALL_OF_117, "named", FOREIGN),
    # --- to be returned (7.2)
    Case("void", "счет № 117", "45000.00", (VOID,), "wrong_invoice", None, "void"),
    Case("another-currency", "счет № 117", "45000.00", BOTH, "wrong_currency", None, "other_currency", currency="USD"),
    Case("invoice-in-another-currency", "счет № 117", "45000.00", (IN_TENGE,), "wrong_currency", None, "other_currency"),
    Case("with-vat", "счет № 117, в т.ч. НДС 20% 7500-00", "45000.00", BOTH, "wrong_purpose", None, "with_vat"),
    Case("with-vat-in-words", "счет № 117 с НДС", "45000.00", BOTH, "wrong_purpose", None, "with_vat"),
    Case("vat-of-nothing", "счет № 117 (в том числе НДС 0.00)", "45000.00", BOTH, "exact", ALL_OF_117),
    Case("vat-of-none", "счет № 117. Без налога (НДС)", "45000.00", BOTH, "exact", ALL_OF_117),
    Case("another-contract", "счет № 117 по договору № LBG-2 от 01.02.2026", "45000.00", BOTH, "wrong_purpose", None, "other_contract"),
    Case("another-date-of-contract", "сч. 117, договор LBG-1 от 02.02.2026", "45000.00", BOTH, "wrong_purpose", None, "other_contract"),
    Case("another-service", "счет № 117, приложение № 2, услуга № 2.7", "45000.00", BOTH, "wrong_purpose", None, "other_service"),
    Case("another-appendix", "счет № 117, приложение № 3, услуга № 2.3", "45000.00", BOTH, "wrong_purpose", None, "other_service"),
    Case(
        "contract-ends-in-g",
        "договор 12-Г от 01.02.2026, приложение 2, услуга 2.3. БЕЗ НДС",
        "45000.00",
        (LETTERED,),
        "exact",
        {"120": "45000.00"},
    ),
    Case("another-city", "счет № 119, г. Самара", "30000.00", (NETWORK,), "wrong_purpose", None, "other_city"),
    Case("described-otherwise", "договор № LBG-7 от 01.02.2026", "45000.00", BOTH, "wrong_purpose", None, "other_contract"),
    Case("described-of-none", "договор № LBG-7 от 01.02.2026", "1.00", BOTH, "unknown", None, "described_none"),
    # --- to a card (7.3): entered by finance, with the number
    Case("card", "117", "45000.00", (*BOTH, OTHER), "exact", ALL_OF_117, "named", None, card=True),
    Case("card-no-check", "сч. 117 с НДС", "45000.00", BOTH, "exact", ALL_OF_117, "named", FOREIGN, card=True),
    Case("card-without-number", "за услуги", "45000.00", BOTH, "unknown", None, "number_unknown", card=True),
    Case("card-empty", "", "45000.00", BOTH, "unknown", None, "number_missing", card=True),
]


def matched(case: Case) -> Match:
    return match(Received(Decimal(case.amount), case.currency, case.purpose, case.inn, case.card), case.invoices)


@pytest.mark.clause("partner 7.2")
@pytest.mark.clause("partner 7.3")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_payment_pays_what_it_is_meant_for_and_nothing_else(case: Case) -> None:
    found = matched(case)
    assert found.verdict == case.verdict, found
    assert {i.number: str(amount) for i, amount in found.allocated} == (case.gets or {})
    assert found.left + sum(amount for _, amount in found.allocated) == Decimal(case.amount)
    assert not case.why or case.why in found.why


@pytest.mark.clause("partner 7.2")
def test_whoever_has_to_choose_is_told_between_which() -> None:
    assert matched(next(c for c in CASES if c.id == "several-too-little")).candidates == ("117", "118")
    assert matched(next(c for c in CASES if c.id == "same-number-no-date")).candidates == ("117",)
    assert matched(next(c for c in CASES if c.id == "described-two-months")).candidates == ("R-1", "R-2")
    assert matched(next(c for c in CASES if c.id == "empty-another-sum")).candidates == ("117", "118")
    assert matched(next(c for c in CASES if c.id == "empty-another-payer")).candidates == ()
    assert matched(next(c for c in CASES if c.id == "another-payer")).candidates == ("117",)


def test_every_verdict_and_every_reason_of_the_table_has_its_words() -> None:
    found = [matched(case) for case in CASES]
    for place, codes in (("verdict", {f.verdict for f in found}), ("why", {code for f in found for code in f.why})):
        assert all(text("ru", OWN, place, code) != code for code in codes)
    assert {f.verdict for f in found} >= {"exact", "partial", "over", "several", "double", "ambiguous", "unknown"}
    assert {f.verdict for f in found} >= {"wrong_purpose", "wrong_invoice", "wrong_currency"}
