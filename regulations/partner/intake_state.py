"""What a partner's intake knows: the agreements, the payment, the acceptance, the questions to sales."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from regulations.case import Evidence, Obligation
from regulations.catalogue import text
from regulations.partner.case import SALES_MANAGER, SUPPORT_MANAGER, PartnerCase
from regulations.partner.intake_messages import MovedToWork

KIND = "partner-intake"
PARTS = ("extra_payments", "speed", "geography")
"""1.3: the parts of the main comment that must be there, in the order in which they are asked for."""
CLAUSES = ("1.2", "1.3", "3.1")
"""What is owed in an intake; it ends once none of it is owed any more."""


class IntakeStage(StrEnum):
    """Where it stands."""

    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    ACCEPTED = "accepted"
    DONE = "done"
    WITHDRAWN = "withdrawn"


ENDS = frozenset({IntakeStage.DONE, IntakeStage.WITHDRAWN})


class NamedPart(BaseModel):
    """A part of the main comment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    """As it was written last."""
    said_at: datetime
    since: Evidence
    """The earliest message that named it."""


class Question(BaseModel):
    """1.4: what the support manager asks sales."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    answered: bool = False


class IntakeState(PartnerCase):
    """The whole durable state of a `PartnerIntake`."""

    started: MovedToWork | None = None
    parts: dict[str, NamedPart] = {}
    """1.3: what the main comment says, by part."""
    asked_for: bool = False
    """1.3: the sales manager has been told at the start what is missing."""
    handed: Evidence | None = None
    """1.2: the entry in the hand-over table."""
    paid: Evidence | None = None
    """3.1: the earliest posting time that anybody has told."""
    acceptance: Evidence | None = None
    """3.1: the earliest acceptance."""
    questions: dict[str, Question] = {}
    account: Literal["", "beginning", "begun", "failed"] = ""
    """The partner's account, which the first acceptance begins. ``failed``: a person begins it."""

    @property
    def begun(self) -> MovedToWork:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started

    @property
    def at(self) -> IntakeStage:
        return IntakeStage(self.stage)

    @property
    def people(self) -> dict[str, str]:
        if self.started is None:
            return {}
        return {SALES_MANAGER: self.started.sales_manager, SUPPORT_MANAGER: self.started.support_manager}

    @property
    def missing(self) -> list[str]:
        """1.3: the parts that are not there."""
        return [part for part in PARTS if part not in self.parts]

    @property
    def agreed(self) -> Evidence | None:
        """1.3: the message that brought the last of the parts."""
        if self.missing:
            return None
        return max((self.parts[part].since for part in PARTS), key=lambda since: since.happened_at)

    def missing_words(self) -> str:
        """The missing parts, by name."""
        return ", ".join(text(self.language, KIND, "part", part) for part in self.missing)

    def proof(self, o: Obligation) -> Evidence | None:
        match o.clause:
            case "1.2":
                return self.handed
            case "1.3":
                return self.agreed
        return self.acceptance

    def remarks(self, o: Obligation) -> list[str]:
        """1.3: what is missing."""
        missing = o.clause == "1.3" and self.missing
        return [text(self.language, KIND, "missing", parts=self.missing_words())] if missing else []
