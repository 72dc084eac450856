"""The outcomes of a replacement, and of the answer to an e-mail that no case could take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowHistory, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from regulations.effects import Letter, Thread
from regulations.replacement import messages as rm
from regulations.replacement.effects import AuditAnswer
from runtime.connection import workflow_runner
from tests.regulations.replacement.course import CONTROL_PERSON, DECIDED, OFFICE_PERSON, OTHER_EXPORT
from tests.replay.played import IDENTITY, Outcome
from tests.workflows.conftest import real_time, time_skipping
from tests.workflows.play import to_monday
from tests.workflows.replacement_case import Case, case_on
from tests.workflows.replacements import NEXT_PERIOD, QUEUE, ReplacementWorld, world_in
from tests.workflows.skipping import ended, until_it_waits
from tests.workflows.world import ROUND_THE_CLOCK, until
from workflows.mail_answer import MailAnswer

Course = Callable[[WorkflowEnvironment, ReplacementWorld, Case], Awaitable[None]]
SECRET = "s-1"


def _case(course: Course, ends: str, n: int = 1) -> Outcome:
    """The history of a request that takes this course from ten o'clock of a Monday on, and must end so."""

    async def outcome(folder: Path) -> WorkflowHistory:
        async with world_in(folder) as world, time_skipping(IDENTITY) as env, world.worker(env.client):
            await to_monday(env)
            case = case_on(env, skipping=True, n=n)
            case.account = "A-1"
            await course(env, world, case)
            try:
                found = (await ended(env, case.handle, timedelta(hours=1))).outcome
            except WorkflowFailureError:
                found = "failed"
            assert found == ends, f"it was to end {ends}, and has ended {found}"
            return await case.handle.fetch_history()

    return outcome


async def _until(env: WorkflowEnvironment, case: Case, **delta: float) -> None:
    """Lets time pass, once the case has done what there is to do."""
    await until_it_waits(case.handle)
    await env.sleep(timedelta(**delta))
    await until_it_waits(case.handle)


async def _asked_with_crm(world: ReplacementWorld, case: Case) -> None:
    """By the long form, with a password that has to be destroyed."""
    await case.begun_in(world, mode="integrated")
    await world.keep_secret(SECRET, case.address, await case.now())
    await case.ask_with_crm(SECRET)
    await case.reaches("awaiting_export")


async def _audited(world: ReplacementWorld, case: Case) -> None:
    await _asked_with_crm(world, case)
    await case.export()
    await case.reaches("awaiting_decision")


