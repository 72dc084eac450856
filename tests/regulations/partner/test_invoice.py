"""Invoices composed from the catalogue: exact sums, one line for each service, and every reason not to send one by its name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.catalogue import text
from regulations.partner.effects import Defect, InvoiceDraft
from regulations.partner.invoice import compose, purpose_defects
from regulations.partner.messages import Ordered
from regulations.partner.purpose import LONGEST
from tests.regulations.partner.invoices import CATALOGUE, CONTRACT, draft, question, service

pytestmark = pytest.mark.clause("partner 7.1")


def codes(made: InvoiceDraft) -> list[str]:
    return [defect.code for defect in made.defects]


def test_each_service_is_a_line_of_its_own_with_its_place_and_its_sum() -> None:
    ordered = [
        Ordered(service="crm"),
        Ordered(service="scripts", quantity=3, discount_percent=Decimal("33.33")),
        Ordered(service="network", discount_percent=Decimal(10)),
    ]
    made = draft(services=ordered)
    assert [(line.service, line.appendix, line.number, line.quantity, str(line.price), str(line.sum)) for line in made.lines] == [
        ("crm", "2", "2.3", 1, "45000.00", "45000.00"),
        ("scripts", "2", "2.7", 3, "12334.28", "37002.84"),
        ("network", "3", "3.1", 1, "27000.00", "27000.00"),
    ]
    assert (str(made.total), made.currency, made.defects) == ("109002.84", "RUB", ())


def test_the_purpose_names_contract_places_city_and_that_there_is_no_vat() -> None:
    assert draft("crm", "network", "scripts").purpose == (
        "Оплата по договору оферты № ОФ-17/2026 от 21.11.2026: приложение 2, услуги 2.3, 2.7; приложение 3, услуга 3.1. Город Омск. БЕЗ НДС"
    )


def test_a_city_is_named_for_marketing_services_only() -> None:
    with_city, without = draft("crm", "network"), draft("crm", "scripts")
    assert (with_city.city, "Город Омск" in with_city.purpose) == ("Омск", True)
    assert (without.city, "Омск" in without.purpose, without.defects) == (None, False, ())
    assert draft("crm", city=None).defects == ()


@pytest.mark.clause("partner 5.6")
def test_each_executor_is_named_once_and_support_opens_what_has_none() -> None:
    assert draft("scripts", "crm", "network").executors == ("support_manager", "technical", "marketing")
    assert draft("crm").executors == ("technical",)


WRONG: list[tuple[str, dict[str, Any], list[tuple[str, dict[str, str]]]]] = [
    ("crm", {"contract": None}, [("no_contract", {})]),
    ("crm", {"payer": None}, [("no_payer", {})]),
    ("", {}, [("no_service", {})]),
    ("", {"renewal": True}, [("no_package", {})]),
    ("crm", {"renewal": True}, [("not_package", {"name": "Настройка CRM"})]),
    ("standard crm", {"renewal": True}, [("not_package", {"name": "Настройка CRM"})]),
    ("crm gone", {}, [("service_unknown", {"service": "gone"})]),
    ("crm scripts crm crm", {}, [("service_twice", {"name": "Настройка CRM"})]),
    ("network", {"city": None}, [("no_city", {"name": "Рекламная сеть"})]),
    (
        "network gone",
        {"city": None, "contract": None, "payer": None},
        [("no_contract", {}), ("no_payer", {}), ("service_unknown", {"service": "gone"}), ("no_city", {"name": "Рекламная сеть"})],
    ),
]


@pytest.mark.parametrize(("ordered", "changes", "wrong"), WRONG)
def test_what_is_wrong_is_named_and_all_of_it(ordered: str, changes: dict[str, Any], wrong: list[tuple[str, dict[str, str]]]) -> None:
    made = draft(*ordered.split(), **changes)
    assert made.defects == tuple(Defect(code=code, values=values) for code, values in wrong)


@pytest.mark.clause("partner 6.1")
def test_a_renewal_is_of_a_package() -> None:
    made = draft("standard", renewal=True, city=None)
    assert (made.defects, str(made.total)) == ((), "120000.00")


def test_a_discount_that_leaves_nothing_to_pay_is_a_defect() -> None:
    half = [Ordered(service="penny", quantity=1000, discount_percent=Decimal(50))]
    assert str(draft(services=half).total) == "10.00", "half a kopeck is a whole one"
    nothing = [Ordered(service="penny", discount_percent=Decimal("50.01"))]
    assert draft(services=nothing).defects == (Defect(code="no_price", values={"name": "Услуга penny"}),)


def many(count: int) -> InvoiceDraft:
    """An invoice of services of one appendix."""
    services = {f"s{n}": service(f"s{n}", f"2/2.{n + 10}", "1.00") for n in range(count)}
    return compose(question(*services, city=None), services)


def test_a_purpose_is_shortened_before_it_is_too_long() -> None:
    lengths = {count: len(many(count).purpose) for count in range(1, 45)}
    full = max(count for count in lengths if "приложение" in many(count).purpose)
    fits = max(count for count in lengths if not many(count).defects)
    assert lengths[full] <= LONGEST < lengths[full] + len(", 2.99"), "as long as the full words fit they stand"
    assert "прил. 2 усл. 2.10, 2.11" in many(full + 1).purpose
    assert lengths[fits] <= LONGEST < lengths[fits + 1]
    assert fits > full
    assert many(fits + 1).defects == (Defect(code="purpose_long", values={"length": str(lengths[fits + 1]), "most": "210"}),)


def test_every_defect_has_words() -> None:
    found = [defect for ordered, changes, _ in WRONG for defect in draft(*ordered.split(), **changes).defects]
    found += [*many(44).defects, *draft(services=[Ordered(service="penny", discount_percent=Decimal(99))]).defects]
    found += purpose_defects("", CONTRACT, (), None)
    for defect in found:
        words = text("ru", "partner", "defect", defect.code, **defect.values)
        assert words != defect.code
        assert "{" not in words
        assert all(value in words for value in defect.values.values())


PRICES = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("9999999.99"), places=2)
PERCENTS = st.decimals(min_value=0, max_value=Decimal("99.99"), places=2)
LINES = st.lists(st.tuples(PRICES, PERCENTS, st.integers(1, 1000)), min_size=1, max_size=8)


@settings(max_examples=50)
@given(LINES)
def test_sums_are_exact_and_a_price_is_off_by_half_a_kopeck_at_most(ordered: list[tuple[Decimal, Decimal, int]]) -> None:
    catalogue = {f"s{n}": service(f"s{n}", f"2/{n}", str(price)) for n, (price, *_) in enumerate(ordered)}
    wanted = [Ordered(service=f"s{n}", quantity=q, discount_percent=percent) for n, (_, percent, q) in enumerate(ordered)]
    made = compose(question(services=wanted), catalogue)
    for line, (price, percent, quantity) in zip(made.lines, ordered, strict=True):
        unrounded = price * (100 - percent) / 100
        assert line.price == line.price.quantize(Decimal("0.01"))
        assert Decimal("-0.005") < line.price - unrounded <= Decimal("0.005")
        assert line.sum == line.price * quantity
    assert made.total == sum(line.sum for line in made.lines)
    assert codes(made) == ["no_price"] * sum(line.price == 0 for line in made.lines)


def test_the_catalogue_of_the_tests_is_one_of_a_company() -> None:
    assert [code for code in CATALOGUE if draft(code).defects] == []
