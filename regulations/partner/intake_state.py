"""What a partner's intake knows."""

from __future__ import annotations

from enum import StrEnum

from regulations.partner.case import PartnerCase
from regulations.partner.intake_messages import MovedToWork

KIND = "partner-intake"


class IntakeStage(StrEnum):
    """Where it stands."""

    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    ACCEPTED = "accepted"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class IntakeState(PartnerCase):
    """The whole durable state of a `PartnerIntake`."""

    started: MovedToWork | None = None

    @property
    def begun(self) -> MovedToWork:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started
