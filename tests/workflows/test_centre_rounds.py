"""The digest and the watch of service centres as workflows: real activities over SQLite and a real mail server, on Temporal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from deploy.demo.smtp_catcher import MailFault
from regulations.rounds import RoundResult
from tests.activities.centres import CentreOffice
from tests.activities.notice_office import KALININGRAD, VLADIVOSTOK, local
from tests.activities.test_centre_rounds import MONDAY
from tests.workflows.rounds import centre_office_in, hold, killed_after, worker
from workflows.centre_digest import CentreDigest
from workflows.hot_watch import HotWatch


@pytest_asyncio.fixture(loop_scope="session")
async def office(tmp_path: Path) -> AsyncIterator[CentreOffice]:
    async with centre_office_in(tmp_path) as office:
        yield office


@pytest.mark.clause("lead 5.2.2")
async def test_each_zone_has_its_digest_and_its_watch(server: WorkflowEnvironment, office: CentreOffice) -> None:
    await office.lead(1)
    await office.lead(2, temperature="hot")
    await office.lead(3, code="kal-1", zone=KALININGRAD)
    nine = local(KALININGRAD, "2026-11-23 09:00")
    async with worker(server.client, office):
        assert await hold(server, CentreDigest, VLADIVOSTOK, MONDAY - timedelta(seconds=1)) == RoundResult()
        assert await hold(server, CentreDigest, VLADIVOSTOK, MONDAY) == RoundResult(sent=1)
        assert await hold(server, CentreDigest, VLADIVOSTOK, MONDAY) == RoundResult()
        assert await hold(server, HotWatch, VLADIVOSTOK, MONDAY) == RoundResult(sent=1)
        assert await hold(server, HotWatch, KALININGRAD, nine) == RoundResult()
        assert await hold(server, CentreDigest, KALININGRAD, nine) == RoundResult(sent=1)
    assert [to for to, _ in office.mailed()] == ["info@vlad-1.example"] * 2 + ["info@kal-1.example"]


@pytest.mark.parametrize(
    ("workflow", "step"),
    [
        (CentreDigest, "gather_centre_digest"),
        (CentreDigest, "notices_sent"),
        (HotWatch, "gather_hot_watch"),
    ],
)
async def test_a_worker_killed_after_a_step_sends_one_e_mail(
    server: WorkflowEnvironment, office: CentreOffice, workflow: Any, step: str
) -> None:
    await office.lead(1, temperature="hot" if workflow is HotWatch else "cold")
    assert await killed_after(server, office, workflow, step, VLADIVOSTOK, MONDAY) == RoundResult(sent=1)
    assert len(office.mailed()) == 1
    assert await office.sent(MONDAY, hot=workflow is HotWatch) == []


async def test_a_mail_server_that_is_away_ends_the_watch_within_its_hour(skipping: WorkflowEnvironment, office: CentreOffice) -> None:
    await office.lead(1, temperature="hot")
    office.catcher.fault = MailFault.DOWN
    async with worker(skipping.client, office):
        assert await hold(skipping, HotWatch, VLADIVOSTOK, MONDAY, id="away") == RoundResult(left=1)
        events = (await skipping.client.get_workflow_handle("away").fetch_history()).events
        lasted: timedelta = events[-1].event_time.ToDatetime() - events[0].event_time.ToDatetime()
        assert timedelta(minutes=10) < lasted < timedelta(hours=1)
        office.catcher.fault = None
        assert await hold(skipping, HotWatch, VLADIVOSTOK, MONDAY + timedelta(hours=1)) == RoundResult(sent=1)
    assert len(office.mailed()) == 1


async def test_a_round_without_an_instant_is_held_for_the_time_of_its_start(skipping: WorkflowEnvironment, office: CentreOffice) -> None:
    await office.lead(1)
    now: datetime = await skipping.get_current_time()
    midnight = (now + timedelta(days=2)).replace(hour=14, minute=0, second=0, microsecond=0)  # in Vladivostok
    async with worker(skipping.client, office):
        await skipping.sleep(midnight - now)
        assert await hold(skipping, CentreDigest, VLADIVOSTOK) == RoundResult()
        await skipping.sleep(midnight + timedelta(hours=9) - await skipping.get_current_time())
        assert await hold(skipping, CentreDigest, VLADIVOSTOK) == RoundResult(sent=1)
