"""Delivering: what a sender is answered, from the first event of a deal to long after its case has ended."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from regulations import messages as m
from regulations.effects import AccessGrant, Payment
from runtime.database import DatabaseUnavailableError
from starter.doors.door import Door
from starter.doors.handoff import client_reference
from starter.doors.table import DOORS
from starter.inbox import delivery
from starter.inbox.delivery import KnownCases, deliver
from starter.inbox.outcome import Delivered, DeliveryError
from tests.workflows.world import World
from workflows import attributes

_deals = itertools.count(1)
HEAD = {"id": "u1", "role": "cc_head"}


class Sender:
    """Sends the events of one deal."""

    def __init__(self, client: Client) -> None:
        self.client, self.deal = client, f"S-{next(_deals)}"
        self.handle = client.get_workflow_handle(f"handoff/{self.deal}")
        self._number = itertools.count(1)

    def event(self, what: str, **data: Any) -> dict[str, Any]:
        example = {**DOORS[f"handoff.{what}"].example, **data, "deal": self.deal}
        id, now = f"{self.deal}.{next(self._number)}", datetime.now(UTC).isoformat()
        return {"id": id, "type": f"handoff.{what}", "occurred_at": now, "data": example}

    async def send(self, event: dict[str, Any], queue: str = "reglament", known: KnownCases | None = None) -> Delivered:
        return await deliver(self.client, event, task_queue=queue, hash_key="k", known=known)

    async def say(self, what: str, **data: Any) -> Delivered:
        return await self.send(self.event(what, **data))

    async def refused(self, event: dict[str, Any], known: KnownCases | None = None) -> DeliveryError:
        with pytest.raises(DeliveryError) as error:
            await self.send(event, known=known)
        return error.value


class Corrections:
    """Takes the facts that come too late for their case, as `starter.corrections.correct` does."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, str]] = []

    async def correct(self, client: Client, door: Door, message: m.Message, address: str, *, task_queue: str) -> Delivered:
        self.asked.append((door.event, message.key, address, task_queue))
        return Delivered(address, False, "correction", None, None)


class Registers:
    """Which addresses the registers know."""

    def __init__(self, *addresses: str, away: bool = False) -> None:
        self.addresses, self.away = addresses, away

    async def case_at(self, address: str) -> object | None:
        if self.away:
            raise DatabaseUnavailableError("OperationalError")
        return object() if address in self.addresses else None


@pytest.fixture
def world() -> World:
    return World({"2.2.4": "24 working hours"})  # with terms of its own its calendar never closes: nothing waits for working time


@pytest_asyncio.fixture(loop_scope="session")
async def sender(server: WorkflowEnvironment, world: World) -> AsyncIterator[Sender]:
    async with world.worker(server.client):
        yield Sender(server.client)


@pytest.fixture
def corrections(monkeypatch: pytest.MonkeyPatch) -> Corrections:
    corrections = Corrections()
    monkeypatch.setattr("starter.inbox.delivery.correct", corrections.correct)
    return corrections


async def test_a_sale_begins_a_case_and_its_repeat_is_a_duplicate(sender: Sender) -> None:
    sold = sender.event("sold")
    first = await sender.send(sold)
    assert (first.case, first.duplicate, first.stage, first.revision) == (f"handoff/{sender.deal}", False, "awaiting_payment", 1)
    again = await sender.send(sold)
    assert (again.duplicate, again.revision) == (True, first.revision)
    assert (await sender.refused(sender.event("sold"))).type == "AlreadyBegun"
    other_body = {**sold, "data": {**sold["data"], "tariff_line": "internet_accounting"}}
    conflict = await sender.refused(other_body)
    assert (conflict.kind, conflict.type) == ("refused", "Conflict")
    shown = (await sender.handle.describe()).typed_search_attributes
    assert (shown.get(attributes.PARTNER), shown.get(attributes.CLIENT), shown.get(attributes.CASE_KIND)) == ("p7", "c-311", "handoff")


