"""Rounds and digests behind a worker: real activities over SQLite and a real mail server."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_type_hints
from unittest import mock

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from deploy.demo.smtp_catcher import SmtpCatcher
from regulations.rounds import RoundRequest, RoundResult
from runtime.connection import workflow_runner
from tests.activities.attempts import end_leases
from tests.activities.centres import CentreOffice
from tests.activities.notice_office import MOSCOW, Office
from tests.databases import sqlite_in
from tests.workflows.replaying import replays
from tests.workflows.skipping import ended
from tests.workflows.world import until
from workflows import options
from workflows.centre_digest import CentreDigest
from workflows.daily_digest import DailyDigest
from workflows.hot_watch import HotWatch
from workflows.notice_round import NoticeRound

ids = itertools.count(1)


@asynccontextmanager
async def office_in(folder: Path) -> AsyncIterator[Office]:
    """A company with its registers and its mail in a folder."""
    async with sqlite_in(folder) as engine, SmtpCatcher(folder / "mail") as catcher:
        yield Office(engine, catcher)


@asynccontextmanager
async def centre_office_in(folder: Path) -> AsyncIterator[CentreOffice]:
    """The same with service centres."""
    async with sqlite_in(folder) as engine, SmtpCatcher(folder / "mail") as catcher:
        office = CentreOffice(engine, catcher)
        await office.define()
        yield office


def activities_of(office: Office) -> dict[str, Callable[..., Any]]:
    """The activities of rounds, by name."""
    owners = [office.notices, office.post, *([office.rounds] if isinstance(office, CentreOffice) else [])]
    methods = [getattr(owner, name) for owner in owners for name in dir(owner)]
    return {definition.name: m for m in methods if (definition := getattr(m, "__temporal_activity_definition", None)) is not None}


def worker(client: Client, office: Office) -> Worker:
    return Worker(
        client,
        task_queue="rounds",
        workflows=[NoticeRound, DailyDigest, CentreDigest, HotWatch],
        activities=list(activities_of(office).values()),
        workflow_runner=workflow_runner(),
    )


async def hold(env: WorkflowEnvironment, workflow: Any, zone: str = MOSCOW, at: datetime | None = None, id: str = "") -> RoundResult:
    id = id or f"round-{next(ids)}"
    await env.client.start_workflow(workflow.run, RoundRequest(zone=zone, at=at), id=id, task_queue="rounds")
    handle: WorkflowHandle[Any, RoundResult] = env.client.get_workflow_handle_for(workflow.run, id)
    return await (ended(env, handle, timedelta(seconds=10)) if env.supports_time_skipping else handle.result())


async def killed_after(env: WorkflowEnvironment, office: Office, workflow: Any, step: str, zone: str, at: datetime) -> RoundResult:
    """A round whose first worker dies once a step has done its work: the answer is lost, another worker goes on with nothing cached, the
    leases run out. What it did must replay."""
    activities, fell = activities_of(office), list[bool]()
    done = activities[step]

    async def dying(question: Any) -> Any:
        answer = await done(question)
        if not fell:
            fell.append(True)
            raise RuntimeError("killed")
        return answer

    dying.__annotations__["question"] = next(iter(get_type_hints(done).values()))
    activities[step] = activity.defn(name=step)(dying)
    queue, soon = f"killed-{next(ids)}", RetryPolicy(initial_interval=timedelta(seconds=1))
    dies = Worker(
        env.client,
        task_queue=queue,
        workflows=[workflow],
        activities=list(activities.values()),
        workflow_runner=workflow_runner(),
        max_cached_workflows=0,
    )
    with mock.patch.dict(options.NOTICES, retry_policy=soon):
        async with dies:
            handle = await env.client.start_workflow(
                workflow.run, RoundRequest(zone=zone, at=at), id=f"round-{next(ids)}", task_queue=queue
            )
            await until(lambda: bool(fell))
            await end_leases(office.engine)
            result: RoundResult = await handle.result()
            await replays(handle)
    return result
