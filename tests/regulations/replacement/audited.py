"""What an audit said of one lead, and the days on which the lead is worked on."""

from __future__ import annotations

from datetime import timedelta

from regulations.replacement.audit import Judged
from tests.regulations.replacement.exports import (
    KALININGRAD,
    MOSCOW,
    VLADIVOSTOK,
)

SECOND = timedelta(seconds=1)
ZONES = (MOSCOW, VLADIVOSTOK, KALININGRAD)
APPEARED = "2026-11-23 10:00"
"""A Monday."""
DAY_ONE = ["2026-11-23 10:30", "2026-11-23 11:30", "2026-11-23 12:30"]
LATER = ["2026-11-24 10:00", "2026-11-25 10:00"]


def outcome(found: Judged) -> tuple[str, tuple[str, ...]]:
    return found.verdict, found.clauses


def codes(found: Judged) -> list[str]:
    return [evidence.code for evidence in found.evidence]


def value(found: Judged, code: str, name: str) -> str:
    [evidence] = [evidence for evidence in found.evidence if evidence.code == code]
    return dict(evidence.values)[name]
