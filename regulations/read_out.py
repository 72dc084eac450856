"""A case as people read it, whatever its regulation: the read-out of the ``case`` query, and the pieces of the same as Markdown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from regulations.case import UNMET, CaseState, Fact, Obligation, Standing
from regulations.catalogue import role_words, text
from regulations.clocks import next_due

MOST_OBLIGATIONS, MOST_FACTS = 20, 10


class ReadObligation(BaseModel):
    """One obligation of the read-out. Instants are aware; ``due_text`` is local."""

    model_config = ConfigDict(frozen=True)

    key: str
    clause: str
    duty: str
    owner: str
    escalation: str
    term: str | None
    started_at: datetime
    due: datetime | None
    due_text: str
    state: str
    met_at: datetime | None
    breached_at: datetime | None
    paused: bool
    provisional: bool
    note: str


class ReadOut(BaseModel):
    """What anyone may ask of a case: kind, id, stage, edition, obligations, next due, the trail of facts."""

    model_config = ConfigDict(frozen=True)

    kind: str
    id: str
    uid: str
    stage: str
    stage_text: str
    outcome: str | None
    edition: str | None
    rules: int | None
    revision: int
    round: int
    next_due: datetime | None
    obligations: list[ReadObligation]
    facts: list[Fact]


def duty(state: CaseState, clause: str) -> str:
    """The words of a duty."""
    return text(state.language, state.kind, "duty", clause)


def read_case(state: CaseState, round: int) -> ReadOut:
    """The read-out of a whole case; answered from the state alone."""
    return ReadOut(
        kind=state.kind,
        id=state.address,
        uid=state.uid,
        stage=state.stage,
        stage_text=text(state.language, state.kind, "stage", state.stage),
        outcome=state.outcome,
        edition=state.opening.edition.id if state.opening else None,
        rules=state.opening.edition.rules if state.opening else None,
        revision=state.revision,
        round=round,
        next_due=next_due(state),
        obligations=[read_obligation(state, o) for o in state.obligations],
        facts=list(state.facts),
    )


def read_obligation(state: CaseState, o: Obligation) -> ReadObligation:
    """One obligation of a read-out."""
    return ReadObligation(
        key=o.key,
        clause=f"{state.regulation} {o.clause}",
        duty=duty(state, o.clause),
        owner=o.owner,
        escalation=o.escalation,
        term=o.term,
        started_at=o.started_at,
        due=o.due,
        due_text=o.due_text,
        state=o.standing,
        met_at=o.met_at,
        breached_at=o.breached_at,
        paused=o.paused,
        provisional=bool(o.plan and o.plan.provisional),
        note=o.note,
    )


class Counts(BaseModel):
    """How the obligations of a case ended."""

    model_config = ConfigDict(frozen=True)

    met: int
    met_late: int
    waived: int
    breaches: int
    """Those that stand: withdrawn ones are not counted."""


def counts(state: CaseState) -> Counts:
    """The counts with which a case ends."""
    standings = [o.standing for o in state.obligations]
    return Counts(
        met=standings.count(Standing.MET),
        met_late=standings.count(Standing.MET_LATE),
        waived=standings.count(Standing.WAIVED),
        breaches=sum(o.breached_at is not None and o.standing is not Standing.MET for o in state.obligations),
    )


def pairs(named: list[tuple[str, str]]) -> str:
    """Names and values on one line of Markdown; what has no value is left out."""
    return " · ".join(f"**{name}:** {value}" for name, value in named if value)


def obligation_lines(state: CaseState) -> list[str]:
    """The obligations as a Markdown table: at most `MOST_OBLIGATIONS`, the unmet ones first by their due instant."""
    say = state.language
    open_ones = sorted(state.unmet(), key=lambda o: (o.due is None, o.due or o.started_at))
    closed = [o for o in state.obligations if o.standing not in UNMET]
    shown = (open_ones + closed)[:MOST_OBLIGATIONS]
    lines = ["", f"#### {text(say, 'case', 'obligations')}", ""]
    lines += [f"| {text(say, 'case', 'headings')} |", "|---|---|---|---|---|"] if shown else [text(say, "case", "none_open")]
    lines += [obligation_row(state, o) for o in shown]
    if (rest := len(state.obligations) - len(shown)) > 0:
        lines.append(f"\n{text(say, 'case', 'more', count=rest)}")
    return lines


def fact_lines(state: CaseState, note: Callable[[Fact], str]) -> list[str]:
    """The last `MOST_FACTS` facts as a Markdown list, the newest first; ``note`` puts the note of a fact into words."""
    lines = ["", f"#### {text(state.language, 'case', 'facts')}", ""]
    return lines + [_fact_line(state, f, note(f)) for f in reversed(state.facts[-MOST_FACTS:])]


def _fact_line(state: CaseState, f: Fact, note: str) -> str:
    say = state.language
    words = text(say, state.kind, "fact", f.what)
    happened, learnt_at = state.local(f.happened_at), state.local(f.learnt_at)
    learnt = f" ({text(say, 'case', 'learnt')} {learnt_at})" if learnt_at != happened else ""
    said = f": {cell(note)}" if note else ""
    return f"- {happened} {cell(words)}{learnt}{said} · {text(say, 'source', f.source)}"


def obligation_row(state: CaseState, o: Obligation) -> str:
    """One obligation as a row of a Markdown table."""
    say = state.language
    due = o.due_text or text(say, "case", "not_projected" if o.paused else "no_term")
    if o.plan is not None and o.plan.provisional:
        due += f" ({text(say, 'case', 'provisional')})"
    standing = text(say, "standing", o.standing)
    if o.met_at is not None:
        standing += f" {state.local(o.met_at)}"
    if o.note:
        standing += f" — {text(say, 'note', o.note)}"
    return f"| {o.clause} | {duty(state, o.clause)} | {role_words(say, o.owner)} | {cell(due)} | {cell(standing)} |"


def cell(value: str) -> str:
    """Words from outside must not break the table or become markup."""
    return "".join("\\" + c if c in "\\|`*_[]<>#" else " " if c in "\r\n" else c for c in value)
