"""Processes of ours that need not import anything: each is forked from one that has done so, and runs its command as a fresh one would.

What a process of ours costs at its start is nearly all imports, seconds of a processor. What the tests ask of one stays the same: it has
arguments, environment, folder, streams, signals and an exit code of its own. The shared stage and the demo start theirs the ordinary way.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path
from typing import IO
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [__name__, "starter.cli", "starter.web.app", "starter.inbox.inbox", "starter.doctor", "starter.mail.mailboxes", "worker"]
)


class Warm:
    """A process as `subprocess.Popen` has it. Its command begins with this Python; then comes a script, or ``-m`` and a module."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], out: Path, err: Path | None = None, given: str = ""
    ) -> None:
        """What it prints is added to the files; ``given`` is what it can read."""
        assert command[0] == sys.executable
        with mock.patch.dict(os.environ, PYTHONPATH=str(ROOT)):
            forkserver.ensure_running()
        streams = (str(out), str(err or out))
        out.touch()
        self._process = _FORKS.Process(target=_become, args=(tuple(command[1:]), str(cwd), dict(env), streams, given), daemon=True)
        self._process.start()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return code

    def send_signal(self, which: int) -> None:
        if self._process.exitcode is None and self._process.pid is not None:
            os.kill(self._process.pid, which)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _become(command: Sequence[str], folder: str, environment: Mapping[str, str], streams: tuple[str, str], given: str) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with tempfile.TemporaryFile() as file:
        file.write(given.encode())
        file.seek(0)
        os.dup2(file.fileno(), 0)
    for number, name in enumerate(streams, 1):
        os.dup2(os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT), number)
    sys.stdin, sys.stdout, sys.stderr = (_stream(number) for number in range(3))
    if command[0] != "-m":
        sys.argv = list(command)
        runpy.run_path(command[0], run_name="__main__")
        return
    sys.argv = list(command[1:])
    sys.modules.pop(command[1], None)
    runpy.run_module(command[1], run_name="__main__", alter_sys=True)


def _stream(number: int) -> IO[str]:
    return open(number, "w" if number else "r", encoding="utf-8", buffering=1, closefd=False)


async def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], given: str = "") -> tuple[int, str, str]:
    """Runs a command to its end: its exit code, and what it printed to each stream."""
    return await asyncio.to_thread(_run, command, cwd, env, given)


def _run(command: Sequence[str], cwd: Path, env: Mapping[str, str], given: str) -> tuple[int, str, str]:
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        code = Warm(command, cwd=cwd, env=env, out=out, err=err, given=given).wait()
        return code, out.read_text("utf-8"), err.read_text("utf-8")
