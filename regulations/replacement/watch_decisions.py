"""What a lead watch does now: writes what came, looks at the leads whose instant has come, tells the franchisee."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regulations.effects import Letter
from regulations.replacement.effects import PassingQuestion, WatchStep
from regulations.replacement.watch_state import WatchState


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
    """Decides on everything known at ``now``. Pure: the given state stays as it is."""
    raise NotImplementedError
