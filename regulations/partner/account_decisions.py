"""What a partner's account does now: the pure decision over its state and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from regulations import breaches
from regulations.breaches import earliest_wake, hold_terms, tell_inside, tell_of_terms, uncounted
from regulations.obligations import waive_all
from regulations.partner.account_calls import CALL, miss_calls, next_check
from regulations.partner.account_duties import forget, register, settle_in
from regulations.partner.account_rhythm import amend_breaches, judge, later_of
from regulations.partner.account_state import AccountStage, AccountState
from regulations.partner.effects import CommentQuestion
from regulations.rows import NoticeKind

KINDS: dict[str, NoticeKind] = breaches.KINDS | {
    "account_ended": "ended",
    "account_passed": "warning",
    "comment_poor": "warning",
    "comment_before_call": "warning",
    "comment_without_call": "warning",
    "campaign_told": "warning",
    "wish_reported": "warning",
    "wish_answered": "warning",
    "need_reported": "warning",
    "need_answered": "warning",
}
"""What is told → kind of notice."""


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: AccountState
    check: CommentQuestion | None = None
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return self.check is not None


def decide(before: AccountState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is.

    What has been counted by then is decided on; what is new is opened, and decided on once it has been counted too.
    """
    state = before.model_copy(deep=True)
    decision = Decision(state)
    if state.started is None:
        return decision
    settle_in(state, now)
    judge(state, now)
    later_of(state)
    withdrawn = hold_terms(state, now, until=min(state.ended_at or now, now)) + amend_breaches(state, now)
    if _settled(state):
        assert state.ended_at is not None  # noqa: S101 - it has ended
        waive_all(state, state.ended_at, "account_ended")
    tell_of_terms(state, withdrawn, now)
    miss_calls(state, now)
    decision.check = next_check(state)
    for tell in state.tells:
        tell_inside(state, tell, now, KINDS)
    state.tells = []
    forget(state)
    register(state)
    if _settled(state) and not any(True for _ in state.unmet()):
        state.ended, state.outcome, state.waits = True, state.stage, {}
    if (wake := earliest_wake(state, now, [name for name in state.waits if name.startswith(f"{CALL}/")])) is not None:
        decision.wake_at, decision.wake_for = wake
    return decision


def _settled(state: AccountState) -> bool:
    """Whether an account that ends has counted and checked everything that was done."""
    open_questions = state.to_check or state.judging or state.owed or uncounted(state)
    return state.at is AccountStage.ENDED and not open_questions
