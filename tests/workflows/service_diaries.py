"""The diary of one manager on a server: what it meets outside, and what is said to it. Planning, papers and registers are real."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.planning import Planning
from activities.record import Registers
from activities.service import ServicePapers
from regulations.editions import load_editions
from regulations.effects import Letter, LetterOutcome
from regulations.messages import Message
from regulations.onboarding import diary_messages as dm
from regulations.onboarding.diary_narration import DiaryResult
from regulations.onboarding.diary_state import KIND
from regulations.plans import Address
from regulations.read_out import ReadOut
from regulations.record_batch import RecordBatch
from regulations.rows import BreachRow
from runtime.connection import workflow_runner
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.registers import RegisterWriter
from runtime.service_reader import ServiceReader
from tests.regulations.course import KYIV, KYIV_OFFICE
from tests.regulations.onboarding.diaries import HEAD, MANAGER, ROLES
from tests.runtime.service_book import ServiceBook
from tests.workflows.beginning import begin_case
from tests.workflows.skipping import until_it_waits
from workflows import attributes
from workflows.service_diary import ServiceDiary

QUEUE = "diaries"
_managers = itertools.count(41)


class Diary:
    """The diary of one manager on a server; its mail server is away while ``mail_up`` is false, the registers while ``database_up`` is."""

    def __init__(self, env: WorkflowEnvironment, engine: AsyncEngine, number: int | None = None) -> None:
        self.env, self.book = env, ServiceBook(engine)
        self.manager = f"u{number or next(_managers)}"
        self.handle: WorkflowHandle[ServiceDiary, DiaryResult] = env.client.get_workflow_handle_for(
            ServiceDiary.run, f"{KIND}/{self.manager}"
        )
        self.mail_up = self.database_up = True
        self.letters: list[tuple[datetime, Letter]] = []
        """When each went out."""
        self.breaches: list[str] = []
        self.batches = 0
        self.files = FileStore(engine, KeyRing([]))
        self._papers = ServicePapers(ServiceReader(engine), self.files, {"company": KYIV_OFFICE}, {})
        self._registers = Registers(RegisterWriter(engine))
        self._keys = itertools.count(1)

    async def now(self) -> datetime:
        return (await self.env.get_current_time()).astimezone(UTC) if self.env.supports_time_skipping else datetime.now(UTC)

    @activity.defn(name="send_letter")
    async def send_letter(self, letter: Letter) -> LetterOutcome:
        _must(self.mail_up)
        self.letters.append((await self.now(), letter))
        return LetterOutcome(result="sent", message_id="<m@example.org>", subject=letter.template)

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        _must(self.database_up)
        self.batches += 1
        self.breaches += [row.entry.value for row in batch.rows if isinstance(row, BreachRow)]
        return await self._registers.record(batch)

    def activities(self) -> list[Callable[..., Any]]:
        roles = {role.replace("u41", self.manager): Address(email=f"{role.partition(':')[0]}@company.example") for role in ROLES}
        planning = Planning(company="c", calendars={"company": KYIV_OFFICE}, roles=roles, editions=load_editions())
        made = self._papers
        return [planning.open_case, planning.plan, self.record, self.send_letter, made.next_papers, made.draw_papers]

    def worker(self, **options: Any) -> Worker:
        """A worker with the strict sandbox of production."""
        given = {"workflow_runner": workflow_runner(), **options}
        return Worker(self.env.client, task_queue=QUEUE, workflows=[ServiceDiary], activities=self.activities(), **given)

    # --- what is told ---------------------------------------------------------------------------------------------

    async def message(self, kind: type[Message], **fields: Any) -> Message:
        given = {"key": f"k{next(self._keys)}", "happened_at": await self.now(), "by": MANAGER}
        of_diary = {"manager": self.manager} if issubclass(kind, dm.OfDiary) else {}
        return kind.model_validate({**given, **of_diary, **fields})

    async def begin(self, **fields: Any) -> None:
        """By update-with-start, as a service plan does."""
        message = await self.message(dm.DiaryBegun, **{"group_head": "u21", **fields})
        await begin_case(self.env.client, ServiceDiary.run, self.handle.id, QUEUE, "begun", message, {attributes.CASE_KIND: KIND})
        await until_it_waits(self.handle)

    async def say(self, update: str, kind: type[Message], **fields: Any) -> None:
        await self.handle.execute_update(update, await self.message(kind, **fields))
        await until_it_waits(self.handle)

    async def visit(self, id: str, at: datetime, **fields: Any) -> None:
        await self.say("visit_planned", dm.VisitPlanned, visit=id, client="c-1", at=at, **fields)

    async def confirm(self, **fields: Any) -> None:
        """All the papers of this day, unless one is named."""
        await self.say("paper_confirmed", dm.PaperConfirmed, **{"first": await self.today(), **fields})

    async def end(self) -> None:
        await self.say("ended", dm.DiaryEnded, reason="звільнено", by=HEAD)

    # --- time ------------------------------------------------------------------------------------------------------

    async def today(self) -> date:
        return (await self.now()).astimezone(ZoneInfo(KYIV)).date()

    async def pass_to(self, clock: str, days: int = 0) -> None:
        """Time passes until a local hour, of this day or of a later one, and what is to be done by then is done."""
        day = await self.today() + timedelta(days=days)
        moment = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=ZoneInfo(KYIV))
        await until_it_waits(self.handle)
        if (left := moment - await self.now()) > timedelta(0):
            await self.env.sleep(left)
        await until_it_waits(self.handle)

    # --- what is seen ----------------------------------------------------------------------------------------------

    async def read(self) -> ReadOut:
        found: ReadOut = await self.handle.query("case", result_type=ReadOut)
        return found

    async def standings(self) -> list[str]:
        return [o.state for o in (await self.read()).obligations]

    def sent(self) -> list[tuple[str, str, int, bool]]:
        """Local hour of each letter, which, how many papers, whether all were confirmed."""
        return [
            (
                f"{at.astimezone(ZoneInfo(KYIV)):%H:%M}",
                letter.template.removeprefix("service/"),
                len(letter.files),
                bool(letter.values["confirmed"]),
            )
            for at, letter in self.letters
        ]


def _must(up: bool) -> None:
    if not up:
        raise ApplicationError("away", type="Unavailable", category=ApplicationErrorCategory.BENIGN)
