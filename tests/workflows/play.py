"""Plays the events of a handoff against a running case, at the case's own time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from regulations import messages as m
from regulations.effects import AccessGrant, Payment
from regulations.handoff.narration import HandoffResult
from regulations.read_out import ReadOut
from regulations.time.working_time import working_time
from tests.patience import patiently
from tests.regulations.handoff.course import CALENDAR, CC_PERSON, FILES, QUESTIONNAIRE, sale
from tests.workflows.world import QUEUE, World, begin, read, tell
from workflows.client_handoff import ClientHandoff
from workflows.docket import Receipt

_deals = itertools.count(1)


async def _real_now() -> datetime:
    return datetime.now(UTC)


class Play:
    """One case on a server."""

    def __init__(self, client: Client, world: World, now: Callable[[], Awaitable[datetime]] = _real_now) -> None:
        self.client, self.world, self.now = client, world, now
        self.deal = f"D-{next(_deals)}"
        self.handle: WorkflowHandle[ClientHandoff, HandoffResult]
        self._keys = itertools.count(1)

    async def sell(self, *, paid: bool = True, granted: bool = True, contract: str = "written", queue: str = QUEUE) -> None:
        """The sale; with ``paid`` and ``granted`` billing knows payment and access already."""
        now = await self.now()
        if paid:
            self.world.payments = (Payment(reference=f"pay-{self.deal}", amount=Decimal(12000), currency="RUB", reached_at=now),)
        if granted:
            self.world.access = AccessGrant(reference=f"acc-{self.deal}", granted_at=now, tariff="bureau-12")
        sold = sale(now, contract=contract).model_copy(update={"deal": self.deal})
        self.handle = await begin(self.client, sold, id=f"handoff/{self.deal}", queue=queue)

    async def paid(self) -> None:
        """The payment comes, and billing says so."""
        self.world.payments = (Payment(reference=f"pay-{self.deal}", amount=Decimal(12000), currency="RUB", reached_at=await self.now()),)
        await self.say("payment_received", m.PaymentReceived)

    async def message(self, kind: type[m.Message], **fields: Any) -> m.Message:
        given = {"key": f"{self.deal}-{next(self._keys)}", "happened_at": await self.now(), **fields}
        if "deal" in kind.model_fields:
            given.setdefault("deal", self.deal)
        return kind.model_validate(given)

    async def say(self, update: str, kind: type[m.Message], **fields: Any) -> Receipt:
        return await tell(self.handle, await self.message(kind, **fields), update)

    async def request(self, **fields: Any) -> Receipt:
        return await self.say(
            "request_received",
            m.RequestReceived,
            **{
                "subject": "Обучение клиента от ИП Петров",
                "message_id": "<request@partner.example>",
                "files": FILES,
                "questionnaire": QUESTIONNAIRE,
                **fields,
            },
        )

    async def accept(self) -> Receipt:
        return await self.say("accepted", m.Accepted, by=CC_PERSON)

    async def returned(self, *clauses: str) -> Receipt:
        return await self.say("returned", m.Returned, by=CC_PERSON, reasons=[{"clause": c} for c in clauses or ("3.3",)])

    async def fulfil(self, *but: str) -> None:
        """The remaining duties of the contact centre, closing documents last."""
        for update, kind in (
            ("first_contact", m.FirstContact),
            ("contract_signed", m.ContractSigned),
            ("training_done", m.TrainingDone),
            ("closing_documents_signed", m.ClosingDocumentsSigned),
        ):
            if update not in but:
                await self.say(update, kind)

    async def read(self) -> ReadOut:
        return await read(self.handle)

    async def reaches(self, stage: str) -> None:
        """Waits in real time until the case stands there."""
        async with patiently():
            while (await self.read()).stage != stage:  # noqa: ASYNC110 - an activity's doing
                await asyncio.sleep(0.05)

    async def events(self) -> list[str]:
        from temporalio.api.enums.v1 import EventType

        history = await self.handle.fetch_history()
        return [EventType.Name(e.event_type).removeprefix("EVENT_TYPE_") for e in history.events]


def play_on(env: WorkflowEnvironment, world: World) -> Play:
    """A case whose events happen by the clock of the server."""

    async def now() -> datetime:
        return await env.get_current_time()

    return Play(env.client, world, now)


async def to_monday(env: WorkflowEnvironment) -> None:
    """Moves the clock to ten o'clock in Moscow of a Monday that begins two weeks without a holiday."""
    now = await env.get_current_time()
    monday = (now + timedelta(days=7 - now.weekday())).replace(hour=7, minute=0, second=0, microsecond=0)
    hours = working_time(CALENDAR).hours
    while hours.nth_working_day(monday.toordinal() - 1, 10) != monday.toordinal() + 11:
        monday += timedelta(days=7)
    await env.sleep(monday - now)
