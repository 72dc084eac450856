"""Amounts of money as people read them, whatever the currency. Russian and Ukrainian write them alike."""

from __future__ import annotations

from decimal import Decimal

_SIGNS = {"RUB": "₽", "UAH": "грн"}
"""What stands for a currency in texts; any other is written as its code."""


def grouped(amount: Decimal) -> str:
    """An amount without its currency: ``12 000,50``, with spaces at which no line breaks."""
    return f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")


def money(amount: Decimal, currency: str) -> str:
    """A sum in a text for people: ``1 234,50 ₽``, ``1 234,50 грн``, with spaces at which no line breaks.

    Args:
        amount: Shown to the hundredth.
        currency: Its ISO 4217 code, in any case.
    """
    code = currency.upper()
    return f"{grouped(amount)}\u00a0{_SIGNS.get(code, code)}"


def exact(value: object) -> object:
    """A validator before parsing: no sum comes as a floating-point number. Raises ValueError."""
    if isinstance(value, float):
        raise ValueError('write the sum as a text such as "1500.50": a floating-point number is not exact')
    return value
