"""The ``reglament`` command: deadlines, events, cases, and the doctor.

Exit codes: 0 all well; 1 something was refused or found wrong; 2 wrong use or wrong input; 3 Temporal, a worker or the database is away.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from starter import inbox_cli
from starter.deadline import deadline

if TYPE_CHECKING:
    from temporalio.client import Client

    from regulations.company import Company
    from runtime.settings import Settings

REFUSED, WRONG_USE, AWAY = 1, 2, 3

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    help="Business regulations that keep themselves: deadlines in working time, cases in Temporal, every duty by its clause.",
    epilog="Settings come from REGLAMENT_* and TEMPORAL_* variables or .env; [bold]reglament doctor[/bold] checks them.",
)
app.command()(deadline)
app.add_typer(inbox_cli.app, name="inbox")

JSON_OPTION = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


@app.command()
def deliver(
    file: Annotated[typer.FileText, typer.Argument(help="Events as JSON Lines; - for standard input.", encoding="utf-8")],
    as_json: JSON_OPTION = False,
) -> None:
    """Deliver events to their cases, in order, one answer line each. Each is kept in the inbox first: nothing is lost.

    An event: {"id": "evt-1", "type": "handoff.first_contact", "occurred_at": "2026-11-20T15:00:00+03:00", "data": {"deal": "D-1041"}}.
    Delivering the same event again is safe: it counts once. See [bold]reglament events[/bold] for the types.
    """
    from starter.inbox_cli import deliver_lines

    _run(deliver_lines(_settings(), file, as_json))


@app.command()
def events(
    type: Annotated[str | None, typer.Argument(help="One event type.")] = None,
    curl: Annotated[bool, typer.Option("--curl", help="Print a signed curl command that posts the example; good for 5 minutes.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Show the event types; with a type, its JSON Schema and a valid example."""
    from rich.console import Console
    from rich.table import Table

    from starter.doors import DOORS, example_event, recent_example

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
        _fail(WRONG_USE, f"there is no event type {type}; reglament events lists them")
    door = DOORS[type]
    if curl:
        from starter.curl import signed_curl

        settings = _settings()
        secret = settings.webhook_secrets.get_secret_value().split(",")[0].strip()
        if not secret:
            _fail(WRONG_USE, "set REGLAMENT_WEBHOOK_SECRETS: without a secret nothing can be signed")
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
def case(id: Annotated[str, typer.Argument(help="The case, e.g. handoff/D-1041.")], as_json: JSON_OPTION = False) -> None:
    """Read a case out: stage, obligations with their clauses and due instants, the trail of facts; of an ended one also its corrections."""
    _run(_case(id, as_json))


async def _case(id: str, as_json: bool) -> int:
    from starter.views import Unavailable, print_case, read_case, read_corrections

    settings, client = await _connected()
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
    kind: Annotated[str | None, typer.Option(help="Only cases of this kind, e.g. handoff.")] = None,
    partner: Annotated[str | None, typer.Option(help="Only cases of this partner, by its id.")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Closed cases instead of open ones.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 100,
    as_json: JSON_OPTION = False,
) -> None:
    """List cases. The list comes from Temporal's visibility, which follows the cases by a moment: it is for looking, not for deciding."""
    _run(_cases(overdue, stage, kind, partner, closed, limit, as_json))


async def _cases(overdue: bool, stage: str | None, kind: str | None, partner: str | None, closed: bool, limit: int, as_json: bool) -> int:
    from starter.views import list_cases, print_cases

    _, client = await _connected()
    found = await list_cases(client, overdue=overdue, stage=stage, kind=kind, partner=partner, closed=closed, limit=limit)
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

    _run(examine(fix=fix, as_json=as_json))


report_app = typer.Typer(no_args_is_help=True, help="The monthly report of accepted clients (handoff 4.4): send it, save its file, list.")
app.add_typer(report_app, name="report")

MONTH_ARGUMENT = Annotated[str, typer.Argument(help="The month that it covers, e.g. 2026-10.")]


