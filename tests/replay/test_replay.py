"""Recorded histories replay with the present code, and code whose commands change does not pass without new ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from runtime.connection import workflow_runner
from tests.replay.commands import COMMANDS, commands_of, commands_of_workflows
from workflows import WORKFLOWS

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def test_every_outcome_is_recorded() -> None:
    from tests.replay.record import OUTCOMES

    assert {p.stem for p in HISTORIES} >= OUTCOMES.keys()


@pytest.mark.parametrize("history", [p.read_text("utf-8") for p in HISTORIES], ids=[p.stem for p in HISTORIES])
async def test_a_recorded_history_replays(history: str) -> None:
    replayer = Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter, workflow_runner=workflow_runner())
    await replayer.replay_workflow(WorkflowHistory.from_json("handoff/D-1", history))


def test_no_history_holds_a_path_of_the_machine_it_was_recorded_on() -> None:
    root = str(Path(__file__).parents[2])
    assert [p.name for p in HISTORIES if "stackTrace" in (held := p.read_text("utf-8")) or root in held] == []


def test_changed_commands_come_with_newly_recorded_histories() -> None:
    known = json.loads(COMMANDS.read_text("utf-8"))
    assert commands_of_workflows() == known, (
        "the commands of a workflow, or its recorded histories, have changed: from version 1.0 on guard the change by "
        "workflow.patched; then run `python -m tests.replay.record` and commit what it writes together with the change"
    )


def test_an_added_command_is_noticed(tmp_path: Path) -> None:
    before = tmp_path / "w.py"
    before.write_text("async def run(self):\n    await workflow.sleep(1)\n", "utf-8")
    after = tmp_path / "v.py"
    after.write_text("async def run(self):\n    await workflow.sleep(1)\n    workflow.upsert_search_attributes([])\n", "utf-8")
    assert commands_of(before) != commands_of(after)
