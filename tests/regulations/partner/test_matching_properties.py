"""Whatever a payment says and whatever invoices there are: money is neither lost nor made, and nothing hangs on the order of invoices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regulations.partner.effects import InvoiceQuestion
from regulations.partner.invoice import compose
from regulations.partner.matching import Invoice, Received, Signs, assign, match
from regulations.partner.messages import Contract, Ordered, Payer
from regulations.partner.payment_purpose import read_purpose
from regulations.partner.services import Service
from tests.regulations.partner.payments import FLOWER, FOREIGN, invoice

KOPECK = Decimal("0.01")
amounts = st.integers(1, 400).map(lambda kopecks: Decimal(kopecks) / 100)
numbers = st.sampled_from(["17", "017", "18", "INV-17", "A-1", "17-2", "2026-11"])
inns = st.sampled_from([FLOWER, FOREIGN])
contracts = st.sampled_from([("LBG-1", date(2026, 2, 1)), ("LBG-2", date(2026, 2, 1)), ("б/н", date(2026, 3, 1))])
pairs = st.sampled_from([("1", "1.2"), ("2", "2.3"), ("2", "2.7"), ("3", "5")])


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    total = draw(amounts)
    number, of = draw(contracts)
    return invoice(
        draw(numbers),
        str(total),
        address=f"partner/D-{draw(st.integers(1, 9))}/order",
        payer_inn=draw(inns),
        paid=draw(st.sampled_from([Decimal(0), total, (total / 2).quantize(KOPECK)])),
        currency=draw(st.sampled_from(["RUB", "RUB", "RUB", "USD"])),
        contract_number=number,
        contract_date=of,
        places=tuple(draw(st.lists(pairs, min_size=1, max_size=2, unique=True))),
        city=draw(st.sampled_from([None, "Казань", "Москва"])),
        issued_on=draw(st.sampled_from([date(2026, 11, 21), date(2025, 11, 21)])),
        void=draw(st.sampled_from([False, False, False, True])),
    )


fragments = st.sampled_from(
    [
        *("счет № 17", "сч.17 от 21.11.2026", "счета №17, №18", "по счетам 17 и 18", "INV-17", "№ А-1", "2026-11", "счет 99", "17"),
        *("договор № LBG-1 от 01.02.2026", "дог. LBG-2", "договор б/н от 01.03.2026", "приложение № 2, услуга № 2.3", "прил. 3 усл. 5"),
        *("г. Казань", "БЕЗ НДС", "в т.ч. НДС 20%", f"ИНН {FLOWER}", "45 000,00 руб.", "за услуги", "счет-фактура № 17", "р/счет 40702810"),
    ]
)
received = st.builds(
    Received,
    amount=amounts,
    currency=st.sampled_from(["RUB", "RUB", "USD"]),
    purpose=st.lists(fragments, max_size=4).map(" ".join),
    payer_inn=st.none() | inns,
    card=st.booleans(),
)
known = st.lists(invoices(), max_size=6, unique_by=lambda i: (i.number, i.address))


@pytest.mark.clause("partner 7.2")
@given(received, known, st.randoms(use_true_random=False))
def test_money_is_neither_lost_nor_made_and_no_order_matters(payment: Received, there_are: list[Invoice], random: Random) -> None:
    found = match(payment, there_are)
    allocated = sum((amount for _, amount in found.allocated), Decimal(0))
    assert allocated + found.left == payment.amount
    assert found.left >= 0
    for one, amount in found.allocated:
        assert one in there_are
        assert 0 < amount <= one.open
        assert amount == amount.quantize(KOPECK)
        assert one.currency == payment.currency
    assert len({(one.number, one.address) for one, _ in found.allocated}) == len(found.allocated)
    assert (found.verdict in ("exact", "partial", "over", "several")) == bool(found.allocated)
    assert bool(found.left) == (found.verdict not in ("exact", "partial", "several"))
    shuffled = list(there_are)
    random.shuffle(shuffled)
    assert match(payment, shuffled) == found
    signs = Signs(payment)
    assert match(payment, [i for i in there_are if signs.concern(i.number, i.payer_inn)]) == found


@pytest.mark.clause("partner 7.2")
@given(st.integers(0, 900).map(lambda k: Decimal(k) / 100), st.none() | amounts, st.lists(invoices(), max_size=3))
def test_a_person_allocates_no_more_than_is_left_and_no_more_than_is_open(
    left: Decimal, wanted: Decimal | None, there_are: list[Invoice]
) -> None:
    result, one, amount = assign(left, "RUB", wanted, there_are)
    assert (result == "assigned") == (one is not None) == (amount > 0)
    assert amount <= left
    if one is not None:
        assert one in there_are
        assert one.currency == "RUB"
        assert amount <= one.open
        assert amount == (min(left, one.open) if wanted is None else wanted)


@given(st.text(max_size=120))
@example("\ue000 счет № 17 \uf8ff от \ue001")
def test_any_text_can_be_read(purpose: str) -> None:
    assert read_purpose(purpose) == read_purpose(purpose.upper().lower())


# --- what our own invoices say ----------------------------------------------------------------------------------------

PAYER = Payer(name="ООО «Цветок»", inn="7707083893", email="flower@partner.example")
places = st.sampled_from(["1", "2", "2.3", "12", "4-2", "7а"])
catalogues = st.lists(st.tuples(places, places, st.booleans()), min_size=1, max_size=4, unique_by=lambda p: p[:2])


@pytest.mark.clause("partner 7.1")
@pytest.mark.clause("partner 7.2")
@given(catalogues, st.sampled_from(["LBG-1", "17/2026", "О-25", "б/н 4"]), st.sampled_from(["Казань", "Санкт-Петербург", "Н. Новгород"]))
def test_who_pays_with_the_purpose_of_our_invoice_has_paid_that_invoice(
    services: list[tuple[str, str, bool]], contract: str, city: str
) -> None:
    catalogue = {
        f"s{n}": Service(code=f"s{n}", name=f"Услуга {n}", price=Decimal("10.50"), appendix=appendix, number=number, marketing=marketing)
        for n, (appendix, number, marketing) in enumerate(services)
    }
    question = {
        "contract": Contract(number=contract, date=date(2026, 2, 1)),
        "payer": PAYER,
        "services": tuple(Ordered(service=code) for code in catalogue),
        "city": city,
        "renewal": False,
        "language": "ru",
    }
    draft = compose(InvoiceQuestion.model_validate(question), catalogue)
    ours = invoice(
        "117",
        str(draft.total),
        payer_inn=PAYER.inn,
        contract_number=contract,
        places=tuple((line.appendix, line.number) for line in draft.lines),
        city=draft.city,
    )
    another = invoice("118", "1.00", payer_inn=PAYER.inn, contract_number="LBG-77", places=(("9", "9.9"),))
    found = match(Received(draft.total, "RUB", draft.purpose, PAYER.inn), [another, ours])
    assert (found.verdict, found.why) == ("exact", ("described",)), draft.purpose
