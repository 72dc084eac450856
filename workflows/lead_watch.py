"""The leads of one tariff are watched while it runs: first calls, further attempts, and when a replacement may be asked for.

Promise: the client's manager is reminded of every call that is still due, before it is too late for it (3.3, 3.4); what was missed is
kept; at a quarter of the tariff the franchisee is told how many cards would pass (1). Leads and calls are rows in registers: the watch
itself holds the next instant, however many there are, and lives as long as the tariff and the terms of its last leads.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.watching import Watching
    from regulations.catalogue import text
    from regulations.messages import CalendarChanged
    from regulations.read_out import ReadOut
    from regulations.replacement import messages, watch_facts
    from regulations.replacement.effects import PassingQuestion, WatchStep
    from regulations.replacement.watch_decisions import Decision, decide
    from regulations.replacement.watch_narration import WatchResult, details, read_out, result
    from regulations.replacement.watch_state import KIND, WatchStage, WatchState
    from workflows import options
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="LeadWatch")
class LeadWatch:
    """The watch over one tariff; its id is ``lead-watch/{account}/{period}``."""

    @workflow.init
    def __init__(self, carried: WatchState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = WatchState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=WatchStage.RUNNING)
        self.docket: Docket[WatchState, Decision] = Docket(carried or fresh, Rules(watch_facts.apply, decide, details))

    @workflow.run
    async def run(self, carried: WatchState | None = None) -> WatchResult:
        """Watches until the tariff has ended and every term of its leads with it."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("no tariff was told of: begin a watch through a door, with lead-watch.started", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # leads, calls, cards, the next instant of one of them, the balance
            if todo.step is not None:  # 3.3, 3.4
                self.docket.start(self._step(todo.step))
            if todo.count is not None:  # 1, 4.1, 4.2
                self.docket.start(self._count(todo.count))
            for letter in todo.letters:
                self.docket.start(self.docket.send(letter, watch_facts.learn_letter))
        await self.docket.drain()
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, counts, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    started = receives("started", messages.WatchStarted, "A tariff runs: begins the watch; told again, the newest data stand")
    leads_appeared = receives("leads_appeared", messages.LeadsAppeared, "3.3, 3.4 Leads have appeared, at most 500 a message")
    calls_made = receives("calls_made", messages.CallsMade, "3.3, 3.4 Calls, at most 500 a message")
    cards_changed = receives("cards_changed", messages.CardsChanged, "3.1 Status and comment of cards, at most 500 a message")
    balance_noted = receives("balance_noted", messages.BalanceNoted, "1 What is left of the tariff")
    tariff_ended = receives("tariff_ended", messages.TariffEnded, "The tariff has run out")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published")
    withdraw = receives("withdraw", messages.WithdrawOfWatch, "Ends the watch")

    # --- effects: started by `run`, awaited by nobody; their outcome is one more fact ---

    async def _step(self, step: WatchStep) -> None:
        batch = step.batch
        what = ("leads" if batch.leads else "calls" if batch.calls else "cards") if batch else "due"
        summary = text(self.docket.state.language, "activity", f"watch_{what}")
        answer = await workflow.execute_activity_method(Watching.watch_step, step, summary=summary, **options.RECORD)
        self.docket.learn(lambda state, now: watch_facts.learn_step(state, step, answer, now))

    async def _count(self, question: PassingQuestion) -> None:
        summary = text(self.docket.state.language, "activity", "count_passing")
        answer = await workflow.execute_activity_method(Watching.count_passing, question, summary=summary, **options.RECORD)
        self.docket.learn(lambda state, now: watch_facts.learn_passing(state, answer, now))
