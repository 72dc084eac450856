"""Counting the terms of a case in a calendar: from the term as it is written to instants and the words for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from regulations.clocks import MAX_JITTER
from regulations.dates import local_text
from regulations.plans import PlanAnswer, PlannedTerm, PlanRequest, TermToPlan
from regulations.time.calendar_spec import HorizonError
from regulations.time.term_spans import due_day, no_span, span_of, zone_alone
from regulations.time.terms import parse_term
from regulations.time.working_time import Due, Pause, WorkingTime


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
    term = parse_term(item.term)
    found = calendar.due(term, item.start, _pauses(item))
    span_from, span_to = span_of(calendar, term, item.start, found.at)
    if zone_alone(term) and not item.pauses:
        span_from, span_to = no_span(found.at.date())
    elif item.warn_from is not None:
        span_from = min(span_from, calendar.local(item.warn_from).date())
    due = _agreed(calendar, item, found)
    warn_at = _warn_at(calendar, item, due.at.astimezone(UTC), request.warn_fraction) if item.warn else None
    return PlannedTerm(
        key=item.key,
        due=due.at.astimezone(UTC),
        due_text=local_text(due.at, request.language),
        warn_at=warn_at,
        warn_at_once=warn_at is not None and _nothing_left(calendar, warn_at, due.at.astimezone(UTC)),
        tell_at=_tell_at(calendar, due.at),
        provisional=due.provisional,
        calendar_version=calendar.version,
        span_from=span_from,
        span_to=span_to,
        due_day=due_day(calendar, due.at),
        not_later_than=item.not_later_than,
    )


def _agreed(calendar: WorkingTime, item: TermToPlan, found: Due) -> Due:
    """The earlier of where the term ends and what was agreed, which is provisional only where days before it are in doubt.

    What was agreed for a time at which nothing was owed yet binds nobody. The span stays that of the term: a change of its days may yet
    make it end before the agreed instant.
    """
    at = item.not_later_than
    if at is None or not (item.warn_from or item.start) <= at < found.at:
        return found
    return Due(calendar.local(at), found.provisional and calendar.worked(item.start, at).provisional)


def _tell_at(calendar: WorkingTime, due: datetime) -> datetime:
    """The first working instant at or after the due instant; the due instant itself where the calendar ends with it."""
    try:
        return calendar.next_open(due).astimezone(UTC)
    except HorizonError:
        return due.astimezone(UTC)


def _pauses(item: TermToPlan) -> list[Pause]:
    return [Pause(start=p.start, end=p.end) for p in item.pauses]


def _warn_at(calendar: WorkingTime, item: TermToPlan, due: datetime, fraction: float) -> datetime:
    """The reminder's instant: a share of the working time, pauses not counted, such that it is sent within working time.

    Reminders are spread by up to `MAX_JITTER`: one that this could carry past a closing comes at the next opening, which is the same
    moment in working time. When no working time is left before the due instant it does not wait.
    """
    start = item.warn_from or item.start
    if item.pauses:
        worked = calendar.elapsed(start, due, _pauses(item))
        share = int(worked * fraction)
        at = calendar.due(parse_term(f"{share} working seconds"), start, _pauses(item)).at if share else start
        at = min(at.astimezone(UTC), due)
    else:
        at = calendar.reminder(start, due, fraction).astimezone(UTC)
    if at <= start:
        return at
    latest = _latest(at, due)
    opening = calendar.next_open(latest).astimezone(UTC)
    return at if opening == latest or opening >= due else opening


def _latest(warn_at: datetime, due: datetime) -> datetime:
    """The instant to which its spread may carry a reminder."""
    return warn_at + min(MAX_JITTER, (due - warn_at) / 10)


def _nothing_left(calendar: WorkingTime, warn_at: datetime, due: datetime) -> bool:
    """Whether no working time lies between a reminder, spread as it may be, and the due instant."""
    return calendar.elapsed(_latest(warn_at, due), due) == 0
