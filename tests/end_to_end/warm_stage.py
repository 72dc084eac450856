"""A stage whose processes of ours are forked, for tests with a stage of their own, and for those that kill: one begins anew at once."""

from __future__ import annotations

import subprocess
import sys
from typing import cast

from deploy.demo.stage import Stage
from tests.end_to_end.warm import Warm, run


class WarmStage(Stage):
    """As `Stage` is."""

    def _start(self, log: str, *command: str) -> subprocess.Popen[bytes]:
        if command[0] != sys.executable:
            return super()._start(log, *command)
        return cast("subprocess.Popen[bytes]", Warm(command, cwd=self.folder, env=self.environment, out=self.folder / log))

    async def run(self, *arguments: str, stdin: str | None = None) -> str:
        code, out, err = await run([sys.executable, *arguments], cwd=self.folder, env=self.environment, given=stdin or "")
        if code:
            raise RuntimeError(f"{' '.join(arguments)} ended with {code}:\n{out}{err}")
        return out + err
