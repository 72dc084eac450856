"""Delivering an event to its case: validated here, applied there, answered either way."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ValidationError
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from regulations.case import Refusal
from regulations.catalogue import text
from regulations.handoff.narration import ReadOut
from regulations.handoff.state import Stage
from regulations.messages import Message, Sold
from starter.doors import DOORS, Door, Event
from workflows import attributes
from workflows.docket import Receipt

PATIENCE = 20.0
"""Seconds for a worker to answer; after that the sender is told to come again."""
WITHOUT_RESULT = frozenset({Stage.NOT_PAID, Stage.REFUSED, Stage.WITHDRAWN})
"""Ends after which a new sale of the same deal may begin a new case."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Delivered:
    """What became of an event that was taken."""

    case: str
    duplicate: bool
    stage: str | None
    revision: int | None
    next_due: datetime | None

    def json(self) -> dict[str, Any]:
        answer = asdict(self)
        answer["next_due"] = self.next_due.isoformat() if self.next_due else None
        return answer


class DeliveryError(Exception):
    """The event was not taken. ``kind``: ``invalid`` (mend the event), ``refused`` (the case says no), ``unavailable`` (come again)."""

    def __init__(self, kind: Literal["invalid", "refused", "unavailable"], type: str, text: str, case: str | None = None) -> None:
        super().__init__(text)
        self.kind, self.type, self.case = kind, type, case


def read_event(raw: object, source: Literal["event", "mailbox", "cli", "ui"]) -> tuple[Door, Message, str]:
    """Checks an event against the table of messages.

    Returns:
        The door, the message for the workflow, and its address.

    Raises:
        DeliveryError: ``invalid``, naming every wrong field, never its value.
    """
    try:
        event = Event.model_validate(raw)
    except ValidationError as e:
        raise DeliveryError("invalid", "InvalidEvent", _fields(e, "")) from None
    door = DOORS.get(event.type)
    if door is None:
        near = ", ".join(sorted(t for t in DOORS if t.split(".")[0] == event.type.split(".")[0]) or sorted(DOORS))
        raise DeliveryError("invalid", "UnknownType", f"type: no such event type; known: {near}")
    if reserved := {"key", "happened_at", "source"} & event.data.keys():
        raise DeliveryError("invalid", "InvalidEvent", f"data.{sorted(reserved)[0]}: comes from the event itself; leave it out of data")
    given = {**event.data, "key": event.id, "happened_at": event.occurred_at, "source": source}
    try:
        wire = door.wire.model_validate(given)
    except ValidationError as e:
        raise DeliveryError("invalid", "InvalidEvent", _fields(e, "data.")) from None
    fields = {name: getattr(wire, name) for name in door.message.model_fields}
    return door, door.message.model_construct(**fields), door.address(wire)


def _fields(error: ValidationError, prefix: str) -> str:
    return "; ".join(f"{prefix}{_place(e['loc'])}: {e['msg']}" for e in error.errors(include_input=False))


def _place(steps: tuple[int | str, ...]) -> str:
    """Where in the event: a name from outside is said again only where it looks like a name."""
    return ".".join(str(step) if _NAME.fullmatch(str(step)) else "…" for step in steps) or "event"


async def deliver(
    client: Client, raw: object, *, task_queue: str, hash_key: str = "", source: Literal["event", "mailbox", "cli", "ui"] = "event"
) -> Delivered:
    """Delivers one event to its case, beginning the case where the event type does that.

    A repeat of the same event is a success with ``duplicate``, also after the case has ended.

    Raises:
        DeliveryError: the event is invalid, the case refuses it, or nobody could take it now.
    """
    door, message, address = read_event(raw, source)
    try:
        async with asyncio.timeout(PATIENCE):
            if door.starts:
                return await _begin(client, door, message, address, task_queue, hash_key)
            return await _tell(client, door, message, address)
    except _Repeat as r:
        return Delivered(address, True, r.case.stage, r.case.revision, None)
    except WorkflowUpdateFailedError as e:
        return _refused(e, address)
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        if (task := asyncio.current_task()) is not None and task.cancelling():  # the SDK's error hides that we are to stop
            raise asyncio.CancelledError from None
        raise DeliveryError("unavailable", "NoWorker", "no worker answered in time; deliver the same event again", address) from None
    except WorkflowQueryFailedError:
        raise DeliveryError("unavailable", "Failed", "the ended case cannot be read now; deliver the same event again", address) from None
    except RPCError as e:
        raise DeliveryError("unavailable", "Temporal", f"the Temporal server said {e.status.name}; deliver it again", address) from None


