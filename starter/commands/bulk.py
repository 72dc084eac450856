"""``reglament bulk``: one action over many leads, and uploads of leads, from a terminal; left at any time, and joined again."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from starter.commands import by_hand
from starter.commands.command import AWAY, JSON_OPTION, REFUSED, WRONG_USE, connected, fail, run, settings_or_fail

if TYPE_CHECKING:
    from runtime.settings import Settings
    from starter.bulks import BulkStanding

app = typer.Typer(
    no_args_is_help=True,
    help="One action over many leads: assign (6.1), spread (6.2), postpone (6.3), upload (3.2). Each lead gets it at most once; Ctrl-C "
    "leaves the progress bar, the action goes on; show --follow joins it again.",
)
MOST_IDS = 5_000
Work = Callable[["Settings"], Awaitable[dict[str, Any]]]
"""What gives the data of the event, once the settings are known."""

CentreOption = Annotated[str, typer.Option("--centre", help="The service centre whose leads they are.")]
IdsOption = Annotated[
    typer.FileText | None, typer.Option("--ids", help="The leads, one address a line, e.g. lead/c-311/bureau; - for standard input.")
]
QueryOption = Annotated[
    str | None, typer.Option("--query", help="Or a visibility query, e.g. \"ServiceCentre = 'vlad-1' AND Stage = 'new'\".")
]
IdOption = Annotated[
    str | None, typer.Option("--id", help="Id of the action: asked for again with the same id, it is joined. (default: a new one)")
]
ByOption = Annotated[str, typer.Option("--by", help="Who decides it: an id of the company's directory.")]
RoleOption = Annotated[str, typer.Option("--role", help="In which role.")]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Begin it and return.")]
IdArgument = Annotated[str, typer.Argument(help="Id of the action.")]


@app.command("assign")
def bulk_assign(
    centre: CentreOption,
    quota: Annotated[list[str], typer.Option("--quota", help="A manager and a number, e.g. m4=20; once for each manager.")],
    ids: IdsOption = None,
    query: QueryOption = None,
    id: IdOption = None,
    by: ByOption = "cli",
    role: RoleOption = "principal",
    no_wait: NoWaitOption = False,
    as_json: JSON_OPTION = False,
) -> None:
    """6.1: give leads to managers, a number to each, in the order given; an earlier manager is replaced."""
    quotas = [_quota(one) for one in quota]
    data = {"action": "assign", "centre": centre, "quotas": quotas, **_selection(ids, query), "by": {"id": by, "role": role}}
    _begin(data, id, no_wait, as_json)


@app.command("spread")
def bulk_spread(
    centre: CentreOption,
    first: Annotated[str, typer.Option("--from", help="First day of the period, e.g. 2026-11-23.")],
    last: Annotated[str, typer.Option("--to", help="Its last day.")],
    ids: IdsOption = None,
    query: QueryOption = None,
    id: IdOption = None,
    by: ByOption = "cli",
    role: RoleOption = "principal",
    no_wait: NoWaitOption = False,
    as_json: JSON_OPTION = False,
) -> None:
    """6.2: spread new leads over the working days of a period: warm ones to the nearest days, cold ones towards the end, hot ones never."""
    period = {"first": _date("--from", first), "last": _date("--to", last)}
    data = {"action": "spread", "centre": centre, **period, **_selection(ids, query), "by": {"id": by, "role": role}}
    _begin(data, id, no_wait, as_json)


@app.command("postpone")
def bulk_postpone(
    centre: CentreOption,
    until: Annotated[str, typer.Option("--until", help="Until when, in the centre's zone unless it has an offset: 2026-12-04T10:00.")],
    ids: IdsOption = None,
    query: QueryOption = None,
    id: IdOption = None,
    by: ByOption = "cli",
    role: RoleOption = "principal",
    no_wait: NoWaitOption = False,
    as_json: JSON_OPTION = False,
) -> None:
    """6.3: put leads off to a future date; a new one needs a contact record, and is in progress from then on."""
    data = {"action": "postpone", "centre": centre, **_selection(ids, query), "by": {"id": by, "role": role}}

    async def work(settings: Settings) -> dict[str, Any]:
        return {**data, "until": await _until(settings, centre, until)}

    _begin_with(work, id, no_wait, as_json)


@app.command("upload")
def bulk_upload(
    file: Annotated[
        Path, typer.Argument(help="CSV or XLSX with a header, up to 100,000 rows.", exists=True, dir_okay=False, readable=True)
    ],
    centre: Annotated[str | None, typer.Option("--centre", help="The service centre of rows that name none.")] = None,
    id: IdOption = None,
    by: ByOption = "cli",
    role: RoleOption = "principal",
    no_wait: NoWaitOption = False,
    as_json: JSON_OPTION = False,
) -> None:
    """3.2, 5.3: create leads from a file. The same file again is the same upload: nothing is doubled; --id makes it another one."""
    from runtime.uploads import LARGEST

    rows = by_hand.read(file, LARGEST, "divide it")

    async def work(settings: Settings) -> dict[str, Any]:
        sha256 = await by_hand.keep(settings, rows)
        data: dict[str, Any] = {"action": "create", "file": sha256, "file_name": rows.name, "by": {"id": by, "role": role}}
        return data if centre is None else {**data, "centre": centre}

    _begin_with(work, id or f"upload-{hashlib.sha256(rows.content).hexdigest()[:20]}", no_wait, as_json)


@app.command("show")
def bulk_show(
    id: IdArgument,
    follow: Annotated[bool, typer.Option("--follow", help="With its progress, until it ends or you leave.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Show how an action stands."""
    _leavable(_show(id, follow, as_json), id)


