"""A lead watch as people read it: the read-out of the `case` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.catalogue import counted, text
from regulations.read_out import Counts, ReadOut, cell, counts, fact_lines, read_case
from regulations.replacement.watch_state import KIND, WatchState


class WatchResult(Counts):
    """How a watch ended."""

    outcome: str
    leads: int
    calls: int
    missed: int


def read_out(state: WatchState) -> ReadOut:
    """The read-out; answered from the state alone. A watch has no obligations and no rounds: its leads are rows in a register."""
    return read_case(state, 0)


def result(state: WatchState) -> WatchResult:
    """The counts with which it ends."""
    own = {"leads": state.leads, "calls": state.calls, "missed": state.missed}
    return WatchResult(outcome=state.outcome or state.stage, **own, **counts(state).model_dump())


def details(state: WatchState) -> str:
    """The watch as Markdown for the Temporal UI, in the case's language: the tariff, the counts, the last facts."""
    say = state.language
    if state.started is None:
        return f"### {cell(state.address)}"
    begun = state.started
    balance = "—" if state.balance is None else str(state.balance)
    numbers = {"leads": state.leads, "calls": state.calls, "reminded": state.reminded, "missed": state.missed}
    lines = [
        f"### {text(say, KIND, 'title', account=cell(begun.account), period=cell(begun.period))}",
        f"**{text(say, 'case', 'stage')}:** {text(say, KIND, 'stage', state.stage)}"
        f" · **{text(say, KIND, 'zone')}:** {cell(begun.zone)}"
        f" · **{text(say, KIND, 'balance')}:** {balance} / {begun.identifications}",
        "",
        ", ".join(counted(say, number, KIND, "plural", what) for what, number in numbers.items()),
    ]
    return "\n".join(lines + fact_lines(state, lambda fact: fact.note))
