"""What a lead does now: the pure decision over its state and the time, clause by clause."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regulations.effects import Letter
from regulations.lead.effects import ClientQuestion, InvoiceQuestion
from regulations.lead.state import LeadState


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: LeadState
    letters: list[Letter] = field(default_factory=list)
    look_up: ClientQuestion | None = None
    link: InvoiceQuestion | None = None
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return bool(self.letters or self.look_up or self.link)


def decide(before: LeadState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is."""
    raise NotImplementedError
