"""The rows of the registers: what any case leaves behind. Those of one regulation stand with it.

Every model is frozen and refuses unknown fields. All instants are aware and in UTC. The natural key of each is said with it.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from regulations.wire import Wire


class Row(Wire):
    """A row of a register. ``seq`` grows within a case: an upsert never puts an older row over a newer one."""

    seq: int


class ObligationRow(Row):
    """The latest known state of one obligation. Natural key: case uid, key."""

    table: Literal["obligations"] = "obligations"
    key: str
    clause: str
    owner: str
    escalation: str
    duty: str
    term: str | None
    state: str
    started_at: datetime
    due: datetime | None = None
    met_at: datetime | None = None
    breached_at: datetime | None = None
    provisional: bool = False
    calendar: str | None = None
    calendar_version: str | None = None
    span_from: date | None = None
    """First and last local date on which the term depends: what a change of the calendar is compared with."""
    span_to: date | None = None
    note: str = ""


class BreachEntry(StrEnum):
    """Why a row stands in the register of breaches; rows are only ever added."""

    RECORDED = "recorded"
    MET_LATE = "met_late"
    WITHDRAWN = "withdrawn"


class BreachRow(Row):
    """One entry about a missed term. Natural key: case uid, obligation key, due, entry; the first one stands."""

    table: Literal["breaches"] = "breaches"
    key: str
    clause: str
    owner: str
    due: datetime
    entry: BreachEntry
    at: datetime
    """recorded: the due instant; met_late: when the duty was done; withdrawn: when we learnt that it had been met in time."""
    late_seconds: int | None = None
    note: str = ""


NoticeKind = Literal["warning", "breach", "breach_withdrawn", "incident", "ended"]


class NoticeRow(Row):
    """A message to somebody inside, sent by a scheduled round. Natural key: case uid, obligation key, kind, due, recipient."""

    table: Literal["notices"] = "notices"
    key: str
    clause: str
    kind: NoticeKind
    role: str
    recipient: str
    language: Literal["ru", "uk"]
    due: datetime | None
    earliest: datetime
    """From when it may be told; the round that mails it waits on for the recipient's working time."""
    at_once: bool = False
    """Mailed without waiting for the recipient's working time: no working time is left before the term."""
    text: str


class IncidentRow(Row):
    """Something that a person must look at. Natural key: case uid, key; the first one stands."""

    table: Literal["incidents"] = "incidents"
    key: str
    what: str
    """A stable code such as ``payment_too_small``."""
    at: datetime
    text: str


class CorrectionRow(Row):
    """A fact learnt after its case had ended, and what it changed. Natural key: case uid, key; the first one stands."""

    table: Literal["corrections"] = "corrections"
    key: str
    """The key of the fact."""
    clause: str
    """The clause that it bears on; empty: none."""
    what: str
    happened_at: datetime
    learnt_at: datetime
    source: str
    by: str | None = None
    result: Literal["withdrawn", "stands", "recorded"]
    """The breach was none; the breach stands, done late; there was no breach to correct."""
    note: str = ""