@app.command("cancel")
def bulk_cancel(
    id: IdArgument,
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    by: ByOption = "cli",
    role: RoleOption = "principal",
    as_json: JSON_OPTION = False,
) -> None:
    """Stop an action after the page at work: what was done stays done."""
    data = {"bulk": id, "reason": reason, "by": {"id": by, "role": role}}
    run(by_hand.tell("bulk.cancelled", f"bulk/{id}", data, datetime.now(UTC), as_json))


@app.command("result")
def bulk_result(
    id: IdArgument,
    out: Annotated[Path, typer.Option("--out", help="Where to write it; the ending says as what: .csv or .xlsx.")],
    every: Annotated[bool, typer.Option("--all", help="What was done as well.")] = False,
) -> None:
    """Write what was not done, row by row, each with its clause and reason."""
    if out.suffix.lower() not in (".csv", ".xlsx"):
        fail(WRONG_USE, "--out must end in .csv or .xlsx")
    run(_result(id, out, every))


# --- what they share ------------------------------------------------------------------------------------------------


def _quota(given: str) -> dict[str, Any]:
    manager, _, number = given.partition("=")
    if not manager or not number.isdecimal() or int(number) < 1:
        fail(WRONG_USE, f"--quota {given} must be a manager and a number, e.g. m4=20")
    return {"manager": manager, "leads": int(number)}


def _date(option: str, given: str) -> str:
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        fail(WRONG_USE, f"{option} {given} is no date; write it like 2026-11-23")


def _selection(ids: typer.FileText | None, query: str | None) -> dict[str, Any]:
    if (ids is None) == (query is None):
        fail(WRONG_USE, "choose the leads once: with --ids or with --query")
    if ids is None:
        return {"query": query}
    addresses = list(dict.fromkeys(line.strip() for line in ids if line.strip()))
    if not 1 <= len(addresses) <= MOST_IDS:
        fail(WRONG_USE, f"--ids names {len(addresses)} leads; give 1 to {MOST_IDS}, or choose them with --query")
    return {"leads": addresses}


