"""A replacement and what comes between: what is away, withdrawals, long histories, workers without a cache, queries, many senders."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from regulations.read_out import ReadOut, read_case
from regulations.replacement import messages as rm
from regulations.replacement import narration
from tests.patience import patiently
from tests.regulations.replacement.course import CONTROL_PERSON, EXPORT, OFFICE_PERSON, OTHER_EXPORT
from tests.workflows.leads import refusal, refused
from tests.workflows.replacement_case import STAGES, awaiting_decision, awaiting_export, case_on, due_of, monday_case, to
from tests.workflows.replacements import NEXT_PERIOD, PERIOD, N, ReplacementWorld, world_in
from tests.workflows.replaying import replays
from tests.workflows.skipping import ended, until_it_waits
from tests.workflows.world import ROUND_THE_CLOCK, until
from workflows.docket import Receipt

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[ReplacementWorld]:
    """For the server whose time is skipped."""
    async with world_in(tmp_path) as world:
        yield world


@pytest_asyncio.fixture(loop_scope="session")
async def at_all_hours(tmp_path: Path) -> AsyncIterator[ReplacementWorld]:
    """For the server in real time: no letter waits for an office to open."""
    async with world_in(tmp_path, ROUND_THE_CLOCK) as world:
        yield world


# --- what is away ---------------------------------------------------------------------------------------------------


async def test_mail_network_audits_and_registers_away_stop_no_clock(skipping: WorkflowEnvironment, world: ReplacementWorld) -> None:
    """Links are given up after ten minutes; the audit comes back after a day, the post and the registers only after the term."""
    world.mail_up = world.network_up = world.audit_up = False
    async with world.worker(skipping.client):
        case = await monday_case(skipping, world)
        monday = await case.now()
        await case.ask()
        for _ in range(2):
            await until_it_waits(case.handle)
            await skipping.sleep(timedelta(minutes=10))
        await case.reaches("awaiting_export")
        world.database_up = False
        await case.export()
        await until_it_waits(case.handle)
        await to(skipping, monday + DAY)
        world.audit_up = True
        await skipping.sleep(timedelta(minutes=20))
        await case.reaches("awaiting_decision")
        await until_it_waits(case.handle)
        await to(skipping, due_of(monday) + HOUR)
        await until_it_waits(case.handle)
        duty = await case.duty("5.2")
        assert (duty.state, duty.breached_at) == ("overdue", due_of(monday))
        assert world.letters == []
        assert world.breaches() == []
        await case.decide()
        world.mail_up = world.database_up = True
        assert (await ended(skipping, case.handle)).outcome == "credited"
        assert world.breaches() == [("5.2", "recorded"), ("5.2", "met_late")]
        assert sorted(world.templates()) == ["audit", "credited", "taken"]


@pytest.mark.clause("replacement 5.2")
async def test_billing_away_for_days_is_asked_until_it_is_back_and_the_term_runs_from_the_receipt(
    skipping: WorkflowEnvironment, world: ReplacementWorld
) -> None:
    world.billing_up = False
    async with world.worker(skipping.client):
        case = await monday_case(skipping, world)
        monday = await case.now()
        await case.ask()
        await until(lambda: world.look_ups > 2)  # the local one, then the ordinary one
        await until_it_waits(case.handle)
        await skipping.sleep(DAY)
        assert (await case.read()).stage == "checking"
        world.billing_up = True
        await skipping.sleep(timedelta(minutes=20))
        await case.reaches("awaiting_export")
        assert (await case.duty("5.2")).due == due_of(monday)
        await case.withdraw()
        assert (await ended(skipping, case.handle)).outcome == "withdrawn"


@pytest.mark.clause("replacement 5.3")
async def test_a_credit_that_billing_refuses_is_ordered_again_when_billing_has_changed(
    server: WorkflowEnvironment, at_all_hours: ReplacementWorld
) -> None:
    world, queue = at_all_hours, "replacement-credit-refused"
    world.billing.refuses = "счёт закрыт"
    async with world.worker(server.client, queue):
        case = case_on(server, queue=queue)
        await case.begun_in(world)
        await case.audited()
        await case.decide()
        await until(lambda: world.incidents() == ["credit_refused"])
        assert (await case.read()).stage == "crediting"
        world.billing.refuses = ""
        await case.billing_changed()
        assert (await case.handle.result()).outcome == "credited"
        assert world.entries() == [("replacement", 320, PERIOD)]
        assert await world.balance(case.account) == N // 4 + 320


# --- withdrawing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
async def test_a_replacement_may_be_withdrawn_at_any_stage_and_its_password_goes_with_it(
    skipping: WorkflowEnvironment, world: ReplacementWorld, stage: str
) -> None:
    """What is away stays away: a case that is withdrawn waits for no audit and for no network."""
    async with world.worker(skipping.client):
        case = await monday_case(skipping, world, mode="integrated")
        secret = await world.keep_secret("s-1", case.address, await case.now())
        await STAGES[stage](case, world, secret)
        await until_it_waits(case.handle)
        assert (await case.read()).stage == stage
        assert not await world.destroyed(secret)
        world.audit_up = world.network_up = True
        assert (await case.withdraw()).stage == "withdrawn"
        result = await ended(skipping, case.handle)
        assert (result.outcome, result.credited) == ("withdrawn", 0)
        assert world.entries() == []
        assert await world.destroyed(secret)
        row = await world.register(case.address)
        assert (row["stage"], row["closed_at"] is None) == ("withdrawn", False)
        assert all(o.state in ("met", "waived") for o in (await case.read()).obligations)
        assert world.templates()[-1] == "withdrawn"


@pytest.mark.clause("replacement 5.3")
async def test_what_billing_may_have_booked_is_waited_for_before_a_withdrawal_ends_the_case(
    skipping: WorkflowEnvironment, world: ReplacementWorld
) -> None:
    world.billing.down = True
    async with world.worker(skipping.client):
        case = await monday_case(skipping, world)
        await case.audited()
        await case.decide()
        await case.reaches("crediting")
        await until_it_waits(case.handle)
        assert (await case.withdraw()).stage == "crediting"
        await skipping.sleep(HOUR)
        assert (await case.read()).stage == "crediting"
        world.billing.down = False
        assert (await ended(skipping, case.handle)).outcome == "credited"
        assert await world.credited(case.address) == [("replacement", 320, PERIOD, PERIOD)]


# --- the password ---------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 5.1")
async def test_a_case_does_not_end_before_its_password_is_destroyed(skipping: WorkflowEnvironment, world: ReplacementWorld) -> None:
    async with world.worker(skipping.client):
        case = await monday_case(skipping, world, mode="integrated")
        secret = await world.keep_secret("s-1", case.address, await case.now())
        await awaiting_export(case, world, secret)
        await until_it_waits(case.handle)
        world.database_up = False
        await case.withdraw()
        await until_it_waits(case.handle)
        await skipping.sleep(DAY)
        assert (await case.read()).stage == "withdrawn"
        assert not await world.destroyed(secret)
        world.database_up = True
        assert (await ended(skipping, case.handle)).outcome == "withdrawn"
        assert await world.destroyed(secret)


# --- long histories, workers that die, many senders -----------------------------------------------------------------


async def test_a_long_history_continues_as_new_with_its_whole_state(server: WorkflowEnvironment, at_all_hours: ReplacementWorld) -> None:
    """The server suggests it at 400 events here."""
    world, queue = at_all_hours, "replacement-long"
    async with world.worker(server.client, queue):
        case = case_on(server, queue=queue)
        await case.begun_in(world, mode="integrated")
        secret = await world.keep_secret("s-1", case.address, await case.now())
        await awaiting_decision(case, world, secret)
        export = await case.message(rm.ExportReceived, by=CONTROL_PERSON, files=[{"name": "export.csv", "sha256": EXPORT}])
        await case.send("export_received", export)
        first, before = (await case.handle.describe()).run_id, await case.read()
        told = 0
        while (await case.handle.describe()).run_id == first:
            await asyncio.gather(*[case.billing_changed() for _ in range(8)])
            told += 8
            assert told < 400
        after = await case.read()
        assert (after.uid, after.stage) == (before.uid, "awaiting_decision")
        assert after.obligations == before.obligations
        assert await refused(case.send("export_received", export)) == "Repeated"
        assert await refused(case.ask()) == "Open"
        assert not await world.destroyed(secret)
        await case.decide()
        assert (await case.handle.result()).outcome == "credited"
        assert world.templates() == ["taken", "audit", "credited"]
        assert world.entries() == [("replacement", 320, PERIOD)]
        assert await world.destroyed(secret)


async def test_a_worker_that_keeps_nothing_in_its_cache_takes_a_prolongation_to_its_credits(
    server: WorkflowEnvironment, at_all_hours: ReplacementWorld
) -> None:
    """Every workflow task replays the run from its beginning; one that came to other commands would fail, and nothing would go on."""
    world, queue = at_all_hours, "replacement-no-cache"
    async with world.worker(server.client, queue, max_cached_workflows=0):
        case = case_on(server, queue=queue, n=2)
        await case.begun_in(world)
        await world.tariff(case.account, NEXT_PERIOD, await case.now())
        await case.ask(prolongation=NEXT_PERIOD)
        await until(lambda: "taken" in world.templates())
        for number, export in enumerate((EXPORT, OTHER_EXPORT), 1):
            await case.export(export)
            await until(lambda number=number: world.templates().count("audit") == number)  # type: ignore[misc]
        await world.owes(case.account, await case.now())
        await case.decide()
        await until(lambda: "held" in world.templates())
        await world.pays(case.account)
        await case.billing_changed()
        assert (await case.handle.result()).outcome == "credited"
        assert [entry for entry, *_ in world.entries()] == ["replacement", "tariff"]


async def test_a_query_that_comes_with_a_message_leaves_a_history_that_replays(
    server: WorkflowEnvironment, at_all_hours: ReplacementWorld
) -> None:
    """The query is answered while a local activity goes on: its workflow task ends, and the activity's answer stands in the next one."""
    world, queue = at_all_hours, "replacement-query"
    case = case_on(server, queue=queue)
    await case.begun_in(world)

    async def with_a_query(sending: Awaitable[object]) -> None:
        """Both wait for a worker."""
        tasks: list[asyncio.Future[object]] = [asyncio.ensure_future(sending)]
        await asyncio.sleep(0.2)
        tasks.append(asyncio.ensure_future(case.read()))
        await asyncio.sleep(0.2)
        async with world.worker(server.client, queue):
            await asyncio.gather(*tasks)
            await until_it_waits(case.handle)

    await with_a_query(case.ask())
    await with_a_query(case.export())
    await with_a_query(case.decide())
    async with world.worker(server.client, queue):
        assert (await case.handle.result()).outcome == "credited"
    await replays(case.handle)


