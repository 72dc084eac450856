"""What service costs, in sums; and that the histories of those who are served stay short."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner

from tests.benchmarks.service_cost import Measured, dollars, effects, occasions, whole, with_schedules, with_timers, words
from tests.benchmarks.service_months import Spent
from tests.workflows.play import to_monday
from tests.workflows.service_plans import Served
from tests.workflows.skipping import until_it_waits
from workflows import docket

PLAN = Spent(
    Counter(UPDATE=60, TIMER_STARTED=15, TIMER_FIRED=5), Counter({"update": 21, "activity": 24, "timer": 15, "local activities": 15}), 300
)
DIARY = Spent(Counter(UPDATE=3000, MARKER_RECORDED=100), Counter({"update": 400, "activity": 200, "local activities": 100}), 30_000)
RUN = Spent(Counter(STARTED=11), Counter({"schedule": 2, "start": 1, "activity": 1}), 20)
MEASURED = Measured(PLAN, Counter(visits=12, contacts=6, payments=3), DIARY, Counter(days=20, visits=400), RUN, Spent(Counter(TIMER=8)))


@pytest.mark.parametrize(
    ("actions", "price"),
    [
        (0, 0.0),
        (1_000_000, 50.0),
        (5_000_000, 250.0),
        (10_000_000, 475.0),
        (11_250_000, 525.0),
        (200_000_000, 5_925.0),
        (201_000_000, 5_950.0),
    ],
)
def test_the_price_of_actions_falls_by_tiers(actions: int, price: float) -> None:
    assert dollars(actions) == pytest.approx(price)


def test_timers_cost_what_was_measured_and_a_client_its_share_of_a_diary() -> None:
    assert (whole(PLAN).actions, whole(PLAN).events) == (75, 80)
    assert (with_timers(MEASURED).actions, with_timers(MEASURED).events) == pytest.approx((75 / 3 + 7.0, 80 / 3 + 31.0))


def test_schedules_cost_an_occasion_for_every_reminder_and_every_end_of_a_term() -> None:
    assert occasions(MEASURED) == (10.0, 40.0)
    assert (effects(PLAN).actions, effects(PLAN).events) == (45, 80 - 20 - 3 * 5)
    assert (effects(DIARY).actions, effects(DIARY).events) == (600, 3000)
    number = 10.0 + 0.4
    cost = with_schedules(MEASURED)
    assert (cost.actions, cost.events) == pytest.approx((45 / 3 + 6.0 + number * 4, 45 / 3 + 30.0 + number * 19))


def test_the_arithmetic_is_said_line_by_line_and_comes_to_what_it_says() -> None:
    said = list(words(MEASURED, 10_000))
    assert "  actions  25.00 + 700 / 100 = 32.00" in said
    assert "  actions  21.00 + 10.40 x 4 = 62.60" in said
    assert "  10,000 clients: 320,000 actions, 576,667 events, $16.00 for the actions" in said
    assert any(line.startswith("CHEAPER: (a); the other takes 1.96 times its actions.") for line in said)


async def test_the_history_of_a_plan_stays_short(
    skipping: WorkflowEnvironment, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan goes on as a new run long before the server suggests it, and what it owes goes with it."""
    monkeypatch.setattr(docket, "MOST_EVENTS", 60)
    await to_monday(skipping)
    plan = Served(skipping, engine)
    async with plan.worker(workflow_runner=UnsandboxedWorkflowRunner()):
        await plan.begin()
        await until_it_waits(plan.handle)
        first = await plan.run_id()
        contacts = 0
        while await plan.run_id() == first:
            assert len((await plan.handle.fetch_history()).events) < 60 + 15
            contacts += 1
            await plan.contact(f"k-{contacts}")
            await until_it_waits(plan.handle)
        assert contacts < 20
        assert await plan.standings("4.1") == {"4.1/1": "open"}
        assert len(await plan.stored("service_records")) == contacts
