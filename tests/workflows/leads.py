"""A world for leads: real planning over centres that stand here, and activities of the same names that note what they were asked."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.planning import Planning
from regulations.editions import load_editions
from regulations.effects import Letter, LetterOutcome
from regulations.lead import messages as lm
from regulations.lead.effects import ClientQuestion, ClientStanding, InvoiceAnswer, InvoiceQuestion
from regulations.lead.narration import LeadResult
from regulations.lead.rows import LeadRow
from regulations.lead.state import COMPANY_ROLES, Status
from regulations.messages import Message
from regulations.plans import Address, Opening, OpeningRequest, PlanAnswer, PlanRequest
from regulations.read_out import ReadObligation, ReadOut
from regulations.record_batch import AnyRow, RecordBatch
from regulations.rows import BreachRow, IncidentRow
from regulations.time.calendar_spec import CalendarSpec
from runtime.centres import Centre
from runtime.connection import workflow_runner
from tests.regulations.lead.course import CALL, MANAGERS, ZONES, created
from tests.workflows.beginning import begin_case, delivered
from workflows import attributes
from workflows.docket import Receipt
from workflows.potential_sale import PotentialSale

QUEUE = "reglament"


def centre(code: str) -> Centre:
    """A centre as the register has it."""
    return Centre(
        code=code,
        name=f"СЦ {code}",
        zone=ZONES[code],
        email=f"{code}@centres.example",
        head=f"head@{code}.example",
        managers=[(m, m.title(), f"{m}@{code}.example") for m in MANAGERS],
        products=["extern"],
        left_out=False,
        left_out_until=None,
        disconnected=False,
        version=1,
    )


class LeadWorld:
    """What leads meet outside. Switches may be turned at any time."""

    def __init__(self) -> None:
        self.centres = {code: centre(code) for code in ZONES}
        self.standing = ClientStanding()
        """What billing says of every client."""
        self.invoices: dict[str, InvoiceAnswer] = {}
        """What linking an invoice comes to, by its number."""
        self.letters: list[Letter] = []
        self.batches: list[RecordBatch] = []
        self.openings: list[OpeningRequest] = []
        self.plans: list[PlanRequest] = []
        self.mail_up = self.billing_up = self.database_up = True
        self.mail_attempts = self.look_ups = 0
        self.meanwhile: dict[str, Callable[[], Awaitable[object]]] = {}
        """What is to happen while the activity of this name is at work; once."""
        roles = {role: Address(email=f"{role}@company.example") for role in COMPANY_ROLES}
        self._planning = Planning(
            company="СКБ Контур",
            calendars={"company": CalendarSpec.simple("Europe/Moscow", "RU")},
            roles=roles,
            editions=load_editions(),
            centres=self,
        )

    async def centre(self, code: str) -> Centre | None:
        return self.centres.get(code)

    @property
    def rows(self) -> list[AnyRow]:
        return [row for batch in self.batches for row in batch.rows]

    def of(self, uid: str) -> list[AnyRow]:
        """The rows of one lead."""
        return [row for batch in self.batches if batch.case_uid == uid for row in batch.rows]

    def breaches(self) -> list[tuple[str, str]]:
        return [(r.clause, r.entry.value) for r in self.rows if isinstance(r, BreachRow)]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]

    def register(self, uid: str) -> dict[int, LeadRow]:
        """The register of leads: the newest row of each round of one lead."""
        rows = [r for r in self.of(uid) if isinstance(r, LeadRow)]
        return {row.round: row for row in sorted(rows, key=lambda r: r.seq)}

    async def _pass(self, name: str, up: bool) -> None:
        """Lets happen what is to happen meanwhile; then goes on if this is up."""
        if (happens := self.meanwhile.pop(name, None)) is not None:
            await happens()
        if not up:
            raise ApplicationError("away", type="Unavailable", category=ApplicationErrorCategory.BENIGN)

    @activity.defn(name="open_case")
    async def open_case(self, request: OpeningRequest) -> Opening:
        await self._pass("open_case", True)
        opening = await self._planning.open_case(request)
        self.openings.append(request)
        return opening

    @activity.defn(name="plan")
    async def plan(self, request: PlanRequest) -> PlanAnswer:
        await self._pass("plan", True)
        self.plans.append(request)
        return await self._planning.plan(request)

    @activity.defn(name="look_up_client")
    async def look_up_client(self, question: ClientQuestion) -> ClientStanding:
        self.look_ups += 1
        await self._pass("look_up_client", self.billing_up)
        return self.standing

    @activity.defn(name="link_invoice")
    async def link_invoice(self, question: InvoiceQuestion) -> InvoiceAnswer:
        await self._pass("link_invoice", self.billing_up)
        return self.invoices.get(question.invoice, InvoiceAnswer(result="unknown"))

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
        self.batches.append(batch)
        return len(batch.rows)

    def activities(self) -> list[Callable[..., Any]]:
        return [self.open_case, self.plan, self.look_up_client, self.link_invoice, self.send_letter, self.record]

    def worker(self, client: Client, queue: str = QUEUE, **options: Any) -> Worker:
        """A worker with the strict sandbox of production."""
        return Worker(
            client,
            task_queue=queue,
            **{"workflows": [PotentialSale], "activities": self.activities(), "workflow_runner": workflow_runner(), **options},
        )


_clients = itertools.count(1)


class Lead:
    """One address on a server, and what is said to it; ``now`` is the clock of its events."""

    def __init__(self, client: Client, now: Callable[[], Awaitable[datetime]], queue: str = QUEUE) -> None:
        self.client, self.now, self.queue = client, now, queue
        self.number = f"C-{next(_clients)}"
        self.uid = ""
        self._keys = itertools.count(1)

    @property
    def handle(self) -> WorkflowHandle[PotentialSale, LeadResult]:
        """Of whatever run there is; it skips no time by itself."""
        return self.client.get_workflow_handle_for(PotentialSale.run, f"lead/{self.number}/extern")

    def key(self) -> str:
        return f"{self.number}-{next(self._keys)}"

    async def create(self, centre: str = "vlad-1", happened_at: datetime | None = None, **fields: Any) -> Receipt:
        """A creation by update-with-start, as a door does it. Raises WorkflowUpdateFailedError."""
        when = happened_at or await self.now()
        message = created(when, centre, **{"client": self.number, "key": self.key(), **fields})
        return await self.deliver(message)

    async def deliver(self, message: lm.Created) -> Receipt:
        shown = {
            attributes.CASE_KIND: "lead",
            attributes.STAGE: Status.NEW,
            attributes.CLIENT: self.number,
            attributes.SERVICE_CENTRE: message.centre,
        }
        address = f"lead/{self.number}/extern"
        return await delivered(lambda: begin_case(self.client, PotentialSale.run, address, self.queue, "created", message, shown))

    async def message(self, kind: type[Message], **fields: Any) -> Message:
        """A message to the lead that `create` has last begun, unless its uid or centre is said otherwise."""
        given = {"key": self.key(), "happened_at": await self.now(), "client": self.number, "product": "extern", **fields}
        if "uid" not in fields and "centre" not in fields:
            self.uid = self.uid or (await self.read()).uid
            given["uid"] = self.uid
        return kind.model_validate(given)

    async def send(self, update: str, message: Message) -> Receipt:
        return await delivered(lambda: self.handle.execute_update(update, message, result_type=Receipt))

    async def say(self, update: str, kind: type[Message], **fields: Any) -> Receipt:
        return await self.send(update, await self.message(kind, **fields))

    async def take(self, **fields: Any) -> Receipt:
        return await self.say("taken_into_work", lm.TakenIntoWork, **{"contact": CALL, **fields})

    async def read(self) -> ReadOut:
        found: ReadOut = await self.handle.query("case", result_type=ReadOut)
        return found

    async def duty(self, clause: str) -> ReadObligation:
        """The newest obligation of a clause."""
        return next(o for o in reversed((await self.read()).obligations) if o.clause == f"lead {clause}")

    async def events(self) -> list[str]:
        history = await self.handle.fetch_history()
        return [EventType.Name(e.event_type).removeprefix("EVENT_TYPE_") for e in history.events]


async def _real_now() -> datetime:
    return datetime.now(UTC)


def lead_on(env: WorkflowEnvironment, *, skipping: bool = False, queue: str = QUEUE) -> Lead:
    """A lead whose events happen by the clock of the server."""
    return Lead(env.client, env.get_current_time if skipping else _real_now, queue)


def refusal(error: BaseException) -> str:
    """The type with which a message was refused."""
    assert isinstance(error, WorkflowUpdateFailedError), error
    assert isinstance(error.cause, ApplicationError)
    return error.cause.type or ""


async def refused(sending: Awaitable[object]) -> str:
    """The type with which what is being sent is refused."""
    with pytest.raises(WorkflowUpdateFailedError) as error:
        await sending
    return refusal(error.value)


async def to_friday(env: WorkflowEnvironment) -> datetime:
    """Moves the clock to 17:30 in Vladivostok of a Friday before an ordinary week."""
    now = await env.get_current_time()
    friday = (now + timedelta(days=(4 - now.weekday()) % 7 or 7)).replace(hour=7, minute=30, second=0, microsecond=0)
    while (friday.month, friday.day) >= (12, 20) or friday.month in (1, 2, 3, 5, 6, 11):
        friday += timedelta(days=7)
    await env.sleep(friday - now)
    return await env.get_current_time()


def paid(at: datetime) -> InvoiceAnswer:
    return InvoiceAnswer(result="linked", paid_at=at, amount=Decimal("12000"), currency="RUB")
