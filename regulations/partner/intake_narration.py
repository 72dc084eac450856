"""A partner's intake as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.partner.intake_state import IntakeState
from regulations.read_out import Counts, ReadOut, read_case


class IntakeResult(Counts):
    """How it ended."""

    outcome: str


def read_out(state: IntakeState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, 1)


def result(state: IntakeState) -> IntakeResult:
    """The counts with which it ends."""
    raise NotImplementedError


def details(state: IntakeState) -> str:
    """The case as Markdown for the Temporal UI, in its language."""
    raise NotImplementedError
