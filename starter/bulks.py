"""Bulk actions as an operator sees them: how one stands, its progress until it ends, the file of its results."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.service import RPCError, RPCStatusCode

from regulations.catalogue import text
from regulations.lead.bulk import LANGUAGE
from regulations.lead.bulk_case import KIND, Stage
from regulations.lead.messages import BulkStarted
from regulations.sheets import Column, Kind, Sheet, Table
from runtime.bulks import BulkHead, BulkStore, Item
from runtime.spreadsheets import workbook
from starter.registers import opened
from starter.views import NotFound, Unavailable
from workflows.bulk_action import BulkAction

LOOKS_EVERY = 0.5
"""Seconds between two looks at the table."""
_UNSAFE = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a cell of a CSV."""
_COLUMNS: tuple[tuple[str, Kind, int], ...] = (
    ("n", "count", 8),
    ("address", "text", 34),
    ("state", "text", 14),
    ("answer", "text", 18),
    ("clause", "text", 8),
    ("reason", "text", 80),
)


@dataclass(frozen=True)
class BulkStanding:
    """How a bulk action stands."""

    bulk: str
    stage: str
    """As the workflow has it; ``lost``: it has ended without a result, its Temporal page says why."""
    total: int
    done: int
    refused: int
    left: int
    frozen_at: str | None
    problem: str = ""

    @property
    def over(self) -> bool:
        return self.stage not in (Stage.NEW, Stage.FREEZING, Stage.WORKING)

    def json(self) -> dict[str, Any]:
        return asdict(self)


@asynccontextmanager
async def store_of(database_url: str) -> AsyncIterator[BulkStore]:
    """The tables of bulk actions. A database that is away is `Unavailable`."""
    async with opened(database_url) as engine:
        yield BulkStore(engine)


async def standing(client: Client, store: BulkStore, bulk: str) -> BulkStanding:
    """How a bulk action stands: its end from Temporal, its counts from the table, so that it needs no worker.

    Raises:
        NotFound: neither knows it.
        Unavailable: the server does not answer.
    """
    handle = client.get_workflow_handle_for(BulkAction.run, f"{KIND}/{bulk}")
    stage, problem = "", ""
    try:
        status = (await handle.describe()).status
        if status in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW):
            stage = Stage.WORKING
        else:
            ended = await handle.result()
            stage, problem = ended.outcome, ended.problem
    except WorkflowFailureError:
        stage = "lost"
    except RPCError as e:
        if e.status is not RPCStatusCode.NOT_FOUND:
            raise Unavailable(f"the Temporal server said {e.status.name}; is it running?") from None
    head = await store.head(bulk)
    if head is None and not stage:
        raise NotFound(f"there is no bulk action {bulk}; reglament cases --kind bulk lists those that run")
    counts = await store.counts(bulk) if head is not None else {}
    frozen = head is not None and head.frozen_at is not None
    if not stage:  # Temporal has forgotten it
        stage = Stage.CANCELLED if counts.get("pending") else Stage.DONE
    elif stage == Stage.WORKING and not frozen:
        stage = Stage.FREEZING
    return BulkStanding(
        bulk=bulk,
        stage=stage,
        total=head.total if head is not None else 0,
        done=counts.get("done", 0),
        refused=counts.get("refused", 0),
        left=counts.get("pending", 0),
        frozen_at=head.frozen_at.isoformat() if head is not None and head.frozen_at is not None else None,
        problem=problem,
    )


async def follow(look: Callable[[], Awaitable[BulkStanding]], *, quiet: bool) -> BulkStanding:
    """Shows the progress until the action is over, however long that takes; leaving it changes nothing."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[refused]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, disable=quiet) as progress:
        bar = progress.add_task("", total=None, refused="")
        while True:
            now = await look()
            progress.update(
                bar,
                description=stage_words(now),
                total=now.total or None,
                completed=now.done + now.refused,
                refused=f"{text(LANGUAGE, 'bulk', 'state', 'refused')}: {now.refused}",
            )
            if now.over:
                return now
            await asyncio.sleep(LOOKS_EVERY)


def stage_words(now: BulkStanding) -> str:
    """The stage in words."""
    return text(LANGUAGE, "bulk", "stage", now.stage)


def words(now: BulkStanding) -> str:
    """How it stands, in a line for people."""
    counted = text(LANGUAGE, "bulk", "line", done=now.done, refused=now.refused, left=now.left, total=now.total)
    return f"{KIND}/{now.bulk}: {stage_words(now)}; {counted}" + (f"; {now.problem}" if now.problem else "")


def same_request(head: BulkHead, data: Mapping[str, Any]) -> bool:
    """Whether a bulk action that is known was asked for the same, whoever asked and when."""
    whoever = {"key", "happened_at", "source", "by"}
    try:
        asked = BulkStarted.model_validate({**data, "key": "again", "happened_at": head.request["happened_at"]})
    except ValidationError:
        return False
    return asked.model_dump(mode="json", exclude=whoever) == {name: value for name, value in head.request.items() if name not in whoever}


# --- the file of results --------------------------------------------------------------------------------------------


async def write_results(store: BulkStore, bulk: str, out: Path, *, every: bool) -> int:
    """Writes the items that were not done, with the reason, or all of them; gives their number. Nothing in them can act as a formula.

    Raises:
        NotFound: there is no such bulk action.
        OSError: the file cannot be written.
    """
    if await store.head(bulk) is None:
        raise NotFound(f"there is no bulk action {bulk}, or its selection has not been made")
    rows = [_cells(item) async for item in store.results(bulk, without_done=not every)]
    content = _xlsx(rows) if out.suffix.lower() == ".xlsx" else _csv(rows)
    await asyncio.to_thread(out.write_bytes, content)
    return len(rows)


def _cells(item: Item) -> tuple[int | str, ...]:
    state = text(LANGUAGE, "bulk", "state", item.state)
    answer = text(LANGUAGE, "bulk", "answer", item.answer) if item.answer else ""
    return item.n, item.address, state, answer, item.clause, item.reason


def _headings() -> list[str]:
    return [text(LANGUAGE, "bulk", "result", name) for name, *_ in _COLUMNS]


def _csv(rows: list[tuple[int | str, ...]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(_headings())
    for row in rows:
        writer.writerow([f"'{cell}" if isinstance(cell, str) and cell.startswith(_UNSAFE) else cell for cell in row])
    return out.getvalue().encode("utf-8-sig")  # with the mark, or Excel takes it for Windows-1251


def _xlsx(rows: list[tuple[int | str, ...]]) -> bytes:
    columns = tuple(Column(heading, kind, width) for heading, (_, kind, width) in zip(_headings(), _COLUMNS, strict=True))
    title = text(LANGUAGE, "bulk", "result", "title")
    return workbook([Sheet(title[:31], (Table(columns, tuple(rows)),))], title=title, made_at=datetime.now(UTC))
