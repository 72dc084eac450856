"""What a service plan does now: the pure decision over its state and the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regulations.effects import BillingQuestion, CaseMessageToTell, CrmRecord
from regulations.onboarding.plan_state import PlanState


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
    """Decides on everything known at ``now``. Pure: the given state stays as it is."""
    return Decision(before.model_copy(deep=True))
