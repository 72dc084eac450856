"""The ``reglament`` command: deadlines, events, cases, and the doctor.

Exit codes: 0 all well; 1 something was refused or found wrong; 2 wrong use or wrong input; 3 Temporal, a worker or the database is away.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from runtime.process import leave
from starter.commands import bulk, calendar, inbox, leads, mailbox, onboarding, partner, people, replacement, report, schedules, secret
from starter.commands.command import AWAY, JSON_OPTION, WRONG_USE, company_or_fail, connected, fail, instant_or_fail, run, settings_or_fail
from starter.commands.deadline import deadline

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    help="Business regulations that keep themselves: deadlines in working time, cases in Temporal, every duty by its clause.",
    epilog="Settings come from REGLAMENT_* and TEMPORAL_* variables or .env; [bold]reglament doctor[/bold] checks them.",
)
app.command()(deadline)
app.command()(onboarding.visa)
app.command()(people.people)
app.command()(people.absence)
app.add_typer(inbox.app, name="inbox")
app.add_typer(report.app, name="report")
app.add_typer(bulk.app, name="bulk")
app.add_typer(leads.app, name="leads")
app.add_typer(replacement.app, name="replacement")
app.add_typer(partner.app, name="partner")
app.add_typer(onboarding.service, name="service")
app.add_typer(secret.app, name="secret")
app.add_typer(calendar.app, name="calendar")
app.add_typer(mailbox.app, name="mailbox")
app.add_typer(schedules.app, name="schedules")


@app.command()
def deliver(
    file: Annotated[typer.FileText, typer.Argument(help="Events as JSON Lines; - for standard input.", encoding="utf-8")],
    as_json: JSON_OPTION = False,
) -> None:
    """Deliver events to their cases, in order, one answer line each. Each is kept in the inbox first: nothing is lost.

    An event: {"id": "evt-1", "type": "handoff.first_contact", "occurred_at": "2026-11-20T15:00:00+03:00", "data": {"deal": "D-1041"}}.
    Delivering the same event again is safe: it counts once. See [bold]reglament events[/bold] for the types.
    """
    from starter.commands.inbox import deliver_lines

    run(deliver_lines(settings_or_fail(), file, as_json))


@app.command()
def events(
    type: Annotated[str | None, typer.Argument(help="One event type.")] = None,
    curl: Annotated[bool, typer.Option("--curl", help="Print a signed curl command that posts the example; good for 5 minutes.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Show the event types; with a type, its JSON Schema and a valid example."""
    from rich.console import Console
    from rich.table import Table

    from starter.doors.door import example_event, recent_example
    from starter.doors.table import DOORS

    if type is None:
        if as_json:
            print(
                json.dumps(
                    [{"type": d.event, "description": d.description, "starts": d.starts} for d in DOORS.values()], ensure_ascii=False
                )
            )
            return
        table = Table("type", "what it says", "begins a case")
        for door in DOORS.values():
            table.add_row(door.event, door.description, "yes" if door.starts else "")
        Console().print(table)
        return
    if type not in DOORS:
        fail(WRONG_USE, f"there is no event type {type}; reglament events lists them")
    door = DOORS[type]
    if curl:
        from starter.commands.curl import signed_curl

        settings = settings_or_fail()
        secret = settings.webhook_secrets.get_secret_value().split(",")[0].strip()
        if not secret:
            fail(WRONG_USE, "set REGLAMENT_WEBHOOK_SECRETS: without a secret nothing can be signed")
        print(signed_curl(f"http://{settings.http_host}:{settings.http_port}/webhooks/events", secret, recent_example(door)))
        return
    shown = {"type": type, "description": door.description, "data_schema": door.schema(), "example": example_event(door)}
    if as_json:
        print(json.dumps(shown, ensure_ascii=False))
    else:
        console = Console()
        console.print(f"[bold]{type}[/bold]: {door.description}\n\n[bold]data[/bold], JSON Schema:")
        console.print_json(json.dumps(shown["data_schema"]))
        console.print("\n[bold]a valid event[/bold]:")
        console.print_json(json.dumps(shown["example"], ensure_ascii=False), ensure_ascii=False)


