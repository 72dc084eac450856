"""What one replacement knows: the request, what billing and the audit said, the decision, the credits."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from regulations.case import CaseState, Evidence, Obligation
from regulations.messages import SentFile
from regulations.plans import Edition
from regulations.replacement.effects import (
    AccountAnswer,
    AuditAnswer,
    AuditSettings,
    CreditOrder,
    DecisionAnswer,
    DecisionQuestion,
    Entry,
    LinksAnswer,
)
from regulations.replacement.messages import Requested, ToppedUp
from regulations.replacement.rows import ReplacementRow
from regulations.wire import Wire

KIND = "replacement"
QUALITY_CONTROL = "quality_control"
TECHNICAL = "technical"
HEAD_OFFICE = "head_office"
FRANCHISEE = "franchisee"
COMPANY_ROLES = (QUALITY_CONTROL, TECHNICAL, HEAD_OFFICE)
OWNERS: dict[str, str] = {"5.2": QUALITY_CONTROL, "5.3": TECHNICAL}
"""The clauses that have a term, and who owes them. The escalation role is the head office."""


class Stage(StrEnum):
    """Where a replacement stands; the second half are ends."""

    CHECKING = "checking"
    """Billing and the links of the request are looked up."""
    AWAITING_EXPORT = "awaiting_export"
    AUDITING = "auditing"
    AWAITING_DECISION = "awaiting_decision"
    DECIDING = "deciding"
    """A decision of quality control is being read: another one is told so."""
    CREDITING = "crediting"
    HELD = "held"
    """2: a debt stops the credit."""
    CREDITED = "credited"
    NOTHING_CONFIRMED = "nothing_confirmed"
    REFUSED = "refused"
    NOT_DUE = "not_due"
    """6.1: a top-up of an account that is not ``outside``."""
    WITHDRAWN = "withdrawn"


ENDS = frozenset({Stage.CREDITED, Stage.NOTHING_CONFIRMED, Stage.REFUSED, Stage.NOT_DUE, Stage.WITHDRAWN})


class ReplacementSettings(Wire):
    """The settings of an edition: interpretations of the source (see the page of the regulation)."""

    balance_percent: int = Field(gt=0, le=100)
    """1: a request is in order at this share of the tariff and below."""
    first_call: str
    """3.3"""
    attempts: int = Field(gt=0)
    """3.4: "at least 5" here, "more than 5" there: at least so many."""
    first_day_attempts: int = Field(gt=0)
    gap_minutes: int = Field(ge=0)
    least_left_minutes: int = Field(ge=0)
    cap_percent: int = Field(gt=0, le=100)
    """6.1 and 6.2: of the tariff, rounded down."""
    request_limit: str
    """How long after the tariff ran out a request is taken."""
    held_wait: str
    """2: how long a credit waits for a debt to be paid."""
    warn_fraction: float = Field(gt=0, lt=1)
    extensions: int = Field(ge=0)
    pauses: int = Field(ge=0)
    pause_limit: str


class Ground(BaseModel):
    """Why a request is refused: the clause, and the code of the words in the catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clause: str
    code: str
    values: dict[str, str | int] = {}


class Booked(BaseModel):
    """A credit that billing confirmed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry: Entry
    identifications: int
    period: str
    reference: str
    at: datetime


class Withdrawal(BaseModel):
    """The head office has withdrawn the case while a credit was under way: it ends once billing has said what became of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    reason: str


class ReplacementState(CaseState):
    """The whole durable state of a `LeadReplacement`."""

    requested: Requested | None = None
    topped_up: ToppedUp | None = None
    """6.1: instead of a request."""
    account: AccountAnswer | None = None
    """What billing said last."""
    account_wanted: bool = False
    asking_account: bool = False
    links: LinksAnswer | None = None
    asking_links: bool = False
    grounds: list[Ground] = []
    """Why it is refused."""
    export: SentFile | None = None
    """The newest export; it is audited unless `audited` names it."""
    exported_at: datetime | None = None
    """When it was made: calls after that lie in the future."""
    audited: str | None = None
    """SHA-256 of the export that `audit` is of."""
    audited_at: datetime | None = None
    """When the audit was there: no decision lies before it."""
    auditing: str | None = None
    """SHA-256 of the export that is being audited."""
    audit: AuditAnswer | None = None
    deciding: DecisionQuestion | None = None
    """A decision that is being read."""
    deciding_key: str = ""
    """Key of the message that brought it."""
    taking: bool = False
    """Whether it is being read already, or has yet to be."""
    decision: DecisionAnswer | None = None
    decided_at: datetime | None = None
    decided_by: str = ""
    cleared: bool = False
    """Billing has been looked up for the credits, and nothing stands against them."""
    orders: list[CreditOrder] = []
    """Credits ordered so far, in order: the second not before the first is confirmed (6.3)."""
    order_out: str | None = None
    """Key of the credit that is under way."""
    refused_orders: list[str] = []
    """Keys of the credits that billing refused: the same is ordered again under another key."""
    booked: list[Booked] = []
    withdrawal: Withdrawal | None = None
    closed_at: datetime | None = None
    secret_destroyed: bool = False
    destroying: bool = False
    evidence: dict[str, Evidence] = {}
    """By obligation key."""
    row: ReplacementRow | None = None
    """The register row as last written."""

    @property
    def at(self) -> Stage:
        return Stage(self.stage)

    @property
    def begun(self) -> Requested | ToppedUp:
        begun = self.requested or self.topped_up
        if begun is None:
            raise LookupError("the replacement has not begun")
        return begun

    @property
    def request(self) -> Requested:
        if self.requested is None:
            raise LookupError("this is a top-up: nobody asked for a replacement")
        return self.requested

    @property
    def edition(self) -> Edition:
        if self.opening is None:
            raise LookupError("the replacement has not been opened")
        return self.opening.edition

    @property
    def settings(self) -> ReplacementSettings:
        return ReplacementSettings.model_validate(self.edition.settings)

    @property
    def secret(self) -> str | None:
        """Reference to the client's password."""
        crm = self.requested.crm if self.requested else None
        return crm.secret if crm else None

    @property
    def outside(self) -> frozenset[str]:
        return frozenset({FRANCHISEE})

    def proof(self, o: Obligation) -> Evidence | None:
        return self.evidence.get(o.key)

    def sure(self, o: Obligation) -> bool:
        """A decision that was made in time and is still being read may yet meet 5.2."""
        return o.clause != "5.2" or self.deciding is None or o.due is None or self.deciding.at > o.due


def audit_settings(settings: ReplacementSettings, zone: str) -> AuditSettings:
    """What the audit judges by, in the client's zone."""
    return AuditSettings(
        zone=zone,
        first_call=settings.first_call,
        attempts=settings.attempts,
        first_day_attempts=settings.first_day_attempts,
        gap_minutes=settings.gap_minutes,
    )
