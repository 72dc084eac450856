"""What a replacement does now: the pure decision over its state and the time, clause by clause."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regulations.effects import Letter
from regulations.replacement.effects import (
    AccountQuestion,
    AuditQuestion,
    CreditOrder,
    DecisionQuestion,
    LinksQuestion,
    SecretToDestroy,
)
from regulations.replacement.state import ReplacementState


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: ReplacementState
    letters: list[Letter] = field(default_factory=list)
    look_up: AccountQuestion | None = None
    check_links: LinksQuestion | None = None
    audit: AuditQuestion | None = None
    take: DecisionQuestion | None = None
    credit: CreditOrder | None = None
    destroy: SecretToDestroy | None = None
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        asked = (self.look_up, self.check_links, self.audit, self.take, self.credit, self.destroy)
        return bool(self.letters) or any(one is not None for one in asked)


def decide(before: ReplacementState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is."""
    raise NotImplementedError
