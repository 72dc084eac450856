"""The audit: from the rows of an export to a verdict for each lead, with clauses and evidence.

Pure; the order of the rows does not matter. The rows are taken one by one, and of each only what the verdicts need is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from regulations.replacement.effects import AuditSettings
from regulations.replacement.export import Row
from regulations.replacement.export_content import Content
from regulations.replacement.findings import Audited, Evidence, Judged, Verdict, is_on_replacement
from regulations.replacement.judging import Judge
from regulations.replacement.local_times import LocalTimes
from regulations.time.working_time import WorkingTime
from regulations.time.zones import instant_of

__all__ = ["Audited", "Evidence", "Judged", "Verdict", "audit"]


def audit(rows: Iterable[Row], settings: AuditSettings, hours: WorkingTime, now: datetime) -> Audited:
    """Judges every lead on ``на замену``; an export without any is judged too, and has no verdicts.

    Args:
        rows: Of the export, in any order; taken one by one. Their instants are aware.
        settings: The terms of the edition.
        hours: The client's working time, in its zone.
        now: When the export was made: what lies after it lies in the future.

    Raises:
        TermError: 3.3 of the settings is no term.
    """
    times, at = LocalTimes(hours), instant_of(now)
    content = Content(rows, times, at)
    judge = Judge(content, settings, hours, times, at)
    asked = sorted(card for card in content.cards.values() if is_on_replacement(card.status))
    return Audited(
        judged=tuple(map(judge.judged, asked)), leads=len(content.cards), barred=tuple(_bars(content)), doubtful=tuple(content.doubtful)
    )


def _bars(content: Content) -> Iterator[str]:
    """What bars the whole request: no card has been kept (3.1), no telephony has been used and no outage excuses it (3.2)."""
    cards = content.cards.values()
    if cards and not any(card.status or card.comment for card in cards):
        yield "3.1"
    if cards and not (content.any_calls and content.recordings) and not content.outages:
        yield "3.2"
