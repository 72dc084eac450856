"""One bulk action as its workflow keeps it: cursor and counts, what it was asked, whether it was stopped. Pure.

It is no docket case: nobody owes anything, nothing has a term. It takes its messages as a docket does: to doors it is a case
like any other.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from regulations.case import CaseState, Refusal
from regulations.catalogue import text
from regulations.lead.effects import BulkPageDone, Selection
from regulations.lead.messages import BulkCancelled, BulkStarted
from regulations.messages import Message
from regulations.obligations import admit, check_instant, taken
from regulations.read_out import ReadOut

KIND = "bulk"
PAGE = 500
"""Items of a page: some ten seconds of work."""
PAGES_OF_A_RUN = 50
"""After so many the action goes on in a new run, with a short history."""


class Stage(StrEnum):
    """Where a bulk action stands; from ``done`` on, how it ended."""

    NEW = "new"
    FREEZING = "freezing"
    WORKING = "working"
    DONE = "done"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    """Its selection could not be made, and no lead was told anything."""


ENDS = frozenset({Stage.DONE, Stage.CANCELLED, Stage.REFUSED})


class BulkResult(BaseModel):
    """How a bulk action ended. What is neither done nor refused was not reached."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    total: int
    done: int
    refused: int
    cancelled: bool
    problem: str


class BulkState(CaseState):
    """The whole durable state of a `BulkAction`. The leads are rows of the table ``bulk_items``."""

    bulk: str = ""
    """Its id; empty: it has not begun."""
    action: str = ""
    request: BulkStarted | None = None
    """Until the selection is frozen: then its rows are the selection."""
    frozen_at: datetime | None = None
    total: int = 0
    done: int = 0
    refused: int = 0
    after: int = 0
    """Number of the last item that was reached."""
    cancelled: bool = False
    problem: str = ""
    """Why it was not taken, in words for whoever asked."""


def check_start(started: BulkStarted, now: datetime) -> None:
    """The checks that a door and the workflow make before a bulk action begins.

    Raises:
        Refusal: ``FromTheFuture``, ``ImpossibleDate`` or ``InThePast``.
    """
    check_instant(started.happened_at, now, "occurred_at")
    if started.until is not None and started.until <= now:
        raise Refusal("InThePast", "lead 6.3: a lead is put off to a future instant; correct 'until'")
    if started.last is not None and (started.last - now.date()).days < -1:  # whichever zone the centre is in
        raise Refusal("InThePast", "lead 6.2: the period is over; correct 'first' and 'last'")


def apply(state: BulkState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if not state.bulk and not isinstance(message, BulkStarted):
        raise Refusal("NotBegun", "this bulk action has not begun; deliver bulk.started first")
    admit(state, message, now)
    match message:
        case BulkStarted():
            if state.bulk:
                raise Refusal("AlreadyBegun", "this bulk action has begun already; give another one an id of its own")
            check_start(message, now)
            state.bulk, state.action, state.request = message.bulk, message.action, message
            state.stage = Stage.FREEZING
            note = text(state.language, "bulk", "action", message.action)
        case BulkCancelled():
            state.cancelled = True
            note = message.reason
        case _:
            raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a bulk action")
    taken(state, message, type(message).__name__, now, note)


def learn_selection(state: BulkState, selection: Selection) -> None:
    """The selection is frozen: from now on its rows are the selection."""
    state.request = None
    state.total, state.frozen_at = selection.total, selection.frozen_at
    state.stage = Stage.WORKING
    _look_at_end(state, left=selection.total > 0)


def learn_refusal(state: BulkState, problem: str) -> None:
    """The selection cannot be made."""
    state.request = None
    state.problem = problem
    _end(state, Stage.REFUSED)


def learn_page(state: BulkState, page: BulkPageDone) -> None:
    """A page has been worked."""
    left = page.last > state.after
    state.after = page.last
    state.done += page.done
    state.refused += page.refused
    _look_at_end(state, left=left and state.done + state.refused < state.total)


def _look_at_end(state: BulkState, *, left: bool) -> None:
    if not left:
        _end(state, Stage.DONE)
    elif state.cancelled:
        _end(state, Stage.CANCELLED)


def _end(state: BulkState, stage: Stage) -> None:
    state.stage, state.outcome, state.ended = stage, stage, True


def result(state: BulkState) -> BulkResult:
    """How it ended."""
    return BulkResult(
        outcome=state.stage,
        total=state.total,
        done=state.done,
        refused=state.refused,
        cancelled=state.stage == Stage.CANCELLED,
        problem=state.problem,
    )


def read_out(state: BulkState) -> ReadOut:
    """The read-out, as of any case; the counts stand in the words of its stage."""
    return ReadOut(
        kind=state.kind,
        id=state.address,
        uid=state.uid,
        stage=state.stage,
        stage_text=f"{text(state.language, 'bulk', 'stage', state.stage)} {state.done + state.refused}/{state.total}",
        outcome=state.outcome,
        edition=None,
        rules=None,
        revision=state.revision,
        round=0,
        next_due=None,
        obligations=[],
        facts=list(state.facts),
    )


def details(state: BulkState) -> str:
    """The action as Markdown for the Temporal UI."""
    say = state.language
    action = text(say, "bulk", "action", state.action)
    left = state.total - state.done - state.refused
    lines = [
        f"### {text(say, 'bulk', 'title', bulk=state.address.partition('/')[2], action=action)}",
        f"**{text(say, 'case', 'stage')}:** {text(say, 'bulk', 'stage', state.stage)}",
        text(say, "bulk", "progress", done=state.done, refused=state.refused, left=left, total=state.total),
    ]
    if state.frozen_at is not None:
        lines.append(text(say, "bulk", "frozen", at=state.local(state.frozen_at)))
    if state.problem:
        lines.append(state.problem)
    return "\n\n".join(lines)
