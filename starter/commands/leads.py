"""``reglament leads``: leads and service centres, as the registers have them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from starter.commands.command import JSON_OPTION, run, settings_or_fail

app = typer.Typer(
    no_args_is_help=True, help="Leads and service centres: proposals of measures and how to decide on them, a centre's policy."
)


class State(StrEnum):
    """How a proposal stands."""

    OPEN = "open"
    PROPOSED = "proposed"
    OBJECTED = "objected"
    DECIDED = "decided"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LIFTED = "lifted"
    LAPSED = "lapsed"
    ALL = "all"


@app.command("measures")
def leads_measures(
    centre: Annotated[str | None, typer.Option("--centre", help="Only those about this service centre.")] = None,
    state: Annotated[State, typer.Option("--state", help="How they stand; open: proposed, or objected to.")] = State.OPEN,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 100,
    as_json: JSON_OPTION = False,
) -> None:
    """Proposals of measures (lead 9.1 to 9.3) with their evidence, and the event that decides on each (9.4, 10.1)."""
    run(_measures(centre, state, limit, as_json))


async def _measures(centre: str | None, state: State, limit: int, as_json: bool) -> int:
    from starter import measures

    found = await measures.proposals(settings_or_fail().database_url.get_secret_value(), centre, state.value, limit)
    if as_json:
        print(json.dumps([measures.as_json(one) for one in found], ensure_ascii=False))
    else:
        measures.print_proposals(found, limit)
    return 0


@app.command("centre")
def leads_centre(code: Annotated[str, typer.Argument(help="Its code, e.g. vlad-1.")], as_json: JSON_OPTION = False) -> None:
    """A service centre: what distribution may do with it, the measures in force against it, how often it missed 7.2 in this quarter."""
    run(_centre(code, as_json))


async def _centre(code: str, as_json: bool) -> int:
    from starter import measures

    found = await measures.centre_standing(settings_or_fail().database_url.get_secret_value(), code)
    if as_json:
        print(json.dumps(found.json(), ensure_ascii=False))
    else:
        measures.print_centre(found)
    return 0


class Status(StrEnum):
    """Where a lead stands; open: new or in progress; moved: another centre has it."""

    OPEN = "open"
    NEW = "new"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DECLINED = "declined"
    BLOCKED = "blocked"
    WITHDRAWN = "withdrawn"
    MOVED = "moved"


class Temperature(StrEnum):
    """5.2."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


@app.command("list")
def leads_list(
    centre: Annotated[str | None, typer.Option("--centre", help="Only those of this service centre.")] = None,
    status: Annotated[Status, typer.Option("--status", help="Where they stand; open: new or in progress.")] = Status.OPEN,
    temperature: Annotated[Temperature | None, typer.Option("--temperature", help="Only these.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only new ones whose term of 7.2 has passed.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 100,
    as_json: JSON_OPTION = False,
) -> None:
    """Leads as the register has them, the soonest due first."""
    run(_list(centre, status, temperature, overdue, limit, as_json))


async def _list(centre: str | None, status: Status, temperature: Temperature | None, overdue: bool, limit: int, as_json: bool) -> int:
    from starter import leads

    url, only = settings_or_fail().database_url.get_secret_value(), temperature.value if temperature else None
    found, total = await leads.listed(
        url, centre=centre, status=status.value, temperature=only, overdue=overdue, limit=limit, now=datetime.now(UTC)
    )
    if as_json:
        print(json.dumps({"leads": [leads.as_json(line) for line in found], "total": total}, ensure_ascii=False))
    else:
        leads.print_leads(found, total)
    return 0


@app.command("quarter")
def leads_quarter(
    centre: Annotated[str | None, typer.Option("--centre", help="Only this service centre.")] = None, as_json: JSON_OPTION = False
) -> None:
    """How often each service centre missed 7.2 in the present quarter of its zone, and what waits there."""
    run(_quarter(centre, as_json))


async def _quarter(centre: str | None, as_json: bool) -> int:
    from starter import leads

    found = await leads.quarters(settings_or_fail().database_url.get_secret_value(), centre, datetime.now(UTC))
    if as_json:
        print(json.dumps([one.json() for one in found], ensure_ascii=False))
    else:
        leads.print_quarters(found)
    return 0
