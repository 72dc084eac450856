"""What an onboarding does now: the pure decision over its state and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from regulations.effects import BillingQuestion, CaseMessageToTell, CrmRecord
from regulations.onboarding.slip_state import SlipState


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: SlipState
    await_payment: BillingQuestion | None = None
    enter: CrmRecord | None = None
    """2.5: its visa enters the client into the CRM."""
    begin_plan: CaseMessageToTell | None = None
    """The client has passed to service, and its installation is done: its service plan begins."""
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return any(todo is not None for todo in (self.await_payment, self.enter, self.begin_plan))


def decide(before: SlipState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is."""
    return Decision(before.model_copy(deep=True))
