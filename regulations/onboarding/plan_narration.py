"""A service plan as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.onboarding.plan_state import PlanState
from regulations.read_out import Counts, ReadOut, counts, read_case


class PlanResult(Counts):
    """How it ended."""

    outcome: str


def read_out(state: PlanState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, 1)


def result(state: PlanState) -> PlanResult:
    """The counts with which it ends."""
    return PlanResult(outcome=state.outcome or state.stage, **counts(state).model_dump())


def details(state: PlanState) -> str:
    """The case as Markdown for the Temporal UI, in its language."""
    return f"### {state.address}"