async def test_what_falls_outside_the_regulation_starts_nothing(sender: Sender) -> None:
    partner = {**DOORS["handoff.sold"].example["partner"], "collects_payments": True}  # type: ignore[dict-item]
    error = await sender.refused(sender.event("sold", partner=partner))
    assert (error.kind, error.type) == ("refused", "OutsideRegulation")
    assert "1.2" in str(error)
    with pytest.raises(RPCError) as none:
        await sender.handle.describe()
    assert none.value.status is RPCStatusCode.NOT_FOUND


async def test_an_event_for_no_case_is_refused(sender: Sender) -> None:
    error = await sender.refused(sender.event("first_contact"))
    assert (error.kind, error.type, error.case) == ("refused", "NoCase", f"handoff/{sender.deal}")


async def test_after_a_withdrawal_repeats_are_duplicates_and_a_new_sale_begins_a_new_case(sender: Sender, corrections: Corrections) -> None:
    sold, withdrawn = sender.event("sold"), sender.event("withdrawn", by=HEAD)
    await sender.send(sold)
    await sender.send(withdrawn)
    await sender.handle.result()
    first = await sender.handle.describe()
    for event in (sold, withdrawn):
        again = await sender.send(event)
        assert (again.duplicate, again.stage) == (True, "withdrawn")
    assert corrections.asked == []
    new = await sender.send(sender.event("sold"))
    assert (new.duplicate, new.stage, new.revision) == (False, "awaiting_payment", 1)
    second = await sender.handle.describe()
    assert first.run_id != second.run_id
    assert second.status is WorkflowExecutionStatus.RUNNING


async def test_a_new_fact_about_an_ended_case_corrects_the_registers(sender: Sender, corrections: Corrections) -> None:
    await sender.say("sold")
    await sender.say("withdrawn", by=HEAD)
    await sender.handle.result()
    contact = sender.event("first_contact")
    done = await sender.send(contact, queue="reglament")
    assert (done.stage, done.duplicate) == ("correction", False)
    assert corrections.asked == [("handoff.first_contact", contact["id"], f"handoff/{sender.deal}", "reglament")]


async def test_a_decision_about_an_ended_case_comes_too_late(sender: Sender) -> None:
    await sender.say("sold")
    await sender.say("withdrawn", by=HEAD)
    await sender.handle.result()
    late = await sender.refused(sender.event("extended", by=HEAD))
    assert (late.kind, late.type) == ("refused", "Ended")


async def test_a_case_that_only_the_registers_remember_is_corrected(sender: Sender, corrections: Corrections) -> None:
    address, contact = f"handoff/{sender.deal}", sender.event("first_contact")
    assert (await sender.refused(contact, Registers("handoff/another"))).type == "NoCase"
    away = await sender.refused(contact, Registers(away=True))
    assert (away.kind, away.type) == ("unavailable", "Database")
    assert corrections.asked == []
    assert (await sender.send(contact, known=Registers(address))).stage == "correction"
    assert [asked[2] for asked in corrections.asked] == [address]


@pytest.mark.parametrize(("type", "kind", "becomes"), [("Ended", "unavailable", "Ending"), ("NotBegun", "refused", "NoCase")])
async def test_a_case_that_is_about_to_end_or_to_begin_is_asked_again(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, corrections: Corrections, type: str, kind: str, becomes: str
) -> None:
    """A correction must come after the last rows of the case itself: until it has closed, the fact waits in the inbox."""

    async def refuse(*_: object, **__: object) -> None:
        raise WorkflowUpdateFailedError(ApplicationError("no", type=type))

    monkeypatch.setattr(WorkflowHandle, "execute_update", refuse)
    error = await sender.refused(sender.event("first_contact"))
    assert (error.kind, error.type) == (kind, becomes)
    assert corrections.asked == []


async def test_a_run_that_never_took_a_sale_is_no_case(sender: Sender, corrections: Corrections, server: WorkflowEnvironment) -> None:
    """As a server leaves it that dies between the start and its message."""
    empty = await server.client.start_workflow("ClientHandoff", id=f"handoff/{sender.deal}", task_queue="reglament")
    with pytest.raises(WorkflowFailureError):
        await empty.result()
    assert (await sender.refused(sender.event("first_contact"))).type == "NoCase"
    assert corrections.asked == []
    assert not (await sender.say("sold")).duplicate


