"""What a sender may rely on: a message is applied once, refused with words, or answered that the case has ended; never left hanging."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from regulations import messages as m
from tests.patience import patiently
from tests.regulations.handoff.course import CC_HEAD_PERSON, CC_PERSON, sale
from tests.workflows.play import Play
from tests.workflows.world import QUEUE, World, begin, tell
from workflows.client_handoff import ClientHandoff


def refusal(error: WorkflowUpdateFailedError) -> str:
    assert isinstance(error.cause, ApplicationError)
    return error.cause.type or ""


async def test_a_repeat_is_rejected_with_its_first_revision_and_leaves_no_event(server: WorkflowEnvironment) -> None:
    world = World()
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell(granted=False)
        message = await play.message(m.AccessGranted, reference="a", tariff="t")
        first = await tell(play.handle, message, "access_granted")
        await asyncio.sleep(0.5)
        before = len(await play.events())
        answers = await asyncio.gather(*(tell(play.handle, message, "access_granted") for _ in range(5)), return_exceptions=True)
        assert all(isinstance(a, WorkflowUpdateFailedError) and refusal(a) == "Repeated" for a in answers)
        assert {a.cause.details[0] for a in answers} == {first.revision}  # type: ignore[union-attr]
        assert len(await play.events()) == before


async def test_the_same_event_five_times_at_once_counts_once(server: WorkflowEnvironment) -> None:
    world = World()
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell(granted=False)
        message = await play.message(m.AccessGranted, reference="a", tariff="t")
        answers = await asyncio.gather(*(tell(play.handle, message, "access_granted") for _ in range(5)), return_exceptions=True)
        assert sum(not isinstance(a, BaseException) for a in answers) == 1
        assert [f.key for f in (await play.read()).facts].count(message.key) == 1


async def test_a_poison_message_is_rejected_and_the_case_lives_on(server: WorkflowEnvironment) -> None:
    world = World()
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell(granted=False)
        await asyncio.sleep(0.5)
        before = len(await play.events())
        future = await play.message(m.AccessGranted, reference="a", tariff="t", happened_at=datetime.now(UTC) + timedelta(hours=1))
        for message, why in ((future, "FromTheFuture"), (await play.message(m.Accepted, by=CC_PERSON), "WrongStage")):
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await tell(play.handle, message, "access_granted" if why == "FromTheFuture" else "accepted")
            assert refusal(refused.value) == why
        assert len(await play.events()) == before
        assert (await play.say("access_granted", m.AccessGranted, reference="a", tariff="t")).stage == "awaiting_transfer"


@pytest.mark.clause("handoff 1.2")
async def test_a_start_outside_the_regulation_ends_as_refused_and_nothing_runs(server: WorkflowEnvironment) -> None:
    world = World()
    async with world.worker(server.client):
        sold = sale(datetime.now(UTC), collects=True).model_copy(update={"deal": "D-collects"})
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await begin(server.client, sold, id="handoff/D-collects")
        assert refusal(refused.value) == "OutsideRegulation"
        with pytest.raises(WorkflowFailureError) as ended:
            await server.client.get_workflow_handle("handoff/D-collects").result()
        assert isinstance(ended.value.cause, ApplicationError)
        assert ended.value.cause.type == "Refused"
        assert world.look_ups == 0
        # The address is free again: a corrected sale begins the case.
        await begin(
            server.client, sold.model_copy(update={"key": "k2", "partner": sale(datetime.now(UTC)).partner}), id="handoff/D-collects"
        )


async def test_a_case_started_by_hand_without_a_sale_ends_at_once(server: WorkflowEnvironment) -> None:
    world = World()
    async with world.worker(server.client):
        handle = await server.client.start_workflow(ClientHandoff.run, id="handoff/by-hand", task_queue=QUEUE)
        with pytest.raises(WorkflowFailureError):
            await handle.result()


COMPANIONS: dict[str, tuple[type[m.Message], dict[str, Any]]] = {
    "payment_received": (m.PaymentReceived, {}),
    "access_granted": (m.AccessGranted, {"reference": "x", "tariff": "t"}),
    "request_received": (m.RequestReceived, {"subject": "s"}),
    "accepted": (m.Accepted, {"by": CC_PERSON}),
    "returned": (m.Returned, {"by": CC_PERSON, "reasons": [{"clause": "3.1"}]}),
    "first_contact": (m.FirstContact, {}),
    "contract_signed": (m.ContractSigned, {}),
    "entered_into_crm": (m.EnteredIntoCrm, {"record": "z"}),
    "training_done": (m.TrainingDone, {}),
    "waive": (m.Waive, {"clause": "2.1.3", "reason": "because", "by": CC_HEAD_PERSON}),
    "extend": (
        m.Extend,
        {"clause": "2.1.3", "reason": "because", "by": CC_HEAD_PERSON, "new_due": datetime(2099, 1, 1, tzinfo=UTC)},
    ),
    "pause": (m.Pause, {"clause": "2.1.3", "reason": "because", "by": CC_HEAD_PERSON}),
    "resume": (m.Resume, {"clause": "2.1.3", "by": CC_HEAD_PERSON}),
    "withdraw": (m.Withdraw, {"reason": "twice", "by": CC_HEAD_PERSON}),
}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.sampled_from(sorted(COMPANIONS)), min_size=1, max_size=4),
    place=st.integers(0, 4),
    closing=st.sampled_from(["withdraw", "closing_documents_signed"]),
)
async def test_no_sender_is_left_unanswered_at_the_end(server: WorkflowEnvironment, names: list[str], place: int, closing: str) -> None:
    """Any messages together with the closing one: each sender gets a receipt or a refusal, and the case ends."""
    world = World()
    async with world.worker(server.client):
        play = Play(server.client, world)
        await play.sell()
        if closing == "closing_documents_signed":
            await play.request()
            await play.accept()
            await play.fulfil("closing_documents_signed")
        last = m.ClosingDocumentsSigned if closing == "closing_documents_signed" else m.Withdraw
        extra = {"reason": "twice", "by": CC_HEAD_PERSON} if last is m.Withdraw else {}
        sending = [(name, await play.message(COMPANIONS[name][0], **COMPANIONS[name][1])) for name in names]
        sending.insert(place, (closing, await play.message(last, **extra)))
        async with patiently():
            answers = await asyncio.gather(*(tell(play.handle, message, name) for name, message in sending), return_exceptions=True)
            for (name, _), answer in zip(sending, answers, strict=True):
                if isinstance(answer, RPCError):
                    assert "completed" in str(answer), name  # came when the case was over: answered so
                else:
                    assert not isinstance(answer, BaseException) or isinstance(answer, WorkflowUpdateFailedError), (name, answer)
            stage = (await play.read()).stage
            if stage == "done":
                assert (await play.handle.result()).outcome == "done"
            else:  # withdrawn (its letter waits for working time), or a return went first and the closing documents closed nothing
                resubmitted = {"returned", "request_received"} <= set(names) and closing != "withdraw"  # and handed over anew
                assert stage in ("withdrawn", "returned") or (stage == "checking" and resubmitted)
                await play.handle.terminate("test over")
