"""``reglament schedules``: what runs by itself, and when."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from starter.commands.command import JSON_OPTION, company_or_fail, connected, run

app = typer.Typer(help="The schedules: notices, digests, lists for service centres, the monthly report. Without a command: list them.")


@app.callback(invoke_without_command=True)
def schedules(context: typer.Context, as_json: JSON_OPTION = False) -> None:
    """List the schedules with their last and next runs."""
    if context.invoked_subcommand is None:
        run(_schedules(as_json))


async def _schedules(as_json: bool) -> int:
    from starter.schedules import listing, print_listing

    _, client = await connected()
    found = await listing(client)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print_listing(found)
    return 0


@app.command("apply")
def apply(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Create, update and remove our schedules as the company's file, its service centres and the watched clients want them.

    Applying again changes nothing; a pause stays a pause. A centre or client in a zone that had none before needs it again.
    """
    run(_apply(dry_run, as_json))


async def _apply(dry_run: bool, as_json: bool) -> int:
    from starter.schedules import apply, print_changes, wanted, zones_of_registers

    settings, client = await connected()
    company = company_or_fail(settings)
    zones = await zones_of_registers(settings)
    changes = await apply(client, wanted(company, settings.task_queue, zones.centres, zones.watches), dry_run=dry_run)
    if as_json:
        print(json.dumps([c.__dict__ for c in changes], ensure_ascii=False))
    else:
        print_changes(changes, dry_run=dry_run)
    return 0
