"""Time skipped only while a run waits.

Left to itself the time-skipping server also skips while a busy worker holds a task: the task expires, and with nothing else ahead the clock
may go on to the run's timeout, ten years away. So nothing here awaits a run with a handle that skips.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from tests.patience import patiently

T = TypeVar("T")
TASK = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
)


async def described(handle: WorkflowHandle[Any, Any]) -> DescribeWorkflowExecutionResponse:
    """As the server says it: the SDK cannot parse the instants among the attributes that the time-skipping server gives."""
    client = handle._client
    execution = WorkflowExecution(workflow_id=handle.id)
    return await client.workflow_service.describe_workflow_execution(
        DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=execution)
    )


async def running(handle: WorkflowHandle[Any, Any]) -> bool:
    return (await described(handle)).workflow_execution_info.status == WorkflowExecutionStatus.RUNNING.value


async def waits(handle: WorkflowHandle[Any, Any]) -> bool:
    """Whether neither a workflow task nor an activity is under way. A further attempt counts as waiting: it may be in its back-off."""
    events = (await handle.fetch_history()).events
    if events[-1].event_type in TASK or not all(a.attempt > 1 for a in (await described(handle)).pending_activities):
        return False
    return len((await handle.fetch_history()).events) == len(events)  # else an activity has ended between the two answers


async def until_it_waits(handle: WorkflowHandle[Any, Any]) -> None:
    """Until the run has done what there is to do now; it may be over. A task that died with its worker comes back after up to 20 s."""
    async with patiently():
        while await running(handle) and not await waits(handle):  # noqa: ASYNC110 - what is waited for is a worker's doing
            await asyncio.sleep(0.02)


async def ended(env: WorkflowEnvironment, handle: WorkflowHandle[Any, T], step: timedelta = timedelta(minutes=10)) -> T:
    """The result of a run that ends within days: it is given time step by step, whenever it waits."""
    async with patiently():
        while await running(handle):
            await until_it_waits(handle)
            await env.sleep(step)
    return await handle.result()
