"""Talking to a process that opens a file from outside: what it is given, what it says, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator

import psutil
import pytest
import pytest_asyncio

from runtime.confined import EndedError, talk
from runtime.documents.reader import ReaderUnavailableError

ECHO = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()); sys.stdout.flush()"
HANGING = "import time; print('up', flush=True); time.sleep(600)"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def children() -> set[psutil.Process]:
    return {p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE and "-c" in p.cmdline()}


@pytest_asyncio.fixture(autouse=True)
async def others() -> AsyncIterator[set[psutil.Process]]:
    """The processes that other tests keep; at the end there are no more than those."""
    others = children()
    yield others
    assert children() <= others


async def test_it_is_given_all_and_says_all() -> None:
    given = [b"one\n", b"x" * 3_000_000, b"\n", b"rest"]
    async with talk(python(ECHO), given, seconds=60, longest_line=4_000_000) as process:
        assert await process.line() == b"one\n"
        assert await process.line() == b"x" * 3_000_000 + b"\n"
        assert await process.exactly(4) == b"rest"
        assert await process.line() == b""


async def test_it_knows_nothing_of_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGLAMENT_SECRET", "worth hiding")
    async with talk(python("import json, os; print(json.dumps(dict(os.environ)))"), [], seconds=60, longest_line=10_000) as process:
        environment = json.loads(await process.line())
    assert environment.keys() <= {"PYTHONPATH", "PYTHONUTF8", "LC_CTYPE"}


@pytest.mark.parametrize("said", ["", "x", "12\n"])
async def test_what_it_leaves_unsaid_is_told(said: str) -> None:
    async with talk(python(f"print({said!r}, end='')"), [], seconds=60, longest_line=100) as process:
        with pytest.raises(EndedError):
            await process.exactly(4)


async def test_a_line_that_is_too_long_ends_the_talk() -> None:
    with pytest.raises(EndedError, match="too long"):
        async with talk(python("print('x' * 1000)"), [], seconds=60, longest_line=100) as process:
            await process.line()


async def test_its_time_is_limited() -> None:
    async def listened() -> None:
        async with talk(python(HANGING), [], seconds=0.3, longest_line=100) as process:
            while await process.line():
                pass

    with pytest.raises(EndedError, match="time"):
        await listened()


async def test_it_ends_with_all_that_it_began_when_whoever_talks_goes_away(others: set[psutil.Process]) -> None:
    begun = asyncio.Event()

    async def listening() -> None:
        code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HANGING!r}])"
        async with talk(python(code), [], seconds=60, longest_line=100) as process:
            assert await process.line() == b"up\n"
            begun.set()
            await process.line()

    task = asyncio.create_task(listening())
    await begun.wait()
    assert len(children() - others) == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_reads_nothing_is_no_reason_to_wait() -> None:
    async with talk(python("pass"), [b"x" * 5_000_000], seconds=60, longest_line=100) as process:
        assert await process.line() == b""


async def test_a_process_that_cannot_be_started_is_our_fault() -> None:
    with pytest.raises(ReaderUnavailableError):
        async with talk([os.devnull], [], seconds=60, longest_line=100):
            raise AssertionError("there is no such process")
