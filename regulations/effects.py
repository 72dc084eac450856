"""What a case asks of the world, and what the world answers: the inputs and results of the activities.

Every model is frozen and refuses unknown fields. All instants are aware and in UTC unless said otherwise.
An effect carries its key, ``<case uid>#<clause or step>#<key of the fact, or obligation + due>``: the same key
counts once, however often the activity runs.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Base64Bytes, JsonValue

from regulations.wire import Wire

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


class KeptFile(Wire):
    """A file that goes with a letter, by the SHA-256 under which its content is kept: too large for a case to carry."""

    name: str
    content_type: str
    sha256: str


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
    files: tuple[KeptFile, ...] = ()
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
    what: Literal["client", "deal"] = "client"
    """What kind of record it is; each has its own module and mapping in the CRM."""
    now: datetime


class CrmOutcome(Wire):
    """What the CRM answered."""

    record_id: str
    action: Literal["inserted", "updated", "unchanged"]
    duplicates: tuple[str, ...] = ()
    """Ids of further records found under the same external id (marked as duplicates; the oldest is kept)."""


# --- cases to each other ---------------------------------------------------------------------------------------------


class Beginning(Wire):
    """How a case is begun by another: what Temporal is told of it at its start."""

    workflow: str
    kind: str
    stage: str
    partner: str = ""
    client: str = ""
    """Search attributes; empty: it has none of that kind."""
    summary: str


class CaseMessageToTell(Wire):
    """A message from one of our workflows to a case, delivered as an Update: at most once, by its key."""

    address: str
    update: str
    message: dict[str, JsonValue]
    begins: Beginning | None = None
    """Begins the case, where none of this address runs; None: a case that is not there is told nothing."""


class Told(Wire):
    """What the case answered."""

    result: Literal["done", "repeated", "refused", "no_case"]
    type: str = ""
    text: str = ""
