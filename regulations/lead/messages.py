"""The messages of a lead: what a door delivers, one model each.

A lead is one client's interest in one product; both make its address. Every message but the creation names the lead's case uid or the
centre that holds it, so that what was meant for one centre's lead never reaches the next one's (`ToLead`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, EmailStr, Field, StringConstraints, model_validator

from regulations import messages as m

LeadType = Literal["connection", "renewal", "upsell", "service", "activation"]
"""4.1.1 to 4.1.5."""
Temperature = Literal["hot", "warm", "cold"]
Origin = Literal[
    "registration",
    "connection_request",
    "demo_order",
    "consultation_order",
    "presentation_order",
    "call_order",
    "test_drive_order",
    "cold_call_list",
    "renewal_list",
    "seminar_contacts",
    "principal",
    "upsell_list",
    "other",
]
"""Where a lead comes from (Appendix 1); ``other`` brings its own temperature and the reason for it."""
Inn = Annotated[str, AfterValidator(m.right_inn)]
Link = Annotated[str, StringConstraints(pattern=r"^https?://[\x21-\x7e]{3,500}$")]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9][0-9 ()./-]{4,30}$")]


class Contact(m.Model):
    """A person at the client (8.2.4): reachable by phone or e-mail."""

    name: m.Line
    phone: Phone | None = None
    email: EmailStr | None = None


class ContactRecord(m.Model):
    """8.2.3: that somebody was spoken or written to. When: the message's ``happened_at``, unless ``at`` says otherwise."""

    channel: Literal["call", "meeting", "email"]
    with_whom: m.Line
    outcome: m.Reason
    at: m.Instant | None = None


class OfLead(m.Message):
    """What gives the address: the client by the CRM's number or, where there is none, by its INN; and the product."""

    client: m.Ident | None = None
    inn: Inn | None = None
    product: m.Ident

    @model_validator(mode="after")
    def _one_client(self) -> Self:
        if (self.client is None) == (self.inn is None):
            raise ValueError("name the client once: by 'client' (the CRM's number) or, where there is none, by 'inn'")
        return self


class Created(OfLead):
    """An enquiry of a client about a product (3.1, 3.2, 5.3), made at ``happened_at``. Begins a lead or updates the one there is."""

    creator: Literal["client", "principal", "centre"]
    """Who created it: the client by its own action, a principal who assigns it, or the service centre itself."""
    centre: m.Ident
    """The service centre that gets it; the creator itself, where a centre created it."""
    type: LeadType
    origin: Origin
    temperature: Temperature | None = None
    """Given with the origin ``other`` only: any other origin decides it (5.1)."""
    temperature_reason: m.Reason | None = None
    client_name: m.Line
    contacts: tuple[Contact, ...] = Field(min_length=1, max_length=20)
    comment: m.Text = ""
    link: Link | None = None
    """The lead in the CRM (3.3)."""
    manager: m.Ident | None = None

    @model_validator(mode="after")
    def _told_temperature(self) -> Self:
        if self.origin == "other" and (self.temperature is None or self.temperature_reason is None):
            raise ValueError("the origin 'other' needs 'temperature' and 'temperature_reason' (8.1.3)")
        if self.origin != "other" and (self.temperature is not None or self.temperature_reason is not None):
            raise ValueError("leave 'temperature' out: the origin decides it (Appendix 1); use the origin 'other' to choose it")
        return self

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not any(c.phone or c.email for c in self.contacts):
            raise ValueError("at least one contact needs a phone or an e-mail (8.2.4)")
        return self


class ToLead(OfLead):
    """A message to a running lead: it names whose lead it means, and is refused once that has passed to another centre."""

    uid: m.Ident | None = None
    """The lead's case uid."""
    centre: m.Ident | None = None
    """The centre that holds it."""

    @model_validator(mode="after")
    def _whose(self) -> Self:
        if self.uid is None and self.centre is None:
            raise ValueError("say whose lead is meant: by its 'uid' or by the 'centre' that holds it")
        return self


class ContactMade(ToLead):
    """A call, a meeting, an e-mail with the client."""

    contact: ContactRecord


