"""A world whose registers are real, and facts that are learnt after a case has ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.corrections import Corrections
from activities.record import Registers
from regulations import messages as m
from regulations.corrections import CorrectionOutcome, LateNews, LearntFact
from regulations.documents import DocumentsAnswer, DocumentsQuestion, Found
from regulations.effects import Letter, LetterOutcome
from regulations.handoff.corrections import learnt
from regulations.read_out import ReadOut
from regulations.record_batch import RecordBatch
from runtime import tables
from runtime.connection import workflow_runner
from runtime.effect_ledger import EffectLedger
from runtime.held_registers import HeldRegisters
from runtime.letters import Composition, Letters
from runtime.registers import RegisterWriter
from tests.regulations.handoff.course import CC_HEAD_PERSON
from tests.workflows.play import Play, to_monday
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


async def withdrawn(env: WorkflowEnvironment, play: Play) -> ReadOut:
    await play.say("withdraw", m.Withdraw, by=CC_HEAD_PERSON, reason="клиент передумал")
    await env.sleep(timedelta(days=1))  # the partner is told in working time, and then the case ends
    await play.handle.result()
    return await play.read()


async def begin_correction(play: Play, fact: LearntFact) -> WorkflowHandle[Correction, CorrectionOutcome]:
    news = LateNews(address=play.handle.id, fact=fact, ended_at=await play.now())
    id = f"correction/{play.handle.id}/{fact.key}"
    await play.client.start_workflow(Correction.run, news, id=id, task_queue="reglament")
    return play.client.get_workflow_handle_for(Correction.run, id)


async def learn(play: Play, kind: type[m.Message], happened: datetime, **fields: Any) -> WorkflowHandle[Correction, CorrectionOutcome]:
    message = await play.message(kind, happened_at=happened, **fields)
    return await begin_correction(play, learnt(message, await play.now()))


def due(case: ReadOut, clause: str) -> datetime:
    [at] = [o.due for o in case.obligations if o.clause == f"handoff {clause}"]
    assert at is not None
    return at


async def missed_request(env: WorkflowEnvironment, play: Play) -> ReadOut:
    """Paid, but the request never came: the partner was told, and the case withdrawn on Thursday evening."""
    await to_monday(env)
    await play.sell()
    await env.sleep(timedelta(days=3, hours=10))
    case = await withdrawn(env, play)
    assert "breach" in play.world.templates()
    return case
