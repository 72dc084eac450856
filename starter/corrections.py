"""A fact for a case that has ended: begins a correction of the registers."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from regulations.case import Refusal
from regulations.catalogue import text
from regulations.corrections import LateNews
from regulations.handoff.corrections import CLAUSES, learnt
from regulations.messages import Message
from starter.doors.door import Door
from starter.inbox.outcome import Delivered, DeliveryError
from workflows import attributes
from workflows.correction import Correction

STAGE = "correction"
"""What a sender is told instead of a stage: the case has none any more."""


def correction_id(address: str, key: str) -> str:
    """The workflow id of the correction by the fact with this key."""
    return f"correction/{address}/{hashlib.sha256(key.encode()).hexdigest()[:16]}"


async def correct(client: Client, door: Door, message: Message, address: str, *, task_queue: str) -> Delivered:
    """Begins the correction of an ended case by a fact; its durable start is enough, nobody waits for its end.

    To be called once the case has closed, or is known to the registers alone. The same fact again is a duplicate.

    Raises:
        DeliveryError: ``refused`` (a decision, which comes too late; a date in the future), ``unavailable`` (the case runs after all).
        RPCError: the Temporal server does not answer.
    """
    try:
        fact = learnt(message, datetime.now(UTC))
    except Refusal as r:
        raise DeliveryError("refused", r.type, str(r), address) from None
    news = LateNews(address=address, fact=fact, ended_at=await _ended_at(client, address))
    kind = door.kind.kind
    try:
        await client.start_workflow(
            Correction.run,
            news,
            id=correction_id(address, message.key),
            task_queue=task_queue,
            # One that failed may be begun again: what it has written counts once.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            static_summary=text("ru", "correction", "summary", fact=text("ru", kind, "fact", fact.what), address=address)[:190],
            search_attributes=TypedSearchAttributes([SearchAttributePair(attributes.CLAUSE, f"{kind} {CLAUSES[fact.what][0]}")]),
        )
    except WorkflowAlreadyStartedError:
        return Delivered(address, True, STAGE, None, None)
    return Delivered(address, False, STAGE, None, None)


async def _ended_at(client: Client, address: str) -> datetime | None:
    """When the newest case of the address ended; None: the server has forgotten it."""
    try:
        case = await client.get_workflow_handle(address).describe()
    except RPCError as e:
        if e.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    if case.status is WorkflowExecutionStatus.RUNNING:  # begun again meanwhile
        raise DeliveryError("unavailable", "Ending", "a case of this address runs; deliver the same event again", address)
    return case.close_time
