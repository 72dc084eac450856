"""The files of a replacement: what was brought in, what was made of it. Their contents are kept under their SHA-256."""

from __future__ import annotations

from regulations.replacement.state import ReplacementState
from regulations.wire import Wire


class Paper(Wire):
    """A kept file."""

    name: str
    sha256: str


class Papers(Wire):
    """What there is at the moment; None: it is not there yet."""

    export: Paper | None = None
    """5.2: the newest export."""
    sheet: Paper | None = None
    """The audit of it, for quality control; None while a newer export waits to be audited."""
    outcome: Paper | None = None
    """The list for the franchisee."""


def papers(state: ReplacementState) -> Papers:
    """The files of the case; answered from the state alone."""
    export, audit, decision = state.export, state.audit, state.decision
    current = audit is not None and export is not None and state.audited == export.sha256
    return Papers(
        export=_paper(export.name, export.sha256) if export is not None else None,
        sheet=_paper(audit.sheet_name, audit.sheet) if audit is not None and current else None,
        outcome=_paper(decision.outcome_name, decision.outcome) if decision is not None else None,
    )


def _paper(name: str, sha256: str | None) -> Paper | None:
    return None if sha256 is None else Paper(name=name, sha256=sha256)