async def _until(settings: Settings, centre: str, given: str) -> str:
    from zoneinfo import ZoneInfo

    from runtime.centres import CentreReader
    from runtime.database import DatabaseRefusedError, DatabaseUnavailableError, open_database

    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        fail(WRONG_USE, f"--until {given} is no time; write it like 2026-12-04T10:00 or 2026-12-04T10:00+10:00")
    if moment.tzinfo is None:
        engine = open_database(settings.database_url.get_secret_value())
        try:
            known = await CentreReader(engine).centre(centre)
        except (DatabaseUnavailableError, DatabaseRefusedError) as e:
            fail(AWAY, f"the zone of the service centre cannot be read: {e}; reglament doctor checks the database")
        finally:
            await engine.dispose()
        if known is None:
            fail(REFUSED, f"no service centre {centre} is known: its zone cannot be; give --until with an offset")
        moment = moment.replace(tzinfo=ZoneInfo(known.zone))
    return moment.isoformat()


def _begin(data: dict[str, Any], id: str | None, no_wait: bool, as_json: bool) -> None:
    async def work(_: Settings) -> dict[str, Any]:
        return data

    _begin_with(work, id, no_wait, as_json)


def _begin_with(work: Work, id: str | None, no_wait: bool, as_json: bool) -> None:
    now = datetime.now(UTC)
    bulk = id or f"b-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    _leavable(_started(work, bulk, now, no_wait, as_json), bulk)


def _leavable(work: Coroutine[Any, Any, int], bulk: str) -> None:
    try:
        run(work)
    except KeyboardInterrupt:
        print(f"\nleft; the action goes on: reglament bulk show {bulk} --follow joins it, reglament bulk cancel {bulk} stops it")
        raise typer.Exit(0) from None


async def _started(work: Work, bulk: str, now: datetime, no_wait: bool, as_json: bool) -> int:
    from starter.bulks import same_request, store_of
    from starter.commands.inbox import deliver_event

    settings = settings_or_fail()
    data = {"bulk": bulk, **await work(settings)}
    async with store_of(settings.database_url.get_secret_value()) as store:
        known = await store.head(bulk)
    if known is not None and not same_request(known, data):
        fail(REFUSED, f"a bulk action {bulk} was asked for with another content: give this one another --id")
    if known is None:
        event = {"id": f"bulk/{bulk}/start", "type": "bulk.started", "occurred_at": now.isoformat(), "data": data}
        answer, code = await deliver_event(settings, event)
        uploaded_before = answer.get("error") == "Conflict" and data["action"] == "create"  # the same file, asked for at another moment
        if code and not uploaded_before:
            fail(code, f"{answer['error']}: {answer['text']}")
    if no_wait:
        print(json.dumps({"bulk": bulk, "known": known is not None}) if as_json else f"bulk/{bulk}: begun")
        return 0
    return await _show(bulk, True, as_json)


async def _show(bulk: str, follow: bool, as_json: bool) -> int:
    from starter import bulks

    settings, client = await connected()
    async with bulks.store_of(settings.database_url.get_secret_value()) as store:

        async def look() -> BulkStanding:
            return await bulks.standing(client, store, bulk)

        now = await bulks.follow(look, quiet=as_json) if follow else await look()
    if as_json:
        print(json.dumps(now.json(), ensure_ascii=False))
    else:
        print(bulks.words(now))
        if now.over and now.refused + now.left:
            print(f"reglament bulk result {bulk} --out rejected.xlsx says why")
    return REFUSED if now.over and (now.refused + now.left or now.problem or now.stage == "lost") else 0


async def _result(bulk: str, out: Path, every: bool) -> int:
    from starter import bulks

    async with bulks.store_of(settings_or_fail().database_url.get_secret_value()) as store:
        try:
            number = await bulks.write_results(store, bulk, out, every=every)
        except OSError as e:
            fail(WRONG_USE, f"the file cannot be written: {e.strerror}; name another with --out")
    print(f"{out}: {number}")
    return 0
