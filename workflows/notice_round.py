"""A round of notices: what has come due to be told to the people of one zone goes out, one e-mail a recipient.

Promise: reminders, breaches and other notices reach people inside within their working time, each once, all that fall together in one
e-mail; nothing untrue is told; what the mail server does not take now goes with a later round. A schedule starts a round every few minutes.
"""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.notices import Notices
    from regulations.rounds import RoundRequest, RoundResult
    from workflows import options
    from workflows.rounds import hold


@workflow.defn(name="NoticeRound")
class NoticeRound:
    """One round; its schedule is ``reglament/notices/{zone}``."""

    @workflow.run
    async def run(self, request: RoundRequest) -> RoundResult:
        """Holds the round for the instant of the request, or for now."""
        return await hold(Notices.gather_notices, "gather_notices", request, options.NOTICES)
