"""The digest of the service centres: warm and cold leads that are new to them or still wait, one e-mail a centre and day, at 9:00 local.

Promise: a warm or cold lead that has arrived at a centre is told of on the next calendar day at 9:00 of the centre's zone (3.3, 5.2.2,
5.2.3), each in one digest; with it goes what is still to be taken into work, the most urgent first; where there is nothing no e-mail goes.
"""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.centre_rounds import CentreRounds
    from regulations.rounds import RoundRequest, RoundResult
    from workflows import options
    from workflows.rounds import hold


@workflow.defn(name="CentreDigest")
class CentreDigest:
    """The digests of one day and zone; its schedule is ``reglament/centre-digest/{zone}``."""

    @workflow.run
    async def run(self, request: RoundRequest) -> RoundResult:
        """Sends the digests of the local day of the request's instant, or of today."""
        return await hold(CentreRounds.gather_centre_digest, "gather_centre_digest", request, options.DIGEST)
