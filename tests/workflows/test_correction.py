"""A handoff is played to its end on a Temporal server, over real registers; a fact that is learnt afterwards corrects them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from regulations import messages as m
from regulations.corrections import CorrectionOutcome, LateNews, LearntFact
from regulations.rows import IncidentRow, NoticeRow
from tests.databases import sqlite_in
from tests.regulations.handoff.course import FILES
from tests.workflows.play import play_on, to_monday
from tests.workflows.registered import RegisteredWorld, due, learn, missed_request, withdrawn
from tests.workflows.skipping import ended
from workflows.correction import Correction


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[RegisteredWorld]:
    async with sqlite_in(tmp_path) as engine:
        yield RegisteredWorld(engine)


@pytest.mark.clause("handoff 2.2.4")
@pytest.mark.parametrize(("seconds", "result", "state"), [(0, "withdrawn", "met"), (1, "stands", "met_late")])
async def test_a_missed_first_contact_is_corrected_after_the_case(
    skipping: WorkflowEnvironment, world: RegisteredWorld, seconds: int, result: str, state: str
) -> None:
    async with world.worker(skipping.client):
        await to_monday(skipping)
        play = play_on(skipping, world)
        await play.sell()
        await play.request()
        await skipping.sleep(timedelta(days=4))
        case = await withdrawn(skipping, play)
        assert await world.entries("2.2.4") == ["recorded"]
        happened = due(case, "2.2.4") + timedelta(seconds=seconds)
        handle = await learn(play, m.FirstContact, happened)
        assert await ended(skipping, handle) == CorrectionOutcome(results={"2.2.4": result}, letter=None)
        [duty] = await world.stored("obligations", clause="2.2.4")
        assert (duty["state"], duty["met_at"]) == (state, happened)
        told = [row["role"] for row in await world.stored("notices", kind="breach_withdrawn")]
        assert sorted(told) == (["cc", "cc_head"] if result == "withdrawn" else [])
        told_twice = await learn(play, m.FirstContact, happened)
        assert (await ended(skipping, told_twice)).results == {"2.2.4": "recorded" if result == "withdrawn" else "stands"}
        assert len(await world.stored("corrections")) == 2


@pytest.mark.clause("handoff 2.1.3")
async def test_the_partner_is_told_in_working_time_and_in_the_thread(skipping: WorkflowEnvironment, world: RegisteredWorld) -> None:
    async with world.worker(skipping.client):
        play = play_on(skipping, world)
        case = await missed_request(skipping, play)
        evening = await skipping.get_current_time()
        handle = await learn(play, m.RequestReceived, due(case, "2.1.3"), subject="Обучение клиента от ИП Петров", files=FILES)
        outcome = await ended(skipping, handle)
        assert outcome == CorrectionOutcome(results={"2.1.3": "withdrawn", "2.1.4": "withdrawn"}, letter="sent")
        letter = world.letters[-1]
        assert (letter.template, letter.to) == ("handoff/breach_withdrawn", ("partner@example.org",))
        assert letter.thread is not None
        assert letter.now - evening > timedelta(hours=12), "it waited for the next opening"
        assert [row["state"] for row in await world.stored("obligations", clause="2.1.4")] == ["met"]


@pytest.mark.clause("handoff 2.1.3")
async def test_a_letter_that_is_refused_is_left_to_a_person(skipping: WorkflowEnvironment, world: RegisteredWorld) -> None:
    async with world.worker(skipping.client):
        play = play_on(skipping, world)
        case = await missed_request(skipping, play)
        world.refuse_letters = True
        handle = await learn(play, m.RequestReceived, due(case, "2.1.3"), subject="Обучение клиента от ИП Петров", files=FILES)
        assert (await ended(skipping, handle)).letter == "unsent"
        assert [row["what"] for row in await world.stored("incidents")] == ["letter_refused"]
        assert [row["role"] for row in await world.stored("notices", kind="incident")] == ["cc_head"]
        last: Sequence[Any] = world.batches[-1].rows
        assert [type(row) for row in last] == [IncidentRow, NoticeRow]


@pytest.mark.clause("handoff 2.1.4")
@pytest.mark.parametrize(("problem", "result"), [(None, "withdrawn"), ("password", "recorded")])
async def test_attachments_are_read_before_they_prove_anything(
    skipping: WorkflowEnvironment, world: RegisteredWorld, problem: str | None, result: str
) -> None:
    async with world.worker(skipping.client):
        play = play_on(skipping, world)
        case = await missed_request(skipping, play)
        world.problem = problem
        kept = [f.model_copy(update={"sha256": digit * 64}) for f, digit in zip(FILES, "ab", strict=True)]
        handle = await learn(play, m.RequestReceived, due(case, "2.1.4"), subject="Обучение клиента от ИП Петров", files=kept)
        assert (await ended(skipping, handle)).results == {"2.1.3": "withdrawn", "2.1.4": result}
        [question] = world.read
        assert "inn" in question.fields


async def test_a_case_that_the_registers_do_not_know_fails_by_name(server: WorkflowEnvironment, world: RegisteredWorld) -> None:
    async with world.worker(server.client, "corrections"):
        fact = LearntFact(what="FirstContact", key="k", happened_at=datetime.fromisoformat("2026-11-16T10:00:00+03:00"), source="cli")
        news = LateNews(address="handoff/nobody", fact=fact, ended_at=None)
        with pytest.raises(WorkflowFailureError) as failure:
            await server.client.execute_workflow(Correction.run, news, id="correction/handoff/nobody/k", task_queue="corrections")
        assert "registers hold no case" in str(failure.value.__cause__.__cause__)  # type: ignore[union-attr]
