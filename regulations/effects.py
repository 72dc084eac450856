"""What a case asks of the world, and what the world answers: the inputs and results of the activities.

Every model is frozen and refuses unknown fields. All instants are aware and in UTC unless said otherwise.
An effect carries its key, ``<case uid>#<clause or step>#<key of the fact, or obligation + due>``: the same key
counts once, however often the activity runs.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, JsonValue


class Wire(BaseModel):
    """A value that crosses between workflow and activity: frozen, strict about its fields, silent about its input in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


# --- billing look-ups (reads) ---------------------------------------------------------------------------------------


class BillingQuestion(Wire):
    """Which payments and grants are asked for."""

    deal: str
    login: str
    zone: str
    """IANA zone of the company: a payment that has a date but no time is that date there."""
    known: tuple[str, ...] = ()
    """References of payments already judged and found wanting: the durable poll waits for another one."""


class Payment(Wire):
    """One payment that reached the company's account (the report of handoff 3.2)."""

    reference: str
    amount: Decimal
    currency: str
    reached_at: datetime
    """The bank's posting time; 00:00 of the date in the company's zone when the bank gives only a date."""
    date_only: bool = False


class Price(Wire):
    """What the client has to pay: the invoice of the deal, else the price of its tariff."""

    tariff: str
    amount: Decimal
    currency: str


class AccessGrant(Wire):
    """A paid tariff opened for the client's account in billing."""

    reference: str
    granted_at: datetime
    tariff: str
    starts_on: date | None = None
    """First day of the tariff; the same day for an activation, later for a tariff bought ahead."""


class BillingAnswer(Wire):
    """All that billing knows of the deal at one moment."""

    payments: tuple[Payment, ...] = ()
    price: Price | None = None
    access: AccessGrant | None = None
    """The earliest grant for the login that belongs to this deal."""


# --- correspondence -------------------------------------------------------------------------------------------------


class Attachment(Wire):
    """A file that goes with a letter."""

    name: str
    content_type: str
    content: Base64Bytes


class Thread(Wire):
    """The e-mail that a letter answers, so that it stands in the partner's own thread."""

    message_id: str
    references: tuple[str, ...] = ()
    subject: str


class OnUnknown(StrEnum):
    """What to do when the server may or may not have taken the letter (failure after DATA began)."""

    REPEAT = "repeat"
    """Send the same bytes again, same Message-ID: for notices."""
    HOLD = "hold"
    """Stop, and leave it to a person: for acceptances and money."""


class Letter(Wire):
    """One e-mail of a case to people outside, rendered from a template in the case's language."""

    key: str
    template: str
    """Name without suffix and language, e.g. ``handoff/accepted``."""
    language: Literal["ru", "uk"]
    to: tuple[str, ...]
    values: dict[str, JsonValue]
    thread: Thread | None = None
    on_unknown: OnUnknown = OnUnknown.REPEAT
    attachments: tuple[Attachment, ...] = ()
    now: datetime
    """The case's time at which it was decided; frozen into the Date header."""


class LetterOutcome(Wire):
    """What became of a letter."""

    result: Literal["sent", "held"]
    message_id: str
    subject: str
    refused: int = 0
    """How many of the recipients the server refused while it took the others."""
    repeated: bool = False
    """True when the same bytes had to be handed over more than once, so that a double may exist."""


# --- the CRM --------------------------------------------------------------------------------------------------------


class CrmRecord(Wire):
    """A record to be entered into the CRM, once per external id."""

    key: str
    external_id: str
    """Our unique key in the CRM; a second record with it is an incident."""
    fields: dict[str, JsonValue]
    """In our words; the adapter's mapping turns them into the CRM's field names."""
    now: datetime


class CrmOutcome(Wire):
    """What the CRM answered."""

    record_id: str
    action: Literal["inserted", "updated", "unchanged"]
    duplicates: tuple[str, ...] = ()
    """Ids of further records found under the same external id (marked as duplicates; the oldest is kept)."""


# --- registers ------------------------------------------------------------------------------------------------------


class Row(Wire):
    """A row of a register. ``seq`` grows within a case: an upsert never puts an older row over a newer one."""

    seq: int


