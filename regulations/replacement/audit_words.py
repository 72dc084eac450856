"""The audit in words, for quality control."""

from __future__ import annotations

from regulations.catalogue import counted, text
from regulations.replacement.effects import AuditSettings
from regulations.replacement.findings import Evidence
from regulations.time.terms import WorkingSpan, parse_term

RULES = ("3.1", "3.2", "3.3", "3.4", "4.1", "4.2", "5.2", "6.2", "6.4")
"""The clauses by which an export is judged, in order."""


def evidence_words(language: str, evidence: Evidence) -> str:
    """A piece of evidence, without its clause. Times in it are the client's."""
    return text(language, "audit", "evidence", evidence.code, **dict(evidence.values))


def rules(language: str, settings: AuditSettings) -> tuple[tuple[str, str], ...]:
    """Each clause by which an export is judged, and a paragraph that explains it by the terms of the edition."""
    values = {
        "first_call": _span_words(language, settings.first_call),
        "attempts": settings.attempts,
        "first_day_attempts": settings.first_day_attempts,
        "gap": settings.gap_minutes,
    }
    return tuple((clause, text(language, "audit", "rule", clause, **values)) for clause in RULES)


def _span_words(language: str, term: str) -> str:
    """A working span in the genitive (``6 рабочих часов``); any other term as the edition writes it."""
    span = parse_term(term)
    if not isinstance(span, WorkingSpan) or span.before or span.seconds % 60:
        return str(span)
    hours, minutes = divmod(span.seconds // 60, 60)
    return (
        counted(language, 60 * hours + minutes, "plural", "working_minute")
        if minutes
        else counted(language, hours, "plural", "working_hour")
    )
