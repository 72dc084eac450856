"""The Temporal Schedules of this product: rounds of notices and digests for each zone in which people inside work, what service centres are
sent of their leads in each zone of a centre, rounds for the zones of the clients whose leads are watched, the monthly report.

They are wanted by the company's file and the registers of service centres and of watches, and applied as often as one likes: what stands as
it is wanted is not touched.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from regulations.catalogue import text
from regulations.company import Company
from regulations.rounds import RoundRequest
from runtime.centres import CentreReader
from runtime.database import DatabaseRefusedError, DatabaseUnavailableError, open_database
from runtime.settings import Settings
from runtime.watches import WatchReader
from starter.views import Unavailable
from workflows.rounds import LANGUAGE_OF_ROUNDS

FAMILIES = ("reglament/notices/", "reglament/digest/", "reglament/centre-digest/", "reglament/hot-watch/", "reglament/report/")
"""What our schedules are called; no other schedule is ever touched."""
NOTE = "kept by reglament schedules apply"
_KEPT_PAUSED = "changed by reglament schedules apply, still paused"

ROUNDS = SchedulePolicy(
    # A round still under way does all that another one would; a worker away for days leaves one round waiting, not hundreds. After a server
    # was away one missed round is enough: the register holds whatever has become ripe.
    overlap=ScheduleOverlapPolicy.SKIP,
    catchup_window=timedelta(minutes=5),
)
DIGESTS = SchedulePolicy(
    # A digest missed in the morning still helps the same day, never on the next one, which has its own.
    overlap=ScheduleOverlapPolicy.SKIP,
    catchup_window=timedelta(hours=7),
)
WATCHES = SchedulePolicy(
    # The next hour has a list of its own.
    overlap=ScheduleOverlapPolicy.SKIP,
    catchup_window=timedelta(minutes=10),
)
REPORTS = SchedulePolicy(
    # Every month has its report, whatever became of the one before, also when the server was away for days around the first.
    overlap=ScheduleOverlapPolicy.ALLOW_ALL,
    catchup_window=timedelta(days=30),
)


@dataclass(frozen=True)
class Change:
    """What became, or would become, of one schedule."""

    id: str
    change: str
    """``created``, ``updated``, ``removed`` or ``unchanged``."""
    note: str = ""


def wanted(company: Company, task_queue: str, centres: Collection[str] = (), watches: Collection[str] = ()) -> dict[str, Schedule]:
    """The schedules that a company needs, by id. The times are local to each zone.

    Args:
        company: From its file.
        task_queue: Of the workers.
        centres: The zones in which it has service centres.
        watches: The zones of the clients whose leads are watched. Nothing is overdue that their managers owe us: they get no digests.
    """
    found: dict[str, Schedule] = {}
    memo = {LANGUAGE_OF_ROUNDS: company.language} if company.language != "ru" else None

    def add(what: str, workflow: str, zone: str, spec: ScheduleSpec, policy: SchedulePolicy) -> None:
        id = f"reglament/{what}/{_safe(zone)}"
        summary = text(company.language, "schedule", what.replace("-", "_"), zone=zone)
        action = ScheduleActionStartWorkflow(
            workflow, RoundRequest(zone=zone), id=id, task_queue=task_queue, static_summary=summary, memo=memo
        )
        found[id] = Schedule(action=action, spec=spec, policy=policy, state=ScheduleState(note=NOTE))

    for zone in sorted({*company.zones, *centres, *watches}):
        add("notices", "NoticeRound", zone, ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(minutes=5))]), ROUNDS)
    for zone in sorted({*company.zones, *centres}):
        add("digest", "DailyDigest", zone, ScheduleSpec(calendars=[_at(hour=10)], time_zone_name=zone), DIGESTS)
    for zone in sorted(set(centres)):
        add("centre-digest", "CentreDigest", zone, ScheduleSpec(calendars=[_at(hour=9)], time_zone_name=zone), DIGESTS)
        add("hot-watch", "HotWatch", zone, ScheduleSpec(calendars=[_at(hour=9, until=18)], time_zone_name=zone), WATCHES)
    id, summary = "reglament/report/handoff", text(company.language, "schedule", "report")
    monthly = ScheduleSpec(calendars=[_at(hour=0, minute=5, day=1)], time_zone_name=company.calendars["company"].tz)
    report = ScheduleActionStartWorkflow("HandoffReport", id=id, task_queue=task_queue, static_summary=summary)
    found[id] = Schedule(action=report, spec=monthly, policy=REPORTS, state=ScheduleState(note=NOTE))
    return found


def _at(*, hour: int, until: int = 0, minute: int = 0, day: int | None = None) -> ScheduleCalendarSpec:
    days = ScheduleRange(1, 31) if day is None else ScheduleRange(day)
    return ScheduleCalendarSpec(hour=[ScheduleRange(hour, until)], minute=[ScheduleRange(minute)], day_of_month=[days])


def _safe(zone: str) -> str:
    return zone.replace("/", ".")


@dataclass(frozen=True)
class Zones:
    """The zones, sorted, of those who stand in registers and not in the company's file."""

    centres: Sequence[str]
    """Of the service centres."""
    watches: Sequence[str]
    """Of the clients whose leads are watched."""


