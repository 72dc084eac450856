"""Replacements as the command line shows them: how they stand, and their files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from temporalio.client import Client, RPCError, WorkflowQueryFailedError
from temporalio.service import RPCStatusCode

from regulations.replacement.papers import Paper, Papers
from regulations.replacement.state import ENDS
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.replacement_reader import ReplacementLine, ReplacementReader, ReplacementView
from starter.registers import opened
from starter.views import NotFound, Unavailable


async def papers_of(client: Client, address: str) -> Papers:
    """The files of a replacement, open or closed, as long as the server keeps it.

    Raises:
        NotFound, Unavailable: with words for the operator.
    """
    try:
        found: Papers = await client.get_workflow_handle(address).query("papers", result_type=Papers)
    except RPCError as e:
        if e.status is RPCStatusCode.NOT_FOUND:
            raise NotFound(f"there is no case {address} on this server; reglament replacement list shows which there were") from None
        raise Unavailable(f"the case cannot be read now ({e.status.name}): is a worker running?") from None
    except WorkflowQueryFailedError as e:
        raise Unavailable(f"the case cannot be read now: {e}") from None
    return found


async def content_of(url: str, keys: KeyRing, paper: Paper) -> bytes:
    """What a file holds.

    Raises:
        NotFound: it is not kept any more.
        EncryptionError: its key is not in the ring.
        Unavailable: the database does not answer.
    """
    async with opened(url) as engine:
        content = await FileStore(engine, keys).get(paper.sha256)
    if content is None:
        raise NotFound(f"the file {paper.name} is not kept any more")
    return content


async def view_of(url: str, address: str) -> ReplacementView:
    """How a replacement stands, as the registers have it.

    Raises:
        NotFound: there is none.
        Unavailable: the database does not answer.
    """
    async with opened(url) as engine:
        found = await ReplacementReader(engine).at(address)
    if found is None:
        raise NotFound(f"the registers know no replacement {address}; reglament replacement list shows which there are")
    return found


async def listed(url: str, *, account: str | None, only_open: bool, limit: int) -> tuple[list[ReplacementLine], int]:
    """Replacements, the newest first, and how many there are.

    Raises:
        Unavailable: the database does not answer.
    """
    async with opened(url) as engine:
        return await ReplacementReader(engine).page(account=account, over=sorted(ENDS), only_open=only_open, limit=limit)


def line_json(line: ReplacementLine) -> dict[str, Any]:
    """A replacement for programs; instants in UTC."""
    said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in line.__dict__.items()}
    return {**said, "clauses": list(line.clauses)}


def view_json(view: ReplacementView) -> dict[str, Any]:
    """One with its numbers."""
    credits = [{**one.__dict__, "at": one.at.isoformat()} for one in view.credits]
    numbers = {"verdicts": view.verdicts, "decisions": view.decisions, "wrong": view.wrong}
    return {**line_json(view.line), **numbers, "credits": credits}


def print_view(view: ReplacementView) -> None:
    """One replacement: how it stands, what the audit said, what was credited."""
    console, line = Console(highlight=False), view.line
    capped = ", limited by 6.2" if line.capped else ""
    console.print(f"[bold]{line.address}[/bold]  {line.stage}" + (f"  refused by {', '.join(line.clauses)}" if line.clauses else ""))
    console.print(f"asked {_number(line.asked)}, accepted {_number(line.accepted)}, credited {_number(line.credited)}{capped}")
    console.print(f"requested {_at(line.requested_at)}, decided {_at(line.ruled_at)}, closed {_at(line.closed_at)}")
    if view.verdicts:
        said = ", ".join(f"{number} {verdict}" for verdict, number in view.verdicts.items())
        console.print(f"the audit: {said}")
    if view.decisions:
        said = ", ".join(f"{number} {decision}" for decision, number in view.decisions.items())
        console.print(f"quality control: {said}; wrong status or comment: {view.wrong}")
    if view.credits:
        table = Table("credit", "identifications", "to period", "of tariff", "reference", "at (UTC)")
        for one in view.credits:
            table.add_row(one.entry, str(one.identifications), one.period, one.of_period, one.reference, _at(one.at))
        console.print(table)


def print_lines(lines: Sequence[ReplacementLine], total: int) -> None:
    """A table of replacements, and how many are not in it."""
    headings = ("stage", "asked", "accepted", "credited", "requested (UTC)", "closed (UTC)", "refused by")
    table = Table(Column("replacement", no_wrap=True), *headings)
    for one in lines:
        numbers = (_number(one.asked), _number(one.accepted), _number(one.credited) + (" (6.2)" if one.capped else ""))
        table.add_row(one.address, one.stage, *numbers, _at(one.requested_at), _at(one.closed_at), ", ".join(one.clauses))
    console = Console()
    console.print(table if lines else "no such replacements")
    if total > len(lines):
        console.print(f"{len(lines)} of {total}; --limit shows more", highlight=False)


def _number(value: int | None) -> str:
    return "–" if value is None else str(value)


def _at(value: datetime | None) -> str:
    return "–" if value is None else f"{value:%Y-%m-%d %H:%M}"
