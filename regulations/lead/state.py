"""What one lead knows: whose it is, where it stands, its booking, its contacts, what has been decided about it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from regulations.case import CaseState, Evidence, Obligation
from regulations.lead.effects import ClientStanding, InvoiceQuestion
from regulations.lead.messages import Contact, ContactRecord, Created, LeadType, MeasureKind, Origin, Temperature
from regulations.lead.rows import LeadRow
from regulations.plans import Edition, OpeningRequest
from regulations.wire import Wire

KIND = "lead"
SALES_SUPPORT = "sales_support"
"""The sales support service: decides on measures (9.4), hears of every breach. A role of the company's configuration."""
PRINCIPAL = "principal"
"""The role of whoever moves leads for the principals."""
COMPANY_ROLES = (SALES_SUPPORT,)


def centre_role(code: str) -> str:
    """The role of a centre's address for information."""
    return f"centre:{code}"


def head_role(code: str) -> str:
    return f"centre_head:{code}"


def manager_role(code: str, manager: str) -> str:
    return f"manager:{code}/{manager}"


def centre_of(role: str) -> str:
    """The code in a role of a centre."""
    return role.partition(":")[2].partition("/")[0]


class Status(StrEnum):
    """3.5, 3.6; and ``withdrawn``: deleted by a measure (9.2) or withdrawn by the company, history kept."""

    NEW = "new"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DECLINED = "declined"
    BLOCKED = "blocked"
    WITHDRAWN = "withdrawn"


ENDS = frozenset({Status.COMPLETED, Status.DECLINED, Status.BLOCKED, Status.WITHDRAWN})
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.NEW: frozenset({Status.IN_PROGRESS, Status.COMPLETED, Status.DECLINED, Status.BLOCKED, Status.WITHDRAWN}),
    Status.IN_PROGRESS: frozenset({Status.NEW, Status.COMPLETED, Status.DECLINED, Status.BLOCKED, Status.WITHDRAWN}),
    **{end: frozenset() for end in ENDS},
}
"""The page's transitions; each has conditions of its own (`regulations.lead.facts`)."""

TEMPERATURES: dict[Origin, Temperature] = {
    "registration": "warm",
    "connection_request": "hot",
    "demo_order": "warm",
    "consultation_order": "hot",
    "presentation_order": "warm",
    "call_order": "hot",
    "test_drive_order": "warm",
    "cold_call_list": "cold",
    "renewal_list": "cold",
    "seminar_contacts": "warm",
    "principal": "warm",
    "upsell_list": "cold",
}
"""Appendix 1."""
CLAUSES: dict[Temperature, str] = {"hot": "7.2.1", "warm": "7.2.2", "cold": "7.2.3"}
"""The duty to take a lead into work, by its temperature."""
HOTTER: dict[Temperature, int] = {"cold": 0, "warm": 1, "hot": 2}


class LeadSettings(Wire):
    """The settings of an edition: interpretations of the source."""

    booking: str
    """4.1.1: the term of the booking that a *connection* opens."""
    unused_months: int = Field(gt=0)
    """4.1.1: how long a product must not have been used to be sold as new."""
    warn_fraction: float = Field(gt=0, lt=1)
    extensions: int = Field(ge=0)
    pauses: int = Field(ge=0)
    pause_limit: str
    idle_postponements: int = Field(gt=0)
    """8.2.2: after so many postponements in a row without a contact in between, a measure is proposed."""


class Booking(BaseModel):
    """4.1.1: the client and the product are booked for the holder. Its end is the wait ``booking``."""

    model_config = ConfigDict(extra="forbid")

    started_at: datetime
    ended_at: datetime | None = None
    why: Literal["", "term", "declined", "withdrawn", "moved", "paid", "contradicted", "retyped"] = ""


