"""A service centre on a server: measures by decision alone, told to leads, suspended, over with their quarter; a life without an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner

from activities import errors, tell
from activities.tell import CaseTeller
from regulations.effects import CaseMessageToTell
from regulations.lead import messages as lm
from tests.activities.attempts import attempt, failing
from tests.patience import patiently
from tests.regulations.lead.centres import SUPPORT, ZONE
from tests.workflows.centres import QUEUE, Region
from tests.workflows.replaying import replays
from tests.workflows.skipping import until_it_waits
from workflows import attributes, docket
from workflows.service_centre import ServiceCentre


@pytest.fixture
async def region(server: WorkflowEnvironment, engine: AsyncEngine) -> AsyncIterator[Region]:
    """A centre on the real server, not yet defined; nothing of it is left behind."""
    region = Region(server, engine)
    yield region
    for id in (region.handle.id, region.lead):
        handle = server.client.get_workflow_handle(id)
        try:
            if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
                await handle.terminate("test over")
        except Exception:  # noqa: S110 - it was never begun
            pass


async def test_a_definition_begins_a_centre_and_stands_in_the_register(region: Region) -> None:
    async with region.worker():
        assert (await region.define()).revision == 1
        row = await region.until_row(lambda _: True)
        assert (row.zone, row.products, row.left_out, row.version) == (ZONE, ["bureau", "elba"], False, 1)
        assert (await region.define(products=["bureau"])).revision == 2
        assert (await region.until_row(lambda r: r.version == 2)).products == ["bureau"]
        shown = (await region.handle.describe()).typed_search_attributes
        assert (shown.get(attributes.SERVICE_CENTRE), shown.get(attributes.STAGE)) == (region.code, "active")


async def test_a_centre_begun_by_hand_ends_as_refused(region: Region) -> None:
    async with region.worker():
        with pytest.raises(WorkflowFailureError) as ended:
            await region.client.execute_workflow(ServiceCentre.run, id=region.handle.id, task_queue=QUEUE)
        assert isinstance(ended.value.cause, ApplicationError)
        assert ended.value.cause.type == "Refused"


@pytest.mark.clause("lead 9.4")
@pytest.mark.clause("lead 10.1")
async def test_a_decision_takes_effect_and_an_objection_suspends_it(region: Region) -> None:
    async with region.worker(max_cached_workflows=0):
        await region.define()
        await region.propose("p1")
        await region.decide("left_out_for_quarter", "close_product")
        row = await region.until_row(lambda r: r.left_out)
        quarter = (await region.now()).astimezone(ZoneInfo(ZONE))
        ends = quarter.replace(month=quarter.month - (quarter.month - 1) % 3, day=1, hour=0, minute=0, second=0, microsecond=0)
        ends = (ends + timedelta(days=100)).replace(day=1)
        assert row.left_out_until == ends.astimezone(UTC)
        assert row.products == ["elba"]
        await region.object()
        assert (await region.until_row(lambda r: not r.left_out)).products == ["bureau", "elba"]
        assert (await region.measure()).suspended
        await region.rule(upheld=False)
        assert (await region.until_row(lambda r: r.left_out)).products == ["elba"]
        await region.reaches("restored")
        assert await region.incidents() == ["objection"]
        assert set(await region.noticed()) == {f"centre:{region.code}", f"centre_head:{region.code}", "sales_support"}
    await replays(region.handle)


@pytest.mark.clause("lead 9.1.1")
async def test_a_decided_move_reaches_the_lead_and_a_second_decision_comes_to_nothing(region: Region) -> None:
    async with region.worker():
        lead = await region.begin_lead()
        await region.define()
        await region.other("kgd-1")
        await region.propose("p1")
        await asyncio.gather(region.decide("move", to="kgd-1"), region.decide("close_product"))
        await region.reaches("decided")
        read = await region.reaches("incident.measure_already_decided")
        if (await region.measure()).moved_to:  # whichever came first counts
            await region.reaches("told.moved")
            assert await lead.query("told") == [f"{region.code} -> kgd-1 by sales_support: {region.code}/p1"]
            assert (await region.row()).products == ["bureau", "elba"]
        else:
            assert await lead.query("told") == []
            assert (await region.row()).products == ["elba"]
        assert [f.what for f in read.facts].count("decided") == 1


@pytest.mark.clause("lead 9.2")
async def test_a_decided_deletion_ends_the_lead(region: Region) -> None:
    async with region.worker():
        lead = await region.begin_lead()
        await region.define()
        await region.propose("p1", clause="8.2.4", allows=("delete", "disconnect"))
        await region.decide("delete")
        assert await lead.result() == [f"{region.code} deleted: {region.code}/p1"]
        await region.reaches("told.deleted")


@pytest.mark.clause("lead 9.4")
async def test_a_lead_that_refuses_its_measure_is_an_incident(region: Region) -> None:
    async with region.worker():
        await region.begin_lead(refuses="Passed")
        await region.define()
        await region.other("kgd-1")
        await region.propose("p1")
        await region.decide("move", to="kgd-1")
        await region.reaches("incident.lead_refused")


@pytest.mark.clause("lead 9.1.2")
async def test_the_quarter_ends_by_itself(skipping: WorkflowEnvironment, engine: AsyncEngine) -> None:
    region = Region(skipping, engine)
    async with region.worker():
        await region.define()
        await region.propose("p1")
        await region.decide("left_out_for_quarter")
        until = (await region.until_row(lambda r: r.left_out)).left_out_until
        assert until is not None
        await until_it_waits(region.handle)
        await skipping.sleep(until - timedelta(seconds=2) - await region.now())
        assert (await region.row()).left_out
        assert (await region.measure()).state == "decided"
        await skipping.sleep(timedelta(seconds=4))
        await region.until_row(lambda r: not r.left_out)
        await region.reaches("lapsed")
        assert (await region.measure()).state == "lapsed"
        [lapsed] = [f for f in (await region.read()).facts if f.what == "lapsed"]
        assert until <= lapsed.happened_at < until + timedelta(seconds=2)


async def _run_id(region: Region) -> str:
    return (await region.handle.describe()).run_id


async def test_a_long_history_continues_as_new_with_everything(region: Region) -> None:
    async with region.worker():
        await region.define()
        first = await _run_id(region)
        await region.propose("p1", "p2")
        await region.decide("left_out_for_good")
        await region.decide("close_product", proposal="p2")
        await region.reaches("decided", 2)
        await region.object("p2")
        await region.reaches("objected")
        message = await region.message(lm.Objected, proposal=f"{region.code}/p1", text="и ещё одно", by={"id": "u90", "role": "centre"})
        await region.handle.execute_update("objected", message)
        await region.reaches("objected", 2)
        await region.rule(upheld=False)
        read = await region.reaches("restored")
        async with patiently():
            for number in count(1):
                if await _run_id(region) != first:
                    break
                await region.define(name=f"СЦ {number}")
                await region.until_row(lambda r, number=number: r.name == f"СЦ {number}")  # type: ignore[misc]
        after = await region.read()
        assert after.uid == read.uid
        assert after.facts[: len(read.facts)] == read.facts
        row = await region.row()
        assert (row.left_out, row.products) == (True, ["bureau", "elba"])
        with pytest.raises(WorkflowUpdateFailedError) as repeated:
            await region.handle.execute_update("objected", message)
        assert isinstance(repeated.value.cause, ApplicationError)
        assert repeated.value.cause.type == "Repeated"
        await region.rule(upheld=False, proposal="p2")
        await region.until_row(lambda r: r.products == ["elba"])


async def test_so_many_messages_continue_as_new_whatever_the_server_suggests(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docket, "MOST_MESSAGES", 5)
    async with region.worker(workflow_runner=UnsandboxedWorkflowRunner()):
        await region.define()
        first = await _run_id(region)
        for _ in range(3):
            await region.define()
        await asyncio.sleep(0.3)
        assert await _run_id(region) == first
        await region.define()
        async with patiently():
            while await _run_id(region) == first:  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.05)
        assert (await region.read()).revision == 5


# --- telling a case -------------------------------------------------------------------------------------------------


def to_lead(region: Region, key: str = "k1") -> CaseMessageToTell:
    message = {
        "key": key,
        "happened_at": datetime.now(UTC).isoformat(),
        "client": "c-311",
        "product": "bureau",
        "centre": region.code,
        "to": "kgd-1",
        "reason": "потому",
        "by": SUPPORT,
        "measure": "p1",
    }
    return CaseMessageToTell.model_validate({"address": region.lead, "update": "moved", "message": message})


@pytest.mark.parametrize(("refuses", "result"), [("", "done"), ("Repeated", "repeated"), ("Passed", "refused"), ("TooFar", "refused")])
async def test_what_a_case_answers_is_told(region: Region, refuses: str, result: str) -> None:
    async with region.worker():
        await region.begin_lead(refuses)
        told = await attempt(CaseTeller(region.client, QUEUE).tell_case, to_lead(region))
        assert told.result == result
        assert (told.type, told.text) == ((refuses, "as told") if result == "refused" else ("", ""))


async def test_a_case_that_is_not_there_and_one_that_is_about_to_end(region: Region) -> None:
    async with region.worker():
        assert (await attempt(CaseTeller(region.client, QUEUE).tell_case, to_lead(region))).result == "no_case"
        await region.begin_lead("Ended")
        assert (await failing(CaseTeller(region.client, QUEUE).tell_case, to_lead(region))).type == errors.UNAVAILABLE
        await region.client.get_workflow_handle(region.lead).terminate("over")
        assert (await attempt(CaseTeller(region.client, QUEUE).tell_case, to_lead(region))).result == "no_case"


async def test_a_case_without_a_worker_is_told_again(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tell, "PATIENCE", timedelta(seconds=1))
    await region.begin_lead()
    error = await failing(CaseTeller(region.client, QUEUE).tell_case, to_lead(region))
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
