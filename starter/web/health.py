"""What ``/readyz`` asks. The door is ready when the database takes events; whether Temporal answers is only told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from runtime.database import DatabaseRefusedError, DatabaseUnavailableError, schema_state

_SECONDS = 3.0
_GOOD_FOR = 1.0


class Health:
    """Asks each thing at most once a second, however often it is asked itself."""

    def __init__(self, database_url: str, temporal_answers: Callable[[], Awaitable[bool]]) -> None:
        """Opens connections of its own, one for each question."""
        self._url, self._temporal_answers = database_url, temporal_answers
        self._asked: dict[str, asyncio.Task[str]] = {}

    async def database(self) -> str:
        """``current``, ``behind`` (its schema is not the newest) or ``away``."""
        return await self._once("database", self._ask_database)

    async def temporal(self) -> str:
        """``answers`` or ``away``."""
        return await self._once("temporal", self._ask_temporal)

    async def _once(self, what: str, ask: Callable[[], Awaitable[str]]) -> str:
        if what not in self._asked:

            async def asking() -> str:
                asyncio.get_running_loop().call_later(_GOOD_FOR, self._asked.pop, what, None)
                return await ask()

            self._asked[what] = asyncio.create_task(asking())
        return await asyncio.shield(self._asked[what])

    async def _ask_database(self) -> str:
        try:
            async with asyncio.timeout(_SECONDS):
                current, head = await schema_state(self._url)
        except (DatabaseUnavailableError, DatabaseRefusedError, TimeoutError):
            return "away"
        return "current" if current == head else "behind"

    async def _ask_temporal(self) -> str:
        return "answers" if await self._temporal_answers() else "away"
