"""A client's service plan on a server: what it meets outside, and what is said to it. Planning and registers are real."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
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
from regulations.effects import BillingAnswer, BillingQuestion, CaseMessageToTell, CrmOutcome, CrmRecord, Payment, Told
from regulations.messages import Message
from regulations.onboarding import plan_messages as pm
from regulations.onboarding.plan_narration import PlanResult
from regulations.onboarding.plan_state import KIND, PlanStage
from regulations.plans import Address
from regulations.read_out import ReadOut
from regulations.record_batch import RecordBatch
from runtime import tables
from runtime.connection import workflow_runner
from runtime.registers import RegisterWriter
from tests.regulations.course import KYIV_OFFICE
from tests.regulations.onboarding.plans import BEGUN, CLIENT, HEAD, MANAGER, ROLES
from tests.workflows.beginning import begin_case
from tests.workflows.skipping import until_it_waits
from workflows import attributes
from workflows.docket import Receipt
from workflows.service_plan import ServicePlan

QUEUE = "service"
_clients = itertools.count(1)


class Served:
    """One client's plan. What is not up fails until it is up again."""

    def __init__(self, env: WorkflowEnvironment, engine: AsyncEngine, number: int | None = None) -> None:
        self.env, self.engine = env, engine
        self.client: Client = env.client
        self.number = f"c-{number or next(_clients)}"
        self.handle: WorkflowHandle[ServicePlan, PlanResult] = self.client.get_workflow_handle_for(
            ServicePlan.run, f"service-plan/{self.number}"
        )
        self.billing_up = self.crm_up = self.database_up = True
        self.crm_refuses = False
        self.booked: list[Payment] = []
        """What billing knows."""
        self.look_ups = 0
        self.deals: list[CrmRecord] = []
        self.diaries: list[str] = []
        """Addresses of the diaries that were told."""
        self._registers = Registers(RegisterWriter(engine))
        self._keys = itertools.count(1)

    async def now(self) -> datetime:
        return await self.env.get_current_time() if self.env.supports_time_skipping else datetime.now(UTC)

    # --- the worker ---------------------------------------------------------------------------------------------

    @activity.defn(name="look_up_billing")
    async def look_up_billing(self, question: BillingQuestion) -> BillingAnswer:
        _must(self.billing_up)
        self.look_ups += 1
        return BillingAnswer(payments=tuple(self.booked))

    @activity.defn(name="enter_into_crm")
    async def enter_into_crm(self, record: CrmRecord) -> CrmOutcome:
        _must(self.crm_up)
        if self.crm_refuses:
            raise ApplicationError("no such direction", type="Refused", non_retryable=True)
        self.deals.append(record)
        return CrmOutcome(record_id=f"d-{len(self.deals)}", action="inserted")

    @activity.defn(name="tell_case")
    async def tell_case(self, message: CaseMessageToTell) -> Told:
        self.diaries.append(message.address)
        return Told(result="done")

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        _must(self.database_up)
        return await self._registers.record(batch)

    def activities(self) -> list[Callable[..., Any]]:
        planning = Planning(
            company="Моя компанія",
            calendars={"company": KYIV_OFFICE},
            roles={role: Address(email=f"{role.replace(':', '-')}@company.example") for role in ROLES},
            editions=load_editions(),
        )
        return [planning.open_case, planning.plan, self.record, self.look_up_billing, self.enter_into_crm, self.tell_case]

    def worker(self, **options: Any) -> Worker:
        """A worker with the strict sandbox of production."""
        given = {"workflow_runner": workflow_runner(), **options}
        return Worker(self.client, task_queue=QUEUE, workflows=[ServicePlan], activities=self.activities(), **given)

    def pays(self, at: datetime, reference: str = "b-1") -> None:
        """A payment that billing knows of."""
        self.booked.append(Payment(reference=reference, amount=Decimal("1200.00"), currency="UAH", reached_at=at))

    # --- what is told -------------------------------------------------------------------------------------------

    async def message(self, kind: type[Message], **fields: Any) -> Message:
        given = {"key": f"{self.number}-{next(self._keys)}", "happened_at": await self.now(), "client": self.number}
        return kind.model_validate({**given, **fields})

    async def begin(self, **fields: Any) -> Receipt:
        """By update-with-start, as the onboarding does."""
        given = {**BEGUN, "person": {**CLIENT, "id": self.number}, "installed_at": await self.now(), **fields}
        shown = {attributes.CASE_KIND: KIND, attributes.STAGE: PlanStage.ACTIVE, attributes.CLIENT: self.number}
        message = await self.message(pm.PlanBegun, **given)
        return await begin_case(self.client, ServicePlan.run, self.handle.id, QUEUE, "begun", message, shown)

    async def tell(self, update: str, message: Message) -> Receipt:
        receipt: Receipt = await self.handle.execute_update(update, message, result_type=Receipt)
        return receipt

    async def say(self, update: str, kind: type[Message], **fields: Any) -> Receipt:
        return await self.tell(update, await self.message(kind, **fields))

    async def visit(self, visit: str, *, updated: bool = True, **fields: Any) -> Receipt:
        return await self.say("visit_made", pm.VisitMade, visit=visit, updated=updated, **{"by": MANAGER, **fields})

    async def contact(self, contact: str) -> Receipt:
        return await self.say("contact_noted", pm.ContactNoted, contact=contact, topics=("use",), by=MANAGER)

    async def pay(self, reference: str, **fields: Any) -> Receipt:
        return await self.say("payment_posted", pm.PlanPaymentPosted, reference=reference, **fields)

    async def certify(self, user: str) -> Receipt:
        return await self.say("certificate_issued", pm.CertificateIssued, certificate=f"s-{user}", user=user, by=MANAGER)

    async def need(self, need: str) -> Receipt:
        return await self.say("need_found", pm.NeedFound, need=need, what="судова практика", by=MANAGER)

    async def end(self) -> Receipt:
        return await self.say("ended", pm.PlanEnded, reason="договір закінчено", by=HEAD)

    async def passes(self, **delta: float) -> None:
        """Time passes, and what there is to do then is done."""
        await until_it_waits(self.handle)
        await self.env.sleep(timedelta(**delta))
        await until_it_waits(self.handle)

    # --- what is seen -------------------------------------------------------------------------------------------

    async def read(self) -> ReadOut:
        found: ReadOut = await self.handle.query("case", result_type=ReadOut)
        return found

    async def standings(self, clause: str = "") -> dict[str, str]:
        """Key of each obligation, of one clause where one is named → where it stands."""
        return {o.key: o.state for o in (await self.read()).obligations if clause in ("", o.clause.partition(" ")[2])}

    async def run_id(self) -> str:
        return (await self.handle.describe()).run_id

    async def stored(self, table: str) -> list[dict[str, Any]]:
        """The rows of a register about this client, in their order."""
        rows = tables.metadata.tables[table]
        async with self.engine.connect() as connection:
            found = await connection.execute(select(rows).where(rows.c.address == self.handle.id).order_by(rows.c.seq))
            return [dict(row) for row in found.mappings()]

    async def breaches(self, key: str = "") -> list[str]:
        """The entries of the register of breaches about the obligations whose keys begin so."""
        return [row["entry"] for row in await self.stored("breaches") if row["key"].startswith(key)]


def _must(up: bool) -> None:
    if not up:
        raise ApplicationError("away", type="Unavailable", category=ApplicationErrorCategory.BENIGN)


async def four_weeks(plan: Served, name: str, *, reminded: bool = False) -> None:
    """What a client has in a month that is served as its contract wants: an update by a visit in each week, its payment, two contacts.

    Begins, and ends, on the third day of a period: there a visit is early enough for no reminder; else it waits for the sixth day.
    """
    for week in range(4):
        if week in (0, 2):
            await plan.contact(f"t-{name}-{week}")
        if week == 1:
            await plan.pay(f"p-{name}")
        await plan.passes(days=3 if reminded else 0, minutes=1)
        await plan.visit(f"v-{name}-{week}")
        await plan.passes(days=4 if reminded else 7, minutes=-1)
