"""An onboarding as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.catalogue import text
from regulations.onboarding.case import ITEMS
from regulations.onboarding.slip_state import KIND, SlipStage, SlipState, Visa
from regulations.read_out import Counts, ReadOut, cell, counts, fact_lines, obligation_lines, pairs, read_case


class SlipResult(Counts):
    """How it ended."""

    outcome: str
    visas: int
    """How many stood."""
    plan: str
    """What became of the client's service plan: ``begun``, ``failed``; empty where it has not come to that."""


def read_out(state: SlipState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, 1)


def result(state: SlipState) -> SlipResult:
    """The counts with which it ends."""
    given = sum(visa.state == "given" for visa in state.visas.values())
    return SlipResult(outcome=state.outcome or state.stage, visas=given, plan=state.plan, **counts(state).model_dump())


def details(state: SlipState) -> str:
    """The case as Markdown for the Temporal UI, in its language: where it stands, the seven visas, what is open, the last facts."""
    if state.started is None:
        return f"### {cell(state.address)}"
    begun = state.started
    lines = [
        f"### {_word(state, 'case', 'title', contract=cell(begun.contract), client=cell(begun.client.name))}",
        pairs(
            [
                (text(state.language, "case", "stage"), _word(state, "stage", state.stage)),
                (_word(state, "case", "payment"), state.local(state.paid.happened_at) if state.paid is not None else ""),
                (_word(state, "case", "agreed"), state.local(state.agreed.installation_at) if state.agreed is not None else ""),
                (_word(state, "case", "installed"), state.local(state.installed.happened_at) if state.installed is not None else ""),
                (_word(state, "case", "report"), cell(_names(state.report_documents))),
                (_word(state, "case", "manager"), cell(state.client_manager or "")),
                (text(state.language, "case", "edition"), cell(state.opening.edition.id) if state.opening else ""),
            ]
        ),
    ]
    lines += [f"\n> {hint}" for hint in _hints(state)]
    lines += ["", f"#### {_word(state, 'case', 'visas')}", "", f"| {_word(state, 'case', 'headings')} |", "|---|---|---|---|---|---|"]
    lines += [_row(state, item, state.visas[item]) for item in ITEMS]
    return "\n".join(lines + obligation_lines(state) + fact_lines(state, lambda fact: fact.note))


def _word(state: SlipState, *place: str, **values: object) -> str:
    return text(state.language, KIND, *place, **values)


def _row(state: SlipState, item: str, visa: Visa) -> str:
    """An item as a row: state, who spoke and for whom, when, documents by name, remark or reason."""
    who = visa.by
    if visa.deputy_for:
        who += f" ({_word(state, 'case', 'deputy_for', person=visa.deputy_for)})"
    said = [
        f"{item} {_word(state, 'item', item)}",
        _word(state, "visa", visa.state),
        cell(who),
        state.local(visa.at) if visa.at is not None else "",
        cell(_names(visa.documents)),
        cell(visa.remark),
    ]
    return f"| {' | '.join(said)} |"


def _names(documents: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(name for name, _ in documents)


def _hints(state: SlipState) -> list[str]:
    """What somebody who works on it should know."""
    hints = [_word(state, "case", "stopped")] if state.opening is not None and state.stopped else []
    if state.at is SlipStage.IN_SERVICE and state.paid is None:
        hints.append(_word(state, "case", "unpaid"))
    if state.polling == "failed" and state.paid is None:
        hints.append(_word(state, "case", "billing_unheard"))
    if state.plan == "failed":
        hints.append(_word(state, "case", "plan_failed"))
    return hints
