"""A partner's intake as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.catalogue import text
from regulations.partner.intake_state import KIND, IntakeStage, IntakeState
from regulations.read_out import Counts, ReadOut, cell, counts, fact_lines, obligation_lines, pairs, read_case


class IntakeResult(Counts):
    """How it ended."""

    outcome: str
    account: str
    """What became of the partner's account: ``begun``, ``failed``; empty where nobody accepted the partner."""


def read_out(state: IntakeState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, 1)


def result(state: IntakeState) -> IntakeResult:
    """The counts with which it ends."""
    return IntakeResult(outcome=state.outcome or state.stage, account=state.account, **counts(state).model_dump())


def details(state: IntakeState) -> str:
    """The case as Markdown for the Temporal UI, in its language."""
    if state.started is None:
        return f"### {cell(state.address)}"
    say, begun = state.language, state.started
    lines = [
        f"### {_word(state, 'case', 'title', deal=cell(begun.deal), partner=cell(begun.partner.name))}",
        pairs(
            [
                (text(say, "case", "stage"), _word(state, "stage", state.stage)),
                (_word(state, "case", "paid"), state.local(state.paid.happened_at) if state.paid is not None else ""),
                (text(say, "case", "edition"), cell(state.opening.edition.id) if state.opening else ""),
            ]
        ),
        "",
        *[f"- **{_word(state, 'part', name)}:** {cell(part.text)}" for name, part in state.parts.items()],
    ]
    lines += [f"\n> {hint}" for hint in _hints(state)]
    return "\n".join(lines + obligation_lines(state) + fact_lines(state, lambda fact: fact.note))


def _word(state: IntakeState, *place: str, **values: object) -> str:
    return text(state.language, KIND, *place, **values)


def _hints(state: IntakeState) -> list[str]:
    """What somebody who works on it should know."""
    hints = [_word(state, "missing", parts=state.missing_words())] if state.missing else []
    hints += [
        _word(state, "case", "question", question=name, text=cell(asked.text))
        for name, asked in state.questions.items()
        if not asked.answered
    ]
    if state.at is IntakeStage.ACCEPTED and state.paid is None:
        hints.append(_word(state, "case", "unpaid"))
    if state.account == "failed":
        hints.append(_word(state, "case", "account_failed"))
    return hints
