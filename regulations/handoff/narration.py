"""A handoff as people read it: the read-out of the `case` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.case import Fact
from regulations.catalogue import text
from regulations.handoff.checks import missing_fields
from regulations.handoff.state import ENDS, KIND, HandoffState, Stage
from regulations.handoff.tellings import field_words, file_words
from regulations.read_out import Counts, ReadOut, cell, counts, fact_lines, obligation_lines, read_case


class HandoffResult(Counts):
    """How a handoff ended."""

    outcome: str


def read_out(state: HandoffState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, state.round)


def result(state: HandoffState) -> HandoffResult:
    """The counts with which a handoff ends."""
    return HandoffResult(outcome=state.outcome or state.stage, **counts(state).model_dump())


def details(state: HandoffState) -> str:
    """The case as Markdown for the Temporal UI: at most 20 open obligations and the last 10 facts, in the case's language."""
    say = state.language
    deal = state.sale.deal if state.sale else state.address
    lines = [
        f"### {text(say, 'case', 'title', deal=cell(deal))}",
        f"**{text(say, 'case', 'stage')}:** {text(say, KIND, 'stage', state.stage)}",
    ]
    if state.opening is not None:
        lines[-1] += f" · **{text(say, 'case', 'edition')}:** {cell(state.opening.edition.id)}"
    lines += _hints(state)
    lines += obligation_lines(state)
    lines += fact_lines(state, lambda f: _note(state, f))
    return "\n".join(lines)


def _hints(state: HandoffState) -> list[str]:
    """What a person who is to decide should know: the findings of the automatic checks, the end of waiting."""
    say = state.language
    hints = []
    if state.stage == Stage.CHECKING and (missing := missing_fields(state)):
        hints.append(f"\n> {text(say, 'case', 'missing')}: {', '.join(cell(field_words(state, m)) for m in missing)}")
    if state.unread:
        hints.append(f"\n> {text(say, 'case', 'unread')}")
    if state.stage == Stage.CHECKING and "2.1.1" not in state.evidence:
        hints.append(f"\n> {text(say, 'case', 'undeclared')}")
    for name, stage in (("payment", Stage.AWAITING_PAYMENT), (f"resubmission/{state.round}", Stage.RETURNED)):
        wait = state.waits.get(name)
        if state.stage == stage and wait is not None and wait.plan is not None and state.stage not in ENDS:
            hints.append(f"\n{text(say, 'case', 'waits')}: {wait.plan.due_text}")
    return hints


def _note(state: HandoffState, f: Fact) -> str:
    """The note of a fact in words: some facts note codes."""
    if f.what in ("RequestReceived", "documents"):
        return ", ".join(file_words(state, code) for code in f.note.split(", "))
    if f.what == "Sold":
        return ", ".join(text(state.language, KIND, "word", code) for code in f.note.split(", "))
    if f.what == "crm":
        action, _, record = f.note.partition(" ")
        return f"{text(state.language, KIND, 'word', action)} {record}"
    return f.note
