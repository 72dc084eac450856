"""Has a file from outside read by a process of its own, which is ended with all that it began: nothing in a file reaches the worker."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from subprocess import DEVNULL, PIPE

LARGEST = 5 * 1024 * 1024
"""Bytes; a door need not keep what is larger: it can say ``too_large`` by itself."""
SECONDS = 20.0
"""Wall clock for one file: reading an honest one takes less than one."""
MOST_OUTPUT = 2 * 1024 * 1024
COMMAND = (sys.executable, "-P", "-s", "-B", "-m", "runtime.documents.child")
ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUTF8": "1"}
"""Nothing of the worker's own environment: it holds passwords."""
DANGEROUS = frozenset(
    ".app .bat .cmd .com .cpl .dll .exe .hta .jar .js .jse .lnk .msi .pif .ps1 .scr .sh .vbe .vbs .wsf".split()  # noqa: SIM905
)
"""Names under which a system would run a file, whatever is in it."""


class ReaderUnavailableError(Exception):
    """The reading process did not come up: the fault is ours, not the file's, and the same call may succeed later."""


@dataclass(frozen=True)
class Reading:
    """What was found in a file."""

    problem: str | None = None
    """Why it cannot be read: ``empty``, ``too_large``, ``not_a_document``, ``old_format``, ``password``, ``macros``, ``entities``,
    ``unsafe``, ``damaged``, ``too_slow``, ``no_fields``; None: it was read."""
    format: str | None = None
    """``docx``, ``xlsx`` or ``pdf``, by its content."""
    pairs: tuple[tuple[str, str], ...] = ()
    """Label and value, as they stand, in the order of the file; a value may be empty."""
    has_text: bool = False
    """Whether any letter stands in a ``docx``."""


class DocumentReader:
    """Reads .docx, .xlsx and the form fields of .pdf. Whatever is wrong with a file is an answer, never an exception."""

    def __init__(self, at_once: int = 2) -> None:
        """At most ``at_once`` processes run at the same time; each may take 512 MiB of memory."""
        self._slots = asyncio.Semaphore(at_once)

    async def read(self, content: bytes, name: str) -> Reading:
        """What is in the file. The name is only looked at for an ending under which a system would run it.

        Raises:
            ReaderUnavailableError: no process could be started, or it ended before it saw the file.
        """
        if not content:
            return Reading("empty")
        if len(content) > LARGEST:
            return Reading("too_large")
        if PurePath(name.strip()).suffix.lower() in DANGEROUS:
            return Reading("not_a_document")
        async with self._slots:
            ready, _, answer = (await _answer(content)).partition(b"\n")
        if ready != b"ready":
            raise ReaderUnavailableError("the process that reads documents did not come up")
        return _parsed(answer)


async def _answer(content: bytes) -> bytes:
    """All that the process says within its time; it and its whole session have ended afterwards."""
    try:
        transport, talk = await asyncio.get_running_loop().subprocess_exec(
            _Talk, *COMMAND, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=ENVIRONMENT, cwd="/", start_new_session=True
        )
    except OSError as error:
        raise ReaderUnavailableError(f"no process could be started: {type(error).__name__}") from None
    try:
        if isinstance(stdin := transport.get_pipe_transport(0), asyncio.WriteTransport):
            stdin.write(content)
            stdin.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                await talk.silent.wait()
    finally:
        # The session lives as long as any process in it, so its number is not another's while there is something to end.
        with suppress(ProcessLookupError):
            os.killpg(transport.get_pid(), signal.SIGKILL)
        await talk.exited.wait()
        transport.close()
    return bytes(talk.said)


class _Talk(asyncio.SubprocessProtocol):
    """What the process says. Not asyncio's own streams: with them the end of a process is not seen while its output waits unread."""

    def __init__(self) -> None:
        self.said = bytearray()
        self.silent, self.exited = asyncio.Event(), asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if len(self.said) <= MOST_OUTPUT:
            self.said += data
        else:
            self.silent.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            self.silent.set()

    def process_exited(self) -> None:
        self.exited.set()


def _parsed(answer: bytes) -> Reading:
    """The process was ended by a limit, or crashed, where its answer is not whole: the file is too much for it."""
    try:
        found = json.loads(answer)
        return Reading(found["problem"], found["format"], tuple((label, value) for label, value in found["pairs"]), found["has_text"])
    except (ValueError, LookupError, TypeError):
        return Reading("too_slow")
