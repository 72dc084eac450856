"""What a month of service leaves in histories: of one client's plan, of one manager's diary, of one occasion by a Temporal Schedule.

The first two are played on a server that skips time, with real planning and real registers; nothing is late, one visit in four comes after
its reminder, and billing knows of a payment before its day comes near. The third runs on the real server.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleIntervalSpec,
    ScheduleSpec,
    ScheduleState,
    WorkflowHandle,
)
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from regulations.time.working_time import working_time
from tests.regulations.course import KYIV_OFFICE
from tests.workflows.actions import billed
from tests.workflows.service_diaries import Diary
from tests.workflows.service_plans import Served
from tests.workflows.skipping import until_it_waits

KYIV = ZoneInfo("Europe/Kyiv")
QUEUE = "occasions"
VISITS_A_DAY = 20
"""Of a manager with a hundred clients, each visited once a week."""
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
TURNS = (EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW)
HELD_UP = (EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED)


@dataclass(frozen=True)
class Spent:
    """What stands in a stretch of history."""

    events: Counter[str] = field(default_factory=Counter)
    """By type."""
    actions: Counter[str] = field(default_factory=Counter)
    """By what is billed."""
    size: int = 0
    """In bytes, without what a run hands to the next."""
    carried: int = 0
    """Bytes with which the newest run began; 0: none began."""


def spent(events: Sequence[HistoryEvent]) -> Spent:
    """What a stretch of history cost. A workflow task that was held up is the machine's fault, and would count for nothing here.

    Raises:
        ValueError: there is one.
    """
    if any(event.event_type in HELD_UP for event in events):
        raise ValueError("a workflow task was held up: measure again on a machine that is less busy")
    names = Counter(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in events)
    begun = [event.ByteSize() for event in events if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED]
    size = sum(event.ByteSize() for event in events if event.event_type not in TURNS)
    return Spent(names, billed(events), size, begun[-1] if begun else 0)


# --- a month of a plan, a month of a diary ------------------------------------------------------------------------------


async def go_to(env: WorkflowEnvironment, handle: WorkflowHandle[Any, Any], at: datetime) -> None:
    """Lets time pass until then. It stops at every timer of the run, so that no workflow task is held up."""
    while True:
        await until_it_waits(handle)
        now, wake = await env.get_current_time(), _next_timer((await handle.fetch_history()).events)
        if wake is None or wake > at:
            await env.sleep(max(timedelta(0), at - now))
            return
        await env.sleep(max(SECOND, wake - now + SECOND))


def _next_timer(events: Iterable[HistoryEvent]) -> datetime | None:
    """When the earliest timer fires that waits."""
    waiting: dict[str, datetime] = {}
    for event in events:
        match event.event_type:
            case EventType.EVENT_TYPE_TIMER_STARTED:
                started = event.timer_started_event_attributes
                waiting[started.timer_id] = event.event_time.ToDatetime(UTC) + started.start_to_fire_timeout.ToTimedelta()
            case EventType.EVENT_TYPE_TIMER_FIRED:
                waiting.pop(event.timer_fired_event_attributes.timer_id, None)
            case EventType.EVENT_TYPE_TIMER_CANCELED:
                waiting.pop(event.timer_canceled_event_attributes.timer_id, None)
            case _:
                pass
    return min(waiting.values(), default=None)


async def events_of(env: WorkflowEnvironment, handle: WorkflowHandle[Any, Any]) -> list[HistoryEvent]:
    """Of all its runs."""
    found: list[HistoryEvent] = []
    run: str | None = None
    while run != "":
        history = await env.client.get_workflow_handle(handle.id, run_id=run).fetch_history()
        run = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
        found[:0] = history.events
    return found


def month_after(day: date) -> date:
    """The first day of the next month."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), KYIV).astimezone(UTC)


async def plan_months(env: WorkflowEnvironment, engine: AsyncEngine, months: int) -> tuple[Spent, Counter[str]]:
    """A plan over so many whole months: an update a week, a payment a month, two contacts a month. What it cost, and what happened."""
    plan = Served(env, engine)
    today = (await plan.now()).astimezone(KYIV).date()
    monday = today + timedelta(days=7 - today.weekday())
    first = last = month_after(today)
    for _ in range(months):
        last = month_after(last)
    async with plan.worker():
        await env.sleep(local(monday, 12) - await plan.now())
        await plan.begin(payment_day=15, users=1)
        await plan.certify("user-1")
        before, happened = 0, Counter[str]()
        for at, what, do in sorted(_steps(plan, monday, last), key=lambda step: step[0]):
            if not before and at >= local(first, 0):
                await go_to(env, plan.handle, local(first, 0))
                before = len(await events_of(env, plan.handle))
            await go_to(env, plan.handle, at)
            await do()
            happened[what] += bool(before)
        await go_to(env, plan.handle, local(last, 0))
        return spent((await events_of(env, plan.handle))[before:]), +happened


