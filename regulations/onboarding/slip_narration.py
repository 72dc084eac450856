"""An onboarding as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.onboarding.slip_state import SlipState
from regulations.read_out import Counts, ReadOut, counts, read_case


class SlipResult(Counts):
    """How it ended."""

    outcome: str


def read_out(state: SlipState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, 1)


def result(state: SlipState) -> SlipResult:
    """The counts with which it ends."""
    return SlipResult(outcome=state.outcome or state.stage, **counts(state).model_dump())


def details(state: SlipState) -> str:
    """The case as Markdown for the Temporal UI, in its language."""
    return f"### {state.address}"
