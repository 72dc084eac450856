"""A partner's account on a server: timers, checks and registers; a life of many runs in which nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner

from regulations.partner import account_messages as am
from tests.benchmarks.account import OFFICE, Bench
from tests.regulations.partner.accounts import MANAGER, MARKETER, POOR
from tests.workflows.accounts import QUEUE, Supported
from tests.workflows.conftest import real_time
from tests.workflows.leads import refused
from tests.workflows.play import to_monday
from tests.workflows.replaying import replays
from tests.workflows.skipping import ended, until_it_waits
from workflows import attributes, docket
from workflows.partner_account import PartnerAccount


@pytest.fixture
async def account(skipping: WorkflowEnvironment, engine: AsyncEngine) -> Supported:
    """An account on a server of its own, at ten o'clock of a Monday in Moscow, not yet begun."""
    await to_monday(skipping)
    return Supported(skipping, engine)


@pytest.fixture
async def real(server: WorkflowEnvironment, engine: AsyncEngine) -> AsyncIterator[Supported]:
    """An account on the real server; nothing of it is left behind."""
    account = Supported(server, engine)
    yield account
    handle = server.client.get_workflow_handle(account.handle.id)
    if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
        await handle.terminate("test over")


async def passes(account: Supported, **delta: float) -> None:
    """Time passes, and what there is to do then is done."""
    await until_it_waits(account.handle)
    await account.env.sleep(timedelta(**delta))
    await until_it_waits(account.handle)


@pytest.mark.clause("partner 4.1")
@pytest.mark.clause("partner 4.2")
async def test_calls_comments_and_activities_keep_their_terms_though_the_worker_dies_between(account: Supported) -> None:
    async with account.worker(max_cached_workflows=0):  # nothing waits for the one that has died
        await account.begin()
        await account.set("a-1", 9)
        await account.call("c-1")
        await passes(account, minutes=5)
        await account.comment("c-1", POOR)
        await passes(account, minutes=55)
        await account.say("activity_reason_given", am.ActivityReasonGiven, activity="a-1", reason="партнёр в отпуске")
    async with account.worker():
        await passes(account, minutes=61)
        assert [entry for _, entry in await account.breaches("4.1/far")] == ["recorded", "withdrawn"]
        assert await account.breaches("4.2") == [("4.2/c-1", "recorded")]
        await account.comment("c-1")
        await account.say("activity_done", am.ActivityDone, activity="a-1")
        await passes(account, days=7)
        assert await account.breaches("4.2") == [("4.2/c-1", "recorded"), ("4.2/c-1", "met_late")]
        assert await account.breaches("4.1/next") == [("4.1/next/2", "recorded")]
        assert await account.calls() == {"c-1": True}
        assert len([said for said in await account.told("warning") if "не сказано, что дальше" in said]) == 1
        await replays(account.handle)


@pytest.mark.clause("partner 2.1")
@pytest.mark.clause("partner 2.2")
async def test_support_and_marketing_hear_each_other_and_the_end_leaves_the_registers_consistent(account: Supported) -> None:
    async with account.worker():
        await account.begin()
        await account.say("wish_reported", am.WishReported, wish="w-1", what="no_leads", text="отпуск", by=MANAGER)
        await account.say("campaign_told", am.CampaignTold, text="контекст", by=MARKETER)
        await passes(account, days=2)
        await account.say("state_noted", am.StateNoted, leads=30, outlook="sure", renewal_sum="120000.00", by=MANAGER)
        await account.end()
        result = await ended(account.env, account.handle)
        assert (result.outcome, result.met, result.waived, result.breaches) == ("ended", 3, 1, 1)
        assert await account.breaches() == [("2.2/wish/w-1", "recorded")]
        row = await account.row()
        assert (row["active"], row["leads"], row["outlook"], str(row["renewal_sum"])) == (False, 30, "sure", "120000.00")
        await replays(account.handle)


