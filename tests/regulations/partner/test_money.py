"""Sums as people read them: exact to the kopeck in digits, and in words that say the same number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regulations.partner.money import half_up, in_words, rubles

SUMS = st.decimals(min_value=0, max_value=Decimal("999999999999999999.99"), places=2)
_ONES = [
    "ноль",
    "один",
    "два",
    "три",
    "четыре",
    "пять",
    "шесть",
    "семь",
    "восемь",
    "девять",
    "десять",
    "одиннадцать",
    "двенадцать",
    "тринадцать",
    "четырнадцать",
    "пятнадцать",
]
_ONES += ["шестнадцать", "семнадцать", "восемнадцать", "девятнадцать"]
_TENS = ["двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"]
_HUNDREDS = ["сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"]
_SCALES = {"тысяч": 10**3, "миллион": 10**6, "миллиард": 10**9, "триллион": 10**12, "квадриллион": 10**15}


def understood(words: str) -> Decimal:
    """The sum that the words say, read as a person does: value by value, multiplied by the name of the class behind it."""
    value = {word: n for n, word in enumerate(_ONES)} | {"одна": 1, "две": 2}
    value |= {word: n * 10 for n, word in enumerate(_TENS, 2)} | {word: n * 100 for n, word in enumerate(_HUNDREDS, 1)}
    *whole, roubles, kopecks, name = words.lower().split()
    assert roubles.startswith("рубл")
    assert name.startswith("копе")
    total = part = 0
    for word in whole:
        scale = max((size for stem, size in _SCALES.items() if word.startswith(stem)), default=0)
        if scale:
            total, part = total + part * scale, 0
        else:
            part += value[word]
    return Decimal(total + part) + Decimal(kopecks) / 100


@given(SUMS)
@example(Decimal(0))
@example(Decimal("1001001.01"))
@example(Decimal("11000012.12"))
@example(Decimal("21000000000.00"))
def test_the_words_say_the_sum(amount: Decimal) -> None:
    assert understood(in_words(amount)) == amount


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "Ноль рублей 00 копеек"),
        ("0.01", "Ноль рублей 01 копейка"),
        ("1", "Один рубль 00 копеек"),
        ("2.22", "Два рубля 22 копейки"),
        ("5.11", "Пять рублей 11 копеек"),
        ("11", "Одиннадцать рублей 00 копеек"),
        ("112.14", "Сто двенадцать рублей 14 копеек"),
        ("1000", "Одна тысяча рублей 00 копеек"),
        ("2021", "Две тысячи двадцать один рубль 00 копеек"),
        ("45000.00", "Сорок пять тысяч рублей 00 копеек"),
        ("111111", "Сто одиннадцать тысяч сто одиннадцать рублей 00 копеек"),
        ("1000000", "Один миллион рублей 00 копеек"),
        ("3002001.05", "Три миллиона две тысячи один рубль 05 копеек"),
        ("1000000000001.00", "Один триллион один рубль 00 копеек"),
    ],
)
def test_the_nouns_agree_with_their_numbers(amount: str, words: str) -> None:
    assert in_words(Decimal(amount)) == words


@pytest.mark.parametrize("amount", ["-0.01", "0.001", "1000000000000000000", "1e30"])
def test_what_is_no_sum_of_an_invoice_has_no_words(amount: str) -> None:
    with pytest.raises(ValueError, match="whole kopecks"):
        in_words(Decimal(amount))


@given(SUMS)
def test_digits_are_exact(amount: Decimal) -> None:
    digits = rubles(amount).removesuffix("\u00a0₽")
    assert Decimal(digits.replace("\u00a0", "").replace(",", ".")) == amount
    assert not set(digits) - set("0123456789,\u00a0")


@pytest.mark.parametrize(
    ("amount", "said"), [("1234.5", "1\u00a0234,50\u00a0₽"), ("0", "0,00\u00a0₽"), ("112002.84", "112\u00a0002,84\u00a0₽")]
)
def test_a_sum_in_a_text_does_not_break(amount: str, said: str) -> None:
    assert rubles(Decimal(amount)) == said


@pytest.mark.parametrize(("amount", "rounded"), [("0.004", "0.00"), ("0.005", "0.01"), ("0.015", "0.02"), ("0.025", "0.03"), ("1", "1.00")])
def test_half_a_kopeck_is_a_whole_one(amount: str, rounded: str) -> None:
    assert str(half_up(Decimal(amount))) == rounded
