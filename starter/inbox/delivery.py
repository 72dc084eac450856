"""Delivering an event to its case: validated here, applied there, answered either way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic import JsonValue, ValidationError
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
from regulations.messages import Message
from regulations.read_out import ReadOut
from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
from starter.corrections import correct
from starter.doors.door import OF_THE_EVENT, Door, Event, LookUps, SecretField
from starter.doors.table import DOORS
from starter.inbox.outcome import FOR_NOW, NO_CASE, Delivered, DeliveryError, FieldError, Source
from workflows import attributes
from workflows.docket import Receipt

PATIENCE = 20.0
"""Seconds for a worker to answer; after that the sender is told to come again."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class KnownCases(Protocol):
    """The registers, asked whether they know a case that Temporal has forgotten."""

    async def case_at(self, address: str) -> object | None: ...


def read_event(raw: object, source: Source, hash_key: str = "") -> tuple[Door, Message, str]:
    """Checks an event against the table of messages. The hash key stands in addresses for clients of whom only an INN is known.

    Returns:
        The door, the message for the workflow, and its address.

    Raises:
        DeliveryError: ``invalid``, naming every wrong field, never its value.
    """
    try:
        event = Event.model_validate(raw)
    except ValidationError as e:
        raise DeliveryError.of_fields("InvalidEvent", *_errors(e, "")) from None
    door = DOORS.get(event.type)
    if door is None:
        near = ", ".join(sorted(t for t in DOORS if t.split(".")[0] == event.type.split(".")[0]) or sorted(DOORS))
        raise DeliveryError.of_fields("UnknownType", FieldError("type", f"no such event type; known: {near}"))
    if reserved := sorted(OF_THE_EVENT & event.data.keys()):
        words = "comes from the event itself; leave it out of data"
        raise DeliveryError.of_fields("InvalidEvent", *(FieldError(f"data.{name}", words) for name in reserved))
    if withheld := sorted(door.withheld & event.data.keys()):
        words = "is set by our own workflows alone; leave it out of data"
        raise DeliveryError.of_fields("InvalidEvent", *(FieldError(f"data.{name}", words) for name in withheld))
    if bare := [secret.path(secret.given) for secret in door.secrets if _holds(event.data, secret)]:
        words = "must be exchanged for a reference first: hand the event to the inbox, by reglament deliver or POST /webhooks/events"
        raise DeliveryError.of_fields("InvalidEvent", *(FieldError(path, words) for path in bare))
    given = {**event.data, "key": event.id, "happened_at": event.occurred_at, "source": source}
    try:
        wire = door.wire.model_validate(given)
    except ValidationError as e:
        raise DeliveryError.of_fields("InvalidEvent", *_errors(e, "data.")) from None
    fields = {name: getattr(wire, name) for name in door.message.model_fields}
    given_fields = wire.model_fields_set & fields.keys()
    try:
        address = door.kind.address(wire, hash_key)
    except Refusal as r:
        raise DeliveryError.of_fields("InvalidEvent", FieldError("data", str(r))) from None
    return door, door.message.model_construct(_fields_set=set(given_fields), **fields), address


def _holds(data: Mapping[str, JsonValue], secret: SecretField) -> bool:
    """Whether the secret itself stands in the data."""
    holder: JsonValue = dict(data)
    for name in secret.place:
        holder = holder.get(name) if isinstance(holder, dict) else None
    return isinstance(holder, dict) and secret.given in holder


def _errors(error: ValidationError, prefix: str) -> list[FieldError]:
    # What is wrong with an e-mail address is said with characters of that address: the words before the colon are enough.
    words = ((e, e["msg"].split(":")[0] if "email address" in e["msg"] else e["msg"]) for e in error.errors(include_input=False))
    return [FieldError(f"{prefix}{_place(e['loc'])}", said) for e, said in words]


def _place(steps: tuple[int | str, ...]) -> str:
    """Where in the event: a name from outside is said again only where it looks like a name."""
    return ".".join(str(step) if _NAME.fullmatch(str(step)) else "…" for step in steps) or "event"


async def deliver(
    client: Client, raw: object, *, task_queue: str, hash_key: str = "", source: Source = "event", known: KnownCases | None = None
) -> Delivered:
    """Delivers one event to its case, beginning the case where the event type does that.

    A repeat of the same event is a success with ``duplicate``, also after the case has ended. A new fact about an ended case corrects
    the registers or is refused, by kind; with ``known`` also where Temporal has forgotten the case.

    Raises:
        DeliveryError: the event is invalid, the case refuses it (``NoCase``: there is none), or nobody could take it now.
    """
    door, message, address = read_event(raw, source, hash_key)
    try:
        async with asyncio.timeout(PATIENCE):
            if door.starts:
                return await _begin(client, door, message, address, task_queue, hash_key)
            return await _tell(client, door, message, address, task_queue, known)
    except _Repeat as r:
        return _repeated(door, address, r.case.stage, r.case.revision)
    except WorkflowUpdateFailedError as e:
        return _refused(e, door, address)
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        if (task := asyncio.current_task()) is not None and task.cancelling():  # the SDK's error hides that we are to stop
            raise asyncio.CancelledError from None
        raise DeliveryError("unavailable", "NoWorker", "no worker answered in time; deliver the same event again", address) from None
    except WorkflowQueryFailedError:
        raise DeliveryError("unavailable", "Failed", "the ended case cannot be read now; deliver the same event again", address) from None
    except RPCError as e:
        raise DeliveryError("unavailable", "Temporal", f"the Temporal server said {e.status.name}; deliver it again", address) from None
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        raise DeliveryError("unavailable", "Database", f"the registers cannot be read now: {e}; deliver it again", address) from None


