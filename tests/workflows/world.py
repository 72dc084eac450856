"""A world for workflow tests: real planning, and activities of the same names that note what they were asked and answer as told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import Worker

from activities.documents import Documents
from activities.planning import Planning
from regulations.documents import DocumentsAnswer, DocumentsQuestion, Found
from regulations.editions import Editions
from regulations.effects import AccessGrant, BillingAnswer, BillingQuestion, CrmOutcome, CrmRecord, Letter, LetterOutcome, Payment, Price
from regulations.handoff.narration import HandoffResult
from regulations.handoff.state import ROLES
from regulations.messages import Message, RequestFile, Sold
from regulations.plans import Address
from regulations.read_out import ReadOut
from regulations.record_batch import AnyRow, RecordBatch
from regulations.rows import BreachRow
from regulations.time.calendar_spec import CalendarSpec
from runtime.connection import workflow_runner
from tests.patience import patiently
from tests.regulations.course import EDITIONS
from tests.regulations.handoff.course import CALENDAR, QUESTIONNAIRE
from tests.workflows.beginning import begin_case
from workflows import attributes
from workflows.client_handoff import ClientHandoff
from workflows.docket import Receipt

QUEUE = "reglament"
ANSWERS, PAPER = "a" * 64, "b" * 64
UNREAD = (
    RequestFile(name="Анкета клиента client@example.org.docx", kind="questionnaire", sha256=ANSWERS),
    RequestFile(name="Договор.docx", kind="contract", sha256=PAPER),
)
"""Attachments of a request whose content the door has kept, and which have yet to be read."""
CONTENT = {ANSWERS: Found(fields=QUESTIONNAIRE), PAPER: Found()}
"""What reading finds in them."""

ROUND_THE_CLOCK = CalendarSpec.from_json(
    {
        "tz": "Europe/Moscow",
        "country": None,
        "weekly": {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
    }
)


def planning(terms: dict[str, str] | None = None) -> Planning:
    """Real planning; with ``terms`` of its own, round the clock, so that a term can run out within seconds."""
    roles = {role: Address(email=f"{role}@example.org") for role in ROLES}
    files = [f.model_copy(update={"terms": {**f.terms, **(terms or {})}}) for f in EDITIONS.files]
    calendar = ROUND_THE_CLOCK if terms else CALENDAR
    return Planning(company="Моё дело", calendars={"company": calendar}, roles=roles, editions=Editions(files))


class World:
    """What the case meets outside. Switches may be turned at any time."""

    def __init__(self, terms: dict[str, str] | None = None) -> None:
        self._planning = planning(terms)
        self.payments: tuple[Payment, ...] = ()
        self.price: Price | None = None
        self.access: AccessGrant | None = None
        self.letters: list[Letter] = []
        self.records: list[CrmRecord] = []
        self.batches: list[RecordBatch] = []
        self.mail_up = self.crm_up = self.database_up = self.billing_up = True
        self.look_ups = self.polls = self.mail_attempts = self.crm_attempts = 0
        self.refuse_letters = False
        self.found: dict[str, Found] = {}
        """What is in each file, by its SHA-256; a file that is not named here is lost."""
        self.reader_up, self.reader_broken = True, False
        self.readings = 0
        self.documents: Documents | None = None
        """The real reading of files, in place of what is noted here."""

    @property
    def rows(self) -> list[AnyRow]:
        return [row for batch in self.batches for row in batch.rows]

    def breaches(self) -> list[tuple[str, str]]:
        return [(r.clause, r.entry.value) for r in self.rows if isinstance(r, BreachRow)]

    def templates(self) -> list[str]:
        return [letter.template.removeprefix("handoff/") for letter in self.letters]

    @activity.defn(name="look_up_billing")
    async def look_up_billing(self, question: BillingQuestion) -> BillingAnswer:
        self.look_ups += 1
        _must(self.billing_up, "billing")
        return BillingAnswer(payments=self.payments, price=self.price, access=self.access)

    @activity.defn(name="await_payment")
    async def await_payment(self, question: BillingQuestion) -> BillingAnswer:
        self.polls += 1
        _must(any(p.reference not in question.known for p in self.payments), "payment")
        return BillingAnswer(payments=self.payments, price=self.price, access=self.access)

    @activity.defn(name="send_letter")
    async def send_letter(self, letter: Letter) -> LetterOutcome:
        self.mail_attempts += 1
        if self.refuse_letters:
            raise ApplicationError("550", type="Refused", non_retryable=True)
        _must(self.mail_up, "mail")
        if letter.key not in {known.key for known in self.letters}:
            self.letters.append(letter)
        return LetterOutcome(result="sent", message_id="<m@example.org>", subject=letter.template)

    @activity.defn(name="enter_into_crm")
    async def enter_into_crm(self, record: CrmRecord) -> CrmOutcome:
        self.crm_attempts += 1
        _must(self.crm_up, "crm")
        self.records.append(record)
        return CrmOutcome(record_id="z1", action="inserted")

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        _must(self.database_up, "database")
        self.batches.append(batch)
        return len(batch.rows)

    @activity.defn(name="read_documents")
    async def read_documents(self, question: DocumentsQuestion) -> DocumentsAnswer:
        self.readings += 1
        if self.reader_broken:
            raise ApplicationError("refused", type="Invalid", non_retryable=True)
        _must(self.reader_up, "files")
        return DocumentsAnswer(found=tuple(self.found.get(d.sha256, Found(problem="lost")) for d in question.documents))

    def activities(self) -> list[Callable[..., Any]]:
        return [
            self.look_up_billing,
            self.await_payment,
            self.send_letter,
            self.enter_into_crm,
            self.record,
            self.documents.read_documents if self.documents is not None else self.read_documents,
            self._planning.open_case,
            self._planning.plan,
        ]

    def worker(self, client: Client, queue: str = QUEUE, **options: Any) -> Worker:
        """A worker with the strict sandbox of production."""
        return Worker(
            client,
            task_queue=queue,
            workflows=[ClientHandoff],
            activities=self.activities(),
            workflow_runner=workflow_runner(),
            **options,
        )


def _must(up: bool, what: str) -> None:
    if not up:
        raise ApplicationError(f"{what} is away", type="Unavailable", category=ApplicationErrorCategory.BENIGN)


async def begin(client: Client, sold: Sold, *, id: str = "handoff/D-1", queue: str = QUEUE) -> WorkflowHandle[ClientHandoff, HandoffResult]:
    """Starts a handoff by update-with-start, as a door does; gives a handle without time skipping of its own."""
    shown = {attributes.CASE_KIND: "handoff", attributes.STAGE: "awaiting_payment", attributes.PARTNER: sold.partner.id}
    await begin_case(client, ClientHandoff.run, id, queue, "sold", sold, shown, WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY)
    return client.get_workflow_handle_for(ClientHandoff.run, id)


async def tell(handle: WorkflowHandle[Any, Any], message: Message, name: str) -> Receipt:
    receipt: Receipt = await handle.execute_update(name, message, result_type=Receipt)
    return receipt


async def read(handle: WorkflowHandle[Any, Any]) -> ReadOut:
    found: ReadOut = await handle.query("case", result_type=ReadOut)
    return found


async def until(condition: Callable[[], bool]) -> None:
    """Waits in real time for something that an activity is about to do."""
    async with patiently():
        while not condition():  # noqa: ASYNC110 - what is waited for is another process's or activity's doing
            await asyncio.sleep(0.02)
