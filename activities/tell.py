"""Messages from one of our workflows to a case: delivered as an Update, as a door would."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities import errors
from regulations.effects import CaseMessageToTell, Told

PATIENCE = timedelta(seconds=15)
"""For a worker to answer; less than an attempt of the activity may take."""


class CaseTeller:
    """Tells running cases."""

    def __init__(self, client: Client, task_queue: str) -> None:
        """The client stays the caller's; cases that are begun run on the task queue."""
        self._client = client
        self._task_queue = task_queue

    @activity.defn(name="tell_case")
    async def tell_case(self, message: CaseMessageToTell) -> Told:
        """Deliver a message to a case and give its answer. The message's key makes it count once, however often it is delivered.

        Where the message begins its case, the case is started with it; one that runs takes it as well.

        Raises:
            ApplicationError: ``Unavailable``: no worker or no server answered, or the case is about to end (repeated by Temporal).
        """
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await self._deliver(message)
        except WorkflowUpdateFailedError as e:
            return _refused(e)
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            raise errors.transient("no worker of the case answered in time") from None
        except RPCError as e:
            if e.status is RPCStatusCode.NOT_FOUND:
                return Told(result="no_case")
            raise errors.transient(f"the Temporal server said {e.status.name}") from None
        return Told(result="done")

    async def _deliver(self, message: CaseMessageToTell) -> None:
        begins = message.begins
        if begins is None:
            await self._client.get_workflow_handle(message.address).execute_update(message.update, message.message)
            return
        shown = {"CaseKind": begins.kind, "Stage": begins.stage, "Partner": begins.partner, "Client": begins.client}
        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            begins.workflow,
            id=message.address,
            task_queue=self._task_queue,
            static_summary=begins.summary,
            search_attributes=TypedSearchAttributes(
                [SearchAttributePair(SearchAttributeKey.for_keyword(name), value) for name, value in shown.items() if value]
            ),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        try:
            await self._client.execute_update_with_start_workflow(message.update, message.message, start_workflow_operation=start)
        finally:
            await asyncio.gather(start.workflow_handle(), return_exceptions=True)  # nobody else waits for it


def _refused(error: WorkflowUpdateFailedError) -> Told:
    cause = error.cause
    if not isinstance(cause, ApplicationError):
        raise errors.transient("the case could not take the message now") from None
    if cause.type == "Ended":  # it writes its last rows: then it is gone, or another centre's lead has its address
        raise errors.transient("the case is about to end", expected=True) from None
    return Told(result="repeated") if cause.type == "Repeated" else Told(result="refused", type=cause.type or "", text=cause.message)
