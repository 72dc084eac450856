"""A diary as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.catalogue import text
from regulations.onboarding.diary_state import KIND, DiaryState, OwedPaper
from regulations.onboarding.paper_titles import title
from regulations.read_out import MOST_OBLIGATIONS, Counts, ReadOut, cell, fact_lines, obligation_lines, pairs, read_case


class DiaryResult(Counts):
    """How it ended."""

    outcome: str


def read_out(state: DiaryState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone. Of older duties the state holds a number."""
    return read_case(state, 1)


def result(state: DiaryState) -> DiaryResult:
    """The counts with which it ends, of all the years."""
    return DiaryResult(outcome=state.outcome or state.stage, **state.counts().model_dump())


def details(state: DiaryState) -> str:
    """The diary as Markdown for the Temporal UI: at most 20 papers that are owed, as many obligations and the last 10 facts."""
    say = state.language
    standing = pairs(
        [
            (text(say, "case", "stage"), text(say, KIND, "stage", state.stage)),
            (text(say, KIND, "case", "group_head"), state.people.get("group_head", "")),
            (text(say, KIND, "case", "visits"), str(len(state.visits))),
            (text(say, "case", "edition"), cell(state.opening.edition.id) if state.opening else ""),
        ]
    )
    lines = [f"### {text(say, KIND, 'case', 'title', manager=state.manager)}", standing, ""]
    lines += [f"- {_line(state, paper)}" for paper in state.papers[-MOST_OBLIGATIONS:]] or [text(say, KIND, "case", "none")]
    return "\n".join([*lines, *obligation_lines(state), *fact_lines(state, lambda f: f.note)])


def _line(state: DiaryState, paper: OwedPaper) -> str:
    at = "confirmed" if paper.confirmed_at is not None else "drafted" if paper.drafted else "ahead"
    words = text(state.language, KIND, "case", at, draft=state.local(paper.due.draft_at))
    return f"{title(state.language, paper.due)}: {words}"
