"""The purpose of a payment, read: however it is written, what 7.1 demands is found in it; what is left out or wrong is named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from regulations.partner.effects import DraftLine
from regulations.partner.invoice import compose
from regulations.partner.messages import Contract
from regulations.partner.purpose import purpose_defects
from tests.regulations.partner.invoices import question, service

pytestmark = pytest.mark.clause("partner 7.1")


@dataclass(frozen=True)
class Line:
    """A line that a person has written."""

    appendix: str
    number: str
    name: str = "Услуга"


DAY = date(2026, 11, 21)
CONTRACT = Contract(number="17", date=DAY)
LINES = (Line("2", "2.3"), Line("2", "2.7"), Line("3", "3.1"))


def wrong(purpose: str, *, contract: Contract = CONTRACT, lines: tuple[Line, ...] = LINES, city: str | None = None) -> list[str]:
    """Codes of the defects, with what they are about."""
    found = purpose_defects(purpose, contract, lines, city)
    return [" ".join([defect.code, *(value for name, value in defect.values.items() if name != "name")]) for defect in found]


RIGHT = "Договор оферты № 17 от 21.11.2026: прил. 2 усл. 2.3, 2.7; прил. 3 усл. 3.1. БЕЗ НДС"


@pytest.mark.parametrize(
    "purpose",
    [
        RIGHT,
        RIGHT.upper(),
        RIGHT.lower(),
        RIGHT.replace(" ", "  ").replace("БЕЗ", "\u00a0БЕЗ\t"),
        RIGHT.replace("№ ", "№"),
        RIGHT.replace("№ ", "N"),
        RIGHT.replace("№ ", "No. "),
        RIGHT.replace("№ ", ""),
        RIGHT.replace("21.11.2026", "21 ноября 2026 г."),
        RIGHT.replace("21.11.2026", "«21» ноября 2026 года"),
        RIGHT.replace("21.11.2026", "21.11.2026г."),
        RIGHT.replace("21.11.2026", "21/11/2026"),
        RIGHT.replace("БЕЗ НДС", "без НДС."),
        RIGHT.replace("БЕЗ НДС", "Без-НДС"),
        RIGHT.replace("БЕЗ НДС", "БE3 НДС").replace("3 НДС", "З НДС"),  # a Latin E
        RIGHT.replace("прил. 2 усл. 2.3", "пpил. 2 ycл. 2.3"),  # Latin p, y, c
        RIGHT.replace(". БЕЗ", ".БЕЗ").replace("прил. ", "прил.").replace("усл. ", "усл."),
        "Оплата по договору-оферте №17 от 21.11.2026, приложение 2 услуга 2.3, приложение 2 услуга 2.7, приложение 3 услуга 3.1, без НДС",
        "По договору от 21.11.2026 № 17. Приложение № 2: п. 2.3 и п. 2.7. Приложение № 3: пункт 3.1. Без НДС (п. 2 ст. 346.11 НК РФ)",
        "п. 2.3, 2.7 приложения № 2, п. 3.1 приложения № 3 к договору оферты № 17 от 21.11.2026, без НДС",
        "Договор возмездного оказания услуг (оферта) № 17 от 21.11.2026, прил. 2 услуги 2.3 и 2.7, прил. 3 услуга 3.1, без НДС",
        "Без НДС. Счёт № 5 от 25.11.2026. Договор № 17 от 21.11.2026. Прил. 2 услуги 2.3; 2.7, прил. 3 услуга 3.1",
    ],
)
def test_however_it_is_written_it_is_right(purpose: str) -> None:
    assert wrong(purpose) == []


@pytest.mark.parametrize(
    ("purpose", "found"),
    [
        ("", ["purpose_empty"]),
        (" \u00a0", ["purpose_empty"]),
        (RIGHT.replace("Договор оферты", "Счёт"), ["contract_missing 17", "contract_date_missing 21.11.2026"]),
        (RIGHT.replace("№ 17", "№ 18"), ["contract_missing 17"]),
        (RIGHT.replace("№ 17", "№ 17/2"), ["contract_missing 17"]),
        (RIGHT.replace("№ 17", "№ ОФ-17"), ["contract_missing 17"]),
        (RIGHT.replace("№ 17", "№ 17.5"), ["contract_missing 17"]),
        (RIGHT.replace("№ 17", "№ 117"), ["contract_missing 17"]),
        (RIGHT.replace(" от 21.11.2026", ""), ["contract_date_missing 21.11.2026"]),
        (RIGHT.replace("21.11.2026", "31.02.2026"), ["contract_date_missing 21.11.2026"]),
        (RIGHT.replace("21.11.2026", "21.11.2025"), ["contract_date_wrong 21.11.2026 21.11.2025"]),
        (RIGHT.replace("21.11.2026", "2 ноября 2026"), ["contract_date_wrong 21.11.2026 02.11.2026"]),
        (
            RIGHT.replace("№ 17 от 21.11.2026", "№ 17") + ", счёт № 3 от 21.11.2026",
            ["contract_date_missing 21.11.2026"],
        ),
        (RIGHT.replace("прил. 3 ", ""), ["appendix_missing 3", "service_extra 2 3.1"]),
        (RIGHT.replace("усл. 3.1", ""), ["service_missing 3 3.1"]),
        (RIGHT.replace("прил. 3 усл. 3.1", ""), ["appendix_missing 3", "service_missing 3 3.1"]),
        (RIGHT.replace(", 2.7", ""), ["service_missing 2 2.7"]),
        (RIGHT.replace("2.7", "2.71"), ["service_missing 2 2.7", "service_extra 2 2.71"]),
        (RIGHT.replace("усл. 3.1", "усл. 3.1, 3.2"), ["service_extra 3 3.2"]),
        (RIGHT.replace(" БЕЗ НДС", ""), ["vat_missing"]),
        (RIGHT.replace("БЕЗ НДС", "НДС не облагается"), ["vat_wrong"]),
        (RIGHT.replace("БЕЗ НДС", "Без налога (НДС)"), ["vat_wrong"]),
        (RIGHT.replace("БЕЗ НДС", "в т.ч. НДС 20 % 100.00"), ["vat_charged"]),
        (RIGHT + ", в том числе НДС 20 %", ["vat_charged"]),
        (RIGHT.replace("БЕЗ НДС", "с НДС"), ["vat_charged"]),
        (RIGHT + " " * 200 + ".", [f"purpose_long {len(RIGHT) + 201} 210"]),
    ],
)
def test_what_is_missing_or_wrong_is_named(purpose: str, found: list[str]) -> None:
    assert wrong(purpose) == found


def test_a_purpose_of_210_characters_is_not_too_long() -> None:
    filled = RIGHT + "." * (210 - len(RIGHT))
    assert wrong(filled) == []
    assert wrong(filled + ".") == ["purpose_long 211 210"]


@pytest.mark.parametrize(
    ("city", "said", "right"),
    [
        ("Омск", "г. Омск", True),
        ("Омск", "город ОМСК", True),
        ("Омск", "г.Омск", True),
        ("Омск", "Омская область", False),
        ("Омск", "г. Томск", False),
        ("Омск", "", False),
        ("Ростов-на-Дону", "г. Ростов на Дону", True),
        ("Ростов-на-Дону", "г. Ростов", False),
        ("Орёл", "г. Орел", True),
        ("Нижний Новгород", "Нижний  Новгород", True),
        ("Нижний Новгород", "Новгород", False),
    ],
)
def test_a_city_is_named_in_full(city: str, said: str, right: bool) -> None:
    purpose = f"{RIGHT}, {said}"
    assert wrong(purpose, city=city) == ([] if right else [f"city_missing {city}"])
    assert wrong(purpose) == [], "nobody asked for one"


def test_the_city_in_the_number_of_the_contract_is_not_the_city_of_the_services() -> None:
    contract = Contract(number="Омск 17", date=DAY)
    purpose = RIGHT.replace("№ 17", "№ Омск 17")
    assert wrong(purpose, contract=contract, city="Омск") == ["city_missing Омск"]
    assert wrong(f"{purpose}, г. Омск", contract=contract, city="Омск") == []


@pytest.mark.parametrize("number", ["17", "ОФ-17/2026", "of-2026.11", "21", "2026", "2", "5 К", "№ 8", "N8", "21.11.2026", "А1-Б2"])
def test_the_number_of_a_contract_may_be_any(number: str) -> None:
    contract = Contract(number=number, date=DAY)
    for said in ("21.11.2026", "21 ноября 2026 г."):
        whole = RIGHT.replace("№ 17 от 21.11.2026", f"{number} от {said}")
        assert wrong(whole, contract=contract) == []
        if number != "21.11.2026":
            without = RIGHT.replace("№ 17 от 21.11.2026", f"от {said}")
            assert wrong(without, contract=contract) == [f"contract_missing {number}"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (Line("2", "2.3, 2.7"), ["line_place", "service_extra 2 2.3"]),
        (Line("2 и 3", "2.3"), ["line_place", "service_extra 2 2.3"]),
        (Line("2", "-"), ["line_place", "service_extra 2 2.3"]),
        (Line("приложение № 2", "п. 2.3"), []),
        (Line("Прил. 2", "услуга 2.3"), []),
        (Line("№2", "№ 2.3"), []),
    ],
)
def test_a_line_is_one_service(line: Line, found: list[str]) -> None:
    assert wrong("Договор № 17 от 21.11.2026, прил. 2 усл. 2.3, без НДС", lines=(line,)) == found


def test_a_service_that_stands_in_two_lines_is_named_once() -> None:
    purpose = "Договор № 17 от 21.11.2026, прил. 2 усл. 2.3, без НДС"
    assert wrong(purpose, lines=(Line("2", "2.3"), Line("2", "2.3"))) == ["service_twice"]


# --- what is composed ---------------------------------------------------------------------------------------------------

WORD = st.text("АБВГДабвгд0123456789", min_size=1, max_size=6)
CONTRACTS = st.builds(
    Contract, number=st.lists(WORD, min_size=1, max_size=3).map("-".join), date=st.dates(date(2000, 1, 1), date(2099, 12, 31))
)
PLACES = st.from_regex(r"[1-9][0-9]?(\.[1-9][0-9]?)?", fullmatch=True)
CITIES = st.sampled_from(["Омск", "Орёл", "Ростов-на-Дону", "Нижний Новгород", "Санкт-Петербург", "Ухта"])
PAIRS = st.lists(st.tuples(PLACES, PLACES), min_size=1, max_size=8, unique=True)


def parts(purpose: str, contract: Contract, lines: tuple[DraftLine, ...], city: str | None) -> list[tuple[str, str]]:
    """Each part that 7.1 demands → the purpose without it."""
    number, day = re.escape(contract.number), f"{contract.date:%d.%m.%Y}"
    pieces = [(f"№ {number} от", "contract_missing"), (f" от {re.escape(day)}", "contract_date_missing"), (" БЕЗ НДС", "vat_missing")]
    if city is not None:
        pieces.append((rf" (?:Город|г\.) {re.escape(city)}\.", "city_missing"))
    for line in lines:
        pieces.append(
            (rf"(?<=приложение ){re.escape(line.appendix)}(?=, услуг)|(?<=прил\. ){re.escape(line.appendix)}(?= усл)", "appendix")
        )
    return [(code, re.sub(piece, "", purpose, count=1)) for piece, code in pieces]


@settings(max_examples=50)
@given(CONTRACTS, PAIRS, st.none() | CITIES)
@example(Contract(number="2", date=DAY), [("2", "2")], None)
@example(Contract(number="21", date=DAY), [("21", "11"), ("11", "21")], "Ухта")
def test_what_is_composed_is_right_and_any_part_left_out_is_found(
    contract: Contract, pairs: list[tuple[str, str]], city: str | None
) -> None:
    catalogue = {f"s{n}": service(f"s{n}", "/".join(pair), "1.00", marketing=city is not None) for n, pair in enumerate(pairs)}
    made = compose(question(*catalogue, contract=contract, city=city), catalogue)
    assume(len(made.purpose) <= 210)
    assert made.defects == ()
    assert purpose_defects(made.purpose, contract, made.lines, city) == []
    for code, without in parts(made.purpose, contract, made.lines, city):
        assert without != made.purpose
        found = [defect.code for defect in purpose_defects(without, contract, made.lines, city)]
        assert any(one.startswith(code) for one in found), (without, found)


@settings(max_examples=50)
@given(CONTRACTS, PAIRS, st.data())
def test_a_service_that_the_purpose_does_not_name_is_found(contract: Contract, pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    catalogue = {f"s{n}": service(f"s{n}", "/".join(pair), "1.00") for n, pair in enumerate(pairs)}
    codes = list(catalogue)
    left_out = data.draw(st.sampled_from(codes))
    whole = compose(question(*codes, contract=contract), catalogue)
    fewer = compose(question(*(code for code in codes if code != left_out), contract=contract), catalogue)
    assume(fewer.lines and not whole.defects)
    missing = catalogue[left_out]
    lacks = [defect for defect in purpose_defects(fewer.purpose, contract, whole.lines, None) if defect.code == "service_missing"]
    elsewhere = [line for line in fewer.lines if line.number == missing.number]
    assert lacks or elsewhere, "it is named, but of another appendix"
    extra = purpose_defects(whole.purpose, contract, fewer.lines, None)
    assert [(defect.code, defect.values) for defect in extra] == [
        ("service_extra", {"appendix": missing.appendix, "number": missing.number})
    ]


@settings(max_examples=50)
@given(st.text(max_size=400))
def test_any_text_is_read(purpose: str) -> None:
    assert purpose_defects(purpose, CONTRACT, LINES, "Омск")
