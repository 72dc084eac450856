"""Actions are counted as the list of Temporal Cloud has them."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.api.common.v1 import MeteringMetadata, Payload, SearchAttributes, WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import (
    ActivityTaskStartedEventAttributes,
    HistoryEvent,
    MarkerRecordedEventAttributes,
    WorkflowExecutionStartedEventAttributes,
    WorkflowTaskCompletedEventAttributes,
    WorkflowTaskFailedEventAttributes,
)

from tests.workflows.actions import SCHEDULED_BY, billed


def event(kind: str, **fields: Any) -> HistoryEvent:
    return HistoryEvent(event_type=EventType.Value(f"EVENT_TYPE_{kind}"), **fields)


def started(**fields: Any) -> HistoryEvent:
    return event(
        "WORKFLOW_EXECUTION_STARTED", workflow_execution_started_event_attributes=WorkflowExecutionStartedEventAttributes(**fields)
    )


def marker(task: int) -> HistoryEvent:
    about = MarkerRecordedEventAttributes(workflow_task_completed_event_id=task)
    return event("MARKER_RECORDED", marker_recorded_event_attributes=about)


def attempt(number: int) -> HistoryEvent:
    return event("ACTIVITY_TASK_STARTED", activity_task_started_event_attributes=ActivityTaskStartedEventAttributes(attempt=number))


def task(further_local_attempts: int = 0) -> HistoryEvent:
    metering = MeteringMetadata(nonfirst_local_activity_execution_attempts=further_local_attempts)
    about = WorkflowTaskCompletedEventAttributes(metering_metadata=metering)
    return event("WORKFLOW_TASK_COMPLETED", workflow_task_completed_event_attributes=about)


def failed(cause: WorkflowTaskFailedCause.ValueType) -> HistoryEvent:
    return event("WORKFLOW_TASK_FAILED", workflow_task_failed_event_attributes=WorkflowTaskFailedEventAttributes(cause=cause))


SCHEDULED = SearchAttributes(indexed_fields={SCHEDULED_BY: Payload(data=b'"daily"')})


@pytest.mark.parametrize(
    ("events", "actions"),
    [
        ([], {}),
        ([started(), task(), event("WORKFLOW_EXECUTION_COMPLETED")], {"start": 1}),
        ([started(continued_execution_run_id="before"), task(), event("WORKFLOW_EXECUTION_CONTINUED_AS_NEW")], {"start": 1}),
        ([started(search_attributes=SCHEDULED)], {"start": 1, "schedule": 2}),
        ([started(parent_workflow_execution=WorkflowExecution(workflow_id="above"))], {}),
        ([event("START_CHILD_WORKFLOW_EXECUTION_INITIATED")], {"child": 2}),
        ([event("ACTIVITY_TASK_SCHEDULED"), attempt(1), event("ACTIVITY_TASK_COMPLETED")], {"activity": 1}),
        ([event("ACTIVITY_TASK_SCHEDULED"), attempt(4), event("ACTIVITY_TASK_COMPLETED")], {"activity": 1, "retry": 3}),
        ([task(), marker(4), marker(4), task(2), marker(9)], {"local activities": 2, "retry": 2}),
        ([event("TIMER_STARTED"), event("TIMER_CANCELED"), event("TIMER_STARTED"), event("TIMER_FIRED")], {"timer": 2}),
        ([event("WORKFLOW_EXECUTION_UPDATE_ACCEPTED"), event("WORKFLOW_EXECUTION_UPDATE_COMPLETED")], {"update": 1}),
        ([event("WORKFLOW_EXECUTION_SIGNALED"), event("UPSERT_WORKFLOW_SEARCH_ATTRIBUTES")], {"signal": 1, "search attributes": 1}),
        ([event("WORKFLOW_PROPERTIES_MODIFIED"), event("WORKFLOW_TASK_SCHEDULED")], {}),
        ([failed(WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW)], {"reset": 1}),
        ([failed(WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND)], {}),
    ],
)
def test_billed(events: list[HistoryEvent], actions: dict[str, int]) -> None:
    assert billed(events) == actions
