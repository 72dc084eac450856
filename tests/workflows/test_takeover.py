"""3.6: another centre's *connection* takes the address over. There is always a lead, and nothing meant for the old one reaches the new."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import PayloadCodec
from temporalio.testing import WorkflowEnvironment

from regulations.lead import messages as lm
from regulations.lead.messages import ToLead
from regulations.messages import Message
from regulations.rows import NoticeRow
from tests.patience import patiently
from tests.regulations.lead.course import created
from tests.workflows.leads import Lead, LeadWorld, lead_on, refusal, refused
from tests.workflows.world import until
from workflows import attributes
from workflows.docket import Receipt

pytestmark = pytest.mark.clause("lead 3.6")
A, B = "vlad-1", "msk-1"
LONG_AGO = timedelta(days=31)
"""A booking that began then has ended."""


@asynccontextmanager
async def held_by_a(env: WorkflowEnvironment, queue: str, world: LeadWorld) -> AsyncIterator[Lead]:
    """A's *connection*, its booking over, everything written."""
    async with world.worker(env.client, queue):
        lead = await begun_by_a(env, queue, world)
        yield lead
        await lead.handle.terminate("test over")


async def begun_by_a(env: WorkflowEnvironment, queue: str, world: LeadWorld) -> Lead:
    lead = lead_on(env, queue=queue)
    await lead.create(centre=A, creator="centre", happened_at=await lead.now() - LONG_AGO)
    lead.uid = (await lead.read()).uid
    await until(lambda: world.look_ups == 1 and bool(world.breaches()) and world.register(lead.uid)[1].breached)
    await asyncio.sleep(0.2)
    return lead


async def taken_over(lead: Lead) -> str:
    """Waits until B's lead has the address; its uid."""
    async with patiently():
        while (found := await lead.read()).uid == lead.uid:  # noqa: ASYNC110 - a worker's doing
            await asyncio.sleep(0.02)
    return found.uid


async def to_a(lead: Lead) -> ToLead:
    """A message to A's lead, which names it by its uid."""
    message = await lead.message(lm.StageNoted, stage="договор на подписи")
    assert isinstance(message, ToLead)
    assert message.uid == lead.uid
    return message


async def not_applied(lead: Lead, *messages: Message) -> None:
    """B's lead knows nothing of what was meant for A's."""
    uid = await taken_over(lead)
    await asyncio.sleep(0.3)
    found = await lead.read()
    assert found.uid == uid
    assert found.stage == "new"
    assert not {m.key for m in messages} & {f.key for f in found.facts}


async def test_as_lead_ends_blocked_and_bs_runs_under_the_same_id_with_no_gap(server: WorkflowEnvironment) -> None:
    world = LeadWorld()
    async with held_by_a(server, "takeover", world) as lead:
        first = await lead.handle.describe()
        assert first.typed_search_attributes.get(attributes.SERVICE_CENTRE) == A
        seen: set[tuple[str | None, WorkflowExecutionStatus | None]] = set()

        async def watch() -> None:
            while True:
                described = await lead.handle.describe()
                await asyncio.sleep(0.005)
                seen.add((described.run_id, described.status))

        watching = asyncio.create_task(watch())
        creation = created(await lead.now(), B, client=lead.number, key=lead.key(), creator="centre")
        assert (await lead.deliver(creation)).answer == "created"
        uid = await taken_over(lead)
        await until(lambda: 1 in world.register(uid))
        watching.cancel()
        assert {status for _, status in seen} == {WorkflowExecutionStatus.RUNNING}

        old = server.client.get_workflow_handle(lead.handle.id, run_id=first.run_id)
        assert (await old.describe()).status == WorkflowExecutionStatus.CONTINUED_AS_NEW
        assert world.register(lead.uid)[1].status == "blocked"
        assert world.register(lead.uid)[1].centre == A
        assert {(r.centre, r.status) for r in world.register(uid).values()} == {(B, "new")}
        assert f"centre:{A}" in {r.role for r in world.of(lead.uid) if isinstance(r, NoticeRow) and r.kind == "ended"}
        found = await lead.read()
        assert (found.round, found.outcome) == (1, None)
        assert [o.state for o in found.obligations] == ["open"]
        assert world.register(uid)[1].booked_until is not None
        described = await lead.handle.describe()
        assert described.typed_search_attributes.get(attributes.SERVICE_CENTRE) == B
        # Late words of A, by uid or by name, are refused; B's are taken.
        for whose in ({"uid": lead.uid}, {"centre": A}):
            assert await refused(lead.take(**whose)) == "Passed"
        assert (await lead.take(uid=uid)).stage == "in_progress"
        assert await refused(lead.deliver(creation)) == "Repeated"  # by a door that lost the answer: to the run that it began


async def test_an_update_sent_during_the_last_local_activity_before_the_takeover_is_never_applied_to_bs_lead(
    server: WorkflowEnvironment,
) -> None:
    """The look-up runs locally, in a workflow task of A's: B's creation and the word for A wait at the server until it is over."""
    world = LeadWorld()
    async with held_by_a(server, "takeover-local", world) as lead:
        message = await to_a(lead)
        sending: list[asyncio.Task[Receipt]] = []

        async def meanwhile() -> None:
            sending.append(asyncio.create_task(lead.create(centre=B, creator="centre")))
            await asyncio.sleep(0.2)
            sending.append(asyncio.create_task(lead.send("stage_noted", message)))
            await asyncio.sleep(0.3)
            assert not any(task.done() for task in sending), "they were to come during the local activity"

        world.meanwhile["look_up_client"] = meanwhile
        await lead.say("contacts_changed", lm.ContactsChanged, contacts=({"name": "Пётр", "phone": "+7 914 222-33-44"},))
        await until(lambda: len(sending) == 2)
        creation, stage = await asyncio.gather(*sending, return_exceptions=True)
        assert isinstance(creation, Receipt)
        assert creation.answer == "created"
        assert isinstance(stage, BaseException)
        assert refusal(stage) in ("Ended", "Passed")
        await not_applied(lead, message)


