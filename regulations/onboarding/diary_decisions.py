"""What a diary does now: the pure decision over its state and the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regulations.effects import Letter
from regulations.onboarding.diary_state import DiaryState
from regulations.onboarding.effects import PaperQuestion, PapersQuestion


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: DiaryState
    seek: PapersQuestion | None = None
    draws: list[PaperQuestion] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    """4.4: a draft to the manager, a confirmed paper to the group head."""
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return self.seek is not None or bool(self.draws or self.letters)


def decide(before: DiaryState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is."""
    return Decision(before.model_copy(deep=True))
