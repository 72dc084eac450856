"""Records a history of each outcome of each workflow, and the commands that its code issues: ``python -m tests.replay.record [NAME ...]``.

Run it when the commands of a workflow have changed, and commit what it writes together with the change; with names it records only the
histories whose names begin so. From version 1.0 on such a change needs ``workflow.patched`` as well, and the earlier histories stay
beside the new ones.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from runtime.process import leave
from tests.patience import patiently
from tests.replay.commands import COMMANDS, HISTORIES, commands_of_workflows
from tests.replay.outcomes import OUTCOMES
from tests.replay.played import Outcome

AT_ONCE = 3
_MACHINE = frozenset({"stackTrace", "binaryChecksum", "taskId"})
"""Fields that tell of the machine on which a history was recorded, or of the server. A replay does not read them."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def written(history: WorkflowHistory) -> str:
    """The history as its file has it: with the id of its workflow, without the machine, random ids counted instead.

    The id of the run stays as it was: the random numbers of the case come from it, and with them the moments of its reminders.
    """

    def cut(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: cut(v) for k, v in value.items() if k not in _MACHINE}
        return [cut(v) for v in value] if isinstance(value, list) else value

    text = json.dumps({"workflowId": history.workflow_id, **cut(json.loads(history.to_json()))}, indent=2, ensure_ascii=False) + "\n"
    run = history.events[0].workflow_execution_started_event_attributes.original_execution_run_id
    ids = {run: run}
    return _UUID.sub(lambda found: ids.setdefault(found.group(), f"00000000-0000-4000-8000-{len(ids):012d}"), text)


async def record(*names: str) -> None:
    """Plays every outcome, or those whose names begin so, and writes the histories."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, outcome: Outcome) -> None:
        async with turn, patiently():
            with tempfile.TemporaryDirectory() as folder:
                history = await outcome(Path(folder))
        (HISTORIES / f"{name}.json").write_text(written(history), "utf-8")
        print(f"{name}: {len(history.events)} events", flush=True)

    async with asyncio.TaskGroup() as group:
        for name, outcome in OUTCOMES.items():
            if name.startswith(names or ("",)):
                group.create_task(one(name, outcome))
    COMMANDS.write_text(json.dumps(commands_of_workflows(), indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # activities that are to fail
    asyncio.run(record(*sys.argv[1:]))
    leave(0)
