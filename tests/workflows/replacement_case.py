"""One replacement on a server: what is said to it, and how it comes to each of its stages."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from regulations.messages import Message
from regulations.read_out import ReadObligation, ReadOut
from regulations.replacement import messages as rm
from regulations.replacement.narration import ReplacementResult
from regulations.replacement.state import KIND, Stage
from tests.patience import patiently
from tests.regulations.replacement.course import CONTROL_PERSON, EXPORT, FRANCHISEE, OFFICE_PERSON, OWN_CRM, SHEET, TECHNICAL_PERSON
from tests.workflows.beginning import begin_case
from tests.workflows.play import to_monday
from tests.workflows.replacements import NEXT_PERIOD, PERIOD, QUEUE, SCRIPT, ReplacementWorld
from tests.workflows.skipping import until_it_waits
from tests.workflows.world import until
from workflows import attributes
from workflows.docket import Receipt
from workflows.lead_replacement import LeadReplacement

_accounts = itertools.count(1)


class Case:
    """One address on a server, and what is said to it; ``now`` is the clock of its events."""

    def __init__(self, client: Client, now: Callable[[], Awaitable[datetime]], queue: str = QUEUE, n: int = 1) -> None:
        self.client, self.now, self.queue, self.n = client, now, queue, n
        self.account = f"A-{next(_accounts)}"
        self._keys = itertools.count(1)

    @property
    def address(self) -> str:
        return f"{KIND}/{self.account}/{PERIOD}/{self.n}"

    @property
    def handle(self) -> WorkflowHandle[LeadReplacement, ReplacementResult]:
        """Of whatever run there is; it skips no time by itself."""
        return self.client.get_workflow_handle_for(LeadReplacement.run, self.address)

    async def begun_in(self, world: ReplacementWorld, **changes: Any) -> None:
        """Billing has the account, whose tariff began ten days ago."""
        await world.account(self.account, await self.now() - timedelta(days=10), **changes)

    async def message(self, kind: type[Message], **fields: Any) -> Message:
        given = {
            "key": f"{self.account}-{self.n}-{next(self._keys)}",
            "happened_at": await self.now(),
            "account": self.account,
            "period": PERIOD,
            "n": self.n,
        }
        return kind.model_validate({**given, **fields})

    async def ask(self, **fields: Any) -> Receipt:
        """The franchisee asks for 400, by the short form unless said otherwise. Raises WorkflowUpdateFailedError."""
        given = {"asked": 400, "login": f"login-{self.account}", "script": SCRIPT, "franchisee": FRANCHISEE}
        return await self.begin("requested", await self.message(rm.Requested, **{**given, **fields}))

    async def ask_with_crm(self, secret: str, **fields: Any) -> Receipt:
        """By the long form, with the reference to a password."""
        return await self.ask(crm={**OWN_CRM, "secret": secret}, **fields)

    async def top_up(self) -> Receipt:
        return await self.begin("topped_up", await self.message(rm.ToppedUp))

    async def begin(self, update: str, message: Message) -> Receipt:
        """By update-with-start, as a door does it."""
        shown = {attributes.CASE_KIND: KIND, attributes.STAGE: Stage.CHECKING, attributes.CLIENT: self.account}
        return await begin_case(self.client, LeadReplacement.run, self.address, self.queue, update, message, shown)

    async def send(self, update: str, message: Message) -> Receipt:
        receipt: Receipt = await self.handle.execute_update(update, message, result_type=Receipt)
        return receipt

    async def say(self, update: str, kind: type[Message], **fields: Any) -> Receipt:
        return await self.send(update, await self.message(kind, **fields))

    async def export(self, sha256: str = EXPORT, **fields: Any) -> Receipt:
        files = [{"name": "export.csv", "sha256": sha256}]
        return await self.say("export_received", rm.ExportReceived, **{"by": TECHNICAL_PERSON, "files": files, **fields})

    async def decide(self, **fields: Any) -> Receipt:
        return await self.send("decided", await self.decision(**fields))

    async def decision(self, **fields: Any) -> Message:
        """Quality control's sheet."""
        files = [{"name": "sheet.xlsx", "sha256": SHEET}]
        return await self.message(rm.Decided, **{"by": CONTROL_PERSON, "files": files, **fields})

    async def withdraw(self) -> Receipt:
        return await self.say("withdraw", rm.WithdrawOfReplacement, by=OFFICE_PERSON, reason="просьба клиента")

    async def billing_changed(self) -> Receipt:
        return await self.say("account_changed", rm.AccountChanged)

    async def read(self) -> ReadOut:
        found: ReadOut = await self.handle.query("case", result_type=ReadOut)
        return found

    async def reaches(self, stage: str) -> None:
        """Waits in real time until the case stands there. It is asked only while nothing is under way: a query parts a task."""
        async with patiently():
            while True:
                await until_it_waits(self.handle)
                if (await self.read()).stage == stage:
                    return
                await asyncio.sleep(0.05)

    async def duty(self, clause: str) -> ReadObligation:
        """The newest obligation of a clause."""
        return next(o for o in reversed((await self.read()).obligations) if o.clause == f"replacement {clause}")

    async def audited(self, **fields: Any) -> None:
        """Asked, in order, exported, audited: quality control is to decide."""
        await self.ask(**fields)
        await self.reaches("awaiting_export")
        await self.export()
        await self.reaches("awaiting_decision")

    async def events(self) -> list[str]:
        history = await self.handle.fetch_history()
        return [EventType.Name(e.event_type).removeprefix("EVENT_TYPE_") for e in history.events]


