"""The outcomes of a client's service plan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from regulations.onboarding import plan_messages as pm
from tests.databases import sqlite_in
from tests.regulations.onboarding.plans import HEAD, MANAGER
from tests.replay.played import Outcome, Step, case, continued
from tests.workflows.service_plans import Served, four_weeks
from tests.workflows.skipping import until_it_waits

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@asynccontextmanager
async def _plan(env: WorkflowEnvironment, folder: Path) -> AsyncIterator[Served]:
    async with sqlite_in(folder) as engine:
        plan = Served(env, engine, 1)
        async with plan.worker():
            yield plan


async def _served(plan: Served) -> None:
    """A month in order; then an update that is learnt late, one that makes up for a period, and a payment that billing finds."""
    now = await plan.now()
    await plan.begin(payment_day=(now + 40 * DAY).day, users=2)
    await plan.certify("a")
    await plan.passes(days=2)
    await four_weeks(plan, "1")
    await plan.passes(days=7)
    await plan.visit("late", happened_at=await plan.now() - 3 * DAY)
    await plan.passes(days=5)
    plan.pays(await plan.now())
    await plan.visit("next")
    await plan.passes(days=12)
    await plan.certify("b")
    await plan.visit("more")
    await plan.visit("makes-up")
    await until_it_waits(plan.handle)
    await plan.end()


async def _billing_away(plan: Served) -> None:
    """Billing is away from the reminder on until after the due instant, then the payment is missing; the next month is told by an event."""
    now = await plan.now()
    await plan.begin(payment_day=(now + 10 * DAY).day, update_every="1 calendar month")
    plan.billing_up = False
    await plan.passes(days=11)
    plan.billing_up = True
    await plan.passes(minutes=20)
    await plan.visit("v-1", materials=("буклет",))
    await plan.pay("b-1")
    await plan.passes(days=1)
    await plan.pay("b-2")
    await plan.passes(days=25)
    await plan.end()


async def _people(plan: Served) -> None:
    """Without a manager at first; needs that the CRM is slow to take, and refuses; a competitor; decisions of the group head."""
    await plan.begin(manager=None)
    await until_it_waits(plan.handle)
    await plan.begin(manager="u42", update_every="5 working days")
    plan.crm_up = False
    await plan.need("n-1")
    await plan.need("n-2")
    learnt = await plan.now()
    await plan.passes(hours=2)
    await plan.say("competitor_acted", pm.CompetitorActed, learnt_at=learnt, action="пропонують знижку", by=MANAGER)
    plan.crm_up, plan.crm_refuses = True, True
    await plan.passes(minutes=20)
    await plan.say("figures_noted", pm.FiguresNoted, users=5, monthly_sum="1200.00", by=MANAGER)
    await plan.say("pause", pm.PauseOfPlan, clause="4.1", reason="клієнт переїжджає", by=HEAD)
    await plan.passes(days=2)
    await plan.say("resume", pm.ResumeOfPlan, clause="4.1", by=HEAD)
    later = await plan.now() + 30 * DAY
    await plan.say("extend", pm.ExtendOfPlan, clause="4.2", new_due=later, reason="користувачі у відпустці", by=HEAD)
    await plan.passes(days=8)
    await plan.say("waive", pm.WaiveOfPlan, clause="4.1", reason="домовлено", by=HEAD)
    await plan.passes(days=1)
    await plan.end()


async def _database_away(plan: Served) -> None:
    """Nothing can be written from the first visit on until the service has ended."""
    await plan.begin(update_every="1 calendar day")
    await until_it_waits(plan.handle)
    plan.database_up = False
    await plan.contact("t-1")
    await plan.passes(hours=30)
    await plan.visit("v-1")
    await plan.end()
    await plan.passes(minutes=5)
    plan.database_up = True


async def _start_refused(plan: Served) -> None:
    with suppress(WorkflowUpdateFailedError):
        await plan.begin(happened_at=await plan.now() + HOUR)


async def _visits(plan: Served) -> Step:
    await plan.begin()
    made = 0

    async def more() -> None:
        nonlocal made
        made += 1
        await plan.visit(f"v-{made}", updated=made % 2 == 1)
        await plan.pay(f"p-{made}")

    return more


async def _over(plan: Served) -> None:
    await plan.certify("a")
    await until_it_waits(plan.handle)
    await plan.end()


OUTCOMES: dict[str, Outcome] = {
    "served": case(_plan, _served, "ended"),
    "billing_away": case(_plan, _billing_away, "ended"),
    "people": case(_plan, _people, "ended"),
    "database_away": case(_plan, _database_away, "ended"),
    "start_refused": case(_plan, _start_refused, "failed"),
    "continued_1": continued(_plan, _visits, _over, 1),
    "continued_2": continued(_plan, _visits, _over, 2),
}
