"""What one handoff knows: its parties, its payment, its requests, its rounds."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from regulations.case import CaseState, Evidence, Obligation
from regulations.effects import AccessGrant, CrmRecord, Payment, Price
from regulations.handoff.rows import AcceptedClientRow, SaleRow
from regulations.messages import RequestFile, Sold
from regulations.plans import Edition
from regulations.wire import Wire

KIND = "handoff"
PARTNER, CC, CC_HEAD = "partner", "cc", "cc_head"
SENIOR_REGIONAL_MANAGER, REGIONAL_DIRECTORATE = "senior_regional_manager", "regional_directorate"
SUPPORT, FINANCE = "support", "finance"
ROLES = (CC, CC_HEAD, SENIOR_REGIONAL_MANAGER, REGIONAL_DIRECTORATE, SUPPORT, FINANCE)
"""The roles that the company's configuration resolves to addresses; the partner's address comes with the sale."""


class Stage(StrEnum):
    """Where a handoff stands, and, from ``done`` on, how it ended."""

    AWAITING_PAYMENT = "awaiting_payment"
    AWAITING_TRANSFER = "awaiting_transfer"
    CHECKING = "checking"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    DONE = "done"
    NOT_PAID = "not_paid"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


ENDS = frozenset({Stage.DONE, Stage.NOT_PAID, Stage.REFUSED, Stage.WITHDRAWN})
"""The stages in which a handoff has ended."""


class HandoffSettings(Wire):
    """The settings of an edition: interpretations of the source, and defaults where it sets no term."""

    payment_wait: str
    resubmission_wait: str
    poll_after: str
    poll_every_hours: int = Field(gt=0)
    warn_fraction: float = Field(gt=0, lt=1)
    extensions: int = Field(ge=0)
    pauses: int = Field(ge=0)
    pause_limit: str
    report_at: str
    """4.4: when the monthly report goes out, counted from the first of the month after the one that it covers."""
    questionnaire: tuple[str, ...]
    """Fields of the questionnaire that must be filled in (Appendix 1; the source does not contain its form)."""


class UnreadFile(BaseModel):
    """A file that came with a request, before anybody has looked into it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: RequestFile
    happened_at: datetime
    """When its message was received: this is when the file was there, however long reading it takes."""
    message: str
    """Key of that message."""


class Request(BaseModel):
    """The training request as it stands now: what several e-mails of one round have brought together."""

    model_config = ConfigDict(extra="forbid")

    subject: str
    message_id: str | None
    references: tuple[str, ...]
    received_at: datetime
    complete_at: datetime | None = None
    """When the last required attachment was there."""
    there: dict[str, datetime] = {}
    """Kind of attachment → when the first one that counts had come: e-mails may reach us out of order."""
    files: list[RequestFile] = []
    """The file that stands for each kind."""
    anew: list[str] = []
    """The kinds of which a file that counts has come since the last return."""
    questionnaire: dict[str, str] = {}
    said_at: dict[str, datetime] = {}
    """Field → when it was said: the newest word stands, whichever is learnt first."""


class HandoffState(CaseState):
    """The whole durable state of a `ClientHandoff`."""

    sale: Sold | None = None
    told_client_at: datetime | None = None
    price: Price | None = None
    payment: Payment | None = None
    judged: list[str] = []
    """Payments found wanting: another currency, or less than the tariff."""
    access: AccessGrant | None = None
    request: Request | None = None
    unread: list[UnreadFile] = []
    """Files that have yet to be read, in the order in which they became known; until then nothing is said to be missing."""
    reading: bool = False
    """One reading at a time."""
    round: int = 0
    """Transfers so far; the round-bound obligations carry it in their key."""
    transfer_at: datetime | None = None
    accepted_at: datetime | None = None
    returned_at: datetime | None = None
    evidence: dict[str, Evidence] = {}
    """By clause (once per case) or by obligation key (once per round)."""
    registered: AcceptedClientRow | None = None
    """The row of the accepted client as last written down."""
    findable: SaleRow | None = None
    """The row by which e-mails of the partner find this deal, as last written down."""
    records: list[CrmRecord] = []
    """CRM entries decided but not yet started."""
    record_out: str | None = None
    """Key of the CRM entry under way: one at a time, so that an older one never overtakes a newer."""
    look_up_wanted: bool = False
    looking_up: bool = False
    asked_at: datetime | None = None
    """When billing was asked last: its answer speaks of this instant, however long it took."""
    looked_up_at: datetime | None = None
    """The instant of which billing's last answer speaks."""
    polling: bool = False

    @property
    def sold(self) -> Sold:
        if self.sale is None:
            raise LookupError("the handoff has not begun")
        return self.sale

    @property
    def edition(self) -> Edition:
        if self.opening is None:
            raise LookupError("the handoff has not been opened")
        return self.opening.edition

    @property
    def settings(self) -> HandoffSettings:
        return HandoffSettings.model_validate(self.edition.settings)

    @property
    def outside(self) -> frozenset[str]:
        return frozenset({PARTNER})

    def prove(self, what: str, at: datetime, key: str) -> None:
        """Keeps the earliest proof of a duty: a fact may come before its duty is open, and late though made in time."""
        known = self.evidence.get(what)
        if known is None or at < known.happened_at:
            self.evidence[what] = Evidence(happened_at=at, key=key)

    def sure(self, o: Obligation) -> bool:
        """2.1.2 is missed only when billing says so: what counts is billing's own time, whether we were told or not. 2.1.4 is missed only
        when every file that came in time has been read."""
        if o.due is None:
            return True
        may_prove_it = o.clause == "2.1.4" and any(entry.happened_at <= o.due for entry in self.unread)
        return not may_prove_it and not self.billing_must_say(o, o.due)

    def billing_must_say(self, o: Obligation, since: datetime) -> bool:
        """Whether billing has not yet been heard on 2.1.2 about a given instant."""
        return o.clause == "2.1.2" and (self.looked_up_at is None or self.looked_up_at < since)

    def proof(self, o: Obligation) -> Evidence | None:
        """The fact that discharges an obligation: of its round, else of the whole case."""
        return self.evidence.get(o.key) or self.evidence.get(o.clause)
