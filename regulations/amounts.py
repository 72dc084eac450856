"""Amounts of money as people read them, whatever the currency."""

from __future__ import annotations

from decimal import Decimal


def grouped(amount: Decimal) -> str:
    """An amount without its currency: ``12 000,50``, with spaces at which no line breaks."""
    return f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")


def exact(value: object) -> object:
    """A validator before parsing: no sum comes as a floating-point number. Raises ValueError."""
    if isinstance(value, float):
        raise ValueError('write the sum as a text such as "1500.50": a floating-point number is not exact')
    return value
