"""A manager's meetings as people read them: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.catalogue import text
from regulations.dates import day_text
from regulations.partner.meeting_state import KIND, MeetingState
from regulations.read_out import Counts, ReadOut, cell, fact_lines, obligation_lines, pairs, read_case


class MeetingsResult(Counts):
    """How it ended."""

    outcome: str


def read_out(state: MeetingState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone. Of older duties the state holds a number."""
    return read_case(state, 1)


def result(state: MeetingState) -> MeetingsResult:
    """The counts with which it ends, of all the years."""
    return MeetingsResult(outcome=state.outcome or state.stage, **state.counts().model_dump())


def details(state: MeetingState) -> str:
    """The meetings as Markdown for the Temporal UI: schedule, known meetings, at most 20 obligations and the last 10 facts."""
    say = state.language
    title = text(say, KIND, "case", "title", manager=state.manager)
    standing = pairs(
        [
            (text(say, "case", "stage"), text(say, KIND, "stage", state.stage)),
            (text(say, KIND, "case", "schedule"), schedule_words(state)),
            (text(say, "case", "edition"), cell(state.opening.edition.id) if state.opening else ""),
        ]
    )
    lines = [f"### {title}", standing, ""]
    lines += [f"- {_meeting(state, number)}" for number in range(len(state.meetings))] or [text(say, KIND, "case", "none")]
    return "\n".join([*lines, *obligation_lines(state), *fact_lines(state, lambda f: f.note)])


def schedule_words(state: MeetingState) -> str:
    """The schedule in words; empty before there is one."""
    if state.started is None:
        return ""
    weekday = text(state.language, KIND, "weekday", state.started.weekday)
    every = state.started.every_weeks
    return text(state.language, KIND, "case", "every" if every > 1 else "weekly", weekday=weekday, at=state.started.at, weeks=every)


def _meeting(state: MeetingState, number: int) -> str:
    meeting = state.meetings[number]
    words = state.local(meeting.at)
    if meeting.moved:
        words += f" ({text(state.language, KIND, 'case', 'moved', day=day_text(meeting.day))})"
    gone = state.proof(state.duty_of(meeting)) is not None
    return f"{words}: {text(state.language, KIND, 'case', 'gone' if gone else 'not_gone')}"
