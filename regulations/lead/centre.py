"""What one service centre knows: its definition, the measures in force against it, and what about measures is under way.

Its leads and the proposals against it are rows in registers: here stands only what is open or in force, and counts of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from regulations.effects import CaseMessageToTell
from regulations.lead.effects import ProposalQuestion
from regulations.lead.messages import CentreDefined, MeasureKind
from regulations.lead.rows import CentreRow
from regulations.lead.state import KIND as LEAD
from regulations.lead.state import centre_role, head_role
from regulations.long_case import LongCase
from regulations.plans import OpeningRequest, control_name

KIND = "centre"
OBJECTORS = frozenset({"centre", "centre_head"})
"""The roles that object for a centre (10.1)."""


class Stage(StrEnum):
    """What distribution may do with the centre."""

    ACTIVE = "active"
    LEFT_OUT = "left_out"
    DISCONNECTED = "disconnected"


class InForce(BaseModel):
    """The lasting measures of one decided proposal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clause: str
    product: str
    lead: str
    """Address of the lead for which they were taken."""
    measures: tuple[MeasureKind, ...]
    since: datetime
    suspended: bool = False
    """10.1: an objection is open; nothing of it holds."""


class CentreState(LongCase):
    """The whole durable state of a `ServiceCentre`. Stays far under 256 KB when handed over: see `carried`."""

    definition: CentreDefined | None = None
    version: int = 0
    """Grows with every change of the register row: of the definition, or of what is in force."""
    measures: dict[str, InForce] = {}
    """By proposal. The end of a quarter is the wait ``quarter/{proposal}``."""
    questions: list[ProposalQuestion] = []
    """What is to be settled in the register of measures, one after the other."""
    asking: str | None = None
    to_tell: list[CaseMessageToTell] = []
    """For leads: moved, deleted (9.1.1, 9.1.4, 9.2)."""
    counts: dict[str, int] = {}
    """How many proposals came to what."""
    row: CentreRow | None = None
    """The register row as last written."""

    @property
    def begun(self) -> CentreDefined:
        if self.definition is None:
            raise LookupError("the centre has not been defined")
        return self.definition

    @property
    def code(self) -> str:
        return self.address.partition("/")[2]

    @property
    def holder(self) -> str | None:
        return self.code

    @property
    def people(self) -> tuple[str, str]:
        """The roles that are told of measures: the address for information, and the head."""
        return centre_role(self.code), head_role(self.code)

    def opening_request(self, now: datetime) -> OpeningRequest:
        asked = super().opening_request(now)
        return asked.model_copy(update={"regulation": LEAD, "calendar": control_name(self.begun.zone)})

    def holding(self, now: datetime) -> Iterator[tuple[str, InForce, MeasureKind]]:
        """Every measure that holds now, with its proposal: none under an objection, and none whose quarter is over."""
        for proposal, taken in self.measures.items():
            end = self.quarter(proposal)
            for kind in () if taken.suspended else taken.measures:
                if not (kind == "left_out_for_quarter" and end is not None and end <= now):
                    yield proposal, taken, kind

    def quarter(self, proposal: str) -> datetime | None:
        """When the quarter of a measure is over, once counted."""
        wait = self.waits.get(quarter_wait(proposal))
        return wait.plan.due if wait is not None and wait.plan is not None else None

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


def quarter_wait(proposal: str) -> str:
    """The wait for the end of the quarter for which a centre is left out (9.1.2)."""
    return f"quarter/{proposal}"
