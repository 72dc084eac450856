"""The outcomes of a partner's intake, of its account, and of a manager's meetings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from regulations.effects import Told
from regulations.partner import account_messages as am
from regulations.partner import intake_messages as im
from regulations.partner import meeting_messages as mm
from tests.databases import sqlite_in
from tests.regulations.partner.accounts import HEAD, HEAD_OF_MARKETERS, MANAGER, MARKETER, OTHER, POOR
from tests.regulations.partner.intakes import ALL_PARTS, HEAD_OF_SALES, HEAD_OF_SUPPORT, SALES, SUPPORT
from tests.replay.played import Outcome, Step, case, continued, passes
from tests.workflows.accounts import Supported
from tests.workflows.intakes import Case, IntakeWorld
from tests.workflows.meetings import Office
from tests.workflows.skipping import until_it_waits

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


# --- the intake -----------------------------------------------------------------------------------------------------


class Intake(Case):
    """An intake and its world."""

    def __init__(self, env: WorkflowEnvironment, world: IntakeWorld) -> None:
        super().__init__(env)
        self.world = world


@asynccontextmanager
async def _intake(env: WorkflowEnvironment, folder: Path) -> AsyncIterator[Intake]:
    async with sqlite_in(folder) as engine:
        world = IntakeWorld(engine)
        async with world.worker(env.client):
            yield Intake(env, world)


async def _late(intake: Intake) -> None:
    """Parts of the comment are missing, a question is asked; the database and the account are away while terms run out."""
    moved_at = await intake.env.get_current_time()
    await intake.begin()
    await until_it_waits(intake.handle)
    await intake.say("question_asked", im.QuestionAsked, question="q-1", text="Что обещано?", by=SUPPORT)
    intake.world.database_up = False
    await intake.say("question_answered", im.QuestionAnswered, question="q-1", text="Ничего", by=SALES)
    await passes(intake, hours=2)
    await intake.say("handed_to_marketing", im.HandedToMarketing, status="Ждем инфо", paid_at=moved_at - HOUR)
    intake.world.database_up = True
    await passes(intake, days=2)
    intake.world.account_up = False
    await intake.say("accepted", im.PartnerAccepted, by=SUPPORT)
    await intake.say("agreements_named", im.AgreementsNamed, agreements={"extra_payments": "нет", "geography": "РФ"})
    await passes(intake, minutes=10)
    intake.world.account_up = True


async def _account_refused(intake: Intake) -> None:
    """All is there at once; the payment was earlier than thought, its term is extended, and the account does not begin."""
    moved_at = await intake.env.get_current_time()
    await intake.begin(agreements=ALL_PARTS, paid_at=moved_at)
    await until_it_waits(intake.handle)
    await intake.say("handed_to_marketing", im.HandedToMarketing, status="Ждем инфо")
    await intake.say("paid", im.IntakePaid, happened_at=moved_at - DAY)
    later = moved_at + 3 * DAY
    await intake.say("extend", im.ExtendOfIntake, clause="3.1", new_due=later, reason="ждём договор", by=HEAD_OF_SUPPORT)
    await passes(intake, days=2)
    intake.world.answer = Told(result="refused", type="OtherPartner", text="another partner")
    await intake.say("accepted", im.PartnerAccepted, by=SUPPORT)


async def _withdrawn(intake: Intake) -> None:
    """One term is paused, one let go; withdrawn while the account is being told, and the database away."""
    await intake.begin()
    await until_it_waits(intake.handle)
    await intake.say("pause", im.PauseOfIntake, clause="1.2", reason="таблица закрыта", by=HEAD_OF_SALES)
    await intake.say("waive", im.WaiveOfIntake, clause="1.3", reason="устно", by=HEAD_OF_SALES)
    await passes(intake, hours=1)
    await intake.say("resume", im.ResumeOfIntake, clause="1.2", by=HEAD_OF_SALES)
    intake.world.account_up = intake.world.database_up = False
    await intake.say("accepted", im.PartnerAccepted, by=SUPPORT)
    await intake.say("withdraw", im.WithdrawOfIntake, reason="партнёр передумал", by=HEAD_OF_SUPPORT)
    await passes(intake, minutes=30)
    intake.world.account_up = intake.world.database_up = True


async def _start_refused(intake: Intake) -> None:
    with suppress(WorkflowUpdateFailedError):
        await intake.begin(happened_at=await intake.env.get_current_time() + HOUR)


# --- the account ----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _account(env: WorkflowEnvironment, folder: Path) -> AsyncIterator[Supported]:
    async with sqlite_in(folder) as engine:
        account = Supported(env, engine, 1)
        async with account.worker():
            yield account


async def _kept(account: Supported) -> None:
    """An activity far ahead has its reason later, a call its comment, which was poor at first; another comment comes before its call; at
    last there is no activity."""
    await account.begin()
    await account.set("a-1", 9)
    await account.call("c-1")
    await passes(account, minutes=5)
    await account.comment("c-1", POOR)
    await passes(account, minutes=55)
    await account.say("activity_reason_given", am.ActivityReasonGiven, activity="a-1", reason="партнёр в отпуске")
    await account.comment("c-2")
    await account.call("c-2")
    await passes(account, minutes=61)
    await account.comment("c-1")
    await account.say("activity_done", am.ActivityDone, activity="a-1")
    await passes(account, days=8)
    await account.end()


async def _exchange(account: Supported) -> None:
    """Both directions, a paused term, an answer that is late; another manager takes the partner over."""
    await account.begin()
    await account.say("wish_noted", am.WishNoted, wish="w-1", what="fewer_leads")
    await account.say("need_reported", am.NeedReported, need="n-1", what="budget_top_up", by=MARKETER)
    await passes(account, hours=1)
    await account.say("campaign_told", am.CampaignTold, text="контекст", by=MARKETER)
    await account.say("wish_reported", am.WishReported, wish="w-1", text="отпуск", by=MANAGER)
    await until_it_waits(account.handle)
    await account.say("pause", am.PauseOfAccount, clause="2.2", reason="отчётный день", by=HEAD_OF_MARKETERS)
    await account.begin(manager=OTHER.id)
    await passes(account, days=1)
    await account.say("resume", am.ResumeOfAccount, clause="2.2", by=HEAD_OF_MARKETERS)
    await account.say("wish_answered", am.WishAnswered, wish="w-1", text="сделано", by=MARKETER)
    await passes(account, hours=8)
    await account.say("need_answered", am.NeedAnswered, need="n-1", agreed=True, by=OTHER)
    await account.say("state_noted", am.StateNoted, leads=30, outlook="sure", renewal_sum="120000.00", by=OTHER)
    await passes(account, hours=1)
    await account.end()


async def _checks_away(account: Supported) -> None:
    """Comments cannot be checked, then nothing written: the account ends with a check under way."""
    account.checks_up = False
    await account.begin()
    await account.call("c-1")
    await account.comment("c-1")
    await account.call("c-2")
    await passes(account, hours=3)
    account.checks_up = True
    await passes(account, minutes=2)
    account.checks_up = account.database_up = False
    await account.comment("c-2")
    await until_it_waits(account.handle)
    await account.end()
    await passes(account, minutes=5)
    account.checks_up = account.database_up = True


async def _calls(account: Supported) -> Step:
    await account.begin()
    await account.set("a-1", 9, reason="отпуск")
    calls = 0

    async def more() -> None:
        nonlocal calls
        calls += 1
        await account.call(f"c-{calls}")
        await until_it_waits(account.handle)
        await account.comment(f"c-{calls}", POOR if calls % 2 else "was now plans")

    return more


async def _account_over(account: Supported) -> None:
    await account.comment("c-1")
    await account.say("waive", am.WaiveOfAccount, clause="2.1", reason="без рекламы", by=HEAD)
    await until_it_waits(account.handle)
    await account.end()


# --- the meetings ---------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _office(env: WorkflowEnvironment, folder: Path) -> AsyncIterator[Office]:
    async with sqlite_in(folder) as engine:
        office = Office(env, engine, 12)
        await office.book.partner("u-1", number=1, manager=office.manager, next_step="", noted_at=None)
        async with office.worker():
            yield office


async def _next(office: Office) -> tuple[date, datetime]:
    """The day of the newest meeting, and when its pack is due."""
    duty = (await office.read()).obligations[-1]
    assert duty.due is not None
    return date.fromisoformat(duty.key.split("/")[1]), duty.due


async def _ended_by_head(office: Office) -> None:
    await office.say("withdraw", mm.WithdrawOfMeetings, reason="менеджер уволен", by=HEAD_OF_SUPPORT)


async def _held(office: Office) -> None:
    """The manager has prepared nothing for the first; the second is moved, and its pack late, since the mail server is away."""
    await office.schedule("tue", "12:00")
    _, due = await _next(office)
    await office.pass_to(due + HOUR + timedelta(minutes=1))
    day, _ = await _next(office)
    await office.say("moved", mm.MeetingMoved, meeting=day, to=due + 8 * DAY + HOUR)
    _, moved = await _next(office)
    await office.pass_to(moved - HOUR)
    office.mail_up = False
    await office.pass_to(moved + timedelta(minutes=10))
    office.mail_up = True
    await office.pass_to(moved + timedelta(minutes=50))
    assert office.breaches == ["recorded", "met_late"]
    await office.pass_to(moved + 2 * HOUR)
    await _ended_by_head(office)


async def _cancelled(office: Office) -> None:
    """One is cancelled, then the schedule is another; its term is extended, and all ends with the pack on its way."""
    await office.schedule("tue", "12:00")
    day, _ = await _next(office)
    await office.say("cancelled", mm.MeetingCancelled, meeting=day, reason="праздник")
    await office.schedule("thu", "15:00")
    _, due = await _next(office)
    later = due + timedelta(minutes=30)
    await office.say("extend", mm.ExtendOfMeetings, clause="8.1", new_due=later, reason="отчёт опоздал", by=HEAD_OF_SUPPORT)
    await office.pass_to(due - HOUR)
    office.mail_up = False
    await office.pass_to(later)
    await _ended_by_head(office)
    office.mail_up = True


async def _moves(office: Office) -> Step:
    ahead = datetime.now(UTC).replace(microsecond=0) + 3 * DAY
    await office.schedule(mm.WEEKDAYS[ahead.weekday()], "12:00")
    day, _ = await _next(office)
    moves = 0

    async def more() -> None:
        nonlocal moves
        moves += 1
        await office.say("moved", mm.MeetingMoved, meeting=day, to=ahead + moves * HOUR)

    return more


OUTCOMES: dict[str, Outcome] = {
    "intake_late": case(_intake, _late, "done"),
    "intake_account_refused": case(_intake, _account_refused, "done"),
    "intake_withdrawn": case(_intake, _withdrawn, "withdrawn"),
    "intake_start_refused": case(_intake, _start_refused, "failed"),
    "account_kept": case(_account, _kept, "ended"),
    "account_exchange": case(_account, _exchange, "ended"),
    "account_checks_away": case(_account, _checks_away, "ended"),
    "account_continued_1": continued(_account, _calls, _account_over, 1),
    "account_continued_2": continued(_account, _calls, _account_over, 2),
    "meetings_held": case(_office, _held, "withdrawn"),
    "meetings_cancelled": case(_office, _cancelled, "withdrawn"),
    "meetings_continued_1": continued(_office, _moves, _ended_by_head, 1),
    "meetings_continued_2": continued(_office, _moves, _ended_by_head, 2),
}
