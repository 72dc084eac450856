"""The workflow of a bulk action by itself: its messages, its stages, its pages, the hand-over to a new run."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from regulations.case import Refusal
from regulations.lead.bulk_case import PAGE, BulkResult, BulkState, Stage, apply, check_start, learn_page, learn_selection
from regulations.lead.effects import BulkPage, BulkPageDone, FreezeBulk, Selection
from regulations.lead.messages import BulkCancelled, BulkStarted
from regulations.read_out import ReadOut
from runtime.connection import workflow_runner
from tests.patience import patiently
from tests.workflows.beginning import begin_case
from workflows.bulk_action import BulkAction
from workflows.docket import Receipt

_numbers = itertools.count(1)
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
BY = {"id": "u1", "role": "principal"}


def started(bulk: str = "b", at: datetime = NOW, **changes: Any) -> BulkStarted:
    given = {"key": f"bulk/{bulk}/start", "happened_at": at, "bulk": bulk, "action": "assign", "by": BY, "centre": "v"}
    return BulkStarted.model_validate({**given, "leads": ["lead/c-1/bureau"], "quotas": [{"manager": "m1", "leads": 1}], **changes})


def cancelled(bulk: str = "b", at: datetime = NOW, **changes: Any) -> BulkCancelled:
    return BulkCancelled.model_validate(
        {"key": f"{bulk}-cancel", "happened_at": at, "bulk": bulk, "by": BY, "reason": "wrong list", **changes}
    )


class Pages:
    """The activities of a bulk action whose every item is done at once."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.asked: list[BulkPage] = []
        self.gate = asyncio.Event()
        self.gate.set()

    @activity.defn(name="freeze_bulk")
    async def freeze_bulk(self, asked: FreezeBulk) -> Selection:
        return Selection(total=self.total, frozen_at=asked.now)

    @activity.defn(name="bulk_page")
    async def bulk_page(self, asked: BulkPage) -> BulkPageDone:
        self.asked.append(asked)
        await self.gate.wait()
        last = min(asked.after + asked.size, self.total)
        return BulkPageDone(last=last, done=last - asked.after, refused=0)

    def worker(self, client: Client, queue: str) -> Worker:
        activities: list[Any] = [self.freeze_bulk, self.bulk_page]
        return Worker(client, task_queue=queue, workflows=[BulkAction], activities=activities, workflow_runner=workflow_runner())


async def begin(client: Client, queue: str, message: BulkStarted | BulkCancelled) -> tuple[WorkflowHandle[BulkAction, BulkResult], Receipt]:
    id = f"bulk/{message.bulk}"
    update = "started" if isinstance(message, BulkStarted) else "cancelled"
    receipt = await begin_case(client, BulkAction.run, id, queue, update, message)
    return client.get_workflow_handle_for(BulkAction.run, id), receipt


async def kind_of_refusal(sending: Any) -> tuple[str | None, list[Any]]:
    with pytest.raises(WorkflowUpdateFailedError) as error:
        await sending
    assert isinstance(error.value.cause, ApplicationError)
    return error.value.cause.type, list(error.value.cause.details)


async def test_a_long_action_goes_on_in_a_new_run_with_its_cursor_and_its_memory(
    server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regulations.lead.bulk_case.PAGES_OF_A_RUN", 3)
    name = f"long-{next(_numbers)}"
    pages = Pages(PAGE * 4 + 7)
    async with pages.worker(server.client, name):
        first = started(name, datetime.now(UTC), leads=[f"lead/c-{n}/bureau" for n in range(100)])
        handle, receipt = await begin(server.client, name, first)
        assert (receipt.stage, receipt.revision) == ("freezing", 1)
        assert await kind_of_refusal(begin(server.client, name, first)) == ("Repeated", [1])
        result = await handle.result()
        assert result == BulkResult(outcome="done", total=pages.total, done=pages.total, refused=0, cancelled=False, problem="")
        assert [page.after for page in pages.asked] == [PAGE * n for n in range(5)]
        read: ReadOut = await handle.query("case", result_type=ReadOut)
        assert [f.key for f in read.facts] == [first.key]
        history = await handle.fetch_history()
        carried = history.events[0].workflow_execution_started_event_attributes
        assert carried.continued_execution_run_id
        assert len(carried.input.payloads[0].data) < 3_000, "the addresses are rows by now, not state"


async def test_a_cancelled_action_stops_after_the_page_at_work(server: WorkflowEnvironment) -> None:
    name = f"cancel-{next(_numbers)}"
    pages = Pages(PAGE * 3)
    pages.gate.clear()
    async with pages.worker(server.client, name):
        handle, _ = await begin(server.client, name, started(name, datetime.now(UTC)))
        async with patiently():
            while not pages.asked:  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.02)
        stop = cancelled(name, datetime.now(UTC))
        receipt: Receipt = await handle.execute_update("cancelled", stop, result_type=Receipt)
        assert (receipt.stage, receipt.revision) == ("working", 2)
        assert await kind_of_refusal(handle.execute_update("cancelled", stop, result_type=Receipt)) == ("Repeated", [2])
        other = stop.model_copy(update={"reason": "another reason"})
        assert (await kind_of_refusal(handle.execute_update("cancelled", other, result_type=Receipt)))[0] == "Conflict"
        pages.gate.set()
        result = await handle.result()
    assert (result.outcome, result.cancelled, result.done, result.total) == ("cancelled", True, PAGE, PAGE * 3)
    assert len(pages.asked) == 1