async def zones_of_registers(settings: Settings) -> Zones:
    """The zones in which the registers have service centres, and watches that run.

    Raises:
        Unavailable: the database cannot be read.
    """
    engine = open_database(settings.database_url.get_secret_value())
    try:
        return Zones(await CentreReader(engine).zones(), await WatchReader(engine).zones())
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        raise Unavailable(
            f"the registers of service centres and watches cannot be read ({e}), and with them the zones in which they need schedules:"
            " check REGLAMENT_DATABASE_URL; reglament doctor --fix migrates the database"
        ) from None
    finally:
        await engine.dispose()


async def apply(client: Client, schedules: Mapping[str, Schedule], *, dry_run: bool = False) -> list[Change]:
    """Brings our schedules to what is wanted, and says what changed; with ``dry_run`` it only says so.

    A schedule that somebody has paused stays paused. One of ours that is no longer wanted is removed.

    Raises:
        Unavailable: the server does not answer, or refuses.
    """
    try:
        changes = [await _bring(client, id, schedule, dry_run) for id, schedule in sorted(schedules.items())]
        for id in sorted(await _ours(client) - schedules.keys()):
            if not dry_run:
                await client.get_schedule_handle(id).delete()
            changes.append(Change(id, "removed"))
    except RPCError as e:
        raise Unavailable(f"schedules cannot be read or changed now ({e.status.name}): check the server and your rights") from None
    return changes


async def _bring(client: Client, id: str, schedule: Schedule, dry_run: bool) -> Change:
    handle = client.get_schedule_handle(id)
    try:
        found = await handle.describe()
    except RPCError as e:
        if e.status is not RPCStatusCode.NOT_FOUND:
            raise
        if not dry_run:
            try:
                await client.create_schedule(id, schedule)
            except ScheduleAlreadyRunningError:  # somebody else has just created it
                return await _bring(client, id, schedule, dry_run)
        return Change(id, "created")
    differing = await _differing(client, found.schedule, schedule)
    if not differing:
        return Change(id, "unchanged", "paused" if found.schedule.state.paused else "")
    if not dry_run:
        await handle.update(lambda given: _update(given, schedule))
    note = ", ".join(differing) + ("; still paused" if found.schedule.state.paused else "")
    return Change(id, "updated", note)


def _update(given: ScheduleUpdateInput, schedule: Schedule) -> ScheduleUpdate:
    """The wanted schedule with the state that it is in: a pause is the operator's."""
    state = given.description.schedule.state
    if state.paused and _KEPT_PAUSED not in (state.note or ""):
        state = replace(state, note="; ".join(filter(None, (state.note, _KEPT_PAUSED))))
    return ScheduleUpdate(schedule=replace(schedule, state=state))