async def test_a_query_that_parts_a_local_activity_from_its_task_leaves_a_history_that_replays(
    server: WorkflowEnvironment, at_all_hours: ReplacementWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the term was counted to is written down while the query is being answered, and so is a record that ends meanwhile: the next
    task has both, in an order in which no replay takes them."""
    world, queue = at_all_hours, "replacement-parted"
    audited, written = asyncio.Event(), asyncio.Event()
    under_way: list[str] = []

    def slowly(*arguments: Any) -> ReadOut:
        time.sleep(0.5)
        return read_case(*arguments)

    def held(name: str, until: asyncio.Event) -> None:
        async def hold() -> None:
            under_way.append(name)
            await until.wait()

        world.meanwhile[name] = hold

    async def counted() -> None:
        written.set()

    case = case_on(server, queue=queue)
    await case.begun_in(world)
    async with Worker(server.client, task_queue=queue, activities=world.activities()):
        async with world.worker(server.client, queue, no_remote_activities=True):
            await case.ask()
            await case.reaches("awaiting_export")
            await until_it_waits(case.handle)
            held("audit", audited)
            held("record", written)
            await case.export()
            await until(lambda: sorted(under_way) == ["audit", "record"])
        world.meanwhile["plan"] = counted
        audited.set()
        await asyncio.sleep(0.3)
        reading = asyncio.create_task(case.read())
        await asyncio.sleep(0.3)
        monkeypatch.setattr(narration, "read_case", slowly)
        async with world.worker(server.client, queue, no_remote_activities=True):
            await reading
            monkeypatch.undo()
            await until(lambda: "audit" in world.templates())
            await until_it_waits(case.handle)
    await replays(case.handle)
    assert "WORKFLOW_TASK_FAILED" in await case.events(), "nothing was parted"
    await case.handle.terminate("test over")


async def test_no_sender_is_left_unanswered_at_the_end(server: WorkflowEnvironment, at_all_hours: ReplacementWorld) -> None:
    """Any messages together with the closing one: each sender gets a receipt or a refusal, and the case ends."""
    world, queue = at_all_hours, "replacement-last"
    async with world.worker(server.client, queue):
        for place in range(3):
            case = case_on(server, queue=queue)
            await case.begun_in(world)
            await case.audited()
            sending = [
                ("account_changed", await case.message(rm.AccountChanged)),
                ("barred", await case.message(rm.Barred, by=OFFICE_PERSON, reason="обратная связь не учтена")),
                ("decided", await case.decision()),
                ("account_changed", await case.message(rm.AccountChanged)),
            ]
            closing = await case.message(rm.WithdrawOfReplacement, by=OFFICE_PERSON, reason="дважды")
            sending.insert(place * 2, ("withdraw", closing))
            async with patiently():
                answers = await asyncio.gather(*(case.send(*one) for one in sending), return_exceptions=True)
                assert (await case.handle.result()).outcome in ("refused", "withdrawn")
            assert all(isinstance(a, Receipt) or _refusal_or_over(a) for a in answers), answers


def _refusal_or_over(answer: object) -> bool:
    """Refused by the case, or by the server since the case was over."""
    return isinstance(answer, BaseException) and ("completed" in str(answer) or refusal(answer) in ("Ended", "Deciding", "Decided"))
