"""The words of an incoming payment: what the rules found, what finance is to do."""

from __future__ import annotations

from regulations.catalogue import text
from regulations.partner.payment_state import KIND, PaymentState

_MOST = 10
"""So many invoices are named; of more it is said how many there are."""


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