async def _begin(client: Client, door: Door, message: Message, address: str, task_queue: str, hash_key: str) -> Delivered:
    if door.check is not None:
        try:
            door.check(message, datetime.now(UTC))
        except Refusal as r:
            raise DeliveryError("refused", r.type, str(r), address) from None
    policy = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
    for _ in range(2):
        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            door.workflow.run,
            id=address,
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=policy,
            search_attributes=_first_attributes(message, hash_key),
            static_summary=_summary(message),
        )
        try:
            receipt = await client.execute_update_with_start_workflow(
                door.update, message, start_workflow_operation=start, result_type=Receipt
            )
        except WorkflowAlreadyStartedError:
            # The case has ended. A new sale may begin another one where the first ended without a result.
            policy = await _reuse_after_end(client, message, address)
            continue
        finally:
            await asyncio.gather(start.workflow_handle(), return_exceptions=True)
        return _taken(address, receipt)
    raise DeliveryError("unavailable", "Race", "the case ended and began while this was delivered; deliver it again", address)


async def _reuse_after_end(client: Client, message: Message, address: str) -> WorkflowIDReusePolicy:
    ended = await _read(client, address)
    if any(fact.key == message.key for fact in ended.facts):
        raise _Repeat(ended)
    if ended.outcome in WITHOUT_RESULT:
        return WorkflowIDReusePolicy.ALLOW_DUPLICATE
    raise DeliveryError("refused", "Ended", f"the case has ended as {ended.outcome}; a deal is handed over once", address)


class _Repeat(Exception):
    """The event is known to a case that has ended."""

    def __init__(self, case: ReadOut) -> None:
        super().__init__()
        self.case = case


async def _tell(client: Client, door: Door, message: Message, address: str) -> Delivered:
    handle = client.get_workflow_handle(address)
    try:
        return _taken(address, await handle.execute_update(door.update, message, result_type=Receipt))
    except RPCError as e:
        if e.status is not RPCStatusCode.NOT_FOUND:
            raise
    try:
        status = (await handle.describe()).status
    except RPCError as e:
        if e.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise DeliveryError("refused", "NoCase", f"there is no case {address}; deliver the event that begins it first", address) from None
    if status is WorkflowExecutionStatus.RUNNING:  # a server that was restarted knows the case, but no more of this update
        raise DeliveryError("unavailable", "Lost", "the Temporal server was restarted meanwhile; deliver the same event again", address)
    ended = await _read(client, address)
    if any(fact.key == message.key for fact in ended.facts):
        raise _Repeat(ended)
    raise DeliveryError("refused", "Ended", f"the case has ended as {_end(ended, status)}", address)


def _end(ended: ReadOut, status: WorkflowExecutionStatus | None) -> str:
    """How a case ended; one that somebody terminated has no outcome of its own."""
    return ended.outcome or (status.name.lower() if status else "unknown")


async def _read(client: Client, address: str) -> ReadOut:
    read: ReadOut = await client.get_workflow_handle(address).query("case", result_type=ReadOut)
    return read


def _taken(address: str, receipt: Receipt) -> Delivered:
    return Delivered(address, False, receipt.stage, receipt.revision, receipt.next_due)


def _refused(error: WorkflowUpdateFailedError, address: str) -> Delivered:
    cause = error.cause
    if not isinstance(cause, ApplicationError):
        raise DeliveryError("unavailable", "Failed", "the case could not take the event; deliver it again", address) from None
    if cause.type == "Repeated":
        revision = cause.details[0] if cause.details and isinstance(cause.details[0], int) else None
        return Delivered(address, True, None, revision, None)
    raise DeliveryError("refused", cause.type or "Refused", cause.message, address) from None


def client_reference(message: Sold, hash_key: str) -> str:
    """What stands for the client in search attributes: its number, else a keyed hash of its login, never the login."""
    if message.client.number:
        return message.client.number
    return "h-" + hmac.new(hash_key.encode(), message.client.login.lower().encode(), hashlib.sha256).hexdigest()[:20]


def _first_attributes(message: Message, hash_key: str) -> TypedSearchAttributes:
    if not isinstance(message, Sold):
        return TypedSearchAttributes.empty
    return TypedSearchAttributes(
        [
            SearchAttributePair(attributes.CASE_KIND, "handoff"),
            SearchAttributePair(attributes.STAGE, Stage.AWAITING_PAYMENT),
            SearchAttributePair(attributes.PARTNER, message.partner.id),
            SearchAttributePair(attributes.CLIENT, client_reference(message, hash_key)),
        ]
    )


def _summary(message: Message) -> str | None:
    if not isinstance(message, Sold):
        return None
    return text("ru", "case", "summary", client=message.client.name, partner=message.partner.name)[:190]
