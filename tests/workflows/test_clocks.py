"""The case's clocks on a Temporal server: fact and timer together, effects that are away, waits, long histories."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from regulations import messages as m
from regulations.effects import BillingQuestion, Payment
from regulations.plans import PlanAnswer, PlanRequest
from regulations.rows import NoticeRow, ObligationRow
from tests.patience import patiently
from tests.regulations.handoff.course import CC_HEAD_PERSON
from tests.workflows.play import Play, play_on, to_monday
from tests.workflows.world import World, planning, until


@pytest.mark.clause("handoff 2.1.3")
async def test_a_fact_in_the_same_workflow_task_as_its_timer(server: WorkflowEnvironment) -> None:
    """The worker is away while the timer fires and the fact comes: both wait in one workflow task. What happened in time is in time."""
    seconds = (-1, 0, 1)
    assert await asyncio.gather(*(_together(server, late) for late in seconds)) == ["met", "met", "met_late"]


async def _together(server: WorkflowEnvironment, seconds: int) -> str:
    """A request so many seconds after its due instant; where its duty stands."""
    world, queue = World(terms={"2.1.3": "5 working seconds"}), f"together-{seconds}"
    async with world.worker(server.client, queue):
        play = Play(server.client, world)
        await play.sell(queue=queue)
        due = await _due(play)
    await asyncio.sleep((due - datetime.now(UTC)).total_seconds() + 1.2)  # the timer fires, nobody is there to see it
    message = await play.message(m.RequestReceived, subject="Обучение клиента от ИП Петров", happened_at=due + timedelta(seconds=seconds))
    sending = asyncio.create_task(play.handle.execute_update("request_received", message))
    await asyncio.sleep(1)
    async with world.worker(server.client, queue):
        await sending
        await asyncio.sleep(1)
        duty = next(o for o in (await play.read()).obligations if o.key == "2.1.3")
    history = (await play.handle.fetch_history()).events
    fired = [i for i, e in enumerate(history) if e.event_type == EventType.EVENT_TYPE_TIMER_FIRED][-1]
    accepted = [i for i, e in enumerate(history) if e.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED][-1]
    between = [e for e in history[fired:accepted] if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    assert len(between) == 1, "fact and timer were not in the same workflow task"
    assert duty.breached_at == (due if seconds > 0 else None)
    await play.handle.terminate("test over")
    return duty.state


async def _due(play: Play) -> datetime:
    async with patiently():
        while True:
            for o in (await play.read()).obligations:
                if o.key == "2.1.3" and o.due is not None:
                    return o.due
            await asyncio.sleep(0.05)


async def test_mail_and_crm_away_for_a_day_stop_no_other_clock(skipping: WorkflowEnvironment) -> None:
    world = World()
    async with world.worker(skipping.client):
        await to_monday(skipping)
        play = play_on(skipping, world)
        await play.sell()
        await play.request()
        world.mail_up = world.crm_up = False
        await play.accept()
        await until(lambda: world.mail_attempts > 0 and world.crm_attempts > 0)
        await skipping.sleep(timedelta(days=1))
        await play.say("contract_signed", m.ContractSigned)
        await skipping.sleep(timedelta(days=1, hours=7))
        # The reminder of the first contact, its breach and its notices came meanwhile.
        kinds = [(r.clause, r.kind) for r in world.rows if isinstance(r, NoticeRow)]
        assert ("2.2.4", "warning") in kinds
        assert not world.letters
        assert not world.records
        world.mail_up = world.crm_up = True
        await skipping.sleep(timedelta(minutes=20))
        await until(lambda: world.templates() == ["accepted"] and len(world.records) == 1)
        standings = {o.clause: o.state for o in (await play.read()).obligations}
        assert standings["handoff 2.2.5"] in ("met", "met_late")
        assert standings["handoff 2.2.1"] == "met"


async def test_a_database_that_is_away_for_a_day_stops_no_message_and_no_letter(skipping: WorkflowEnvironment) -> None:
    world = World()
    async with world.worker(skipping.client):
        await to_monday(skipping)
        play = play_on(skipping, world)
        await play.sell()
        world.database_up = False
        await play.request()
        await play.accept()
        await until(lambda: world.templates() == ["accepted"])
        await skipping.sleep(timedelta(days=1))
        await play.fulfil()
        assert not any(isinstance(r, ObligationRow) and r.clause == "2.2.4" for r in world.rows)
        world.database_up = True
        await skipping.sleep(timedelta(minutes=10))
        assert (await play.handle.result()).outcome == "done"
        last = {r.key: r.state for r in sorted((r for r in world.rows if isinstance(r, ObligationRow)), key=lambda r: r.seq)}
        assert set(last.values()) == {"met"}


@pytest.mark.clause("handoff 3.2")
async def test_thirty_days_without_a_payment_close_the_case_and_polling_leaves_no_events(skipping: WorkflowEnvironment) -> None:
    world = World()
    async with world.worker(skipping.client):
        play = play_on(skipping, world)
        await play.sell(paid=False, granted=False)
        await skipping.sleep(timedelta(days=10))
        after_ten, polls = len(await play.events()), world.polls
        assert polls > 5
        await skipping.sleep(timedelta(days=10))
        assert world.polls > polls
        assert len(await play.events()) == after_ten
        await skipping.sleep(timedelta(days=14))  # the end, and the working day on which the partner is told
        assert (await play.handle.result()).outcome == "not_paid"
        assert world.templates() == ["not_paid"]


@pytest.mark.clause("handoff 3.2")
async def test_a_payment_found_by_the_poll_ends_the_wait(skipping: WorkflowEnvironment) -> None:
    world = World()
    async with world.worker(skipping.client):
        play = play_on(skipping, world)
        await play.sell(paid=False, granted=False)
        await skipping.sleep(timedelta(days=3))
        now = await skipping.get_current_time()
        world.payments = (Payment(reference="p", amount=Decimal(1), currency="RUB", reached_at=now),)
        await skipping.sleep(timedelta(hours=13))
        await _due(play)
        assert (await play.read()).stage == "awaiting_transfer"


async def test_a_decision_while_the_reminder_is_being_sent(skipping: WorkflowEnvironment) -> None:
    """A slow mail server holds the reminder; the acceptance goes through, both letters go out, each once."""
    world = World()
    async with world.worker(skipping.client):
        await to_monday(skipping)
        play = play_on(skipping, world)
        await play.sell(granted=False)
        world.mail_up = False
        await skipping.sleep(timedelta(hours=25))  # the reminder of 2.1.2 to 2.1.4 is trying to go out
        assert world.mail_attempts > 0
        await play.request()
        await play.accept()
        world.mail_up = True
        await skipping.sleep(timedelta(minutes=20))
        await until(lambda: sorted(world.templates()) == ["accepted", "reminder"])


async def test_planning_that_fails_locally_is_done_by_the_ordinary_activity_of_the_same_name(server: WorkflowEnvironment) -> None:
    class Failing(World):
        def activities(self) -> list[Any]:
            real = planning()

            @activity.defn(name="plan")
            async def plan(request: PlanRequest) -> PlanAnswer:
                if activity.info().is_local:
                    raise ApplicationError("not here", type="Misconfigured")
                return await real.plan(request)

            others = [a for a in super().activities() if getattr(a, "__name__", "") != "plan"]
            return [*others, plan]

    world = Failing()
    async with world.worker(server.client, "failing-planning"):
        play = Play(server.client, world)
        await play.sell(queue="failing-planning")
        assert await _due(play) is not None
        await play.handle.terminate("test over")


async def test_billing_that_is_away_is_asked_until_it_answers(server: WorkflowEnvironment) -> None:
    class Away(World):
        @activity.defn(name="look_up_billing")
        async def look_up_billing(self, question: BillingQuestion) -> Any:
            if activity.info().is_local:
                raise ApplicationError("billing is away", type="Unavailable")
            return await super().look_up_billing(question)

    world = Away()
    async with world.worker(server.client, "billing-away"):
        play = Play(server.client, world)
        await play.sell(queue="billing-away")
        assert await _due(play) is not None
        await play.handle.terminate("test over")


async def test_a_long_history_continues_as_new_with_its_whole_state(server: WorkflowEnvironment) -> None:
    """Rounds without end: the run is handed over, the trail and the answered keys with it. (The server suggests it at 400 events here.)"""
    world = World()
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell()
        first = (await play.handle.describe()).run_id
        request = await play.message(m.RequestReceived, subject="s")
        await play.handle.execute_update("request_received", request)
        rounds = 0
        while (await play.handle.describe()).run_id == first:
            await play.request()
            await play.returned("3.3")
            rounds += 1
            await asyncio.sleep(0.1)
            assert rounds < 40
        read = await play.read()
        assert read.round == rounds
        assert sum(f.what == "Returned" for f in read.facts) == rounds
        with pytest.raises(Exception, match="failed") as repeated:
            await play.handle.execute_update("request_received", request)
        assert repeated.value.__cause__.type == "Repeated"  # type: ignore[union-attr]
        await play.say("withdraw", m.Withdraw, reason="test over", by=CC_HEAD_PERSON)
        await play.handle.terminate("test over")
