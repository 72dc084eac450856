"""Orders and renewals on a server: what they meet outside, and what is said to them. Planning and registers are real."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
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
from regulations.editions import Editions
from regulations.effects import CrmOutcome, CrmRecord, KeptFile, Letter, LetterOutcome
from regulations.messages import Message
from regulations.partner import sale_messages as m
from regulations.partner.effects import (
    InvoiceDraft,
    InvoiceIssued,
    InvoiceOrder,
    InvoiceQuestion,
    NextDealAnswer,
    NextDealQuestion,
    Sms,
    SmsOutcome,
)
from regulations.partner.invoice import compose
from regulations.partner.sale_narration import SaleResult
from regulations.partner.sale_state import ORDER, RENEWAL
from regulations.plans import Address, Opening, OpeningRequest, PlanAnswer, PlanRequest
from regulations.read_out import ReadOut
from regulations.record_batch import AnyRow, RecordBatch
from regulations.rows import BreachRow, IncidentRow
from runtime import tables
from runtime.connection import workflow_runner
from runtime.database import open_database
from runtime.registers import RegisterWriter
from tests.databases import migrated
from tests.patience import patiently
from tests.regulations.course import EDITIONS, OFFICE
from tests.regulations.partner.intakes import PARTNER, SUPPORT
from tests.regulations.partner.sales import CONTRACT, CRM, PAYER, ROLES, SERVICES
from tests.workflows.beginning import begin_case
from tests.workflows.skipping import until_it_waits
from workflows import attributes
from workflows.docket import Receipt
from workflows.renewal import Renewal
from workflows.service_order import ServiceOrder

QUEUE = "reglament"
_deals = itertools.count(1)


class SaleWorld:
    """What orders and renewals meet outside. Who is named in ``away`` cannot be reached."""

    def __init__(self, engine: AsyncEngine, editions: Editions = EDITIONS) -> None:
        self.engine = engine
        self.away: set[str] = set()
        """Of billing, crm, mail, sms, database."""
        self.deals: tuple[str, ...] = ("D-next",)
        """What the CRM's automation has opened."""
        self.invoices: dict[str, InvoiceOrder] = {}
        """By key: what billing has made."""
        self.letters: dict[str, Letter] = {}
        self.messages: dict[str, Sms] = {}
        self.records: dict[str, CrmRecord] = {}
        self.searches = 0
        self.batches: list[RecordBatch] = []
        self._registers = Registers(RegisterWriter(engine))
        roles = {role: Address(email=f"{role.replace(':', '-')}@company.example") for role in ROLES}
        self._planning = Planning(company="Моя компания", calendars={"company": OFFICE}, roles=roles, editions=editions)

    # --- what came of it

    @property
    def rows(self) -> list[AnyRow]:
        return [row for batch in self.batches for row in batch.rows]

    def breaches(self) -> list[tuple[str, str]]:
        return [(r.clause, r.entry.value) for r in self.rows if isinstance(r, BreachRow)]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]

    def templates(self) -> list[str]:
        return [letter.template.removeprefix("partner/") for letter in self.letters.values()]

    def statuses(self) -> list[object]:
        """What the CRM has taken, in order."""
        return [record.fields.get("status") for record in self.records.values()]

    async def stored(self, table: str, deal: str) -> list[dict[str, Any]]:
        wanted = select(tables.metadata.tables[table]).filter_by(deal=deal)
        async with self.engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(wanted)).mappings()]

    # --- the activities

    def _pass(self, who: str) -> None:
        if who in self.away:
            raise ApplicationError("away", type="Unavailable", category=ApplicationErrorCategory.BENIGN)

    @activity.defn(name="open_case")
    async def open_case(self, request: OpeningRequest) -> Opening:
        return await self._planning.open_case(request)

    @activity.defn(name="plan")
    async def plan(self, request: PlanRequest) -> PlanAnswer:
        return await self._planning.plan(request)

    @activity.defn(name="compose_invoice")
    async def compose_invoice(self, question: InvoiceQuestion) -> InvoiceDraft:
        return compose(question, SERVICES)

    @activity.defn(name="issue_invoice")
    async def issue_invoice(self, order: InvoiceOrder) -> InvoiceIssued:
        self._pass("billing")
        self.invoices.setdefault(order.key, order)
        number = f"{order.case.split('/')[1]}-{list(self.invoices).index(order.key) + 1}"
        file = KeptFile(name=f"{number}.pdf", content_type="application/pdf", sha256="a" * 64)
        return InvoiceIssued(result="issued", number=number, issued_on=order.now.date(), file=file)

    @activity.defn(name="send_letter")
    async def send_letter(self, letter: Letter) -> LetterOutcome:
        self._pass("mail")
        self.letters.setdefault(letter.key, letter)
        return LetterOutcome(result="sent", message_id="<m@example.org>", subject=letter.template)

    @activity.defn(name="send_sms")
    async def send_sms(self, sms: Sms) -> SmsOutcome:
        self._pass("sms")
        self.messages.setdefault(sms.key, sms)
        return SmsOutcome(result="sent")

    @activity.defn(name="enter_into_crm")
    async def enter_into_crm(self, record: CrmRecord) -> CrmOutcome:
        self._pass("crm")
        self.records.setdefault(record.key, record)
        return CrmOutcome(record_id=f"z-{len(self.records)}", action="inserted")

    @activity.defn(name="find_next_deal")
    async def find_next_deal(self, question: NextDealQuestion) -> NextDealAnswer:
        self._pass("crm")
        self.searches += 1
        return NextDealAnswer(deals=self.deals)

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        self._pass("database")
        written = await self._registers.record(batch)
        self.batches.append(batch)
        return written

    def activities(self) -> list[Callable[..., Any]]:
        return [
            self.open_case,
            self.plan,
            self.compose_invoice,
            self.issue_invoice,
            self.send_letter,
            self.send_sms,
            self.enter_into_crm,
            self.find_next_deal,
            self.record,
        ]

    def worker(self, client: Client, queue: str = QUEUE, **options: Any) -> Worker:
        """A worker with the strict sandbox of production."""
        return Worker(
            client,
            task_queue=queue,
            workflows=[ServiceOrder, Renewal],
            activities=self.activities(),
            workflow_runner=workflow_runner(),
            **options,
        )


