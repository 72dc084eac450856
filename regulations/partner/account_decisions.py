"""What a partner's account does now: the pure decision over its state and the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regulations.effects import Letter
from regulations.partner.account_state import AccountState


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: AccountState
    letters: list[Letter] = field(default_factory=list)
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return bool(self.letters)


def decide(before: AccountState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is."""
    raise NotImplementedError