async def test_what_was_not_begun_ends_as_refused(server: WorkflowEnvironment) -> None:
    name = f"none-{next(_numbers)}"
    async with Pages(1).worker(server.client, name):
        assert (await kind_of_refusal(begin(server.client, name, cancelled(name, datetime.now(UTC)))))[0] == "NotBegun"
        with pytest.raises(WorkflowFailureError):
            await server.client.get_workflow_handle(f"bulk/{name}").result()


# --- its rules, without a server ------------------------------------------------------------------------------------


def fresh() -> BulkState:
    return BulkState(kind="bulk", address="bulk/b", uid="u", stage=Stage.NEW)


def begun() -> BulkState:
    state = fresh()
    apply(state, started(), NOW)
    return state


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (started(at=NOW + timedelta(minutes=6)), "FromTheFuture"),
        (started(at=NOW - timedelta(days=367)), "ImpossibleDate"),
        (started(action="postpone", until=NOW), "InThePast"),
        (started(action="spread", first="2026-11-01", last="2026-11-21"), "InThePast"),
    ],
)
def test_a_start_that_cannot_be_is_refused_by_name(message: BulkStarted, kind: str) -> None:
    with pytest.raises(Refusal) as refusal:
        check_start(message, NOW)
    assert refusal.value.type == kind
    state = fresh()
    with pytest.raises(Refusal):
        apply(state, message, NOW)


@pytest.mark.parametrize(
    "message",
    [
        started(at=NOW + timedelta(minutes=5)),
        started(action="postpone", until=NOW + timedelta(seconds=1)),
        started(action="spread", first="2026-11-22", last="2026-11-22"),  # it may still be the 22nd in Kaliningrad
    ],
)
def test_a_start_at_the_edge_will_do(message: BulkStarted) -> None:
    check_start(message, NOW)


def test_messages_count_once_and_none_after_the_end() -> None:
    state = begun()
    for message, kind in (
        (started(), "Repeated"),
        (started(centre="w"), "Conflict"),
        (started(key="another"), "AlreadyBegun"),
    ):
        with pytest.raises(Refusal) as refusal:
            apply(state, message, NOW)
        assert refusal.value.type == kind
    learn_selection(state, Selection(total=0, frozen_at=NOW))
    assert (state.stage, state.ended) == (Stage.DONE, True)
    with pytest.raises(Refusal) as refusal:
        apply(state, cancelled(), NOW)
    assert refusal.value.type == "Ended"


def test_an_action_that_is_cancelled_while_its_selection_is_frozen_tells_nobody() -> None:
    state = begun()
    apply(state, cancelled(), NOW)
    learn_selection(state, Selection(total=5, frozen_at=NOW))
    assert (state.stage, state.done) == (Stage.CANCELLED, 0)


def test_the_last_page_ends_it_also_when_it_has_just_been_cancelled() -> None:
    state = begun()
    learn_selection(state, Selection(total=3, frozen_at=NOW))
    learn_page(state, BulkPageDone(last=2, done=1, refused=1))
    assert (state.stage, state.after) == (Stage.WORKING, 2)
    apply(state, cancelled(), NOW)
    learn_page(state, BulkPageDone(last=3, done=1, refused=0))
    assert (state.stage, state.done, state.refused) == (Stage.DONE, 2, 1)
