"""What an audit finds: a verdict for each lead, with clauses and evidence. Plain and small: there are tens of thousands of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from regulations.spelling import folded

Verdict = Literal["replace", "reject", "listen"]
ON_REPLACEMENT = "на замену"
"""3.1: the status of the cards that are judged."""
NOT_TARGET = "not_target"
NO_ANSWER = "no_answer"
REASONS = {"нецелевой": NOT_TARGET, "недозвон": NO_ANSWER}
"""3.1: the words of a comment that give the reason."""


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
    """The reason that its comment gives: ``not_target``, ``no_answer``; empty: none. Of a comment that gives both, the one that its
    calls bear out."""
    verdict: Verdict
    clauses: tuple[str, ...]
    """On which the verdict rests, in the order of the regulation."""
    evidence: tuple[Evidence, ...]
    calls: int
    """Calls that count."""
    last_call_at: datetime | None
    """The last of them; UTC."""


@dataclass(frozen=True, slots=True)
class Audited:
    """The whole audit."""

    judged: tuple[Judged, ...]
    """The leads on ``на замену``, by appearance, then id."""
    leads: int
    """All cards of the export; several versions of one are one."""
    barred: tuple[str, ...]
    """Clauses that bar the whole request."""
    doubtful: tuple[Evidence, ...]
    """Rows that contradict others or name nothing."""


def is_on_replacement(status: str) -> bool:
    """Whether a card stands on ``на замену``; case and spaces do not matter."""
    return folded(status) == ON_REPLACEMENT


def reasons_of(comment: str) -> tuple[str, ...]:
    """3.1: the reasons that a comment gives, without regard to case."""
    folded = comment.casefold()
    return tuple(reason for word, reason in REASONS.items() if word in folded)
