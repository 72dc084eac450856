"""Whatever a worker meets while a lead's local activities run, another one can go on with the lead."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from temporalio.testing import WorkflowEnvironment

from regulations.lead import messages as lm
from tests.regulations.lead.course import CONTACTS, PRINCIPAL_PERSON
from tests.workflows.leads import LeadWorld, lead_on
from tests.workflows.replaying import replays
from tests.workflows.test_takeover import A, B, begun_by_a
from tests.workflows.world import until


async def test_a_query_that_comes_with_a_message_leaves_a_history_that_replays(server: WorkflowEnvironment) -> None:
    """The query is answered while a local activity goes on: its workflow task ends, and what the activity answers stands in the next one.

    Two of them beside each other could not be replayed (sdk-python issue 1578).
    """
    world, queue = LeadWorld(), "lead-query"
    lead = lead_on(server, queue=queue)

    async def with_a_query(sending: Coroutine[Any, Any, object]) -> None:
        """Both wait for a worker."""
        tasks = [asyncio.create_task(sending)]
        await asyncio.sleep(0.2)
        tasks.append(asyncio.create_task(lead.read()))
        await asyncio.sleep(0.2)
        async with world.worker(server.client, queue):
            await asyncio.gather(*tasks)
            await asyncio.sleep(0.3)

    await with_a_query(lead.create())
    await with_a_query(lead.say("contacts_changed", lm.ContactsChanged, uid=None, centre="vlad-1", contacts=CONTACTS))
    await with_a_query(lead.say("moved", lm.Moved, centre="vlad-1", to="msk-1", by=PRINCIPAL_PERSON, reason="ближе к клиенту"))
    events = await lead.events()
    splits = [i for i, event in enumerate(events) if event == "MARKER_RECORDED" and events[i + 1] == "WORKFLOW_TASK_SCHEDULED"]
    assert len(splits) >= 2, "no workflow task ended while a local activity went on"
    await replays(lead.handle)
    await lead.handle.terminate("test over")


async def test_local_activities_that_ran_out_of_time_leave_a_history_that_replays(server: WorkflowEnvironment) -> None:
    """In a replay such a failure comes as another exception than when it happened: both have to lead to the ordinary activity."""
    world, queue = LeadWorld(), "lead-slow"
    hung: list[str] = []

    def hang_twice(name: str) -> None:
        async def hang() -> None:
            hung.append(name)
            if hung.count(name) < 2:
                world.meanwhile[name] = hang
            await asyncio.sleep(3)

        world.meanwhile[name] = hang

    hang_twice("open_case")
    hang_twice("look_up_client")
    async with world.worker(server.client, queue):
        lead = lead_on(server, queue=queue)
        assert (await lead.create()).answer == "created"
        await until(lambda: bool(world.batches))
    assert hung.count("open_case") == hung.count("look_up_client") == 2
    await replays(lead.handle)
    await lead.handle.terminate("test over")


async def test_a_worker_that_keeps_nothing_in_its_cache_takes_the_lead_through_its_takeover(server: WorkflowEnvironment) -> None:
    """Every workflow task replays the run from its beginning; one that came to other commands would fail, and nothing would go on."""
    world, queue = LeadWorld(), "takeover-no-cache"
    async with world.worker(server.client, queue, max_cached_workflows=0):
        lead = await begun_by_a(server, queue, world)
        assert (await lead.create(centre=B, creator="centre")).answer == "created"
        await until(lambda: any(batch.case_uid != lead.uid for batch in world.batches))
        uid = next(batch.case_uid for batch in world.batches if batch.case_uid != lead.uid)
        await lead.take(uid=uid)
        await lead.say("moved", lm.Moved, uid=uid, to=A, by=PRINCIPAL_PERSON, reason="ближе к клиенту")
        await until(lambda: 2 in world.register(uid))
        lead.uid = uid
        await lead.say("declined", lm.Declined, reason="не интересно")
        assert (await lead.handle.result()).outcome == "declined"
