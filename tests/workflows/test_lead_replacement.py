"""A replacement on a Temporal server: its course to the credit, its refusals, two at the same moment, debts, prolongations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from regulations.replacement import messages as rm
from tests.regulations.replacement.course import CONTROL_PERSON, DECIDED, OUTCOME, SHEET
from tests.workflows.leads import refusal, refused
from tests.workflows.play import to_monday
from tests.workflows.replacement_case import Case, awaiting_decision, awaiting_export, case_on, due_of, monday_case, prolonged, to
from tests.workflows.replacements import NEXT_PERIOD, PERIOD, N, ReplacementWorld, world_in, world_on
from tests.workflows.replaying import replays
from tests.workflows.skipping import ended, until_it_waits
from tests.workflows.world import ROUND_THE_CLOCK, until
from workflows import attributes
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


# --- the course of a replacement ------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 5.1")
@pytest.mark.clause("replacement 5.2")
@pytest.mark.clause("replacement 5.3")
async def test_a_request_goes_its_whole_course_to_the_credit(skipping: WorkflowEnvironment, database_url: str) -> None:
    """By the long form, on each kind of database."""
    async with world_on(database_url) as world, world.worker(skipping.client):
        case = await monday_case(skipping, world, mode="integrated")
        monday = await case.now()
        secret = await world.keep_secret("s-1", case.address, monday)
        assert (await case.ask_with_crm(secret)).stage == "checking"
        await case.reaches("awaiting_export")
        await until(lambda: world.templates() == ["taken"])
        assert (await case.duty("5.2")).due == due_of(monday)
        shown = (await case.handle.describe()).typed_search_attributes
        assert (shown.get(attributes.STAGE), shown.get(attributes.CLAUSE)) == ("awaiting_export", "replacement 5.2")
        await case.export()
        await case.reaches("awaiting_decision")
        await until(lambda: world.templates() == ["taken", "audit"])
        assert world.letters[1].to == ("quality_control@company.example",)
        assert [(file.name, file.sha256) for file in world.letters[1].files] == [("Аудит.xlsx", SHEET)]
        assert not await world.destroyed(secret)
        await until_it_waits(case.handle)
        await skipping.sleep(DAY)
        ruled_at = await case.now()
        assert (await case.decide(happened_at=ruled_at)).stage == "deciding"
        result = await ended(skipping, case.handle)
        assert (result.outcome, result.asked, result.credited, result.met, result.breaches) == ("credited", 400, 320, 2, 0)
        assert world.entries() == [("replacement", 320, PERIOD)]
        assert await world.balance(case.account) == N // 4 + 320
        assert await world.credited(case.address) == [("replacement", 320, PERIOD, PERIOD)]
        row = await world.register(case.address)
        assert (row["stage"], row["asked"], row["accepted"], row["credited"]) == ("credited", 400, 320, 320)
        assert row["ruled_at"] == ruled_at
        assert world.templates() == ["taken", "audit", "credited"]
        assert [file.sha256 for file in world.letters[2].files] == [OUTCOME]
        assert await world.destroyed(secret)
        assert world.incidents() == []
        await replays(case.handle)


@pytest.mark.clause("replacement 5.2")
async def test_a_term_that_is_missed_is_a_breach_at_its_due_instant_and_the_decision_still_counts(
    skipping: WorkflowEnvironment, world: ReplacementWorld
) -> None:
    async with world.worker(skipping.client):
        case = await monday_case(skipping, world)
        await case.audited()
        due = (await case.duty("5.2")).due
        assert due is not None
        await until_it_waits(case.handle)
        await to(skipping, due + HOUR)
        await until_it_waits(case.handle)
        assert world.breaches() == [("5.2", "recorded")]
        await case.decide()
        assert (await ended(skipping, case.handle)).outcome == "credited"
        assert world.breaches() == [("5.2", "recorded"), ("5.2", "met_late")]


@pytest.mark.clause("replacement 6.1")
@pytest.mark.parametrize(("mode", "outcome", "entries"), [("outside", "credited", [("top_up", 3_000, PERIOD)]), ("ours", "not_due", [])])
async def test_a_top_up_brings_30_percent_to_a_client_with_its_own_crm_and_telephony_alone(
    server: WorkflowEnvironment, at_all_hours: ReplacementWorld, mode: str, outcome: str, entries: list[tuple[str, int, str]]
) -> None:
    world, queue = at_all_hours, f"replacement-top-up-{mode}"
    async with world.worker(server.client, queue):
        case = case_on(server, queue=queue, n=0)
        await case.begun_in(world, mode=mode)
        await case.top_up()
        assert (await case.handle.result()).outcome == outcome
        assert world.entries() == entries
        assert (await world.register(case.address))["stage"] == outcome


@pytest.mark.clause("replacement 4.1")
async def test_a_request_of_which_nothing_is_confirmed_credits_nothing(server: WorkflowEnvironment, at_all_hours: ReplacementWorld) -> None:
    world, queue = at_all_hours, "replacement-nothing"
    world.decided = DECIDED.model_copy(update={"accepted": 0, "rejected": 500, "amount": 0})
    async with world.worker(server.client, queue):
        case = case_on(server, queue=queue)
        await case.begun_in(world, mode="integrated")
        secret = await world.keep_secret("s-1", case.address, await case.now())
        await awaiting_decision(case, world, secret)
        await case.decide()
        assert (await case.handle.result()).outcome == "nothing_confirmed"
        assert world.entries() == []
        assert world.templates()[-1] == "nothing_confirmed"
        assert await world.destroyed(secret)


@pytest.mark.clause("replacement 3.6")
async def test_a_request_that_a_person_bars_credits_nothing(server: WorkflowEnvironment, at_all_hours: ReplacementWorld) -> None:
    world, queue = at_all_hours, "replacement-barred"
    async with world.worker(server.client, queue):
        case = case_on(server, queue=queue)
        await case.begun_in(world, mode="integrated")
        secret = await world.keep_secret("s-1", case.address, await case.now())
        await awaiting_export(case, world, secret)
        await case.say("barred", rm.Barred, by=CONTROL_PERSON, reason="обратная связь не учтена")
        assert (await case.handle.result()).outcome == "refused"
        assert (await world.register(case.address))["clauses"] == ["3.6"]
        assert await world.destroyed(secret)


# --- requests that are not in order ---------------------------------------------------------------------------------


@pytest.mark.clause("replacement 5.1")
@pytest.mark.clause("replacement 1")
async def test_a_request_is_refused_on_every_ground_at_once_and_may_be_made_again(
    server: WorkflowEnvironment, at_all_hours: ReplacementWorld
) -> None:
    world, queue = at_all_hours, "replacement-refused"
    world.names["crm.example.org"] = ["10.0.0.5"]
    async with world.worker(server.client, queue):
        case = case_on(server, queue=queue)
        await case.begun_in(world, mode="integrated", balance=2_501)
        secret = await world.keep_secret("s-1", case.address, await case.now())
        await case.ask_with_crm(secret, script="https://docs.example.org/another")
        assert (await case.handle.result()).outcome == "refused"
        assert (await world.register(case.address))["clauses"] == ["1", "3.5", "5.1"]
        assert world.templates() == ["refused"]
        assert await world.destroyed(secret)
        first = (await case.read()).uid
        await world.changes(case.account, balance=2_500, mode="ours")
        await case.ask()
        await case.reaches("awaiting_export")
        assert (await case.read()).uid != first
        await case.handle.terminate("test over")


@pytest.mark.clause("replacement 5.1")
async def test_a_start_that_is_refused_leaves_no_case(server: WorkflowEnvironment, at_all_hours: ReplacementWorld) -> None:
    world, queue = at_all_hours, "replacement-start-refused"
    async with world.worker(server.client, queue):
        case = case_on(server, queue=queue)
        await case.begun_in(world)
        assert await refused(case.ask(happened_at=await case.now() + HOUR)) == "FromTheFuture"
        with pytest.raises(WorkflowFailureError) as failed:
            await case.handle.result()
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == "Refused"
        assert not world.asked
        await case.ask()
        await case.reaches("awaiting_export")
        await case.handle.terminate("test over")


# --- two at the same moment -----------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 6.3")
async def test_of_two_requests_for_one_period_at_the_same_moment_one_makes_the_case(
    server: WorkflowEnvironment, at_all_hours: ReplacementWorld
) -> None:
    world, queue = at_all_hours, "replacement-two"
    async with world.worker(server.client, queue):
        case = case_on(server, queue=queue)
        await case.begun_in(world)
        answers = await asyncio.gather(case.ask(), case.ask(asked=7), return_exceptions=True)
        assert [refusal(a) for a in answers if isinstance(a, BaseException)] == ["Open"]
        assert [a.stage for a in answers if isinstance(a, Receipt)] == ["checking"]
        await case.reaches("awaiting_export")
        await until(lambda: world.templates() == ["taken"])
        assert world.letters[0].values["asked"] in (400, 7)
        await case.handle.terminate("test over")


@pytest.mark.clause("replacement 5.1")
async def test_the_same_request_twice_is_one_case(server: WorkflowEnvironment, at_all_hours: ReplacementWorld) -> None:
    world, queue = at_all_hours, "replacement-same"
    async with world.worker(server.client, queue):
        case = case_on(server, queue=queue)
        await case.begun_in(world)
        key, now = "mail-1", await case.now()
        answers = await asyncio.gather(*(case.ask(key=key, happened_at=now) for _ in range(3)), return_exceptions=True)
        assert sum(isinstance(a, Receipt) for a in answers) == 1
        assert {refusal(a) for a in answers if isinstance(a, BaseException)} == {"Repeated"}
        await case.handle.terminate("test over")


@pytest.mark.clause("replacement 5.2")
async def test_of_two_decisions_at_the_same_moment_one_counts_and_the_other_is_told(
    server: WorkflowEnvironment, at_all_hours: ReplacementWorld
) -> None:
    world, queue = at_all_hours, "replacement-decisions"
    late: list[str] = []

    async with world.worker(server.client, queue):
        case = case_on(server, queue=queue)
        await case.begun_in(world)
        await case.audited()

        async def another() -> None:
            late.append(await refused(case.decide()))

        world.meanwhile["take_decision"] = another
        answers = await asyncio.gather(case.decide(), case.decide(by={"id": "q2", "role": "quality_control"}), return_exceptions=True)
        assert sum(isinstance(a, Receipt) for a in answers) == 1
        assert [refusal(a) for a in answers if isinstance(a, BaseException)] == ["Deciding"]
        assert (await case.handle.result()).outcome == "credited"
        assert late == ["Deciding"]
        assert world.entries() == [("replacement", 320, PERIOD)]


# --- a debt ---------------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 2")
async def test_a_debt_that_appears_after_the_request_stops_the_credit_until_it_is_paid(
    skipping: WorkflowEnvironment, world: ReplacementWorld
) -> None:
    async with world.worker(skipping.client):
        case = await monday_case(skipping, world)
        monday = await case.now()
        await case.audited()
        await until_it_waits(case.handle)
        await skipping.sleep(HOUR)
        await world.owes(case.account, monday)
        await case.decide()
        await case.reaches("held")
        await until(lambda: "held" in world.templates())
        await until_it_waits(case.handle)
        asked = len(world.asked)
        await to(skipping, monday + DAY - timedelta(seconds=1))
        assert len(world.asked) == asked
        await to(skipping, monday + DAY)  # ten o'clock of the next working day
        await until(lambda: len(world.asked) == asked + 1)
        await until_it_waits(case.handle)
        assert (await case.read()).stage == "held"
        await skipping.sleep(HOUR)
        await world.pays(case.account)
        await case.billing_changed()
        assert (await ended(skipping, case.handle)).outcome == "credited"
        assert world.entries() == [("replacement", 320, PERIOD)]
        assert len(world.asked) == asked + 2


@pytest.mark.clause("replacement 2")
async def test_a_debt_that_is_never_paid_ends_the_request(skipping: WorkflowEnvironment, world: ReplacementWorld) -> None:
    async with world.worker(skipping.client):
        case = await monday_case(skipping, world, mode="integrated")
        monday = await case.now()
        secret = await world.keep_secret("s-1", case.address, monday)
        await case.ask_with_crm(secret)
        await case.reaches("awaiting_export")
        await case.export()
        await case.reaches("awaiting_decision")
        await world.owes(case.account, monday)
        await case.decide()
        await case.reaches("held")
        await until_it_waits(case.handle)
        assert not await world.destroyed(secret)
        result = await ended(skipping, case.handle, step=DAY)
        assert result.outcome == "refused"
        assert (await world.register(case.address))["clauses"] == ["2"]
        assert world.entries() == []
        assert await world.destroyed(secret)


# --- a prolongation -------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 6.3")
async def test_the_new_tariff_is_never_credited_before_the_replacement_is_confirmed(
    skipping: WorkflowEnvironment, world: ReplacementWorld
) -> None:
    """Billing's interface is away before the first credit, and for a day between the two."""
    async with world.worker(skipping.client):
        await to_monday(skipping)
        case = case_on(skipping, skipping=True, n=2)
        await case.begun_in(world)
        await prolonged(case, world)
        world.billing.down = True

        async def away_again() -> None:
            world.billing.down = True

        world.meanwhile["credited_replacement"] = away_again
        await case.decide()
        await case.reaches("crediting")
        await until_it_waits(case.handle)
        assert world.entries() == []
        world.billing.down = False
        await until_first(case, skipping, world)
        assert world.billing.down
        await skipping.sleep(DAY)
        assert world.entries() == [("replacement", 320, PERIOD)]
        assert (await case.read()).stage == "crediting"
        assert await world.credited(case.address) == [("replacement", 320, PERIOD, PERIOD)]
        world.billing.down = False
        assert (await ended(skipping, case.handle)).outcome == "credited"
        assert world.entries() == [("replacement", 320, PERIOD), ("tariff", N, NEXT_PERIOD)]
        assert await world.credited(case.address) == [("replacement", 320, PERIOD, PERIOD), ("tariff", N, NEXT_PERIOD, NEXT_PERIOD)]
        assert await world.balance(case.account, NEXT_PERIOD) == N // 4 + N


async def until_first(case: Case, env: WorkflowEnvironment, world: ReplacementWorld) -> None:
    """Lets time pass until billing has booked something."""
    for _ in range(10):
        if world.entries():
            return
        await env.sleep(timedelta(minutes=1))
        await until_it_waits(case.handle)
    raise AssertionError("nothing is booked")


async def test_a_plain_replacement_costs_at_most_130_events(server: WorkflowEnvironment, at_all_hours: ReplacementWorld) -> None:
    """Asked for, exported, audited, decided, credited, three letters."""
    world, queue = at_all_hours, "replacement-cost"
    async with world.worker(server.client, queue):
        case = case_on(server, queue=queue)
        await case.begun_in(world)
        for what in (case.ask, case.export, case.decide):
            await what()
            await until_it_waits(case.handle)
        assert (await case.handle.result()).outcome == "credited"
        events = await case.events()
        print(f"a plain replacement: {len(events)} events")
        assert len(events) <= 130, events
