"""An incoming payment as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.partner.payment_state import PaymentState
from regulations.read_out import Counts, ReadOut, read_case


class PaymentResult(Counts):
    """How it ended."""

    outcome: str


def read_out(state: PaymentState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, 1)


def result(state: PaymentState) -> PaymentResult:
    """The counts with which it ends."""
    raise NotImplementedError


def details(state: PaymentState) -> str:
    """The case as Markdown for the Temporal UI, in its language."""
    raise NotImplementedError
