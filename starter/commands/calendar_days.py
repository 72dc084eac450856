"""``reglament calendar show``: what the calendars say of each day, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from regulations.company import CompanyError, load_company
from regulations.control_time import calendar_named
from regulations.plans import CONTROL
from regulations.time.calendar_change import day_table, hours_of
from regulations.time.calendar_spec import CalendarError, CalendarSpec
from regulations.time.production_calendars import Day
from regulations.time.working_time import WorkingTime, working_time
from starter.commands.named_calendars import NAMES, named_calendar

COLOURS = {"day off": "red", "short": "yellow", "works": "green", "weekend": "dim", "no hours": "dim", "working": ""}


@dataclass(frozen=True)
class ShownDay:
    """One day of a calendar.

    Attributes:
        kind: ``working``, ``weekend``, ``no hours`` (a weekday without weekly hours), ``day off``, ``short`` (an hour less), ``works``
            (a weekend that works, or hours of its own).
        hours: Open intervals, local.
        reason: Why it is no ordinary day, with its source.
        layer: What says so: ``statute``, ``president``, ``region``, ``company``; empty for the weekly hours.
        provisional: A decree yet to come may change it.
    """

    date: date
    kind: str
    hours: tuple[str, ...]
    reason: str
    layer: str
    provisional: bool

    def json(self) -> dict[str, Any]:
        return asdict(self) | {"date": self.date.isoformat(), "weekday": f"{self.date:%A}", "hours": list(self.hours)}


def company_calendars(file: Path) -> Mapping[str, CalendarSpec]:
    """The company's own calendars; none where there is no such file.

    Raises:
        CompanyError: the file is wrong.
    """
    return load_company(file).calendars if file.exists() else {}


def find(name: str, own: Mapping[str, CalendarSpec]) -> WorkingTime:
    """The company's calendar of that name, the control time of a zone, as ``control/Asia/Vladivostok``, or a built-in one.

    Raises:
        CalendarError: there is none; the text names those that there are.
    """
    if name in own or name.startswith(CONTROL):
        return working_time(calendar_named(name, own))
    if name not in NAMES:
        raise CalendarError(f"there is no calendar {name!r}: use {', '.join([*own, *NAMES])}, or {CONTROL}ZONE")
    return working_time(named_calendar(name))


def days_of(calendar: WorkingTime, year: int) -> Iterator[ShownDay]:
    """Every day of a year.

    Raises:
        HorizonError: the calendar does not cover the year.
    """
    hours, spec = calendar.hours, calendar.spec
    hours.table(year)  # refuses a year that is not covered
    table = day_table(calendar, (year,))
    own = dict(spec.open)
    for text, words in table.items():
        day = date.fromisoformat(text)
        special = hours.special(day.toordinal())
        shown, doubtful = hours_of(words), words.endswith("?")
        if day in own:
            yield ShownDay(day, "works" if shown else "day off", shown, "hours of its own (the company's 'open')", "company", doubtful)
        elif day in spec.closed:
            yield ShownDay(day, "day off", shown, "closed (the company's 'closed')", "company", doubtful)
        elif special is None or (special.short and not spec.short_days and not special.stands_for):
            plain = "working" if shown else "weekend" if day.weekday() >= 5 else "no hours"
            yield ShownDay(day, plain, shown, "", "", doubtful)
        else:
            kind = "day off" if special.off else "works" if special.stands_for else "short"
            yield ShownDay(day, kind, shown, special.why, _layer(calendar, day, special), doubtful)


def _layer(calendar: WorkingTime, day: date, special: Day) -> str:
    """Which layer of the production calendar says so."""
    known, spec = calendar.hours.calendar, calendar.spec
    if known is not None:
        for layer in spec.layers:
            if known.year(day.year, spec.subdivision, (layer,)).days.get(day) == special:
                return layer
    return ""


# --- show -----------------------------------------------------------------------------------------------------------


def show(name: str | None, year: int | None, month: int | None, *, file: Path, as_json: bool) -> None:
    """Prints the list of calendars; with a name a year of one, or a month of it day by day.

    Raises:
        CalendarError, CompanyError: no such calendar, a year that is not covered, a wrong file.
    """
    own = company_calendars(file)
    if name is None:
        _list(own, as_json)
        return
    calendar = find(name, own)
    year = year or calendar.local(datetime.now(UTC)).year
    days = list(days_of(calendar, year))
    chosen = [day for day in days if day.date.month == month] if month else days
    if as_json:
        print(json.dumps(_described(name, calendar) | {"year": year, **_shown(chosen, whole=month is not None)}, ensure_ascii=False))
    else:
        _print(name, calendar, chosen, f"{year}-{month:02}" if month else str(year), whole=month is not None)


def _described(name: str, calendar: WorkingTime) -> dict[str, Any]:
    known = calendar.hours.calendar
    spec = calendar.spec
    return {
        "name": name,
        "zone": spec.tz,
        "country": spec.country,
        "subdivision": spec.subdivision,
        "layers": list(spec.layers) if known else [],
        "weekly": spec.to_json()["weekly"],
        "version": calendar.version,
        "known_through": known.known_through.isoformat() if known else None,
        "covers": [known.first_year, known.last_year] if known else None,
    }


def _shown(days: list[ShownDay], *, whole: bool) -> dict[str, Any]:
    months = []
    for number, group in groupby(days, key=lambda day: day.date.month):
        of_month = list(group)
        months.append({"month": number, "working_days": sum(bool(d.hours) for d in of_month), "working_hours": _sum(of_month)})
    return {"months": months, "days": [d.json() for d in days if whole or d.layer]}


def _sum(days: list[ShownDay]) -> float:
    """Working hours by the clock on the wall."""

    def at(clock: str) -> float:
        parts = [int(part) for part in clock.split(":")]
        return parts[0] + parts[1] / 60 + (parts[2] / 3600 if len(parts) > 2 else 0)

    spans = [interval.split("-") for day in days for interval in day.hours]
    return round(sum(at(closing) - at(opening) for opening, closing in spans), 2)


def _list(own: Mapping[str, CalendarSpec], as_json: bool) -> None:
    found = [(name, working_time(spec), True) for name, spec in own.items()]
    found += [(name, working_time(named_calendar(name)), False) for name in NAMES if name not in own]
    if as_json:
        print(json.dumps([_described(name, calendar) | {"company": ours} for name, calendar, ours in found], ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("calendar", "zone", "hours", "days off of", "known through", "version")
    for name, calendar, ours in found:
        about = _described(name, calendar)
        shown = f"[bold]{name}[/bold]" if ours else name
        country, known = about["country"] or "-", about["known_through"] or "-"
        table.add_row(shown, about["zone"], _week(calendar), country, known, about["version"])
    console = Console()
    console.print(table)
    if own:
        console.print("The company's own calendars first, in bold: terms are counted in [bold]company[/bold].")
    console.print(f"Leads are counted in the control time of their centre's zone: {CONTROL}ZONE, as {CONTROL}Asia/Vladivostok.")


def _week(calendar: WorkingTime) -> str:
    """The weekly hours, weekdays with the same ones together: ``mon-fri 09:00-18:00``."""
    weekly = calendar.spec.to_json()["weekly"]
    parts = []
    for hours, group in groupby(weekly, key=lambda day: weekly[day]):
        names = list(group)
        if hours:
            parts.append(f"{names[0]}-{names[-1]}" if len(names) > 1 else names[0])
            parts[-1] += " " + ", ".join("-".join(pair) for pair in hours)
    return "; ".join(parts)


def _print(name: str, calendar: WorkingTime, days: list[ShownDay], when: str, *, whole: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    about = _described(name, calendar)
    console.print(f"[bold]{name}[/bold] {when}   zone {about['zone']}   hours {_week(calendar)}")
    known = f"   known by decree through {about['known_through']}, provisional after it" if about["known_through"] else ""
    layers = f"   layers {', '.join(about['layers'])}" if about["layers"] else ""
    console.print(f"version {about['version']}{known}{layers}\n")
    shown = _shown(days, whole=whole)
    if not whole:
        months = Table("month", "working days", "working hours", "special days")
        for month in shown["months"]:
            special = [d for d in days if d.date.month == month["month"] and d.layer]
            marks = ", ".join(f"[{COLOURS[d.kind]}]{d.date.day}[/]" for d in special)
            months.add_row(f"{date(2000, month['month'], 1):%B}", str(month["working_days"]), f"{month['working_hours']:g}", marks)
        total = sum(m["working_days"] for m in shown["months"]), sum(m["working_hours"] for m in shown["months"])
        months.add_section()
        months.add_row("year", str(total[0]), f"{total[1]:g}", "[red]day off[/] [green]works[/] [yellow]short[/]")
        console.print(months)
    table = Table("day", "", "hours", "why", "layer")
    for first, last in _spans(days if whole else [d for d in days if d.layer]):
        span = f"{first.date:%a %d %b}" + ("" if first is last else f" - {last.date:%a %d %b}")
        kind = f"[{COLOURS[first.kind]}]{first.kind}[/]" if COLOURS[first.kind] else first.kind
        table.add_row(span, kind + (" (provisional)" if first.provisional else ""), ", ".join(first.hours), first.reason, first.layer)
    console.print(table)


def _spans(days: list[ShownDay]) -> Iterator[tuple[ShownDay, ShownDay]]:
    """Neighbouring days of which the same is said, together: the first and the last of each span."""
    first = last = None
    for day in days:
        same = last is not None and day.date - last.date == timedelta(days=1)
        if first is not None and last is not None and not (same and _said(day) == _said(first) and day.layer):
            yield first, last
            first = None
        first, last = first or day, day
    if first is not None and last is not None:
        yield first, last


def _said(day: ShownDay) -> tuple[object, ...]:
    return day.kind, day.hours, day.reason, day.layer, day.provisional


def company_calendar(name: str, file: Path) -> WorkingTime:
    """A calendar of the company, or the control time of a zone: only those are published, since only in them terms of cases are counted.

    Raises:
        CompanyError, CalendarError: the file is wrong, or has no such calendar; there is no such zone.
    """
    own = load_company(file).calendars
    if name not in own and not name.startswith(CONTROL):
        raise CompanyError(f"{file} has no calendar {name!r}; it has {', '.join(own)}; control times of leads are {CONTROL}ZONE")
    return working_time(calendar_named(name, own))
