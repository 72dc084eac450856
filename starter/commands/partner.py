"""``reglament partner``: a manager's report and pack, its partners, and the payments that wait for finance."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from starter.commands.command import JSON_OPTION, WRONG_USE, company_or_fail, fail, run, settings_or_fail

if TYPE_CHECKING:
    from activities.portfolio import Made

app = typer.Typer(
    no_args_is_help=True,
    help="Partners: a manager's report (partner 8.2) and meeting pack (8.1) as they are now, its partners, payments for finance (7.2).",
)

ManagerArgument = Annotated[str, typer.Argument(help="The support manager, by its id in the CRM, e.g. u12.")]
SaveOption = Annotated[Path | None, typer.Option("--save", help="Write the workbook here: a file, or a folder; never over another file.")]


@app.command("report")
def partner_report(manager: ManagerArgument, save: SaveOption = None, as_json: JSON_OPTION = False) -> None:
    """8.2: received, expected and potential payments of a manager, by month and kind, as the registers stand."""
    run(_report(manager, save, as_json))


@app.command("pack")
def partner_pack(manager: ManagerArgument, save: SaveOption = None, as_json: JSON_OPTION = False) -> None:
    """8.1: the meeting pack of a manager as it would be now: the four lists with their sums, and what is still missing."""
    run(_pack(manager, save, as_json))


@app.command("payments")
def partner_payments(as_json: JSON_OPTION = False) -> None:
    """7.2: payments of which something is neither allocated nor returned: what finance has yet to decide, the oldest first."""
    run(_payments(as_json))


@app.command("list")
def partner_list(
    manager: Annotated[str | None, typer.Option("--manager", help="Only the partners of this manager.")] = None,
    as_json: JSON_OPTION = False,
) -> None:
    """List the partners that are supported: last contact, next activity, when their state was noted."""
    run(_list(manager, as_json))


async def _made(manager: str) -> Made:
    from starter import partners

    settings = settings_or_fail()
    return await partners.made_of(settings.database_url.get_secret_value(), company_or_fail(settings), manager, datetime.now(UTC))


async def _report(manager: str, save: Path | None, as_json: bool) -> int:
    from starter import partners

    made = await _made(manager)
    if save is not None:
        await _save(save, *partners.report_file(made), as_json)
    elif as_json:
        print(json.dumps(partners.report_json(made), ensure_ascii=False))
    else:
        partners.print_report(made)
    return 0


async def _pack(manager: str, save: Path | None, as_json: bool) -> int:
    from starter import partners

    made = await _made(manager)
    if save is not None:
        await _save(save, *partners.pack_file(made), as_json)
    elif as_json:
        print(json.dumps(partners.pack_json(made), ensure_ascii=False))
    else:
        partners.print_pack(made)
    return 0


async def _save(target: Path, name: str, content: bytes, as_json: bool) -> None:
    """Writes the workbook; a file that is there stays as it is."""

    def write() -> Path:
        file = target / name if target.is_dir() else target
        with file.open("xb") as out:
            out.write(content)
        return file

    try:
        written = await asyncio.to_thread(write)
    except FileExistsError as e:
        fail(WRONG_USE, f"there is a file {e.filename} already; name another with --save")
    except OSError as e:
        fail(WRONG_USE, f"the file cannot be written: {e.strerror}; name another with --save")
    print(json.dumps({"file": str(written)}, ensure_ascii=False) if as_json else written)


async def _payments(as_json: bool) -> int:
    from starter import partners

    found = await partners.undecided(settings_or_fail().database_url.get_secret_value())
    if as_json:
        print(json.dumps([partners.payment_json(line) for line in found], ensure_ascii=False))
    else:
        partners.print_payments(found)
    return 0


async def _list(manager: str | None, as_json: bool) -> int:
    from starter import partners

    found = await partners.listed(settings_or_fail().database_url.get_secret_value(), manager)
    if as_json:
        print(json.dumps([partners.partner_json(line) for line in found], ensure_ascii=False))
    else:
        partners.print_partners(found, datetime.now(UTC))
    return 0
