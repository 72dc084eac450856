"""A partner's intake on a Temporal server: what is missing, a question, the acceptance that begins the account, the database away."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

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
from regulations.rows import RecordBatch
from runtime import tables
from runtime.connection import workflow_runner
from runtime.registers import RegisterWriter
from tests.databases import sqlite_in
from tests.regulations.partner.intakes import OFFICE, PARTNER, ROLES, SALES, SUPPORT
from tests.workflows.beginning import begin_case
from tests.workflows.leads import refused
from tests.workflows.play import to_monday
from tests.workflows.skipping import ended, until_it_waits
from workflows import attributes
from workflows.docket import Receipt
from workflows.partner_intake import PartnerIntake

ADDRESS, QUEUE = "partner/D-1/intake", "reglament"
HOUR = timedelta(hours=1)


class IntakeWorld:
    """What an intake meets outside: real planning and registers; the partner's account is told by a stand-in."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.database_up = self.account_up = True
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
        return Told(result="done")

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


@pytest.mark.clause("partner 1.1")
@pytest.mark.clause("partner 1.3")
@pytest.mark.clause("partner 1.4")
@pytest.mark.clause("partner 3.1")
async def test_an_intake_goes_its_course_and_begins_the_account_once(skipping: WorkflowEnvironment, tmp_path: Path) -> None:
    async with sqlite_in(tmp_path) as engine:
        world, case = IntakeWorld(engine), Case(skipping)
        async with world.worker(skipping.client):
            await to_monday(skipping)
            monday = await skipping.get_current_time()
            assert await refused(case.begin(happened_at=monday + HOUR)) == "FromTheFuture"
            with pytest.raises(WorkflowFailureError):
                await case.handle.result()

            assert (await case.begin()).stage == "awaiting_acceptance"
            await until_it_waits(case.handle)
            await case.say("question_asked", im.QuestionAsked, question="q-1", text="Что обещано?", by=SUPPORT)
            world.database_up = False
            await case.say("question_answered", im.QuestionAnswered, question="q-1", text="Ничего", by=SALES)
            await skipping.sleep(2 * HOUR)  # 1.2 and 1.3 run out while nothing can be written
            await until_it_waits(case.handle)
            assert {o.clause: o.state for o in (await case.read()).obligations} == {"partner 1.2": "overdue", "partner 1.3": "overdue"}
            assert await refused(case.say("handed_to_marketing", im.HandedToMarketing, status="Запущен")) == "WrongStatus"
            await case.say("handed_to_marketing", im.HandedToMarketing, status="Ждем инфо", paid_at=monday - HOUR)
            shown = (await case.handle.describe()).typed_search_attributes
            assert shown.get(attributes.CLAUSE) == "partner 1.3"

            world.account_up = False
            assert (await case.say("accepted", im.PartnerAccepted, by=SUPPORT)).stage == "accepted"
            await case.say("agreements_named", im.AgreementsNamed, agreements={"extra_payments": "нет", "geography": "РФ"})
            assert (await case.read()).stage == "accepted"
            assert world.told == []
            world.database_up = world.account_up = True
            result = await ended(skipping, case.handle)
        assert (result.outcome, result.account, result.met, result.met_late, result.breaches) == ("done", "begun", 1, 2, 2)
        [told] = world.told
        assert (told.address, told.update, told.message["partner"]) == ("partner/p-77/account", "begun", "p-77")
        assert sorted(row["entry"] for row in await world.stored("breaches")) == ["met_late", "met_late", "recorded", "recorded"]
        notices = [(row["role"], row["text"]) for row in await world.stored("notices")]
        assert any(role == "sales_manager:s1" and "желаемая география" in said for role, said in notices)
        assert ("support_manager:m1", "1.4 Ответ отдела продаж (q-1): Ничего") in notices
        assert {row["state"] for row in await world.stored("obligations")} == {"met", "met_late"}
        replayer = Replayer(workflows=[PartnerIntake], data_converter=pydantic_data_converter, workflow_runner=workflow_runner())
        await replayer.replay_workflow(await case.handle.fetch_history())
