"""Delivering to leads: one lead for a client and a product, whoever asks for it and however many at once, and a defined answer for each."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from regulations.read_out import ReadOut
from starter.doors.table import DOORS
from starter.inbox.delivery import deliver
from starter.inbox.outcome import Delivered, DeliveryError
from starter.views import list_cases
from tests.patience import patiently
from tests.workflows.leads import LeadWorld
from tests.workflows.world import until
from workflows import attributes

QUEUE = "lead-doors"
KEY = "a hash key of tests"
A, B = "vlad-1", "kgd-1"
_clients = itertools.count(1)
_events = itertools.count(1)


class Sender:
    """Sends the events of one client about one product."""

    def __init__(self, client: Client) -> None:
        self.client, self.number = client, f"L-{next(_clients)}"
        self.address = f"lead/{self.number}/extern"

    def event(self, what: str, **data: Any) -> dict[str, Any]:
        """The example of a type as of now; a value of None leaves a field out."""
        given = {**DOORS[f"lead.{what}"].example, "client": self.number, "product": "extern", **data}
        kept = {name: value for name, value in given.items() if value is not None}
        id = f"lead-event-{next(_events)}"
        return {"id": id, "type": f"lead.{what}", "occurred_at": datetime.now(UTC).isoformat(), "data": kept}

    def own(self, centre: str, **data: Any) -> dict[str, Any]:
        """A creation by a centre itself."""
        return self.event("created", creator="centre", centre=centre, **data)

    async def send(self, event: dict[str, Any]) -> Delivered:
        return await deliver(self.client, event, task_queue=QUEUE, hash_key=KEY)

    async def say(self, what: str, **data: Any) -> Delivered:
        return await self.send(self.event(what, **data))

    async def refused(self, event: dict[str, Any]) -> DeliveryError:
        with pytest.raises(DeliveryError) as error:
            await self.send(event)
        return error.value

    async def patiently(self, event: dict[str, Any]) -> Delivered | DeliveryError:
        """As the inbox does it: tried again until there is an answer."""
        while True:
            try:
                return await self.send(event)
            except DeliveryError as e:
                if e.kind != "unavailable":
                    return e
                await asyncio.sleep(0.2)

    async def read(self) -> ReadOut:
        found: ReadOut = await self.client.get_workflow_handle(self.address).query("case", result_type=ReadOut)
        return found

    async def end(self) -> dict[str, Any]:
        """The lead ends by the client's refusal, and has written its last; gives the event."""
        event = self.event("declined")
        await self.send(event)
        await self.client.get_workflow_handle(self.address).result()
        return event


@pytest.fixture
def world() -> LeadWorld:
    return LeadWorld()


@pytest_asyncio.fixture(loop_scope="session")
async def sender(server: WorkflowEnvironment, world: LeadWorld) -> AsyncIterator[Sender]:
    async with world.worker(server.client, QUEUE):
        sender = Sender(server.client)
        yield sender
        try:
            await server.client.get_workflow_handle(sender.address).terminate("test over")
        except RPCError as e:
            assert e.status is RPCStatusCode.NOT_FOUND  # noqa: PT017 - it never began, or is over


def answer_of(told: Delivered | DeliveryError) -> str:
    return told.answer if isinstance(told, Delivered) else told.type


@pytest.mark.clause("lead 3.1")
@pytest.mark.clause("lead 5.3")
async def test_an_enquiry_begins_a_lead_a_further_one_updates_it_and_a_repeat_changes_nothing(sender: Sender) -> None:
    first = sender.event("created", centre=A)
    begun = await sender.send(first)
    assert (begun.case, begun.duplicate, begun.stage, begun.revision, begun.answer) == (sender.address, False, "new", 1, "created")
    further = await sender.say("created", centre=A, creator="client")
    assert (further.stage, further.answer) == ("new", "updated")
    again = await sender.send(first)
    assert (again.duplicate, again.stage, again.revision) == (True, None, None)
    conflict = await sender.refused({**first, "data": {**first["data"], "type": "renewal"}})
    assert conflict.type == "Conflict"
    described = await sender.client.get_workflow_handle(sender.address).describe()
    shown = described.typed_search_attributes
    assert (shown.get(attributes.CASE_KIND), shown.get(attributes.SERVICE_CENTRE), shown.get(attributes.CLIENT)) == (
        "lead",
        A,
        sender.number,
    )
    assert await described.static_summary() == "Потенциальная продажа: «ООО Ромашка», продукт extern"


