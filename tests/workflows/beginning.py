"""Messages as a door delivers them: a case begun by update-with-start; again, for as long as the server is busy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.service import RPCError, RPCStatusCode

from regulations.messages import Message
from tests.patience import patiently
from workflows.docket import Receipt

BUSY = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.RESOURCE_EXHAUSTED)
"""The server could not see to it now, or does not know what became of it."""


async def delivered(deliver: Callable[[], Awaitable[Receipt]]) -> Receipt:
    """What the case answers: the same message is delivered again until it does."""
    async with patiently():
        while True:
            try:
                return await deliver()
            except RPCError as error:
                if error.status not in BUSY:
                    raise
            await asyncio.sleep(0.1)


async def begin_case(
    client: Client,
    run: Any,
    id: str,
    queue: str,
    update: str,
    message: Message,
    shown: Mapping[SearchAttributeKey[Any], str] | None = None,
    again: WorkflowIDReusePolicy = WorkflowIDReusePolicy.ALLOW_DUPLICATE,
) -> Receipt:
    """Begins it, or tells the one that runs.

    Args:
        client: Of the server.
        run: The ``run`` method of its workflow.
        id: Its address.
        queue: Where its worker is.
        update: The message's name.
        message: What begins it.
        shown: The first search attributes.
        again: Whether the address may be used again.

    Raises:
        WorkflowUpdateFailedError: it refuses the message.
        WorkflowAlreadyStartedError: the address may not be used again.
    """
    start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
        run,
        id=id,
        task_queue=queue,
        search_attributes=TypedSearchAttributes([SearchAttributePair(key, value) for key, value in (shown or {}).items()]),
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=again,
    )
    try:
        receipt: Receipt = await client.execute_update_with_start_workflow(
            update, message, start_workflow_operation=start, result_type=Receipt
        )
        return receipt
    finally:
        await asyncio.gather(start.workflow_handle(), return_exceptions=True)
