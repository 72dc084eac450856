"""The watch over a tariff on a server: reminders at their instants and once, few wakes, whatever dies or comes in which order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner

from tests.patience import patiently
from tests.workflows.leads import refused
from tests.workflows.play import to_monday
from tests.workflows.replaying import replays
from tests.workflows.skipping import ended, until_it_waits
from tests.workflows.watches import QUEUE, Tariff
from workflows import attributes, docket
from workflows.lead_watch import LeadWatch

AT_ONCE = timedelta(seconds=2)
"""How late a reminder may be for a timer of the server."""


@pytest.fixture
async def tariff(skipping: WorkflowEnvironment, engine: AsyncEngine) -> Tariff:
    """A tariff on a server of its own, at ten o'clock of a Monday in Moscow, not yet watched."""
    await to_monday(skipping)
    return Tariff(skipping, engine)


@pytest.fixture
async def real(server: WorkflowEnvironment, engine: AsyncEngine) -> AsyncIterator[Tariff]:
    """A tariff on the real server; nothing of it is left behind."""
    tariff = Tariff(server, engine)
    yield tariff
    handle = server.client.get_workflow_handle(tariff.handle.id)
    if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
        await handle.terminate("test over")


async def pass_to(tariff: Tariff, at: datetime) -> None:
    """Time passes until an instant; then every lead whose own instant has come by then is looked at."""
    await until_it_waits(tariff.handle)
    if (left := at - await tariff.now()) > timedelta(0):
        await tariff.env.sleep(left)
    await tariff.until(lambda rows: not any(row["next_at"] and row["next_at"] <= at for row in rows.values()))
    await until_it_waits(tariff.handle)


@pytest.mark.clause("replacement 3.3")
@pytest.mark.clause("replacement 3.4")
async def test_reminders_come_at_their_instants_exactly_once_though_the_worker_dies_between(tariff: Tariff) -> None:
    async with tariff.worker(max_cached_workflows=0):
        await tariff.begin()
        monday = await tariff.now()
        day = monday.date()
        await tariff.leads("L-1", "L-2", at=monday)
        await tariff.leads("L-3", at=monday + timedelta(seconds=1))
        await pass_to(tariff, monday + timedelta(hours=4, minutes=29))
        assert await tariff.told() == []
        await pass_to(tariff, monday + timedelta(hours=4, minutes=30, seconds=2))
        tariff.dies_after = 0  # the step of 15:00 commits, and its answer is lost
    async with tariff.worker(max_cached_workflows=0):
        await pass_to(tariff, monday + timedelta(hours=5, minutes=10))
        await tariff.call("L-1", "L-2")
        await pass_to(tariff, monday + timedelta(hours=6, minutes=12))
        await tariff.call("L-1", answered=True)
        await pass_to(tariff, monday + timedelta(hours=7))
    async with tariff.worker(max_cached_workflows=0):
        await pass_to(tariff, monday + timedelta(days=2))
        told = await tariff.told()
        assert [key for key, _ in told] == [
            *("L-1#3.3", "L-2#3.3", "L-3#3.3"),
            *(f"L-{n}#3.4#{day}#3" for n in (1, 2, 3)),
            *(f"L-{n}#3.4#{day}#2" for n in (1, 2)),
            *(f"L-{n}#3.4#{day + timedelta(days=1)}#3" for n in (2, 3)),
        ]
        assert all(timedelta(0) <= late < AT_ONCE for _, late in told)
        rows = await tariff.rows()
        assert {lead: [clause for clause, *_ in row["missed"]] for lead, row in rows.items()} == {
            "L-1": [],
            "L-2": ["3.4"],
            "L-3": ["3.3", "3.4"],
        }
        assert all(row["next_at"] is None for row in rows.values())
        await replays(tariff.handle)


@pytest.mark.clause("replacement 3.4")
async def test_a_lead_whose_calls_are_all_made_wakes_only_as_often_as_needed(tariff: Tariff) -> None:
    async with tariff.worker():
        await tariff.begin()
        monday = await tariff.now()
        await tariff.leads("L-1")
        for hours in (0.5, 2, 3.5, 24, 48):
            await pass_to(tariff, monday + timedelta(hours=hours))
            await tariff.call("L-1")
        await pass_to(tariff, monday + timedelta(days=5))
        assert len(tariff.steps) == 6, "one for the lead, one for each call"
        events = await tariff.events()
        assert events.count("TIMER_FIRED") == 0
        assert await tariff.told() == []
        [row] = (await tariff.rows()).values()
        assert (row["next_at"], row["missed"]) == (None, [])


