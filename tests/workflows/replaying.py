"""Histories as any worker can replay them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from runtime.connection import workflow_runner
from workflows import WORKFLOWS

OUTCOMES = ("ACTIVITY_TASK_COMPLETED", "ACTIVITY_TASK_FAILED", "ACTIVITY_TASK_TIMED_OUT", "ACTIVITY_TASK_CANCELED", "TIMER_FIRED")
"""Events that a workflow task takes, messages aside."""


def silent_tasks(history: WorkflowHistory) -> list[int]:
    """Workflow tasks that took something and left no event, with another one right behind: what sdk-rust issue 1146 makes unreplayable."""
    silent, took = [], False
    for event, after in pairwise(history.events):
        kind, next_kind = (EventType.Name(e.event_type).removeprefix("EVENT_TYPE_") for e in (event, after))
        if kind == "WORKFLOW_TASK_COMPLETED":
            if took and next_kind == "WORKFLOW_TASK_SCHEDULED":
                silent.append(event.event_id)
            took = False
        elif kind.startswith(OUTCOMES):
            took = True
    return silent


def replayer() -> Replayer:
    """Of every workflow, in the sandbox of production. It waits for its code for as long as a busy machine takes."""
    return Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter, workflow_runner=workflow_runner(), debug_mode=True)


async def replay(history: WorkflowHistory) -> None:
    """Replays a history with today's code; where a worker without its cache might have taken a message too early is found too."""
    accepted = [e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED]
    assert [task for task in silent_tasks(history) if any(task < message for message in accepted)] == []
    await replayer().replay_workflow(history)


async def replays(handle: WorkflowHandle[Any, Any]) -> None:
    """Replays the history of a case up to now."""
    await replay(await handle.fetch_history())
