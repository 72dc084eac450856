"""A lead on a Temporal server: its course in the centre's time, its moves, what is away, long histories, senders."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from regulations.lead import messages as lm
from regulations.lead.rows import LeadRow, MeasureRow
from regulations.rows import NoticeRow
from tests.patience import patiently
from tests.regulations.lead.course import CALL, PRINCIPAL_PERSON, SUPPORT_PERSON, local
from tests.workflows.leads import LeadWorld, lead_on, paid, refusal, refused, to_friday
from tests.workflows.skipping import ended, until_it_waits
from tests.workflows.world import until
from workflows import attributes
from workflows.docket import Receipt

HOUR = timedelta(hours=1)


async def to(env: WorkflowEnvironment, moment: datetime) -> None:
    await env.sleep(moment - await env.get_current_time())


# --- the course of a lead -------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 7.2.1")
@pytest.mark.clause("lead 4.1.2")
async def test_a_hot_lead_is_told_at_once_and_taken_in_time_and_closed_by_its_invoice(skipping: WorkflowEnvironment) -> None:
    world = LeadWorld()
    async with world.worker(skipping.client):
        friday = await to_friday(skipping)
        lead = lead_on(skipping, skipping=True)
        assert (await lead.create(type="renewal")).answer == "created"
        await until(lambda: [letter.template for letter in world.letters] == ["lead/assigned"])
        assert world.letters[0].to[0] == "vlad-1@centres.example"
        duty = await lead.duty("7.2.1")
        assert duty.due is not None
        assert local(duty.due) == f"{(friday + timedelta(days=3)).date()} 11:30"
        await until_it_waits(lead.handle)
        await to(skipping, duty.due)
        assert (await lead.take(happened_at=duty.due)).stage == "in_progress"
        world.invoices["i-1"] = paid(duty.due)
        await lead.say("invoice_linked", lm.InvoiceLinked, invoice="i-1")
        result = await ended(skipping, lead.handle)
        assert (result.outcome, result.met, result.met_late, result.breaches) == ("completed", 1, 0, 0)
        row = world.register(lead.uid)[1]
        assert (row.status, row.taken_at, row.breached) == ("completed", duty.due, False)


@pytest.mark.clause("lead 7.2.1")
@pytest.mark.clause("lead 9.1")
async def test_a_hot_lead_taken_late_is_a_breach_at_its_due_instant_with_a_proposal(skipping: WorkflowEnvironment) -> None:
    world = LeadWorld()
    async with world.worker(skipping.client):
        await to_friday(skipping)
        lead = lead_on(skipping, skipping=True)
        await lead.create(type="renewal")
        await until_it_waits(lead.handle)
        due = (await lead.duty("7.2.1")).due
        assert due is not None
        await to(skipping, due + HOUR)
        await until_it_waits(lead.handle)
        await lead.take()
        await until_it_waits(lead.handle)
        duty = await lead.duty("7.2.1")
        assert (duty.state, duty.breached_at) == ("met_late", due)
        assert world.breaches() == [("7.2.1", "recorded"), ("7.2.1", "met_late")]
        assert [r.clause for r in world.rows if isinstance(r, MeasureRow)] == ["7.2.1"]
        told = {r.role for r in world.rows if isinstance(r, NoticeRow) and r.kind == "breach" and r.clause == "7.2.1"}
        assert {"centre:vlad-1", "centre_head:vlad-1", "sales_support"} <= told
        assert world.register(lead.uid)[1].breached


@pytest.mark.clause("lead 7.2.2")
async def test_a_warm_lead_has_seven_calendar_days_of_its_centre(skipping: WorkflowEnvironment) -> None:
    world = LeadWorld()
    async with world.worker(skipping.client):
        friday = await to_friday(skipping)
        lead = lead_on(skipping, skipping=True)
        await lead.create(type="renewal", temperature="warm", happened_at=friday)
        await until_it_waits(lead.handle)
        assert (await lead.duty("7.2.2")).due == friday + timedelta(days=7)
        await skipping.sleep(timedelta(days=7, seconds=1))
        await until_it_waits(lead.handle)
        assert world.breaches() == [("7.2.2", "recorded")]
        assert not world.letters


@pytest.mark.clause("lead 4.1.1")
async def test_a_connection_books_the_client_for_thirty_days_until_its_paid_invoice(skipping: WorkflowEnvironment) -> None:
    world = LeadWorld()
    async with world.worker(skipping.client):
        friday = await to_friday(skipping)
        lead = lead_on(skipping, skipping=True)
        await lead.create(happened_at=friday)
        await lead.take()
        await until_it_waits(lead.handle)
        assert world.look_ups == 1
        assert world.register(lead.uid)[1].booked_until == friday + timedelta(days=30)
        await skipping.sleep(timedelta(days=10))
        # An invoice that billing does not know closes nothing; one that is paid does.
        await lead.say("invoice_linked", lm.InvoiceLinked, invoice="i-0")
        await until(lambda: world.incidents() == ["invoice_unknown"])
        assert (await lead.read()).stage == "in_progress"
        world.invoices["i-1"] = paid(await lead.now())
        await lead.say("invoice_linked", lm.InvoiceLinked, invoice="i-1")
        assert (await ended(skipping, lead.handle)).outcome == "completed"


# --- moves ----------------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 5.2.1")
async def test_a_lead_that_moves_is_counted_anew_in_the_zone_of_its_new_centre(server: WorkflowEnvironment) -> None:
    world, queue = LeadWorld(), "lead-moves"
    async with world.worker(server.client, queue):
        lead = lead_on(server, queue=queue)
        await lead.create(type="renewal", temperature="warm")
        await until(lambda: bool(world.rows))
        before = await lead.read()
        await lead.say("moved", lm.Moved, to="kgd-1", by=PRINCIPAL_PERSON, reason="ближе к клиенту")
        await until(lambda: 2 in world.register(before.uid))
        assert [(o.centre, o.edition) for o in world.openings] == [("vlad-1", None), ("kgd-1", "lead-1")]
        assert world.plans[-1].calendar == "control/Europe/Kaliningrad"
        old, new = world.register(before.uid)[1], world.register(before.uid)[2]
        assert (old.centre, old.status) == ("vlad-1", "moved")
        assert (new.centre, new.status) == ("kgd-1", "new")
        after = await lead.read()
        assert (after.uid, after.edition, after.round) == (before.uid, before.edition, 2)
        assert [o.state for o in after.obligations] == ["waived", "open"]
        described = await lead.handle.describe()
        assert described.typed_search_attributes.get(attributes.SERVICE_CENTRE) == "kgd-1"
        # What the old centre says now, by its own name, is not applied to the new one's lead.
        assert await refused(lead.take(centre="vlad-1")) == "Passed"
        await lead.handle.terminate("test over")


# --- creations ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 5.3")
async def test_of_two_creations_at_the_same_moment_one_makes_the_lead_and_the_other_learns_that_it_exists(
    server: WorkflowEnvironment,
) -> None:
    world, queue = LeadWorld(), "lead-two"
    async with world.worker(server.client, queue):
        lead = lead_on(server, queue=queue)
        creating = (lead.create(centre=code, creator="centre", type="renewal") for code in ("vlad-1", "msk-1"))
        answers = await asyncio.gather(*creating)
        assert sorted(a.answer for a in answers) == ["created", "exists"]
        discreet = next(a for a in answers if a.answer == "exists")
        assert discreet == Receipt(stage="exists", revision=0, next_due=None, answer="exists")
        row = None
        await until(lambda: any(isinstance(r, LeadRow) for r in world.rows))
        row = next(r for r in world.rows if isinstance(r, LeadRow))
        winner = ("vlad-1", "msk-1")[[a.answer for a in answers].index("created")]
        assert row.centre == winner
        await lead.handle.terminate("test over")


@pytest.mark.clause("lead 4.1.1")
async def test_of_two_connections_at_the_same_moment_one_books_the_client_and_the_other_is_refused(server: WorkflowEnvironment) -> None:
    world, queue = LeadWorld(), "lead-two-connections"
    async with world.worker(server.client, queue):
        lead = lead_on(server, queue=queue)
        creating = (lead.create(centre=code, creator="centre") for code in ("vlad-1", "msk-1"))
        answers = await asyncio.gather(*creating, return_exceptions=True)
        made = [a.answer for a in answers if isinstance(a, Receipt)]
        assert made == ["created"]
        assert [refusal(a) for a in answers if isinstance(a, BaseException)] == ["Booked"]
        await lead.handle.terminate("test over")


async def test_a_creation_that_is_refused_leaves_no_lead(server: WorkflowEnvironment) -> None:
    world, queue = LeadWorld(), "lead-refused"
    async with world.worker(server.client, queue):
        lead = lead_on(server, queue=queue)
        assert await refused(lead.create(happened_at=await lead.now() + HOUR)) == "FromTheFuture"
        with pytest.raises(WorkflowFailureError) as failed:
            await lead.handle.result()
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == "Refused"
        assert not world.openings
        assert (await lead.create()).answer == "created"  # the address is free
        await lead.handle.terminate("test over")


async def test_a_lead_of_an_unknown_centre_waits_until_the_centre_is_defined(skipping: WorkflowEnvironment) -> None:
    world = LeadWorld()
    known = world.centres.pop("vlad-1")
    async with world.worker(skipping.client):
        friday = await to_friday(skipping)
        lead = lead_on(skipping, skipping=True)
        assert (await lead.create(type="renewal")).answer == "created"
        await until_it_waits(lead.handle)
        await skipping.sleep(HOUR)
        assert (await lead.read()).obligations == []
        world.centres["vlad-1"] = known
        await skipping.sleep(timedelta(minutes=2))
        await until_it_waits(lead.handle)
        duty = await lead.duty("7.2.1")
        assert duty.due is not None
        assert local(duty.due) == f"{(friday + timedelta(days=3)).date()} 11:30"


# --- what is away ---------------------------------------------------------------------------------------------------


async def test_mail_and_billing_away_for_days_stop_no_clock(skipping: WorkflowEnvironment) -> None:
    world = LeadWorld()
    world.mail_up = world.billing_up = False
    async with world.worker(skipping.client):
        await to_friday(skipping)
        lead = lead_on(skipping, skipping=True)
        await lead.create()
        await until(lambda: world.mail_attempts > 0 and world.look_ups > 2)
        await skipping.sleep(timedelta(days=3, hours=1))
        await until_it_waits(lead.handle)
        assert world.breaches() == [("7.2.1", "recorded")]
        await lead.take()
        world.mail_up = world.billing_up = True
        await skipping.sleep(timedelta(minutes=20))
        await until(lambda: [letter.template for letter in world.letters] == ["lead/assigned"])


async def test_a_lead_ends_while_mail_and_billing_are_away(server: WorkflowEnvironment) -> None:
    world, queue = LeadWorld(), "lead-ends-away"
    world.mail_up = world.billing_up = False
    async with world.worker(server.client, queue):
        lead = lead_on(server, queue=queue)
        await lead.create()
        await until(lambda: world.mail_attempts > 0 and world.look_ups > 2)
        await lead.say("declined", lm.Declined, reason="не интересно")
        async with patiently():
            assert (await lead.handle.result()).outcome == "declined"
        assert world.register(lead.uid)[1].status == "declined"
        # The next enquiry opens a lead of its own under the same address.
        first = lead.uid
        assert (await lead.create(centre="msk-1")).answer == "created"
        assert (await lead.read()).uid != first
        await lead.handle.terminate("test over")


# --- long histories, many senders -----------------------------------------------------------------------------------


async def test_a_long_history_continues_as_new_with_its_whole_state(server: WorkflowEnvironment) -> None:
    """The server suggests it at 400 events here."""
    world, queue = LeadWorld(), "lead-long"
    async with world.worker(server.client, queue):
        lead = lead_on(server, queue=queue)
        await lead.create()
        taken = await lead.message(lm.TakenIntoWork, contact=CALL)
        await lead.send("taken_into_work", taken)
        first, before = (await lead.handle.describe()).run_id, await lead.read()
        stages = 0
        while (await lead.handle.describe()).run_id == first:
            await asyncio.gather(*[lead.say("stage_noted", lm.StageNoted, stage=f"этап {stages + n}") for n in range(4)])
            stages += 4
            assert stages < 400
        after = await lead.read()
        assert after.uid == before.uid
        assert sum(f.what == "StageNoted" for f in after.facts) == stages
        assert after.obligations == before.obligations
        assert await refused(lead.send("taken_into_work", taken)) == "Repeated"
        assert await refused(lead.create(centre="msk-1", creator="centre")) == "Booked"
        await lead.handle.terminate("test over")


async def test_no_sender_is_left_unanswered_at_the_end(server: WorkflowEnvironment) -> None:
    """Any messages together with the closing one: each sender gets a receipt or a refusal, and the lead ends."""
    world, queue = LeadWorld(), "lead-last"
    async with world.worker(server.client, queue):
        for place in range(3):
            lead = lead_on(server, queue=queue)
            await lead.create(type="renewal")
            await lead.take()
            sending = [
                ("stage_noted", await lead.message(lm.StageNoted, stage="счёт")),
                ("contact_made", await lead.message(lm.ContactMade, contact=CALL)),
                ("manager_assigned", await lead.message(lm.ManagerAssigned, manager="anna")),
                ("withdraw", await lead.message(lm.WithdrawOfLead, reason="дважды", by=SUPPORT_PERSON)),
            ]
            sending.insert(place * 2, ("declined", await lead.message(lm.Declined, reason="не интересно")))
            async with patiently():
                answers = await asyncio.gather(*(lead.send(*one) for one in sending), return_exceptions=True)
                assert (await lead.handle.result()).outcome in ("declined", "withdrawn")
            assert all(isinstance(a, Receipt) or refusal_or_over(a) for a in answers), answers


def refusal_or_over(answer: object) -> bool:
    """Refused by the lead, or by the server since the lead was over."""
    return isinstance(answer, BaseException) and ("completed" in str(answer) or refusal(answer) == "Ended")


async def test_a_plain_lead_costs_at_most_64_events(server: WorkflowEnvironment) -> None:
    """A hot *connection*: look-up, letter, taken into work, one stage, a paid invoice; 60 where letter and record end together."""
    world, queue = LeadWorld(), "lead-cost"
    async with world.worker(server.client, queue):
        lead = lead_on(server, queue=queue)
        await lead.create()
        await until(lambda: bool(world.letters) and bool(world.batches) and world.look_ups == 1)
        await lead.take()
        await asyncio.sleep(0.3)
        await lead.say("stage_noted", lm.StageNoted, stage="выставлен счёт")
        await asyncio.sleep(0.3)
        world.invoices["i-1"] = paid(await lead.now())
        await lead.say("invoice_linked", lm.InvoiceLinked, invoice="i-1")
        assert (await lead.handle.result()).outcome == "completed"
        events = await lead.events()
        print(f"a plain lead: {len(events)} events")
        assert len(events) <= 64, events
