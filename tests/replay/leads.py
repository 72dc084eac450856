"""The outcomes of a lead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowFailureError, WorkflowHistory, WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from regulations.lead import messages as lm
from regulations.lead.effects import ClientStanding
from tests.regulations.lead.course import PRINCIPAL_PERSON, SUPPORT_PERSON
from tests.replay.played import IDENTITY, Outcome
from tests.workflows.conftest import time_skipping
from tests.workflows.leads import Lead, LeadWorld, lead_on, paid, to_friday
from tests.workflows.skipping import ended, until_it_waits
from tests.workflows.world import until

Course = Callable[[WorkflowEnvironment, LeadWorld, Lead], Awaitable[None]]


def _lead(course: Course, ends: str, run: int = 1) -> Outcome:
    """The history of a run of the lead of C-1 that takes this course from a Friday in Vladivostok on; the last run must end so."""

    async def outcome(_: Path) -> WorkflowHistory:
        world = LeadWorld()
        async with time_skipping(IDENTITY) as env, world.worker(env.client):
            await to_friday(env)
            lead = lead_on(env, skipping=True)
            lead.number = "C-1"
            await course(env, world, lead)
            try:
                found = (await ended(env, lead.handle)).outcome
            except WorkflowFailureError:
                found = "failed"
            assert found == ends, f"it was to end {ends}, and has ended {found}"
            runs = [await lead.handle.fetch_history()]
            while before := runs[0].events[0].workflow_execution_started_event_attributes.continued_execution_run_id:
                runs.insert(0, await env.client.get_workflow_handle(lead.handle.id, run_id=before).fetch_history())
            return runs[run - 1]

    return outcome


async def _until(env: WorkflowEnvironment, lead: Lead, **delta: float) -> None:
    """Lets time pass, once the lead has done what there is to do."""
    await until_it_waits(lead.handle)
    await env.sleep(timedelta(**delta))
    await until_it_waits(lead.handle)


async def _in_time(env: WorkflowEnvironment, world: LeadWorld, lead: Lead) -> None:
    await lead.create(type="renewal", manager="anna")
    await _until(env, lead, minutes=20)
    await lead.take()
    await lead.say("stage_noted", lm.StageNoted, stage="выставлен счёт")
    await _until(env, lead, days=2)
    world.invoices["i-1"] = paid(await lead.now())
    await lead.say("invoice_linked", lm.InvoiceLinked, invoice="i-1")


async def _late(env: WorkflowEnvironment, world: LeadWorld, lead: Lead) -> None:
    """Reminded, breached, taken late; then the client declines."""
    await lead.create(type="renewal")
    await _until(env, lead, days=4)
    await lead.take()
    await _until(env, lead, days=1)
    await lead.say("declined", lm.Declined, reason="не интересно")


async def _booking(env: WorkflowEnvironment, world: LeadWorld, lead: Lead) -> None:
    """A *connection* whose booking ends, as nobody works on it; an unpaid invoice, then one that is paid."""
    await lead.create(creator="centre")
    await lead.take()
    await _until(env, lead, days=31)
    await lead.say("invoice_linked", lm.InvoiceLinked, invoice="i-0")
    await _until(env, lead, hours=1)
    world.invoices["i-1"] = paid(await lead.now())
    await lead.say("invoice_linked", lm.InvoiceLinked, invoice="i-1")


async def _taken_over(env: WorkflowEnvironment, world: LeadWorld, lead: Lead) -> None:
    await lead.create(creator="centre")
    await lead.take()
    first = (await lead.read()).uid
    await _until(env, lead, days=31)
    await lead.create(centre="msk-1", creator="centre")
    await until(lambda: any(b.case_uid != first for b in world.batches))
    await until_it_waits(lead.handle)
    lead.uid = ""
    await lead.take()
    await lead.say("declined", lm.Declined, reason="не интересно")


async def _moved(env: WorkflowEnvironment, world: LeadWorld, lead: Lead) -> None:
    """Warm, heated, moved to another zone, assigned there, closed."""
    await lead.create(type="renewal", temperature="warm")
    await _until(env, lead, hours=20)
    await lead.create(type="renewal")
    await _until(env, lead, hours=1)
    await lead.say("moved", lm.Moved, to="kgd-1", by=PRINCIPAL_PERSON, reason="ближе к клиенту")
    await _until(env, lead, hours=30)
    await lead.say("manager_assigned", lm.ManagerAssigned, manager="boris")
    await _until(env, lead, hours=1)
    await lead.take()
    await lead.say("declined", lm.Declined, reason="не интересно")


async def _withdrawn(env: WorkflowEnvironment, world: LeadWorld, lead: Lead) -> None:
    """Billing contradicts the type, contacts look made up; the sales support service withdraws it."""
    world.standing = ClientStanding(last_used_at=await lead.now(), made_up=("0:phone",))
    await lead.create()
    await _until(env, lead, hours=1)
    await lead.say("withdraw", lm.WithdrawOfLead, reason="создана по ошибке", by=SUPPORT_PERSON)


async def _serviced(env: WorkflowEnvironment, world: LeadWorld, lead: Lead) -> None:
    await lead.create(type="service", temperature="cold")
    await _until(env, lead, days=3)
    now = await lead.now()
    await lead.say("day_planned", lm.DayPlanned, day=(now + timedelta(days=2)).date())
    await lead.take()
    await lead.say("postponed", lm.Postponed, until=now + timedelta(days=5))
    await _until(env, lead, days=5)
    await lead.say("completed", lm.Completed, comment="настроен доступ")


async def _away(env: WorkflowEnvironment, world: LeadWorld, lead: Lead) -> None:
    """Billing and mail are away until it ends, and after."""
    world.billing_up = world.mail_up = False
    await lead.create()
    await until(lambda: world.mail_attempts > 0 and world.look_ups > 2)
    await _until(env, lead, hours=5)
    await lead.say("declined", lm.Declined, reason="не интересно")


async def _start_refused(env: WorkflowEnvironment, world: LeadWorld, lead: Lead) -> None:
    with suppress(WorkflowUpdateFailedError):
        await lead.create(happened_at=await lead.now() + timedelta(hours=1))


OUTCOMES: dict[str, Outcome] = {
    "in_time": _lead(_in_time, "completed"),
    "late": _lead(_late, "declined"),
    "booking_and_invoice": _lead(_booking, "completed"),
    "taken_over_1": _lead(_taken_over, "declined", 1),
    "taken_over_2": _lead(_taken_over, "declined", 2),
    "moved": _lead(_moved, "declined"),
    "withdrawn": _lead(_withdrawn, "withdrawn"),
    "serviced": _lead(_serviced, "completed"),
    "away": _lead(_away, "declined"),
    "start_refused": _lead(_start_refused, "failed"),
}
