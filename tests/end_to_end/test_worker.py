"""The worker as a process: it drains when told to stop, says what is wrong with its settings, and takes part in versioning."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import WorkflowHistory
from temporalio.common import VersioningBehavior
from temporalio.service import RPCError

import worker
from deploy.demo.smtp_catcher import Caught
from deploy.demo.stage import ROOT, Stage
from tests.end_to_end.deals import Deal, Sender
from tests.end_to_end.warm import Warm
from tests.patience import PATIENCE, patiently

pytestmark = pytest.mark.xdist_group("end_to_end")


@contextmanager
def worker_process(stage: Stage, log: Path, **settings: str) -> Iterator[Warm]:
    """A worker of its own beside the stage's, with these settings more."""
    process = Warm([sys.executable, str(ROOT / "worker.py")], cwd=log.parent, env={**stage.environment, **settings}, out=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def letter_done(history: WorkflowHistory) -> bool:
    """Whether the letter of the acceptance was reported as sent."""
    (letter,) = (e.event_id for e in history.events if e.activity_task_scheduled_event_attributes.activity_type.name == "send_letter")
    return letter in {e.activity_task_completed_event_attributes.scheduled_event_id for e in history.events}


async def test_sigterm_lets_a_letter_finish(stage: Stage, tmp_path: Path) -> None:
    """The mail server has the letter and has not answered yet when the worker is told to stop: nothing is tried again."""
    sender = Sender(stage, queue="draining")
    deal = Deal(sender, "W-1")
    taken, answer = asyncio.Event(), asyncio.Event()

    async def slowly(letter: Caught) -> None:
        if letter.recipients == (deal.partner,):
            taken.set()
            await answer.wait()

    log = tmp_path / "worker.log"
    with worker_process(stage, log, REGLAMENT_TASK_QUEUE="draining") as process:
        await deal.bill()
        await deal.sell()
        await deal.until("payment", "access")
        await sender.send(deal.request())
        stage.mail.after_taken = slowly
        await sender.send(deal.accepted())
        async with patiently():
            await taken.wait()
        process.terminate()
        async with patiently():
            while "stopping" not in log.read_text("utf-8"):  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.05)
        assert process.poll() is None, "it stopped in the middle of a letter"
        answer.set()
        assert await asyncio.to_thread(process.wait, PATIENCE) == 0, log.read_text("utf-8")
    stage.mail.after_taken = None
    assert len([one for one in stage.mail.letters if one.recipients == (deal.partner,)]) == 1
    async with patiently():
        while not letter_done(history := await deal.handle.fetch_history()):  # noqa: ASYNC110
            await asyncio.sleep(0.2)  # the server holds the outcome back while a task that nobody took is still under way
    attempts = {
        e.activity_task_started_event_attributes.attempt
        for e in history.events
        if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
    }
    assert attempts == {1}


async def test_a_versioned_worker_works_once_its_version_is_current(stage: Stage, tmp_path: Path) -> None:
    sender = Sender(stage, queue="versioned")
    deal = Deal(sender, "W-2")
    version = {"REGLAMENT_DEPLOYMENT_NAME": "handoffs", "REGLAMENT_BUILD_ID": "7.1"}
    with worker_process(stage, tmp_path / "worker.log", REGLAMENT_TASK_QUEUE="versioned", **version):
        current = SetWorkerDeploymentCurrentVersionRequest(namespace="default", deployment_name="handoffs", build_id="7.1")
        async with patiently():
            while True:
                try:
                    await stage.client.workflow_service.set_worker_deployment_current_version(current)
                    break
                except RPCError:  # the server has not heard of the version yet
                    await asyncio.sleep(0.2)
        await deal.bill()
        await deal.sell()
        await deal.until("payment", "access")
        described = await deal.handle.describe()
        versioning = described.raw_description.workflow_execution_info.versioning_info
        assert versioning.behavior == VersioningBehavior.AUTO_UPGRADE.value
        assert versioning.deployment_version.build_id == "7.1"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"REGLAMENT_CRM__API": "", "REGLAMENT_CRM__TOKEN": "t0ken-of-the-crm"}, "crm.api"),
        ({"REGLAMENT_COMPANY": "nowhere.toml"}, "REGLAMENT_COMPANY"),
        ({"REGLAMENT_DRAIN_SECONDS": "a while"}, "drain_seconds"),
    ],
    ids=["crm", "company", "drain"],
)
async def test_wrong_settings_end_with_code_2_and_the_setting_by_name(
    stage: Stage, tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    log = tmp_path / "worker.log"
    with worker_process(stage, log, **settings) as process:
        assert await asyncio.to_thread(process.wait, PATIENCE) == 2
    said = log.read_text("utf-8")
    assert words in said
    assert "Traceback" not in said
    assert "t0ken-of-the-crm" not in said


def test_without_mail_and_crm_the_worker_names_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    async def connected() -> None:
        return None

    monkeypatch.setattr(worker, "connect", connected)
    assert worker.main() == 2
    said = capfd.readouterr().err
    assert "REGLAMENT_MAIL__" in said
    assert "REGLAMENT_CRM__" in said


def test_without_a_server_the_worker_ends_with_code_1_and_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    async def refused() -> None:
        raise RuntimeError("the Temporal server at localhost:7233 does not answer")

    monkeypatch.setattr(worker, "connect", refused)
    assert worker.main() == 1
    assert "TEMPORAL_ADDRESS" in capfd.readouterr().err
