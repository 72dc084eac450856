"""The outcomes of a handoff whose files nobody has to read and whose calendar stays as it is."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowHistory, WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from regulations import messages as m
from tests.regulations.handoff.course import CC_HEAD_PERSON, MANAGER, sale
from tests.replay.played import IDENTITY, Outcome, handoff, plain
from tests.workflows.conftest import real_time
from tests.workflows.play import Play
from tests.workflows.world import World, begin, until
from workflows.client_handoff import ClientHandoff


async def _done(env: WorkflowEnvironment, world: World, play: Play) -> None:
    await play.sell(paid=False, granted=False)
    await env.sleep(timedelta(hours=1))
    await play.paid()
    await play.request()
    await play.accept()
    await play.fulfil("closing_documents_signed")
    await play.say("access_granted", m.AccessGranted, reference="a", tariff="t")
    await play.say("closing_documents_signed", m.ClosingDocumentsSigned)


async def _returned_and_done(env: WorkflowEnvironment, world: World, play: Play) -> None:
    await play.sell()
    await play.request(questionnaire={"name": "ООО Ромашка"})
    await play.returned("3.3")
    await env.sleep(timedelta(hours=5))
    await play.request()
    await play.accept()
    await play.fulfil()


async def _late_and_withdrawn_breach(env: WorkflowEnvironment, world: World, play: Play) -> None:
    await play.sell(granted=False)
    await env.sleep(timedelta(hours=30))
    in_time = await env.get_current_time() - timedelta(hours=10)
    await play.say("access_granted", m.AccessGranted, reference="a", tariff="t", happened_at=in_time)
    await play.request()
    await play.accept()
    await env.sleep(timedelta(days=4))
    await play.fulfil()
    await env.sleep(timedelta(days=4))


async def _declined_after_acceptance(env: WorkflowEnvironment, world: World, play: Play) -> None:
    await play.sell()
    await play.request()
    await play.accept()
    await play.say("first_contact", m.FirstContact)
    await play.returned("3.1")
    await env.sleep(timedelta(days=40))


async def _not_paid(env: WorkflowEnvironment, world: World, play: Play) -> None:
    await play.sell(paid=False, granted=False)
    await env.sleep(timedelta(days=40))


async def _withdrawn(env: WorkflowEnvironment, world: World, play: Play) -> None:
    await play.sell()
    await play.say("extend", m.Extend, clause="2.1.3", by=MANAGER, reason="agreed", new_due=await play.now() + timedelta(days=9))
    await play.say("pause", m.Pause, clause="2.1.4", by=MANAGER, reason="the client is away")
    await env.sleep(timedelta(hours=2))
    await play.say("resume", m.Resume, clause="2.1.4", by=MANAGER)
    await play.say("waive", m.Waive, clause="2.1.3", by=MANAGER, reason="agreed")
    await play.say("withdraw", m.Withdraw, by=CC_HEAD_PERSON, reason="entered twice")
    await env.sleep(timedelta(days=3))


async def _away(env: WorkflowEnvironment, world: World, play: Play) -> None:
    world.mail_up = world.crm_up = False
    await play.sell()
    await play.request()
    await play.accept()
    await play.fulfil("closing_documents_signed")
    await env.sleep(timedelta(days=1))
    world.mail_up = world.crm_up = True
    await env.sleep(timedelta(minutes=30))
    await until(lambda: bool(world.letters and world.records))
    await play.say("closing_documents_signed", m.ClosingDocumentsSigned)


async def _start_refused(env: WorkflowEnvironment, world: World, play: Play) -> None:
    with suppress(WorkflowUpdateFailedError):  # 1.2: the partner may collect payments itself
        await begin(env.client, sale(await play.now(), collects=True), id="handoff/D-1")
    play.handle = env.client.get_workflow_handle_for(ClientHandoff.run, "handoff/D-1")


def _continued(run: int) -> Outcome:
    """The history of the first or of the last run of a handoff that has grown long. Only the real server suggests to continue."""

    async def outcome(_: Path) -> WorkflowHistory:
        world = World(terms={"2.2.4": "24 working hours"})  # round the clock: its last letter waits for no morning
        async with real_time(continue_at=60, identity=IDENTITY) as env, world.worker(env.client):
            play = Play(env.client, world)
            play.deal = "D-1"
            await play.sell()
            first = (await play.handle.describe()).run_id
            rounds = 0
            while (await play.handle.describe()).run_id == first:
                await play.request()
                await play.returned("3.3")
                rounds += 1
                await until(lambda: world.templates().count("returned") == rounds)  # noqa: B023 - waited for here
                await asyncio.sleep(0.3)  # what the letter leads to is recorded, and the case continues or not
            await play.say("withdraw", m.Withdraw, by=CC_HEAD_PERSON, reason="entered twice")
            assert (await play.handle.result()).outcome == "withdrawn"
            ran = env.client.get_workflow_handle(play.handle.id, run_id=first) if run == 1 else play.handle
            return await ran.fetch_history()

    return outcome


OUTCOMES: dict[str, Outcome] = {
    "done": handoff(_done, "done", plain),
    "returned_and_done": handoff(_returned_and_done, "done", plain),
    "late": handoff(_late_and_withdrawn_breach, "done", plain),
    "declined_and_refused": handoff(_declined_after_acceptance, "refused", plain),
    "not_paid": handoff(_not_paid, "not_paid", plain),
    "withdrawn": handoff(_withdrawn, "withdrawn", plain),
    "effects_away": handoff(_away, "done", plain),
    "continued_1": _continued(1),
    "continued_2": _continued(2),
    "start_refused": handoff(_start_refused, "failed", plain),
}
