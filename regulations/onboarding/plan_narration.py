"""A service plan as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from datetime import datetime

from regulations.catalogue import text
from regulations.onboarding.plan_state import KIND, PAYMENT, TRAINING, UPDATE, PlanState
from regulations.read_out import Counts, ReadOut, cell, fact_lines, obligation_lines, pairs, read_case


class PlanResult(Counts):
    """How it ended."""

    outcome: str
    certified: int


def read_out(state: PlanState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone. Of what is long over it has no more than numbers."""
    return read_case(state, 1)


def result(state: PlanState) -> PlanResult:
    """The counts with which it ends, of all the years."""
    return PlanResult(outcome=state.outcome or state.stage, certified=len(state.certified), **state.counts().model_dump())


def details(state: PlanState) -> str:
    """The plan as Markdown for the Temporal UI, in its language: who serves the client, what is due next, what is over in numbers, the last
    facts."""
    if state.started is None:
        return f"### {cell(state.address)}"
    lines = [f"### {_word(state, 'case', 'title', name=cell(state.begun.person.name))}", _standing(state), "", _numbers(state)]
    lines += obligation_lines(state)
    if closed := state.closed_words():
        lines += ["", f"{_word(state, 'case', 'closed')}: {closed}"]
    return "\n".join(lines + fact_lines(state, lambda f: f.note))


def _word(state: PlanState, *place: str, **values: object) -> str:
    return text(state.language, KIND, *place, **values)


def _standing(state: PlanState) -> str:
    begun = state.begun
    return pairs(
        [
            (text(state.language, "case", "stage"), _word(state, "stage", state.stage)),
            (_word(state, "case", "contract"), cell(begun.contract)),
            (_word(state, "case", "manager"), cell(begun.manager or _word(state, "case", "nobody"))),
            (_word(state, "case", "group_head"), cell(begun.group_head or "")),
            (text(state.language, "case", "edition"), cell(state.opening.edition.id) if state.opening else ""),
        ]
    )


def _numbers(state: PlanState) -> str:
    certified = _word(state, "case", "of", done=len(state.certified), of=state.to_certify) if state.newest(TRAINING) is not None else ""
    return pairs(
        [
            (_word(state, "case", "last_update"), _local(state, state.last_update_at)),
            (_word(state, "case", "next_update"), _local(state, state.next_due(UPDATE))),
            (_word(state, "case", "next_payment"), _local(state, state.next_due(PAYMENT))),
            (_word(state, "case", "certified"), certified),
        ]
    )


def _local(state: PlanState, at: datetime | None) -> str:
    return state.local(at) if at is not None else ""