def _steps(plan: Served, monday: date, last: date) -> Iterator[tuple[datetime, str, Callable[[], Awaitable[object]]]]:
    """What happens to a client between two days, with the word for it."""
    for week in range((last - monday).days // 7):
        day = monday + timedelta(weeks=week)
        at = local(day + timedelta(days=4), 15) if week % 4 == 3 else local(day + timedelta(days=2), 12)
        yield at, "visits", partial(plan.visit, f"v-{week}")
    month = month_after(monday)
    while month < last:
        for number in (7, 21):
            yield local(month.replace(day=number), 14), "contacts", partial(plan.contact, f"k-{month}-{number}")
        posted = local(month.replace(day=8), 10)
        yield posted, "payments", partial(_post, plan, posted, f"p-{month}")
        month = month_after(month)


async def _post(plan: Served, at: datetime, reference: str) -> None:
    plan.pays(at, reference)


async def diary_month(env: WorkflowEnvironment, engine: AsyncEngine) -> tuple[Spent, Counter[str]]:
    """A diary over one whole month: every day's papers confirmed before they are due, the visits of a day told the day before."""
    diary, hours = Diary(env, engine, number=41), working_time(KYIV_OFFICE).hours
    first = month_after(await diary.today())
    days = [day for n in range(-5, 31) if hours.close_of((day := first + n * DAY).toordinal()) is not None and day < month_after(first)]
    async with diary.worker():
        await env.sleep(local(days[0], 8) - await diary.now())
        await diary.begin()
        before, happened = 0, Counter[str]()
        for day, following in pairwise([*days, days[-1] + 3 * DAY]):
            if not before and day >= first:
                await go_to(env, diary.handle, local(first, 0))
                before = len(await events_of(env, diary.handle))
            await go_to(env, diary.handle, local(day, 16))
            for n in range(VISITS_A_DAY):
                await diary.visit(f"v-{following}-{n}", local(following, 9, 2 * n))
            await go_to(env, diary.handle, local(day, 17, 30))
            await diary.confirm()
            happened += Counter(days=1, visits=VISITS_A_DAY) if before else Counter()
        await go_to(env, diary.handle, local(month_after(first), 0))
        return spent((await events_of(env, diary.handle))[before:]), happened


# --- one occasion by a Schedule -----------------------------------------------------------------------------------------


@activity.defn(name="look_and_act")
async def look_and_act(address: str) -> str:
    """Would read the registers, and write there that something is due or missed."""
    return address


@workflow.defn(name="Occasion")
class Occasion:
    """The shortest run that does something: one activity."""

    @workflow.run
    async def run(self, address: str) -> str:
        return await workflow.execute_activity(look_and_act, address, start_to_close_timeout=timedelta(seconds=10))


async def occasion(env: WorkflowEnvironment, times: int = 5) -> tuple[Spent, Spent]:
    """One run that a Schedule starts, and what the Schedule's own run adds for it, of which nothing is billed besides."""
    client = env.client
    async with Worker(
        client, task_queue=QUEUE, workflows=[Occasion], activities=[look_and_act], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        action = ScheduleActionStartWorkflow("Occasion", "service-plan/c-1", id="occasion", task_queue=QUEUE)
        spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=2 * SECOND)])
        state = ScheduleState(limited_actions=True, remaining_actions=times)
        await client.create_schedule("occasions", Schedule(action=action, spec=spec, state=state))
        done = "WorkflowType = 'Occasion' AND ExecutionStatus = 'Completed'"
        async with asyncio.timeout(60):
            while len(runs := [found.id async for found in client.list_workflows(done)]) < times:  # noqa: ASYNC110 - the server's doing
                await asyncio.sleep(0.5)
        own = (await client.get_workflow_handle("temporal-sys-scheduler:occasions").fetch_history()).events
        woke = [number for number, event in enumerate(own) if event.event_type == EventType.EVENT_TYPE_TIMER_FIRED]
        added = spent(own[woke[-2] : woke[-1]])
        return spent((await client.get_workflow_handle(runs[-1]).fetch_history()).events), Spent(added.events, Counter(), added.size)
