"""Reads that a workflow asks of its own worker: local activities, in such a way that every later replay takes their outcome alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from workflows import options

Q = TypeVar("Q")
A = TypeVar("A")


async def read(activity: Callable[[Any, Q], Awaitable[A]], question: Q, summary: str, otherwise: options.Preset) -> A:
    """Asks an activity that only reads: locally, and where that fails or takes too long, as the ordinary activity of the same name.

    Only reads may be asked so: a local activity runs before the message that caused it is in the history.
    """
    try:
        return await locally(activity, question, summary)
    except FailureError as e:
        unless_cancelled(e)
        return await workflow.execute_activity_method(activity, question, summary=summary[:200], **otherwise)


async def locally(activity: Callable[[Any, Q], Awaitable[A]], question: Q, summary: str) -> A:
    """Asks a local activity, and sees to it that its outcome is taken where every later replay takes it.

    A query that comes with a workflow task ends that task as soon as a local activity has been started. The outcome may be written down
    with that task and yet be told in the next one only, behind whatever came meanwhile; a replay takes it where it is written down, before
    all that, and comes to other commands (akin to sdk-python issue 1881, open). So the next task is failed, once: tried again at once, it
    takes the outcome from the history, and in its order.
    """
    begun = None if workflow.unsafe.is_replaying() else workflow.info().get_current_history_length()
    try:
        answer = await workflow.execute_local_activity_method(activity, question, summary=summary[:200], **options.LOCAL_READ)
    except FailureError:
        _in_its_task(begun)
        raise
    _in_its_task(begun)
    return answer


def _in_its_task(begun: int | None) -> None:
    """The outcome of a local activity came in the task that started it: ``begun`` is the history's length then, None in a replay."""
    if begun is not None and workflow.info().get_current_history_length() != begun and not workflow.unsafe.is_replaying():
        raise RuntimeError("a query has parted a local activity from its task: this task is taken again, from the history")


def unless_cancelled(error: FailureError) -> None:
    """A local activity failed: anything but a cancellation is a reason to ask otherwise.

    The kind of the failure is not to be looked at: one that ran out of time raises another exception in a replay than when it happened,
    and whoever tells them apart cannot be replayed.
    """
    if is_cancelled_exception(error):
        raise error
