"""A partner's account as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.case import Fact
from regulations.catalogue import text
from regulations.dates import day_text
from regulations.partner.account_state import KIND, AccountState
from regulations.read_out import Counts, ReadOut, cell, fact_lines, obligation_lines, pairs, read_case


class AccountResult(Counts):
    """How it ended."""

    outcome: str
    calls: int
    poor_comments: int


def read_out(state: AccountState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone. Of what is long over it has no more than numbers."""
    return read_case(state, 1)


def result(state: AccountState) -> AccountResult:
    """The counts with which it ends."""
    return AccountResult(
        outcome=state.outcome or state.stage,
        calls=state.calls_made,
        poor_comments=state.poor_comments,
        **state.counts().model_dump(),
    )


def details(state: AccountState) -> str:
    """The account as Markdown for the Temporal UI, in its language: who has it, what is open, what is over in numbers, the last facts."""
    if state.started is None:
        return f"### {cell(state.address)}"
    lines = [f"### {_word(state, 'case', 'title', name=cell(state.begun.person.name))}", _standing(state), "", _numbers(state)]
    lines += obligation_lines(state)
    if closed := state.closed_words():
        lines += ["", f"{_word(state, 'case', 'closed')}: {closed}"]
    return "\n".join(lines + fact_lines(state, lambda f: _note(state, f)))


def _word(state: AccountState, *place: str, **values: object) -> str:
    return text(state.language, KIND, *place, **values)


def _standing(state: AccountState) -> str:
    return pairs(
        [
            (text(state.language, "case", "stage"), _word(state, "stage", state.stage)),
            (_word(state, "case", "manager"), cell(state.begun.manager)),
            (_word(state, "case", "paid_until"), day_text(state.begun.paid_until) if state.begun.paid_until else ""),
            (text(state.language, "case", "edition"), cell(state.opening.edition.id) if state.opening else ""),
        ]
    )


def _numbers(state: AccountState) -> str:
    planned = min((a.planned_at for a in state.activities.values()), default=None)
    return pairs(
        [
            (_word(state, "case", "last_contact"), state.local(state.last_contact_at) if state.last_contact_at else ""),
            (_word(state, "case", "next_activity"), state.local(planned) if planned is not None else _word(state, "case", "no_activity")),
            (_word(state, "case", "calls"), str(state.calls_made)),
            (_word(state, "case", "poor"), str(state.poor_comments)),
        ]
    )


def _note(state: AccountState, f: Fact) -> str:
    """The note of a fact in words: of a poor comment the parts that it lacks."""
    if f.what == "comment_poor":
        return ", ".join(_word(state, "part", part) for part in f.note.split(", "))
    return f.note
