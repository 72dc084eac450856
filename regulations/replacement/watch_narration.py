"""A lead watch as people read it: the read-out of the `case` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.read_out import Counts, ReadOut
from regulations.replacement.watch_state import WatchState


class WatchResult(Counts):
    """How a watch ended."""

    outcome: str
    leads: int
    calls: int
    missed: int


def read_out(state: WatchState) -> ReadOut:
    """The read-out; answered from the state alone."""
    raise NotImplementedError


def result(state: WatchState) -> WatchResult:
    """The counts with which it ends."""
    raise NotImplementedError


def details(state: WatchState) -> str:
    """The watch as Markdown for the Temporal UI, in the case's language."""
    raise NotImplementedError