@pytest.mark.clause("lead 5.3")
async def test_200_creations_of_20_pairs_at_once_leave_20_leads(sender: Sender) -> None:
    """Of clients, principals and two centres, of types with and without a booking: everybody gets an answer that the page defines."""
    pairs = [Sender(sender.client) for _ in range(20)]
    asked: list[tuple[Sender, dict[str, Any]]] = []
    for number, pair in enumerate(pairs):
        type = ("connection", "renewal")[number % 2]
        ways = [
            pair.own(A, type=type),
            pair.own(B, type=type),
            pair.event("created", centre=A, type=type),
            pair.event("created", centre=B, type=type, creator="client"),
            pair.own(A, type=type),
        ]
        asked += [(pair, one) for one in [*ways, *({**one, "id": f"{one['id']}-2"} for one in ways)]]
    asked = [one for turn in range(10) for one in asked[turn::10]]  # each pair asks ten times at the same moment
    told = await asyncio.gather(*(pair.patiently(event) for pair, event in asked))
    for number, pair in enumerate(pairs):
        answers = Counter(answer_of(one) for (of, _), one in zip(asked, told, strict=True) if of is pair)
        assert answers["created"] == 1
        assert answers.keys() <= ({"created", "updated", "Booked"} if number % 2 == 0 else {"created", "updated", "exists"})
        found = await pair.read()
        creations = [fact for fact in found.facts if fact.what == "Created"]
        assert len(creations) == 10 - answers["Booked"], "all of them stand in one history: there is one lead"
        await sender.client.get_workflow_handle(pair.address).terminate("test over")
    assert sum(answer_of(one) == "created" for one in told) == 20


@pytest.mark.clause("lead 4.1.1")
async def test_of_two_centres_at_the_same_moment_one_has_the_booking_and_the_other_is_told_so(sender: Sender) -> None:
    told = await asyncio.gather(*(sender.patiently(sender.own(centre, origin="call_order")) for centre in (A, B)))
    assert sorted(map(answer_of, told)) == ["Booked", "created"]
    [booked] = [one for one in told if isinstance(one, DeliveryError)]
    assert "Ромашка" not in str(booked)
    assert len((await sender.read()).facts) >= 1


@pytest.mark.clause("lead 5.3")
async def test_of_two_centres_without_a_booking_one_has_the_lead_and_the_other_learns_that_there_is_one(sender: Sender) -> None:
    told = await asyncio.gather(*(sender.patiently(sender.own(centre, type="renewal")) for centre in (A, B)))
    assert sorted(map(answer_of, told)) == ["created", "exists"]
    [other] = [one for one in told if answer_of(one) == "exists"]
    assert isinstance(other, Delivered)
    assert (other.stage, other.revision, other.next_due, other.duplicate) == (None, None, None, False)
    assert "stage" in other.json()
    assert other.json()["answer"] == "exists"


async def test_after_its_end_repeats_are_duplicates_late_facts_are_refused_and_an_enquiry_begins_another_lead(sender: Sender) -> None:
    first = sender.event("created", centre=A)
    await sender.send(first)
    declined = await sender.end()
    before = await sender.read()
    for event in (first, declined):
        again = await sender.send(event)
        assert (again.duplicate, again.stage) == (True, None), "not everybody who repeats may know how it ended"
    late = await sender.refused(sender.event("stage_noted", centre=A))
    assert (late.kind, late.type) == ("refused", "Ended")
    assert "lead.created" in str(late)
    new = await sender.say("created", centre=B)
    assert (new.answer, new.stage, new.revision) == ("created", "new", 1)
    assert (await sender.read()).uid != before.uid


async def test_while_a_lead_writes_its_last_everybody_is_told_to_come_again_also_with_a_creation(sender: Sender, world: LeadWorld) -> None:
    await sender.say("created", centre=A)
    await until(lambda: world.look_ups == 1)
    world.database_up = False
    declined = sender.event("declined", centre=A)
    await sender.send(declined)
    creation = sender.event("created", centre=B)
    for event in (creation, sender.event("stage_noted", centre=A)):
        error = await sender.refused(event)
        assert (error.kind, error.type) == ("unavailable", "Ending")
    assert (await sender.send(declined)).duplicate
    world.database_up = True
    told = await sender.patiently(creation)
    assert answer_of(told) == "created"


