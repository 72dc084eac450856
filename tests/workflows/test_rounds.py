"""Rounds and digests as workflows: real activities over SQLite and a real mail server, on Temporal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from deploy.demo.smtp_catcher import MailFault
from regulations.rounds import RoundResult
from tests.activities.notice_office import MONDAY, MOSCOW, TEN, VLADIVOSTOK, Office, incidents, local
from tests.workflows.rounds import hold, killed_after, office_in, worker
from workflows.daily_digest import DailyDigest
from workflows.notice_round import NoticeRound


@pytest_asyncio.fixture(loop_scope="session")
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_in(tmp_path) as office:
        yield office


async def test_a_round_mails_what_is_ripe_and_the_next_one_finds_nothing(server: WorkflowEnvironment, office: Office) -> None:
    await office.record(office.notice(role="cc"), office.notice(role="cc_head"), office.notice(role="far"))
    async with worker(server.client, office):
        assert await hold(server, NoticeRound, at=MONDAY - timedelta(seconds=1)) == RoundResult()
        assert await hold(server, NoticeRound, at=MONDAY) == RoundResult(sent=2)
        assert await hold(server, NoticeRound, at=MONDAY) == RoundResult()
        assert await hold(server, NoticeRound, VLADIVOSTOK, local(VLADIVOSTOK, "2026-11-23 09:00")) == RoundResult(sent=1)
    assert sorted(to for to, _ in office.mailed()) == ["cc@company.example", "far@company.example", "head@company.example"]


async def test_a_digest_goes_once_a_day(server: WorkflowEnvironment, office: Office) -> None:
    await office.record(office.duty())
    async with worker(server.client, office):
        assert await hold(server, DailyDigest, at=TEN) == RoundResult(sent=2)
        assert await hold(server, DailyDigest, at=TEN + timedelta(hours=1)) == RoundResult()


async def test_a_letter_refused_for_good_is_an_incident_that_names_the_round(server: WorkflowEnvironment, office: Office) -> None:
    await office.record(office.notice(role="cc"))
    office.catcher.fault = MailFault.NO_SUCH_USER
    async with worker(server.client, office):
        assert await hold(server, NoticeRound, at=MONDAY) == RoundResult(refused=1)
        assert await hold(server, NoticeRound, at=MONDAY) == RoundResult()
    [(what, address, _)] = await incidents(office)
    assert (what, address.startswith("round-")) == ("notices_refused", True)


async def test_a_fault_of_our_own_loses_nothing(server: WorkflowEnvironment, office: Office) -> None:
    """A template that cannot be rendered, a wrong password: once mended, the next round sends what waits."""
    await office.record(office.notice(role="cc"))
    good, office.post._letters = office.post._letters, type(office.post._letters)([], "robot@company.example")  # no template is there
    async with worker(server.client, office):
        assert await hold(server, NoticeRound, at=MONDAY) == RoundResult(left=1)
        office.post._letters = good
        assert await hold(server, NoticeRound, at=MONDAY) == RoundResult(sent=1)
    assert await incidents(office) == []


async def test_a_mail_server_that_is_away_ends_the_round_and_not_the_letter(skipping: WorkflowEnvironment, office: Office) -> None:
    await office.record(office.notice())
    office.catcher.fault = MailFault.DOWN
    async with worker(skipping.client, office):
        assert await hold(skipping, NoticeRound, at=MONDAY, id="away") == RoundResult(left=1)
        events = (await skipping.client.get_workflow_handle("away").fetch_history()).events
        lasted = events[-1].event_time.ToDatetime() - events[0].event_time.ToDatetime()
        assert timedelta(minutes=1) < lasted < timedelta(minutes=5), "rounds do not overlap: this one ends before the next"
        await office.record(office.notice("warning", key="2.2.5/1"), office.duty("open", "2.2.5/1"))
        office.catcher.fault = None
        assert await hold(skipping, NoticeRound, at=MONDAY + timedelta(minutes=5)) == RoundResult(sent=1)
    assert office.mailed() == [("cc@company.example", "reglament: 1 нарушение, 1 напоминание")]


async def test_the_round_is_held_for_the_time_of_its_start_when_it_has_no_other(skipping: WorkflowEnvironment, office: Office) -> None:
    now = await skipping.get_current_time()
    friday = (now + timedelta(days=11 - now.weekday())).replace(hour=15, minute=0, second=0, microsecond=0)  # 18:00 in Moscow
    monday = friday + timedelta(days=2, hours=15)
    await office.record(office.notice("incident", key="x", earliest=friday))
    async with worker(skipping.client, office):
        await skipping.sleep(friday - await skipping.get_current_time())
        assert await hold(skipping, NoticeRound) == RoundResult()
        await skipping.sleep(monday - await skipping.get_current_time())
        assert await hold(skipping, NoticeRound) == RoundResult(sent=1)


@pytest.mark.parametrize("step", ["gather_notices", "send_letter", "notices_sent"])
async def test_a_worker_killed_after_a_step_sends_one_e_mail(server: WorkflowEnvironment, office: Office, step: str) -> None:
    """The step has done its work, its answer is lost, and another worker goes on: nothing cached, the leases run out."""
    for n in range(30):
        await office.record(office.notice(), case=f"D-{n}")
    assert await killed_after(server, office, NoticeRound, step, MOSCOW, MONDAY) == RoundResult(sent=1)
    assert office.mailed() == [("cc@company.example", "reglament: 30 нарушений")]
    assert all(sent is not None for _, _, sent in await office.rows())
