"""Deals as the outside world sees them: a sender that keeps what it was answered, and the events and billing rows of one deal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from deploy.demo.handoffs import QUESTIONNAIRE
from deploy.demo.stage import Stage
from regulations.handoff.narration import HandoffResult
from regulations.read_out import ReadOut
from runtime.database import open_database
from runtime.tables import billing_access_grants, billing_invoices, billing_payments
from starter.inbox.delivery import deliver
from starter.inbox.outcome import Delivered, DeliveryError
from starter.views import NotFound, Unavailable, read_case
from tests.patience import patiently
from workflows.client_handoff import ClientHandoff

BY = {"id": "u17", "role": "cc"}
QUEUE = "reglament"


@dataclass
class Sender:
    """Delivers as a webhook's sender does: again and again until it is answered. What it was answered is the first ledger."""

    stage: Stage
    queue: str = QUEUE
    answers: list[tuple[str, Delivered]] = field(default_factory=list)
    """Event id and answer, in the order in which the answers came."""
    unanswered: int = 0
    """How often nobody was there to answer."""

    async def send(self, event: dict[str, Any]) -> Delivered:
        while True:
            try:
                done = await deliver(self.stage.client, event, task_queue=self.queue, hash_key="demo")
            except DeliveryError as e:
                if e.kind != "unavailable":
                    raise
                self.unanswered += 1
                await asyncio.sleep(0.2)
            else:
                self.answers.append((event["id"], done))
                return done


class Deal:
    """One deal: its rows in billing, its events, in real time."""

    def __init__(self, sender: Sender, deal: str, *, contract: str = "written") -> None:
        self.deal, self.case, self.contract = deal, f"handoff/{deal}", contract
        self.partner, self.login = f"partner-{deal.lower()}@partner.example", f"client-{deal.lower()}@client.example"
        self.sender = sender
        self._number = 0

    @property
    def handle(self) -> WorkflowHandle[ClientHandoff, HandoffResult]:
        """By the stage's present client: a killed server takes its connections along."""
        return self.sender.stage.client.get_workflow_handle_for(ClientHandoff.run, self.case)

    def event(self, what: str, **data: Any) -> dict[str, Any]:
        """The next event of this deal, which happens now."""
        self._number += 1
        happened = datetime.now(UTC).isoformat()
        return {
            "id": f"{self.deal}.{self._number}",
            "type": f"handoff.{what}",
            "occurred_at": happened,
            "data": {"deal": self.deal, **data},
        }

    async def say(self, what: str, **data: Any) -> Delivered:
        return await self.sender.send(self.event(what, **data))

    def sold(self) -> dict[str, Any]:
        return self.event(
            "sold",
            partner={"id": f"p-{self.deal}", "name": "ИП Петров", "email": self.partner, "collects_payments": False},
            client={"login": self.login, "name": f"ООО Ромашка {self.deal}", "inn": "7707083893"},
            tariff_line="bureau",
            contract=self.contract,
            told_client=True,
        )

    async def sell(self) -> Delivered:
        return await self.sender.send(self.sold())

    def request(self, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
        """The partner's training request with its attachments."""
        return self.event(
            "request_received",
            subject="Обучение клиента от ИП Петров",
            message_id=f"<request-{self._number}.{self.deal}@partner.example>",
            references=[f"<earlier.{self.deal}@partner.example>"],
            files=[
                {"name": f"Анкета клиента {self.login}.docx", "kind": "questionnaire"},
                {"name": "Договор.docx", "kind": "contract"},
            ],
            questionnaire={k: v for k, v in {**QUESTIONNAIRE, "login": self.login, "email": self.login}.items() if k not in without},
        )

    def accepted(self) -> dict[str, Any]:
        return self.event("accepted", by=BY)

    def returned(self) -> dict[str, Any]:
        return self.event("returned", by=BY, reasons=[{"clause": "3.3"}], comment="Дополните анкету, пожалуйста.")

    async def bill(self, paid: datetime | None = None) -> None:
        """The invoice of the deal, paid (now), and its access granted: all that a look-up in billing finds."""
        now = datetime.now(UTC)
        paid = paid or now
        engine = open_database(self.sender.stage.database_url)
        rows: tuple[tuple[Any, dict[str, Any]], ...] = (
            (
                billing_invoices,
                {
                    "number": f"inv-{self.deal}",
                    "deal": self.deal,
                    "login": self.login,
                    "tariff_code": "bureau-12",
                    "amount": Decimal(12000),
                    "currency": "RUB",
                    "issued_on": now.date() - timedelta(days=1),
                },
            ),
            (
                billing_payments,
                {
                    "reference": f"pay-{self.deal}",
                    "invoice_number": f"inv-{self.deal}",
                    "amount": Decimal(12000),
                    "currency": "RUB",
                    "posted_on": paid.date(),
                    "posted_at": paid,
                },
            ),
            (
                billing_access_grants,
                {
                    "reference": f"acc-{self.deal}",
                    "login": self.login,
                    "deal": self.deal,
                    "tariff_code": "bureau-12",
                    "granted_at": now,
                    "starts_on": now.date(),
                },
            ),
        )
        async with engine.begin() as connection:
            for table, values in rows:
                await connection.execute(insert(table).values(values))
        await engine.dispose()

    async def fulfil(self, *but: str) -> None:
        """The remaining duties of the contact centre, at once, but for those done already."""
        signed = ["contract_signed"] if self.contract == "written" else []
        duties = (*signed, "first_contact", "training_done", "closing_documents_signed")
        await asyncio.gather(*(self.say(what) for what in duties if what not in but))

    async def read(self) -> ReadOut:
        """The read-out, as soon as a worker gives it."""
        async with patiently():
            while True:
                try:
                    return await read_case(self.sender.stage.client, self.case)
                except (Unavailable, NotFound):  # nor may its first event have been delivered yet
                    await asyncio.sleep(0.2)

    async def until(self, *facts: str) -> ReadOut:
        """The read-out once all of these facts stand in the trail."""
        async with patiently():
            while True:
                read = await self.read()
                if set(facts) <= {f.what for f in read.facts}:
                    return read
                await asyncio.sleep(0.1)

    async def result(self) -> HandoffResult:
        """How the handoff ended, once it has; the server may be killed while we wait."""
        async with patiently():
            while True:
                try:
                    return await self.handle.result()
                except RPCError:
                    await asyncio.sleep(0.2)
