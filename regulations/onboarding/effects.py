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
    """Papers whose draft is to be drawn up later than this."""
    terms: dict[str, str]
    """Clause → its term. What has none is not owed."""
    known: tuple[date, ...] = ()
    """Working days whose papers are owed already: are they still working days?"""


class DuePaper(Wire):
    """A paper that a manager owes."""

    paper: Paper
    since: date
    """The first day of which it tells: days off belong to the report and to the day plan of the working day after them."""
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
    """Its close of business: for the next question."""
    off: tuple[date, ...] = ()
    """The known days that are no working days any more."""


class PaperToDraw(Wire):
    """One of the papers to be drawn up."""

    paper: Paper
    since: date
    first: date
    last: date


class PapersToDraw(Wire):
    """Papers to be drawn up from the registers, all of one occasion at once."""

    manager: str
    papers: tuple[PaperToDraw, ...]
    reported_at: datetime | None = None
    """When the report before was drawn up: what was done earlier and learnt since then stands in this one. None: there was none."""
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


class DrawnPapers(Wire):
    """The papers of one occasion."""

    manager: str
    """By name, where the company's file knows it."""
    papers: tuple[DrawnPaper, ...]
    """In the order asked for."""
