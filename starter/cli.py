"""The ``reglament`` command: deadlines, events, cases, and the doctor.

Exit codes: 0 all well; 1 something was refused or found wrong; 2 wrong use or wrong input; 3 the Temporal server or a worker is away.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO, TypeVar

import typer

from starter.deadline import deadline

if TYPE_CHECKING:
    from temporalio.client import Client

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

JSON_OPTION = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


@app.command()
def deliver(
    file: Annotated[typer.FileText, typer.Argument(help="Events as JSON Lines; - for standard input.", encoding="utf-8")],
    as_json: JSON_OPTION = False,
) -> None:
    """Deliver events to their cases, in order, one answer line each.

    An event: {"id": "evt-1", "type": "handoff.first_contact", "occurred_at": "2026-11-20T15:00:00+03:00", "data": {"deal": "D-1041"}}.
    Delivering the same event again is safe: it counts once. See [bold]reglament events[/bold] for the types.
    """
    _run(_deliver(file, as_json))


async def _deliver(file: TextIO, as_json: bool) -> int:
    from starter import delivery

    settings, client = await _connected()
    worst = 0
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        answer: dict[str, Any]
        try:
            event = json.loads(line)
            done = await delivery.deliver(
                client, event, task_queue=settings.task_queue, hash_key=settings.hash_key.get_secret_value(), source="cli"
            )
            answer = {"id": event["id"], **done.json()}
        except json.JSONDecodeError as e:
            answer = {"line": number, "error": "InvalidJson", "text": f"line {number} is no JSON: {e.msg} at column {e.colno}"}
            worst = max(worst, WRONG_USE)
        except delivery.DeliveryError as e:
            answer = {"line": number, "case": e.case, "error": e.type, "text": str(e)}
            worst = max(worst, {"invalid": WRONG_USE, "refused": REFUSED, "unavailable": AWAY}[e.kind])
        if as_json:
            print(json.dumps(answer, ensure_ascii=False), flush=True)
        elif "error" in answer:
            print(f"line {number}: {answer['error']}: {answer['text']}", file=sys.stderr, flush=True)
        else:
            twice = ", known already" if answer["duplicate"] else ""
            print(f"{answer['id']} → {answer['case']}: {answer['stage'] or 'taken'}{twice}", flush=True)
    return worst


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
    """Read a case out: stage, obligations with their clauses and due instants, the trail of facts."""
    _run(_case(id, as_json))


async def _case(id: str, as_json: bool) -> int:
    from starter.views import print_case, read_case

    _, client = await _connected()
    found = await read_case(client, id)
    if as_json:
        print(found.model_dump_json())
    else:
        print_case(found)
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
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended: migrations, search attributes, retention.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Check everything a worker needs, and say how to mend what is wrong: Temporal, namespace, database, mail, CRM, calendars."""
    from starter.doctor import examine

    _run(examine(fix=fix, as_json=as_json))


# --- what the commands share ---


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
