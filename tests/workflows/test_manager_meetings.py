"""A manager's meetings on a server (partner 8.1): two in a row, a mail server that is away, workers that come and go, a run that goes on
as new."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker

from activities.planning import Planning
from activities.portfolio import Portfolio
from activities.record import Registers
from regulations.editions import load_editions
from regulations.effects import Letter, LetterOutcome
from regulations.messages import Message
from regulations.partner.meeting_messages import MeetingMoved, MeetingsScheduled, WithdrawOfMeetings
from regulations.partner.meeting_narration import MeetingsResult
from regulations.partner.meeting_state import KIND
from regulations.plans import Address
from regulations.read_out import ReadOut
from regulations.rows import BreachRow, RecordBatch
from runtime.connection import workflow_runner
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.portfolio import PortfolioReader
from runtime.registers import RegisterWriter
from tests.databases import sqlite_in
from tests.regulations.partner.intakes import HEAD_OF_SUPPORT, OFFICE, SUPPORT
from tests.regulations.partner.meetings_course import ROLES
from tests.runtime.partner_book import Book
from tests.workflows.beginning import begin_case
from tests.workflows.play import to_monday
from tests.workflows.skipping import until_it_waits
from workflows import attributes, docket
from workflows.manager_meetings import ManagerMeetings

QUEUE = "meetings"
_managers = itertools.count(12)


class Office:
    """One manager on a server; its mail server is away while ``mail_up`` is false."""

    def __init__(self, env: WorkflowEnvironment, engine: AsyncEngine) -> None:
        self.env, self.book = env, Book(engine)
        self.manager = f"u{next(_managers)}"
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

    async def replays(self) -> None:
        replayer = Replayer(workflows=[ManagerMeetings], data_converter=pydantic_data_converter, workflow_runner=workflow_runner())
        await replayer.replay_workflow(await self.handle.fetch_history())


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with sqlite_in(tmp_path) as engine:
        yield engine


@pytest.mark.clause("partner 8.1")
async def test_two_meetings_in_a_row_have_their_packs_in_time_and_a_mail_server_away_makes_the_third_late(
    skipping: WorkflowEnvironment, engine: AsyncEngine
) -> None:
    """Meetings on Tuesdays at 12:00, due at 11:00; the manager has prepared nothing. The worker dies between the first two."""
    await to_monday(skipping)
    office = Office(skipping, engine)
    await office.book.partner("u-1", number=1, manager=office.manager, next_step="", noted_at=None)
    async with office.worker(max_cached_workflows=0):
        await office.schedule("tue", "12:00")
        due = (await office.read()).obligations[0].due
        assert due is not None
        assert due.strftime("%A %H:%M") == "Tuesday 08:00"
        await office.pass_to(due)
    async with office.worker(max_cached_workflows=0):
        await office.pass_to(due + timedelta(days=7))
        packs = [(at, letter) for at, letter in office.letters if len(letter.to) == 2]
        assert [at <= due + timedelta(days=7 * week) for week, (at, _) in enumerate(packs)] == [True, True]
        assert {letter.to for _, letter in packs} == {("head_of_support@company.example", "director_for_partners@company.example")}
        assert None not in [await office.files.get(letter.files[0].sha256) for _, letter in packs]
        assert [letter.template for _, letter in office.letters].count("partner/gaps") == 2
        office.mail_up = False
        await office.pass_to(due + timedelta(days=14, minutes=10))
        assert office.breaches == ["recorded"]
        office.mail_up = True
        await office.pass_to(due + timedelta(days=14, minutes=50))
        third = (await office.read()).obligations[2]
        assert (third.state, third.due) == ("met_late", due + timedelta(days=14))
        assert office.breaches == ["recorded", "met_late"]
        await office.replays()


@pytest.mark.clause("partner 8.1")
async def test_a_run_that_goes_on_as_new_keeps_schedule_and_meetings(
    server: WorkflowEnvironment, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docket, "MOST_MESSAGES", 4)
    office = Office(server, engine)
    async with office.worker(workflow_runner=UnsandboxedWorkflowRunner()):
        ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)
        await office.schedule("mon", "12:00")
        first = office.handle
        run = (await first.describe()).run_id
        day = (await office.read()).obligations[0].key.partition("/")[2]
        for number in range(4):
            await office.say("moved", MeetingMoved, meeting=day, to=ahead + timedelta(hours=number))
        old = server.client.get_workflow_handle(office.handle.id, run_id=run)
        assert (await old.describe()).status is WorkflowExecutionStatus.CONTINUED_AS_NEW
        case = await office.read()
        newest = [o for o in case.obligations if o.key == f"8.1/{day}/5"]
        assert [o.started_at for o in newest] == [ahead + timedelta(hours=3)]
        assert "MeetingsScheduled" in [fact.what for fact in case.facts]
        await office.say("withdraw", WithdrawOfMeetings, reason="менеджер уволен", by=HEAD_OF_SUPPORT)
        result = await office.handle.result()
        assert (result.outcome, result.breaches) == ("withdrawn", 0)
