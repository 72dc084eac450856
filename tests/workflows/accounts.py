"""Accounts of partners behind a worker: real planning, real registers; the check of comments is stood in for."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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
from regulations.messages import Message
from regulations.partner import account_messages as am
from regulations.partner.account_narration import AccountResult
from regulations.partner.effects import CommentQuestion, CommentVerdict
from regulations.plans import Address
from regulations.read_out import ReadOut
from regulations.record_batch import RecordBatch
from regulations.time.calendar_spec import CalendarSpec
from runtime.connection import workflow_runner
from runtime.partner_tables import partner_calls, partners
from runtime.registers import RegisterWriter
from runtime.tables import breaches, notices
from tests.patience import patiently
from tests.regulations.course import OFFICE
from tests.regulations.partner.accounts import GOOD, HEAD, ROLES, ROMASHKA, verdict_of
from tests.workflows.beginning import begin_case
from workflows import attributes
from workflows.docket import Receipt
from workflows.partner_account import PartnerAccount

QUEUE = "accounts"
_partners = itertools.count(1)


class Supported:
    """One partner's account on a server. Comments are not checked while ``checks_up`` is false, nothing is written while ``database_up``
    is."""

    def __init__(self, env: WorkflowEnvironment, engine: AsyncEngine, number: int | None = None, calendar: CalendarSpec = OFFICE) -> None:
        self.env, self.engine, self.calendar = env, engine, calendar
        self.client: Client = env.client
        self.partner = f"p-{number or next(_partners)}"
        self.handle: WorkflowHandle[PartnerAccount, AccountResult] = self.client.get_workflow_handle_for(
            PartnerAccount.run, f"partner/{self.partner}/account"
        )
        self.checks_up = self.database_up = True
        self._registers = Registers(RegisterWriter(engine))
        self._keys = itertools.count(1)

    async def now(self) -> datetime:
        return await self.env.get_current_time() if self.env.supports_time_skipping else datetime.now(UTC)

    # --- the worker ---------------------------------------------------------------------------------------------

    @activity.defn(name="check_comment")
    async def check_comment(self, question: CommentQuestion) -> CommentVerdict:
        _must(self.checks_up)
        return verdict_of(question)

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        _must(self.database_up)
        return await self._registers.record(batch)

    def activities(self) -> list[Callable[..., Any]]:
        planning = Planning(
            company="Моя компания",
            calendars={"company": self.calendar},
            roles={role: Address(email=f"{role.replace(':', '-')}@company.example") for role in ROLES},
            editions=load_editions(),
        )
        return [planning.open_case, planning.plan, self.record, self.check_comment]

    def worker(self, **options: Any) -> Worker:
        """A worker with the strict sandbox of production."""
        given = {"workflow_runner": workflow_runner(), **options}
        return Worker(self.client, task_queue=QUEUE, workflows=[PartnerAccount], activities=self.activities(), **given)

    # --- what is told -------------------------------------------------------------------------------------------

    async def message(self, kind: type[Message], **fields: Any) -> Message:
        given = {"key": f"{self.partner}-{next(self._keys)}", "happened_at": await self.now(), "partner": self.partner}
        return kind.model_validate({**given, **fields})

    async def begin(self, **fields: Any) -> Receipt:
        """By update-with-start, as the intake does."""
        given = {"person": {**ROMASHKA, "id": self.partner}, "manager": "u12", **fields}
        shown = {attributes.CASE_KIND: "partner-account"}
        message = await self.message(am.AccountBegun, **given)
        return await begin_case(self.client, PartnerAccount.run, self.handle.id, QUEUE, "begun", message, shown)

    async def tell(self, update: str, message: Message) -> Receipt:
        receipt: Receipt = await self.handle.execute_update(update, message, result_type=Receipt)
        return receipt

    async def say(self, update: str, kind: type[Message], **fields: Any) -> Receipt:
        return await self.tell(update, await self.message(kind, **fields))

    async def set(self, activity: str, days: float, **fields: Any) -> Receipt:
        planned = await self.now() + timedelta(days=days)
        return await self.say("activity_set", am.ActivitySet, activity=activity, planned_at=planned, **fields)

    async def call(self, call: str, **fields: Any) -> Receipt:
        return await self.say("call_made", am.CallMade, call=call, **fields)

    async def comment(self, call: str | None, text: str = GOOD, **fields: Any) -> Receipt:
        return await self.say("commented", am.Commented, call=call, text=text, **fields)

    async def end(self) -> Receipt:
        return await self.say("ended", am.AccountEnded, reason="партнёр ушёл", by=HEAD)

    # --- what is seen -------------------------------------------------------------------------------------------

    async def read(self) -> ReadOut:
        found: ReadOut = await self.handle.query("case", result_type=ReadOut)
        return found

    async def standings(self) -> dict[str, str]:
        """Key of each obligation → where it stands."""
        return {o.key: o.state for o in (await self.read()).obligations}

    async def run_id(self) -> str:
        return (await self.handle.describe()).run_id

    async def until(self, condition: Callable[[dict[str, str]], bool]) -> None:
        """Waits in real time until the duties stand so."""
        async with patiently():
            while not condition(await self.standings()):  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.05)

    async def until_written(self, condition: Callable[[dict[str, bool]], bool]) -> None:
        """Waits in real time until the register of calls is so."""
        async with patiently():
            while not condition(await self.calls()):  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.05)

    async def until_filed(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        """Waits in real time until the register of partners is so."""
        async with patiently():
            while not condition(await self.row()):  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.05)

    async def calls(self) -> dict[str, bool]:
        """The register of calls: call → whether its comment counts."""
        asked = select(partner_calls.c.call, partner_calls.c.counts).where(partner_calls.c.partner == self.partner)
        async with self.engine.connect() as connection:
            return {row.call: row.counts for row in await connection.execute(asked)}

    async def row(self) -> dict[str, Any]:
        """The partner in its register."""
        async with self.engine.connect() as connection:
            found = await connection.execute(select(partners).where(partners.c.partner == self.partner))
            return dict(found.mappings().one())

    async def breaches(self, key: str = "") -> list[tuple[str, str]]:
        """Obligation and entry of each row of the register of breaches whose key begins so, in order."""
        asked = select(breaches.c.key, breaches.c.entry).where(breaches.c.address == self.handle.id, breaches.c.key.startswith(key))
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(asked.order_by(breaches.c.seq))]

    async def told(self, kind: str) -> list[str]:
        """The texts of the notices of a kind."""
        asked = select(notices.c.text).where(notices.c.address == self.handle.id, notices.c.kind == kind).order_by(notices.c.seq)
        async with self.engine.connect() as connection:
            return list((await connection.execute(asked)).scalars())


def _must(up: bool) -> None:
    if not up:
        raise ApplicationError("away", type="Unavailable", category=ApplicationErrorCategory.BENIGN)
