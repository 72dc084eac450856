"""The monthly report by hand: have it sent, save its file, list what there is."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue
from rich.console import Console
from rich.table import Table
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import FailureError
from temporalio.service import RPCError

from regulations.catalogue import text
from regulations.dates import month_words
from regulations.handoff.report_case import ReportRequest, ReportResult
from regulations.handoff.state import KIND
from runtime.reports import ReportHead, ReportStore
from starter.registers import opened
from starter.views import Unavailable, read_case
from workflows import attributes
from workflows.handoff_report import HandoffReport

PATIENCE = 20.0
"""Seconds that the command waits for the end of a run; the run itself goes on for as long as it takes."""
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


class WrongMonth(ValueError):
    """What was given is no month."""


class ReportRefused(Exception):
    """The report cannot be had; the text says why and what to do."""


@dataclass(frozen=True)
class Told:
    """What became of a request to send."""

    case: str
    state: str
    """``sent``, ``already_sent``, or ``under_way``."""
    name: str | None
    sent_at: datetime | None
    words: str

    def json(self) -> dict[str, str | None]:
        return {"case": self.case, "state": self.state, "name": self.name, "sent_at": self.sent_at.isoformat() if self.sent_at else None}


def checked_month(given: str) -> str:
    """The month as it is. Raises WrongMonth."""
    if not _MONTH.fullmatch(given):
        raise WrongMonth("a month is written as year and month, such as 2026-10")
    return given


async def send(client: Client, month: str, *, task_queue: str, force: bool) -> Told:
    """Has the report of a month sent, unless it has been; with ``force`` once more and at once, the same file.

    A run that waits for its hour is told of, and goes on; with ``force`` a run of the same address is replaced.

    Raises:
        WrongMonth: it is no month.
        ReportRefused: the month is not over, or the run was refused otherwise.
        Unavailable: the server or a worker did not answer.
    """
    address = f"report/{KIND}/{checked_month(month)}"
    try:
        handle: WorkflowHandle[HandoffReport, ReportResult] = await client.start_workflow(
            HandoffReport.run,
            ReportRequest(month=month, resend=force),
            id=address,
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING if force else WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            search_attributes=TypedSearchAttributes([SearchAttributePair(attributes.CASE_KIND, "report")]),
            static_summary=text("ru", "report", "summary", month=month_words("ru", month)),
        )
        try:
            async with asyncio.timeout(PATIENCE):
                done = await handle.result()
        except TimeoutError:
            return await _under_way(client, address)
    except WorkflowFailureError as e:
        raise ReportRefused(_why(e)) from None
    except RPCError as e:
        raise Unavailable(f"the report cannot be asked for now ({e.status.name}): is the Temporal server running?") from None
    again = f"sent already on {_when(done.sent_at)}; --force sends it once more"
    words = f"{done.name}: {'sent' if done.outcome == 'sent' else again}"
    return Told(address, done.outcome, done.name, done.sent_at, words)


async def _under_way(client: Client, address: str) -> Told:
    read = await read_case(client, address)
    words = f"{address}: {read.stage_text}; it goes on by itself, reglament case {address} shows how"
    return Told(address, "under_way", None, None, words)


def _why(error: WorkflowFailureError) -> str:
    """The words of the innermost cause: an activity said it."""
    cause: BaseException = error
    while isinstance(below := cause.__cause__, FailureError):
        cause = below
    return cause.message if isinstance(cause, FailureError) else "the run has failed; look at it in the Temporal UI"


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at is not None else "an unknown day"


async def heads(database_url: str) -> list[ReportHead]:
    """The reports that have been built, the newest month first. Raises Unavailable."""
    async with opened(database_url) as engine:
        return await ReportStore(engine).heads(KIND)


async def save(database_url: str, month: str, out: Path | None) -> Path:
    """Writes the file of a report, byte for byte as it was sent; into a folder under its own name.

    Raises:
        WrongMonth: it is no month.
        ReportRefused: it has not been built, or another file is in the way.
        Unavailable: the database does not answer.
    """
    checked_month(month)
    async with opened(database_url) as engine:
        stored = await ReportStore(engine).find(KIND, month)
    if stored is None:
        raise ReportRefused(f"the report of {month} has not been built; reglament report send {month} builds and sends it")
    try:
        return await asyncio.to_thread(_write, out or Path(), stored.name, stored.content)
    except OSError as e:
        raise ReportRefused(f"the file cannot be written: {e.strerror}; name another with --out") from None


def _write(target: Path, name: str, content: bytes) -> Path:
    target = target / name if target.is_dir() else target
    try:
        with target.open("xb") as file:
            file.write(content)
    except FileExistsError:
        if target.read_bytes() != content:
            raise ReportRefused(f"{target} exists and is another file; name another with --out") from None
    return target


def as_json(head: ReportHead) -> dict[str, JsonValue]:
    """A report without its file, as JSON."""
    return {
        "month": head.month,
        "name": head.name,
        "counts": head.summary["counts"],
        "built_at": head.built_at.isoformat(),
        "sent_at": head.sent_at.isoformat() if head.sent_at else None,
        "sha256": head.digest,
    }


def print_heads(found: list[ReportHead]) -> None:
    """A table of reports."""
    table = Table("month", "file", "built (UTC)", "sent (UTC)", "sha256")
    for head in found:
        table.add_row(
            head.month,
            head.name,
            f"{head.built_at:%Y-%m-%d %H:%M}",
            f"{head.sent_at:%Y-%m-%d %H:%M}" if head.sent_at else "",
            head.digest[:12],
        )
    Console().print(table)
