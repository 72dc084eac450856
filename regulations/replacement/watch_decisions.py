"""What a lead watch does now: writes what came, looks at the leads whose instant has come, tells the franchisee."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regulations.breaches import KINDS, tell_inside
from regulations.case import Tell
from regulations.catalogue import text
from regulations.effects import Letter
from regulations.replacement.effects import PassingQuestion, WatchStep
from regulations.replacement.rows import WatchRow
from regulations.replacement.state import audit_settings
from regulations.replacement.watch_facts import POSSIBLE
from regulations.replacement.watch_state import ENDS, KIND, WatchStage, WatchState


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: WatchState
    step: WatchStep | None = None
    count: PassingQuestion | None = None
    letters: list[Letter] = field(default_factory=list)
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return self.step is not None or self.count is not None or bool(self.letters)


def decide(before: WatchState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is.

    One step at a time, in the order of what came; a message that comes meanwhile waits its turn.
    """
    state = before.model_copy(deep=True)
    decision = Decision(state)
    if state.started is None:
        return decision
    if state.stage == WatchStage.WITHDRAWN:
        state.pending, state.tells, state.waits, state.possible_wanted = [], [], {}, False
    else:
        _step(state, decision, now)
        _possible(state, decision, now)
    decision.letters = _say(state, now)
    state.letters_out += [letter.key for letter in decision.letters]
    if state.stage == WatchStage.RUN_OUT and not _unfinished(state):
        state.stage = WatchStage.DONE
    if state.stage in ENDS:
        state.ended, state.outcome = True, state.stage
    _register(state)
    _next(state, decision, now)
    return decision


# --- 3.3, 3.4 -------------------------------------------------------------------------------------------------------


def _step(state: WatchState, decision: Decision, now: datetime) -> None:
    """What came is written in order; leads are looked at when the instant of the earliest has come."""
    due = state.next_at is not None and state.next_at <= now
    if state.stepping or not (state.pending or due or state.recount):
        return
    decision.step = WatchStep(
        watch=state.uid,
        address=state.address,
        edition=state.opening.edition.id if state.opening else "",
        account=state.begun.account,
        batch=state.pending[0] if state.pending else None,
        manager=state.begun.manager,
        language=state.language,
        settings=state.watch_settings,
        recount=state.recount,
        now=now,
    )
    state.stepping, state.recount = True, False


# --- 1 --------------------------------------------------------------------------------------------------------------


def _possible(state: WatchState, decision: Decision, now: datetime) -> None:
    """1: once a tariff, when its balance is low enough, or it has run out: what would pass is counted, of all that has come.

    A client that insists on a CRM and telephony of its own has got its 30 % at the top-up, and may ask for nothing (6.1).
    """
    if not state.possible_told and _low(state) and state.begun.mode != "outside":
        state.possible_wanted = True
    if state.possible_wanted and not (state.counting or state.stepping or state.pending):
        state.counting = True
        decision.count = PassingQuestion(watch=state.uid, settings=audit_settings(state.settings, state.begun.zone), now=now)


def _low(state: WatchState) -> bool:
    if state.stage == WatchStage.RUN_OUT:
        return True
    return state.balance is not None and state.balance * 100 <= state.begun.identifications * state.settings.balance_percent


def _say(state: WatchState, now: datetime) -> list[Letter]:
    """Hands on every telling: the letter to the franchisee when its hour has come, notices to people inside now."""
    letters: list[Letter] = []
    waiting: list[Tell] = []
    for tell in state.tells:
        if tell.what != POSSIBLE:
            tell_inside(state, tell, now, KINDS)
            continue
        wait = state.waits.get(tell.wait or "")
        if wait is None or wait.plan is None or now < wait.plan.tell_at:
            waiting.append(tell)
            continue
        del state.waits[tell.wait or ""]
        letters.append(_letter(state, tell, now))
    state.tells = waiting
    return letters


def _letter(state: WatchState, tell: Tell, now: datetime) -> Letter:
    begun = state.begun
    return Letter(
        key=f"{state.uid}#{tell.what}#{tell.key}",
        template=tell.what,
        language=state.language,
        to=(begun.franchisee.email,),
        values={
            "company": state.company,
            "franchisee": begun.franchisee.name or "",
            "account": begun.account,
            "period": begun.period,
            "identifications": begun.identifications,
            **tell.values,
        },
        now=now,
    )


# --- the register, the end, the next instant ------------------------------------------------------------------------


def _unfinished(state: WatchState) -> bool:
    """Whether a tariff that has run out still has terms, or something to be said."""
    open_terms = state.pending or state.stepping or state.recount or state.next_at is not None
    return bool(open_terms or state.possible_wanted or state.tells or state.letters_out)


def _register(state: WatchState) -> None:
    """Keeps the register row: who is reminded, and in which zone rounds are held for it."""
    begun, known = state.begun, state.row
    row = WatchRow(
        seq=known.seq if known is not None else 0,
        account=begun.account,
        period=begun.period,
        zone=begun.zone,
        manager=begun.manager,
        identifications=begun.identifications,
        running=not state.ended,
    )
    if row != known:
        state.row = row.model_copy(update={"seq": state.next_seq()})
        state.put(state.row)


def _next(state: WatchState, decision: Decision, now: datetime) -> None:
    """The earliest instant at which the watch must be awake, and the words for its timer."""
    if state.ended:
        return
    instants = [(wait.plan.tell_at, "tell") for wait in state.waits.values() if wait.plan is not None]
    if state.next_at is not None:
        instants.append((state.next_at, "look"))
    coming = [instant for instant in instants if instant[0] > now]
    if coming:
        decision.wake_at, what = min(coming)
        decision.wake_for = text(state.language, KIND, "timer", what)