async def _real_now() -> datetime:
    return datetime.now(UTC)


def case_on(env: WorkflowEnvironment, *, skipping: bool = False, queue: str = QUEUE, n: int = 1) -> Case:
    """A replacement whose events happen by the clock of the server."""
    return Case(env.client, env.get_current_time if skipping else _real_now, queue, n)


async def monday_case(env: WorkflowEnvironment, world: ReplacementWorld, **account: object) -> Case:
    """At ten o'clock of a Monday in Moscow, billing has the account and nothing was said yet."""
    await to_monday(env)
    case = case_on(env, skipping=True)
    await case.begun_in(world, **account)
    return case


def due_of(monday: datetime) -> datetime:
    """5.2 of a request of this Monday: three working days are over at the closing of Thursday, 18:00 in Moscow."""
    return monday.replace(hour=15, minute=0, second=0, microsecond=0) + timedelta(days=3)


async def to(env: WorkflowEnvironment, moment: datetime) -> None:
    await env.sleep(moment - await env.get_current_time())


# --- how it comes to its stages -----------------------------------------------------------------------------------


async def prolonged(case: Case, world: ReplacementWorld) -> None:
    """Asked a second time, on a new tariff that is paid; audited."""
    await world.tariff(case.account, NEXT_PERIOD, await case.now())
    await case.audited(prolongation=NEXT_PERIOD)


async def checking(case: Case, world: ReplacementWorld, secret: str) -> None:
    world.network_up = False
    await case.ask_with_crm(secret)


async def awaiting_export(case: Case, world: ReplacementWorld, secret: str) -> None:
    await case.ask_with_crm(secret)
    await case.reaches("awaiting_export")


async def auditing(case: Case, world: ReplacementWorld, secret: str) -> None:
    await awaiting_export(case, world, secret)
    world.audit_up = False
    await case.export()


async def awaiting_decision(case: Case, world: ReplacementWorld, secret: str) -> None:
    await awaiting_export(case, world, secret)
    await case.export()
    await case.reaches("awaiting_decision")


async def deciding(case: Case, world: ReplacementWorld, secret: str) -> None:
    await awaiting_decision(case, world, secret)
    world.audit_up = False
    await case.decide()


async def held(case: Case, world: ReplacementWorld, secret: str) -> None:
    await awaiting_decision(case, world, secret)
    await world.owes(case.account, await case.now())
    await case.decide()
    await case.reaches("held")


async def refused_by_billing(case: Case, world: ReplacementWorld, secret: str) -> None:
    await awaiting_decision(case, world, secret)
    world.billing.refuses = "счёт закрыт"
    await case.decide()
    await until(lambda: "credit_refused" in world.incidents())


STAGES = {
    "checking": checking,
    "awaiting_export": awaiting_export,
    "auditing": auditing,
    "awaiting_decision": awaiting_decision,
    "deciding": deciding,
    "held": held,
    "crediting": refused_by_billing,
}
"""Each with a password, by the stage to which it leads."""
