"""A replacement as people read it: the read-out of the `case` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.read_out import Counts, ReadOut
from regulations.replacement.state import ReplacementState


class ReplacementResult(Counts):
    """How a replacement ended."""

    outcome: str
    asked: int
    credited: int


def read_out(state: ReplacementState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    raise NotImplementedError


def result(state: ReplacementState) -> ReplacementResult:
    """The counts with which it ends."""
    raise NotImplementedError


def details(state: ReplacementState) -> str:
    """The replacement as Markdown for the Temporal UI, in the case's language."""
    raise NotImplementedError