@pytest.mark.clause("lead 3.6")
async def test_what_has_to_wait_for_billing_is_delivered_again(sender: Sender, world: LeadWorld) -> None:
    await sender.say("created", type="renewal")
    await sender.say("taken_into_work")
    world.billing_up = False
    await sender.say("invoice_linked")
    waits = await sender.refused(declined := sender.event("declined"))
    assert (waits.kind, waits.type) == ("unavailable", "InvoicePending")
    world.billing_up = True  # it knows no such invoice
    taken = await sender.patiently(declined)
    assert isinstance(taken, Delivered)
    assert taken.stage == "declined"


async def test_after_a_takeover_what_was_for_the_old_holder_is_refused_and_its_repeats_are_duplicates(sender: Sender) -> None:
    long_ago = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    first = {**sender.own(A, origin="call_order"), "occurred_at": long_ago}
    await sender.send(first)
    noted = sender.event("stage_noted", centre=A)
    await sender.send(noted)
    told = await sender.send(sender.own(B, origin="call_order"))
    assert (told.answer, told.stage, told.revision) == ("created", None, None)
    for event in (noted, first):
        again = await sender.patiently(event)
        assert isinstance(again, Delivered)
        assert again.duplicate
    late = await sender.patiently(sender.event("stage_noted", centre=A))
    assert isinstance(late, DeliveryError)
    assert (late.kind, late.type) == ("refused", "Passed")
    described = await sender.client.get_workflow_handle(sender.address).describe()
    assert described.typed_search_attributes.get(attributes.SERVICE_CENTRE) == B


async def test_a_first_creation_that_is_refused_starts_nothing(sender: Sender) -> None:
    error = await sender.refused(sender.event("created", centre=A, creator="client", origin="cold_call_list"))
    assert (error.kind, error.type) == ("refused", "WrongOrigin")
    with pytest.raises(RPCError) as none:
        await sender.client.get_workflow_handle(sender.address).describe()
    assert none.value.status is RPCStatusCode.NOT_FOUND


async def test_a_message_without_a_lead_waits_for_it(sender: Sender) -> None:
    error = await sender.refused(sender.event("declined", centre=A))
    assert (error.kind, error.type, error.case) == ("refused", "NoCase", sender.address)


async def test_of_a_lead_that_only_the_registers_remember_nothing_late_is_taken(sender: Sender) -> None:
    class Registers:
        async def case_at(self, address: str) -> object | None:
            return object()

    with pytest.raises(DeliveryError) as late:
        await deliver(sender.client, sender.event("declined", centre=A), task_queue=QUEUE, hash_key=KEY, known=Registers())
    assert (late.value.kind, late.value.type) == ("refused", "Ended")


async def test_a_client_with_an_inn_alone_is_one_client_for_everybody(sender: Sender) -> None:
    """By its INN, and, as bulk actions and centres know it, by what stands for the INN in the address."""
    begun = await sender.say("created", centre=A, client=None, inn="7707083893")
    assert "7707083893" not in begun.case
    _, reference, _ = begun.case.split("/")
    for named in ({"client": None, "inn": "7707083893"}, {"client": reference}):
        told = await sender.say("stage_noted", centre=A, **named)
        assert (told.case, told.duplicate) == (begun.case, False)
    described = await sender.client.get_workflow_handle(begun.case).describe()
    assert described.typed_search_attributes.get(attributes.CLIENT) == reference
    await sender.client.get_workflow_handle(begun.case).terminate("test over")


async def test_cases_are_listed_by_their_service_centre(sender: Sender) -> None:
    await sender.say("created", centre="vlad-2")
    wanted = {"CaseKind": "lead", "ServiceCentre": "vlad-2", "Stage": None}
    async with patiently():
        while not (found := await list_cases(sender.client, overdue=False, wanted=wanted, closed=False, limit=10)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert [(one["case"], one["centre"]) for one in found] == [(sender.address, "vlad-2")]
