"""Beginning a correction: what a sender is answered for a fact about a case that has ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from activities.record import Registers
from regulations import messages as m
from regulations.handoff.narration import read_out
from regulations.record_batch import RecordBatch
from regulations.rows import CorrectionRow
from runtime.registers import RegisterWriter
from starter.corrections import correct, correction_id
from starter.doors.door import Door
from starter.doors.table import DOORS
from starter.inbox.outcome import Delivered, DeliveryError
from starter.views import Unavailable, print_case, read_corrections
from tests.activities.attempts import attempt
from tests.regulations.course import at
from tests.regulations.handoff.course import CC_HEAD_PERSON, Course, sale
from tests.workflows.world import World, begin, tell
from workflows import attributes

QUEUE = "nobody-corrects-here"
Correct = Callable[..., Awaitable[Delivered]]


def door_of(kind: type[m.Message]) -> Door:
    return next(door for door in DOORS.values() if door.message is kind)


def message(kind: type[m.Message], key: str, deal: str, **fields: Any) -> m.Message:
    given = {"key": key, "happened_at": datetime.now(UTC) - timedelta(hours=1), **fields}
    if "deal" in kind.model_fields:
        given["deal"] = deal
    return kind.model_validate(given)


async def begun(client: Client, kind: type[m.Message], deal: str, key: str = "fact-1", **fields: Any) -> Delivered:
    return await correct(client, door_of(kind), message(kind, key, deal, **fields), f"handoff/{deal}", task_queue=QUEUE)


async def refused(client: Client, kind: type[m.Message], deal: str, **fields: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as error:
        await begun(client, kind, deal, **fields)
    return error.value


async def test_a_fact_begins_a_correction_once_and_nobody_waits_for_it(server: WorkflowEnvironment) -> None:
    """No worker is there: the durable start is the answer. The server knows no such case: the registers may."""
    first = await begun(server.client, m.FirstContact, "K-1")
    assert first == Delivered("handoff/K-1", False, "correction", None, None)
    again = await begun(server.client, m.FirstContact, "K-1")
    assert again == Delivered("handoff/K-1", True, "correction", None, None)
    assert not (await begun(server.client, m.FirstContact, "K-1", "fact-2")).duplicate
    id = correction_id("handoff/K-1", "fact-1")
    assert id.startswith("correction/handoff/K-1/")
    assert "fact-1" not in id
    handle = server.client.get_workflow_handle(id)
    found = await handle.describe()
    assert (found.workflow_type, found.status, found.task_queue) == ("Correction", WorkflowExecutionStatus.RUNNING, QUEUE)
    assert found.typed_search_attributes.get(attributes.CLAUSE) == "handoff 2.2.4"
    assert await found.static_summary() == "2.2.4 Первый контакт: узнали после закрытия дела handoff/K-1"
    for key in ("fact-1", "fact-2"):
        await server.client.get_workflow_handle(correction_id("handoff/K-1", key)).terminate()


async def test_one_that_failed_may_be_begun_again(server: WorkflowEnvironment) -> None:
    await begun(server.client, m.FirstContact, "K-2")
    handle = server.client.get_workflow_handle(correction_id("handoff/K-2", "fact-1"))
    await handle.terminate()
    assert not (await begun(server.client, m.FirstContact, "K-2")).duplicate
    await handle.terminate()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (m.PaymentReceived, {}),
        (m.Accepted, {"by": CC_HEAD_PERSON}),
        (m.Withdraw, {"by": CC_HEAD_PERSON, "reason": "because"}),
        (m.Waive, {"by": CC_HEAD_PERSON, "reason": "because", "clause": "2.2.4"}),
    ],
)
async def test_a_decision_about_an_ended_case_is_refused(
    server: WorkflowEnvironment, kind: type[m.Message], fields: dict[str, Any]
) -> None:
    error = await refused(server.client, kind, "K-3", **fields)
    assert (error.kind, error.type, error.case) == ("refused", "Ended", "handoff/K-3")
    assert "too late" in str(error)


async def test_a_fact_from_the_future_begins_nothing(server: WorkflowEnvironment) -> None:
    error = await refused(server.client, m.FirstContact, "K-4", happened_at=datetime.now(UTC) + timedelta(minutes=6))
    assert (error.kind, error.type) == ("refused", "FromTheFuture")
    assert not (await begun(server.client, m.FirstContact, "K-4")).duplicate
    await server.client.get_workflow_handle(correction_id("handoff/K-4", "fact-1")).terminate()


async def test_a_correction_says_when_its_case_ended_and_waits_while_another_runs(server: WorkflowEnvironment) -> None:
    world = World()
    async with world.worker(server.client, "ended"):
        sold = sale(datetime.now(UTC)).model_copy(update={"deal": "K-5"})
        handle = await begin(server.client, sold, id="handoff/K-5", queue="ended")
        error = await refused(server.client, m.FirstContact, "K-5")
        assert (error.kind, error.type) == ("unavailable", "Ending")
        end = message(m.Withdraw, "w", "K-5", by=CC_HEAD_PERSON, reason="because", happened_at=datetime.now(UTC))
        await tell(handle, end, "withdraw")
        await handle.terminate()
    await begun(server.client, m.FirstContact, "K-5")
    case = await handle.describe()
    history = await server.client.get_workflow_handle(correction_id("handoff/K-5", "fact-1")).fetch_history()
    [news] = history.events[0].workflow_execution_started_event_attributes.input.payloads
    assert case.close_time is not None
    assert f'"ended_at":"{case.close_time.isoformat().replace("+00:00", "Z")}"' in news.data.decode()
    await server.client.get_workflow_handle(correction_id("handoff/K-5", "fact-1")).terminate()


async def test_corrections_are_read_out_with_their_case(database_url: str, engine: AsyncEngine, capsys: pytest.CaptureFixture[str]) -> None:
    happened, learnt_at = at("2026-11-18 16:00"), at("2026-12-20 12:00")
    row = CorrectionRow(
        seq=9,
        key="fact-1",
        clause="2.2.4",
        what="FirstContact",
        happened_at=happened,
        learnt_at=learnt_at,
        source="event",
        by="cc:u17",
        result="withdrawn",
        note="2.2.4/1@2026-11-18T13:00:00+00:00",
    )
    batch = RecordBatch(case_uid="uid", address="handoff/D-1", kind="handoff", edition="handoff-1", now=learnt_at, rows=(row,))
    await attempt(Registers(RegisterWriter(engine)).record, batch)
    [read] = await read_corrections(database_url, "uid")
    assert read == {
        "clause": "2.2.4",
        "what": "FirstContact",
        "happened_at": "2026-11-18T13:00:00+00:00",
        "learnt_at": "2026-12-20T09:00:00+00:00",
        "source": "event",
        "by": "cc:u17",
        "result": "withdrawn",
        "note": row.note,
    }
    assert await read_corrections(database_url, "another") == []
    case = read_out(Course(happened).paid().state)
    print_case(case, [read])
    shown = capsys.readouterr().out
    assert "FirstContact" in shown
    assert "withdrawn" in shown
    print_case(case)
    assert "learnt after" not in capsys.readouterr().out


async def test_without_a_database_the_operator_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="corrections"):
        await read_corrections(f"sqlite:///{tmp_path / 'none' / 'registers.sqlite'}", "uid")
