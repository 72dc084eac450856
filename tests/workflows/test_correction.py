"""A handoff is played to its end on a Temporal server, over real registers; a fact that is learnt afterwards corrects them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.corrections import Corrections
from activities.record import Registers
from regulations import messages as m
from regulations.corrections import CorrectionOutcome, LateNews, LearntFact
from regulations.documents import DocumentsAnswer, DocumentsQuestion, Found
from regulations.effects import IncidentRow, Letter, LetterOutcome, NoticeRow, RecordBatch
from regulations.handoff.corrections import learnt
from regulations.handoff.narration import ReadOut
from runtime import tables
from runtime.connection import workflow_runner
from runtime.database import migrate, open_database
from runtime.effect_ledger import EffectLedger
from runtime.held_registers import HeldRegisters
from runtime.letters import Composition, Letters
from runtime.registers import RegisterWriter
from tests.regulations.handoff.course import CC_HEAD_PERSON, FILES
from tests.workflows.play import Play
from tests.workflows.test_clocks import play_on, to_monday
from tests.workflows.world import World
from workflows import WORKFLOWS
from workflows.correction import Correction

LETTERS = Path(__file__).parents[2] / "regulations" / "letters"


class RegisteredWorld(World):
    """A world whose registers and ledger of letters are real."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__()
        self.engine = engine
        self._registers = Registers(RegisterWriter(engine))
        self._corrections = Corrections(HeldRegisters(engine), self._planning)
        self.problem: str | None = None
        self.read: list[DocumentsQuestion] = []

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        self.batches.append(batch)
        return await self._registers.record(batch)

    @activity.defn(name="send_letter")
    async def send_letter(self, letter: Letter) -> LetterOutcome:
        outcome = await World.send_letter(self, letter)
        ledger = EffectLedger(self.engine)
        claim = await ledger.claim(letter.key, "letter", "hash", timedelta(minutes=1))
        composed = Letters([LETTERS], "robot@company.example").compose(
            Composition(letter.key, letter.template, "ru", letter.to, letter.values, letter.now)
        )
        await ledger.finish(await ledger.freeze(claim, composed.message_id, composed.content), {"result": "sent"})  # type: ignore[arg-type]
        return outcome

    @activity.defn(name="read_documents")
    async def read_documents(self, question: DocumentsQuestion) -> DocumentsAnswer:
        self.read.append(question)
        return DocumentsAnswer(found=tuple(Found(problem=self.problem) for _ in question.documents))

    def activities(self) -> list[Callable[..., Any]]:
        own: list[Callable[..., Any]] = [self.record, self.send_letter, self.read_documents, self._corrections.correct]
        names = {a.__name__ for a in own}
        return [*own, *(a for a in super().activities() if a.__name__ not in names)]

    def worker(self, client: Client, queue: str = "reglament", **options: Any) -> Worker:
        return Worker(
            client, task_queue=queue, workflows=WORKFLOWS, activities=self.activities(), workflow_runner=workflow_runner(), **options
        )

    async def stored(self, table: str, **where: Any) -> list[dict[str, Any]]:
        wanted = select(tables.metadata.tables[table]).filter_by(**where)
        async with self.engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(wanted)).mappings()]

    async def entries(self, clause: str) -> list[str]:
        return sorted(row["entry"] for row in await self.stored("breaches", clause=clause))


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[RegisteredWorld]:
    url = f"sqlite:///{tmp_path / 'registers.sqlite'}"
    await migrate(url)
    engine = open_database(url)
    yield RegisteredWorld(engine)
    await engine.dispose()


async def withdrawn(env: WorkflowEnvironment, play: Play) -> ReadOut:
    await play.say("withdraw", m.Withdraw, by=CC_HEAD_PERSON, reason="клиент передумал")
    await env.sleep(timedelta(days=1))  # the partner is told in working time, and then the case ends
    await play.handle.result()
    return await play.read()


async def begin_correction(play: Play, fact: LearntFact) -> WorkflowHandle[Correction, CorrectionOutcome]:
    news = LateNews(address=play.handle.id, fact=fact, ended_at=await play.now())
    return await play.client.start_workflow(Correction.run, news, id=f"correction/{play.handle.id}/{fact.key}", task_queue="reglament")


async def learn(play: Play, kind: type[m.Message], happened: datetime, **fields: Any) -> WorkflowHandle[Correction, CorrectionOutcome]:
    message = await play.message(kind, happened_at=happened, **fields)
    return await begin_correction(play, learnt(message, await play.now()))


def due(case: ReadOut, clause: str) -> datetime:
    [at] = [o.due for o in case.obligations if o.clause == f"handoff {clause}"]
    assert at is not None
    return at


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
        assert await handle.result() == CorrectionOutcome(results={"2.2.4": result}, letter=None)
        [duty] = await world.stored("obligations", clause="2.2.4")
        assert (duty["state"], duty["met_at"]) == (state, happened)
        told = [row["role"] for row in await world.stored("notices", kind="breach_withdrawn")]
        assert sorted(told) == (["cc", "cc_head"] if result == "withdrawn" else [])
        told_twice = await learn(play, m.FirstContact, happened)
        assert (await told_twice.result()).results == {"2.2.4": "recorded" if result == "withdrawn" else "stands"}
        assert len(await world.stored("corrections")) == 2


async def missed_request(env: WorkflowEnvironment, play: Play) -> ReadOut:
    """Paid, but the request never came: the partner was told, and the case withdrawn on Thursday evening."""
    await to_monday(env)
    await play.sell()
    await env.sleep(timedelta(days=3, hours=10))
    case = await withdrawn(env, play)
    assert "breach" in play.world.templates()
    return case


@pytest.mark.clause("handoff 2.1.3")
async def test_the_partner_is_told_in_working_time_and_in_the_thread(skipping: WorkflowEnvironment, world: RegisteredWorld) -> None:
    async with world.worker(skipping.client):
        play = play_on(skipping, world)
        case = await missed_request(skipping, play)
        evening = await skipping.get_current_time()
        handle = await learn(play, m.RequestReceived, due(case, "2.1.3"), subject="Обучение клиента от ИП Петров", files=FILES)
        outcome = await handle.result()
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
        assert (await handle.result()).letter == "unsent"
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
        assert (await handle.result()).results == {"2.1.3": "withdrawn", "2.1.4": result}
        [question] = world.read
        assert "inn" in question.fields


async def test_a_case_that_the_registers_do_not_know_fails_by_name(server: WorkflowEnvironment, world: RegisteredWorld) -> None:
    async with world.worker(server.client, "corrections"):
        fact = LearntFact(what="FirstContact", key="k", happened_at=datetime.fromisoformat("2026-11-16T10:00:00+03:00"), source="cli")
        news = LateNews(address="handoff/nobody", fact=fact, ended_at=None)
        with pytest.raises(WorkflowFailureError) as failure:
            await server.client.execute_workflow(Correction.run, news, id="correction/handoff/nobody/k", task_queue="corrections")
        assert "registers hold no case" in str(failure.value.__cause__.__cause__)  # type: ignore[union-attr]
