"""An onboarding on a server: what it meets outside, and what is said to it. Planning and registers are real."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import datetime
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
from activities.tell import CaseTeller
from regulations.editions import Editions, load_editions
from regulations.effects import BillingAnswer, BillingQuestion, CaseMessageToTell, CrmOutcome, CrmRecord, Payment, Told
from regulations.messages import Message, PeopleChanged
from regulations.onboarding import slip_messages as sm
from regulations.onboarding.case import COMPANY_ROLES, ITEMS, OWNERS
from regulations.onboarding.slip_narration import SlipResult
from regulations.onboarding.slip_state import KIND, SlipStage
from regulations.plans import Address, Opening, OpeningRequest, PlanAnswer, PlanRequest
from regulations.read_out import ReadOut
from regulations.record_batch import RecordBatch
from regulations.roster import Absence, Holder
from runtime import tables
from runtime.connection import workflow_runner
from runtime.registers import RegisterWriter
from tests.patience import patiently
from tests.regulations.course import KYIV_OFFICE
from tests.workflows.beginning import begin_case
from tests.workflows.skipping import until_it_waits
from workflows import attributes
from workflows.client_onboarding import ClientOnboarding
from workflows.docket import Receipt

ADDRESS, PLAN, QUEUE = "onboarding/K-204", "service-plan/c-18", "reglament"
PEOPLE = {role: f"u{n}" for n, role in enumerate(COMPANY_ROLES, start=1)}
"""The one person of each role."""
ROSTER = tuple(Holder(person=person, roles=(role,)) for role, person in PEOPLE.items())
CLIENT = {"id": "c-18", "name": "ТОВ «Барвінок»", "contact": "Ірина Коваль", "phone": "+380440000000"}
DOCUMENT = {"name": "Картка.pdf", "sha256": "a" * 64}
REPORT = ({"name": "Звіт.pdf", "sha256": "c" * 64},)
WITH_DOCUMENT = ("2.6", "2.7")


def by(role: str, person: str = "") -> dict[str, str]:
    """Somebody in a role; unless said otherwise the one who has it."""
    return {"role": role, "id": person or PEOPLE[role]}


class SlipWorld:
    """What an onboarding meets outside: real planning and registers, the rest stood in for. Switches may be turned at any time."""

    def __init__(self, engine: AsyncEngine, **settings: str) -> None:
        """``settings`` of the edition that are others than published."""
        self.engine = engine
        self.database_up = self.billing_up = self.crm_up = self.plan_up = True
        self.roster = ROSTER
        self.payments: tuple[Payment, ...] = ()
        """What billing has of the client."""
        self.answer = Told(result="done")
        """What the service plan says."""
        self.teller: CaseTeller | None = None
        """Begins a real service plan."""
        self.polls = 0
        self.records: list[CrmRecord] = []
        self.told: list[CaseMessageToTell] = []
        self.meanwhile: dict[str, Callable[[], Awaitable[object]]] = {}
        """What is to happen while the activity of this name is at work; once."""
        self._registers = Registers(RegisterWriter(engine))
        files = [f.model_copy(update={"settings": {**f.settings, **settings}}) for f in load_editions().files if f.regulation == KIND]
        self._planning = Planning(
            company="Моя компанія",
            calendars={"company": KYIV_OFFICE},
            roles={role: Address(email=f"{role}@company.example") for role in COMPANY_ROLES},
            editions=Editions(files),
        )

    def absent(self, role: str, absence: Absence, deputy: str, *roles: str) -> None:
        """Who has the role is absent, and somebody with other roles stands in: the register of people says so from now on."""
        others = tuple(holder for holder in self.roster if holder.person not in (PEOPLE[role], deputy))
        self.roster = (*others, Holder(person=PEOPLE[role], roles=(role,), absences=(absence,)), Holder(person=deputy, roles=roles))

    async def _happens_meanwhile(self, name: str) -> None:
        if (what := self.meanwhile.pop(name, None)) is not None:
            await what()

    @activity.defn(name="open_case")
    async def open_case(self, request: OpeningRequest) -> Opening:
        await self._happens_meanwhile("open_case")
        opening = await self._planning.open_case(request)
        return opening.model_copy(update={"roster": self.roster})

    @activity.defn(name="plan")
    async def plan(self, request: PlanRequest) -> PlanAnswer:
        await self._happens_meanwhile("plan")
        return await self._planning.plan(request)

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        _must(self.database_up)
        return await self._registers.record(batch)

    @activity.defn(name="await_payment")
    async def await_payment(self, question: BillingQuestion) -> BillingAnswer:
        self.polls += 1
        _must(self.billing_up and any(payment.reference not in question.known for payment in self.payments))
        return BillingAnswer(payments=self.payments)

    @activity.defn(name="enter_into_crm")
    async def enter_into_crm(self, record: CrmRecord) -> CrmOutcome:
        _must(self.crm_up)
        self.records.append(record)
        return CrmOutcome(record_id="z1", action="inserted")

    @activity.defn(name="tell_case")
    async def tell_case(self, message: CaseMessageToTell) -> Told:
        _must(self.plan_up)
        self.told.append(message)
        if self.teller is not None and message.address == PLAN:
            return await self.teller.tell_case(message)
        return self.answer

    def worker(self, client: Client, **options: Any) -> Worker:
        """A worker with the strict sandbox of production."""
        given = {"workflows": [ClientOnboarding], "workflow_runner": workflow_runner(), **options}
        activities: list[Callable[..., Any]] = [
            self.open_case,
            self.plan,
            self.record,
            self.await_payment,
            self.enter_into_crm,
            self.tell_case,
        ]
        return Worker(client, task_queue=QUEUE, activities=activities, **given)

    async def stored(self, table: str) -> list[dict[str, Any]]:
        async with self.engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(select(tables.metadata.tables[table]))).mappings()]


def _must(up: bool) -> None:
    if not up:
        raise ApplicationError("away", type="Unavailable", category=ApplicationErrorCategory.BENIGN)


class Slip:
    """One onboarding on a server, and its world; its events happen by the server's clock."""

    def __init__(self, env: WorkflowEnvironment, world: SlipWorld) -> None:
        self.env, self.world = env, world
        self._keys = itertools.count(1)

    @property
    def handle(self) -> WorkflowHandle[ClientOnboarding, SlipResult]:
        return self.env.client.get_workflow_handle_for(ClientOnboarding.run, ADDRESS)

    async def now(self) -> datetime:
        return await self.env.get_current_time()

    # --- what is told

    async def message(self, kind: type[Message], **fields: Any) -> Message:
        given: dict[str, Any] = {"key": f"k{next(self._keys)}", "happened_at": await self.now()}
        if "contract" in kind.model_fields:
            given["contract"] = "K-204"
        return kind.model_validate({**given, **fields})

    async def begin(self, **fields: Any) -> Receipt:
        given: dict[str, Any] = {
            "client": CLIENT,
            "regular": True,
            "programs": ("Комплект 1",),
            "price_agreement": "ДУ-7",
            "payment_day": 15,
            "update_every": "7 calendar days",
            "update_set": "повний комплект",
            "group_head": PEOPLE["group_head"],
            "client_manager": PEOPLE["client_manager"],
            "by": by("head_of_sales"),
        }
        message = await self.message(sm.HandedOver, **{**given, **fields})
        shown = {attributes.CASE_KIND: KIND, attributes.STAGE: SlipStage.COLLECTING_VISAS, attributes.CLIENT: "c-18"}
        receipt = await begin_case(self.env.client, ClientOnboarding.run, ADDRESS, QUEUE, "handed_over", message, shown)
        await until_it_waits(self.handle)
        return receipt

    async def tell(self, update: str, message: Message) -> Receipt:
        receipt: Receipt = await self.handle.execute_update(update, message, result_type=Receipt)
        return receipt

    async def say(self, update: str, kind: type[Message], **fields: Any) -> Receipt:
        """Tells it, and waits until it has done what there is to do."""
        receipt = await self.tell(update, await self.message(kind, **fields))
        await until_it_waits(self.handle)
        return receipt

    async def visa_message(self, item: str, person: str = "", **fields: Any) -> Message:
        files = (DOCUMENT,) if item in WITH_DOCUMENT else ()
        return await self.message(sm.VisaGiven, **{"item": item, "files": files, "by": by(OWNERS[item][0], person), **fields})

    async def visa(self, item: str, person: str = "", **fields: Any) -> Receipt:
        receipt = await self.tell("visa_given", await self.visa_message(item, person, **fields))
        await until_it_waits(self.handle)
        return receipt

    async def visas(self, *but: str) -> None:
        """All that are missing, but these, one after the other."""
        for item in ITEMS:
            if item not in but:
                await self.visa(item)

    async def refuse(self, item: str, reason: str = "нема підпису") -> Receipt:
        return await self.say("visa_refused", sm.VisaRefused, item=item, reason=reason, by=by(OWNERS[item][0]))

    async def contact(self, installation_at: datetime) -> Receipt:
        """The first contact, or another one: the installation is agreed for then."""
        return await self.say("first_contact", sm.FirstContact, installation_at=installation_at, by=by("service_group_head"))

    async def people_changed(self) -> Receipt:
        return await self.say("people_changed", PeopleChanged)

    def pay(self, at: datetime, reference: str = "p-1") -> None:
        """The payment stands in billing, posted then."""
        self.world.payments = (Payment(reference=reference, amount=Decimal("12000.00"), currency="UAH", reached_at=at),)

    # --- what is seen

    async def read(self) -> ReadOut:
        found: ReadOut = await self.handle.query("case", result_type=ReadOut)
        return found

    async def standings(self) -> dict[str, str]:
        """Key of each obligation → where it stands."""
        return {o.key: o.state for o in (await self.read()).obligations}

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits in real time for what an activity is about to do."""
        async with patiently():
            while not condition():  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.02)

    async def until_stored(self, table: str, rows: int) -> None:
        """Waits in real time until a register has so many rows."""
        async with patiently():
            while len(await self.world.stored(table)) != rows:  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.02)
