"""An order or a renewal as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.partner.sale_state import SaleState
from regulations.read_out import Counts, ReadOut, read_case


class SaleResult(Counts):
    """How it ended."""

    outcome: str


def read_out(state: SaleState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, 1)


def result(state: SaleState) -> SaleResult:
    """The counts with which it ends."""
    raise NotImplementedError


def details(state: SaleState) -> str:
    """The case as Markdown for the Temporal UI, in its language."""
    raise NotImplementedError
