"""An incoming payment on a Temporal server: matched, told, divided, returned; two at once; the database away (partner 7.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from regulations.effects import Told
from tests.runtime.ledgers import issue
from tests.workflows.leads import refused
from tests.workflows.payments import Case, PaymentWorld, world_in, world_on
from tests.workflows.play import to_monday
from tests.workflows.replaying import replays
from tests.workflows.skipping import ended, until_it_waits
from tests.workflows.world import until
from workflows import attributes

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CRM = "partner/D-117/order"


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[PaymentWorld]:
    async with world_in(tmp_path) as world:
        yield world


@pytest.mark.clause("partner 5.3")
@pytest.mark.clause("partner 7.2")
async def test_a_part_then_the_rest_then_what_is_too_much(server: WorkflowEnvironment, database_url: str) -> None:
    """On each kind of database."""
    async with world_on(database_url) as world, world.worker(server.client, "payment-parts"):
        await issue(world.engine, "117", "45000.00")
        part, rest, more = (Case(server, queue="payment-parts") for _ in range(3))
        await part.arrive("20000.00")
        first = await part.handle.result()
        assert (first.outcome, first.verdict, first.allocated, first.returned) == ("allocated", "partial", "20000.00", "0.00")
        await rest.arrive("25000.00")
        assert (await rest.handle.result()).verdict == "exact"
        assert world.paid() == [(CRM, "20000.00", "20000.00"), (CRM, "25000.00", "45000.00")]
        await more.arrive("0.01")
        await until_it_waits(more.handle)
        assert (await more.read()).stage == "undecided"
        assert await refused(more.refund("0.02")) == "TooMuch"
        await more.refund("0.01")
        last = await more.handle.result()
        assert (last.outcome, last.verdict, last.returned, last.met) == ("returned", "double", "0.01", 1)
        assert len(world.told) == 2
        for case in (part, more):
            await replays(case.handle)


@pytest.mark.clause("partner 6.3")
@pytest.mark.clause("partner 7.2")
async def test_of_two_payments_at_the_same_moment_one_pays_and_the_other_is_finances(
    server: WorkflowEnvironment, world: PaymentWorld
) -> None:
    async with world.worker(server.client, "payment-two"):
        await issue(world.engine, "117", "120000.00", kind="renewal")
        cases = [Case(server, queue="payment-two") for _ in range(2)]
        await asyncio.gather(*(case.arrive("120000.00") for case in cases))
        await until(lambda: bool(world.told) and bool(world.notices("finance")))
        stages = {(await case.read()).stage: case for case in cases}
        assert sorted(stages) == ["settled", "undecided"]
        assert world.paid() == [("partner/D-117/renewal", "120000.00", "120000.00")]
        await stages["undecided"].refund("120000.00")
        assert (await stages["undecided"].handle.result()).verdict == "double"


@pytest.mark.clause("partner 7.2")
async def test_what_fits_nothing_is_allocated_by_finance(server: WorkflowEnvironment, world: PaymentWorld) -> None:
    async with world.worker(server.client, "payment-unknown"):
        await issue(world.engine, "117", "45000.00")
        case = Case(server, queue="payment-unknown")
        await case.arrive("50000.00", "за услуги")
        await until(lambda: bool(world.notices("finance")))
        shown = (await case.handle.describe()).typed_search_attributes
        assert (shown.get(attributes.STAGE), shown.get(attributes.CLAUSE)) == ("undecided", "partner 7.2")
        assert "117" in world.notices("finance")[0]
        await case.assign("999")
        await until(lambda: world.incidents() == ["payment_not_assigned"])
        await case.assign("117")
        await until(lambda: world.paid() == [(CRM, "45000.00", "45000.00")])
        world.answer = Told(result="no_case")
        await issue(world.engine, "118", "5000.00")
        await case.assign("118", amount="5000.00")
        result = await case.handle.result()
        assert (result.outcome, result.allocated, result.met) == ("allocated", "50000.00", 1)
        assert world.incidents() == ["payment_not_assigned", "allocation_not_told"]
        await replays(case.handle)


@pytest.mark.clause("partner 7.2")
async def test_a_payment_whose_purpose_does_not_follow_its_invoice_is_returned_and_late_is_a_breach(
    skipping: WorkflowEnvironment, world: PaymentWorld
) -> None:
    async with world.worker(skipping.client):
        await to_monday(skipping)
        await issue(world.engine, "117", "45000.00")
        case = Case(skipping, skipping=True)
        monday = await case.now()
        await case.arrive("45000.00", "счет № 117, в т.ч. НДС 20%")
        read = await case.read()
        assert read.stage == "returning"
        due = read.obligations[0].due
        assert due == monday.replace(hour=16, minute=0, second=0, microsecond=0) + 3 * DAY, "Thursday's closing, 19:00 in Moscow"
        await skipping.sleep(due + HOUR - await case.now())
        await until_it_waits(case.handle)
        assert world.breaches() == [("7.2", "recorded")]
        await case.refund("45000.00")
        result = await ended(skipping, case.handle)
        assert (result.outcome, result.met_late, result.breaches) == ("returned", 1, 1)
        assert world.breaches() == [("7.2", "recorded"), ("7.2", "met_late")]
        assert world.told == []
        await replays(case.handle)


@pytest.mark.clause("partner 7.2")
async def test_with_database_and_cases_away_nothing_is_lost_and_what_was_in_time_stays_so(
    skipping: WorkflowEnvironment, world: PaymentWorld
) -> None:
    async with world.worker(skipping.client):
        await to_monday(skipping)
        await issue(world.engine, "117", "30000.00")
        world.database_up = world.cases_up = False
        case = Case(skipping, skipping=True)
        await case.arrive("45000.00")
        await until(lambda: world.attempts > 0)
        assert await refused(case.refund("15000.00")) == "Matching"
        world.database_up = True
        await skipping.sleep(timedelta(minutes=10))
        read = await case.read()
        assert (read.stage, read.obligations[0].state) == ("undecided", "open")
        due = read.obligations[0].due
        assert due is not None
        world.database_up = False
        await case.refund("15000.00")
        await until_it_waits(case.handle)
        await skipping.sleep(due + HOUR - await case.now())
        assert (await case.read()).obligations[0].state == "open", "the return was made in time, and has yet to be entered"
        world.database_up = world.cases_up = True
        result = await ended(skipping, case.handle)
        assert (result.outcome, result.allocated, result.returned) == ("divided", "30000.00", "15000.00")
        assert (result.met, result.breaches, world.breaches()) == (1, 0, [])
        await replays(case.handle)


@pytest.mark.clause("partner 7.2")
async def test_a_start_that_is_refused_leaves_no_case(server: WorkflowEnvironment, world: PaymentWorld) -> None:
    async with world.worker(server.client, "payment-refused"):
        case = Case(server, queue="payment-refused")
        assert await refused(case.arrive("1.00", happened_at=await case.now() + HOUR)) == "FromTheFuture"
        with pytest.raises(WorkflowFailureError) as failed:
            await case.handle.result()
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == "Refused"
        assert world.attempts == 0