@pytest.mark.clause("partner 4.2")
async def test_a_check_that_cannot_be_made_now_holds_up_nothing_and_is_made_when_it_can(account: Supported) -> None:
    account.checks_up = False
    async with account.worker():
        await account.begin()
        await account.call("c-1")
        await account.comment("c-1")
        await account.call("c-2")
        await passes(account, hours=3)
        assert await account.breaches("4.2") == [("4.2/c-2", "recorded")], "the comment on c-1 may yet count"
        account.checks_up = True
        await passes(account, minutes=2)
        assert (await account.standings())["4.2/c-1"] == "met"
        assert await account.calls() == {"c-1": True, "c-2": False}
        await replays(account.handle)


@pytest.mark.clause("partner 4.1")
async def test_a_long_account_continues_as_new_with_its_calls_its_checks_and_its_timers(
    account: Supported, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last message of a run comes while a comment is being checked; terms of the old run end in the new one."""
    monkeypatch.setattr(docket, "MOST_MESSAGES", 6)
    async with account.worker(workflow_runner=UnsandboxedWorkflowRunner()):
        await account.begin()
        first, uid = await account.read(), (await account.read()).uid
        for call in ("c-1", "c-2"):
            await account.call(call)
        account.checks_up = False
        await account.comment("c-1")
        await account.comment("c-2")
        await account.call("c-3")
        await passes(account, minutes=5)
        runs = await account.run_id()
        await account.set("a-1", 2)
        assert await account.run_id() == runs, "a check is under way"
        account.checks_up = True
        await passes(account, minutes=2)
        assert await account.run_id() != runs
        standings = await account.standings()
        assert {key: standings[key] for key in ("4.2/c-1", "4.2/c-2", "4.2/c-3")} == {
            "4.2/c-1": "met",
            "4.2/c-2": "met",
            "4.2/c-3": "open",
        }
        await passes(account, hours=2)
        assert await account.breaches() == [("4.2/c-3", "recorded")]
        await account.comment("c-3")
        await until_it_waits(account.handle)
        read = await account.read()
        assert (read.uid, read.facts[0]) == (uid, first.facts[0])
        assert await account.calls() == {"c-1": True, "c-2": True, "c-3": True}
        assert await refused(account.call("c-1")) == "KnownCall"


async def test_begun_by_hand_it_ends_as_refused(account: Supported) -> None:
    async with account.worker():
        await account.client.start_workflow(PartnerAccount.run, id=account.handle.id, task_queue=QUEUE)
        with pytest.raises(WorkflowFailureError) as failed:
            await ended(account.env, account.handle)
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == "Refused"


async def test_on_the_real_server_messages_at_once_and_another_manager_lose_nothing(real: Supported) -> None:
    async with real.worker():
        await real.begin()
        calls = [f"c-{n}" for n in range(4)]
        now = await real.now()
        await asyncio.gather(
            *(real.comment(call, happened_at=now) for call in calls[:2]),
            *(real.call(call, happened_at=now) for call in calls),
            *(real.comment(call, happened_at=now) for call in calls[2:]),
        )
        await real.begin(manager="u15")
        await real.until(lambda standings: all(standings.get(f"4.2/{call}") == "met" for call in calls))
        await real.until_written(lambda written: len(written) == 4 and all(written.values()))
        await real.until_filed(lambda row: row["manager"] == "u15")
        shown = (await real.handle.describe()).typed_search_attributes
        assert (shown.get(attributes.STAGE), shown.get(attributes.CLAUSE)) == ("active", "partner 2.1")
        await replays(real.handle)


@pytest.mark.clause("partner 4.1")
@pytest.mark.clause("partner 4.2")
async def test_the_real_server_has_a_life_of_sixty_calls_continued_again_and_again_and_nothing_is_lost(engine: AsyncEngine) -> None:
    """All of it is learnt late and nearly at once; the server suggests to continue as new from 150 events on."""
    async with real_time(continue_at=150) as env:
        account = Supported(env, engine, calendar=OFFICE)
        run = Bench(account, 60)
        async with account.worker():
            await run.live(datetime.now(UTC).replace(hour=15, minute=0) - timedelta(days=40))
    assert run.outcome.wrong == []
    assert len(run.outcome.runs) > 3
    assert max(run.outcome.runs) < 600
    assert run.outcome.state < 100_000
