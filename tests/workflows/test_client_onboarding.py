"""An onboarding on a Temporal server: its whole course with everything outside away in turn, messages at once, people that change."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from activities.tell import CaseTeller
from regulations.messages import Message
from regulations.onboarding import slip_messages as sm
from regulations.onboarding.case import ITEMS
from regulations.read_out import ReadOut
from regulations.roster import Absence
from tests.patience import patiently
from tests.replay.played import passes
from tests.workflows.leads import refused
from tests.workflows.onboardings import ADDRESS, PEOPLE, PLAN, QUEUE, REPORT, Slip, SlipWorld, by
from tests.workflows.play import to_monday
from tests.workflows.replaying import replays
from tests.workflows.skipping import ended, until_it_waits
from workflows import attributes
from workflows.client_onboarding import ClientOnboarding
from workflows.docket import Receipt
from workflows.service_plan import ServicePlan

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.clause("onboarding 2")
@pytest.mark.clause("onboarding 3.1")
@pytest.mark.clause("onboarding 3.2")
@pytest.mark.clause("onboarding 3.3")
async def test_an_onboarding_goes_its_course_with_everything_outside_away_in_turn(
    skipping: WorkflowEnvironment, engine: AsyncEngine
) -> None:
    world = SlipWorld(engine)
    slip = Slip(skipping, world)
    await to_monday(skipping)
    monday = await slip.now()
    async with world.worker(skipping.client, max_cached_workflows=0):  # nothing waits for the one that dies
        assert await refused(slip.begin(regular=False)) == "NotRegular"
        with pytest.raises(WorkflowFailureError):
            await ended(skipping, slip.handle)

        assert (await slip.begin()).stage == "collecting_visas"
        assert await refused(slip.visa("2.7")) == "OutOfOrder"
        assert await refused(slip.visa("2.1", PEOPLE["accountant"])) == "NotInRole"
        await slip.visa("2.2")
        await slip.refuse("2.4")
        await slip.say("item_mended", sm.ItemMended, item="2.4", by=by("accountant"))
        world.crm_up = world.database_up = world.billing_up = False
        await slip.visas("2.2", "2.3")
        await slip.say("visa_withdrawn", sm.VisaWithdrawn, item="2.1", reason="не та редакція", by=by("lawyer"))
        await slip.visa("2.1")
        slip.pay(monday + HOUR)
        await passes(slip, hours=2)
        assert "3.2/1" not in await slip.standings(), "billing is away: nobody knows of the payment"
    async with world.worker(skipping.client):
        world.billing_up = True
        await passes(slip, minutes=31)
        assert (await slip.standings())["3.2/1"] == "open"
        assert (world.records, {row["item"] for row in await world.stored("visas")}) == ([], {"2.2", "2.4"})
        world.crm_up = world.database_up = True
        await passes(slip, days=2)
        assert (await slip.standings())["2.3/1"] == "overdue"
        world.database_up = False
        assert (await slip.visa("2.3")).stage == "in_service"
        await slip.contact(await slip.now() + HOUR)
        await passes(slip, minutes=61)
        shown = (await slip.handle.describe()).typed_search_attributes
        assert (shown.get(attributes.STAGE), shown.get(attributes.CLAUSE)) == ("in_service", "onboarding 3.2")
        assert shown.get(attributes.OVERDUE)
        world.plan_up = False
        await slip.say("installed", sm.Installed, by=by("service"))
        await slip.say("installation_reported", sm.InstallationReported, files=REPORT, by=by("group_head"))
        assert ((await slip.read()).stage, world.told) == ("in_service", [])
        world.plan_up = world.database_up = True
        result = await ended(skipping, slip.handle)
    assert (result.outcome, result.met_late, result.breaches, result.waived) == ("done", 2, 2, 0)
    [told], [record] = world.told, world.records
    assert (told.address, told.update, told.message["manager"]) == ("service-plan/c-18", "begun", PEOPLE["client_manager"])
    assert record.external_id == ADDRESS
    assert {row["item"]: row["state"] for row in await world.stored("visas")} == dict.fromkeys(ITEMS, "given")
    entries = sorted((row["clause"], row["entry"]) for row in await world.stored("breaches"))
    assert entries == [(clause, entry) for clause in ("2.3", "3.2") for entry in ("met_late", "recorded")]
    await replays(slip.handle)


@pytest.mark.clause("onboarding 2")
async def test_all_visas_at_once_and_each_of_them_twice_complete_the_slip_once(server: WorkflowEnvironment, engine: AsyncEngine) -> None:
    """On a real server, told by two senders each, and once more with the very same event."""
    world = SlipWorld(engine)
    slip = Slip(server, world)
    try:
        async with world.worker(server.client, max_cached_workflows=0):
            await slip.begin()
            await slip.visa("2.2")
            others = [item for item in ITEMS if item != "2.2"]
            first = [await slip.visa_message(item) for item in others]
            second = [await slip.visa_message(item) for item in others]
            world.database_up = False
            sending = (slip.tell("visa_given", message) for message in [*first, *second, *first[:3]])
            answers = await asyncio.gather(*sending, return_exceptions=True)
            assert sum(isinstance(answer, Receipt) for answer in answers) >= len(others)
            assert await refused(slip.visa("2.1")) == "SlipClosed"
            read = await slip.read()
            assert read.stage == "in_service"
            assert {o.key: o.state for o in read.obligations} == {f"{item}/1": "met" for item in ITEMS}
            assert [fact.what for fact in read.facts].count("slip_complete") == 1
        world.database_up = True
        async with world.worker(server.client):  # a worker without a cache takes the outcome and the messages behind it
            await slip.say("payment_posted", sm.PaymentPosted, reference="p-1")
            await slip.contact(await slip.now() + DAY)
            await slip.until_stored("visas", len(ITEMS))
            await until_it_waits(slip.handle)
            assert {row["item"]: row["state"] for row in await world.stored("visas")} == dict.fromkeys(ITEMS, "given")
            assert len(world.records) == 1
            await replays(slip.handle)
    finally:
        if (await slip.handle.describe()).status is WorkflowExecutionStatus.RUNNING:
            await slip.handle.terminate("test over")


@pytest.mark.clause("onboarding 2")
@pytest.mark.parametrize(("on_refusal", "answer"), [("stop", "Stopped"), ("collect", "collecting_visas")])
async def test_a_refusal_and_a_visa_at_once(engine: AsyncEngine, server: WorkflowEnvironment, on_refusal: str, answer: str) -> None:
    """They come in one workflow task, to a worker that has just come: the setting of the edition says what becomes of the later one."""
    world = SlipWorld(engine, on_refusal=on_refusal)
    slip = Slip(server, world)
    try:
        async with world.worker(server.client):
            await slip.begin()
        refusal = await slip.message(sm.VisaRefused, item="2.1", reason="нема підпису", by=by("lawyer"))
        sending = [asyncio.create_task(slip.tell("visa_refused", refusal))]
        await asyncio.sleep(0.2)
        sending.append(asyncio.create_task(slip.tell("visa_given", await slip.visa_message("2.4"))))
        async with world.worker(server.client):
            assert (await sending[0]).stage == "collecting_visas"
            found = await refused(sending[1]) if on_refusal == "stop" else (await sending[1]).stage
            assert found == answer
            await slip.say("item_mended", sm.ItemMended, item="2.1", by=by("sales_manager"))
            await slip.visas(*(["2.4"] if on_refusal == "collect" else []))
            assert (await slip.read()).stage == "in_service"
            await replays(slip.handle)
    finally:
        await slip.handle.terminate("test over")


@pytest.mark.clause("onboarding 2")
async def test_people_change_and_the_new_holder_is_known_to_the_case(server: WorkflowEnvironment, engine: AsyncEngine) -> None:
    """A visa of somebody who stands in counts once the case has read the register anew, also one that comes while it is being read."""
    world = SlipWorld(engine)
    slip = Slip(server, world)
    try:
        async with world.worker(server.client):
            await slip.begin()
            assert await refused(slip.visa("2.1", "u77")) == "NotInRole"
            today = datetime.now(UTC).date()
            world.absent("lawyer", Absence(first=today - DAY, last=today + 3 * DAY, deputy="u77"), "u77")
            early: list[asyncio.Task[Receipt]] = []

            async def meanwhile() -> None:
                early.append(asyncio.create_task(slip.tell("visa_given", await slip.visa_message("2.2", "u77"))))
                await asyncio.sleep(0.3)

            world.meanwhile["open_case"] = meanwhile
            await slip.people_changed()
            assert (await early[0]).answer == ""
            await slip.until_stored("visas", 1)
            assert [(row["person"], row["by"]) for row in await world.stored("visas")] == [(PEOPLE["lawyer"], "u77")]
            world.roster = ()
            await slip.people_changed()
            assert await refused(slip.visa("2.1", "u77")) == "NotInRole"
            await replays(slip.handle)
    finally:
        await slip.handle.terminate("test over")


@pytest.mark.clause("onboarding 3.3")
async def test_the_last_message_comes_while_the_last_term_is_being_counted(server: WorkflowEnvironment, engine: AsyncEngine) -> None:
    """Nobody is left unanswered, and the client's service plan begins with what the onboarding knows."""
    world = SlipWorld(engine)
    world.teller = CaseTeller(server.client, QUEUE)
    slip, plan = Slip(server, world), server.client.get_workflow_handle(PLAN)
    async with world.worker(server.client, workflows=[ClientOnboarding, ServicePlan]):
        await slip.begin()
        await slip.visas()
        await slip.say("payment_posted", sm.PaymentPosted, reference="p-1")
        await slip.contact(await slip.now() + DAY)
        last: list[asyncio.Task[Receipt]] = []

        async def send(update: str, message: Message) -> None:
            last.append(asyncio.create_task(slip.tell(update, message)))

        async def meanwhile() -> None:
            await send("installation_reported", await slip.message(sm.InstallationReported, files=REPORT, by=by("group_head")))
            await send("installed", await slip.message(sm.Installed, remark="вдруге", by=by("service")))
            await asyncio.sleep(0.3)

        world.meanwhile["plan"] = meanwhile
        await slip.say("installed", sm.Installed, by=by("service"))
        async with patiently():
            answers = await asyncio.gather(*last, return_exceptions=True)
            result = await slip.handle.result()
        assert all(isinstance(answer, Receipt) for answer in answers), answers
        assert (result.outcome, result.breaches) == ("done", 0)
        served: ReadOut = await plan.query("case", result_type=ReadOut)
        assert (served.stage, served.facts[0].what) == ("active", "PlanBegun")
        assert (await plan.describe()).typed_search_attributes.get(attributes.CLIENT) == "c-18"
        await plan.terminate("test over")
        await replays(slip.handle)
