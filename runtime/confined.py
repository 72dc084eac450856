"""Talking to a process of ours that opens a file from outside: it is ended with all that it began, however the talk ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from runtime.documents.reader import ReaderUnavailableError

PYTHON = (sys.executable, "-P", "-s", "-B")
_ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONUTF8": "1"}
"""Nothing of the worker's own environment: it holds passwords."""

_AT_ONCE = 1024 * 1024


class EndedError(Exception):
    """The process is gone, or its time is over, before it has said everything: the file is too much for it."""


class Process:
    """What the process says, as it is asked for."""

    def __init__(self, said: asyncio.StreamReader) -> None:
        self._said = said

    async def line(self) -> bytes:
        """The next line with its end; empty: it has said all.

        Raises:
            EndedError: the line is longer than was agreed.
        """
        try:
            return await self._said.readline()
        except ValueError:
            raise EndedError("a line is too long") from None

    async def exactly(self, size: int) -> bytes:
        """So many bytes. Raises EndedError."""
        try:
            return await self._said.readexactly(size)
        except asyncio.IncompleteReadError:
            raise EndedError("it ended before it had said everything") from None


@asynccontextmanager
async def talk(command: Sequence[str], given: Iterable[bytes], *, seconds: float, longest_line: int) -> AsyncIterator[Process]:
    """Starts a process, gives it its input, and ends its whole session afterwards.

    Args:
        command: What is run; it gets no environment and its errors are not heard.
        given: Its input.
        seconds: Wall clock for the whole talk.
        longest_line: Bytes of a line that it may say.

    Raises:
        ReaderUnavailableError: no process could be started.
        EndedError: the time is over.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_ENVIRONMENT, cwd="/", start_new_session=True, limit=longest_line
        )
    except OSError as error:
        raise ReaderUnavailableError(f"no process could be started: {type(error).__name__}") from None
    giving = asyncio.create_task(_give(process, given))
    try:
        async with asyncio.timeout(seconds):
            assert process.stdout is not None  # noqa: S101 - asked for above
            yield Process(process.stdout)
    except TimeoutError:
        raise EndedError("its time is over") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.gather(giving, return_exceptions=True)
        await process.wait()


async def _give(process: asyncio.subprocess.Process, given: Iterable[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 - asked for by the caller
    with suppress(ConnectionError):
        for each in given:
            piece = memoryview(each)
            for start in range(0, len(piece), _AT_ONCE):
                process.stdin.write(piece[start : start + _AT_ONCE])
                await process.stdin.drain()
        process.stdin.close()
