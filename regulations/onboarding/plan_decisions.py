"""What a service plan does now: the pure decision over its state and the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regulations import breaches
from regulations.breaches import earliest_wake, hold_terms, tell_inside, tell_of_terms, uncounted
from regulations.clause_case import hand_over
from regulations.effects import BillingQuestion, CaseMessageToTell, CrmRecord
from regulations.obligations import waive_all
from regulations.onboarding.case import CLIENT_MANAGER
from regulations.onboarding.plan_competitors import tell_of_competitors
from regulations.onboarding.plan_diary import begin_diary
from regulations.onboarding.plan_payments import ask_billing, forget_payments, keep_months, match_payments
from regulations.onboarding.plan_rhythm import beginnings, mark
from regulations.onboarding.plan_rows import register
from regulations.onboarding.plan_sales import next_deal
from regulations.onboarding.plan_state import PlanStage, PlanState
from regulations.onboarding.plan_training import keep_training
from regulations.onboarding.plan_updates import forget_updates, keep_rhythm, match_updates
from regulations.rows import NoticeKind

KINDS: dict[str, NoticeKind] = breaches.KINDS | {
    "plan_begun": "warning",
    "plan_without_manager": "warning",
    "plan_passed": "warning",
    "plan_ended": "ended",
}
"""What is told → kind of notice; everything else is an incident."""


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: PlanState
    look_up: BillingQuestion | None = None
    """4.3: on the payment day, and again before a breach stands."""
    deals: list[CrmRecord] = field(default_factory=list)
    """4.6: the sales that needs begin."""
    begin_diary: CaseMessageToTell | None = None
    """4.4: the manager's diary begins with its first plan."""
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return self.look_up is not None or self.begin_diary is not None or bool(self.deals)


def decide(before: PlanState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is.

    What has been counted by then is decided on; what is new is opened, and decided on once it has been counted too. While billing is asked
    nothing is decided: it answers within seconds, or is said to be slow.
    """
    state = before.model_copy(deep=True)
    decision = Decision(state)
    if state.started is None:
        return decision
    hand_over(state, CLIENT_MANAGER)
    tell_of_competitors(state, now)
    keep_training(state, now)
    mark(state)
    match_updates(state, now)
    match_payments(state)
    decision.look_up = ask_billing(state, now)
    if state.asking == "asked":
        return decision
    withdrawn = hold_terms(state, now, until=min(state.ended_at or now, now))
    keep_rhythm(state, now)
    keep_months(state, now)
    if _settled(state):
        assert state.ended_at is not None  # noqa: S101 - it has ended
        waive_all(state, state.ended_at, "plan_ended")
    tell_of_terms(state, withdrawn, now)
    if (deal := next_deal(state, now)) is not None:
        decision.deals.append(deal)
    decision.begin_diary = begin_diary(state)
    for tell in state.tells:
        tell_inside(state, tell, now, KINDS)
    state.tells = []
    _forget(state)
    register(state)
    if _settled(state) and not (state.needs or state.telling_diary or any(True for _ in state.unmet())):
        state.ended, state.outcome = True, state.stage
    if (wake := earliest_wake(state, now, more=beginnings(state, now))) is not None:
        decision.wake_at, decision.wake_for = wake
    return decision


def _settled(state: PlanState) -> bool:
    """Whether a plan that ends has counted everything that was done."""
    return state.at is PlanStage.ENDED and not uncounted(state)


def _forget(state: PlanState) -> None:
    """What is over leaves numbers, and what met it is spent."""
    known = dict(state.evidence)
    gone = {known[key].key for key in state.forget() if key in known}
    if gone:
        forget_updates(state, gone)
        forget_payments(state, gone)
