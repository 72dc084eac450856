"""What a lead watch learns: messages from outside, and what its own activities answered.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from regulations import correspondence
from regulations.case import Refusal
from regulations.catalogue import text
from regulations.clocks import calendar_changed
from regulations.effects import Letter, LetterOutcome
from regulations.messages import CalendarChanged, Message
from regulations.obligations import admit, check_instant, taken
from regulations.plans import control_name
from regulations.replacement.effects import PassingAnswer, WatchBatch, WatchStep, WatchStepDone
from regulations.replacement.messages import (
    BalanceNoted,
    CallsMade,
    CardsChanged,
    LeadsAppeared,
    OfWatch,
    TariffEnded,
    WatchedCall,
    WatchedCard,
    WatchedLead,
    WatchStarted,
    WithdrawOfWatch,
)
from regulations.replacement.state import FRANCHISEE, HEAD_OFFICE
from regulations.replacement.watch_state import ENDS, KIND, MOST_IN_A_ROW, WatchStage, WatchState

POSSIBLE = "replacement/possible"
"""1: the letter to the franchisee that a request is possible."""


# --- messages -------------------------------------------------------------------------------------------------------


def watch_address(message: OfWatch) -> str:
    """The workflow id of the watch that a message is about."""
    return f"{KIND}/{message.account}/{message.period}"


def check_watch(message: WatchStarted, now: datetime) -> None:
    """The starting checks that door and workflow make alike; whether there is such a zone only the door can say.

    Raises:
        Refusal: ``FromTheFuture``, ``ImpossibleDate``.
    """
    check_instant(message.happened_at, now, "happened_at")


def apply(state: WatchState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.started is None and not isinstance(message, WatchStarted):
        raise Refusal("NotBegun", "this tariff is not watched; deliver lead-watch.started first")
    admit(state, message, now)
    if state.stage in ENDS:
        raise Refusal("Ended", f"the watch ends as {state.stage}; what is told of the tariff now does not count")
    check_instant(message.happened_at, now, "happened_at")
    if isinstance(message, OfWatch) and watch_address(message) != state.address:
        raise Refusal("OtherWatch", "account and period of the message are not those of this watch")
    taken(state, message, type(message).__name__, now, _take(state, message, now))


def _take(state: WatchState, message: Message, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case WatchStarted():
            return _start(state, message)
        case LeadsAppeared():
            return _keep(state, WatchBatch(key=message.key, leads=message.leads), message.leads, "leads", now)
        case CallsMade():
            return _keep(state, WatchBatch(key=message.key, calls=message.calls), message.calls, "calls", now)
        case CardsChanged():
            return _keep(state, WatchBatch(key=message.key, cards=message.cards), message.cards, "cards", now)
        case BalanceNoted():
            if state.balance_at is None or message.happened_at >= state.balance_at:
                state.balance, state.balance_at = message.balance, message.happened_at
            return str(message.balance)
        case TariffEnded():
            state.stage = WatchStage.RUN_OUT
            return ""
        case CalendarChanged():
            if message.calendar != control_name(state.begun.zone):
                return calendar_changed(state, message, now)
            state.recount = True
            return f"{message.calendar} {message.version}"
        case WithdrawOfWatch():
            if message.by is None or message.by.role != HEAD_OFFICE:
                raise Refusal("NotYours", f"only the role {HEAD_OFFICE} ends a watch")
            state.stage = WatchStage.WITHDRAWN
            return message.reason
    raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a lead watch")


def _start(state: WatchState, message: WatchStarted) -> str:
    """What is told again replaces what was told before; in another zone every term ends at another instant."""
    before = state.started
    if before is not None and message.happened_at < before.happened_at:
        raise Refusal("Outdated", "later data of this tariff are known; send these with the time at which they were made, or not at all")
    state.recount = state.recount or (before is not None and before.zone != message.zone)
    state.started = message
    return f"{message.identifications}, {message.zone}"


def _keep(state: WatchState, batch: WatchBatch, items: Iterable[WatchedLead | WatchedCall | WatchedCard], name: str, now: datetime) -> str:
    """Keeps what the message brought until a step has written it; a flood is let in part by part."""
    count = 0
    for count, item in enumerate(items, 1):
        check_instant(item.at, now, f"{name}.{count - 1}.at")
    if state.in_a_row >= MOST_IN_A_ROW:
        raise Refusal("Busy", "what came before is being written; deliver this again in a moment")
    state.in_a_row += 1
    state.pending.append(batch)
    return str(count)


# --- what was answered ----------------------------------------------------------------------------------------------


def learn_step(state: WatchState, step: WatchStep, answer: WatchStepDone, now: datetime) -> None:
    """Takes what came of a step: its batch is written."""
    state.stepping = False
    if step.batch is not None:
        state.pending = [batch for batch in state.pending if batch.key != step.batch.key]
        state.in_a_row = state.in_a_row if state.pending else 0
        if answer.unknown:
            state.note("unknown_leads", now, now, key=f"{step.batch.key}#unknown", note=", ".join(answer.unknown))
    state.next_at = answer.next_at
    state.leads, state.calls = answer.leads, answer.calls
    state.reminded, state.missed = answer.reminded, answer.missed


def learn_passing(state: WatchState, answer: PassingAnswer, now: datetime) -> None:
    """1: takes how many cards would pass today; the franchisee is told in its working time, once."""
    state.counting = state.possible_wanted = False
    state.possible_told = True
    counts = answer.model_dump()
    state.note("possible", now, now, key=POSSIBLE, note=text(state.language, KIND, "passing", **counts))
    state.tell(FRANCHISEE, POSSIBLE, "1", now, {**counts, "balance": state.balance or 0})


def learn_letter(state: WatchState, letter: Letter, outcome: LetterOutcome | None, now: datetime) -> None:
    """Takes what became of the letter to the franchisee; None: the post refused it for good, and the head office hears of it."""
    correspondence.learn_letter(state, letter, outcome, HEAD_OFFICE, now)
