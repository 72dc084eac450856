"""A case begun by update-with-start, as a door does it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)

from regulations.messages import Message
from workflows.docket import Receipt


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
