"""The messages that a case takes from outside: what a door delivers, one model each.

``happened_at`` is when the thing happened, never when we heard of it. ``key`` makes a message count once within its
case. Values from outside are refused when they hold control characters or encoded words, since some of them end in
the headers of an e-mail. Errors never show the input (``hide_input_in_errors``).
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, EmailStr, Field, StringConstraints, model_validator

_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]|=\?")
"""Besides control characters: the line ends of Unicode, at which Python's ``email`` splits a header."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def one_line(value: str) -> str:
    if _FORBIDDEN.search(value):
        raise ValueError("must be one line without control characters and without '=?'")
    return value


def lines(value: str) -> str:
    value = value.replace("\r\n", "\n")
    if _UNPRINTABLE.search(value):  # PostgreSQL takes no NUL: such a text would stop every later write of its case
        raise ValueError("must hold no control characters but line ends and tabs")
    return value


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie in the years 1 to 9999, also in UTC") from None


def right_inn(value: str) -> str:
    """A Russian taxpayer number: 10 digits (a company) or 12 (a sole trader), with right check digits."""
    if not is_inn(value):
        raise ValueError("must be an INN of 10 or 12 digits with right check digits")
    return value


def is_inn(value: str) -> bool:
    """Whether the text is a Russian INN: length, digits and check digits."""
    if not (value.isascii() and value.isdigit()) or len(value) not in (10, 12):
        return False
    digits = [int(d) for d in value]
    weights = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)

    def check(upto: int) -> bool:
        return sum(w * d for w, d in zip(weights[-upto:], digits, strict=False)) % 11 % 10 == digits[upto]

    return check(9) if len(digits) == 10 else check(10) and check(11)


Ident = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""An id of the CRM or of billing: visible to everyone, so never an address, a phone number or a name."""
Key = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(one_line)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000), AfterValidator(lines)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000), AfterValidator(lines)]
Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""Aware, kept in UTC: the same instant written with another offset is the same message."""
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{7,14}$")]
"""International, as E.164 writes it."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Clause = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)*( \([0-9]+\))?$")]


class Model(BaseModel):
    """Strict about its fields, frozen, and silent about its input in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Actor(Model):
    """Who decided: an id of the company's directory, and the role in which it was done."""

    id: Ident
    role: Ident


class Message(Model):
    """What every message carries."""

    key: Key
    happened_at: Instant
    source: Literal["event", "mailbox", "cli", "ui"] = "event"
    by: Actor | None = None

    def digest(self) -> str:
        """A hash of what the message says, whatever way it came: a repeat has the same, a conflict another one."""
        said = json.dumps(self.model_dump(mode="json", exclude={"source"}), sort_keys=True)
        return hashlib.sha256(f"{type(self).__name__}:{said}".encode()).hexdigest()[:32]


class CaseMessage(Message):
    """A message to one obligation or to the whole case, the same for every regulation. The address is the case's own id."""

    by: Actor


class Waive(CaseMessage):
    """The escalation role lets an obligation go, with a reason."""

    clause: Clause
    reason: Reason


class Extend(CaseMessage):
    """The escalation role sets a later, absolute due instant."""

    clause: Clause
    new_due: Instant
    reason: Reason


class Pause(CaseMessage):
    """The escalation role stops the clock of an obligation, for at most what the edition allows."""

    clause: Clause
    reason: Reason


class Resume(CaseMessage):
    """The clock of a paused obligation goes on."""

    clause: Clause


class Withdraw(CaseMessage):
    """The case ends in an orderly way: obligations waived, parties told, registers consistent."""

    reason: Reason


class PeopleChanged(Message):
    """The company's register of people, or who is absent, has changed; ``happened_at`` is the change. The case asks for it anew."""


class CalendarChanged(Message):
    """A calendar has been published anew; ``happened_at`` is the publication. The same for every regulation."""

    calendar: Line
    version: Line
    """Version of the calendar from now on."""
    changed: tuple[date, ...] = Field(min_length=1, max_length=10_000)
    """The dates whose hours are others than before."""
    closed: tuple[date, ...] = Field((), max_length=10_000)
    """Those of them that are days off now and were not."""
    shifted: tuple[date, ...] = Field((), max_length=10_000)
    """Those of them with another offset from UTC: they alone move a term of calendar days."""