class ObligationRow(Row):
    """The latest known state of one obligation. Natural key: case uid, key."""

    table: Literal["obligations"] = "obligations"
    key: str
    clause: str
    owner: str
    escalation: str
    duty: str
    term: str | None
    state: str
    started_at: datetime
    due: datetime | None = None
    met_at: datetime | None = None
    breached_at: datetime | None = None
    provisional: bool = False
    calendar: str | None = None
    calendar_version: str | None = None
    span_from: date | None = None
    """First and last local date on which the term depends: what a change of the calendar is compared with."""
    span_to: date | None = None
    note: str = ""


class BreachEntry(StrEnum):
    """Why a row stands in the register of breaches; rows are only ever added."""

    RECORDED = "recorded"
    MET_LATE = "met_late"
    WITHDRAWN = "withdrawn"


class BreachRow(Row):
    """One entry about a missed term. Natural key: case uid, obligation key, due, entry; the first one stands."""

    table: Literal["breaches"] = "breaches"
    key: str
    clause: str
    owner: str
    due: datetime
    entry: BreachEntry
    at: datetime
    """recorded: the due instant; met_late: when the duty was done; withdrawn: when we learnt that it had been met in time."""
    late_seconds: int | None = None
    note: str = ""


NoticeKind = Literal["warning", "breach", "breach_withdrawn", "incident", "ended"]


class NoticeRow(Row):
    """A message to somebody inside, sent by a scheduled round. Natural key: case uid, obligation key, kind, due, recipient."""

    table: Literal["notices"] = "notices"
    key: str
    clause: str
    kind: NoticeKind
    role: str
    recipient: str
    language: Literal["ru", "uk"]
    due: datetime | None
    earliest: datetime
    """From when it may be told; the round that mails it waits on for the recipient's working time."""
    at_once: bool = False
    """Mailed without waiting for the recipient's working time: no working time is left before the term."""
    text: str


class AcceptedClientRow(Row):
    """handoff 4.1, 4.2: a client accepted, or an acceptance reversed. Natural key: case uid, round, entry; the newest data stand."""

    table: Literal["accepted_clients"] = "accepted_clients"
    round: int
    entry: Literal["accepted", "reversed"]
    at: datetime
    deal: str
    partner_id: str
    partner_name: str
    client_login: str
    client_name: str
    tariff_line: str
    tariff: str | None
    access_granted_at: datetime | None
    tariff_starts_on: date | None
    payment_reference: str | None
    payment_amount: Decimal | None
    payment_currency: str | None
    payment_reached_at: datetime | None
    first_contact_at: datetime | None
    reason: str = ""


class PaymentRegisterRow(Row):
    """handoff 2.2.6: the client's login in the register of payments. Natural key: case uid, round, entry; the first one stands."""

    table: Literal["payments_register"] = "payments_register"
    round: int
    entry: Literal["entered", "reversed"]
    at: datetime
    client_login: str
    payment_reference: str | None


class IncidentRow(Row):
    """Something that a person must look at. Natural key: case uid, key; the first one stands."""

    table: Literal["incidents"] = "incidents"
    key: str
    what: str
    """A stable code such as ``payment_too_small``."""
    at: datetime
    text: str


class CorrectionRow(Row):
    """A fact learnt after its case had ended, and what it changed. Natural key: case uid, key; the first one stands."""

    table: Literal["corrections"] = "corrections"
    key: str
    """The key of the fact."""
    clause: str
    """The clause that it bears on; empty: none."""
    what: str
    happened_at: datetime
    learnt_at: datetime
    source: str
    by: str | None = None
    result: Literal["withdrawn", "stands", "recorded"]
    """The breach was none; the breach stands, done late; there was no breach to correct."""
    note: str = ""


AnyRow = Annotated[
    ObligationRow | BreachRow | NoticeRow | AcceptedClientRow | PaymentRegisterRow | IncidentRow | CorrectionRow,
    Field(discriminator="table"),
]


class RecordBatch(Wire):
    """All the rows that belong to decisions of one case, written in one transaction, in order."""

    case_uid: str
    address: str
    kind: str
    edition: str
    now: datetime
    rows: tuple[AnyRow, ...]

    def about(self) -> list[str]:
        """What it is about, for the Temporal UI: clauses, else the names of the registers."""
        clauses = {clause for row in self.rows if (clause := getattr(row, "clause", ""))}
        return sorted(clauses or {row.table for row in self.rows})
