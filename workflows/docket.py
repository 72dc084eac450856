"""The one durable mechanism: a case takes messages as Updates, counts its terms, wakes at its next instant, decides, and acts.

The decisions are pure functions of `regulations`; here is only the awaiting, calling and recording:

- A message is dry-run in the validator on a copy of the state; what the rules refuse never reaches the history. The handler is synchronous.
- One loop and one timer: it wakes on news or at the earliest instant of the case, asks for a decision, and acts. Nothing is decided
  in a timer's own code, so the order in which fact and timer arrive does not matter.
- Planning is a local activity. Everything that writes is an ordinary activity that the loop starts and does not await, so that with
  the post, the CRM or the database away every other clock of the case goes on. What it answers is one more fact.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate, TypedSearchAttributes
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel, ConfigDict

    from activities.email import Correspondence
    from activities.planning import Planning
    from activities.record import Registers
    from regulations.case import CaseState, Refusal, Standing
    from regulations.catalogue import text
    from regulations.clocks import next_due, oldest_unmet, planned, terms_to_plan
    from regulations.effects import Letter, LetterOutcome
    from regulations.messages import Message
    from regulations.plans import Opening, OpeningRequest, PlanRequest, TermToPlan
    from regulations.record_batch import RecordBatch
    from workflows import attributes, options
    from workflows.local_reads import locally, read, unless_cancelled

S = TypeVar("S", bound=CaseState)
T = TypeVar("T", str, bool, datetime)
Q = TypeVar("Q")
A = TypeVar("A")
D = TypeVar("D", bound="Decision[Any]")

MOST_MESSAGES = 1_500
"""After so many a case goes on as a new run, whatever the server suggests: it takes no more than 2,000 Updates in one."""
MOST_EVENTS = 400
"""After so many a case that lives for years with little to do goes on as a new run: its open history costs every hour, a new run once."""


class Receipt(BaseModel):
    """The answer to a message: where the case stands after it."""

    model_config = ConfigDict(frozen=True)

    stage: str
    revision: int
    next_due: datetime | None
    answer: str = ""
    """What came of the message, where a regulation has more than one answer (a lead: created, updated, exists)."""


class Decision(Protocol[S]):
    """What the rules of a regulation decide; each adds its own effects."""

    state: S
    wake_at: datetime | None
    wake_for: str

    @property
    def acts(self) -> bool: ...


@dataclass(frozen=True)
class Rules(Generic[S, D]):
    """The pure functions of one regulation."""

    apply: Callable[[S, Message, datetime], None]
    decide: Callable[[S, datetime], D]
    details: Callable[[S], str]


class Reception(Generic[S]):
    """Takes the messages of one case. Its `state` is replaced as a whole, never changed half-way."""

    def __init__(self, state: S, apply: Callable[[S, Message, datetime], None]) -> None:
        self.state = state
        self._apply = apply
        self._news = True
        self._leaves_event = True
        """Whether anything since the last wake stands in the history by itself."""
        self._taken = 0
        """Messages that this run has taken."""

    def check(self, message: Message) -> None:
        """The validator: applies the message to a copy. Any exception is a rejection and leaves no event."""
        self._applied(message)

    def receive(self, message: Message) -> Receipt:
        """The handler: applies the message, wakes the loop, and answers where the case stands."""
        self.state = self._applied(message)
        self._news = self._leaves_event = True
        self._taken += 1
        state = self.state
        if state.discreet:
            return Receipt(stage=state.answer, revision=0, next_due=None, answer=state.answer)
        return Receipt(stage=state.stage, revision=state.revision, next_due=next_due(state), answer=state.answer)

    def _applied(self, message: Message) -> S:
        state = self.state.model_copy(deep=True)
        state.answer, state.discreet = "", False
        try:
            self._apply(state, message, workflow.now())
        except Refusal as r:
            details = [int(str(r))] if r.type == "Repeated" else []
            raise ApplicationError(str(r), *details, type=r.type, non_retryable=True) from None
        except Exception as e:  # whatever the rules could not foresee is a rejection too, never a stuck case
            raise ApplicationError(f"the message cannot be applied: {type(e).__name__}", type="Invalid", non_retryable=True) from None
        return state

    def learn(self, take: Callable[[S, datetime], None]) -> None:
        """Takes what one of our own activities answered: one more fact."""
        state = self.state.model_copy(deep=True)
        take(state, workflow.now())
        self.state = state
        self._news = True


class Docket(Reception[S], Generic[S, D]):
    """Keeps one case."""

    def __init__(self, state: S, rules: Rules[S, D], *, for_years: bool = False) -> None:
        """``for_years``: there are many such cases, each open for years, so that their histories are kept short."""
        super().__init__(state, rules.apply)
        self._for_years = for_years
        self._rules = rules
        self._wake_at: datetime | None = None
        self._timer: asyncio.Task[None] | None = None
        self._effects: set[asyncio.Task[None]] = set()
        self._dispensable: list[asyncio.Task[None]] = []
        self._recording = False
        self._broken: BaseException | None = None

    # --- the loop -----------------------------------------------------------------------------------------------

    async def next(self) -> D:
        """Waits until there is something to do, or the case has ended, and says what."""
        while True:
            self._raise_what_broke()
            await self._count_terms()
            decision = self._rules.decide(self.state, workflow.now())
            self.state = decision.state
            if any(True for _ in terms_to_plan(self.state, workflow.now())):
                self._news = True  # what is recorded and shown next has its due instants
            else:
                self._record_what_presses()
                self._show()
            if decision.acts or self.state.ended:
                return decision
            if not self._news:
                self._continue_as_new_when_long()
            await self._until_news_or(decision.wake_at, decision.wake_for)

    async def _until_news_or(self, at: datetime | None, summary: str) -> None:
        """One timer, kept while its instant stays the same. None is set for an instant that has passed.

        While an effect is under way its outcome will move the instant again: a timer that is too early is left until then.
        """
        early_enough = self._effects and self._wake_at is not None and (at is None or self._wake_at <= at)
        if at != self._wake_at and not early_enough:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None if at is None else asyncio.create_task(self._sleep_until(at, summary))
            self._wake_at = at
            self._leaves_event = True
        if not self._news:
            self._leave_an_event()
        await workflow.wait_condition(lambda: self._news)
        self._news = False

    def _leave_an_event(self) -> None:
        """A workflow task that took an outcome must not end without an event of its own.

        If it does, and a message comes next, a worker that has lost its cache takes both at once, messages first, while every later
        replay takes them one by one: in another order, so that no worker can replay the case any more (sdk-rust issue 1146, open).
        """
        if not self._leaves_event:
            workflow.upsert_memo({"revision": self.state.revision})
        self._leaves_event = False

    async def _sleep_until(self, at: datetime, summary: str) -> None:
        await workflow.sleep(at - workflow.now(), summary=summary[:200])
        self._timer, self._wake_at = None, None
        self._news = True

    async def _count_terms(self) -> None:
        """Takes the opening once, then counts every term that has to be counted."""
        while self.state.opening is None or self.state.opening_stale:
            await self._open()
        while items := list(terms_to_plan(self.state, workflow.now())):
            await self._plan(items)

    async def _open(self) -> None:
        self._leaves_event = True
        request = self.state.opening_request(workflow.now())
        opening = await read(Planning.open_case, request, text(self.state.language, "activity", "open"), options.PLANNING)
        self.learn(lambda state, now: _opened(state, request, opening, now))

    async def _plan(self, items: list[TermToPlan]) -> None:
        self._leaves_event = True
        opening = self.state.opening
        assert opening is not None  # noqa: S101 - taken before any term
        request = PlanRequest.of(opening, items)
        duties = [o.clause for i in items if (o := self.state.obligation(i.key)) is not None]
        summary = text(self.state.language, "activity", "plan" if duties else "plan_waits", clauses=", ".join(duties))
        answer = await read(Planning.plan, request, summary, options.PLANNING)

        def take(state: S, now: datetime) -> None:
            if state.opening_stale:  # counted in a calendar that holds no more: what is left is counted in the new one
                return
            state.offset = answer.offset
            for term in answer.terms:
                planned(state, term, now)

        self.learn(take)

    # --- effects ------------------------------------------------------------------------------------------------

    async def look_up(
        self,
        asks: Callable[[Any, Q], Awaitable[A]],
        question: Q,
        summary: str,
        otherwise: options.Preset,
        take: Callable[[S, A, datetime], None],
    ) -> None:
        """Asks an activity that only reads, locally, while the loop waits; what it answers is one more fact.

        Where that fails or takes too long, the ordinary activity of the same name is started and not awaited; the end cuts it short. A
        local activity never runs beside another: replayed, what two of them answer may come in one activation, or in another order
        (sdk-python issue 1578, open), after which no worker can replay the case any more.
        """

        async def ask_otherwise() -> None:
            answer = await workflow.execute_activity_method(asks, question, summary=summary[:200], **otherwise)
            self.learn(lambda state, now: take(state, answer, now))

        self._leaves_event = True
        try:
            answer = await locally(asks, question, summary)
        except FailureError as e:
            unless_cancelled(e)
            self.start(ask_otherwise(), dispensable=True)
        else:
            self.learn(lambda state, now: take(state, answer, now))

    async def send(self, letter: Letter, take: Callable[[S, Letter, LetterOutcome | None, datetime], None]) -> None:
        """Sends a letter to people outside; what became of it is one more fact, None: refused for good."""
        summary = text(letter.language, "letter", letter.template)
        try:
            outcome = await workflow.execute_activity_method(Correspondence.send_letter, letter, summary=summary, **options.CORRESPONDENCE)
        except ActivityError as e:
            if is_cancelled_exception(e):  # the case is over
                raise
            outcome = None
        self.learn(lambda state, now: take(state, letter, outcome, now))

    def start(self, effect: Coroutine[Any, Any, None], *, dispensable: bool = False) -> asyncio.Task[None]:
        """Starts an effect that nobody awaits: its outcome comes back through `learn`. The case does not end before it; one that is
        dispensable is cancelled when the case ends."""

        async def under_way() -> None:
            try:
                await effect
            finally:  # at once and not in a callback: a replay may take the next outcome in the same breath
                self._effects.discard(task)

        self._leaves_event = True
        task = asyncio.create_task(under_way())
        self._effects.add(task)
        if dispensable:  # a list: they are cancelled in the same order in every replay
            self._dispensable = [*(other for other in self._dispensable if not other.done()), task]
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._effects.discard(task)
        self._news = True
        if not task.cancelled() and (error := task.exception()) is not None and not is_cancelled_exception(error):
            self._broken = error

    def _raise_what_broke(self) -> None:
        """An effect whose own code failed must not be lost in the background: the workflow task fails, is seen, and heals with a fix."""
        if self._broken is not None:
            raise RuntimeError("an effect of the case failed unexpectedly") from self._broken

    def _record_what_presses(self) -> None:
        """Writes the waiting rows, one transaction at a time, once something outside depends on one of them or the case ends."""
        if self.state.rows and not self._recording and (self.state.pressing or self.state.ended):
            self._recording = True
            self.state.pressing = False
            self.start(self._record())

    async def _record(self) -> None:
        state = self.state
        batch = RecordBatch(
            case_uid=state.uid,
            address=state.address,
            kind=state.kind,
            edition=state.opening.edition.id if state.opening else "",
            now=workflow.now(),
            rows=tuple(state.rows),
        )
        summary = record_summary(state.language, batch)
        await workflow.execute_activity_method(Registers.record, batch, summary=summary, **options.RECORD)
        written = {row.seq for row in batch.rows}
        self._recording = False
        self.learn(lambda s, _: setattr(s, "rows", [row for row in s.rows if row.seq not in written]))

    async def drain(self) -> None:
        """Waits for every effect and every row of an ended case. Messages are refused meanwhile, so nobody is left unanswered."""
        for task in self._dispensable:
            task.cancel()
        while True:
            self._raise_what_broke()
            self._record_what_presses()
            self._show()
            if not self._effects:
                return
            self._news = False
            await workflow.wait_condition(lambda: self._news)

    def _continue_as_new_when_long(self) -> None:
        """Hands the state to a new run once the history has grown long and nothing is under way."""
        info = workflow.info()
        long = self._taken >= MOST_MESSAGES or info.is_continue_as_new_suggested()
        long = long or (self._for_years and info.get_current_history_length() >= MOST_EVENTS)
        if long and not self._effects and not self.state.rows:
            workflow.continue_as_new(self.state.carried())

    # --- what the Temporal UI shows -----------------------------------------------------------------------------

    def _show(self) -> None:
        """Refreshes the details and, only where they changed, the search attributes (the door set the first ones at the start)."""
        workflow.set_current_details(self._rules.details(self.state))
        oldest, due = oldest_unmet(self.state), next_due(self.state)
        overdue = any(o.standing is Standing.OVERDUE for o in self.state.obligations)
        shown = workflow.info().typed_search_attributes
        never_overdue = not overdue and shown.get(attributes.OVERDUE) is None
        updates: list[SearchAttributeUpdate[Any]] = [
            *_changed(shown, attributes.STAGE, self.state.stage),
            *_changed(shown, attributes.CLAUSE, f"{self.state.regulation} {oldest.clause}" if oldest else None),
            *_changed(shown, attributes.NEXT_DUE, due),
            *_changed(shown, attributes.OVERDUE, None if never_overdue else overdue),
            *([] if self.state.holder is None else _changed(shown, attributes.SERVICE_CENTRE, self.state.holder)),
        ]
        edition = self.state.opening.edition.id if self.state.opening else None
        if updates and edition and shown.get(attributes.EDITION) != edition:  # never alone: it is no news of its own
            updates.append(attributes.EDITION.value_set(edition))
        if updates:
            workflow.upsert_search_attributes(updates)
            self._leaves_event = True


def _opened(state: CaseState, asked: OpeningRequest, opening: Opening, now: datetime) -> None:
    """Takes what was asked of the company; it may have passed to somebody else meanwhile. Who held it before can still be told of it."""
    kept = {} if state.opening is None else state.opening.roles
    state.opening = opening.model_copy(update={"roles": kept | opening.roles})
    state.opening_stale = state.opening_request(now).model_copy(update={"at": asked.at, "edition": asked.edition}) != asked


def record_summary(language: str, batch: RecordBatch) -> str:
    """What a record writes, for the Temporal UI: the clauses, else the registers."""
    return text(language, "activity", "record", what=", ".join(text(language, "register", what) for what in batch.about()))[:200]


def _changed(shown: TypedSearchAttributes, key: SearchAttributeKey[T], value: T | None) -> list[SearchAttributeUpdate[Any]]:
    if shown.get(key) == value:
        return []
    return [key.value_unset() if value is None else key.value_set(value)]


def receives(name: str, model: type[Message], description: str) -> Any:
    """An Update of a case: its name, the model of its message, and what it is for (shown in the Temporal UI).

    The workflow class keeps its docket in ``docket``; the validator dry-runs the message, the handler applies it.
    """

    def handler(self: Any, message: Message) -> Receipt:
        docket: Reception[Any] = self.docket
        return docket.receive(message)

    def validator(self: Any, message: Message) -> None:
        docket: Reception[Any] = self.docket
        docket.check(message)

    for function in (handler, validator):
        function.__annotations__ = {"message": model, "return": Receipt if function is handler else None}
    handler.__name__ = handler.__qualname__ = name
    handler.__doc__ = description
    update = workflow.update(name=name, description=description)(handler)
    update.validator(validator)
    return update
