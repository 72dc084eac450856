"""A world for incoming payments: real planning, registers and ledger; a stand-in for the orders and renewals that are told."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.payments import Payments
from activities.planning import Planning
from activities.record import Registers
from regulations.editions import load_editions
from regulations.effects import CaseMessageToTell, Told
from regulations.messages import Message
from regulations.partner import payment_messages as pm
from regulations.partner.effects import AssignAnswer, AssignQuestion, PaymentMatch, PaymentQuestion, RefundAnswer, RefundQuestion
from regulations.partner.payment_narration import PaymentResult
from regulations.partner.payment_state import KIND, PaymentStage
from regulations.plans import Address, Opening, OpeningRequest, PlanAnswer, PlanRequest
from regulations.read_out import ReadOut
from regulations.record_batch import AnyRow, RecordBatch
from regulations.rows import BreachRow, IncidentRow, NoticeRow
from regulations.time.calendar_spec import CalendarSpec
from runtime.connection import workflow_runner
from runtime.database import open_database
from runtime.payments import PaymentLedger
from runtime.registers import RegisterWriter
from tests.databases import migrated
from tests.regulations.course import OFFICE
from tests.regulations.partner.payments import FINANCE
from tests.workflows.beginning import begin_case
from tests.workflows.skipping import until_it_waits
from workflows import attributes
from workflows.docket import Receipt
from workflows.incoming_payment import IncomingPayment

QUEUE = "reglament"
_references = itertools.count(1)


class PaymentWorld:
    """What payments meet outside. Switches may be turned at any time."""

    def __init__(self, engine: AsyncEngine, calendar: CalendarSpec = OFFICE) -> None:
        self.engine = engine
        self.database_up = self.cases_up = True
        self.attempts = 0
        """Of asking the ledger."""
        self.answer = Told(result="done")
        """What the case of an invoice says."""
        self.told: list[CaseMessageToTell] = []
        self.batches: list[RecordBatch] = []
        self._registers = Registers(RegisterWriter(engine))
        self._payments = Payments(PaymentLedger(engine), calendar.tz)
        self._planning = Planning(
            company="Моя компания",
            calendars={"company": calendar},
            roles={role: Address(email=f"{role}@company.example") for role in ("finance", "head_of_finance")},
            editions=load_editions(),
        )

    @property
    def rows(self) -> list[AnyRow]:
        return [row for batch in self.batches for row in batch.rows]

    def breaches(self) -> list[tuple[str, str]]:
        return [(r.clause, r.entry.value) for r in self.rows if isinstance(r, BreachRow)]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]

    def notices(self, role: str) -> list[str]:
        return [r.text for r in self.rows if isinstance(r, NoticeRow) and r.role == role]

    def paid(self) -> list[tuple[str, str, str]]:
        """What the cases were told, in order: case, sum, and what is paid in all."""
        return [(m.address, str(m.message["amount"]), str(m.message["paid"])) for m in self.told]

    @activity.defn(name="open_case")
    async def open_case(self, request: OpeningRequest) -> Opening:
        return await self._planning.open_case(request)

    @activity.defn(name="plan")
    async def plan(self, request: PlanRequest) -> PlanAnswer:
        return await self._planning.plan(request)

    @activity.defn(name="match_payment")
    async def match_payment(self, question: PaymentQuestion) -> PaymentMatch:
        self._database()
        return await self._payments.match_payment(question)

    @activity.defn(name="assign_payment")
    async def assign_payment(self, question: AssignQuestion) -> AssignAnswer:
        self._database()
        return await self._payments.assign_payment(question)

    @activity.defn(name="enter_refund")
    async def enter_refund(self, question: RefundQuestion) -> RefundAnswer:
        self._database()
        return await self._payments.enter_refund(question)

    def _database(self) -> None:
        self.attempts += 1
        _must(self.database_up)

    @activity.defn(name="tell_case")
    async def tell_case(self, message: CaseMessageToTell) -> Told:
        _must(self.cases_up)
        self.told.append(message)
        return self.answer

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        _must(self.database_up)
        written = await self._registers.record(batch)
        self.batches.append(batch)
        return written

    def activities(self) -> list[Callable[..., Any]]:
        return [self.open_case, self.plan, self.match_payment, self.assign_payment, self.enter_refund, self.tell_case, self.record]

    def worker(self, client: Client, queue: str = QUEUE, **options: Any) -> Worker:
        """A worker with the strict sandbox of production."""
        return Worker(
            client,
            task_queue=queue,
            workflows=[IncomingPayment],
            activities=self.activities(),
            workflow_runner=workflow_runner(),
            **options,
        )


def _must(up: bool) -> None:
    if not up:
        raise ApplicationError("away", type="Unavailable", category=ApplicationErrorCategory.BENIGN)


@asynccontextmanager
async def world_on(database_url: str) -> AsyncIterator[PaymentWorld]:
    """A world over a database with the newest schema."""
    engine = open_database(database_url)
    yield PaymentWorld(engine)
    await engine.dispose()


@asynccontextmanager
async def world_in(folder: Path) -> AsyncIterator[PaymentWorld]:
    """A world over an SQLite database in a folder."""
    url = f"sqlite:///{folder / 'world.sqlite'}"
    await migrated(url)
    async with world_on(url) as world:
        yield world


class Case:
    """One payment on a server, and what is said to it."""

    def __init__(self, env: WorkflowEnvironment, *, skipping: bool = False, queue: str = QUEUE) -> None:
        self.env, self.skipping, self.queue = env, skipping, queue
        self.reference = f"P-{next(_references)}"
        self._keys = itertools.count(1)

    async def now(self) -> datetime:
        """The clock of its events."""
        return await self.env.get_current_time() if self.skipping else datetime.now(UTC)

    @property
    def handle(self) -> WorkflowHandle[IncomingPayment, PaymentResult]:
        """Of whatever run there is; it skips no time by itself."""
        return self.env.client.get_workflow_handle_for(IncomingPayment.run, f"{KIND}/{self.reference}")

    async def message(self, kind: type[Message], **fields: Any) -> Message:
        given = {"key": f"{self.reference}-{next(self._keys)}", "happened_at": await self.now(), "reference": self.reference}
        return kind.model_validate({**given, **fields})

    async def arrive(self, amount: str, purpose: str = "счет № 117", **fields: Any) -> Receipt:
        """By update-with-start, as a door does it."""
        message = await self.message(pm.PaymentArrived, amount=amount, purpose=purpose, **{"payer_inn": "7701234567", **fields})
        shown = {attributes.CASE_KIND: KIND, attributes.STAGE: PaymentStage.MATCHING}
        return await begin_case(self.env.client, IncomingPayment.run, self.handle.id, self.queue, "arrived", message, shown)

    async def say(self, update: str, kind: type[Message], **fields: Any) -> Receipt:
        receipt: Receipt = await self.handle.execute_update(update, await self.message(kind, **fields), result_type=Receipt)
        return receipt

    async def assign(self, invoice: str, **fields: Any) -> Receipt:
        return await self.say("assigned", pm.Assigned, invoice=invoice, reason="письмо плательщика", by=FINANCE, **fields)

    async def refund(self, amount: str, refund: str = "R-1", **fields: Any) -> Receipt:
        return await self.say("refunded", pm.Refunded, refund=refund, amount=amount, by=FINANCE, **fields)

    async def read(self) -> ReadOut:
        await until_it_waits(self.handle)
        found: ReadOut = await self.handle.query("case", result_type=ReadOut)
        return found