@app.command()
def case(
    id: Annotated[str, typer.Argument(help="The case, e.g. handoff/D-1041 or lead/c-311/bureau.")], as_json: JSON_OPTION = False
) -> None:
    """Read a case out: stage, obligations with their clauses and due instants, the trail of facts; of an ended one also its corrections."""
    run(_case(id, as_json))


async def _case(id: str, as_json: bool) -> int:
    from starter.views import Unavailable, print_case, read_case, read_corrections

    settings, client = await connected()
    found = await read_case(client, id)
    corrections: list[dict[str, Any]] = []
    if found.outcome is not None:
        try:
            corrections = await read_corrections(settings.database_url.get_secret_value(), found.uid)
        except Unavailable as e:
            print(f"reglament: {e}", file=sys.stderr)
    if as_json:
        print(json.dumps({**found.model_dump(mode="json"), "corrections": corrections}, ensure_ascii=False))
    else:
        print_case(found, corrections)
    return 0


@app.command()
def cases(
    overdue: Annotated[bool, typer.Option("--overdue", help="Only cases with an overdue obligation.")] = False,
    stage: Annotated[str | None, typer.Option(help="Only cases in this stage, e.g. checking.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only cases of this kind: handoff, lead, onboarding, service-plan …")] = None,
    partner: Annotated[str | None, typer.Option(help="Only cases of this partner, by its id.")] = None,
    centre: Annotated[str | None, typer.Option(help="Only cases of this service centre, by its code.")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Closed cases instead of open ones.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 100,
    as_json: JSON_OPTION = False,
) -> None:
    """List cases. The list comes from Temporal's visibility, which follows the cases by a moment: it is for looking, not for deciding."""
    wanted = {"Stage": stage, "CaseKind": kind, "Partner": partner, "ServiceCentre": centre}
    run(_cases(overdue, wanted, closed, limit, as_json))


async def _cases(overdue: bool, wanted: dict[str, str | None], closed: bool, limit: int, as_json: bool) -> int:
    from starter.views import list_cases, print_cases

    _, client = await connected()
    found = await list_cases(client, overdue=overdue, wanted=wanted, closed=closed, limit=limit)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print_cases(found, limit)
    return 0


@app.command()
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be: migrations, search attributes, retention, schedules.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Check everything a worker needs, and say how to mend what is wrong: Temporal, namespace, database, mail, CRM, calendars."""
    from starter.doctor import examine

    run(examine(fix=fix, as_json=as_json))


@app.command()
def form(
    out: Annotated[Path, typer.Argument(help="Where to write it; the ending says as what: .docx or .xlsx.")],
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Write the blank questionnaire of the edition in force, the company's own included, for partners to fill in."""
    from regulations.editions import EditionError, UnknownEdition
    from starter.commands.forms import FormError, write_form

    try:
        labels = write_form(out, settings_or_fail().editions, force=force)
    except (FormError, EditionError, UnknownEdition) as e:
        fail(WRONG_USE, str(e))
    print(json.dumps({"file": str(out), "fields": labels}, ensure_ascii=False) if as_json else f"{out}: {len(labels)} fields")


@app.command()
def notices(
    at: Annotated[
        str | None, typer.Option(help="When, e.g. 2026-11-23T09:00 (in the company's zone unless it has an offset); now by default.")
    ] = None,
    as_json: JSON_OPTION = False,
) -> None:
    """Show which notices would be mailed to whom, now or at another time, from what the registers hold today. Nothing is sent."""
    run(_notices(at, as_json))


async def _notices(at: str | None, as_json: bool) -> int:
    from datetime import UTC

    from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
    from starter.commands.notices import preview, print_preview

    settings = settings_or_fail()
    company = company_or_fail(settings)
    moment = instant_or_fail(company, at)
    try:
        found = await preview(company, settings.database_url.get_secret_value(), moment.astimezone(UTC))
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        fail(AWAY, f"the registers cannot be read: {e}; reglament doctor checks the database")
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print_preview(found, moment)
    return 0


def main() -> None:
    """The command line."""
    try:
        app()
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else 0 if e.code is None else 1
        leave(code)


if __name__ == "__main__":
    main()