class SentFile(Model):
    """A file, kept by the door under the SHA-256 of its content."""

    name: Line
    sha256: Sha256 | None = None
    problem: Line | None = None
    """Why the door did not keep it."""

    @model_validator(mode="after")
    def _kept(self) -> SentFile:
        if self.sha256 is None:
            raise ValueError("the file itself must be sent: its 'content' in base64; one that is too large comes by the command line")
        return self


# --- handoff --------------------------------------------------------------------------------------------------------


class Partner(Model):
    """Who hands the client over."""

    id: Ident
    name: Line
    email: EmailStr
    collects_payments: bool
    """True when the partner's contract lets it take the clients' payments: such a partner is outside the regulation (1.2)."""


class Client(Model):
    """Who is handed over."""

    login: EmailStr
    name: Line
    inn: Annotated[str, AfterValidator(right_inn)]
    number: Ident | None = None
    """The client's id in the CRM or in billing, when there is one."""


class Sold(Message):
    """A partner sold a deal; ``happened_at`` is the sale. Starts a handoff."""

    deal: Ident
    partner: Partner
    client: Client
    tariff_line: Literal["bureau", "internet_accounting"]
    contract: Literal["written", "offer"]
    told_client: bool | None = None
    """Whether the partner told the client that support calls within 24 working hours (2.1.1); None: not declared."""


class HandoffMessage(Message):
    """A message to a running handoff."""

    deal: Ident


class PaymentReceived(HandoffMessage):
    """Billing says that money came: the payment itself is looked up there (3.2)."""


class AccessGranted(HandoffMessage):
    """The client's paid tariff was opened in billing; ``happened_at`` is billing's own time (2.1.2)."""

    reference: Ident
    tariff: Line
    starts_on: date | None = None
    """First day of the tariff; none: the same day (activation)."""


class RequestFile(Model):
    """A file of the training request, and whether it could be read."""

    name: Line
    kind: Literal["questionnaire", "contract", "other"]
    problem: Line | None = None
    """Why it does not count: unreadable, too large, password-protected …; none: it does."""
    sha256: Sha256 | None = None
    """The content, kept by the door under this name: the case has it read. None: the sender vouches that it can be read."""


class RequestReceived(HandoffMessage):
    """The partner's training request; ``happened_at`` is when our mail server received it (2.1.3, 2.1.4)."""

    subject: Line
    message_id: Annotated[str, StringConstraints(pattern=r"^<[\x21-\x3b\x3d\x3f-\x7e]{1,240}>$")] | None = None
    references: tuple[Annotated[str, StringConstraints(pattern=r"^<[\x21-\x3b\x3d\x3f-\x7e]{1,240}>$")], ...] = Field((), max_length=50)
    files: tuple[RequestFile, ...] = Field((), max_length=50)
    questionnaire: dict[Ident, Line] = Field(default_factory=dict, max_length=100)
    """The fields read from the questionnaire."""
    told_client: bool | None = None


class Accepted(HandoffMessage):
    """The contact centre accepts the client (2.2.3: ``Принят``)."""

    by: Actor
    despite: Reason | None = None
    """Why it is accepted although the automatic check names something missing (3.3)."""


class ReturnReason(Model):
    """A ground of chapter 3."""

    clause: Literal["3.1", "3.2", "3.3", "3.4"]
    text: Text = ""


class Returned(HandoffMessage):
    """The contact centre returns the client for rework (2.2.3: ``Не принят``), or the client declines the terms at the first contact."""

    by: Actor
    reasons: tuple[ReturnReason, ...] = Field(min_length=1, max_length=4)
    comment: Text = ""

    @model_validator(mode="after")
    def _once_each(self) -> Returned:
        if len({r.clause for r in self.reasons}) != len(self.reasons):
            raise ValueError("each clause of chapter 3 may be named once")
        return self


class FirstContact(HandoffMessage):
    """The first contact with the client was made (2.2.4)."""


class ContractSigned(HandoffMessage):
    """The written contract is prepared and signed (2.2.1)."""


class EnteredIntoCrm(HandoffMessage):
    """A person entered the client into the CRM by hand (2.2.5)."""

    record: Ident


class TrainingDone(HandoffMessage):
    """The client has been trained (5.3, second paragraph)."""


class ClosingDocumentsSigned(HandoffMessage):
    """The closing documents are prepared and signed (2.2.7)."""
