"""Telling many running cases the same: some at a time, at a limited rate, and what each of them said."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from regulations.messages import Message
from workflows.docket import Receipt

AT_A_TIME = 20
"""Cases that are told at the same moment, whatever the rate."""
ANSWER = 20.0
"""Seconds for a case to answer."""


class Answer(StrEnum):
    """What a case said."""

    TAKEN = "taken"
    KNOWN = "known"
    NOT_TOUCHED = "not_touched"
    ENDED = "ended"
    AWAY = "away"


Tell = Callable[[], Awaitable[Answer]]
"""Tells one case."""


class Pace:
    """Lets through at most ``rate`` a second, evenly."""

    def __init__(
        self, rate: float, clock: Callable[[], float] | None = None, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._between = 1 / rate
        self._clock = clock or asyncio.get_running_loop().time
        self._sleep = sleep
        self._next = float("-inf")

    async def turn(self) -> None:
        """Returns when it is the caller's turn."""
        now = self._clock()
        turn = max(now, self._next)
        self._next = turn + self._between
        if turn > now:
            await self._sleep(turn - now)


async def tell_case(client: Client, address: str, update: str, message: Message) -> Answer:
    """Sends one message to one running case, and waits until it is taken."""
    handle = client.get_workflow_handle(address)
    try:
        async with asyncio.timeout(ANSWER):
            await handle.execute_update(update, message, result_type=Receipt)
    except WorkflowUpdateFailedError as e:
        return _answer(e.cause)
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        if (task := asyncio.current_task()) is not None and task.cancelling():  # the SDK's error hides that we are to stop
            raise asyncio.CancelledError from None
        return Answer.AWAY
    except RPCError as e:
        return await _gone(client, address) if e.status is RPCStatusCode.NOT_FOUND else Answer.AWAY
    return Answer.TAKEN


async def _gone(client: Client, address: str) -> Answer:
    """A server that was restarted knows the case, but no more of this update."""
    try:
        status = (await client.get_workflow_handle(address).describe()).status
    except RPCError as e:
        return Answer.ENDED if e.status is RPCStatusCode.NOT_FOUND else Answer.AWAY
    return Answer.AWAY if status is WorkflowExecutionStatus.RUNNING else Answer.ENDED


def _answer(cause: BaseException | None) -> Answer:
    named = cause.type if isinstance(cause, ApplicationError) else None
    return {"Repeated": Answer.KNOWN, "NotTouched": Answer.NOT_TOUCHED, "Ended": Answer.ENDED, "NotBegun": Answer.NOT_TOUCHED}.get(
        named or "", Answer.AWAY
    )


async def tell_all(
    cases: AsyncIterator[Tell], pace: Pace, note: Callable[[Answer], object] = lambda _: None, most: int | None = None
) -> Counter[Answer]:
    """Tells cases at the limited rate, some at a time; gives their answers, each noted as it comes. Stops early when nobody answers at all.

    Args:
        cases: Each tells one case.
        pace: The rate.
        note: Called with every answer.
        most: Tell no more than so many.
    """
    answers: Counter[Answer] = Counter()
    room = asyncio.Semaphore(AT_A_TIME)
    under_way: set[asyncio.Task[None]] = set()

    async def one(tell: Tell) -> None:
        try:
            answer = await tell()
        finally:
            room.release()
        answers[answer] += 1
        note(answer)

    started = 0
    try:
        async for tell in cases:
            await room.acquire()
            await pace.turn()
            under_way.add(task := asyncio.create_task(one(tell)))
            task.add_done_callback(lambda done: under_way.discard(done) if done.cancelled() or not done.exception() else None)
            started += 1
            if started == most or answers[Answer.AWAY] == answers.total() >= AT_A_TIME:
                break
        await asyncio.gather(*under_way)
    finally:
        for task in under_way:
            task.cancel()
    return answers
