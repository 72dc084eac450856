"""A world for replacements: real planning, registers, billing's tables and interface, links and secrets; letters and audits are noted."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import Worker

from activities.planning import Planning
from activities.record import Registers
from activities.replacements import Replacements
from deploy.demo.billing_standin import BillingStandIn
from regulations.editions import load_editions
from regulations.effects import Letter, LetterOutcome
from regulations.plans import Address, Opening, OpeningRequest, PlanAnswer, PlanRequest
from regulations.record_batch import AnyRow, RecordBatch
from regulations.replacement.effects import (
    AccountAnswer,
    AccountQuestion,
    AuditAnswer,
    AuditQuestion,
    CreditOrder,
    CreditOutcome,
    DecisionAnswer,
    DecisionQuestion,
    LinksAnswer,
    LinksQuestion,
    SecretToDestroy,
)
from regulations.replacement.state import COMPANY_ROLES
from regulations.rows import BreachRow, IncidentRow
from regulations.time.calendar_spec import CalendarSpec
from runtime.account_billing import AccountReader
from runtime.billing_api import BillingApi, BillingApiSettings
from runtime.connection import workflow_runner
from runtime.database import create_billing_tables, open_billing, open_database
from runtime.effect_ledger import EffectLedger
from runtime.encryption import KeyRing
from runtime.links import LinkGuard
from runtime.registers import RegisterWriter
from runtime.replacement_tables import billing_account_tariffs, billing_accounts, billing_debts, credits, replacements, secrets
from runtime.replacements import ReplacementRegister
from runtime.secrets import SecretStore
from tests.databases import migrated
from tests.regulations.replacement.course import (
    AUDITED,
    DECIDED,
)
from workflows.lead_replacement import LeadReplacement

QUEUE = "reglament"
OFFICE = CalendarSpec.simple("Europe/Moscow", "RU", "09:00-18:00")
PERIOD, NEXT_PERIOD = "2026-10", "2026-11"
SCRIPT = "https://docs.example.org/script"
PUBLIC = "93.184.215.14"
N = 10_000
"""Identifications of every tariff here."""


class ReplacementWorld:
    """What replacements meet outside. Switches may be turned at any time."""

    def __init__(
        self, engine: AsyncEngine, reading: AsyncEngine, billing: BillingStandIn, api: BillingApi, calendar: CalendarSpec = OFFICE
    ) -> None:
        self.engine = engine
        self.billing = billing
        """Billing's interface: what was credited, in order; ``down`` and ``refuses`` are its switches."""
        self.letters: list[Letter] = []
        self.batches: list[RecordBatch] = []
        self.asked: list[AccountQuestion] = []
        self.mail_up = self.billing_up = self.network_up = self.database_up = self.audit_up = True
        self.mail_attempts = self.look_ups = 0
        self.audited: AuditAnswer = AUDITED
        self.decided: DecisionAnswer = DECIDED
        self.names: dict[str, Sequence[str]] = {"docs.example.org": [PUBLIC], "crm.example.org": [PUBLIC]}
        self.meanwhile: dict[str, Callable[[], Awaitable[object]]] = {}
        """What is to happen while the activity of this name is at work; once."""
        self.secrets = SecretStore(engine, KeyRing([os.urandom(32)]))
        self._registers = Registers(RegisterWriter(engine))
        self._replacements = Replacements(
            AccountReader(reading),
            ReplacementRegister(engine),
            LinkGuard(self._resolve, lambda: httpx2.MockTransport(lambda _: httpx2.Response(200))),
            EffectLedger(engine),
            api,
            self.secrets,
            [SCRIPT],
        )
        self._planning = Planning(
            company="Моя компания",
            calendars={"company": calendar},
            roles={role: Address(email=f"{role}@company.example") for role in COMPANY_ROLES},
            editions=load_editions(),
        )

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        return self.names[host]

    # --- billing's tables, written to as its own programs do

    async def account(self, account: str, began_at: datetime, **changes: Any) -> None:
        """An account with a tariff of N that has begun so, a quarter of it left."""
        await self.billing.bill(billing_accounts, account=account, login=f"login-{account}", zone="Europe/Moscow")
        await self.tariff(account, PERIOD, began_at, **changes)

    async def tariff(self, account: str, period: str, began_at: datetime, **changes: Any) -> None:
        plain = {"mode": "ours", "identifications": N, "balance": N // 4, "began_at": began_at, "paid_at": began_at}
        await self.billing.bill(billing_account_tariffs, account=account, period=period, **{**plain, **changes})

    async def owes(self, account: str, due_at: datetime) -> None:
        await self.billing.bill(billing_debts, account=account, reference="inv-1", amount=Decimal("100.00"), currency="RUB", due_at=due_at)

    async def pays(self, account: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(delete(billing_debts).where(billing_debts.c.account == account))

    async def changes(self, account: str, **values: Any) -> None:
        """The tariff of the account is another one now."""
        tariff = update(billing_account_tariffs).where(billing_account_tariffs.c.account == account)
        async with self.engine.begin() as connection:
            await connection.execute(tariff.where(billing_account_tariffs.c.period == PERIOD).values(**values))

    # --- what came of it

    @property
    def rows(self) -> list[AnyRow]:
        return [row for batch in self.batches for row in batch.rows]

    def breaches(self) -> list[tuple[str, str]]:
        return [(r.clause, r.entry.value) for r in self.rows if isinstance(r, BreachRow)]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]

    def templates(self) -> list[str]:
        return [letter.template.removeprefix("replacement/") for letter in self.letters]

    def entries(self) -> list[tuple[str, int, str]]:
        """What billing's interface has booked, in order: entry, identifications, period."""
        bodies = [credit["body"] for credit in self.billing.credits.values()]
        return [(body["entry"], body["identifications"], body["period"]) for body in bodies]

    async def balance(self, account: str, period: str = PERIOD) -> int:
        c = billing_account_tariffs.c
        async with self.engine.connect() as connection:
            row = await connection.execute(select(c.balance).where(c.account == account, c.period == period))
            return int(row.scalar_one())

    async def register(self, address: str) -> dict[str, Any]:
        """The row of the newest case of an address in the register of replacements."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(
                select(replacements).where(replacements.c.address == address).order_by(replacements.c.requested_at)
            )
            return dict(rows.mappings().all()[-1])

    async def credited(self, address: str) -> list[tuple[str, int, str, str]]:
        """The register of credits: entry, identifications, the period whose balance grew, the tariff to which they belong."""
        c = credits.c
        chosen = select(c.entry, c.identifications, c.period, c.of_period).where(c.address == address).order_by(c.seq)
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(chosen)]

    async def keep_secret(self, ref: str, address: str, now: datetime) -> str:
        """The password, as a door keeps it; its reference."""
        async with self.engine.begin() as connection:
            await self.secrets.keep(connection, {ref: "пароль клиента"}, address, now)
        return ref

    async def destroyed(self, ref: str) -> bool:
        async with self.engine.connect() as connection:
            return (await connection.execute(select(secrets.c.sealed).where(secrets.c.ref == ref))).scalar_one() is None

    # --- the activities

    async def _pass(self, name: str, up: bool) -> None:
        """Lets happen what is to happen meanwhile; then goes on if this is up."""
        if (happens := self.meanwhile.pop(name, None)) is not None:
            await happens()
        if not up:
            raise ApplicationError("away", type="Unavailable", category=ApplicationErrorCategory.BENIGN)

    @activity.defn(name="open_case")
    async def open_case(self, request: OpeningRequest) -> Opening:
        return await self._planning.open_case(request)

    @activity.defn(name="plan")
    async def plan(self, request: PlanRequest) -> PlanAnswer:
        await self._pass("plan", True)
        return await self._planning.plan(request)

    @activity.defn(name="look_up_account")
    async def look_up_account(self, question: AccountQuestion) -> AccountAnswer:
        self.look_ups += 1
        await self._pass("look_up_account", self.billing_up)
        self.asked.append(question)
        return await self._replacements.look_up_account(question)

    @activity.defn(name="check_links")
    async def check_links(self, question: LinksQuestion) -> LinksAnswer:
        await self._pass("check_links", self.network_up)
        return await self._replacements.check_links(question)

    @activity.defn(name="audit")
    async def audit(self, question: AuditQuestion) -> AuditAnswer:
        await self._pass("audit", self.audit_up)
        return self.audited

    @activity.defn(name="take_decision")
    async def take_decision(self, question: DecisionQuestion) -> DecisionAnswer:
        await self._pass("take_decision", self.audit_up)
        return self.decided

    @activity.defn(name="credit")
    async def credit(self, order: CreditOrder) -> CreditOutcome:
        await self._pass("credit", True)
        outcome = await self._replacements.credit(order)
        await self._pass(f"credited_{order.entry}", True)
        return outcome

    @activity.defn(name="destroy_secret")
    async def destroy_secret(self, secret: SecretToDestroy) -> None:
        await self._pass("destroy_secret", self.database_up)
        await self._replacements.destroy_secret(secret)

    @activity.defn(name="send_letter")
    async def send_letter(self, letter: Letter) -> LetterOutcome:
        self.mail_attempts += 1
        await self._pass("send_letter", self.mail_up)
        if letter.key not in {known.key for known in self.letters}:
            self.letters.append(letter)
        return LetterOutcome(result="sent", message_id="<m@example.org>", subject=letter.template)

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        await self._pass("record", self.database_up)
        written = await self._registers.record(batch)
        self.batches.append(batch)
        return written

    def activities(self) -> list[Callable[..., Any]]:
        return [
            self.open_case,
            self.plan,
            self.look_up_account,
            self.check_links,
            self.audit,
            self.take_decision,
            self.credit,
            self.destroy_secret,
            self.send_letter,
            self.record,
        ]

    def worker(self, client: Client, queue: str = QUEUE, **options: Any) -> Worker:
        """A worker with the strict sandbox of production."""
        return Worker(
            client,
            task_queue=queue,
            workflows=[LeadReplacement],
            activities=self.activities(),
            workflow_runner=workflow_runner(),
            **options,
        )


def _api_of(billing: BillingStandIn) -> BillingApi:
    return BillingApi(BillingApiSettings.model_validate({"url": billing.url, "token": billing.token}))


@asynccontextmanager
async def world_on(database_url: str, calendar: CalendarSpec = OFFICE) -> AsyncIterator[ReplacementWorld]:
    """A world over a database with the newest schema; ``calendar`` is the company's working time."""
    await create_billing_tables(database_url)
    engine, reading = open_database(database_url), open_billing(database_url)
    async with BillingStandIn(database_url) as billing, _api_of(billing) as api:
        yield ReplacementWorld(engine, reading, billing, api, calendar)
    await reading.dispose()
    await engine.dispose()


@asynccontextmanager
async def world_in(folder: Path, calendar: CalendarSpec = OFFICE) -> AsyncIterator[ReplacementWorld]:
    """A world over an SQLite database in a folder."""
    url = f"sqlite:///{folder / 'world.sqlite'}"
    await migrated(url)
    async with world_on(url, calendar) as world:
        yield world
