"""The register of leads as the command line shows it: lists, and how often each centre missed 7.2 in this quarter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from regulations.control_time import calendar_named, control_name
from regulations.lead.watch import quarter
from regulations.time.working_time import working_time
from runtime.centres import CentreReader
from runtime.leads import OPEN, LeadLine, LeadReader
from starter.registers import opened
from starter.views import NotFound


@dataclass(frozen=True)
class CentreQuarter:
    """What a centre missed, and what waits there. ``since`` and ``until`` bound the quarter in its zone."""

    centre: str
    zone: str
    since: datetime
    until: datetime
    breaches: int
    new: dict[str, int]
    """Leads that nobody has taken into work, by temperature."""

    def json(self) -> dict[str, Any]:
        return {**self.__dict__, "since": self.since.isoformat(), "until": self.until.isoformat()}


async def listed(
    url: str, *, centre: str | None, status: str, temperature: str | None, overdue: bool, limit: int, now: datetime
) -> tuple[list[LeadLine], int]:
    """Leads, the soonest due first, at most ``limit``; and how many there are. ``status``: one, or ``open``.

    Raises:
        Unavailable: the database cannot be read.
    """
    statuses: Sequence[str] = OPEN if status == "open" else (status,)
    async with opened(url) as engine:
        return await LeadReader(engine).page(
            centre=centre, statuses=statuses, temperature=temperature, overdue_at=now if overdue else None, limit=limit
        )


async def quarters(url: str, centre: str | None, now: datetime) -> list[CentreQuarter]:
    """The present quarter of every centre, or of one, each in its own zone.

    Raises:
        NotFound: nobody has defined that centre.
        Unavailable: the database cannot be read.
    """
    async with opened(url) as engine:
        leads = LeadReader(engine)
        centres = await CentreReader(engine).all(None if centre is None else [centre])
        if centre is not None and not centres:
            raise NotFound(f"no service centre {centre} is defined; deliver centre.defined for it")
        waiting = await leads.waiting([one.code for one in centres])
        found = []
        for zone in {one.zone: None for one in centres}:
            of_zone = [one.code for one in centres if one.zone == zone]
            since, until = quarter(working_time(calendar_named(control_name(zone), {})), now)
            missed = await leads.breaches(of_zone, since, until)
            for code in of_zone:
                new = waiting[code].new if code in waiting else {}
                found.append(CentreQuarter(code, zone, since, until, missed.get(code, 0), new))
        return sorted(found, key=lambda one: (-one.breaches, one.centre))


def as_json(line: LeadLine) -> dict[str, Any]:
    """A lead without the name of its client."""
    row = {name: value for name, value in line.__dict__.items() if name not in {"client_name", "due_text"}}
    return {**row, "due": line.due and line.due.isoformat(), "planned_on": line.planned_on and line.planned_on.isoformat()}


def print_leads(lines: Sequence[LeadLine], total: int) -> None:
    """A table of leads, and how many are not in it."""
    table = Table(Column("lead", no_wrap=True), "centre", "manager", "type", "temperature", "status", "due", "planned", "7.2")
    for line in lines:
        planned = f"{line.planned_on:%d.%m.%Y}" if line.planned_on else ""
        missed = "[red]missed[/red]" if line.breached else ""
        table.add_row(
            *(line.address, line.centre, line.manager or "", line.type, line.temperature, line.status, line.due_text, planned, missed)
        )
    console = Console()
    console.print(table if lines else "no such leads")
    if total > len(lines):
        console.print(f"{len(lines)} of {total}; --limit shows more", highlight=False)


def print_quarters(found: Sequence[CentreQuarter]) -> None:
    """A table of centres, those that missed most first."""
    table = Table("centre", "quarter from", "7.2 missed", "new hot", "new warm", "new cold")
    for one in found:
        begins = working_time(calendar_named(control_name(one.zone), {})).local(one.since)
        new = (str(one.new.get(temperature, 0)) for temperature in ("hot", "warm", "cold"))
        table.add_row(one.centre, f"{begins:%d.%m.%Y %H:%M %z}", str(one.breaches), *new)
    Console().print(table if found else "no service centre is defined")
