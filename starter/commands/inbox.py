"""``reglament deliver`` and ``reglament inbox``: events from a terminal, and what became of those that came in."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Collection, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from starter.commands import command
from starter.commands.command import AWAY, REFUSED, WRONG_USE, fail, settings_or_fail

if TYPE_CHECKING:
    from temporalio.client import Client

    from runtime.encryption import KeyRing
    from runtime.inbox import Entry, InboxStore
    from runtime.settings import Settings
    from starter.inbox.inbox import Answer, Inbox
    from starter.inbox.incidents import Incidents
    from starter.inbox.outcome import Delivered, Source

PATIENCE = timedelta(seconds=25)
"""For one event: longer than a delivery may take."""
State = Literal["received", "waiting", "refused", "delivered", "dropped"]
_OPEN: tuple[State, ...] = ("received", "waiting", "refused")

app = typer.Typer(no_args_is_help=False, help="Show what came in and was not taken: what waits, what was refused, and why.")

StateOption = Annotated[
    State | None,
    typer.Option("--state", help="Only rows in this state. (default: what is not delivered)"),
]
AddressOption = Annotated[str | None, typer.Option("--address", help="Only rows for this case, e.g. handoff/D-1041.")]
LimitOption = Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
SeqArgument = Annotated[int, typer.Argument(help="The row's number.")]


@app.callback(invoke_without_command=True)
def inbox(
    context: typer.Context,
    state: StateOption = None,
    address: AddressOption = None,
    limit: LimitOption = 100,
    as_json: JsonOption = False,
) -> None:
    """Show what came in and was not taken: what waits, what was refused, and why."""
    if context.invoked_subcommand is None:
        _run(_list(state, address, limit, as_json))


@app.command("list")
def list_rows(state: StateOption = None, address: AddressOption = None, limit: LimitOption = 100, as_json: JsonOption = False) -> None:
    """List rows, the oldest first."""
    _run(_list(state, address, limit, as_json))


@app.command()
def show(
    seq: SeqArgument,
    body: Annotated[bool, typer.Option("--body", help="The event itself too: it may hold names and addresses.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show one row."""
    _run(_show(seq, body, as_json))