@asynccontextmanager
async def world_in(folder: Path, editions: Editions = EDITIONS) -> AsyncIterator[SaleWorld]:
    """A world over an SQLite database in a folder."""
    url = f"sqlite:///{folder / 'world.sqlite'}"
    await migrated(url)
    engine = open_database(url)
    yield SaleWorld(engine, editions)
    await engine.dispose()


class SaleCase:
    """One order or renewal on a time-skipping server, and what is said to it."""

    def __init__(self, env: WorkflowEnvironment, *, renewal: bool = False) -> None:
        self.env, self.renewal = env, renewal
        self.deal = f"D-{next(_deals)}"
        self._keys = itertools.count(1)

    @property
    def address(self) -> str:
        return f"partner/{self.deal}/{'renewal' if self.renewal else 'order'}"

    @property
    def handle(self) -> WorkflowHandle[Any, SaleResult]:
        """Of whatever run there is; it skips no time by itself."""
        if self.renewal:
            return self.env.client.get_workflow_handle_for(Renewal.run, self.address)
        return self.env.client.get_workflow_handle_for(ServiceOrder.run, self.address)

    async def now(self) -> datetime:
        return await self.env.get_current_time()

    async def message(self, kind: type[Message], **fields: Any) -> Message:
        given = {"key": f"{self.deal}-{next(self._keys)}", "happened_at": await self.now(), "deal": self.deal}
        return kind.model_validate({**given, **fields})

    async def begin(self, **fields: Any) -> Receipt:
        """The partner consents: to the CRM under a contract, or to a further month."""
        given: dict[str, Any] = {"partner": PARTNER, "manager": "m1", "contract": CONTRACT}
        given |= {"package": "standard", "payer": PAYER} if self.renewal else {"services": [CRM]}
        message = await self.message(m.RenewalConsented if self.renewal else m.OrderConsented, **{**given, **fields})
        run: Any = Renewal.run if self.renewal else ServiceOrder.run
        shown = {attributes.CASE_KIND: RENEWAL if self.renewal else ORDER, attributes.PARTNER: "p-77"}
        return await begin_case(self.env.client, run, self.address, QUEUE, "consented", message, shown)

    async def say(self, update: str, kind: type[Message], **fields: Any) -> Receipt:
        return await self.send(update, await self.message(kind, **fields))

    async def send(self, update: str, message: Message) -> Receipt:
        receipt: Receipt = await self.handle.execute_update(update, message, result_type=Receipt)
        return receipt

    async def form(self, **fields: Any) -> Receipt:
        return await self.say("form_received", m.FormReceived, **{"payer": PAYER, **fields})

    async def payment(self, invoice: str, amount: Decimal, paid: Decimal, **fields: Any) -> Message:
        """The message of a payment, as `IncomingPayment` tells it."""
        reference = f"b-{next(self._keys)}"
        given = {"key": f"allocated#{reference}#match", "payment": reference, "invoice": invoice, "amount": amount, "paid": paid}
        return await self.message(m.Allocated, **{**given, **fields})

    async def tell(self, **fields: Any) -> Receipt:
        return await self.say("told", m.PartnerTold, **{"by": SUPPORT, **fields})

    async def rests(self) -> ReadOut:
        """Waits until there is nothing to do now, and reads it: a query meanwhile would part a task."""
        await until_it_waits(self.handle)
        found: ReadOut = await self.handle.query("case", result_type=ReadOut)
        return found

    async def reaches(self, stage: str) -> ReadOut:
        async with patiently():
            while True:
                if (found := await self.rests()).stage == stage:
                    return found
                await asyncio.sleep(0.05)
