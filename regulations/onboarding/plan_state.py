"""What a service plan knows: what is due next for the client. What was done is rows in registers."""

from __future__ import annotations

from enum import StrEnum

from regulations.long_clause_case import LongClauseCase
from regulations.onboarding.case import OnboardingCase
from regulations.onboarding.plan_messages import PlanBegun

KIND = "service-plan"


class PlanStage(StrEnum):
    """Where it stands."""

    ACTIVE = "active"
    ENDED = "ended"


class PlanState(LongClauseCase, OnboardingCase):
    """The whole durable state of a `ServicePlan`."""

    started: PlanBegun | None = None
    """The newest data."""

    @property
    def begun(self) -> PlanBegun:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started

    @property
    def zone(self) -> str | None:
        return self.started.zone if self.started is not None else None
