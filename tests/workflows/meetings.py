"""The meetings of one manager on a server: what they meet outside, and what is said to them. Planning, packs and registers are real."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.planning import Planning
from activities.portfolio import Portfolio
from activities.record import Registers
from regulations.editions import load_editions
from regulations.effects import Letter, LetterOutcome
from regulations.messages import Message
from regulations.partner.meeting_messages import MeetingsScheduled
from regulations.partner.meeting_narration import MeetingsResult
from regulations.partner.meeting_state import KIND
from regulations.plans import Address
from regulations.read_out import ReadOut
from regulations.record_batch import RecordBatch
from regulations.rows import BreachRow
from runtime.connection import workflow_runner
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.portfolio import PortfolioReader
from runtime.registers import RegisterWriter
from tests.regulations.course import OFFICE
from tests.regulations.partner.intakes import SUPPORT
from tests.regulations.partner.meetings_course import ROLES
from tests.runtime.partner_book import Book
from tests.workflows.beginning import begin_case
from tests.workflows.skipping import until_it_waits
from workflows import attributes
from workflows.manager_meetings import ManagerMeetings

QUEUE = "meetings"
_managers = itertools.count(12)


class Office:
    """One manager on a server; its mail server is away while ``mail_up`` is false."""

    def __init__(self, env: WorkflowEnvironment, engine: AsyncEngine, number: int | None = None) -> None:
        self.env, self.book = env, Book(engine)
        self.manager = f"u{number or next(_managers)}"
        self.handle: WorkflowHandle[ManagerMeetings, MeetingsResult] = env.client.get_workflow_handle_for(
            ManagerMeetings.run, f"{KIND}/{self.manager}"
        )
        self.mail_up = True
        self.letters: list[tuple[datetime, Letter]] = []
        """When each went out."""
        self.breaches: list[str] = []
        self.files = FileStore(engine, KeyRing([]))
        self._portfolio = Portfolio(PortfolioReader(engine), self.files, {"company": OFFICE}, {})
        self._registers = Registers(RegisterWriter(engine))
        self._keys = itertools.count(1)

    async def now(self) -> datetime:
        return await self.env.get_current_time() if self.env.supports_time_skipping else datetime.now(UTC)

    @activity.defn(name="send_letter")
    async def send_letter(self, letter: Letter) -> LetterOutcome:
        if not self.mail_up:
            raise ApplicationError("mail is away", type="Unavailable", category=ApplicationErrorCategory.BENIGN)
        self.letters.append((await self.now(), letter))
        return LetterOutcome(result="sent", message_id="<m@example.org>", subject=letter.template)

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        self.breaches += [row.entry.value for row in batch.rows if isinstance(row, BreachRow)]
        return await self._registers.record(batch)

    def activities(self) -> list[Callable[..., Any]]:
        roles = {role: Address(email=f"{role.partition(':')[0]}@company.example") for role in ROLES}
        planning = Planning(company="c", calendars={"company": OFFICE}, roles=roles, editions=load_editions())
        made = self._portfolio
        return [planning.open_case, planning.plan, self.record, self.send_letter, made.next_meeting, made.build_pack]

    def worker(self, **options: Any) -> Worker:
        """A worker with the strict sandbox of production."""
        given = {"workflow_runner": workflow_runner(), **options}
        return Worker(self.env.client, task_queue=QUEUE, workflows=[ManagerMeetings], activities=self.activities(), **given)

    async def message(self, kind: type[Message], **fields: Any) -> Message:
        given = {"key": f"k{next(self._keys)}", "happened_at": await self.now(), "manager": self.manager, "by": SUPPORT}
        return kind.model_validate({**given, **fields})

    async def schedule(self, weekday: str, at: str) -> None:
        """By update-with-start, as a door does."""
        message = await self.message(MeetingsScheduled, weekday=weekday, at=at)
        await begin_case(self.env.client, ManagerMeetings.run, self.handle.id, QUEUE, "scheduled", message, {attributes.CASE_KIND: KIND})
        await until_it_waits(self.handle)

    async def say(self, update: str, kind: type[Message], **fields: Any) -> None:
        await self.handle.execute_update(update, await self.message(kind, **fields))
        await until_it_waits(self.handle)

    async def pass_to(self, moment: datetime) -> None:
        """Time passes until an instant, and what is to be done by then is done."""
        await until_it_waits(self.handle)
        if (left := moment - await self.now()) > timedelta(0):
            await self.env.sleep(left)
        await until_it_waits(self.handle)

    async def read(self) -> ReadOut:
        found: ReadOut = await self.handle.query("case", result_type=ReadOut)
        return found
