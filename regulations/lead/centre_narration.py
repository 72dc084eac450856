"""A service centre as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.catalogue import text
from regulations.lead.centre import KIND, CentreState
from regulations.lead.centre_tellings import measure_words
from regulations.read_out import ReadOut, cell, fact_lines, read_case

SHOWN = 10
"""Measures in the details."""


def read_out(state: CentreState) -> ReadOut:
    """The read-out; a centre has no obligations and no rounds."""
    return read_case(state, 0)


def details(state: CentreState) -> str:
    """The centre as Markdown: who it is, what is in force against it, the last facts."""
    say = state.language
    if state.definition is None:
        return f"### {cell(state.address)}"
    row = state.row
    products = ", ".join(row.products if row is not None else state.definition.products)
    lines = [
        f"### {text(say, KIND, 'title', name=cell(state.definition.name), code=cell(state.code))}",
        f"**{text(say, 'case', 'stage')}:** {text(say, KIND, 'stage', state.stage)}"
        f" · **{text(say, KIND, 'zone')}:** {cell(state.definition.zone)}"
        f" · **{text(say, KIND, 'version')}:** {state.version}",
        f"\n**{text(say, KIND, 'products')}:** {cell(products) or '—'}",
        "",
        f"#### {text(say, KIND, 'measures')}",
        "",
        *(_measures(state) or [text(say, KIND, "no_measures")]),
    ]
    if state.counts:
        counts = ", ".join(f"{text(say, KIND, 'count', what)}: {number}" for what, number in sorted(state.counts.items()))
        lines += ["", f"{text(say, KIND, 'so_far')}: {counts}"]
    return "\n".join(lines + fact_lines(state, lambda f: f.note))


def _measures(state: CentreState) -> list[str]:
    lines = []
    for proposal, taken in list(state.measures.items())[-SHOWN:]:
        wait = state.waits.get(f"quarter/{proposal}")
        until = f", {text(state.language, 'case', 'waits')} {wait.plan.due_text}" if wait is not None and wait.plan is not None else ""
        suspended = f" — {text(state.language, KIND, 'suspended')}" if taken.suspended else ""
        words = f"{measure_words(state, taken.measures)} ({taken.clause}, {taken.lead}){until}"
        lines.append(f"- {cell(words)}{suspended}")
    if (rest := len(state.measures) - SHOWN) > 0:
        lines.append(text(state.language, "case", "more", count=rest))
    return lines