async def _credited(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    await _asked_with_crm(world, case)
    await _until(env, case, hours=2)
    await case.export()
    await case.reaches("awaiting_decision")
    await _until(env, case, days=1)
    await case.decide()


async def _late(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    """An export that cannot be read, another one; reminded, breached; a sheet with problems, then the decision."""
    await case.begun_in(world)
    await case.ask()
    await case.reaches("awaiting_export")
    usable, world.audited = world.audited, AuditAnswer(problem="в файле нет листа «Карточки»")
    await case.export()
    await _until(env, case, days=1)
    world.audited = usable
    await case.export(OTHER_EXPORT)
    await case.reaches("awaiting_decision")
    await _until(env, case, days=4)
    world.decided = DECIDED.model_copy(update={"problems": ("строка 7: нет решения",)})
    await case.decide()
    await _until(env, case, hours=1)
    world.decided = DECIDED
    await case.decide()


async def _refused(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    """On every ground at once; the CRM's link leads inside."""
    world.names["crm.example.org"] = ["10.0.0.5"]
    await case.begun_in(world, mode="integrated", balance=2_501)
    await world.owes(case.account, await case.now())
    await world.keep_secret(SECRET, case.address, await case.now())
    await case.ask_with_crm(SECRET, script="https://docs.example.org/another")


async def _barred(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    await _audited(world, case)
    await _until(env, case, hours=3)
    await case.say("barred", rm.Barred, by=CONTROL_PERSON, reason="обратная связь не учтена")


async def _barred_by_audit(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    world.audited = AuditAnswer(barred=("3.1",), cards=0)
    await _asked_with_crm(world, case)
    await case.export()


async def _nothing_confirmed(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    world.decided = DECIDED.model_copy(update={"accepted": 0, "rejected": 500, "amount": 0})
    await _audited(world, case)
    await case.decide()


async def _held(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    """A debt holds the credit, over a day; then it is paid."""
    await _audited(world, case)
    await world.owes(case.account, await case.now())
    await case.decide()
    await case.reaches("held")
    await _until(env, case, days=1, hours=2)
    await world.pays(case.account)
    await case.billing_changed()


async def _given_up(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    await _audited(world, case)
    await world.owes(case.account, await case.now())
    await case.decide()
    await case.reaches("held")


async def _prolonged(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    """Billing refuses the first credit once."""
    await case.begun_in(world)
    await world.tariff(case.account, NEXT_PERIOD, await case.now())
    await case.audited(prolongation=NEXT_PERIOD)
    world.billing.refuses = "счёт закрыт"
    await case.decide()
    await until(lambda: "credit_refused" in world.incidents())
    await _until(env, case, hours=1)
    world.billing.refuses = ""
    await case.billing_changed()


async def _top_up(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    await case.begun_in(world, mode="outside")
    await case.top_up()


async def _not_due(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    await case.begun_in(world)
    await case.top_up()


async def _withdrawn(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    await _audited(world, case)
    await _until(env, case, hours=5)
    await case.withdraw()


async def _withdrawn_while_crediting(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    """What billing may have booked is waited for."""
    await _audited(world, case)
    world.billing.down = True
    await case.decide()
    await case.reaches("crediting")
    await _until(env, case, minutes=5)
    await case.withdraw()
    world.billing.down = False


async def _away(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    """Billing is away for an hour, the network, the audit and the post longer; the head office moves the term."""
    await case.begun_in(world)
    world.billing_up = world.network_up = world.mail_up = False
    await case.ask()
    await until(lambda: world.look_ups > 2)
    await _until(env, case, hours=1)
    world.billing_up = True
    await _until(env, case, minutes=20)
    await case.reaches("awaiting_export")
    due = (await case.duty("5.2")).due
    assert due is not None
    later = due + timedelta(days=1)
    await case.say("extend", rm.ExtendOfReplacement, clause="5.2", new_due=later, reason="нет выгрузки", by=OFFICE_PERSON)
    world.audit_up = False
    await case.export()
    await _until(env, case, hours=1)
    world.audit_up = True
    await _until(env, case, minutes=20)
    await case.reaches("awaiting_decision")
    await case.decide()
    world.mail_up = True


async def _start_refused(env: WorkflowEnvironment, world: ReplacementWorld, case: Case) -> None:
    with suppress(WorkflowUpdateFailedError):
        await case.ask(happened_at=await case.now() + timedelta(hours=1))


def _continued(run: int) -> Outcome:
    """The history of the first or of the second run of a request. Only the real server suggests to continue."""

    async def outcome(folder: Path) -> WorkflowHistory:
        async with (
            world_in(folder, ROUND_THE_CLOCK) as world,
            real_time(continue_at=120, identity=IDENTITY) as env,
            world.worker(env.client),
        ):
            case = case_on(env)
            case.account = "A-1"
            await _audited(world, case)
            first = (await case.handle.describe()).run_id
            while (await case.handle.describe()).run_id == first:
                await case.billing_changed()
                await until_it_waits(case.handle)
            second = (await case.handle.describe()).run_id
            await case.decide()
            assert (await case.handle.result()).outcome == "credited"
            return await env.client.get_workflow_handle(case.address, run_id=first if run == 1 else second).fetch_history()

    return outcome


OUTCOMES: dict[str, Outcome] = {
    "credited": _case(_credited, "credited"),
    "late": _case(_late, "credited"),
    "refused": _case(_refused, "refused"),
    "barred": _case(_barred, "refused"),
    "barred_by_audit": _case(_barred_by_audit, "refused"),
    "nothing_confirmed": _case(_nothing_confirmed, "nothing_confirmed"),
    "held": _case(_held, "credited"),
    "given_up": _case(_given_up, "refused"),
    "prolonged": _case(_prolonged, "credited", n=2),
    "top_up": _case(_top_up, "credited", n=0),
    "not_due": _case(_not_due, "not_due", n=0),
    "withdrawn": _case(_withdrawn, "withdrawn"),
    "withdrawn_while_crediting": _case(_withdrawn_while_crediting, "credited"),
    "away": _case(_away, "credited"),
    "start_refused": _case(_start_refused, "failed"),
    "continued_1": _continued(1),
    "continued_2": _continued(2),
}


# --- the answer to an e-mail ----------------------------------------------------------------------------------------


def _answer(*, away: bool = False, refused: bool = False) -> Outcome:
    """The history of an answer; the post may be away for an hour, or refuse it for good."""

    async def outcome(folder: Path) -> WorkflowHistory:
        async with world_in(folder) as world, time_skipping(IDENTITY) as env, _answering(world, env.client):
            world.mail_up = not (away or refused)
            letter = Letter(
                key="mail/1#answer",
                template="mail/replacement_form",
                language="ru",
                to=("ivanov@franchise.example.org",),
                thread=Thread(message_id="<m-1@franchise.example.org>", subject="Замены"),
                values={"company": "Моя компания"},
                now=await env.get_current_time(),
            )
            if refused:
                world.meanwhile["send_letter"] = _for_good
            handle = await env.client.start_workflow(MailAnswer.run, letter, id="mail/1", task_queue=QUEUE)
            plain: WorkflowHandle[Any, Any] = env.client.get_workflow_handle("mail/1")
            await until(lambda: world.mail_attempts > 0)
            if away:
                await until_it_waits(plain)
                await env.sleep(timedelta(hours=1))
                world.mail_up = True
            with suppress(WorkflowFailureError):
                await ended(env, plain)
            found = (await plain.describe()).status
            assert found is not None
            assert found.name == ("FAILED" if refused else "COMPLETED"), found
            return await handle.fetch_history()

    return outcome


async def _for_good() -> None:
    raise ApplicationError("550", type="Refused", non_retryable=True)


def _answering(world: ReplacementWorld, client: Client) -> Worker:
    return Worker(client, task_queue=QUEUE, workflows=[MailAnswer], activities=[world.send_letter], workflow_runner=workflow_runner())


MAIL_ANSWERS: dict[str, Outcome] = {
    "sent": _answer(),
    "away": _answer(away=True),
    "refused": _answer(refused=True),
}
