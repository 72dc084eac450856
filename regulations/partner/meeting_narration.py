"""A manager's meetings as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.partner.meeting_state import MeetingState
from regulations.read_out import Counts, ReadOut, read_case


class MeetingsResult(Counts):
    """How it ended."""

    outcome: str


def read_out(state: MeetingState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, 1)


def result(state: MeetingState) -> MeetingsResult:
    """The counts with which it ends."""
    raise NotImplementedError


def details(state: MeetingState) -> str:
    """The case as Markdown for the Temporal UI, in its language."""
    raise NotImplementedError
