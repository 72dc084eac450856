"""What a case costs: its history events, counted."""

from __future__ import annotations

import asyncio

from temporalio.testing import WorkflowEnvironment

from regulations import messages as m
from tests.workflows.play import Play
from tests.workflows.world import World, until


async def test_a_happy_handoff_with_a_written_contract_costs_at_most_96_events(server: WorkflowEnvironment) -> None:
    """Payment and access are found by the look-up at the sale; seven messages; none of the events comes from polling."""
    world = World()
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell()
        await until(lambda: world.look_ups == 1)
        await play.request()
        await until(lambda: len(world.batches) >= 2)  # the sale's, by which e-mails find it, and the request's
        await play.accept()
        await until(lambda: bool(world.letters) and bool(world.records))
        await asyncio.sleep(0.5)
        await play.fulfil()
        assert (await play.handle.result()).met == 11
        events = await play.events()
        assert len(events) <= 96, events
        assert world.polls == 0


async def test_payment_and_access_by_webhook_cost_two_messages_more(server: WorkflowEnvironment) -> None:
    """The same handoff when billing tells of payment and access by events of their own: nine messages, at most 106 events."""
    world = World()
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell(paid=False, granted=False)
        await until(lambda: world.look_ups == 1)
        await play.paid()
        await play.say("access_granted", m.AccessGranted, reference="a", tariff="t")
        await play.request()
        await until(lambda: len(world.batches) >= 2)  # the sale's, by which e-mails find it, and the request's
        await play.accept()
        await until(lambda: bool(world.letters) and bool(world.records))
        await asyncio.sleep(0.5)
        await play.fulfil()
        assert (await play.handle.result()).met == 11
        assert len(await play.events()) <= 106
        assert world.polls == 0
