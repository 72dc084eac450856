"""What cases of partner support ask of the world, and what it answers: the inputs and results of their activities."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import JsonValue

from regulations.effects import KeptFile
from regulations.partner.meeting_messages import Weekday
from regulations.partner.messages import Contract, Ordered, Payer
from regulations.wire import Wire

# --- 4.2: the comment after a call -----------------------------------------------------------------------------------

Part = Literal["was", "now", "plans"]
"""What was done; how it is now; what is planned."""
PARTS: tuple[Part, ...] = ("was", "now", "plans")


class CommentQuestion(Wire):
    """A comment to be checked."""

    comment: str
    """Key of the message that brought it."""
    text: str


class CommentVerdict(Wire):
    """What the check of a comment found."""

    missing: tuple[Part, ...]
    """Parts that are not there at all."""
    empty: tuple[Part, ...]
    """Parts that are there and say nothing of substance."""
    found: tuple[tuple[Part, str], ...] = ()
    """By part the words by which it was found to have substance."""
    russian: bool = True
    """False: the comment is in another language and was not judged; it does not count."""

    @property
    def counts(self) -> bool:
        """Whether the comment is one: three parts with substance."""
        return not self.missing and not self.empty


# --- 7.1: the invoice -------------------------------------------------------------------------------------------------


class InvoiceQuestion(Wire):
    """What an invoice is to be made of."""

    contract: Contract | None
    payer: Payer | None
    services: tuple[Ordered, ...]
    city: str | None
    renewal: bool
    language: Literal["ru", "uk"]


class DraftLine(Wire):
    """A line of an invoice: each service its own (7.1)."""

    service: str
    """Its code; empty where it was written by hand."""
    name: str
    appendix: str
    number: str
    quantity: int
    price: Decimal
    """Of one, discount included."""
    sum: Decimal


class Defect(Wire):
    """Why an invoice must not be sent (7.1): a code of the catalogue, and what it is about."""

    code: str
    values: dict[str, str] = {}


class InvoiceDraft(Wire):
    """An invoice composed from the catalogue, and what is wrong with it; nothing: it may be sent."""

    lines: tuple[DraftLine, ...] = ()
    total: Decimal = Decimal(0)
    currency: str = "RUB"
    purpose: str = ""
    """The purpose of the payment: contract and its date, appendix and number of each service, without VAT, the city."""
    city: str | None = None
    """The city that the purpose has to name; None: none of the services is a marketing service."""
    executors: tuple[str, ...] = ()
    """The roles that execute its services (5.6)."""
    defects: tuple[Defect, ...] = ()


class InvoiceOrder(Wire):
    """An invoice to be issued, once under its key: a number from billing, the PDF."""

    key: str
    draft: InvoiceDraft
    contract: Contract
    payer: Payer
    issuer: str
    """Id of the person in whose name it is issued."""
    language: Literal["ru", "uk"]
    case: str
    now: datetime


class InvoiceIssued(Wire):
    """What came of it."""

    result: Literal["issued", "refused"]
    number: str = ""
    issued_on: date | None = None
    """In the company's zone."""
    file: KeptFile | None = None
    """The PDF; None of an invoice that a person made in billing."""
    reason: str = ""


class Sms(Wire):
    """A short message to a phone, once under its key."""

    key: str
    to: str
    template: str
    """Place in the catalogue: ``text(language, "sms", template, **values)``."""
    values: dict[str, JsonValue]
    language: Literal["ru", "uk"]
    now: datetime


class SmsOutcome(Wire):
    """What the gateway said."""

    result: Literal["sent", "refused"]
    reference: str = ""
    reason: str = ""


# --- 6.3: the next deal -----------------------------------------------------------------------------------------------


class NextDealQuestion(Wire):
    """Which deal the CRM's automation has opened after a renewal was paid."""

    partner: str
    contact: str | None
    direction: str
    status: str
    since: datetime


