"""The audit: from the rows of an export to a verdict for each lead, with clauses and evidence.

Pure; the order of the rows does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from regulations.replacement.effects import AuditSettings
from regulations.replacement.export import Row
from regulations.working_time import WorkingTime

Verdict = Literal["replace", "reject", "listen"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for or against a lead: the clause, the code of the words in the catalogue, and the values in them."""

    clause: str
    code: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A lead on ``на замену``, and what came of it."""

    lead: str
    appeared_at: datetime
    status: str
    comment: str
    reason: str
    """The reason that its comment gives: ``not_target``, ``no_answer``; empty: none."""
    verdict: Verdict
    clauses: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    calls: int
    last_call_at: datetime | None


@dataclass(frozen=True, slots=True)
class Audited:
    """The whole audit."""

    judged: tuple[Judged, ...]
    """The leads on ``на замену``, by appearance, then id."""
    leads: int
    """All cards of the export."""
    barred: tuple[str, ...]
    """Clauses that bar the whole request."""
    doubtful: tuple[Evidence, ...]
    """Rows that contradict others or name nothing."""


def audit(rows: Iterable[Row], settings: AuditSettings, hours: WorkingTime, now: datetime) -> Audited:
    """Judges every lead on ``на замену``.

    Args:
        rows: Of the export, in any order; taken one by one.
        settings: The terms of the edition.
        hours: The client's working time, in its zone.
        now: When the export was made: what lies after it lies in the future.
    """
    raise NotImplementedError
