"""``reglament replacement``: exports in, sheets out, decisions back, and how replacements stand."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from starter.commands import by_hand
from starter.commands.command import JSON_OPTION, REFUSED, WRONG_USE, connected, fail, run, settings_or_fail

if TYPE_CHECKING:
    from regulations.replacement.papers import Paper, Papers

_ADDRESS = re.compile(r"(?:replacement/)?(?P<account>[^/]+)/(?P<period>[^/]+)/(?P<n>[0-9]{1,2})")

app = typer.Typer(
    no_args_is_help=True,
    help="Replacements: the technical specialists' export in, the audit's sheet out, quality control's decision back (replacement 5.2).",
)

AddressArgument = Annotated[str, typer.Argument(help="The replacement, e.g. replacement/a-2071/2026-10/1.")]
FileArgument = Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False, readable=True)]
ByOption = Annotated[str, typer.Option("--by", help="Who does it: an id of the company's directory.")]
OutOption = Annotated[Path, typer.Option("--out", help="Where to write it.")]


@app.command("export")
def replacement_export(
    address: AddressArgument,
    file: FileArgument,
    by: ByOption,
    role: Annotated[str, typer.Option("--role", help="In which role.")] = "technical",
    as_json: JSON_OPTION = False,
) -> None:
    """5.2: hand in the export of cards, calls, recordings and tickets (CSV, JSON Lines or XLSX, up to 64 MB). It is audited; a later one,
    before the decision, takes its place."""
    run(_tell("export_received", address, {"by": {"id": by, "role": role}}, as_json, _file(file)))


@app.command("sheet")
def replacement_sheet(address: AddressArgument, out: OutOption, as_json: JSON_OPTION = False) -> None:
    """Write the workbook of the newest audit: quality control decides in it, lead by lead."""
    run(_write("sheet", address, out, as_json))


@app.command("decide")
def replacement_decide(
    address: AddressArgument,
    by: ByOption,
    sheet: Annotated[
        Path | None, typer.Argument(help="The audit's workbook with the decisions.", exists=True, dir_okay=False, readable=True)
    ] = None,
    accept_clear: Annotated[
        bool, typer.Option("--accept-clear", help="Accept the verdicts as they are; refused while a lead has yet to be listened to.")
    ] = False,
    role: Annotated[str, typer.Option("--role", help="In which role.")] = "quality_control",
    as_json: JSON_OPTION = False,
) -> None:
    """5.2: decide, by the filled-in workbook or by accepting the clear verdicts."""
    if (sheet is None) is not accept_clear:
        fail(WRONG_USE, "give either the filled-in workbook or --accept-clear")
    data: dict[str, Any] = {"by": {"id": by, "role": role}}
    if sheet is None:
        run(_tell("decided", address, {**data, "accept_clear": True}, as_json))
    run(_tell("decided", address, data, as_json, _file(sheet)))


@app.command("outcome")
def replacement_outcome(address: AddressArgument, out: OutOption, as_json: JSON_OPTION = False) -> None:
    """Write the list that the franchisee got: each lead with its outcome and the reasons."""
    run(_write("outcome", address, out, as_json))


@app.command("show")
def replacement_show(address: AddressArgument, as_json: JSON_OPTION = False) -> None:
    """How a replacement stands, by the registers: verdicts, decisions, credits. (reglament case shows its obligations and its trail.)"""
    run(_show(address, as_json))


@app.command("list")
def replacement_list(
    account: Annotated[str | None, typer.Option("--account", help="Only those of this account.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that have not ended.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 100,
    as_json: JSON_OPTION = False,
) -> None:
    """List replacements, the newest first."""
    run(_list(account, only_open, limit, as_json))


# --- what they share ------------------------------------------------------------------------------------------------


def _of(address: str) -> dict[str, Any]:
    """The fields by which an event finds its case."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        fail(WRONG_USE, f"{address} is no replacement: write it like replacement/a-2071/2026-10/1 (account, tariff period, number)")
    return {"account": found["account"], "period": found["period"], "n": int(found["n"])}


def _whole(address: str) -> str:
    return "replacement/{account}/{period}/{n}".format(**_of(address))


def _file(file: Path) -> by_hand.File:
    from activities.audit import LARGEST

    return by_hand.read(file, LARGEST, "leave out what is older than the tariff period")


async def _tell(what: str, address: str, data: dict[str, Any], as_json: bool, *files: by_hand.File) -> int:
    return await by_hand.tell(f"replacement.{what}", _whole(address), {**_of(address), **data}, datetime.now(UTC), as_json, files=files)


async def _write(which: str, address: str, out: Path, as_json: bool) -> int:
    from runtime.encryption import EncryptionError, KeyRing
    from starter.replacements import content_of, papers_of

    settings, client = await connected()
    papers = await papers_of(client, _whole(address))
    paper = getattr(papers, which)
    if paper is None:
        fail(REFUSED, _missing(which, papers))
    try:
        keys = KeyRing.parse(settings.encryption_keys.get_secret_value())
    except EncryptionError as e:
        fail(WRONG_USE, f"settings: {e}")
    try:
        content = await content_of(settings.database_url.get_secret_value(), keys, paper)
    except EncryptionError as e:
        fail(REFUSED, f"{paper.name}: {e}")
    try:
        await asyncio.to_thread(out.write_bytes, content)
    except OSError as e:
        fail(WRONG_USE, f"the file cannot be written: {e.strerror}; name another with --out")
    print(
        json.dumps({"file": str(out), "name": paper.name, "sha256": paper.sha256}, ensure_ascii=False)
        if as_json
        else f"{out}: {paper.name}"
    )
    return 0


def _missing(which: str, papers: Papers) -> str:
    export: Paper | None = papers.export
    if which == "outcome":
        return "there is no outcome yet: quality control has not decided; reglament case shows where it stands"
    if export is None:
        return "there is no audit yet: no export has come; reglament replacement export hands one in"
    return f"there is no audit of {export.name} yet: try again in a moment; reglament case shows where it stands"


async def _show(address: str, as_json: bool) -> int:
    from starter import replacements

    found = await replacements.view_of(settings_or_fail().database_url.get_secret_value(), _whole(address))
    if as_json:
        print(json.dumps(replacements.view_json(found), ensure_ascii=False))
    else:
        replacements.print_view(found)
    return 0


async def _list(account: str | None, only_open: bool, limit: int, as_json: bool) -> int:
    from starter import replacements

    url = settings_or_fail().database_url.get_secret_value()
    found, total = await replacements.listed(url, account=account, only_open=only_open, limit=limit)
    if as_json:
        print(json.dumps({"replacements": [replacements.line_json(line) for line in found], "total": total}, ensure_ascii=False))
    else:
        replacements.print_lines(found, total)
    return 0