@report_app.command("send")
def report_send(
    month: MONTH_ARGUMENT,
    force: Annotated[
        bool, typer.Option("--force", help="At once, and once more if it has been sent: the same file, a new letter.")
    ] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Have the report of a month built and sent. A month that has its report keeps it: the same file, sent once unless forced."""
    _run(_report_send(month, force, as_json))


async def _report_send(month: str, force: bool, as_json: bool) -> int:
    from starter import reports

    settings, client = await _connected()
    try:
        told = await reports.send(client, month, task_queue=settings.task_queue, force=force)
    except reports.WrongMonth as e:
        _fail(WRONG_USE, str(e))
    except reports.ReportRefused as e:
        _fail(REFUSED, str(e))
    print(json.dumps(told.json(), ensure_ascii=False) if as_json else told.words)
    return 0


@report_app.command("save")
def report_save(
    month: MONTH_ARGUMENT,
    out: Annotated[Path | None, typer.Option(help="A file, or a folder; the current folder when not given.")] = None,
) -> None:
    """Save the file of a report, byte for byte as it was sent."""
    _run(_report_save(month, out))


async def _report_save(month: str, out: Path | None) -> int:
    from starter import reports

    try:
        print(await reports.save(_settings().database_url.get_secret_value(), month, out))
    except reports.WrongMonth as e:
        _fail(WRONG_USE, str(e))
    except reports.ReportRefused as e:
        _fail(REFUSED, str(e))
    return 0


@report_app.command("list")
def report_list(as_json: JSON_OPTION = False) -> None:
    """List the reports that have been built."""
    _run(_report_list(as_json))


async def _report_list(as_json: bool) -> int:
    from starter import reports

    found = await reports.heads(_settings().database_url.get_secret_value())
    if as_json:
        print(json.dumps([reports.as_json(head) for head in found], ensure_ascii=False))
    else:
        reports.print_heads(found)
    return 0


calendar_app = typer.Typer(no_args_is_help=True, help="Calendars of working time: what they say of each day, publishing a changed one.")
app.add_typer(calendar_app, name="calendar")


@calendar_app.command("show")
def calendar_show(
    name: Annotated[str | None, typer.Argument(help="A calendar of the company, or a built-in one; none: list them.")] = None,
    year: Annotated[int | None, typer.Option(min=1, max=9999, help="The year; the present one when not given.")] = None,
    month: Annotated[int | None, typer.Option(min=1, max=12, help="Only this month, day by day.")] = None,
    as_json: JSON_OPTION = False,
) -> None:
    """Show a calendar: its hours, and each day off, shortened or moved day with the reason, its source and its layer."""
    from regulations.calendar_spec import CalendarError
    from regulations.company import CompanyError
    from starter.calendars import show

    try:
        show(name, year, month, file=_settings().company, as_json=as_json)
    except (CalendarError, CompanyError) as e:
        _fail(WRONG_USE, str(e))


@calendar_app.command("publish")
def calendar_publish(
    name: Annotated[str, typer.Argument(help="A calendar of the company.")],
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Cases told a second, at most.")] = 20,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what has changed and whom it concerns.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Publish a calendar that has changed: the open terms that depend on a changed day are counted anew, from their original start.

    To be run after the workers were restarted with the new data. A breach is withdrawn where the day that made it one is a day off now.
    Interrupted, the same command goes on where it was; run again, it changes nothing.
    """
    _run(_calendar_publish(name, rate, dry_run, as_json))


async def _calendar_publish(name: str, rate: float, dry_run: bool, as_json: bool) -> int:
    from regulations.calendar_spec import CalendarError
    from regulations.company import CompanyError
    from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
    from starter import calendars, publication

    settings = _settings()
    try:
        calendar = calendars.company_calendar(name, settings.company)
        async with calendars.published(settings.database_url.get_secret_value()) as store:
            found = await publication.compare(store, name, calendar)
            if not found.difference.changed:
                calendars.print_unchanged(found, as_json=as_json)
                return 0
            if dry_run:
                await calendars.print_concerned(store, found, as_json=as_json)
                return 0
            if not as_json:
                calendars.print_difference(found)
            _, client = await _connected()
            pace = publication.Pace(rate)
            work = publication.Publication(client, store, found, pace=pace, watch=calendars.ProgressLine())
            calendars.print_result(calendars.result(found, await work.run()), as_json=as_json)
    except (CompanyError, CalendarError) as e:
        _fail(WRONG_USE, str(e))
    except (publication.NeverPublished, publication.VersionKept, publication.WorkersBehind) as e:
        _fail(REFUSED, str(e))
    except publication.NothingMoves as e:
        _fail(AWAY, str(e))
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        _fail(AWAY, f"the database cannot be used ({e}); publish again once it is back: it goes on where it was")
    return 0


@app.command()
def form(
    out: Annotated[Path, typer.Argument(help="Where to write it; the ending says as what: .docx or .xlsx.")],
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Write the blank questionnaire of the edition in force, the company's own included, for partners to fill in."""
    from regulations.editions import EditionError, UnknownEdition
    from starter.forms import FormError, write_form

    try:
        labels = write_form(out, _settings().editions, force=force)
    except (FormError, EditionError, UnknownEdition) as e:
        _fail(WRONG_USE, str(e))
    print(json.dumps({"file": str(out), "fields": labels}, ensure_ascii=False) if as_json else f"{out}: {len(labels)} fields")


schedules_app = typer.Typer(help="The schedules: rounds of notices, daily digests, the monthly report. Without a command: list them.")
app.add_typer(schedules_app, name="schedules")


@schedules_app.callback(invoke_without_command=True)
def schedules(context: typer.Context, as_json: JSON_OPTION = False) -> None:
    """List the schedules with their last and next runs."""
    if context.invoked_subcommand is None:
        _run(_schedules(as_json))


async def _schedules(as_json: bool) -> int:
    from starter.schedules import listing, print_listing

    _, client = await _connected()
    found = await listing(client)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print_listing(found)
    return 0


@schedules_app.command("apply")
def schedules_apply(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Create, update and remove our schedules as the company's file wants them. Applying again changes nothing; a pause stays a pause."""
    _run(_schedules_apply(dry_run, as_json))


async def _schedules_apply(dry_run: bool, as_json: bool) -> int:
    from starter.schedules import apply, print_changes, wanted

    settings, client = await _connected()
    changes = await apply(client, wanted(_company(settings), settings.task_queue), dry_run=dry_run)
    if as_json:
        print(json.dumps([c.__dict__ for c in changes], ensure_ascii=False))
    else:
        print_changes(changes, dry_run=dry_run)
    return 0


@app.command()
def notices(
    at: Annotated[
        str | None, typer.Option(help="When, e.g. 2026-11-23T09:00 (in the company's zone unless it has an offset); now by default.")
    ] = None,
    as_json: JSON_OPTION = False,
) -> None:
    """Show which notices would be mailed to whom, now or at another time, from what the registers hold today. Nothing is sent."""
    _run(_notices(at, as_json))


async def _notices(at: str | None, as_json: bool) -> int:
    from datetime import UTC, datetime

    from regulations.working_time import working_time
    from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
    from starter.notices import preview, print_preview

    settings = _settings()
    company = _company(settings)
    try:
        moment = working_time(company.calendars["company"]).local(datetime.now(UTC) if at is None else datetime.fromisoformat(at))
    except ValueError:
        _fail(WRONG_USE, f"--at {at} is no time; write it like 2026-11-23T09:00 or 2026-11-23T09:00+03:00")
    try:
        found = await preview(company, settings.database_url.get_secret_value(), moment.astimezone(UTC))
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        _fail(AWAY, f"the registers cannot be read: {e}; reglament doctor checks the database")
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print_preview(found, moment)
    return 0


# --- what the commands share ---


def _company(settings: Settings) -> Company:
    from regulations.company import CompanyError, load_company

    try:
        return load_company(settings.company)
    except CompanyError as e:
        _fail(WRONG_USE, str(e))


def _settings() -> Settings:
    from pydantic import ValidationError

    from runtime.settings import Settings

    try:
        return Settings()
    except ValidationError as e:
        _fail(WRONG_USE, f"settings: {e}")


async def _connected() -> tuple[Settings, Client]:
    from datetime import timedelta

    from runtime.connection import connect

    settings = _settings()
    try:
        return settings, await connect(patience=timedelta(seconds=5))
    except RuntimeError as e:
        _fail(AWAY, f"{e}; is it running, and does TEMPORAL_ADDRESS name it?")


T = TypeVar("T")


def _run(work: Coroutine[Any, Any, int]) -> NoReturn:
    from starter.views import NotFound, Unavailable

    async def guarded() -> int:
        try:
            return await work
        except NotFound as e:
            _fail(REFUSED, str(e))
        except Unavailable as e:
            _fail(AWAY, str(e))

    raise typer.Exit(asyncio.run(guarded()))


def _fail(code: int, words: str) -> NoReturn:
    print(f"reglament: {words}", file=sys.stderr)
    raise typer.Exit(code)


def main() -> None:
    """The command line."""
    try:
        app()
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else 0 if e.code is None else 1
        sys.stdout.flush()
        sys.stderr.flush()
        # The SDK's threads may abort while the interpreter finalises (sdk-python issue 300); all is flushed by now.
        os._exit(code)


if __name__ == "__main__":
    main()
