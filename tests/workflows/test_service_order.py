"""An order on a Temporal server: two payments, a defect that is mended, a world that is away, each with a history that replays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from regulations.partner import sale_messages as m
from tests.regulations.partner.sales import HALF, MARKETING, NETWORK, PAYER, TECHNICAL, TOTAL
from tests.workflows.leads import refused
from tests.workflows.play import to_monday
from tests.workflows.replaying import replays
from tests.workflows.sales import SaleCase, SaleWorld, world_in
from tests.workflows.skipping import ended

HOUR = timedelta(hours=1)


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[SaleWorld]:
    async with world_in(tmp_path) as world:
        yield world


@pytest.mark.clause("partner 5.1")
@pytest.mark.clause("partner 5.2")
@pytest.mark.clause("partner 5.3")
@pytest.mark.clause("partner 5.4")
@pytest.mark.clause("partner 5.5")
@pytest.mark.clause("partner 5.6")
async def test_an_order_goes_from_the_consent_over_two_payments_to_the_execution(skipping: WorkflowEnvironment, world: SaleWorld) -> None:
    async with world.worker(skipping.client):
        await to_monday(skipping)
        order = SaleCase(skipping)
        assert (await order.begin()).stage == "awaiting_form"
        await order.rests()
        await skipping.sleep(HOUR)
        await order.form()
        await order.reaches("awaiting_payment")
        [invoice] = await world.stored("partner_invoices", order.deal)
        assert (invoice["total"], invoice["state"], invoice["payer_inn"]) == (TOTAL, "open", PAYER["inn"])
        assert invoice["places"] == [["2", "2.3"]]
        assert world.templates() == ["form", "invoice"]
        assert len(world.messages) == 1
        number = invoice["number"]
        await skipping.sleep(HOUR)
        await order.send("allocated", await order.payment(number, HALF, HALF))
        assert (await order.rests()).stage == "partly_paid"
        assert await refused(order.tell()) == "NoReason"
        await order.tell(reason="ждёт аванса")
        await order.send("allocated", await order.payment(number, HALF, TOTAL))
        await order.tell()
        await order.rests()
        await skipping.sleep(HOUR)
        await order.say("executed", m.Executed, by=TECHNICAL)
        result = await ended(skipping, order.handle)
        assert (result.outcome, result.paid, result.met, result.breaches) == ("done", TOTAL, 6, 0)
        [deal] = await world.stored("partner_deals", order.deal)
        assert (deal["stage"], deal["paid"], deal["total"], deal["services"]) == ("done", TOTAL, TOTAL, "Настройка CRM")
        [record] = world.records.values()
        assert (record.external_id, record.fields["sum"], record.fields["direction"]) == (order.address, "45000.00", "Доп. услуги")
        assert (len(world.invoices), world.incidents()) == (1, [])
        await replays(order.handle)


@pytest.mark.clause("partner 7.1")
async def test_an_invoice_without_its_city_is_held_until_it_is_mended(skipping: WorkflowEnvironment, world: SaleWorld) -> None:
    async with world.worker(skipping.client):
        await to_monday(skipping)
        order = SaleCase(skipping)
        await order.begin(services=[NETWORK])
        await order.form()
        assert (await order.rests()).stage == "invoicing"
        await skipping.sleep(3 * HOUR)  # past the term of 5.2
        await order.rests()
        assert (world.templates(), world.messages, world.invoices) == (["form"], {}, {})
        assert world.breaches() == [("5.2", "recorded")]
        await order.say("corrected", m.Corrected, city="Казань", by={"id": "m1", "role": "support_manager"})
        await order.reaches("awaiting_payment")
        assert (world.templates(), len(world.invoices)) == (["form", "invoice"], 1)
        [invoice] = await world.stored("partner_invoices", order.deal)
        assert (invoice["city"], "Казань" in invoice["purpose"]) == ("Казань", True)
        assert world.breaches() == [("5.2", "recorded"), ("5.2", "met_late")]
        await order.send("allocated", await order.payment(invoice["number"], Decimal(30_000), Decimal(30_000)))
        await order.tell()
        await order.say("executed", m.Executed, by=MARKETING)
        assert (await ended(skipping, order.handle)).outcome == "done"
        await replays(order.handle)


async def test_a_world_that_is_away_for_a_while_gets_everything_once(skipping: WorkflowEnvironment, world: SaleWorld) -> None:
    async with world.worker(skipping.client):
        await to_monday(skipping)
        world.away = {"billing", "mail", "crm", "sms"}
        order = SaleCase(skipping)
        await order.begin()
        await order.form()
        assert (await order.rests()).stage == "invoicing"
        world.away = {"database", "mail", "crm", "sms"}
        await skipping.sleep(timedelta(minutes=20))
        assert (await order.reaches("awaiting_payment")).stage == "awaiting_payment"
        assert world.letters == {}, "nothing leaves before the register has the invoice"
        world.away = {"crm", "sms"}
        await skipping.sleep(timedelta(minutes=30))
        await order.rests()
        assert "invoice" in world.templates()
        [invoice] = await world.stored("partner_invoices", order.deal)
        await order.send("allocated", await order.payment(invoice["number"], TOTAL, TOTAL))
        await asyncio.gather(order.tell(), order.say("executed", m.Executed, by=TECHNICAL))
        assert (await order.rests()).stage == "paid"
        world.away = {"sms"}
        result = await ended(skipping, order.handle)
        assert (result.outcome, len(world.invoices), len(world.records), world.messages) == ("done", 1, 1, {})
        assert sorted(world.templates()) == ["form", "invoice"]
        await replays(order.handle)
