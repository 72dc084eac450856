"""A client's service plan on a server: timers, look-ups, effects and registers; many runs in which nothing is lost; what a month costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner

from regulations.onboarding import plan_messages as pm
from tests.patience import patiently
from tests.regulations.onboarding.plans import MANAGER
from tests.workflows.actions import billed
from tests.workflows.leads import refused
from tests.workflows.play import to_monday
from tests.workflows.replaying import replays
from tests.workflows.service_plans import QUEUE, Served, four_weeks
from tests.workflows.skipping import ended, until_it_waits
from workflows import attributes, docket
from workflows.service_plan import ServicePlan


@pytest.fixture
async def plan(skipping: WorkflowEnvironment, engine: AsyncEngine) -> Served:
    """A plan on a server of its own, at nine o'clock of a Monday in Kyiv, not yet begun."""
    await to_monday(skipping)
    return Served(skipping, engine)


@pytest.fixture
async def real(server: WorkflowEnvironment, engine: AsyncEngine) -> AsyncIterator[Served]:
    """A plan on the real server; nothing of it is left behind."""
    plan = Served(server, engine)
    yield plan
    handle = server.client.get_workflow_handle(plan.handle.id)
    if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
        await handle.terminate("test over")


@pytest.mark.clause("onboarding 4.1")
@pytest.mark.clause("onboarding 4.3")
async def test_updates_and_payments_keep_their_terms_though_the_worker_dies_and_billing_is_away(plan: Served) -> None:
    async with plan.worker(max_cached_workflows=0):  # nothing waits for the one that has died
        await plan.begin(payment_day=_day(await plan.now() + timedelta(days=9)))
        await plan.passes(days=6)
        await plan.visit("v-1")
        plan.billing_up = False
        await plan.passes(days=7)
        assert plan.look_ups == 0
        assert (await plan.standings("4.3")).popitem()[1] == "open", "nobody knows whether it is paid"
    async with plan.worker():
        plan.pays(await plan.now() - timedelta(days=5))
        plan.billing_up = True
        await plan.passes(minutes=16)
        assert list((await plan.standings("4.3")).values()) == ["met", "open"]
        assert await plan.breaches("4.3") == []
        await plan.passes(days=2)
        assert await plan.breaches("4.1") == ["recorded"]
        await plan.visit("v-2", happened_at=await plan.now() - timedelta(days=3))
        await until_it_waits(plan.handle)
        assert await plan.breaches("4.1") == ["recorded", "withdrawn"]
        assert [row["id"] for row in await plan.stored("service_records")] == ["v-1", "v-2"]
        assert plan.diaries == ["service-diary/u41"]
        await replays(plan.handle)


@pytest.mark.clause("onboarding 4.5")
@pytest.mark.clause("onboarding 4.6")
async def test_needs_reach_the_crm_in_order_and_the_end_leaves_the_registers_consistent(plan: Served) -> None:
    async with plan.worker():
        plan.crm_up = False
        await plan.begin()
        await plan.need("n-1")
        await plan.need("n-2")
        await plan.say("competitor_acted", pm.CompetitorActed, learnt_at=await plan.now(), action="дзвонять", by=MANAGER)
        await plan.certify("a")
        await plan.passes(minutes=1)
        plan.crm_up = True
        await plan.passes(minutes=20)
        assert [deal.external_id for deal in plan.deals] == [f"{plan.handle.id}#n-1", f"{plan.handle.id}#n-2"]
        plan.crm_refuses = True
        await plan.need("n-3")
        await until_it_waits(plan.handle)
        await plan.end()
        result = await ended(plan.env, plan.handle)
        assert (result.outcome, result.met, result.waived, result.breaches, result.certified) == ("ended", 2, 2, 0, 1)
        assert [row["what"] for row in await plan.stored("incidents")] == ["crm_refused"]
        (client,) = await plan.stored("service_clients")
        assert (client["active"], client["next_update_due"], client["certified"]) == (False, None, 1)
        await replays(plan.handle)