async def test_after_done_a_new_sale_is_refused(sender: Sender, world: World) -> None:
    now = datetime.now(UTC)
    world.payments = (Payment(reference="p", amount=Decimal(1), currency="RUB", reached_at=now),)
    world.access = AccessGrant(reference="a", granted_at=now, tariff="t")
    questionnaire = {**dict.fromkeys(("inn", *_questionnaire()), "7707083893"), "login": "client@example.org"}
    await sender.say("sold", contract="offer")
    await sender.say("request_received", questionnaire=questionnaire)
    for what in ("accepted", "first_contact", "training_done", "closing_documents_signed"):
        await sender.say(what)
    await sender.handle.result()
    error = await sender.refused(sender.event("sold"))
    assert (error.kind, error.type) == ("refused", "Ended")
    assert "done" in str(error)


def _questionnaire() -> tuple[str, ...]:
    from tests.regulations.handoff.course import QUESTIONNAIRE

    return tuple(QUESTIONNAIRE)


async def test_a_terminated_case_has_ended_and_a_new_sale_begins_another(sender: Sender, corrections: Corrections) -> None:
    await sender.say("sold")
    await sender.handle.terminate()
    assert (await sender.say("first_contact")).stage == "correction"
    assert not (await sender.say("sold")).duplicate


async def test_an_update_that_the_server_forgot_is_to_be_delivered_again(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a restart of the server: the case runs on, but this update is not known any more. It has not ended."""
    await sender.say("sold")

    async def forgotten(*_: object, **__: object) -> None:
        raise RPCError("update not found", RPCStatusCode.NOT_FOUND, b"")

    monkeypatch.setattr(WorkflowHandle, "execute_update", forgotten)
    assert (await sender.refused(sender.event("first_contact"))).kind == "unavailable"


@pytest.mark.parametrize("what", ["sold", "first_contact"])
async def test_without_a_worker_the_sender_is_told_to_come_again(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, what: str, server: WorkflowEnvironment
) -> None:
    alone = Sender(server.client)
    monkeypatch.setattr(delivery, "PATIENCE", 0.5)
    if what == "first_contact":
        await server.client.start_workflow("ClientHandoff", id=f"handoff/{alone.deal}", task_queue="nobody-works-here")
    with pytest.raises(DeliveryError) as error:
        await alone.send(alone.event(what), queue="nobody-works-here")
    assert (error.value.kind, error.value.type) == ("unavailable", "NoWorker")
    await alone.handle.terminate()


@pytest.mark.parametrize("what", ["sold", "first_contact"])
async def test_a_delivery_can_be_cancelled(sender: Sender, what: str, server: WorkflowEnvironment) -> None:
    """The SDK turns a cancellation into an error of its own: a door that stops must stop all the same."""
    alone = Sender(server.client)
    await server.client.start_workflow("ClientHandoff", id=f"handoff/{alone.deal}", task_queue="nobody-works-here")
    delivering = asyncio.create_task(alone.send(alone.event(what), queue="nobody-works-here"))
    await asyncio.sleep(0.3)
    delivering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivering
    await alone.handle.terminate()


def _sold(**client: Any) -> m.Sold:
    example: dict[str, Any] = dict(DOORS["handoff.sold"].example)
    example["client"] = {"login": "client@example.org", "name": "ООО Ромашка", "inn": "7707083893", **client}
    return m.Sold.model_validate({**example, "key": "k", "happened_at": datetime.now(UTC)})


def test_a_client_is_referred_to_by_its_number_else_by_a_keyed_hash_of_its_login() -> None:
    assert client_reference(_sold(number="c-311"), "key") == "c-311"
    reference = client_reference(_sold(), "key")
    assert reference.startswith("h-")
    assert "client" not in reference
    assert client_reference(_sold(login="CLIENT@example.org"), "key") == reference, "a login is the same in any case of letters"
    assert client_reference(_sold(), "another key") != reference
    assert client_reference(_sold(login="other@example.org"), "key") != reference