class Proposal(BaseModel):
    """9.1 to 9.3: what may be done about a violation; a person decides (9.4). The register of measures has the rest of its life."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """``UID/clause/round``: unique over all leads; the decision names it."""
    clause: str
    allows: tuple[MeasureKind, ...]
    centre: str
    at: datetime
    evidence: str


class Owed(BaseModel):
    """A duty of 7.2 that is opened with the case's opening, since the edition has its term."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    clause: str
    started_at: datetime
    learnt_at: datetime


class LeadState(CaseState):
    """The whole durable state of a `PotentialSale`."""

    created: Created | None = None
    """The creation that began it."""
    type: LeadType = "service"
    temperature: Temperature = "cold"
    centre: str = ""
    """Code of the service centre that holds it."""
    manager: str | None = None
    round: int = 1
    """Arrivals at a centre so far: the obligations of one arrival carry it in their key."""
    arrived_at: datetime | None = None
    owed: list[Owed] = []
    """Duties of this arrival that have yet to be opened."""
    typed_at: datetime | None = None
    """Since when it has its type: billing's word is held against this instant (4.1.1, 4.1.3)."""
    contacts: list[Contact] = []
    contact: ContactRecord | None = None
    """The latest contact in this round, and when it was, in its ``at``."""
    contacted_at: datetime | None = None
    """When the first contact of this round was: no taking into work lies before it (8.2.3)."""
    postponements: int = 0
    """In a row, without a contact in between (8.2.2)."""
    taken_at: datetime | None = None
    planned_on: date | None = None
    postponed_until: datetime | None = None
    stages: int = 0
    """Stages of the work noted so far (8.1.2)."""
    closed_at: datetime | None = None
    booking: Booking | None = None
    evidence: dict[str, Evidence] = {}
    """By obligation key."""
    standing: ClientStanding | None = None
    """What billing said last, and the judgement of the contacts."""
    standing_wanted: bool = False
    looking_up: bool = False
    type_contradicted: bool = False
    """Billing contradicts the type (4.1.1, 4.1.3): no booking, and no completing, until the type is set right."""
    invoices: list[InvoiceQuestion] = []
    """To be linked, one after the other."""
    invoice_out: str | None = None
    invoice: str | None = None
    """The paid invoice that completed it."""
    proposals: list[Proposal] = []
    hot_told: int = 0
    """The last round in which the centre was told at once of a hot lead (5.2.1)."""
    successor: Created | None = None
    """3.6: the *connection* of another centre that takes the address over once this lead has written its last."""
    row: LeadRow | None = None
    """The register row as last written."""

    @property
    def status(self) -> Status:
        return Status(self.stage)

    @property
    def begun(self) -> Created:
        if self.created is None:
            raise LookupError("the lead has not begun")
        return self.created

    @property
    def edition(self) -> Edition:
        if self.opening is None:
            raise LookupError("the lead has not been opened")
        return self.opening.edition

    @property
    def settings(self) -> LeadSettings:
        return LeadSettings.model_validate(self.edition.settings)

    @property
    def booked(self) -> bool:
        """Whether a booking runs (4.1.1)."""
        return self.booking is not None and self.booking.ended_at is None

    @property
    def owner(self) -> str:
        """Who owes 7.2 and 8: the assigned manager, where the centre knows it, else the centre."""
        if self.manager is not None and self.opening is not None and manager_role(self.centre, self.manager) in self.opening.roles:
            return manager_role(self.centre, self.manager)
        return centre_role(self.centre)

    @property
    def holder(self) -> str | None:
        return self.centre or None

    def opening_request(self, now: datetime) -> OpeningRequest:
        return super().opening_request(now).model_copy(update={"centre": self.centre, "manager": self.manager})

    def proof(self, o: Obligation) -> Evidence | None:
        return self.evidence.get(o.key)

    def recounts(self, o: Obligation) -> bool:
        """What a centre owed before a move was counted in its own control time, and is over."""
        return o.key.split("/")[1] == str(self.round)

    def heard_by(self, o: Obligation) -> list[str]:
        """The owner, the head of the centre, and the sales support service."""
        return sorted({o.owner, head_role(centre_of(o.owner)), o.escalation})
