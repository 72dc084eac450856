"""The schedules on a real server: made, left alone, changed, removed, and one of them run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    ScheduleSpec,
    ScheduleState,
)
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from deploy.demo.smtp_catcher import SmtpCatcher
from regulations.company import Company
from regulations.plans import Address
from regulations.rounds import RoundRequest, RoundResult
from regulations.time.calendar_spec import CalendarSpec
from runtime.database import migrate, open_database
from runtime.settings import Settings
from starter import doctor
from starter.schedules import NOTE, apply, listing, wanted
from starter.views import Unavailable
from tests.activities.centres import CentreOffice, centre
from tests.activities.notice_office import Office
from tests.databases import sqlite_in
from tests.patience import patiently
from tests.starter.test_doctor import COMPANY
from tests.workflows.rounds import worker

MOSCOW = CalendarSpec.simple("Europe/Moscow", "RU", name="company")
FAR = CalendarSpec.simple("Asia/Vladivostok", "RU", name="far")
ONE = Company("Company", {"company": MOSCOW}, {"cc": Address(email="cc@company.example")})
TWO = replace(
    ONE, calendars={"company": MOSCOW, "far": FAR}, roles={**ONE.roles, "far": Address(email="far@company.example", calendar="far")}
)
IDS = ["reglament/digest/Europe.Moscow", "reglament/notices/Europe.Moscow", "reglament/report/handoff"]
OF_TWO = sorted([*IDS, "reglament/digest/Asia.Vladivostok", "reglament/notices/Asia.Vladivostok"])
OF_CENTRES = sorted(
    f"reglament/{what}/{zone}"
    for zone in ("Asia.Vladivostok", "Europe.Kaliningrad")
    for what in ("centre-digest", "digest", "hot-watch", "notices")
)


@pytest_asyncio.fixture(loop_scope="session")
async def client(server: WorkflowEnvironment) -> AsyncIterator[Client]:
    yield server.client
    for id in {*OF_TWO, *OF_CENTRES}:
        try:
            await server.client.get_schedule_handle(id).delete()
        except RPCError:
            continue
    await listed(server.client, [])


async def listed(client: Client, ids: list[str]) -> list[dict[str, Any]]:
    """The listing follows by a moment."""
    async with patiently():
        while True:
            rows = await listing(client) if ids else []
            found = {one.id async for one in await client.list_schedules() if one.id.startswith("reglament/")}
            if sorted(found) == ids == [row["schedule"] for row in rows]:
                return rows
            await asyncio.sleep(0.1)


def told(changes: list[Any]) -> dict[str, str]:
    return {c.id: c.change for c in changes}


def test_every_zone_has_its_rounds_and_its_digest() -> None:
    made = wanted(TWO, "queue")
    assert sorted(made) == OF_TWO
    round, digest, report = (
        made[f"reglament/{what}"] for what in ("notices/Asia.Vladivostok", "digest/Asia.Vladivostok", "report/handoff")
    )
    assert round.spec.intervals == [ScheduleIntervalSpec(every=timedelta(minutes=5))]
    assert (round.policy.overlap, round.policy.catchup_window) == (ScheduleOverlapPolicy.SKIP, timedelta(minutes=5))
    [hour] = digest.spec.calendars[0].hour
    assert (hour.start, digest.spec.time_zone_name) == (10, "Asia/Vladivostok")
    assert isinstance(digest.action, ScheduleActionStartWorkflow)
    assert (digest.action.workflow, list(digest.action.args)) == ("DailyDigest", [RoundRequest(zone="Asia/Vladivostok")])
    assert isinstance(report.action, ScheduleActionStartWorkflow)
    assert (report.action.workflow, list(report.action.args)) == ("HandoffReport", [])
    assert (report.spec.time_zone_name, report.policy.catchup_window) == ("Europe/Moscow", timedelta(days=30))
    assert report.policy.overlap == ScheduleOverlapPolicy.ALLOW_ALL


@pytest.mark.clause("lead 5.2.1")
@pytest.mark.clause("lead 5.2.2")
def test_every_zone_of_service_centres_has_rounds_digests_and_watches_by_its_own_clock() -> None:
    made = wanted(ONE, "queue", ["Asia/Vladivostok", "Europe/Kaliningrad", "Asia/Vladivostok"])
    assert sorted(made) == sorted({*IDS, *OF_CENTRES})
    digest, watch = made["reglament/centre-digest/Asia.Vladivostok"], made["reglament/hot-watch/Asia.Vladivostok"]
    hours = [(s.spec.calendars[0].hour[0].start, s.spec.calendars[0].hour[0].end) for s in (digest, watch)]
    assert hours == [(9, 9), (9, 18)]
    for schedule, workflow in ((digest, "CentreDigest"), (watch, "HotWatch")):
        action = schedule.action
        assert isinstance(action, ScheduleActionStartWorkflow)
        assert (action.workflow, list(action.args)) == (workflow, [RoundRequest(zone="Asia/Vladivostok")])
        assert (schedule.spec.time_zone_name, schedule.policy.overlap) == ("Asia/Vladivostok", ScheduleOverlapPolicy.SKIP)
    assert watch.policy.catchup_window == timedelta(minutes=10), "an hour's list is of no use in the next one"
    assert {id for id in wanted(ONE, "queue") if "centre" in id or "hot" in id} == set()


async def test_the_schedules_of_a_centres_zone_are_made_once_and_removed_with_its_last_centre(client: Client) -> None:
    ids = sorted({*IDS, *OF_CENTRES})
    zones = ["Asia/Vladivostok", "Europe/Kaliningrad"]
    assert told(await apply(client, wanted(ONE, "q", zones))) == dict.fromkeys(ids, "created")
    await listed(client, ids)
    assert told(await apply(client, wanted(ONE, "q", zones))) == dict.fromkeys(ids, "unchanged")
    gone = {id: "removed" if "Kaliningrad" in id else "unchanged" for id in ids}
    assert told(await apply(client, wanted(ONE, "q", zones[:1]))) == gone


async def test_made_unchanged_changed_and_removed(client: Client) -> None:
    assert told(await apply(client, wanted(TWO, "q"), dry_run=True)) == dict.fromkeys(OF_TWO, "created")
    assert await listing(client) == []
    assert told(await apply(client, wanted(TWO, "q"))) == dict.fromkeys(OF_TWO, "created")
    rows = await listed(client, OF_TWO)
    assert all(row["next_run"] and not row["paused"] and row["note"] == NOTE for row in rows)
    before = {id: (await client.get_schedule_handle(id).describe()).info.last_updated_at for id in OF_TWO}

    assert told(await apply(client, wanted(TWO, "q"))) == dict.fromkeys(OF_TWO, "unchanged")
    assert {id: (await client.get_schedule_handle(id).describe()).info.last_updated_at for id in OF_TWO} == before

    moved = wanted(TWO, "other")
    changes = await apply(client, moved, dry_run=True)
    assert told(changes) == dict.fromkeys(OF_TWO, "updated")
    assert {c.note for c in changes} == {"action"}
    assert told(await apply(client, wanted(TWO, "q"))) == dict.fromkeys(OF_TWO, "unchanged"), "a dry run changed something"
    assert told(await apply(client, moved)) == dict.fromkeys(OF_TWO, "updated")
    assert told(await apply(client, moved)) == dict.fromkeys(OF_TWO, "unchanged")

    gone = {id: "removed" if id not in IDS else "unchanged" for id in OF_TWO}
    assert told(await apply(client, wanted(ONE, "other"), dry_run=True)) == gone
    assert told(await apply(client, wanted(ONE, "other"))) == gone
    await listed(client, IDS)
    assert told(await apply(client, wanted(ONE, "other"))) == dict.fromkeys(IDS, "unchanged")


async def test_a_schedule_changed_by_hand_is_brought_back_and_a_pause_is_kept(client: Client) -> None:
    await apply(client, wanted(ONE, "q"))
    handle = client.get_schedule_handle("reglament/notices/Europe.Moscow")
    await handle.pause(note="mail server is moving")
    [change] = [c for c in await apply(client, wanted(ONE, "q")) if "notices" in c.id]
    assert (change.change, change.note) == ("unchanged", "paused")

    from temporalio.client import ScheduleUpdate

    await handle.update(
        lambda given: ScheduleUpdate(
            schedule=replace(given.description.schedule, spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=1))]))
        )
    )
    for _ in range(2):
        await apply(client, wanted(ONE, "q"))
        found = (await handle.describe()).schedule
        assert found.spec.intervals[0].every == timedelta(minutes=5)
        assert found.state.paused
        assert found.state.note == "mail server is moving; changed by reglament schedules apply, still paused"
    [row] = [row for row in await listed(client, IDS) if "notices" in row["schedule"]]
    assert (row["paused"], row["next_run"]) == (True, None)


async def test_schedules_of_others_are_never_touched(client: Client) -> None:
    strange = Schedule(
        action=ScheduleActionStartWorkflow("Strange", id="strange", task_queue="q"),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(days=1))]),
        state=ScheduleState(note="mine"),
    )
    others = [await client.create_schedule(id, strange) for id in ("nightly", "reglament-like/notices/x")]
    try:
        async with patiently():
            while len({one.id async for one in await client.list_schedules()}) < 2:  # noqa: ASYNC110 - the listing follows by a moment
                await asyncio.sleep(0.1)
        assert told(await apply(client, wanted(ONE, "q"))) == dict.fromkeys(IDS, "created")
        assert told(await apply(client, {})).items() <= dict.fromkeys(IDS, "removed").items(), "the listing follows by a moment"
        for other in others:
            assert (await other.describe()).schedule.state.note == "mine"
    finally:
        for other in others:
            await other.delete()


async def test_a_round_that_its_schedule_starts_sends_what_is_ripe_and_says_so_in_the_companys_language(
    client: Client, tmp_path: Path
) -> None:
    ukrainian = wanted(replace(ONE, language="uk"), "rounds")
    url = f"sqlite:///{tmp_path / 'test.sqlite'}"
    await migrate(url)
    engine = open_database(url)
    async with SmtpCatcher(tmp_path / "mail") as catcher:
        office = Office(engine, catcher)
        await office.record(office.notice("incident", key="x", earliest=datetime.now(UTC), at_once=True))
        await apply(client, wanted(ONE, "rounds"))
        assert told(await apply(client, ukrainian)) == dict.fromkeys(IDS, "updated")
        assert told(await apply(client, ukrainian)) == dict.fromkeys(IDS, "unchanged")
        handle = client.get_schedule_handle("reglament/notices/Europe.Moscow")
        async with worker(client, office):
            await handle.trigger()
            async with patiently():
                while not catcher.letters:  # noqa: ASYNC110 - the server starts the round
                    await asyncio.sleep(0.1)
                while not (await handle.describe()).info.recent_actions:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            [started] = (await handle.describe()).info.recent_actions
            assert isinstance(started.action, ScheduleActionExecutionStartWorkflow)
            round = client.get_workflow_handle(started.action.workflow_id)
            assert await round.result() == RoundResult(sent=1).model_dump()
            done = [e for e in (await round.fetch_history()).events if e.HasField("activity_task_scheduled_event_attributes")]
            said = [await client.data_converter.decode([e.user_metadata.summary]) for e in done]
            [row] = [row for row in await listed(client, IDS) if "notices" in row["schedule"]]
    await engine.dispose()
    assert catcher.letters[0].subject == "reglament: 1 происшествие", "letters are in the language of the office that makes them"
    assert said == [["Сповіщення: що кому час повідомити"], ["Уведомления сотруднику"], ["Сповіщення надіслано"]]
    assert row["last_run"] is not None


async def test_the_doctor_finds_missing_and_differing_schedules_and_mends_them(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    file.write_text(COMPANY, "utf-8")
    settings = Settings(company=file, task_queue="q", database_url=SecretStr(f"sqlite:///{tmp_path / 'test.sqlite'}"))
    [unread] = await doctor._schedules(client, settings, fix=True)
    assert not unread.ok
    assert "the registers of service centres and watches cannot be read" in unread.seen
    async with sqlite_in(tmp_path) as engine, SmtpCatcher(tmp_path / "mail") as catcher:
        await _with_centres(client, settings, CentreOffice(engine, catcher))


async def _with_centres(client: Client, settings: Settings, office: CentreOffice) -> None:
    """Without a service centre, then with one in a zone that had none."""
    [missing] = await doctor._schedules(client, settings, fix=False)
    assert not missing.ok
    assert "reglament schedules apply" in missing.remedy
    assert "reglament/report/handoff: created" in missing.seen
    [mended] = await doctor._schedules(client, settings, fix=True)
    assert (mended.ok, mended.mended) == (True, True)
    [well] = await doctor._schedules(client, settings, fix=False)
    assert (well.ok, well.mended, well.seen) == (True, False, "3 as wanted")
    [differing] = await doctor._schedules(client, settings.model_copy(update={"task_queue": "other"}), fix=False)
    assert not differing.ok
    assert "updated" in differing.seen
    await office.define(centre())
    [new_zone] = await doctor._schedules(client, settings, fix=False)
    assert (new_zone.ok, new_zone.remedy) == (False, "reglament schedules apply (or doctor --fix)")
    assert "reglament/hot-watch/Asia.Vladivostok: created" in new_zone.seen
    assert (await doctor._schedules(client, settings, fix=True))[0].ok
    assert (await doctor._schedules(client, settings, fix=False))[0].seen == "7 as wanted"
    assert await doctor._schedules(client, settings.model_copy(update={"company": Path("nowhere.toml")}), fix=False) == []


async def test_a_server_without_rights_or_away_is_said_in_words(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = await Client.connect(client.service_client.config.target_host, namespace="nowhere", data_converter=client.data_converter)
    with pytest.raises(Unavailable, match="schedules"):
        await apply(elsewhere, wanted(ONE, "q"))