async def _differing(client: Client, found: Schedule, schedule: Schedule) -> list[str]:
    """The parts in which a schedule on the server is not what is wanted."""
    there, here = await _parts(client, found), await _parts(client, schedule)
    return [part for part in here if there[part] != here[part]]


async def _parts(client: Client, schedule: Schedule) -> dict[str, str]:
    """A schedule in parts that can be compared, whether it was just made or came from the server."""
    action = schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow):
        return {"times": "", "policy": "", "action": repr(type(action))}
    memo = [value for _, value in sorted((action.memo or {}).items())]
    given = [*action.args, *([action.static_summary] if action.static_summary else []), *memo]
    payloads = [v for v in given if not _is_plain(v)]
    decoded = iter(await client.data_converter.decode(payloads)) if payloads else iter(())
    plain = [_jsonable(v) if _is_plain(v) else next(decoded) for v in given]
    named = (action.workflow, action.id, action.task_queue, action.execution_timeout, action.run_timeout, action.task_timeout)
    spec = replace(schedule.spec, cron_expressions=list(schedule.spec.cron_expressions))  # from the server it is no list
    return {
        "times": json.dumps(asdict(spec), default=str, sort_keys=True),
        "policy": json.dumps(asdict(schedule.policy), default=str, sort_keys=True),
        "action": json.dumps([named, plain], default=str, sort_keys=True),
    }


def _is_plain(value: object) -> bool:
    return isinstance(value, str | RoundRequest)


def _jsonable(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, RoundRequest) else value


async def _ours(client: Client) -> set[str]:
    return {found.id async for found in await client.list_schedules() if found.id.startswith(FAMILIES)}


async def listing(client: Client) -> list[dict[str, Any]]:
    """Our schedules as they stand, with their last and next run (UTC).

    Raises:
        Unavailable: the server does not answer, or refuses.
    """
    rows = []
    try:
        for id in sorted(await _ours(client)):
            try:
                rows.append(_row(await client.get_schedule_handle(id).describe()))
            except RPCError as e:
                if e.status is not RPCStatusCode.NOT_FOUND:  # removed just now: the list follows by a moment
                    raise
    except RPCError as e:
        raise Unavailable(f"schedules cannot be listed now ({e.status.name}): check the server and your rights") from None
    return rows


def _row(found: ScheduleDescription) -> dict[str, Any]:
    last = found.info.recent_actions[-1] if found.info.recent_actions else None
    following = found.info.next_action_times
    state = found.schedule.state
    return {
        "schedule": found.id,
        "last_run": last.started_at.isoformat() if last else None,
        "next_run": following[0].isoformat() if following and not state.paused else None,
        "running": len(found.info.running_actions),
        "missed": found.info.num_actions_missed_catchup_window,
        "paused": state.paused,
        "note": state.note or "",
    }


def print_listing(rows: list[dict[str, Any]]) -> None:
    """A table of schedules; without any, what makes them."""
    table = Table(Column("schedule", no_wrap=True), "last run (UTC)", "next run (UTC)", "running", "missed", "note")
    for row in rows:
        note = f"[yellow]paused[/yellow] {escape(row['note'])}" if row["paused"] else escape(row["note"].replace(NOTE, ""))
        last, following = ((row[name] or "")[:16].replace("T", " ") for name in ("last_run", "next_run"))
        table.add_row(row["schedule"], last, following, str(row["running"] or ""), str(row["missed"] or ""), note)
    Console().print(table if rows else "no schedules; reglament schedules apply makes them")


def print_changes(changes: list[Change], *, dry_run: bool) -> None:
    """One line each."""
    for change in changes:
        words = {"created": "would be created", "updated": "would be updated", "removed": "would be removed"} if dry_run else {}
        print(f"{change.id}: {words.get(change.change, change.change)}" + (f" ({change.note})" if change.note else ""))
