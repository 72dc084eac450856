"""Running an activity as an attempt with a minute of start-to-close, and ending leases as time would."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from runtime.tables import effects

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class KilledError(BaseException):
    """The process ends here: no code of ours catches this, as none runs after kill -9."""


async def attempt(activity: Callable[[Question], Awaitable[Answer]], question: Question) -> Answer:
    """One attempt of the activity."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, start_to_close_timeout=timedelta(minutes=1))
    return await environment.run(activity, question)


async def failing(activity: Callable[[Question], Awaitable[object]], question: Question) -> ApplicationError:
    """The error of an attempt that has to fail."""
    with pytest.raises(ApplicationError) as caught:
        await attempt(activity, question)
    return caught.value


async def end_leases(engine: AsyncEngine) -> None:
    """Let the time of every lease run out."""
    async with engine.begin() as connection:
        await connection.execute(update(effects).values(lease_until=datetime(2020, 1, 1, tzinfo=UTC)))
