"""Sums of money as people read them: in digits, and in Russian words as an invoice repeats them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from regulations.amounts import money
from regulations.catalogue import form_of
from regulations.partner.services import CURRENCY, KOPECK

_UNITS = {
    1: ("", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"),
    2: ("", "одна", "две", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"),
}
"""By gender: 1 masculine, 2 feminine."""
_TEENS = (
    "десять",
    "одиннадцать",
    "двенадцать",
    "тринадцать",
    "четырнадцать",
    "пятнадцать",
    "шестнадцать",
    "семнадцать",
    "восемнадцать",
    "девятнадцать",
)
_TENS = ("", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто")
_HUNDREDS = ("", "сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот")
_THOUSANDS = (
    ("рубль", "рубля", "рублей"),
    ("тысяча", "тысячи", "тысяч"),
    ("миллион", "миллиона", "миллионов"),
    ("миллиард", "миллиарда", "миллиардов"),
    ("триллион", "триллиона", "триллионов"),
    ("квадриллион", "квадриллиона", "квадриллионов"),
)
_KOPECKS = ("копейка", "копейки", "копеек")
_TOO_MUCH = Decimal(1000) ** len(_THOUSANDS)


def half_up(amount: Decimal) -> Decimal:
    """The sum to the kopeck; half a kopeck counts as a whole one."""
    return amount.quantize(KOPECK, ROUND_HALF_UP)


def rubles(amount: Decimal) -> str:
    """A sum in a text for people: ``1 234,50 ₽``, with spaces at which no line breaks."""
    return money(amount, CURRENCY)


def in_words(amount: Decimal) -> str:
    """A sum of roubles in words, kopecks in digits: ``Сорок пять тысяч рублей 00 копеек``.

    Raises:
        ValueError: below nothing, a quintillion or more, or parts of a kopeck.
    """
    if not 0 <= amount < _TOO_MUCH or amount != half_up(amount):
        raise ValueError("only whole kopecks, from nothing to below a quintillion roubles, have words")
    whole, kopecks = int(amount), int(amount * 100) % 100
    said: list[str] = []
    for power in range(len(_THOUSANDS) - 1, -1, -1):
        part = whole // 1000**power % 1000
        if part:
            said += _below_thousand(part, 2 if power == 1 else 1)
        if part or power == 0:
            said.append(form_of(part, _THOUSANDS[power]))
    words = " ".join(said if whole else ["ноль", *said])
    return f"{words[0].upper()}{words[1:]} {kopecks:02d} {form_of(kopecks, _KOPECKS)}"


def _below_thousand(number: int, gender: int) -> list[str]:
    tens, units = number // 10 % 10, number % 10
    last = [_TEENS[units]] if tens == 1 else [_TENS[tens], _UNITS[gender][units]]
    return [word for word in (_HUNDREDS[number // 100], *last) if word]
