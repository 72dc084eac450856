"""A manager's diary on a server (onboarding 4.4): drafts and papers by their hours, registers and mail away, many runs, what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner

from tests.workflows.actions import billed
from tests.workflows.play import to_monday
from tests.workflows.replaying import replays
from tests.workflows.service_diaries import QUEUE, Diary
from tests.workflows.skipping import ended
from workflows import docket
from workflows.service_diary import ServiceDiary


@pytest.fixture
async def diary(skipping: WorkflowEnvironment, engine: AsyncEngine) -> Diary:
    """A diary on a server of its own, at nine o'clock of a Monday in Kyiv or soon after, not yet begun."""
    await to_monday(skipping)
    return Diary(skipping, engine)


@pytest.mark.clause("onboarding 4.4.1")
@pytest.mark.clause("onboarding 4.4.2")
async def test_papers_keep_their_hours_though_the_worker_dies_and_registers_and_mail_are_away(diary: Diary) -> None:
    """Monday's are confirmed, Tuesday's not, while the registers are away until after the term; Wednesday's mail is late."""
    tomorrow = await diary.now() + timedelta(days=1)
    async with diary.worker(max_cached_workflows=0):  # nothing waits for the one that has died
        await diary.begin()
        await diary.visit("v-1", tomorrow, purpose="оновлення")
        await diary.pass_to("17:01")
        assert diary.sent() == [("17:00", "drafts", 2, False)]
        assert "оновлення" in str(diary.letters[0][1].values["papers"])
        await diary.pass_to("17:30")
        await diary.confirm()
        assert diary.sent()[1:] == [("17:30", "papers", 2, True)]
        await diary.visit("v-2", tomorrow + timedelta(days=1))
        diary.database_up = False
    async with diary.worker():
        await diary.pass_to("18:30", days=1)
        assert diary.sent()[2:] == [], "no paper is drawn up without the visits that are planned"
        diary.database_up = True
        await diary.pass_to("18:36")
        assert sorted(sent[1:] for sent in diary.sent()[2:]) == [("drafts", 2, False), ("papers", 2, False)]
        assert diary.breaches == ["recorded", "recorded"]
        diary.mail_up = False
        await diary.pass_to("17:30", days=1)
        await diary.confirm()
        assert (await diary.standings())[-4:] == ["met", "met", "open", "open"]
        diary.mail_up = True
        await diary.pass_to("17:50")
        assert sorted(sent[1:] for sent in diary.sent()[4:]) == [("drafts", 2, False), ("papers", 2, True)]
        for _, letter in diary.letters:
            assert None not in [await diary.files.get(file.sha256) for file in letter.files]
        await diary.end()
        result = await ended(diary.env, diary.handle)
        assert (result.outcome, result.met, result.waived, result.breaches) == ("ended", 4, 4, 2)
        await replays(diary.handle)


@pytest.mark.clause("onboarding 4.4")
async def test_a_run_that_goes_on_as_new_keeps_papers_and_visits(diary: Diary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docket, "MOST_MESSAGES", 4)
    async with diary.worker(workflow_runner=UnsandboxedWorkflowRunner()):
        await diary.begin()
        run = (await diary.handle.describe()).run_id
        for number in range(3):
            await diary.visit(f"v-{number}", await diary.now() + timedelta(days=1, hours=number))
        await diary.pass_to("17:01")
        old = diary.env.client.get_workflow_handle(diary.handle.id, run_id=run)
        assert (await old.describe()).status is WorkflowExecutionStatus.CONTINUED_AS_NEW
        await diary.pass_to("17:30")
        await diary.confirm()
        assert diary.sent() == [("17:00", "drafts", 2, False), ("17:30", "papers", 2, True)]
        assert str(diary.letters[1][1].values["papers"]).count("c-1") == 3
        assert "DiaryBegun" in [fact.what for fact in (await diary.read()).facts]
        await replays(diary.handle)


async def test_begun_by_hand_it_ends_as_refused(diary: Diary) -> None:
    async with diary.worker():
        await diary.env.client.start_workflow(ServiceDiary.run, id=diary.handle.id, task_queue=QUEUE)
        with pytest.raises(WorkflowFailureError):
            await ended(diary.env, diary.handle)


async def test_four_days_of_papers_cost_this_many_events_and_actions(diary: Diary) -> None:
    """Each day a visit is planned, and the papers are confirmed within the hour after their drafts. The row of the visit takes those of
    the duties along; of what Temporal Cloud bills, an update and a record are the visit's, all else the two papers'."""
    async with diary.worker():
        await diary.begin()
        await diary.pass_to("17:20")
        await diary.confirm()
        before = (await diary.handle.fetch_history()).events
        for day in range(4):
            await diary.pass_to("10:00", days=1)
            await diary.visit(f"v-{day}", await diary.now() + timedelta(days=1))
            await diary.pass_to("17:20")
            await diary.confirm()
        events = (await diary.handle.fetch_history()).events
        assert billed(events) - billed(before) == {
            "update": 4 * 2,
            "timer": 4 * 2,  # to the drafts; from there to the close
            "activity": 4 * 5,  # record; draw up and send the drafts; draw up and send what was confirmed
            "local activities": 4,  # the next papers and their terms, with the confirmation
            "search attributes": 4 * 2,  # nothing is owed any more; the next papers are
        }
        assert len(events) - len(before) <= 4 * 52
        assert diary.breaches == []
        await replays(diary.handle)
