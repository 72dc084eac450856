"""The outcomes of an onboarding."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from regulations.effects import Told
from regulations.onboarding import slip_messages as sm
from regulations.roster import Absence
from tests.databases import sqlite_in
from tests.replay.played import Outcome, case, passes
from tests.workflows.onboardings import REPORT, Slip, SlipWorld, by

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _slip(**settings: str) -> Callable[[WorkflowEnvironment, Path], AbstractAsyncContextManager[Slip]]:
    """An onboarding by an edition with settings of its own."""

    @asynccontextmanager
    async def scene(env: WorkflowEnvironment, folder: Path) -> AsyncIterator[Slip]:
        async with sqlite_in(folder) as engine:
            world = SlipWorld(engine, **settings)
            async with world.worker(env.client):
                yield Slip(env, world)

    return scene


async def _course(slip: Slip) -> None:
    """An item is refused, mended by its author; a visa is withdrawn; a deputy stands in; the contract's own term runs out before the
    installation, and the agreed time has been moved by then."""
    monday = await slip.now()
    await slip.begin(installation_term="2 working days")
    await slip.visa("2.1")
    await slip.refuse("2.4")
    await slip.say("payment_posted", sm.PaymentPosted, reference="p-1")
    await passes(slip, hours=1)
    await slip.say("item_mended", sm.ItemMended, item="2.4", by=by("accountant"))
    await slip.say("visa_withdrawn", sm.VisaWithdrawn, item="2.1", reason="не та редакція", by=by("lawyer"))
    day = monday.date()
    slip.world.absent("lawyer", Absence(first=day, last=day + 7 * DAY, deputy="u77"), "u77")
    await slip.people_changed()
    for item in ("2.1", "2.2"):
        await slip.visa(item, "u77")
    await slip.visas("2.1", "2.2")
    await slip.contact(monday + DAY)
    await slip.contact(monday + 4 * DAY)
    await passes(slip, days=3)
    await slip.say("installed", sm.Installed, by=by("service"))
    await slip.say("installation_reported", sm.InstallationReported, files=REPORT, by=by("group_head"))
    assert (await slip.standings())["3.2/1"] == "met_late"


async def _stopped(slip: Slip) -> None:
    """A refusal lets the rest be until its item is mended; billing finds the payment; a term is paused, one extended, one let go; the
    plan does not begin by itself."""
    monday = await slip.now()
    slip.world.answer = Told(result="refused", type="OutOfDate", text="newer data stand")
    await slip.begin()
    await slip.visa("2.2")
    await slip.refuse("2.1")
    await passes(slip, hours=1)
    await slip.say("item_mended", sm.ItemMended, item="2.1", by=by("sales_manager"))
    await slip.say("pause", sm.PauseOfOnboarding, clause="2.6", reason="картку готують", by=by("head_of_sales"))
    slip.pay(monday)
    await passes(slip, hours=1)
    await slip.visas("2.2", "2.6")
    await slip.say("resume", sm.ResumeOfOnboarding, clause="2.6", by=by("head_of_sales"))
    await slip.visa("2.6")
    later = monday + 5 * DAY
    head = by("head_of_client_department")
    await slip.say("extend", sm.ExtendOfOnboarding, clause="3.2", new_due=later, reason="ремонт у клієнта", by=head)
    await slip.contact(monday + 4 * DAY)
    await passes(slip, days=3)
    await slip.say("installed", sm.Installed, by=by("service"))
    await slip.say("waive", sm.WaiveOfOnboarding, clause="3.3", reason="звіт не потрібен", by=head)


async def _withdrawn(slip: Slip) -> None:
    """Withdrawn while the CRM, billing and the database are away."""
    world = slip.world
    world.crm_up = world.billing_up = False
    await slip.begin()
    await slip.visas("2.3", "2.4")
    await passes(slip, days=2)
    world.database_up = False
    head = by("head_of_sales")
    await slip.say("withdraw", sm.WithdrawOfOnboarding, reason="клієнт передумав", by=head)
    await passes(slip, minutes=30)
    world.crm_up = world.database_up = True


async def _start_refused(slip: Slip) -> None:
    with suppress(WorkflowUpdateFailedError):
        await slip.begin(regular=False)


OUTCOMES: dict[str, Outcome] = {
    "done_late": case(_slip(), _course, "done"),
    "stopped": case(_slip(on_refusal="stop"), _stopped, "done"),
    "withdrawn": case(_slip(), _withdrawn, "withdrawn"),
    "start_refused": case(_slip(), _start_refused, "failed"),
}
