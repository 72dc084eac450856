"""The daily digest: what is overdue and not yet done, one e-mail a recipient and working day, at 10:00 local.

Promise: an overdue duty stands in the digest of its owner and of its escalation role until it is met, waived or its case has ended; who has
nothing overdue gets no e-mail; a second run of the same day sends nothing twice.
"""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.notices import Notices
    from regulations.rounds import RoundRequest, RoundResult
    from workflows import options
    from workflows.rounds import hold


@workflow.defn(name="DailyDigest")
class DailyDigest:
    """The digests of one day and zone; its schedule is ``reglament/digest/{zone}``."""

    @workflow.run
    async def run(self, request: RoundRequest) -> RoundResult:
        """Sends the digests of the local day of the request's instant, or of today."""
        return await hold(Notices.gather_digest, "gather_digest", request, options.DIGEST)
