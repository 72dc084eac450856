"""What a service centre is sent of its leads (3.3, 5.2.1 to 5.2.3): when, and in which words.

Pure: the rows come from the register, the hours from the control time of the centre's zone; the same arguments give the same letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Protocol

from pydantic import JsonValue

from regulations.catalogue import counted, text
from regulations.dates import day_text
from regulations.effects import Letter
from regulations.plans import ui_link
from regulations.time.calendar_spec import CalendarError
from regulations.time.working_time import WorkingTime

LANGUAGE = "ru"
"""Of the letters: that of the regulation."""
OPENS = time(9)
LAST_WATCH = time(18)
LATEST_WATCH = time(18, 10)
"""The last watch of a day may begin a little late, as long as it is still the one of 18:00."""
ARRIVALS_LISTED = 100
"""How many lines each list of a letter has at most; the rest is a number."""
URGENT_LISTED = 50
HOT_LISTED = 100
_TEMPERATURES = ("warm", "cold")


class Line(Protocol):
    """A lead as the register has it."""

    @property
    def address(self) -> str: ...
    @property
    def client_name(self) -> str: ...
    @property
    def product(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def temperature(self) -> str: ...
    @property
    def due(self) -> datetime | None: ...
    @property
    def due_text(self) -> str: ...
    @property
    def planned_on(self) -> date | None: ...
    @property
    def link(self) -> str | None: ...


@dataclass(frozen=True)
class Frame:
    """What a letter to a centre is made with, whatever it tells."""

    company: str
    """Name of the company."""
    centre: str
    """Name of the centre."""
    email: str
    """The address for information that the centre named."""
    key: str
    at: datetime
    ui: str = ""
    """The Temporal UI with its namespace, for links to the leads; empty: no such links."""


# --- when -----------------------------------------------------------------------------------------------------------


def digest_day(calendar: WorkingTime, at: datetime) -> date | None:
    """5.2.2, 5.2.3: the local date whose digest is due at an instant: of every calendar day, from 9:00 on."""
    local = calendar.local(at)
    return local.date() if local.time() >= OPENS else None


def watch_hour(calendar: WorkingTime, at: datetime) -> str | None:
    """5.2.1: the hour whose watch is due at an instant: 9 to 18 of a working day of the production calendar; None: no watch now.

    Where the calendar ends nobody knows the days off: then rather told than not.
    """
    local = calendar.local(at)
    if not OPENS <= local.time() < LATEST_WATCH:
        return None
    try:
        works = calendar.hours.close_of(local.toordinal()) is not None
    except CalendarError:
        works = True
    return f"{local:%Y-%m-%dT%H}" if works else None


def quarter(calendar: WorkingTime, at: datetime) -> tuple[datetime, datetime]:
    """The first instant of the local calendar quarter of an instant, and the first one after it."""
    local = calendar.local(at)
    month = 3 * ((local.month - 1) // 3) + 1
    first = datetime(local.year, month, 1, tzinfo=calendar.zone)
    after = datetime(local.year + month // 10, (month + 2) % 12 + 1, 1, tzinfo=calendar.zone)
    return first.astimezone(UTC), after.astimezone(UTC)


# --- the letters ----------------------------------------------------------------------------------------------------


def digest_key(day: date, code: str) -> str:
    """Key of a centre's digest of a day: the same day again is the same letter."""
    return f"centre-digest#{day}#{code}"


def watch_key(hour: str, code: str) -> str:
    """Key of a centre's watch list of an hour."""
    return f"hot-watch#{hour}#{code}"


def centre_of(key: str) -> str:
    """The code in one of these keys."""
    return key.rpartition("#")[2]


def most_urgent(lines: Sequence[Line]) -> list[Line]:
    """Of the leads to be watched those that are due soonest."""
    last = datetime.max.replace(tzinfo=UTC)
    return sorted(lines, key=lambda line: (line.due or last, line.address))[:URGENT_LISTED]


def digest_letter(
    frame: Frame, *, arrived: Mapping[str, int], arrivals: Sequence[Line], new: Mapping[str, int], urgent: Sequence[Line], breaches: int
) -> Letter:
    """3.3, 5.2.2, 5.2.3: one e-mail with the warm and cold leads of which none has told yet, and what is to be watched.

    Args:
        frame: Its key is one of `digest_key`.
        arrived: How many have arrived, by temperature.
        arrivals: The first of them, at most `ARRIVALS_LISTED`.
        new: How many warm and cold ones nobody has taken into work, by temperature.
        urgent: From `most_urgent`.
        breaches: How often the centre has missed 7.2 in this quarter.
    """
    total, waiting = _sum(arrived), _sum(new)
    sections: list[JsonValue] = []
    if total:
        sections.append(_section(frame, "arrived", _by_temperature(arrived), arrivals, total))
    if waiting:
        sections.append(_section(frame, "watch", _by_temperature(new), urgent, waiting))
    parts = [counted(LANGUAGE, n, "watch", "plural", what) for n, what in ((total, "arrived"), (waiting, "waiting")) if n]
    note = text(LANGUAGE, "watch", "breaches", count=counted(LANGUAGE, breaches, "watch", "plural", "breach")) if breaches else ""
    return _letter(frame, "lead/digest", ", ".join(parts), sections, note)


def watch_letter(frame: Frame, hot: Sequence[Line], total: int) -> Letter:
    """5.2.1: one e-mail with the hot leads that nobody has taken into work, the soonest due first; at most `HOT_LISTED`."""
    count = counted(LANGUAGE, total, "watch", "plural", "hot")
    return _letter(frame, "lead/hot_watch", count, [_section(frame, "hot", "", hot, total)], "")


def _sum(counts: Mapping[str, int]) -> int:
    return sum(counts.get(temperature, 0) for temperature in _TEMPERATURES)


def _by_temperature(counts: Mapping[str, int]) -> str:
    return ", ".join(counted(LANGUAGE, counts[t], "watch", "plural", t) for t in _TEMPERATURES if counts.get(t))


def _section(frame: Frame, what: str, about: str, lines: Sequence[Line], total: int) -> dict[str, JsonValue]:
    unlisted = total - len(lines)
    more = text(LANGUAGE, "watch", "more", count=counted(LANGUAGE, unlisted, "watch", "plural", "lead")) if unlisted > 0 else ""
    return {"title": text(LANGUAGE, "watch", "title", what), "about": about, "leads": list(_lines(frame, lines)), "more": more}


def _lines(frame: Frame, lines: Sequence[Line]) -> Iterator[JsonValue]:
    for line in lines:
        late = line.due is not None and line.due < frame.at
        yield {
            "client": line.client_name,
            "product": line.product,
            "type": text(LANGUAGE, "lead", "type", line.type),
            "temperature": text(LANGUAGE, "lead", "colour", line.temperature),
            "due": text(LANGUAGE, "watch", "late" if late else "due", due=line.due_text) if line.due_text else "",
            "planned": text(LANGUAGE, "watch", "planned", day=day_text(line.planned_on)) if line.planned_on else "",
            "case": line.address,
            "link": line.link or "",
            "ui": ui_link(frame.ui, line.address),
        }


def _letter(frame: Frame, template: str, counts: str, sections: list[JsonValue], note: str) -> Letter:
    return Letter(
        key=frame.key,
        template=template,
        language=LANGUAGE,
        to=(frame.email,),
        values={
            "subject": f"reglament: {counts}",
            "centre": frame.centre,
            "sections": sections,
            "note": note,
            "more": "",
            "footer": text(LANGUAGE, "watch", "footer"),
            "company": frame.company,
        },
        now=frame.at,
    )
