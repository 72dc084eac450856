"""A renewal on a Temporal server: paid twice at once, and a next deal that the CRM opens late; each with a history that replays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from tests.workflows.leads import refusal
from tests.workflows.play import to_monday
from tests.workflows.replaying import replays
from tests.workflows.sales import SaleCase, SaleWorld, world_in
from tests.workflows.skipping import ended
from workflows.docket import Receipt

PRICE = Decimal(120_000)
MUST_PAY, CLOSED = "Должен оплатить продление", "Продление оплачено"


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[SaleWorld]:
    async with world_in(tmp_path) as world:
        yield world


async def invoiced(env: WorkflowEnvironment, world: SaleWorld) -> tuple[SaleCase, str]:
    """On a Monday at ten in Moscow; the case, and the number of its invoice."""
    await to_monday(env)
    renewal = SaleCase(env, renewal=True)
    assert (await renewal.begin()).stage == "invoicing"
    await renewal.reaches("awaiting_payment")
    [invoice] = await world.stored("partner_invoices", renewal.deal)
    return renewal, str(invoice["number"])


@pytest.mark.clause("partner 6.1")
@pytest.mark.clause("partner 6.2")
@pytest.mark.clause("partner 6.3")
async def test_a_renewal_paid_twice_at_once_through_two_doors_has_one_next_deal(skipping: WorkflowEnvironment, world: SaleWorld) -> None:
    async with world.worker(skipping.client):
        renewal, number = await invoiced(skipping, world)
        assert world.statuses() == [MUST_PAY]
        told = await renewal.payment(number, PRICE, PRICE)
        again = await renewal.payment(number, PRICE, PRICE * 2)  # finance has put it there
        answers = await asyncio.gather(*(renewal.send("allocated", message) for message in (told, again, told)), return_exceptions=True)
        assert sum(isinstance(a, Receipt) for a in answers) == 2
        assert [refusal(a) for a in answers if isinstance(a, BaseException)] == ["Repeated"]
        await renewal.tell()
        result = await ended(skipping, renewal.handle)
        assert (result.outcome, result.next_deal, result.paid) == ("done", "D-next", PRICE * 2)
        assert (world.statuses(), world.searches, len(world.invoices)) == ([MUST_PAY, CLOSED], 1, 1)
        [deal] = await world.stored("partner_deals", renewal.deal)
        assert (deal["what"], deal["stage"], deal["paid"]) == ("renewal", "done", PRICE * 2)
        await replays(renewal.handle)


@pytest.mark.clause("partner 6.3")
async def test_a_next_deal_that_appears_late_is_told_of_and_found(skipping: WorkflowEnvironment, world: SaleWorld) -> None:
    async with world.worker(skipping.client):
        world.deals = ()
        renewal, number = await invoiced(skipping, world)
        world.away = {"crm"}
        await renewal.send("allocated", await renewal.payment(number, PRICE, PRICE))
        await renewal.tell()
        await renewal.rests()
        assert (world.statuses(), world.searches) == ([MUST_PAY], 0)
        world.away = set()
        await skipping.sleep(timedelta(minutes=20))
        await renewal.rests()
        assert world.statuses() == [MUST_PAY, CLOSED]
        for _ in range(5):  # the automation's two hours
            await skipping.sleep(timedelta(minutes=30))
            await renewal.rests()
        assert world.incidents() == ["next_deal_missing"]
        looked = world.searches
        assert looked >= 4
        world.deals = ("D-late",)
        result = await ended(skipping, renewal.handle, step=timedelta(hours=6))
        assert (result.outcome, result.next_deal, world.searches) == ("done", "D-late", looked + 1)
        await replays(renewal.handle)
