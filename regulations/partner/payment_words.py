"""The words of an incoming payment: sums, what the rules found, what finance is to do."""

from __future__ import annotations

from decimal import Decimal

from regulations.amounts import grouped
from regulations.catalogue import text
from regulations.partner.money import rubles
from regulations.partner.payment_state import KIND, PaymentState
from regulations.partner.services import CURRENCY

_MOST = 10
"""So many invoices are named; of more it is said how many there are."""


def money(amount: Decimal, currency: str) -> str:
    """A sum in a text for people; roubles with their sign, any other currency with its code."""
    return rubles(amount) if currency == CURRENCY else f"{grouped(amount)}\u00a0{currency}"


def finding(state: PaymentState) -> str:
    """What the rules found, and why."""
    found = state.match
    if found is None:
        return ""
    why = "; ".join(text(state.language, KIND, "why", code) for code in found.why)
    verdict = text(state.language, KIND, "verdict", found.verdict)
    return f"{verdict} ({why})" if why else verdict


def candidates(state: PaymentState) -> str:
    """The invoices between which a person has to choose; empty: there are none."""
    numbers = state.match.candidates if state.match is not None else ()
    if not numbers:
        return ""
    more = text(state.language, KIND, "case", "more", count=len(numbers) - _MOST) if len(numbers) > _MOST else ""
    return ", ".join(numbers[:_MOST]) + more
