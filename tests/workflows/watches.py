"""Lead watches behind a worker: real planning, real registers, real steps; letters are noted."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.planning import Planning
from activities.record import Registers
from activities.watching import Watching
from regulations.editions import load_editions
from regulations.effects import Letter, LetterOutcome
from regulations.messages import Message
from regulations.plans import Address
from regulations.read_out import ReadOut
from regulations.record_batch import RecordBatch
from regulations.replacement import messages as rm
from regulations.replacement.effects import PassingAnswer, PassingQuestion, WatchStep, WatchStepDone
from regulations.replacement.state import HEAD_OFFICE
from regulations.replacement.watch_narration import WatchResult
from runtime.connection import workflow_runner
from runtime.registers import RegisterWriter
from runtime.replacement_tables import watched_leads, watches
from runtime.tables import notices
from runtime.watches import WatchStore
from tests.patience import patiently
from tests.regulations.handoff.course import CALENDAR
from tests.regulations.replacement.watches import HEAD, STARTED
from tests.workflows.beginning import begin_case
from workflows import attributes
from workflows.docket import Receipt
from workflows.lead_watch import LeadWatch

QUEUE = "watches"
ZONE = "Europe/Moscow"
_accounts = itertools.count(1)


class Tariff:
    """One watched tariff on a server; its database is away while ``database_up`` is false."""

    def __init__(self, env: WorkflowEnvironment, engine: AsyncEngine, number: int | None = None) -> None:
        self.env, self.engine = env, engine
        self.client: Client = env.client
        self.account = f"a-{number or next(_accounts)}"
        self.handle: WorkflowHandle[LeadWatch, WatchResult] = self.client.get_workflow_handle_for(
            LeadWatch.run, f"lead-watch/{self.account}/2026-10"
        )
        self.database_up = True
        self.letters: list[Letter] = []
        self.steps: list[WatchStep] = []
        """Every attempt of a step, in order."""
        self.dies_after: int | None = None
        """How many more steps commit before one does whose answer is lost with its worker."""
        self._steps = Watching(WatchStore(engine))
        self._registers = Registers(RegisterWriter(engine))
        self._keys = itertools.count(1)

    async def now(self) -> datetime:
        return await self.env.get_current_time() if self.env.supports_time_skipping else datetime.now(UTC)

    # --- the worker ---------------------------------------------------------------------------------------------

    def _must(self) -> None:
        if not self.database_up:
            raise ApplicationError("database is away", type="Unavailable", category=ApplicationErrorCategory.BENIGN)

    @activity.defn(name="watch_step")
    async def watch_step(self, step: WatchStep) -> WatchStepDone:
        self._must()
        self.steps.append(step)
        done = await self._steps.watch_step(step)
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after < 0:
                self.dies_after = None
                raise ApplicationError("killed", type="Unavailable", category=ApplicationErrorCategory.BENIGN)
        return done

    @activity.defn(name="count_passing")
    async def count_passing(self, question: PassingQuestion) -> PassingAnswer:
        self._must()
        return await self._steps.count_passing(question)

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        self._must()
        return await self._registers.record(batch)

    @activity.defn(name="send_letter")
    async def send_letter(self, letter: Letter) -> LetterOutcome:
        self.letters.append(letter)
        return LetterOutcome(result="sent", message_id="<m@example.org>", subject=letter.template)

    def activities(self) -> list[Callable[..., Any]]:
        planning = Planning(
            company="Company",
            calendars={"company": CALENDAR},
            roles={HEAD_OFFICE: Address(email="head@company.example")},
            editions=load_editions(),
        )
        return [planning.open_case, planning.plan, self.record, self.send_letter, self.watch_step, self.count_passing]

    def worker(self, queue: str = QUEUE, **options: Any) -> Worker:
        """A worker with the strict sandbox of production."""
        given = {"workflow_runner": workflow_runner(), **options}
        return Worker(self.client, task_queue=queue, workflows=[LeadWatch], activities=self.activities(), **given)

    # --- what is told -------------------------------------------------------------------------------------------

    async def message(self, kind: type[Message], **fields: Any) -> Message:
        given = {"key": f"{self.account}-{next(self._keys)}", "happened_at": await self.now(), "account": self.account, "period": "2026-10"}
        return kind.model_validate({**given, **fields})

    async def begin(self, **fields: Any) -> Receipt:
        """By update-with-start, as a door does."""
        message = await self.message(rm.WatchStarted, **{**STARTED, "zone": ZONE, **fields})
        shown = {attributes.CASE_KIND: "lead-watch"}
        return await begin_case(self.client, LeadWatch.run, self.handle.id, QUEUE, "started", message, shown)

    async def say(self, update: str, kind: type[Message], **fields: Any) -> Receipt:
        receipt: Receipt = await self.handle.execute_update(update, await self.message(kind, **fields), result_type=Receipt)
        return receipt

    async def leads(self, *leads: str, at: datetime | None = None) -> Receipt:
        when = at or await self.now()
        return await self.say("leads_appeared", rm.LeadsAppeared, leads=[{"lead": lead, "at": when} for lead in leads])

    async def call(self, *leads: str, at: datetime | None = None, answered: bool = False) -> Receipt:
        when = at or await self.now()
        calls = [
            {"call": f"c-{next(self._keys)}", "lead": lead, "at": when, "answered": answered, "recorded": True, "comment": "недозвон"}
            for lead in leads
        ]
        return await self.say("calls_made", rm.CallsMade, calls=calls)

    async def cards(self, *leads: str, status: str = "на замену", comment: str = "недозвон") -> Receipt:
        when = await self.now()
        cards = [{"lead": lead, "at": when, "status": status, "comment": comment} for lead in leads]
        return await self.say("cards_changed", rm.CardsChanged, cards=cards)

    async def balance(self, balance: int) -> Receipt:
        return await self.say("balance_noted", rm.BalanceNoted, balance=balance)

    async def end(self) -> Receipt:
        return await self.say("tariff_ended", rm.TariffEnded)

    async def withdraw(self) -> Receipt:
        return await self.say("withdraw", rm.WithdrawOfWatch, by=HEAD, reason="заведено по ошибке")

    # --- what is seen -------------------------------------------------------------------------------------------

    async def read(self) -> ReadOut:
        found: ReadOut = await self.handle.query("case", result_type=ReadOut)
        return found

    async def rows(self) -> dict[str, dict[str, Any]]:
        """The leads, by id."""
        async with self.engine.connect() as connection:
            rows = (await connection.execute(select(watched_leads))).mappings()
            return {row["lead"]: dict(row) for row in rows}

    async def running(self) -> list[bool]:
        """What the register says of the watch."""
        async with self.engine.connect() as connection:
            return list((await connection.execute(select(watches.c.running).where(watches.c.address == self.handle.id))).scalars())

    async def told(self) -> list[tuple[str, timedelta]]:
        """The reminders in the order in which they were due: of what, and how much later they were written."""
        asked = select(notices.c.key, notices.c.earliest, notices.c.decided_at).where(notices.c.address == self.handle.id)
        async with self.engine.connect() as connection:
            rows = (await connection.execute(asked.order_by(notices.c.earliest, notices.c.key))).all()
        return [(row.key, row.decided_at - row.earliest) for row in rows]

    async def until(self, condition: Callable[[dict[str, dict[str, Any]]], bool]) -> None:
        """Waits in real time until the leads are so."""
        async with patiently():
            while not condition(await self.rows()):  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.05)

    async def events(self) -> list[str]:
        history = await self.handle.fetch_history()
        return [EventType.Name(e.event_type).removeprefix("EVENT_TYPE_") for e in history.events]