class NextDealAnswer(Wire):
    """The deals found, the oldest first."""

    deals: tuple[str, ...] = ()


# --- payments ---------------------------------------------------------------------------------------------------------

Verdict = Literal[
    "exact", "partial", "over", "several", "double", "ambiguous", "unknown", "wrong_purpose", "wrong_invoice", "wrong_currency"
]
"""``exact``, ``partial``, ``over``, ``several``: allocated, of ``over`` a rest is left. ``double``: its invoice was paid already.
``ambiguous``: it fits more than one. ``unknown``: it fits none. ``wrong_…``: to be returned as paid in error (7.2)."""
RETURNED = frozenset({"wrong_purpose", "wrong_invoice", "wrong_currency"})


class PaymentQuestion(Wire):
    """A payment to be matched with the invoices of the register, once under its reference."""

    case_uid: str
    reference: str
    amount: Decimal
    currency: str
    purpose: str
    payer_inn: str | None
    payer_name: str | None
    method: Literal["bank", "card"]
    posted_at: datetime


class Share(Wire):
    """What of a payment is allocated to an invoice."""

    invoice: str
    address: str
    """The case of the invoice."""
    deal: str
    """Its deal, for the message to it."""
    amount: Decimal
    paid: Decimal
    """What is paid on the invoice in all."""


class PaymentMatch(Wire):
    """What became of a payment: shares, and what is left. Shares + left = the payment, always."""

    verdict: Verdict
    shares: tuple[Share, ...] = ()
    left: Decimal
    why: tuple[str, ...] = ()
    """Codes of the catalogue: how the invoice was found, and why something is left."""
    candidates: tuple[str, ...] = ()
    """Numbers of the invoices that it may be meant for, where something is left."""


class AssignQuestion(Wire):
    """Finance allocates a part of what is left to an invoice, once under its key."""

    key: str
    reference: str
    invoice: str
    deal: str | None
    """Whose invoice it is, where the number alone does not tell."""
    amount: Decimal | None
    """None: as much as is left and open."""


class AssignAnswer(Wire):
    """What came of it. Only ``assigned`` has changed anything."""

    result: Literal["assigned", "no_invoice", "ambiguous", "not_open", "other_currency", "above_open", "above_left"]
    share: Share | None = None
    left: Decimal
    """Of the payment, as the ledger stands now."""


class RefundQuestion(Wire):
    """A return that finance has made is entered, once under its reference."""

    reference: str
    refund: str
    amount: Decimal
    returned_at: datetime
    by: str


class RefundAnswer(Wire):
    """What came of it. ``above_left``: more than is left of the payment, so that nothing was entered."""

    result: Literal["entered", "above_left"]
    left: Decimal
    """Of the payment, as the ledger stands now."""


# --- 8.1: meetings ----------------------------------------------------------------------------------------------------


class MeetingQuestion(Wire):
    """The next meeting by a schedule."""

    weekday: Weekday
    at: str
    every_weeks: int
    first: date | None
    since: datetime
    """When the schedule was set: without ``first`` the weeks count from the first such weekday after it."""
    after: datetime
    """The next one begins later than this."""
    calendar: str
    """Its zone is that of the hour; its days off have no meeting."""


class MeetingAnswer(Wire):
    """The next meeting by the schedule."""

    day: date
    at: datetime


class PackQuestion(Wire):
    """The meeting pack of a manager (8.1) and its own report (8.2), as the registers stand."""

    manager: str
    meeting: datetime
    since: datetime | None
    """The meeting before: what was noted earlier is not of this one."""
    language: Literal["ru", "uk"]
    calendar: str
    """The company's: its zone is that of days, hours and months."""
    now: datetime


class Pack(Wire):
    """The pack: its workbook, and what the e-mail says."""

    file: KeptFile
    values: dict[str, JsonValue]
    """For the letter's template."""
    partners: int
    gaps: int
    """Partners for whom the manager has yet to prepare something."""
