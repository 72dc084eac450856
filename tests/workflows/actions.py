"""What Temporal Cloud bills of a history, counted by its list of actions (docs.temporal.io/evaluate/cloud/actions).

Not in any history, and not counted here: queries, messages that the validator refused, heartbeats, schedules made or changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent

SCHEDULED_BY = "TemporalScheduledById"
"""The search attribute that tells who was started by a Schedule."""
ONE_EACH = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: "start",  # of a run that goes on as new too: the run before has none for it
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activity",
    EventType.EVENT_TYPE_TIMER_STARTED: "timer",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: "update",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signal",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "search attributes",
}


def billed(events: Iterable[HistoryEvent]) -> Counter[str]:
    """The actions of one run by what they are for; their sum is what is billed.

    A child workflow and its start are two at the parent and none at the child. All local activities of one workflow task are one; so is
    each further attempt of any activity. A start by a Schedule is three: two for the Schedule, one for the run.
    """
    found: Counter[str] = Counter()
    with_markers: set[int] = set()
    for event in events:
        kind = event.event_type
        if kind in ONE_EACH:
            found[ONE_EACH[kind]] += 1
        match kind:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                started = event.workflow_execution_started_event_attributes
                if started.HasField("parent_workflow_execution"):
                    found["start"] -= 1
                if SCHEDULED_BY in started.search_attributes.indexed_fields:
                    found["schedule"] += 2
            case EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
                found["child"] += 2
            case EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
                found["retry"] += event.activity_task_started_event_attributes.attempt - 1
            case EventType.EVENT_TYPE_MARKER_RECORDED:
                with_markers.add(event.marker_recorded_event_attributes.workflow_task_completed_event_id)
            case EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                metering = event.workflow_task_completed_event_attributes.metering_metadata
                found["retry"] += metering.nonfirst_local_activity_execution_attempts
            case EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                cause = event.workflow_task_failed_event_attributes.cause
                found["reset"] += cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
            case _:
                pass
    found["local activities"] += len(with_markers)
    return +found
