"""``reglament notices``: who would be mailed what, now or at another time. Nothing is sent, nothing changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.console import Console

from activities.directory import with_registers
from activities.notices import Notices
from regulations.company import Company
from regulations.effects import Letter
from runtime.absences import AbsenceRegister
from runtime.centres import CentreReader
from runtime.database import open_database
from runtime.notices import NoticeBook
from runtime.watches import WatchReader


async def preview(company: Company, database_url: str, at: datetime) -> list[dict[str, Any]]:
    """What the rounds of all zones would send at an instant, one entry a recipient: its roles, never its address.

    Raises:
        DatabaseUnavailableError, DatabaseRefusedError: the registers cannot be read.
    """
    engine = open_database(database_url)
    try:
        everybody = await with_registers(company, CentreReader(engine), WatchReader(engine))
        letters = await Notices(NoticeBook(engine), everybody, absences=AbsenceRegister(engine)).preview(at)
    finally:
        await engine.dispose()
    roles = everybody.recipients()
    return [_entry(everybody, roles.get(letter.to[0], ()), letter) for letter in letters]


def _entry(company: Company, roles: tuple[str, ...], letter: Letter) -> dict[str, Any]:
    return {
        "roles": list(roles),
        "zone": company.calendar_of(letter.to[0]).tz,
        "subject": letter.values["subject"],
        "groups": letter.values["groups"],
        "more": letter.values["more"],
    }


def print_preview(found: list[dict[str, Any]], at: datetime) -> None:
    """Each letter as its recipient would read it."""
    console = Console()
    console.print(f"letters at {at.isoformat(timespec='seconds')}: {len(found)}; nothing was sent", highlight=False)
    for entry in found:
        roles = ", ".join(entry["roles"]) or "an address that no role has any more"
        console.print(f"\n[bold]{roles}[/bold] ({entry['zone']}): {entry['subject']}", highlight=False)
        for group in entry["groups"]:
            console.print(f"  {group['title']}", highlight=False)
            for case in group["cases"]:
                for item in case["items"]:
                    due = f" — {item['due']}" if item["due"] else ""
                    console.print(f"    {case['case']}: {item['text']}{due}", highlight=False, markup=False)
        if entry["more"]:
            console.print(f"  {entry['more']}", highlight=False, markup=False)
