"""Proposals of measures and the standing of a service centre, read from the registers and shown to who decides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from pydantic import JsonValue
from rich.console import Console

from activities.measures import proposed
from regulations.catalogue import text
from regulations.control_time import calendar_named, control_name
from regulations.lead.state import SALES_SUPPORT
from regulations.lead.watch import quarter
from regulations.time.working_time import working_time
from runtime.centres import Centre, CentreReader
from runtime.leads import LeadReader
from runtime.measures import Chosen, Measure, MeasureRegister
from starter.registers import opened
from starter.views import NotFound

_BY: JsonValue = {"id": "", "role": SALES_SUPPORT}
_numbers = count(1)


@dataclass(frozen=True)
class CentreStanding:
    """A service centre as it stands now."""

    centre: Centre
    in_force: Sequence[Measure]
    """Decided proposals of which something holds, or is suspended by an objection."""
    quarter_ends: datetime
    breaches: int
    """Of 7.2 in the present quarter."""
    breaches_before: int
    """In the one before."""

    def json(self) -> dict[str, JsonValue]:
        """Without the addresses of people."""
        c = self.centre
        return {
            "centre": c.code,
            "name": c.name,
            "zone": c.zone,
            "products": list(c.products),
            "managers": [manager[0] for manager in c.managers],
            "left_out": c.left_out,
            "left_out_until": _iso(c.left_out_until),
            "disconnected": c.disconnected,
            "version": c.version,
            "measures": [as_json(one) for one in self.in_force],
            "breaches": {"this_quarter": self.breaches, "quarter_before": self.breaches_before, "quarter_ends": _iso(self.quarter_ends)},
        }


async def proposals(database_url: str, centre: str | None, chosen: Chosen, limit: int) -> list[Measure]:
    """Proposals of measures, the oldest first. Raises Unavailable."""
    async with opened(database_url) as engine:
        return await MeasureRegister(engine).list(centre=centre, chosen=chosen, limit=limit)


async def centre_standing(database_url: str, code: str, now: datetime | None = None) -> CentreStanding:
    """A service centre, what is in force against it, and what it missed.

    Raises:
        NotFound: nobody has defined it.
        Unavailable: the database does not answer.
    """
    async with opened(database_url) as engine:
        leads = LeadReader(engine)
        centre = await CentreReader(engine).centre(code)
        if centre is None:
            raise NotFound(f"no service centre {code} is defined; deliver centre.defined for it, reglament events centre.defined shows how")
        decided = await MeasureRegister(engine).list(centre=code, chosen="decided")
        local = working_time(calendar_named(control_name(centre.zone), {}))
        begins, ends = quarter(local, now or datetime.now(UTC))
        before, _ = quarter(local, begins - (ends - begins) / 2)
        here = await leads.breaches([code], begins, ends)
        earlier = await leads.breaches([code], before, begins)
    in_force = [one for one in decided if proposed(one).lasting]
    return CentreStanding(centre, in_force, ends, here.get(code, 0), earlier.get(code, 0))


def as_json(one: Measure) -> dict[str, JsonValue]:
    """A proposal, and the event that decides on it next."""
    return {
        "proposal": one.key,
        "state": standing(one),
        "centre": one.centre,
        "lead": one.address,
        "clause": one.clause,
        "product": one.product,
        "evidence": one.evidence,
        "proposed_at": _iso(one.proposed_at),
        "allows": list(one.allows),
        "taken": list(one.taken or ()),
        "in_force": list(proposed(one).in_force),
        "to": one.moved_to,
        "fine": str(one.fine) if one.fine is not None else None,
        "objection": one.objection if one.suspended else None,
        "decided_at": _iso(one.ruled_at),
        "decided_by": one.ruled_by,
        "reason": one.reason,
        "next_event": deciding_event(one),
    }


def standing(one: Measure) -> str:
    """How a proposal stands, in one word."""
    return "objected" if one.suspended else one.state or "proposed"


def deciding_event(one: Measure) -> dict[str, JsonValue] | None:
    """What sales support fills in and delivers: who, why, and of the measures what is taken. None: nothing is left to decide."""
    about: dict[str, JsonValue] = {"code": one.centre, "proposal": one.key}
    more: dict[str, JsonValue]
    if one.suspended:
        type, more = "centre.objection_decided", {"upheld": None}
    elif one.state is None:
        type, more = "centre.measure_decided", {"measures": list(one.allows)}
        if {"move", "move_client"} & set(one.allows):
            more["to"] = ""
    elif proposed(one).in_force:
        type, more = "centre.measure_lifted", {}
    else:
        return None
    now = datetime.now(UTC).replace(microsecond=0)
    data: dict[str, JsonValue] = {**about, **more, "reason": "", "by": _BY}
    return {"id": f"{type.split('.')[1]}-{now:%Y%m%dT%H%M%S}-{next(_numbers)}", "type": type, "occurred_at": now.isoformat(), "data": data}


def print_proposals(found: Sequence[Measure], limit: int) -> None:
    """Each proposal with its evidence, and the event that decides on it."""
    console = Console(highlight=False, soft_wrap=True)
    for one in found:
        _print(console, one)
    more = f" (the first {limit}; --limit shows more)" if len(found) == limit else ""
    console.print(f"{len(found)} proposals{more}")
    if found:
        console.print(
            "To decide, fill in who and why, keep of the measures what is taken (none declines), and give the line to reglament deliver -",
            markup=False,
        )


def _print(console: Console, one: Measure) -> None:
    def say(line: str) -> None:
        console.print(f"  {line}", markup=False)

    console.print(f"[bold]{_plain(one.key)}[/bold]  {standing(one)}")
    say(f"{one.clause} · {one.centre} · {one.address} · {one.proposed_at:%Y-%m-%d %H:%M} UTC")
    say(f"{one.evidence}")
    for kind in one.taken or one.allows:
        say(f"{'taken' if one.taken else 'allows'}: {kind} — {text('ru', 'measure', kind)}")
    if one.suspended:
        say(f"objection: {one.objection}")
    if one.reason and one.state is not None:
        say(f"{one.ruled_by}: {one.reason}")
    if (event := deciding_event(one)) is not None:
        say(f"{json.dumps(event, ensure_ascii=False)}")


def print_centre(found: CentreStanding) -> None:
    """A centre, and what is in force against it."""
    console = Console(highlight=False, soft_wrap=True)
    c = found.centre
    console.print(f"[bold]{_plain(c.code)}[/bold]  {_plain(c.name)}  {c.zone}  version {c.version}")
    console.print(f"may sell: {', '.join(c.products) or 'nothing'}; managers: {len(c.managers)}", markup=False)
    if c.disconnected:
        console.print("[red]disconnected (9.2)[/red]")
    if c.left_out:
        until = "for good (9.1.3)" if c.left_out_until is None else f"until {c.left_out_until:%Y-%m-%d %H:%M} UTC (9.1.2)"
        console.print(f"[yellow]left out of distribution {until}[/yellow]")
    ends = f"{found.quarter_ends:%Y-%m-%d %H:%M} UTC"
    console.print(f"7.2 missed in this quarter (ends {ends}): {found.breaches}; in the one before: {found.breaches_before}")
    for one in found.in_force:
        _print(console, one)


def _plain(value: str) -> str:
    return value.replace("[", "\\[")


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