class TakenIntoWork(ToLead):
    """``новая`` → ``в работе`` (3.5.2): with a contact record, here or before (8.2.3)."""

    contact: ContactRecord | None = None


class Postponed(ToLead):
    """6.3: put off to a future instant; a new lead is taken into work by it, which needs a contact record."""

    until: m.Instant
    contact: ContactRecord | None = None


class StageNoted(ToLead):
    """8.1.2: a stage of the work: an offer made, an invoice agreed …"""

    stage: m.Line
    comment: m.Text = ""


class InvoiceLinked(ToLead):
    """4.1.1 to 4.1.3: an invoice is linked; once billing says that it is paid, and this client's and product's, the lead is completed."""

    invoice: m.Ident


class Completed(ToLead):
    """4.1.4, 4.1.5: *service* and *activation* are completed with a comment on what was done."""

    comment: m.Reason


class Declined(ToLead):
    """The client declined: ``отказ``, with the reason."""

    reason: m.Reason


class TypeChanged(ToLead):
    """The type of an open lead is set right (8.1.3), within 4.1."""

    type: LeadType


class ContactsChanged(ToLead):
    """The contacts are set right (8.2.4)."""

    contacts: tuple[Contact, ...] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not any(c.phone or c.email for c in self.contacts):
            raise ValueError("at least one contact needs a phone or an e-mail (8.2.4)")
        return self


class ManagerAssigned(ToLead):
    """6.1: a manager of the centre gets it; an earlier one is replaced."""

    manager: m.Ident


class DayPlanned(ToLead):
    """6.2: the day on which a warm or cold new lead is to be worked on."""

    day: date


class Moved(ToLead):
    """5.2.1, 5.2.2: the principal moves it to another centre; or a measure decided under 9.4 does."""

    to: m.Ident
    by: m.Actor
    reason: m.Reason
    measure: m.Key | None = None
    """The proposal whose decision this carries out; set by the centre's own workflow."""


class Deleted(ToLead):
    """9.2: closed as withdrawn by a measure decided under 9.4; the history stays."""

    by: m.Actor
    reason: m.Reason
    measure: m.Key


class ViolationReported(ToLead):
    """8.2: somebody reports what the machine cannot see; it proposes the measures of 9.2 and 9.3."""

    clause: Literal["8.2.1", "8.2.2", "8.2.3", "8.2.4"]
    evidence: m.Reason
    by: m.Actor


class WaiveOfLead(m.Waive, ToLead):
    """`Waive`, to a lead."""


class ExtendOfLead(m.Extend, ToLead):
    """`Extend`, to a lead."""


class PauseOfLead(m.Pause, ToLead):
    """`Pause`, to a lead."""


class ResumeOfLead(m.Resume, ToLead):
    """`Resume`, to a lead."""


class WithdrawOfLead(m.Withdraw, ToLead):
    """`Withdraw`, to a lead."""


# --- service centres ------------------------------------------------------------------------------------------------

MeasureKind = Literal["move", "left_out_for_quarter", "left_out_for_good", "move_client", "close_product", "delete", "disconnect"]
"""9.1.1, 9.1.2, 9.1.3, 9.1.4, 9.1.5; 9.2: the lead is deleted, the centre disconnected."""


class Manager(m.Model):
    """Somebody at a service centre who works on leads."""

    id: m.Ident
    name: m.Line
    email: EmailStr


class OfCentre(m.Message):
    """A message to a service centre."""

    code: m.Ident


class CentreDefined(OfCentre):
    """A service centre as it is from now on; the first one makes it known. What is in force against it stays."""

    name: m.Line
    zone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$", max_length=60)]
    """IANA zone: every date of its leads is shown and counted there (3.4, 7.1)."""
    email: EmailStr
    """The address for information that it named (3.3)."""
    head: EmailStr
    managers: tuple[Manager, ...] = Field((), max_length=300)
    products: tuple[m.Ident, ...] = Field(min_length=1, max_length=300)
    """What it may sell."""

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        if len({manager.id for manager in self.managers}) != len(self.managers):
            raise ValueError("each manager's id may stand once")
        return self