@pytest.mark.clause("replacement 3.3")
async def test_calls_and_cards_before_their_lead_and_two_batches_at_once_count_as_any(tariff: Tariff) -> None:
    async with tariff.worker():
        await tariff.begin()
        monday = await tariff.now()
        first = [f"L-{n}" for n in range(20)]
        second = [f"L-{n}" for n in range(20, 40)]
        await tariff.call(*first[:5], at=monday)
        await tariff.cards("L-39")
        await asyncio.gather(tariff.leads(*first, at=monday), tariff.leads(*second, at=monday), tariff.call(*second[:5], at=monday))
        await pass_to(tariff, monday + timedelta(hours=4, minutes=31))
        rows = await tariff.rows()
        assert len(rows) == 40
        assert {lead for lead, row in rows.items() if "3.3" in row["reminded"]} == {*first[5:], *second[5:]}
        assert rows["L-39"]["status"] == "на замену"
        assert len(await tariff.told()) == 30
        facts = [f for f in (await tariff.read()).facts if f.what == "unknown_leads"]
        assert [f.note for f in facts][:2] == ["L-0, L-1, L-2, L-3, L-4", "L-39"]


@pytest.mark.clause("replacement 1")
async def test_the_franchisee_is_told_once_and_the_watch_ends_with_the_last_term(tariff: Tariff) -> None:
    async with tariff.worker():
        await tariff.begin()
        monday = await tariff.now()
        await tariff.leads("L-1", at=monday - timedelta(days=7))
        for days, hours in ((7, 0.5), (7, 1.5), (7, 2.5), (6, 1), (5, 1)):
            await tariff.call("L-1", at=monday - timedelta(days=days) + timedelta(hours=hours))
        await tariff.cards("L-1")
        await pass_to(tariff, monday + timedelta(hours=9))  # 19:00: nobody works
        assert (await tariff.balance(251)).stage == "running"
        await tariff.balance(250)
        await pass_to(tariff, monday + timedelta(hours=22, minutes=59))
        assert tariff.letters == []
        await pass_to(tariff, monday + timedelta(hours=23, seconds=2))
        await tariff.balance(0)
        await tariff.leads("L-2")
        assert (await tariff.end()).stage == "run_out"
        assert await tariff.running() == [True]
        result = await ended(tariff.env, tariff.handle, timedelta(hours=4))
        [letter] = tariff.letters
        assert letter.to == ("partner@franchise.example",)
        assert [letter.values[name] for name in ("replace", "listen", "reject", "balance")] == [1, 0, 0, 250]
        assert (result.outcome, result.leads, result.calls, result.missed) == ("done", 2, 5, 1)
        assert await tariff.running() == [False]
        assert (await tariff.rows())["L-2"]["late"]


async def test_a_database_that_is_away_stops_no_message_and_nothing_is_lost(tariff: Tariff) -> None:
    async with tariff.worker():
        await tariff.begin()
        await until_it_waits(tariff.handle)
        monday = await tariff.now()
        tariff.database_up = False
        for n in range(5):
            await tariff.leads(f"L-{n}", at=monday)
        await tariff.call("L-0")
        assert await tariff.rows() == {}
        await tariff.env.sleep(timedelta(hours=2))
        tariff.database_up = True
        await pass_to(tariff, monday + timedelta(hours=4, minutes=31))
        assert len(await tariff.rows()) == 5
        assert [key for key, _ in await tariff.told()] == [f"L-{n}#3.3" for n in range(1, 5)]


async def test_the_head_office_ends_a_watch_and_a_batch_after_it_is_answered_as_ended(tariff: Tariff) -> None:
    async with tariff.worker():
        await tariff.begin()
        await tariff.leads("L-1")
        tariff.database_up = False
        await tariff.withdraw()
        assert await refused(tariff.leads("L-2")) == "Ended"
        tariff.database_up = True
        result = await ended(tariff.env, tariff.handle)
        assert (result.outcome, await tariff.running()) == ("withdrawn", [False])


async def test_begun_by_hand_it_ends_as_refused(tariff: Tariff) -> None:
    async with tariff.worker():
        await tariff.client.start_workflow(LeadWatch.run, id=tariff.handle.id, task_queue=QUEUE)
        with pytest.raises(WorkflowFailureError) as failed:
            await ended(tariff.env, tariff.handle)
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == "Refused"


async def test_a_long_watch_continues_as_new_and_forgets_no_lead(real: Tariff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docket, "MOST_MESSAGES", 8)
    async with real.worker(workflow_runner=UnsandboxedWorkflowRunner()):
        await real.begin()
        run = (await real.handle.describe()).run_id
        uid = (await real.read()).uid
        for n in range(10):
            await real.leads(*(f"L-{n}-{k}" for k in range(5)))
        await real.until(lambda rows: len(rows) == 50)
        async with patiently():
            while (await real.handle.describe()).run_id == run:  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.05)
        await real.call("L-0-0", answered=True)
        await real.until(lambda rows: rows["L-0-0"]["next_at"] is None)
        read = await real.read()
        assert (read.uid, read.stage, read.revision) == (uid, "running", 12)
        shown = (await real.handle.describe()).typed_search_attributes
        assert shown.get(attributes.STAGE) == "running"
        assert sum(row["next_at"] is not None for row in (await real.rows()).values()) == 49
        assert await real.running() == [True]
