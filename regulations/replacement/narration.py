"""A replacement as people read it: the read-out of the `case` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.case import Fact
from regulations.catalogue import text
from regulations.read_out import Counts, ReadOut, cell, counts, fact_lines, obligation_lines, pairs, read_case
from regulations.replacement.duties import HELD, credited
from regulations.replacement.state import KIND, ReplacementState, Stage
from regulations.replacement.tellings import ground_words, link_words


class ReplacementResult(Counts):
    """How a replacement ended."""

    outcome: str
    asked: int
    """0: a top-up (6.1)."""
    credited: int
    """As a replacement, or instead of replacements; the new tariff's own identifications are none."""


def read_out(state: ReplacementState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone. Its round is the number of the request."""
    begun = state.requested or state.topped_up
    return read_case(state, begun.n if begun is not None else 1)


def result(state: ReplacementState) -> ReplacementResult:
    """The counts with which it ends."""
    return ReplacementResult(
        outcome=state.outcome or state.stage,
        asked=state.requested.asked if state.requested is not None else 0,
        credited=credited(state),
        **counts(state).model_dump(),
    )


def details(state: ReplacementState) -> str:
    """The replacement as Markdown for the Temporal UI: at most 20 obligations and the last 10 facts, in the case's language.

    Without any login, and without the access to the client's CRM.
    """
    lines = [f"### {_title(state)}", _standing(state), "", _numbers(state)]
    lines += [f"\n> {hint}" for hint in _hints(state)]
    lines += obligation_lines(state)
    lines += fact_lines(state, lambda f: _note(state, f))
    return "\n".join(lines)


def _word(state: ReplacementState, *place: str, **values: object) -> str:
    return text(state.language, KIND, *place, **values)


def _title(state: ReplacementState) -> str:
    begun = state.requested or state.topped_up
    if begun is None:
        return state.address
    return _word(state, "case", "title" if state.requested is not None else "top_up", account=begun.account, period=begun.period, n=begun.n)


def _standing(state: ReplacementState) -> str:
    """Stage, mode of the account, edition."""
    account = state.account
    return pairs(
        [
            (text(state.language, "case", "stage"), _word(state, "stage", state.stage)),
            (_word(state, "case", "mode"), _word(state, "mode", account.mode) if account is not None and account.known else ""),
            (text(state.language, "case", "edition"), cell(state.opening.edition.id) if state.opening else ""),
        ]
    )


def _numbers(state: ReplacementState) -> str:
    """From what was asked for to what was credited."""
    account, audit, decision = state.account, state.audit, state.decision
    of_tariff = f"{account.balance} / {account.identifications}" if account is not None and account.known else ""
    verdicts = f"{audit.replace} / {audit.listen} / {audit.reject}" if audit is not None else ""
    ruled = f"{decision.accepted} / {decision.rejected}" if decision is not None else ""
    booked = ", ".join(f"{_word(state, 'entry', b.entry)} {b.identifications}" for b in state.booked)
    return pairs(
        [
            (_word(state, "case", "asked"), str(state.requested.asked) if state.requested is not None else ""),
            (_word(state, "case", "balance"), of_tariff),
            (_word(state, "case", "verdicts"), verdicts),
            (_word(state, "case", "ruled"), ruled),
            (_word(state, "case", "booked"), booked),
        ]
    )


def _hints(state: ReplacementState) -> list[str]:
    """What somebody who works on it should know."""
    hints = [f"{g.clause}: {cell(ground_words(state, g))}" for g in state.grounds]
    if state.links is not None and state.links.silent:
        hints.append(_word(state, "case", "silent", links=", ".join(link_words(state, link) for link in state.links.silent)))
    if state.decision is not None and state.decision.wrong_count:
        hints.append(_word(state, "case", "wrong", count=state.decision.wrong_count, percent=state.settings.cap_percent))
    wait = state.waits.get(HELD)
    if state.at is Stage.HELD and wait is not None and wait.plan is not None:
        hints.append(_word(state, "case", "held", until=wait.plan.due_text))
    if state.at is Stage.CREDITING and state.orders and state.order_out is None and not state.cleared:
        hints.append(_word(state, "case", "credit_refused"))
    if state.withdrawal is not None:
        hints.append(_word(state, "case", "withdrawal"))
    return hints


def _note(state: ReplacementState, f: Fact) -> str:
    """The note of a fact in words: some facts were written for the register, and the hints say it."""
    return "" if f.what.startswith("incident.") and f.note.startswith(f"{KIND} ") else f.note