def check_start(door: Door, message: Message, address: str) -> None:
    """Makes the starting checks of an event that begins a case, before anything is kept or started.

    Raises:
        DeliveryError: ``refused``, by the name of the check.
    """
    if door.check is not None:
        try:
            door.check(message, datetime.now(UTC))
        except Refusal as r:
            raise DeliveryError("refused", r.type, str(r), address) from None


async def look_up(door: Door, message: Message, address: str, registers: LookUps) -> None:
    """Makes the checks of an event that need the registers, before anything is kept.

    Raises:
        DeliveryError: ``refused``, by the name of the check, with the field.
        DatabaseUnavailableError, DatabaseRefusedError: the registers cannot be read.
    """
    if door.look_up is not None:
        await door.look_up(message, address, registers, datetime.now(UTC))


async def _begin(client: Client, door: Door, message: Message, address: str, task_queue: str, hash_key: str) -> Delivered:
    check_start(door, message, address)
    policy = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
    for _ in range(2):
        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            door.workflow.run,
            id=address,
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=policy,
            search_attributes=_first_attributes(door, message, hash_key),
            static_summary=door.kind.summary(message)[:190],
        )
        try:
            receipt = await client.execute_update_with_start_workflow(
                door.update, message, start_workflow_operation=start, result_type=Receipt
            )
        except WorkflowAlreadyStartedError:
            policy = await _reuse_after_end(client, door, message, address)
            continue
        finally:
            await asyncio.gather(start.workflow_handle(), return_exceptions=True)
        return _taken(address, receipt)
    raise DeliveryError("unavailable", "Race", "the case ended and began while this was delivered; deliver it again", address)


async def _reuse_after_end(client: Client, door: Door, message: Message, address: str) -> WorkflowIDReusePolicy:
    """The case of this address has ended: whether another one may begin."""
    ended = await _read(client, address)
    if any(fact.key == message.key for fact in ended.facts):
        raise _Repeat(ended)
    if door.kind.again(ended.outcome):
        return WorkflowIDReusePolicy.ALLOW_DUPLICATE
    raise _ended(door, address, ended.outcome)


def _ended(door: Door, address: str, outcome: str | None = None) -> DeliveryError:
    ended = "the case has ended" + (f" as {outcome}" if outcome and not door.kind.confidential else "")
    return DeliveryError("refused", "Ended", f"{ended}; {door.kind.after_end}", address)


class _Repeat(Exception):
    """The event is known to a case that has ended."""

    def __init__(self, case: ReadOut) -> None:
        super().__init__()
        self.case = case


async def _tell(client: Client, door: Door, message: Message, address: str, task_queue: str, known: KnownCases | None) -> Delivered:
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
        if known is None or await known.case_at(address) is None:
            raise _no_case(address) from None
        return await _too_late(client, door, message, address, task_queue)
    if status is WorkflowExecutionStatus.RUNNING:  # a server that was restarted knows the case, but no more of this update
        raise DeliveryError("unavailable", "Lost", "the Temporal server was restarted meanwhile; deliver the same event again", address)
    ended = await _read(client, address)
    if any(fact.key == message.key for fact in ended.facts):
        raise _Repeat(ended)
    if not ended.facts:  # begun by hand, or by a server that died between the start and its message
        raise _no_case(address)
    return await _too_late(client, door, message, address, task_queue, ended.outcome)


async def _too_late(client: Client, door: Door, message: Message, address: str, task_queue: str, outcome: str | None = None) -> Delivered:
    if not door.kind.corrects:
        raise _ended(door, address, outcome)
    return await correct(client, door, message, address, task_queue=task_queue)


def _no_case(address: str) -> DeliveryError:
    return DeliveryError("refused", NO_CASE, f"there is no case {address}; deliver the event that begins it first", address)


async def _read(client: Client, address: str) -> ReadOut:
    read: ReadOut = await client.get_workflow_handle(address).query("case", result_type=ReadOut)
    return read


def _taken(address: str, receipt: Receipt) -> Delivered:
    if not receipt.revision:  # whoever asked may know that there is a case, and nothing of it
        return Delivered(address, False, None, None, None, receipt.answer)
    return Delivered(address, False, receipt.stage, receipt.revision, receipt.next_due, receipt.answer)


def _repeated(door: Door, address: str, stage: str | None, revision: int | None) -> Delivered:
    return Delivered(address, True, None, None, None) if door.kind.confidential else Delivered(address, True, stage, revision, None)


def _refused(error: WorkflowUpdateFailedError, door: Door, address: str) -> Delivered:
    cause = error.cause
    if not isinstance(cause, ApplicationError):
        raise DeliveryError("unavailable", "Failed", "the case could not take the event; deliver it again", address) from None
    if cause.type == "Repeated":
        revision = cause.details[0] if cause.details and isinstance(cause.details[0], int) else None
        return _repeated(door, address, None, revision)
    if cause.type == "NotBegun":  # begun by hand: it ends by itself
        raise _no_case(address) from None
    if cause.type == "Ended":  # it writes its last rows: whatever comes must come after them
        raise DeliveryError("unavailable", "Ending", "the case is about to end; deliver the same event again", address) from None
    if cause.type in FOR_NOW:
        raise DeliveryError("unavailable", cause.type, cause.message, address) from None
    raise DeliveryError("refused", cause.type or "Refused", cause.message, address) from None


def _first_attributes(door: Door, message: Message, hash_key: str) -> TypedSearchAttributes:
    kind = SearchAttributePair(attributes.CASE_KIND, door.kind.kind)
    return TypedSearchAttributes([kind, *door.kind.attributes(message, hash_key)])
