"""``reglament report``: the monthly report of accepted clients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from starter.commands.command import JSON_OPTION, REFUSED, WRONG_USE, connected, fail, run, settings_or_fail

app = typer.Typer(no_args_is_help=True, help="The monthly report of accepted clients (handoff 4.4): send it, save its file, list.")
MONTH_ARGUMENT = Annotated[str, typer.Argument(help="The month that it covers, e.g. 2026-10.")]


@app.command("send")
def report_send(
    month: MONTH_ARGUMENT,
    force: Annotated[
        bool, typer.Option("--force", help="At once, and once more if it has been sent: the same file, a new letter.")
    ] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Have the report of a month built and sent. A month that has its report keeps it: the same file, sent once unless forced."""
    run(_report_send(month, force, as_json))


async def _report_send(month: str, force: bool, as_json: bool) -> int:
    from starter import reports

    settings, client = await connected()
    try:
        told = await reports.send(client, month, task_queue=settings.task_queue, force=force)
    except reports.WrongMonth as e:
        fail(WRONG_USE, str(e))
    except reports.ReportRefused as e:
        fail(REFUSED, str(e))
    print(json.dumps(told.json(), ensure_ascii=False) if as_json else told.words)
    return 0


@app.command("save")
def report_save(
    month: MONTH_ARGUMENT,
    out: Annotated[Path | None, typer.Option(help="A file, or a folder; the current folder when not given.")] = None,
) -> None:
    """Save the file of a report, byte for byte as it was sent."""
    run(_report_save(month, out))


async def _report_save(month: str, out: Path | None) -> int:
    from starter import reports

    try:
        print(await reports.save(settings_or_fail().database_url.get_secret_value(), month, out))
    except reports.WrongMonth as e:
        fail(WRONG_USE, str(e))
    except reports.ReportRefused as e:
        fail(REFUSED, str(e))
    return 0


@app.command("list")
def report_list(as_json: JSON_OPTION = False) -> None:
    """List the reports that have been built."""
    run(_report_list(as_json))


async def _report_list(as_json: bool) -> int:
    from starter import reports

    found = await reports.heads(settings_or_fail().database_url.get_secret_value())
    if as_json:
        print(json.dumps([reports.as_json(head) for head in found], ensure_ascii=False))
    else:
        reports.print_heads(found)
    return 0
