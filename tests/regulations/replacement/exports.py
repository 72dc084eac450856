"""Exports for tests: single rows, a lead that is worked as it should be, and a large export with every kind of outcome."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from regulations.control_time import calendar_named, control_name
from regulations.replacement.audit import Audited, Judged, audit
from regulations.replacement.effects import AuditSettings
from regulations.replacement.export import Call, Card, Recording, Row, Ticket
from regulations.time.working_time import WorkingTime, working_time

MOSCOW = "Europe/Moscow"
VLADIVOSTOK = "Asia/Vladivostok"
KALININGRAD = "Europe/Kaliningrad"
ON_REPLACEMENT = "на замену"
NO_ANSWER = "Недозвон"
NOT_TARGET = "Нецелевой"
CALLS = 10
"""Calls of a lead of the large export."""


@cache
def hours(zone: str = MOSCOW) -> WorkingTime:
    """The client's working time in a zone."""
    return working_time(calendar_named(control_name(zone), {}))


def settings(zone: str = MOSCOW, **changed: Any) -> AuditSettings:
    """Those of the first edition."""
    terms = {"first_call": "6 working hours", "attempts": 5, "first_day_attempts": 3, "gap_minutes": 60}
    return AuditSettings(zone=zone, **(terms | changed))


def at(text: str, zone: str = MOSCOW) -> datetime:
    """An instant by the clocks of a zone: ``2026-11-23 10:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


NOW = at("2026-12-01 12:00")
"""When an export of these tests is made."""


def card(appeared_at: datetime, comment: str = NO_ANSWER, lead: str = "L1", status: str = ON_REPLACEMENT) -> Card:
    return Card(lead=lead, appeared_at=appeared_at, status=status, comment=comment)


def calls(starts: Iterable[datetime], lead: str = "L1", *, answered: bool = False, comment: str = "не отвечает") -> list[Call]:
    """Calls with the ids ``L1-1``, ``L1-2`` …"""
    return [Call(f"{lead}-{n}", lead, start, answered, comment) for n, start in enumerate(starts, 1)]


def recorded(made: Iterable[Call]) -> list[Recording]:
    return [Recording(call.call) for call in made]


def ticket(since: datetime, until: datetime | None, *, by_client: bool = True, confirmed: bool = True, id: str = "T1") -> Ticket:
    return Ticket(id, since, until, by_client, confirmed)


def worked(appeared: str, starts: Sequence[str], zone: str = MOSCOW, comment: str = NO_ANSWER, lead: str = "L1") -> list[Row]:
    """A lead and its calls, unanswered, each with a comment and a recording; local times."""
    made = calls([at(start, zone) for start in starts], lead)
    return [card(at(appeared, zone), comment, lead), *made, *recorded(made)]


def audited(rows: Iterable[Row], zone: str = MOSCOW, now: datetime = NOW, **changed: Any) -> Audited:
    return audit(rows, settings(zone, **changed), hours(zone), now)


def judged(rows: Iterable[Row], zone: str = MOSCOW, now: datetime = NOW, **changed: Any) -> Judged:
    """The one lead that is judged."""
    [found] = audited(rows, zone, now, **changed).judged
    return found


# --- a large export -------------------------------------------------------------------------------------------------

KINDS = {
    "never_reached": ("replace", ("4.1",)),
    "refused_by_phone": ("listen", ("4.2",)),
    "reached_after_all": ("reject", ("4.1",)),
    "first_call_late": ("reject", ("3.3",)),
    "too_few_attempts": ("reject", ("3.4",)),
    "comment_missing": ("reject", ("3.1",)),
    "recording_missing": ("reject", ("3.2",)),
    "telephony_out_of_order": ("listen", ("4.1", "6.4")),
    "doubtful_call": ("listen", ("4.1", "5.2")),
    "not_asked_for": None,
}
"""What the leads of a large export are, in turn, and what the audit makes of each: verdict and clauses; None: it is not judged."""

_MONDAYS = [date(2026, 9, 7) + timedelta(weeks=n) for n in range(8)]
_OUTAGE = date(2026, 11, 9)
"""In this week telephony is out of order."""


def kind_of(n: int) -> str:
    """What the lead with that number is."""
    return [*KINDS][n % len(KINDS)]


def lead_of(n: int) -> str:
    return f"L{n:06}"


def large(leads: int, each: int = CALLS, *, zone: str = MOSCOW) -> Iterator[Row]:
    """An export of so many leads: a ticket, the cards, the calls of all leads day by day, the recordings.

    Args:
        leads: How many; every tenth is of the same kind (`KINDS`).
        each: Calls of a lead; at least 5.
        zone: The client's.
    """
    if each < 5:
        raise ValueError("a lead needs five attempts")
    yield ticket(_local(_OUTAGE, 0, zone), _local(_OUTAGE, 5 * 24 * 60, zone))
    made: list[Call] = []
    for n in range(leads):
        kind = kind_of(n)
        day, minute = _appearance(n, kind)
        comment = NOT_TARGET if kind == "refused_by_phone" else NO_ANSWER
        status = "в работе" if kind == "not_asked_for" else ON_REPLACEMENT
        yield card(_local(day, minute, zone), comment, lead_of(n), status)
        made.extend(_calls(n, kind, day, each, zone))
    made.sort(key=lambda call: (call.at, call.call))
    yield from made
    for call in made:
        if not (call.call.endswith("-3") and kind_of(_number(call)) == "recording_missing") and call.at < _local(_OUTAGE, 0, zone):
            yield Recording(call.call)


def _number(call: Call) -> int:
    return int(call.lead[1:])


def _appearance(n: int, kind: str) -> tuple[date, int]:
    """Monday to Wednesday, in the first hour of work."""
    monday = _OUTAGE if kind == "telephony_out_of_order" else _MONDAYS[n // 3 % len(_MONDAYS)]
    return monday + timedelta(days=n % 3), 9 * 60 + n // 24 % 60


def _calls(n: int, kind: str, day: date, each: int, zone: str) -> Iterator[Call]:
    """Three on the first day from ten o'clock on, an hour apart; the rest on the two days after it in turn."""
    days = [day, day, day, *(day + timedelta(days=1 + m % 2) for m in range(each - 3))]
    for m, on in enumerate(days):
        minute = 10 * 60 + (70 * m if on == day else 7 * m) + n % 50
        if kind == "first_call_late" and on == day:
            minute = 16 * 60 + 50 + m * 65
        if kind == "too_few_attempts" and on == day + timedelta(days=2):
            on = day + timedelta(days=1)
        if kind == "doubtful_call" and m == each - 1:
            on, minute = day, 30
        start = _local(on, minute, zone) + timedelta(seconds=n % 60)
        answered = (kind == "refused_by_phone" and m == each - 1) or (kind == "reached_after_all" and m == 4)
        comment = "" if kind == "comment_missing" and m == 2 else "не отвечает"
        yield Call(f"{lead_of(n)}-{m + 1}", lead_of(n), start, answered, comment)


@cache
def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _local(day: date, minute: int, zone: str) -> datetime:
    return _midnight(day, zone) + timedelta(minutes=minute)


# --- as files -------------------------------------------------------------------------------------------------------

COLUMNS = (
    *("record", "lead", "appeared_at", "status", "comment", "call", "at", "answered"),
    *("ticket", "since", "until", "by_client", "confirmed"),
)


def fields(row: Row) -> dict[str, Any]:
    """A row as its columns, those that it has; instants as ISO texts with their offset."""
    named = {"record": type(row).__name__.lower()} | row._asdict()
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in named.items()}


def as_csv(rows: Iterable[Row]) -> bytes:
    """UTF-8, commas, one heading."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: str(value).lower() if isinstance(value, bool) else value for name, value in fields(row).items()})
    return out.getvalue().encode()


def as_json_lines(rows: Iterable[Row]) -> bytes:
    """UTF-8, a JSON object a line."""
    return b"".join(json.dumps(fields(row), ensure_ascii=False).encode() + b"\n" for row in rows)
