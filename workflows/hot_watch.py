"""The hourly watch of hot leads: which ones nobody has taken into work yet, one e-mail a centre, from 9:00 to 18:00 local on working days.

Promise: a hot lead that is still new stands in its centre's list of every hour (5.2.1), on the working days of the production calendar;
where there is none no e-mail goes; a list that could not be sent in its hour is never sent later.
"""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.centre_rounds import CentreRounds
    from regulations.rounds import RoundRequest, RoundResult
    from workflows import options
    from workflows.rounds import hold


@workflow.defn(name="HotWatch")
class HotWatch:
    """The watch of one hour and zone; its schedule is ``reglament/hot-watch/{zone}``."""

    @workflow.run
    async def run(self, request: RoundRequest) -> RoundResult:
        """Sends the lists of the local hour of the request's instant, or of the present one."""
        return await hold(CentreRounds.gather_hot_watch, "gather_hot_watch", request, options.WATCH)
