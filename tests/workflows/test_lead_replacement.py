"""A replacement on a Temporal server: its course to the credit, what holds it, what is away, long histories, senders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import WorkflowFailureError, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from regulations.replacement import messages as rm
from runtime.connection import workflow_runner
from tests.regulations.replacement.course import CONTROL_PERSON, DECIDED, EXPORT, OFFICE_PERSON, OTHER_EXPORT, OUTCOME, SHEET
from tests.workflows.leads import refusal, refused
from tests.workflows.play import to_monday
from tests.workflows.replacements import NEXT_PERIOD, PERIOD, Case, N, ReplacementWorld, case_on, world_in, world_on
from tests.workflows.skipping import ended, until_it_waits
from tests.workflows.world import ROUND_THE_CLOCK, until
from workflows import attributes
from workflows.docket import Receipt
from workflows.lead_replacement import LeadReplacement

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


def due_of(monday: datetime) -> datetime:
    """5.2 of a request of this Monday: three working days are over at the closing of Thursday, 18:00 in Moscow."""
    return monday.replace(hour=15, minute=0, second=0, microsecond=0) + 3 * DAY


async def to(env: WorkflowEnvironment, moment: datetime) -> None:
    await env.sleep(moment - await env.get_current_time())


async def monday_case(env: WorkflowEnvironment, world: ReplacementWorld, **account: object) -> Case:
    """At ten o'clock of a Monday in Moscow, billing has the account and nothing was said yet."""
    await to_monday(env)
    case = case_on(env, skipping=True)
    await case.begun_in(world, **account)
    return case


async def replay(history: WorkflowHistory) -> None:
    replayer = Replayer(workflows=[LeadReplacement], data_converter=pydantic_data_converter, workflow_runner=workflow_runner())
    await replayer.replay_workflow(history)


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
        await replay(await case.handle.fetch_history())


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
        await case.begun_in(world)
        await case.audited()
        await case.decide()
        assert (await case.handle.result()).outcome == "nothing_confirmed"
        assert world.entries() == []
        assert world.templates()[-1] == "nothing_confirmed"


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


async def prolonged(case: Case, world: ReplacementWorld) -> None:
    """Asked a second time, on a new tariff that is paid; audited."""
    await world.tariff(case.account, NEXT_PERIOD, await case.now())
    await case.audited(prolongation=NEXT_PERIOD)


@pytest.mark.clause("replacement 6.3")
async def test_the_new_tariff_is_never_credited_before_the_replacement_is_confirmed(
    skipping: WorkflowEnvironment, world: ReplacementWorld
) -> None:
    """Billing's interface is away for a day before the first credit, and for another one between the two."""
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
        await skipping.sleep(DAY)
        assert world.entries() == []
        world.billing.down = False
        await until_first(case, skipping, world)
        await until_it_waits(case.handle)
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
        await env.sleep(timedelta(minutes=10))
        await until_it_waits(case.handle)
    raise AssertionError("nothing is booked")


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


async def _checking(case: Case, world: ReplacementWorld, secret: str) -> None:
    world.network_up = False
    await case.ask_with_crm(secret)


async def _awaiting_export(case: Case, world: ReplacementWorld, secret: str) -> None:
    await case.ask_with_crm(secret)
    await case.reaches("awaiting_export")


async def _auditing(case: Case, world: ReplacementWorld, secret: str) -> None:
    await _awaiting_export(case, world, secret)
    world.audit_up = False
    await case.export()


async def _awaiting_decision(case: Case, world: ReplacementWorld, secret: str) -> None:
    await _awaiting_export(case, world, secret)
    await case.export()
    await case.reaches("awaiting_decision")


async def _deciding(case: Case, world: ReplacementWorld, secret: str) -> None:
    await _awaiting_decision(case, world, secret)
    world.audit_up = False
    await case.decide()


async def _held(case: Case, world: ReplacementWorld, secret: str) -> None:
    await _awaiting_decision(case, world, secret)
    await world.owes(case.account, await case.now())
    await case.decide()
    await case.reaches("held")


async def _refused_by_billing(case: Case, world: ReplacementWorld, secret: str) -> None:
    await _awaiting_decision(case, world, secret)
    world.billing.refuses = "счёт закрыт"
    await case.decide()
    await until(lambda: "credit_refused" in world.incidents())


STAGES = {
    "checking": _checking,
    "awaiting_export": _awaiting_export,
    "auditing": _auditing,
    "awaiting_decision": _awaiting_decision,
    "deciding": _deciding,
    "held": _held,
    "crediting": _refused_by_billing,
}


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
        await skipping.sleep(DAY)
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
        await _awaiting_export(case, world, secret)
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
        await _awaiting_decision(case, world, secret)
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
    await replay(await case.handle.fetch_history())
    assert (await case.handle.result()).outcome == "credited"


async def test_whoever_looks_at_a_case_all_the_time_leaves_histories_that_replay(
    server: WorkflowEnvironment, at_all_hours: ReplacementWorld
) -> None:
    """A query that comes at the wrong moment parts a local activity from its task; of eight cases one or two used to be lost for good."""
    world, queue = at_all_hours, "replacement-looked-at"

    async def looked_at() -> None:
        case = case_on(server, queue=queue, n=2)
        await case.begun_in(world)
        over = asyncio.Event()

        async def look() -> None:
            while not over.is_set():
                with suppress(RPCError):  # not begun yet
                    await case.read()

        looking = [asyncio.create_task(look()) for _ in range(2)]
        await prolonged(case, world)
        await case.export(OTHER_EXPORT)
        await case.reaches("awaiting_decision")
        await case.decide()
        assert (await case.handle.result()).outcome == "credited"
        over.set()
        await asyncio.gather(*looking)
        await replay(await case.handle.fetch_history())

    async with world.worker(server.client, queue):
        await asyncio.gather(*(looked_at() for _ in range(8)))


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
            async with asyncio.timeout(20):
                answers = await asyncio.gather(*(case.send(*one) for one in sending), return_exceptions=True)
                assert (await case.handle.result()).outcome in ("refused", "withdrawn")
            assert all(isinstance(a, Receipt) or _refusal_or_over(a) for a in answers), answers


def _refusal_or_over(answer: object) -> bool:
    """Refused by the case, or by the server since the case was over."""
    return isinstance(answer, BaseException) and ("completed" in str(answer) or refusal(answer) in ("Ended", "Deciding", "Decided"))


async def test_a_plain_replacement_costs_at_most_125_events(server: WorkflowEnvironment, at_all_hours: ReplacementWorld) -> None:
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
        assert len(events) <= 125, events
