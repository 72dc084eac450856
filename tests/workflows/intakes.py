"""A partner's intake on a server: what it meets outside, and what is said to it. Planning and registers are real."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.planning import Planning
from activities.record import Registers
from regulations.editions import load_editions
from regulations.effects import CaseMessageToTell, Told
from regulations.messages import Message
from regulations.partner import intake_messages as im
from regulations.partner.intake_narration import IntakeResult
from regulations.partner.intake_state import KIND, IntakeStage
from regulations.plans import Address
from regulations.read_out import ReadOut
from regulations.record_batch import RecordBatch
from runtime import tables
from runtime.connection import workflow_runner
from runtime.registers import RegisterWriter
from tests.regulations.course import OFFICE
from tests.regulations.partner.intakes import PARTNER, ROLES
from tests.workflows.beginning import begin_case
from tests.workflows.skipping import until_it_waits
from workflows import attributes
from workflows.docket import Receipt
from workflows.partner_intake import PartnerIntake

ADDRESS, QUEUE = "partner/D-1/intake", "reglament"


class IntakeWorld:
    """What an intake meets outside: real planning and registers; the partner's account is told by a stand-in."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.database_up = self.account_up = True
        self.answer = Told(result="done")
        """What the partner's account says."""
        self.told: list[CaseMessageToTell] = []
        self._registers = Registers(RegisterWriter(engine))
        self._planning = Planning(
            company="Моя компания",
            calendars={"company": OFFICE},
            roles={role: Address(email=f"{role.replace(':', '.')}@company.example") for role in ROLES},
            editions=load_editions(),
        )

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        _pass(self.database_up)
        return await self._registers.record(batch)

    @activity.defn(name="tell_case")
    async def tell_case(self, message: CaseMessageToTell) -> Told:
        _pass(self.account_up)
        self.told.append(message)
        return self.answer

    def worker(self, client: Client) -> Worker:
        """A worker with the strict sandbox of production."""
        activities: list[Callable[..., Any]] = [self._planning.open_case, self._planning.plan, self.record, self.tell_case]
        return Worker(client, task_queue=QUEUE, workflows=[PartnerIntake], activities=activities, workflow_runner=workflow_runner())

    async def stored(self, table: str) -> list[dict[str, Any]]:
        async with self.engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(select(tables.metadata.tables[table]))).mappings()]


def _pass(up: bool) -> None:
    if not up:
        raise ApplicationError("away", type="Unavailable", category=ApplicationErrorCategory.BENIGN)


class Case:
    """One intake on a server; its events happen by the server's clock."""

    def __init__(self, env: WorkflowEnvironment) -> None:
        self.env = env
        self._keys = itertools.count(1)

    @property
    def handle(self) -> WorkflowHandle[PartnerIntake, IntakeResult]:
        return self.env.client.get_workflow_handle_for(PartnerIntake.run, ADDRESS)

    async def message(self, kind: type[Message], **fields: Any) -> Message:
        given = {"key": f"k{next(self._keys)}", "happened_at": await self.env.get_current_time(), "deal": "D-1"}
        return kind.model_validate({**given, **fields})

    async def begin(self, **fields: Any) -> Receipt:
        given: dict[str, Any] = {"partner": PARTNER, "sales_manager": "s1", "support_manager": "m1", "agreements": {"speed": "5 в день"}}
        message = await self.message(im.MovedToWork, **{**given, **fields})
        shown = {attributes.CASE_KIND: KIND, attributes.STAGE: IntakeStage.AWAITING_ACCEPTANCE, attributes.PARTNER: "p-77"}
        return await begin_case(self.env.client, PartnerIntake.run, ADDRESS, QUEUE, "moved_to_work", message, shown)

    async def say(self, update: str, kind: type[Message], **fields: Any) -> Receipt:
        receipt: Receipt = await self.handle.execute_update(update, await self.message(kind, **fields), result_type=Receipt)
        await until_it_waits(self.handle)
        return receipt

    async def read(self) -> ReadOut:
        found: ReadOut = await self.handle.query("case", result_type=ReadOut)
        return found
