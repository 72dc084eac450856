"""Counting the terms of a case in a calendar: from the term as it is written to instants and the words for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from regulations.catalogue import text
from regulations.plans import PlanAnswer, PlannedTerm, PlanRequest, TermToPlan
from regulations.terms import parse_term
from regulations.working_time import Pause, WorkingTime


def count(calendar: WorkingTime, request: PlanRequest) -> PlanAnswer:
    """Counts the terms of one call. The answer depends on nothing but the request and the calendar's data.

    Raises:
        TermError: a term cannot be read.
        CalendarError: a term runs beyond the years that the calendar covers.
    """
    terms = tuple(_count_one(calendar, item, request) for item in request.terms)
    latest = max((t.due for t in terms), default=datetime(2020, 1, 1, tzinfo=UTC))
    return PlanAnswer(terms=terms, offset=calendar.local(latest).utcoffset() or timedelta(0))


def _count_one(calendar: WorkingTime, item: TermToPlan, request: PlanRequest) -> PlannedTerm:
    due = calendar.due(parse_term(item.term), item.start, [Pause(start=p.start, end=p.end) for p in item.pauses])
    warn_at = None
    if item.warn:
        warn_at = calendar.reminder(item.warn_from or item.start, due.at, request.warn_fraction).astimezone(UTC)
    return PlannedTerm(
        key=item.key,
        due=due.at.astimezone(UTC),
        due_text=local_text(due.at, request.language),
        warn_at=warn_at,
        tell_at=calendar.next_open(due.at).astimezone(UTC),
        provisional=due.provisional,
        calendar_version=calendar.version,
        span_from=calendar.local(item.start).date(),
        span_to=due.at.date(),
    )


def local_text(at: datetime, language: str) -> str:
    """A local instant as people read it, e.g. ``пн 23.11.2026 12:00 (+03:00)``."""
    offset = at.strftime("%z")
    return f"{text(language, 'weekday', str(at.isoweekday()))} {at:%d.%m.%Y %H:%M} ({offset[:3]}:{offset[3:5]})"
