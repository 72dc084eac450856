"""Reading bodies within limits: of size, of time, and of how many large ones there are at a time, so that memory stays flat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from starter.web.problems import ProblemError, Wrong

SMALL = 64 * 1024
"""Bytes that every event may have."""
LARGEST = 16 * 1024 * 1024
"""Bytes that an event with files may have, while one of the slots for large bodies is free."""
LARGE_AT_A_TIME = 2
_SECONDS_SMALL, _SECONDS_LARGE = 10.0, 30.0
"""How long a body may take as a whole, however busily it drips."""


class Bodies:
    """Reads the bodies of one process."""

    def __init__(self) -> None:
        self._large = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """The body; a slot for a large one is held until the block is left.

        Raises:
            ProblemError: it is too large, took too long, or there is no slot for it now.
        """
        declared = _declared(request)
        if declared > LARGEST:
            raise _too_large()
        chunks = bytearray()
        held = False
        try:
            try:
                async with asyncio.timeout(_SECONDS_SMALL) as limit:
                    if declared > SMALL:
                        held = self._hold(limit)
                    async for chunk in request.stream():
                        chunks += chunk
                        if len(chunks) > LARGEST:
                            raise _too_large()
                        if len(chunks) > SMALL and not held:
                            held = self._hold(limit)
            except TimeoutError:
                raise ProblemError(Wrong.TIMEOUT, "send the body faster, or in smaller events") from None
            body = bytes(chunks)
            chunks.clear()
            yield body
        finally:
            self._large -= held

    def _hold(self, limit: asyncio.Timeout) -> bool:
        if self._large >= LARGE_AT_A_TIME:
            raise ProblemError(Wrong.BUSY, f"at most {LARGE_AT_A_TIME} bodies over {SMALL} bytes are read at a time; send it again")
        self._large += 1
        limit.reschedule(asyncio.get_running_loop().time() + _SECONDS_LARGE)
        return True


def _declared(request: Request) -> int:
    given = request.headers.get("content-length", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 20 else 0


def _too_large() -> ProblemError:
    return ProblemError(Wrong.TOO_LARGE, f"at most {LARGEST} bytes; a file of an event has at most 5 MiB")