async def test_an_update_sent_while_as_last_rows_are_written_is_refused(server: WorkflowEnvironment) -> None:
    world = LeadWorld()
    async with held_by_a(server, "takeover-record", world) as lead:
        message, answers = await to_a(lead), []

        async def meanwhile() -> None:
            answers.append(await refused(lead.send("stage_noted", message)))

        world.meanwhile["record"] = meanwhile
        assert (await lead.create(centre=B, creator="centre")).answer == "created"
        await not_applied(lead, message)
        assert answers == ["Ended"]


async def test_an_update_in_the_very_workflow_task_of_the_takeover_is_refused(server: WorkflowEnvironment) -> None:
    """Nobody takes workflow tasks while the last rows are written and the update comes: then both stand in one task."""
    world, queue = LeadWorld(), "takeover-one-task"
    async with world.worker(server.client, queue):
        lead = await begun_by_a(server, queue, world)
    message, gone = await to_a(lead), asyncio.Event()
    sending: list[asyncio.Task[Receipt]] = []

    async def meanwhile() -> None:
        await gone.wait()
        sending.append(asyncio.create_task(lead.send("stage_noted", message)))
        await asyncio.sleep(0.3)

    world.meanwhile["record"] = meanwhile
    async with world.worker(server.client, queue, workflows=[]):
        async with world.worker(server.client, queue, no_remote_activities=True):
            assert (await lead.create(centre=B, creator="centre")).answer == "created"
            await until(lambda: not world.meanwhile)
        gone.set()
        await until(lambda: world.register(lead.uid)[1].status == "blocked")
        assert not sending[0].done()
        async with world.worker(server.client, queue, no_remote_activities=True):
            assert await refused(sending[0]) in ("Ended", "Passed")
            await not_applied(lead, message)
            await lead.handle.terminate("test over")


class WhilePassedOn(PayloadCodec):
    """Lets something happen while the worker answers with the state for the next run: its workflow task is not completed yet."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self.meanwhile = meanwhile
        self.times = 0

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        if any(b'"opening_stale"' in payload.data for payload in payloads):
            self.times += 1
            if self.times == 1:
                await self.meanwhile()
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)


async def test_an_update_that_comes_while_the_takeover_is_on_its_way_to_the_server_is_refused(server: WorkflowEnvironment) -> None:
    """The worker has decided to pass the address on, and the server does not know it yet."""
    world, queue = LeadWorld(), "takeover-on-its-way"
    async with world.worker(server.client, queue):
        lead = await begun_by_a(server, queue, world)
    message = await to_a(lead)
    sending: list[asyncio.Task[Receipt]] = []

    async def meanwhile() -> None:
        sending.append(asyncio.create_task(lead.send("stage_noted", message)))
        await asyncio.sleep(0.3)

    codec = WhilePassedOn(meanwhile)
    client = Client(server.client.service_client, data_converter=replace(pydantic_data_converter, payload_codec=codec))
    async with world.worker(client, queue):
        assert (await lead.create(centre=B, creator="centre")).answer == "created"
        await taken_over(lead)
        assert await refused(sending[0]) in ("Ended", "Passed")
        await not_applied(lead, message)
        assert codec.times >= 1
        await lead.handle.terminate("test over")


async def test_of_a_storm_of_updates_around_the_takeover_none_reaches_bs_lead_and_each_is_answered(server: WorkflowEnvironment) -> None:
    world = LeadWorld()
    async with held_by_a(server, "takeover-storm", world) as lead:
        messages = [await to_a(lead) for _ in range(40)]
        creating: asyncio.Task[Receipt] | None = None
        before: list[asyncio.Task[Receipt]] = []
        after: list[asyncio.Task[Receipt]] = []
        for number, message in enumerate(messages):
            told = creating is not None and creating.done()
            (after if told else before).append(asyncio.create_task(lead.send("stage_noted", message)))
            if number == 10:
                creating = asyncio.create_task(lead.create(centre=B, creator="centre"))
            if number == 20 and creating is not None:
                await creating
            await asyncio.sleep(0.01)
        answers = await asyncio.gather(*before, return_exceptions=True)
        assert {refusal(a) for a in answers if isinstance(a, BaseException)} <= {"Ended", "Passed"}
        for answer in await asyncio.gather(*after, return_exceptions=True):
            assert isinstance(answer, BaseException)
            assert refusal(answer) in ("Ended", "Passed")
        assert len(after) >= 19
        await not_applied(lead, *messages)


async def test_billing_and_mail_that_are_away_hold_up_no_takeover(server: WorkflowEnvironment) -> None:
    world = LeadWorld()
    async with held_by_a(server, "takeover-away", world) as lead:
        world.billing_up = world.mail_up = False
        await lead.say("contacts_changed", lm.ContactsChanged, contacts=({"name": "Пётр", "phone": "+7 914 222-33-44"},))
        await until(lambda: world.look_ups > 3)  # locally twice, then for as long as it takes
        assert (await lead.create(centre=B, creator="centre")).answer == "created"
        await taken_over(lead)
        assert world.register(lead.uid)[1].status == "blocked"
