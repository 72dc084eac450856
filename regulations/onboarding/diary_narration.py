"""A diary as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.onboarding.diary_state import DiaryState
from regulations.read_out import Counts, ReadOut, counts, read_case


class DiaryResult(Counts):
    """How it ended."""

    outcome: str


def read_out(state: DiaryState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, 1)


def result(state: DiaryState) -> DiaryResult:
    """The counts with which it ends."""
    return DiaryResult(outcome=state.outcome or state.stage, **counts(state).model_dump())


def details(state: DiaryState) -> str:
    """The case as Markdown for the Temporal UI, in its language."""
    return f"### {state.address}"
