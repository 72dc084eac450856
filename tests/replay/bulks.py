"""The outcomes of a bulk action."""

from __future__ import annotations

import asyncio
from pathlib import Path

from temporalio import activity
from temporalio.client import WorkflowHistory

from activities import errors
from regulations.lead import bulk_case
from regulations.lead.effects import FreezeBulk, Selection
from tests.replay.played import IDENTITY, Outcome
from tests.workflows.conftest import time_skipping
from tests.workflows.test_bulk_workflow import Pages, begin, cancelled, started


class Refusing(Pages):
    """No selection can be made."""

    @activity.defn(name="freeze_bulk")
    async def freeze_bulk(self, asked: FreezeBulk) -> Selection:
        raise errors.refused("запрос не принят", code="query")


def _played(pages: Pages, ends: str, *, cancel: bool = False) -> Outcome:
    """The history of a bulk action with these pages; with ``cancel`` it is stopped at its first one."""

    async def outcome(_: Path) -> WorkflowHistory:
        async with time_skipping(IDENTITY) as env, pages.worker(env.client, "bulks"):
            now = await env.get_current_time()
            if cancel:
                pages.gate.clear()
            handle, _receipt = await begin(env.client, "bulks", started(at=now))
            if cancel:
                while not pages.asked:  # noqa: ASYNC110 - the worker's doing
                    await asyncio.sleep(0.02)
                await handle.execute_update("cancelled", cancelled(at=now))
                pages.gate.set()
            assert (await handle.result()).outcome == ends
            return await handle.fetch_history()

    return outcome


OUTCOMES: dict[str, Outcome] = {
    "done": _played(Pages(bulk_case.PAGE + 1), "done"),
    "continued": _played(Pages(bulk_case.PAGE * bulk_case.PAGES_OF_A_RUN + 1), "done"),
    "cancelled": _played(Pages(bulk_case.PAGE * 2), "cancelled", cancel=True),
    "refused": _played(Refusing(0), "refused"),
    "nothing": _played(Pages(0), "done"),
}
