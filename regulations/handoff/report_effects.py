"""What the run of a monthly report asks of the world, and what the world answers: the inputs and results of its activities."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from regulations.effects import LetterOutcome
from regulations.handoff.report import Month
from regulations.wire import Wire


class ReportQuestion(Wire):
    """Asked once, at the start of a run."""

    month: str | None
    begun: datetime
    """When the run was to start: without a month it is the one before this instant, however late the run really started."""
    now: datetime


class BuiltReport(Wire):
    """A report that is kept: its file is the same for ever."""

    name: str
    digest: str
    """SHA-256 of the file."""
    clients: int
    """How many accepted clients it counts."""
    sent_at: datetime | None
    """When it went out first."""


class ReportStanding(Wire):
    """How the report of a month stands."""

    month: Month
    built: BuiltReport | None
    recorded: str | None
    """The state of 4.4 of this month in the register of obligations; None: nothing is recorded."""
    seq: int
    """The number of that row: what is recorded next takes a higher one."""


class ReportToBuild(Wire):
    """The report of a month that is over."""

    month: str
    language: Literal["ru", "uk"]
    now: datetime


class ReportToSend(Wire):
    """A report that has been built, to the roles that get it."""

    month: str
    key: str
    """Of the letter, without its recipients."""
    language: Literal["ru", "uk"]
    now: datetime


class SentReport(Wire):
    """What became of the letter."""

    letter: LetterOutcome
    missing: tuple[str, ...]
    """Roles that have no address."""


class ReportMark(Wire):
    """That a report went out, and when."""

    month: str
    at: datetime
