"""An incoming payment as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from decimal import Decimal

from regulations.amounts import money
from regulations.catalogue import text
from regulations.partner.payment_state import KIND, PaymentState
from regulations.partner.payment_words import candidates, finding
from regulations.read_out import Counts, ReadOut, cell, counts, fact_lines, obligation_lines, pairs, read_case


class PaymentResult(Counts):
    """How it ended. Sums are exact decimals, as text."""

    outcome: str
    """``allocated``, ``returned``, ``divided`` between both; ``refused``: the ledger has another payment under its reference."""
    verdict: str
    """What the rules found; empty: nothing."""
    amount: str
    currency: str
    allocated: str
    returned: str


def read_out(state: PaymentState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, 1)


def result(state: PaymentState) -> PaymentResult:
    """The sums and the counts with which it ends."""
    return PaymentResult(
        outcome=state.outcome or state.stage,
        verdict=state.match.verdict if state.match is not None else "",
        amount=f"{state.begun.amount:.2f}",
        currency=state.begun.currency,
        allocated=f"{state.allocated:.2f}",
        returned=f"{state.returned:.2f}",
        **counts(state).model_dump(),
    )


def details(state: PaymentState) -> str:
    """The payment as Markdown for the Temporal UI: at most 20 obligations and the last 10 facts, in the case's language."""
    if state.started is None:
        return f"### {state.address}"
    lines = [f"### {_word(state, 'case', 'title', reference=state.begun.reference)}", _standing(state), "", _sums(state)]
    lines += [f"- {cell(a.share.invoice)}: {_money(state, a.share.amount)} ({cell(a.share.address)})" for a in state.allocations]
    lines += [f"- {_word(state, 'case', 'refund')} {cell(r.refund)}: {_money(state, r.amount)}" for r in state.refunds]
    lines += [f"\n> {hint}" for hint in _hints(state)]
    lines += obligation_lines(state)
    lines += fact_lines(state, lambda f: f.note)
    return "\n".join(lines)


def _word(state: PaymentState, *place: str, **values: object) -> str:
    return text(state.language, KIND, *place, **values)


def _money(state: PaymentState, amount: Decimal) -> str:
    return money(amount, state.begun.currency)


def _standing(state: PaymentState) -> str:
    begun = state.begun
    return pairs(
        [
            (text(state.language, "case", "stage"), _word(state, "stage", state.stage)),
            (_word(state, "case", "payer"), cell(begun.payer_name or "")),
            (_word(state, "case", "purpose"), cell(begun.purpose)),
            (text(state.language, "case", "edition"), cell(state.opening.edition.id) if state.opening else ""),
        ]
    )


def _sums(state: PaymentState) -> str:
    return pairs(
        [
            (_word(state, "case", "amount"), _money(state, state.begun.amount)),
            (_word(state, "case", "allocated"), _money(state, state.allocated) if state.allocations else ""),
            (_word(state, "case", "returned"), _money(state, state.returned) if state.refunds else ""),
            (_word(state, "case", "left"), _money(state, state.left) if state.left else ""),
        ]
    )


def _hints(state: PaymentState) -> list[str]:
    """What somebody who works on it should know."""
    hints = [finding(state)] if state.match is not None else []
    if state.left and (which := candidates(state)):
        hints.append(_word(state, "case", "candidates", numbers=cell(which)))
    return hints
