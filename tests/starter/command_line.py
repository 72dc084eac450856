"""``reglament`` as an operator calls it, within the process of the tests. That it does so as a process is shown in ``end_to_end``."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from starter.cli import app


class CommandLine:
    """The command line in a folder of its own, with no settings but the given ones."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
        self.folder = folder
        for name in [name for name in os.environ if name.startswith(("TEMPORAL_", "REGLAMENT_"))]:
            monkeypatch.delenv(name)
        monkeypatch.chdir(folder)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    async def __call__(self, *words: str, **settings: str) -> tuple[int, str]:
        """Exit code, and what it said on both streams. It runs its own loop, as it does in a shell."""
        done = await asyncio.to_thread(CliRunner().invoke, app, [*words], env=settings)
        return done.exit_code, done.output
