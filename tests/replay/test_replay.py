"""Recorded histories replay with the present code, and code whose commands change does not pass without new ones."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory

from tests.replay.commands import COMMANDS, HISTORIES, commands_of, commands_of_workflows
from tests.workflows.replaying import replayer
from workflows import WORKFLOWS

RECORDED: dict[str, dict[str, Any]] = {p.stem: json.loads(p.read_text("utf-8")) for p in sorted(HISTORIES.glob("*.json"))}


def test_every_outcome_is_recorded() -> None:
    from tests.replay.outcomes import OUTCOMES

    assert RECORDED.keys() >= OUTCOMES.keys()


def test_every_workflow_is_recorded() -> None:
    kinds = {held["events"][0]["workflowExecutionStartedEventAttributes"]["workflowType"]["name"] for held in RECORDED.values()}
    assert kinds == {workflow.__name__ for workflow in WORKFLOWS}


@pytest.mark.parametrize("name", RECORDED)
async def test_a_recorded_history_replays(name: str) -> None:
    held = RECORDED[name]
    await replayer().replay_workflow(WorkflowHistory.from_json(held["workflowId"], {"events": held["events"]}))


def _texts(value: Any, key: str = "") -> Iterator[str]:
    """Every key and text of a history, what is encoded in payloads included."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, key)
    elif isinstance(value, str):
        yield base64.b64decode(value).decode() if key == "data" else value


@pytest.mark.parametrize("name", RECORDED)
def test_no_history_tells_of_the_machine_it_was_recorded_on(name: str) -> None:
    texts = list(_texts(RECORDED[name]))
    places = (str(Path(__file__).parents[2]), tempfile.gettempdir(), ".sqlite")
    assert [text for text in texts if text == "stackTrace" or any(place in text for place in places)] == []
    identities = {line.strip() for line in json.dumps(RECORDED[name], indent=0).splitlines() if line.startswith('"identity"')}
    assert {i.rstrip(",") for i in identities} == {'"identity": "recorder"'}


def test_changed_commands_come_with_newly_recorded_histories() -> None:
    known = json.loads(COMMANDS.read_text("utf-8"))
    assert commands_of_workflows() == known, (
        "the commands of a workflow, or its recorded histories, have changed: from version 1.0 on guard the change by "
        "workflow.patched; then run `python -m tests.replay.record` and commit what it writes together with the change"
    )


ONE = "async def run(self):\n    await workflow.sleep(1)\n"


@pytest.mark.parametrize(
    "changed",
    [
        ONE + "    workflow.upsert_search_attributes([])\n",
        ONE + "    await self._send()\n",
        ONE + "    self.docket.start(self._send())\n",
        ONE.replace("workflow.sleep(1)", "hold(1)"),
    ],
)
def test_another_command_is_noticed(tmp_path: Path, changed: str) -> None:
    before, after = tmp_path / "w.py", tmp_path / "v.py"
    before.write_text(ONE, "utf-8")
    after.write_text(changed, "utf-8")
    assert commands_of(before) != commands_of(after)
