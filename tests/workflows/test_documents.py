"""Files of a request on a server: read by an activity that nobody awaits; the case goes on whatever becomes of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment

from activities.documents import Documents
from regulations import messages as m
from regulations.rows import IncidentRow
from runtime.database import migrate, open_database
from runtime.documents.reader import DocumentReader
from runtime.encryption import KeyRing
from runtime.files import FileStore
from tests.patience import patiently
from tests.regulations.handoff.course import CC_HEAD_PERSON, CC_PERSON, QUESTIONNAIRE
from tests.runtime.documents.made import word
from tests.workflows.play import Play
from tests.workflows.world import CONTENT, UNREAD, World, until


def _world() -> World:
    world = World()
    world.found = dict(CONTENT)
    return world


async def _stage(play: Play) -> str:
    return (await play.read()).stage


@pytest.mark.clause("handoff 2.1.4")
async def test_the_files_are_read_and_the_transfer_is_when_they_came(server: WorkflowEnvironment) -> None:
    world = _world()
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell()
        await until(lambda: world.look_ups == 1)
        came = await play.now()
        await play.request(files=UNREAD, questionnaire={}, happened_at=came)
        await play.reaches("checking")
        duty = next(o for o in (await play.read()).obligations if o.clause == "handoff 2.2.4")
        assert duty.started_at == came
        assert "documents" in [f.what for f in (await play.read()).facts]
        history = await play.handle.fetch_history()
        scheduled = [e for e in history.events if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED]
        summaries = {
            e.activity_task_scheduled_event_attributes.activity_type.name: e.user_metadata.summary.data.decode() for e in scheduled
        }
        assert "2.1.4 Чтение анкеты и договора" in summaries["read_documents"]
        await play.handle.terminate("test over")


@pytest.mark.clause("handoff 2.1.4")
async def test_with_the_files_away_every_other_clock_goes_on(server: WorkflowEnvironment) -> None:
    world = _world()
    world.reader_up = False
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell(granted=False)
        await play.request(files=UNREAD, questionnaire={})
        await until(lambda: world.readings > 0)
        await play.say("access_granted", m.AccessGranted, reference="a", tariff="t")
        await play.say("first_contact", m.FirstContact)
        assert await _stage(play) == "awaiting_transfer"
        assert world.templates() == []
        world.reader_up = True
        await play.reaches("checking")
        await play.handle.terminate("test over")


@pytest.mark.clause("handoff 2.1.4")
async def test_a_reading_that_fails_for_good_makes_the_request_incomplete_and_an_incident(server: WorkflowEnvironment) -> None:
    world = _world()
    world.reader_broken = True
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell()
        await play.request(files=UNREAD, questionnaire={})
        await until(lambda: any(isinstance(r, IncidentRow) for r in world.rows))
        (incident,) = [r for r in world.rows if isinstance(r, IncidentRow)]
        assert incident.what == "documents_unread"
        assert await _stage(play) == "awaiting_transfer"
        world.reader_broken = False
        await play.request(files=UNREAD, questionnaire={})
        await play.reaches("checking")
        await play.handle.terminate("test over")


async def test_a_case_withdrawn_meanwhile_does_not_wait_for_its_files(server: WorkflowEnvironment) -> None:
    world = World(terms={"2.2.4": "24 working hours"})  # round the clock: its letter waits for no morning
    world.reader_up = False
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell(paid=False)
        await play.request(files=UNREAD, questionnaire={})
        await until(lambda: world.readings > 0)
        await play.say("withdraw", m.Withdraw, reason="sold twice", by=CC_HEAD_PERSON)
        async with patiently():
            assert (await play.handle.result()).outcome == "withdrawn"
        assert "incomplete" not in world.templates()


async def test_a_happy_handoff_whose_files_are_read_stays_within_106_events(server: WorkflowEnvironment) -> None:
    """The happy handoff of `test_cost`, its questionnaire and contract read by one activity."""
    world = _world()
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell()
        await until(lambda: world.look_ups == 1)
        await play.request(files=UNREAD, questionnaire={})
        await play.reaches("checking")
        await until(lambda: len(world.batches) >= 2)  # the sale's, by which e-mails find it, and the request's
        await play.accept()
        await until(lambda: bool(world.letters) and bool(world.records))
        await asyncio.sleep(0.5)
        await play.fulfil()
        assert (await play.handle.result()).met == 11
        events = await play.events()
        assert len(events) <= 106, events


@pytest.mark.clause("handoff 3.3")
async def test_real_files_from_a_real_database_are_read_by_a_real_process(server: WorkflowEnvironment, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'files.sqlite'}"
    await migrate(url)
    engine = open_database(url)
    store = FileStore(engine, KeyRing([os.urandom(32)]))
    answers = {k: v for k, v in QUESTIONNAIRE.items() if k != "phone"}
    async with engine.begin() as connection:
        broken = await store.put(connection, word(answers)[:-100])
        filled = await store.put(connection, word(answers))
        contract = await store.put(connection, word({}, "Договор"))
    world = World()
    world.documents = Documents(store, DocumentReader())
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell()
        files = [f.model_copy(update={"sha256": sha}) for f, sha in zip(UNREAD, (broken, contract), strict=True)]
        await play.request(files=files, questionnaire={})
        for _ in range(600):
            if [f for f in (await play.read()).facts if f.what == "documents"]:
                break
            await asyncio.sleep(0.05)
        (read,) = [f for f in (await play.read()).facts if f.what == "documents"]
        assert read.note == "questionnaire:damaged, contract"
        assert await _stage(play) == "awaiting_transfer"
        await play.request(files=[UNREAD[0].model_copy(update={"sha256": filled})], questionnaire={})
        await play.reaches("checking")
        with pytest.raises(Exception, match="failed") as refused:
            await play.say("accepted", m.Accepted, by=CC_PERSON)
        assert "phone" in str(refused.value.__cause__)
        await play.handle.terminate("test over")
    await engine.dispose()
