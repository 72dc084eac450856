"""Amounts of money as people read them, whatever the currency."""

from __future__ import annotations

from decimal import Decimal


def grouped(amount: Decimal) -> str:
    """An amount without its currency: ``12 000,50``, with spaces at which no line breaks."""
    return f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")