@app.command()
def redeliver(
    seq: Annotated[int | None, typer.Argument(help="The row's number.")] = None,
    all_refused: Annotated[bool, typer.Option("--all-refused", help="Every refused row.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Deliver a row again, now: after the case, or whatever stood in its way, has been mended."""
    if (seq is None) is not all_refused:
        fail(WRONG_USE, "name one row, or all that were refused: reglament inbox redeliver 17, or --all-refused")
    _run(_redeliver(seq, as_json))


@app.command()
def drop(seq: SeqArgument, reason: Annotated[str, typer.Option(help="Why; it is kept.")], as_json: JsonOption = False) -> None:
    """Give a row up for good: its event is erased, the reason kept, and it no longer stands before others of its case."""
    if len(reason.strip()) < 3:
        fail(WRONG_USE, "--reason must say why")
    _run(_drop(seq, reason.strip(), as_json))


# --- delivering ---------------------------------------------------------------------------------------------------------


async def deliver_lines(settings: Settings, lines: Iterable[str], as_json: bool) -> int:
    """Keeps each line's event in the inbox, delivers it with patience, and prints what came of it; the exit code."""
    worst = 0
    async with opened_inbox(settings) as opened:
        for number, line in enumerate(lines, 1):
            if line.strip():
                answer, code = await _deliver(opened, number, line)
                worst = max(worst, code)
                _print_answer(answer, as_json)
        if opened.away:
            _say_away(opened.away)
            return AWAY
    return worst


async def deliver_event(settings: Settings, event: dict[str, Any], kept: Collection[str] = ()) -> tuple[dict[str, Any], int]:
    """As `deliver_lines`, for one event: what came of it, and the exit code. ``kept``: SHA-256 of files that the caller has kept."""
    async with opened_inbox(settings) as opened:
        answer, code = await _deliver(opened, 1, json.dumps(event, ensure_ascii=False), kept)
        return answer, AWAY if opened.away and code else code


class OpenedInbox:
    """An inbox to deliver from, with its database, and why nothing is delivered, once that is so."""

    def __init__(self, inbox: Inbox, away: str | None, engine: Any, incidents: Incidents) -> None:
        self.inbox, self.away, self.engine, self.incidents = inbox, away, engine, incidents
        self.client: Client | None = None
        """None: Temporal is away."""


@asynccontextmanager
async def opened_inbox(settings: Settings) -> AsyncIterator[OpenedInbox]:
    """An inbox over the settings' database, which delivers where Temporal is there; it ends what it began."""
    from regulations.company import load_company
    from regulations.editions import load_editions
    from runtime.connection import connect
    from runtime.inbox import InboxStore
    from runtime.register_reader import RegisterReader
    from runtime.registers import RegisterWriter
    from starter.doors.look_ups import CompanyLookUps
    from starter.doors.table import STARTS
    from starter.inbox.delivery import deliver
    from starter.inbox.inbox import Inbox
    from starter.inbox.incidents import Incidents

    async with _database(settings) as (engine, keys):
        incidents = Incidents(RegisterWriter(engine), lambda: load_company(settings.company))
        hash_key = settings.hash_key.get_secret_value()
        look_ups = CompanyLookUps(engine, lambda: load_company(settings.company), lambda: load_editions(settings.editions))
        opened = OpenedInbox(Inbox(InboxStore(engine, keys, STARTS), incidents, look_ups, hash_key), None, engine, incidents)
        try:
            client = opened.client = await connect(patience=command.CONNECTING)
        except RuntimeError as e:
            opened.away = str(e)
        else:
            known = RegisterReader(engine)

            async def deliver_one(event: object, source: Source) -> Delivered:
                return await deliver(client, event, task_queue=settings.task_queue, hash_key=hash_key, source=source, known=known)

            opened.inbox.connect(deliver_one)
        try:
            yield opened
        finally:
            await opened.inbox.stop(PATIENCE)


@asynccontextmanager
async def _rows() -> AsyncIterator[InboxStore]:
    """The rows alone, for looking at and dropping: nothing is delivered."""
    from runtime.inbox import InboxStore

    async with _database(settings_or_fail()) as (engine, keys):
        yield InboxStore(engine, keys, starts=())


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[tuple[Any, KeyRing]]:
    from runtime.database import open_database
    from runtime.encryption import EncryptionError, KeyRing

    try:
        keys = KeyRing.parse(settings.encryption_keys.get_secret_value())
        engine = open_database(settings.database_url.get_secret_value())
    except (EncryptionError, ValueError) as e:
        fail(WRONG_USE, f"settings: {e}")
    try:
        yield engine, keys
    finally:
        await engine.dispose()


async def _deliver(opened: OpenedInbox, number: int, line: str, kept: Collection[str] = ()) -> tuple[dict[str, Any], int]:
    from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
    from runtime.inbox import InboxConflictError
    from starter.inbox.outcome import DeliveryError
    from starter.inbox.strict_json import MalformedJsonError, read_json

    wrong: dict[str, Any] = {"line": number}
    try:
        taken = await opened.inbox.accept(read_json(line.encode("utf-8", "surrogateescape")), "cli", PATIENCE, kept)
        return await _result(opened, taken, number)
    except MalformedJsonError as e:
        return {**wrong, "error": "InvalidJson", "text": f"line {number} is no JSON: {e}"}, WRONG_USE
    except DeliveryError as e:
        return {**wrong, "case": e.case, "error": e.type, "text": str(e)}, WRONG_USE if e.kind == "invalid" else REFUSED
    except InboxConflictError:
        return {**wrong, "error": "Conflict", "text": "this id is known with another content: give another event another id"}, REFUSED
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        return {**wrong, "error": "Database", "text": f"nothing was kept ({e}): reglament doctor checks the database"}, AWAY


async def _result(opened: OpenedInbox, taken: Answer, number: int) -> tuple[dict[str, Any], int]:
    """What is printed of an event that was kept, after everything that can be done for it now."""
    from runtime.inbox import UNDELIVERED, InboxState

    entry, last = taken.entry, taken.entry
    if entry.state in UNDELIVERED and not entry.outcome and not opened.away:
        entry, last = await opened.inbox.hasten(entry, PATIENCE)
    outcome = entry.outcome or last.outcome or {}
    if entry.state is InboxState.DELIVERED:
        told = {name: outcome.get(name) for name in ("stage", "revision", "next_due")}
        told |= {"answer": outcome["answer"]} if "answer" in outcome else {}
        duplicate = taken.duplicate or bool(outcome.get("duplicate"))
        return {"id": entry.event_id, "case": entry.address, "duplicate": duplicate, **told}, 0
    said: dict[str, Any] = {
        "line": number,
        "case": entry.address,
        "row": entry.seq,
        "error": outcome.get("type"),
        "text": outcome.get("text"),
    }
    match entry.state:
        case InboxState.WAITING:
            kept = f"the event waits for it in the inbox (row {entry.seq}) for at most 7 days; reglament inbox drop gives it up"
            return {**said, "text": f"there is no case {entry.address} yet: {kept}"}, REFUSED
        case InboxState.RECEIVED:
            if outcome.get("type") in ("Temporal", "NoWorker") and last.state in UNDELIVERED:
                opened.inbox.disconnect()  # the same would be so for every further line
                opened.away = opened.away or str(outcome["text"])
            kept = f"the event is kept in the inbox (row {entry.seq}) and delivered later"
            behind = f" behind row {last.seq}" if last.seq != entry.seq else ""
            return {**said, "error": outcome.get("type", "Kept"), "text": f"{kept}{behind}"}, AWAY
        case _:
            return said, REFUSED


def _print_answer(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(answer, ensure_ascii=False), flush=True)
    elif "error" in answer:
        print(f"line {answer['line']}: {answer['error']}: {answer['text']}", file=sys.stderr, flush=True)
    else:
        twice = ", known already" if answer["duplicate"] else ""
        said = ", ".join(filter(None, (answer.get("answer"), answer["stage"]))) or "taken"
        print(f"{answer['id']} → {answer['case']}: {said}{twice}", flush=True)


def _say_away(why: str) -> None:
    print(
        f"reglament: {why}; is it running, with a worker, and does TEMPORAL_ADDRESS name it? What was kept is delivered later, "
        "by python -m starter or reglament inbox redeliver",
        file=sys.stderr,
    )


# --- the rows -----------------------------------------------------------------------------------------------------------


async def _list(state: State | None, address: str | None, limit: int, as_json: bool) -> int:
    from runtime.inbox import UNDELIVERED, InboxState

    async with _rows() as store:
        rows = await store.entries([InboxState(one) for one in ([state] if state else _OPEN)], address, limit)
    if as_json:
        print(json.dumps([_json(row) for row in rows], ensure_ascii=False))
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table("row", "type", "case", "state", "since (UTC)", "attempts", "next (UTC)", "why")
    for row in rows:
        due = f"{row.next_attempt_at:%m-%d %H:%M:%S}" if row.state in UNDELIVERED else ""
        why = ": ".join(str(v) for v in (row.outcome or {}).values()) if row.state is not InboxState.DELIVERED else ""
        since = f"{row.received_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(row.seq), row.type, row.address, row.state, since, str(row.attempts), due, why)
    console = Console()
    console.print(table)
    console.print(f"{len(rows)} rows" + (f" (the first {limit}; --limit shows more)" if len(rows) == limit else ""))
    return 0


async def _show(seq: int, body: bool, as_json: bool) -> int:
    from runtime.encryption import EncryptionError
    from runtime.inbox import InboxRowError

    async with _rows() as store:
        row = await store.entry(seq)
        if row is None:
            raise InboxRowError(f"there is no row {seq} in the inbox")
        said = _json(row)
        if body:
            try:
                event = await store.event(seq)
            except EncryptionError as e:
                raise InboxRowError(f"row {seq}: {e}") from None
            said["event"] = json.loads(event) if event is not None else None
    print(json.dumps(said, ensure_ascii=False, indent=None if as_json else 2))
    return 0


async def _redeliver(seq: int | None, as_json: bool) -> int:
    from dataclasses import replace

    from runtime.inbox import UNDELIVERED, InboxRowError, InboxState
    from starter.inbox.inbox import Answer

    worst = 0
    async with opened_inbox(settings_or_fail()) as opened:
        store = opened.inbox.store
        rows = [seq] if seq is not None else [row.seq for row in await store.entries([InboxState.REFUSED], None, 10_000)]
        again = []
        for one in rows:
            try:
                again.append(await store.redeliver(one))
            except InboxRowError as e:
                if seq is not None:
                    raise
                worst = REFUSED  # the others can go on
                print(f"reglament: {e}", file=sys.stderr)
        for row in again:
            current = await store.entry(row.seq) or row
            fresh = replace(current, outcome=None) if current.state in UNDELIVERED else current  # not delivered by a row before it
            answer, code = await _result(opened, Answer(fresh, duplicate=False), row.seq)
            worst = max(worst, code)
            _print_answer({**answer, "line": answer.get("line", row.seq)}, as_json)
        if opened.away:
            _say_away(opened.away)
            return AWAY
    return worst


async def _drop(seq: int, reason: str, as_json: bool) -> int:
    async with _rows() as store:
        row = await store.drop(seq, reason)
    print(json.dumps(_json(row), ensure_ascii=False) if as_json else f"row {seq} is dropped")
    return 0


def _json(row: Entry) -> dict[str, Any]:
    times = ("received_at", "next_attempt_at", "settled_at")
    said = asdict(row) | {"state": row.state.value, "outcome": dict(row.outcome) if row.outcome else None}
    return said | {name: said[name].astimezone(UTC).isoformat() if said[name] else None for name in times}


def _run(work: Coroutine[Any, Any, int]) -> NoReturn:
    from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
    from runtime.inbox import InboxRowError

    async def guarded() -> int:
        try:
            return await work
        except InboxRowError as e:
            fail(REFUSED, str(e))
        except (DatabaseUnavailableError, DatabaseRefusedError) as e:
            fail(AWAY, f"the database does not answer ({e}): reglament doctor checks it")

    raise typer.Exit(asyncio.run(guarded()))
