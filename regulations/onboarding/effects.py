"""What onboarding and service ask of the world, and what it answers: the inputs and results of their activities."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import JsonValue

from regulations.effects import KeptFile
from regulations.onboarding.diary_messages import Paper
from regulations.wire import Wire

# --- 4.4: the papers of a manager -------------------------------------------------------------------------------------


class PapersQuestion(Wire):
    """Which papers a manager owes next."""

    calendar: str
    after: datetime
    """Papers that begin to be owed later than this."""


class DuePaper(Wire):
    """A paper that a manager owes."""

    paper: Paper
    first: date
    """The day of the report; the first day of the plan's period."""
    last: date
    """The last day that it covers."""
    draft_at: datetime
    """When the machine draws it up: working time before it is due."""
    start: datetime
    """From which the term of its clause runs."""


class PapersAnswer(Wire):
    """The papers of the next working day: its report, and the plans that are due on it."""

    day: date
    """The working day."""
    papers: tuple[DuePaper, ...]
    after: datetime
    """For the next question."""


class PaperQuestion(Wire):
    """A paper to be drawn up from the registers."""

    manager: str
    paper: Paper
    first: date
    last: date
    calendar: str
    language: Literal["ru", "uk"]
    now: datetime


class DrawnPaper(Wire):
    """A paper as it was drawn up; its workbook is kept under its SHA-256."""

    file: KeptFile
    values: dict[str, JsonValue]
    """For the letter: everything the e-mail says, as texts in the language asked for."""
    lines: int
    """How many lines it has: visits of the plan, things done of the report."""
