"""One action over many leads (6.1 assign, 6.2 spread, 6.3 postpone, 3.2 upload): frozen first, then worked page by page.

Promise: each lead of the selection is told at most once and gets its own result, whatever dies in between; a person may look at it, leave,
come back, and stop it. It is no docket case: nobody owes anything here, so there are no obligations and no terms. It takes messages as
every case does. The items are rows of a table; this workflow holds the cursor and the counts.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.bulk import Bulks
    from regulations.catalogue import text
    from regulations.lead import bulk_case, messages
    from regulations.lead.bulk_case import KIND, BulkResult, BulkState, Stage
    from regulations.lead.effects import BulkPage, FreezeBulk
    from regulations.read_out import ReadOut
    from workflows import attributes, options
    from workflows.docket import Reception, receives


@workflow.defn(name="BulkAction")
class BulkAction:
    """One bulk action; its id is ``bulk/{id}``."""

    @workflow.init
    def __init__(self, carried: BulkState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = BulkState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=Stage.NEW)
        self.docket: Reception[BulkState] = Reception(carried or fresh, bulk_case.apply)

    @workflow.run
    async def run(self, carried: BulkState | None = None) -> BulkResult:
        """Freezes the selection, then works its pages until nothing is left or somebody has stopped it."""
        if not self.docket.state.bulk:  # the start was refused, or somebody began this by hand
            raise ApplicationError("no bulk.started was accepted: begin a bulk action through a door", type="Refused")
        self._show()
        if self.docket.state.stage == Stage.FREEZING:
            await self._freeze()
            self._show()
        pages = 0
        while not self.docket.state.ended:
            if pages == bulk_case.PAGES_OF_A_RUN:
                workflow.continue_as_new(self.docket.state)
            await self._page()
            self._show()
            pages += 1
        return bulk_case.result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage and counts, what happened")
    def case(self) -> ReadOut:
        return bulk_case.read_out(self.docket.state)

    started = receives("started", messages.BulkStarted, "6.1 to 6.3, 3.2 Begins the action")
    cancelled = receives("cancelled", messages.BulkCancelled, "Stops the action after the page at work")

    async def _freeze(self) -> None:
        state = self.docket.state
        request = state.request.model_dump(mode="json") if state.request is not None else {}
        asked = FreezeBulk(bulk=state.bulk, request=request, now=workflow.now())
        action = text(state.language, "bulk", "action", state.action)
        summary = text(state.language, "bulk", "activity", "freeze", action=action)
        try:
            selection = await workflow.execute_activity_method(Bulks.freeze_bulk, asked, summary=summary, **options.BULK)
        except ActivityError as e:  # there is no such selection
            if not isinstance(e.cause, ApplicationError):
                raise
            problem = e.cause.message
            self.docket.learn(lambda s, _: bulk_case.learn_refusal(s, problem))
        else:
            self.docket.learn(lambda s, _: bulk_case.learn_selection(s, selection))

    async def _page(self) -> None:
        state = self.docket.state
        asked = BulkPage(bulk=state.bulk, after=state.after, size=bulk_case.PAGE, now=workflow.now())
        action = text(state.language, "bulk", "action", state.action)
        summary = text(state.language, "bulk", "activity", "page", action=action, after=state.after, total=state.total)
        page = await workflow.execute_activity_method(Bulks.bulk_page, asked, summary=summary, **options.BULK)
        self.docket.learn(lambda s, _: bulk_case.learn_page(s, page))

    def _show(self) -> None:
        state = self.docket.state
        workflow.set_current_details(bulk_case.details(state))
        shown = workflow.info().typed_search_attributes
        if shown.get(attributes.STAGE) != state.stage:
            workflow.upsert_search_attributes([attributes.STAGE.value_set(state.stage)])
