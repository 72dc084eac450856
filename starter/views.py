"""Cases as an operator looks at them: the read-out of one, the list of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from temporalio.client import Client, RPCError, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCStatusCode

from regulations.read_out import ReadOut
from runtime.database import DatabaseRefusedError, DatabaseUnavailableError, open_database
from runtime.register_reader import RegisterReader
from workflows import attributes

COLOURS = {"overdue": "red", "met_late": "yellow", "met": "green", "open": "cyan", "waived": "dim"}


class NotFound(LookupError):
    """There is no such case."""


class Unavailable(RuntimeError):
    """The server or a worker did not answer."""


async def read_case(client: Client, id: str) -> ReadOut:
    """The read-out of a case, open or closed, as long as the server keeps it.

    Raises:
        NotFound, Unavailable: with words for the operator.
    """
    address = id if "/" in id else f"handoff/{id}"
    try:
        read: ReadOut = await client.get_workflow_handle(address).query("case", result_type=ReadOut)
    except RPCError as e:
        if e.status is RPCStatusCode.NOT_FOUND:
            raise NotFound(f"there is no case {address} on this server; reglament cases lists them") from None
        raise Unavailable(f"the case cannot be read now ({e.status.name}): is a worker running?") from None
    except WorkflowQueryFailedError as e:
        raise Unavailable(f"the case cannot be read now: {e}") from None
    return read


async def read_corrections(database_url: str, case_uid: str) -> list[dict[str, Any]]:
    """The facts learnt after a case had ended, and what they changed, as the registers have them.

    Raises:
        Unavailable: the database cannot be read.
    """
    engine = open_database(database_url)
    try:
        rows = await RegisterReader(engine).corrections(case_uid)
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        raise Unavailable(f"the corrections of the case cannot be read from the database: {e}") from None
    finally:
        await engine.dispose()
    shown = ("clause", "what", "happened_at", "learnt_at", "source", "by", "result", "note")
    return [{name: v.isoformat() if isinstance(v := row[name], datetime) else v for name in shown} for row in rows]


async def list_cases(client: Client, *, overdue: bool, wanted: Mapping[str, str | None], closed: bool, limit: int) -> list[dict[str, Any]]:
    """Cases from visibility, those due soonest first; ``wanted``: values of search attributes, None for any.

    Raises:
        Unavailable: the server does not answer, or does not know the search attributes.
    """
    terms = ["ExecutionStatus != 'Running'" if closed else "ExecutionStatus = 'Running'", "CaseKind IS NOT NULL"]
    terms += ["Overdue = true"] if overdue else []
    for name, value in wanted.items():
        if value is not None:
            terms.append(f"{name} = '{_quoted(value)}'")
    found = []
    try:
        async for one in client.list_workflows(" AND ".join(terms), limit=limit):
            get = one.typed_search_attributes.get
            due = get(attributes.NEXT_DUE)
            found.append(
                {
                    "case": one.id,
                    "stage": get(attributes.STAGE),
                    "clause": get(attributes.CLAUSE),
                    "next_due": due.isoformat() if due else None,
                    "overdue": bool(get(attributes.OVERDUE)),
                    "partner": get(attributes.PARTNER),
                    "centre": get(attributes.SERVICE_CENTRE),
                    "edition": get(attributes.EDITION),
                    "status": (one.status or WorkflowExecutionStatus.RUNNING).name.lower(),
                }
            )
    except RPCError as e:
        hint = "run reglament doctor --fix" if e.status is RPCStatusCode.INVALID_ARGUMENT else "is the Temporal server running?"
        raise Unavailable(f"cases cannot be listed ({e.status.name}): {hint}") from None
    return sorted(found, key=lambda c: (c["next_due"] is None, str(c["next_due"])))


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def print_cases(found: list[dict[str, Any]], limit: int) -> None:
    """A table of cases."""
    table = Table("case", "stage", "clause", "next due (UTC)", "overdue", "partner or centre")
    for c in found:
        late = "[red]yes[/red]" if c["overdue"] else ""
        due = (c["next_due"] or "")[:16].replace("T", " ")
        table.add_row(c["case"], c["stage"] or "", c["clause"] or "", due, late, c["partner"] or c["centre"] or "")
    console = Console()
    console.print(table)
    console.print(f"{len(found)} cases" + (f" (the first {limit}; --limit shows more)" if len(found) == limit else ""))


def print_case(case: ReadOut, corrections: Sequence[Mapping[str, Any]] = ()) -> None:
    """One case: its obligations, its trail, and what was learnt after its end."""
    console = Console()
    console.print(f"[bold]{case.id}[/bold]  {case.stage} ({case.stage_text})  edition {case.edition}  revision {case.revision}")
    duties = Table("clause", "duty", "owner", "due", "state")
    for o in case.obligations:
        state = f"[{COLOURS.get(o.state, 'white')}]{o.state}[/]" + (" (paused)" if o.paused else "")
        duties.add_row(o.clause, o.duty, o.owner, o.due_text + (" (provisional)" if o.provisional else ""), state)
    console.print(duties)
    trail = Table("happened (UTC)", "fact", "learnt (UTC)", "from", "by", "note")
    for f in case.facts:
        learnt = "" if f.learnt_at == f.happened_at else f"{f.learnt_at:%Y-%m-%d %H:%M:%S}"
        trail.add_row(f"{f.happened_at:%Y-%m-%d %H:%M:%S}", f.what, learnt, f.source, f.by or "", f.note)
    console.print(trail)
    if corrections:
        afterwards = Table("happened (UTC)", "clause", "learnt after the end", "result", "from", "by")
        for c in corrections:
            happened = c["happened_at"][:19].replace("T", " ")
            afterwards.add_row(happened, c["clause"], c["what"], c["result"], c["source"], c["by"] or "")
        console.print(afterwards)
