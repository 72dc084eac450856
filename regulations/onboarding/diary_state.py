"""What a manager's diary knows: the papers that are owed now. Visits and what was done are rows in registers."""

from __future__ import annotations

from enum import StrEnum

from regulations.long_clause_case import LongClauseCase
from regulations.onboarding.case import OnboardingCase
from regulations.onboarding.diary_messages import DiaryBegun

KIND = "service-diary"


class DiaryStage(StrEnum):
    """Where it stands."""

    KEPT = "kept"
    ENDED = "ended"


class DiaryState(LongClauseCase, OnboardingCase):
    """The whole durable state of a `ServiceDiary`."""

    started: DiaryBegun | None = None
    """The newest data."""

    @property
    def begun(self) -> DiaryBegun:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started

    @property
    def zone(self) -> str | None:
        return self.started.zone if self.started is not None else None
