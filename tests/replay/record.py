"""Records a history of each outcome of each workflow, and the commands that its code issues: ``python -m tests.replay.record``.

Run it when the commands of a workflow have changed, and commit what it writes together with the change. From version 1.0 on such a change
needs ``workflow.patched`` as well, and the earlier histories stay beside the new ones.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from regulations import messages as m
from tests.regulations.handoff.course import CC_HEAD_PERSON, MANAGER, sale
from tests.replay.commands import COMMANDS, commands_of_workflows
from tests.workflows.conftest import time_skipping
from tests.workflows.play import Play
from tests.workflows.world import World, begin, until
from workflows.client_handoff import ClientHandoff

HISTORIES = Path(__file__).parent / "histories"


@asynccontextmanager
async def _played() -> AsyncIterator[tuple[WorkflowEnvironment, World, Play]]:
    world = World()
    async with time_skipping() as env, world.worker(env.client):

        async def now() -> datetime:
            return await env.get_current_time()

        moment = await now()
        monday = (moment + timedelta(days=7 - moment.weekday())).replace(hour=7, minute=0, second=0, microsecond=0)
        await env.sleep(monday - moment)
        play = Play(env.client, world, now)
        play.deal = "D-1"
        yield env, world, play


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


OUTCOMES: dict[str, Callable[[WorkflowEnvironment, World, Play], Awaitable[None]]] = {
    "handoff_done": _done,
    "handoff_returned_and_done": _returned_and_done,
    "handoff_late": _late_and_withdrawn_breach,
    "handoff_declined_and_refused": _declined_after_acceptance,
    "handoff_not_paid": _not_paid,
    "handoff_withdrawn": _withdrawn,
    "handoff_effects_away": _away,
    "handoff_start_refused": _start_refused,
}


def _without_places(history: str) -> str:
    """The history without stack traces: they hold the paths of the machine it was recorded on, and a replay does not read them."""

    def cut(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: cut(v) for k, v in value.items() if k != "stackTrace"}
        return [cut(v) for v in value] if isinstance(value, list) else value

    return json.dumps(cut(json.loads(history)), indent=2, ensure_ascii=False) + "\n"


async def record() -> None:
    """Plays every outcome and writes its history."""
    for name, play_it in OUTCOMES.items():
        async with _played() as (env, world, play):
            await play_it(env, world, play)
            try:
                outcome = (await play.handle.result()).outcome
            except WorkflowFailureError:
                outcome = "failed"
            history = await play.handle.fetch_history()
            (HISTORIES / f"{name}.json").write_text(_without_places(history.to_json()), "utf-8")
            print(f"{name}: {outcome}, {len(history.events)} events")
    COMMANDS.write_text(json.dumps(commands_of_workflows(), indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(record())
    sys.stdout.flush()
    os._exit(0)