@pytest.mark.clause("onboarding 4.1")
@pytest.mark.clause("onboarding 4.3")
async def test_a_long_service_continues_as_new_with_its_periods_its_payments_and_its_timers(
    plan: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last message of a run comes while the CRM takes a need; what was told in one run counts once in the next."""
    monkeypatch.setattr(docket, "MOST_MESSAGES", 5)
    async with plan.worker(workflow_runner=UnsandboxedWorkflowRunner()):
        await plan.begin(payment_day=_day(await plan.now() + timedelta(days=20)))
        first, run = await plan.read(), await plan.run_id()
        plan.crm_up = False
        await plan.pay("p-1")
        await plan.passes(days=1)
        await plan.visit("v-1")
        await plan.need("n-1")
        await plan.contact("t-1")
        await until_it_waits(plan.handle)
        assert await plan.run_id() == run, "the CRM has yet to answer"
        plan.crm_up = True
        await plan.passes(minutes=20)
        assert await plan.run_id() != run
        assert await refused(plan.visit("v-1")) == "KnownVisit"
        await plan.pay("p-1")
        await plan.passes(days=13)
        assert next(iter((await plan.standings("4.3")).values())) == "met"
        assert await plan.standings("4.1") == {"4.1/1": "met", "4.1/2": "overdue", "4.1/3": "open"}
        read = await plan.read()
        assert (read.uid, read.facts[0]) == (first.uid, first.facts[0])
        assert len(plan.deals) == 1


async def test_begun_by_hand_it_ends_as_refused(plan: Served) -> None:
    async with plan.worker():
        await plan.client.start_workflow(ServicePlan.run, id=plan.handle.id, task_queue=QUEUE)
        with pytest.raises(WorkflowFailureError) as failed:
            await ended(plan.env, plan.handle)
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == "Refused"


async def test_on_the_real_server_messages_at_once_count_once_each(real: Served) -> None:
    async with real.worker():
        await real.begin()
        now = await real.now()
        visits = [real.visit(f"v-{n}", happened_at=now - timedelta(milliseconds=n)) for n in range(3)]
        await asyncio.gather(*visits, real.pay("p-1", happened_at=now), real.pay("p-1", happened_at=now), real.certify("a"))
        await real.begin(manager="u42")
        async with patiently():
            while len(await real.stored("service_records")) < 4 or len(real.diaries) < 2:  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.05)
        assert (await real.read()).obligations[0].state == "met"
        assert real.diaries == ["service-diary/u41", "service-diary/u42"]
        shown = (await real.handle.describe()).typed_search_attributes
        assert (shown.get(attributes.STAGE), shown.get(attributes.CLIENT)) == ("active", real.number)
        await replays(real.handle)


async def test_four_weeks_of_service_cost_27_actions_and_with_every_visit_after_its_reminder_35(plan: Served) -> None:
    """Each visit: its message, one count, one record, one timer, the search attributes. The payment and the contacts: message and record;
    the payment one count more. A reminder: its record, and the timer for the due instant."""
    async with plan.worker():
        await plan.begin(payment_day=_day(await plan.now() + timedelta(days=27)))
        await plan.certify("a")
        await plan.passes(days=2)
        for name, reminded, most in (("1", False, 101), ("2", True, 149)):
            before = (await plan.handle.fetch_history()).events
            await four_weeks(plan, name, reminded=reminded)
            events = (await plan.handle.fetch_history()).events
            reminders = 4 if reminded else 0
            assert dict(billed(events) - billed(before)) == {
                "update": 7,
                "activity": 7 + reminders,
                "timer": 4 + reminders,
                "search attributes": 4,
                "local activities": 5,
            }
            assert len(events) - len(before) <= most
        assert await plan.breaches() == []
        await replays(plan.handle)


def _day(at: datetime) -> int:
    return at.day
