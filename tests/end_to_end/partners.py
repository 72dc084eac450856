"""Partners as the outside world sees them: orders, renewals and payments told by webhook and by command line, on a worker and webhooks of
their own; and what is then found in the post, in billing and in the ledger."""

from __future__ import annotations

import asyncio
import io
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from pypdf import PdfReader
from sqlalchemy import Table, select
from temporalio.api.failure.v1 import Failure
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from deploy.demo.smtp_catcher import Caught
from deploy.demo.stage import ROOT, Stage
from regulations.read_out import ReadObligation, ReadOut
from runtime.database import open_database
from runtime.partner_tables import partner_allocations, partner_payments, partner_refunds
from starter.views import NotFound, Unavailable, read_case
from tests.end_to_end.test_command_line import Said, lines, reglament
from tests.end_to_end.test_starter import Door
from tests.end_to_end.warm import Warm
from tests.patience import patiently

CONTRACT = {"number": "О-114", "date": "2026-02-02"}
MANAGER, FINANCE = {"id": "u12", "role": "support_manager"}, {"id": "u50", "role": "finance"}
CARD = "4276 1917 1917 1917"
"""Of the company, in its file alone."""
QUEUE = "partners"


class Support:
    """A worker that may be killed and webhooks, on a task queue and with a company's file of their own, beside the stage's other parts."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        company = folder / "company.toml"
        given = (ROOT / "deploy/demo/company.toml").read_text("utf-8")
        company.write_text(given.replace("0000 0000 0000 0000", CARD), "utf-8")
        self.stage, self.folder, self.log = stage, folder, folder / "worker.log"
        self.settings = {"REGLAMENT_TASK_QUEUE": QUEUE, "REGLAMENT_COMPANY": str(company)}
        self.worker: Warm | None = None
        self.door = Door(stage, folder, **self.settings)
        self._port, stage.http_port = stage.http_port, self.door.port

    async def opens(self) -> None:
        """Until events are taken; the worker starts after that, since both need a processor to start."""
        await self.door.opens()
        self.start_worker()

    def start_worker(self) -> None:
        script = str(Path(__file__).with_name("mortal_worker.py"))
        self.worker = Warm([sys.executable, script], cwd=self.folder, env={**self.stage.environment, **self.settings}, out=self.log)

    def kill_worker(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait()

    @asynccontextmanager
    async def worker_held(self) -> AsyncIterator[None]:
        """Nobody works on the queue until the block is left: whatever is delivered meanwhile arrives at once."""
        assert self.worker is not None
        self.worker.send_signal(signal.SIGSTOP)
        try:
            while not self._writable():  # it was stopped within a transaction
                self.worker.send_signal(signal.SIGCONT)
                await asyncio.sleep(0.05)
                self.worker.send_signal(signal.SIGSTOP)
            yield
        finally:
            self.worker.send_signal(signal.SIGCONT)

    def _writable(self) -> bool:
        """Whether nobody is writing to the stage's database."""
        with closing(sqlite3.connect(self.stage.database_url.removeprefix("sqlite:///"), timeout=0)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
        return True

    def close(self) -> None:
        self.stage.http_port = self._port
        self.door.close()
        self.kill_worker()

    async def deliver(self, *events: dict[str, Any]) -> Said:
        """`reglament deliver` of these, one after the other."""
        return await reglament(self.stage, "deliver", "-", "--json", given=lines(*events), **self.settings)


class Case:
    """One case of partner support; its events come by signed webhook."""

    def __init__(self, stage: Stage, case: str, door: str, **about: str) -> None:
        """``about`` is what every one of its events names, by which it is found."""
        self.stage, self.case = stage, case
        self._door, self._about, self._number = door, about, 0

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.stage.client.get_workflow_handle(self.case)

    def event(self, what: str, **data: Any) -> dict[str, Any]:
        """The next event of this case, which happens now."""
        self._number += 1
        key = f"{'-'.join(self._about.values())}.{self._number}"
        return {
            "id": key,
            "type": f"{self._door}.{what}",
            "occurred_at": datetime.now(UTC).isoformat(),
            "data": {**self._about, **data},
        }

    async def say(self, what: str, **data: Any) -> str:
        """Posts the next event; gives its id."""
        event = self.event(what, **data)
        await self.stage.post(event)
        return str(event["id"])

    async def told(self, what: str, **data: Any) -> ReadOut:
        """Posts the next event; the read-out once the case has taken it."""
        key = await self.say(what, **data)
        return await self.until(lambda read: any(fact.key == key for fact in read.facts))

    async def read(self) -> ReadOut:
        """The read-out, as soon as a worker gives it."""
        return await self.until(lambda _: True)

    async def until(self, wanted: Callable[[ReadOut], bool]) -> ReadOut:
        """The read-out, as soon as it shows this."""
        read: ReadOut | None = None
        try:
            async with patiently():
                while read is None or not wanted(read):
                    if read is not None:
                        await asyncio.sleep(0.1)
                    with suppress(NotFound, Unavailable):
                        read = await read_case(self.stage.client, self.case)
        except TimeoutError:
            seen = "nowhere" if read is None else f"{read.stage}: {[f.what for f in read.facts]}, {[vars(o) for o in read.obligations]}"
            raise AssertionError(f"{self.case} stands {seen}") from None
        return read

    async def until_stage(self, *stages: str) -> ReadOut:
        return await self.until(lambda read: read.stage in stages)

    async def until_met(self, clause: str) -> ReadOut:
        """Until the newest obligation of a clause is met."""
        return await self.until(lambda read: [o.state for o in of_clause(read, clause)][-1:] == ["met"])


def of_clause(read: ReadOut, clause: str) -> list[ReadObligation]:
    return [o for o in read.obligations if o.clause == f"partner {clause}"]


class Sale(Case):
    """An order or a renewal, with the partner and the payer of its own."""

    def __init__(self, stage: Stage, deal: str, what: str = "order") -> None:
        super().__init__(stage, f"partner/{deal}/{what}", f"partner-{what}", deal=deal)
        self.deal = deal
        self.partner = {"id": f"p-{deal}", "name": "ООО «Ромашка»", "email": f"{deal}@partner.example", "contact": f"c-{deal}"}
        self.payer = {"name": "ООО «Ромашка»", "inn": "7707083893", "kpp": "773601001", "email": f"pay-{deal}@partner.example"}

    def consented(self, **data: Any) -> dict[str, Any]:
        return self.event("consented", partner=self.partner, manager="u12", contract=CONTRACT, **data)

    async def order(self) -> None:
        """Two services, and the form with the payer."""
        await self.stage.post(self.consented(services=[{"service": "crm"}, {"service": "scripts"}]))
        await self.say("form_received", payer=self.payer)

    def billed(self) -> list[str]:
        """The numbers that billing has given to invoices of this case."""
        return [str(one["answer"]["number"]) for one in self.stage.billing.invoices.values() if one["body"]["case"] == self.case]

    def letters(self) -> list[Caught]:
        """What the payer got by mail."""
        return [letter for letter in self.stage.mail.letters if letter.recipients == (self.payer["email"],)]

    def payment(self, reference: str, amount: str, purpose: str = "") -> Payment:
        """Money for its invoice, with the words that it prescribes."""
        (number,) = self.billed()
        words = f"Оплата по счету № {number}, договор-оферта № О-114 от 02.02.2026. {purpose} БЕЗ НДС"
        return Payment(
            self.stage, reference, {"amount": amount, "purpose": words, "payer_inn": "7707083893", "payer_name": self.payer["name"]}
        )


class Payment(Case):
    """Money that comes under a reference."""

    def __init__(self, stage: Stage, reference: str, money: dict[str, str]) -> None:
        super().__init__(stage, f"partner-payment/{reference}", "partner-payment", reference=reference)
        self.reference, self._money = reference, money

    def arrived(self) -> dict[str, Any]:
        """The bank's news of it: another event each time."""
        return self.event("arrived", **self._money)

    async def until_there(self) -> None:
        """Until the server has a case of it, whether anybody works on it or not."""
        async with patiently():
            while True:
                try:
                    await self.handle.describe()
                    return
                except RPCError:
                    await asyncio.sleep(0.05)


def printed(letter: Caught) -> str:
    """The words of the one PDF that a letter brings, with plain spaces between them."""
    (pdf,) = (part for part in letter.message.iter_attachments() if part.get_content_type() == "application/pdf")
    content = pdf.get_payload(decode=True)
    assert isinstance(content, bytes)
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


# --- the ledger of payments -----------------------------------------------------------------------------------------


async def ledger(stage: Stage, *references: str) -> dict[str, tuple[Decimal, list[tuple[str, Decimal]], list[tuple[str, Decimal]]]]:
    """What the tables say of these payments: what came, what of it went to which invoice, what was returned under which reference."""
    engine = open_database(stage.database_url)

    async def rows(table: Table) -> list[Any]:
        async with engine.connect() as connection:
            return list((await connection.execute(select(table).where(table.c.reference.in_(references)))).all())

    try:
        came, made, returned = [await rows(table) for table in (partner_payments, partner_allocations, partner_refunds)]
    finally:
        await engine.dispose()
    return {
        one.reference: (
            one.amount,
            [(row.invoice, row.amount) for row in made if row.reference == one.reference],
            [(row.refund, row.amount) for row in returned if row.reference == one.reference],
        )
        for one in came
    }


# --- what was said of failures --------------------------------------------------------------------------------------


async def failing(case: Case) -> list[str]:
    """What the server says of the activities of a case that have failed and are tried again, as soon as there are any."""
    async with patiently():
        while True:
            try:
                described = (await case.handle.describe()).raw_description
            except RPCError:  # it is not there yet
                described = None
            said = [] if described is None else [words for one in described.pending_activities for words in failures(one)]
            if said:
                return said
            await asyncio.sleep(0.05)


def failures(message: Message) -> Iterator[str]:
    """Every failure in a message of the server, with all that it holds."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for one in [value] if isinstance(value, Message) else value:
            if isinstance(one, Failure):
                yield one.SerializeToString().decode("utf-8", "replace")
            elif isinstance(one, Message):
                yield from failures(one)
