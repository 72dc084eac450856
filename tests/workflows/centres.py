"""Service centres behind a worker: real planning, real registers, leads that note what they are told."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.measures import Measures
from activities.planning import Planning
from activities.record import Registers
from activities.tell import CaseTeller
from regulations.editions import load_editions
from regulations.lead import messages as lm
from regulations.messages import Message
from regulations.plans import Address
from regulations.read_out import ReadOut
from runtime.centres import Centre, CentreReader
from runtime.connection import workflow_runner
from runtime.measures import Measure, MeasureRegister
from runtime.registers import RegisterWriter
from runtime.tables import incidents, notices
from tests.activities.test_measures import define, propose
from tests.patience import patiently
from tests.regulations.handoff.course import CALENDAR
from tests.regulations.lead.centres import HEAD, LEAD, SUPPORT, ZONE
from tests.workflows.beginning import begin_case
from tests.workflows.standin_lead import StandInLead
from workflows import attributes
from workflows.docket import Receipt
from workflows.service_centre import ServiceCentre

QUEUE = "centres"
_numbers = itertools.count(1)


class Region:
    """One centre on a server, with a lead of its own. Its proposals are ``p1``, ``p2`` and so on."""

    def __init__(self, env: WorkflowEnvironment, engine: AsyncEngine, number: int | None = None) -> None:
        self.env, self.engine = env, engine
        self.client: Client = env.client
        number = number or next(_numbers)
        self.code, self.lead = f"vlad-{number}", f"{LEAD}-{number}"
        self.register = MeasureRegister(engine)
        self.handle: WorkflowHandle[ServiceCentre, None] = self.client.get_workflow_handle_for(
            ServiceCentre.run, f"service-centre/{self.code}"
        )
        self._keys = itertools.count(1)

    async def now(self) -> datetime:
        return await self.env.get_current_time() if self.env.supports_time_skipping else datetime.now(UTC)

    def activities(self) -> list[Callable[..., Any]]:
        planning = Planning(
            company="Company",
            calendars={"company": CALENDAR},
            roles={"sales_support": Address(email="support@company.example")},
            editions=load_editions(),
        )
        record = Registers(RegisterWriter(self.engine)).record
        return [
            planning.open_case,
            planning.plan,
            record,
            Measures(self.register).settle_proposal,
            CaseTeller(self.client, QUEUE).tell_case,
        ]

    def worker(self, **options: Any) -> Worker:
        """A worker with the strict sandbox of production."""
        given = {"workflow_runner": workflow_runner(), **options}
        return Worker(self.client, task_queue=QUEUE, workflows=[ServiceCentre, StandInLead], activities=self.activities(), **given)

    async def message(self, kind: type[Message], **fields: Any) -> Message:
        given = {"key": f"{self.code}-{next(self._keys)}", "happened_at": await self.now(), "code": self.code, **fields}
        return kind.model_validate(given)

    async def define(self, **fields: Any) -> Receipt:
        """By update-with-start, as a door does."""
        given = {
            "name": "СЦ Владивосток",
            "zone": ZONE,
            "email": "leads@vlad.example.org",
            "head": "head@vlad.example.org",
            "products": ["bureau", "elba"],
        }
        defined = await self.message(lm.CentreDefined, **{**given, **fields})
        shown = {attributes.CASE_KIND: "service-centre"}
        return await begin_case(self.client, ServiceCentre.run, self.handle.id, QUEUE, "defined", defined, shown)

    async def say(self, update: str, kind: type[Message], **fields: Any) -> Receipt:
        receipt: Receipt = await self.handle.execute_update(update, await self.message(kind, **fields), result_type=Receipt)
        return receipt

    async def decide(self, *measures: lm.MeasureKind, proposal: str = "p1", **fields: Any) -> Receipt:
        given = {"proposal": f"{self.code}/{proposal}", "measures": measures, "reason": "в третий раз", "by": SUPPORT}
        return await self.say("measure_decided", lm.MeasureDecided, **{**given, **fields})

    async def object(self, proposal: str = "p1") -> Receipt:
        given = {"proposal": f"{self.code}/{proposal}", "text": "клиент просил позвонить позже", "by": HEAD}
        return await self.say("objected", lm.Objected, **given)

    async def rule(self, *, upheld: bool, proposal: str = "p1") -> Receipt:
        given = {"proposal": f"{self.code}/{proposal}", "upheld": upheld, "reason": "запись звонка есть", "by": SUPPORT}
        return await self.say("objection_decided", lm.ObjectionDecided, **given)

    async def lift(self, proposal: str = "p1") -> Receipt:
        given = {"proposal": f"{self.code}/{proposal}", "reason": "новые сотрудники", "by": SUPPORT}
        return await self.say("measure_lifted", lm.MeasureLifted, **given)

    async def propose(self, *names: str, **fields: Any) -> None:
        """What a lead writes when a term is missed."""
        await propose(self.engine, *(f"{self.code}/{name}" for name in names), centre=self.code, address=self.lead, **fields)

    async def other(self, code: str) -> None:
        """Another centre, which may get leads."""
        await define(self.engine, code, "bureau")

    async def begin_lead(self, refuses: str = "") -> WorkflowHandle[Any, Any]:
        await self.client.start_workflow(StandInLead.run, refuses, id=self.lead, task_queue=QUEUE)
        return self.client.get_workflow_handle(self.lead)

    async def read(self) -> ReadOut:
        found: ReadOut = await self.handle.query("case", result_type=ReadOut)
        return found

    async def reaches(self, what: str, times: int = 1) -> ReadOut:
        """Waits in real time until the trail has this fact so many times."""
        async with patiently():
            while True:
                read = await self.read()
                if sum(f.what == what for f in read.facts) >= times:
                    return read
                await asyncio.sleep(0.05)

    async def row(self) -> Centre:
        """The centre in the register."""
        found = await CentreReader(self.engine).centre(self.code)
        assert found is not None
        return found

    async def until_row(self, condition: Callable[[Centre], bool]) -> Centre:
        """Waits in real time until the register says so."""
        async with patiently():
            while True:
                found = await CentreReader(self.engine).centre(self.code)
                if found is not None and condition(found):
                    return found
                await asyncio.sleep(0.05)

    async def measure(self, proposal: str = "p1") -> Measure:
        [found] = [m for m in await self.register.list(centre=self.code, chosen="all") if m.key == f"{self.code}/{proposal}"]
        return found

    async def incidents(self) -> list[str]:
        return await self._column(incidents.c.what, incidents.c.address)

    async def noticed(self) -> list[str]:
        return await self._column(notices.c.role, notices.c.address)

    async def _column(self, column: Any, address: Any) -> list[str]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(select(column).where(address == self.handle.id).order_by(column))).scalars())