class MeasureDecided(OfCentre):
    """9.4: the sales support service decides on a proposal: which measures are taken, or none."""

    proposal: m.Key
    """The key of the proposal, as the notice and ``reglament leads measures`` name it."""
    measures: tuple[MeasureKind, ...] = Field((), max_length=7)
    """Of those that the proposal allows; none: declined."""
    to: m.Ident | None = None
    """The centre that gets the lead (``move``, ``move_client``)."""
    fine: Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=2)] | None = None
    """8.2.1 only; its size stands in another document and is never computed here."""
    reason: m.Reason
    by: m.Actor

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if {"move", "move_client"} & set(self.measures) and self.to is None:
            raise ValueError("say in 'to' which centre gets the lead")
        if "delete" in self.measures and {"move", "move_client"} & set(self.measures):
            raise ValueError("a lead is either deleted or moved")
        return self


class Objected(OfCentre):
    """10.1: the centre objects to a proposal or a measure: it is suspended until the objection is decided."""

    proposal: m.Key
    text: m.Reason
    by: m.Actor


class ObjectionDecided(OfCentre):
    """10.1: the sales support service decides on the objection."""

    proposal: m.Key
    upheld: bool
    """True: the centre is right, and the proposal or measure falls."""
    reason: m.Reason
    by: m.Actor


class MeasureLifted(OfCentre):
    """The sales support service ends a measure that is in force."""

    proposal: m.Key
    reason: m.Reason
    by: m.Actor


# --- bulk actions ---------------------------------------------------------------------------------------------------


class Quota(m.Model):
    """How many leads a manager gets."""

    manager: m.Ident
    leads: Annotated[int, Field(gt=0, le=100_000)]


class BulkStarted(m.Message):
    """6.1 to 6.3, 3.2: one action over many leads. What is selected is frozen first; then each lead gets it at most once."""

    bulk: m.Ident
    """Its id; the workflow is ``bulk/{id}``."""
    action: Literal["assign", "spread", "postpone", "create"]
    by: m.Actor
    centre: m.Ident | None = None
    """Whose leads; None for ``create``, where each row names its own."""
    leads: tuple[Annotated[str, StringConstraints(pattern=r"^lead/[\x21-\x7e]{3,140}$")], ...] = Field((), max_length=5_000)
    """The selection by addresses …"""
    query: Annotated[str, StringConstraints(max_length=1000)] | None = None
    """… or by a visibility query, e.g. ``ServiceCentre = 'vlad-1' AND Stage = 'new'``."""
    file: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """``create``: the SHA-256 of the CSV or XLSX, kept by the door."""
    file_name: m.Line | None = None
    quotas: tuple[Quota, ...] = Field((), max_length=300)
    """``assign``."""
    first: date | None = None
    last: date | None = None
    """``spread``: the days of the period."""
    until: m.Instant | None = None
    """``postpone``."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        chosen = sum(map(bool, (self.leads, self.query, self.file)))
        if chosen != 1:
            raise ValueError("choose the leads once: by 'leads', by 'query', or, to create them, by 'file'")
        needed = {
            "assign": bool(self.quotas),
            "spread": self.first is not None and self.last is not None and self.first <= self.last,
            "postpone": self.until is not None,
            "create": self.file is not None and self.file_name is not None,
        }[self.action]
        if not needed:
            words = {
                "assign": "'assign' needs 'quotas'",
                "spread": "'spread' needs 'first' and 'last', the first not after the last",
                "postpone": "'postpone' needs 'until'",
                "create": "'create' needs 'file' and 'file_name'",
            }[self.action]
            raise ValueError(words)
        if (self.action == "create") != (self.file is not None):
            raise ValueError("a 'file' is for 'create' alone")
        if self.action != "create" and self.centre is None:
            raise ValueError("name the 'centre' whose leads they are")
        if self.first and self.last and (self.last - self.first).days > 366:
            raise ValueError("a period has at most 366 days")
        return self


class BulkCancelled(m.Message):
    """Stops a bulk action after the page at work; what was done stays done."""

    bulk: m.Ident
    by: m.Actor
    reason: m.Reason
