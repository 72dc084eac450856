"""The rows of the registers about partners: their calls, deals and invoices."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from regulations.rows import Row


class PartnerRow(Row):
    """A partner that is supported, as it stands: what the meeting pack says of it (partner 8.1).

    Natural key: case uid; the newest state stands."""

    table: Literal["partners"] = "partners"
    partner: str
    name: str
    manager: str
    """The support manager's id."""
    active: bool
    begun_at: datetime
    paid_until: date | None = None
    last_contact_at: datetime | None = None
    next_activity_at: datetime | None = None
    calls: int = 0
    """So far."""
    poor_comments: int = 0
    noted_at: datetime | None = None
    """When its state was noted last."""
    leads: int | None = None
    meetings: int | None = None
    contracts: int | None = None
    contracts_sum: Decimal | None = None
    problem: str = ""
    urgent: bool = False
    answer: str = ""
    next_step: str = ""
    outlook: str = ""
    renewal_sum: Decimal | None = None
    renewal_on: date | None = None
    additional: str = ""
    additional_sum: Decimal | None = None


class CallRow(Row):
    """A call with a partner and the check of its comment (partner 4.2). Natural key: case uid, call; the newest state stands."""

    table: Literal["partner_calls"] = "partner_calls"
    call: str
    partner: str
    manager: str
    called_at: datetime
    commented_at: datetime | None = None
    """When the comment that counts was made; of a poor one, when the newest was."""
    counts: bool = False
    missing: tuple[str, ...] = ()
    """Of the newest comment: the parts that are missing or empty."""


class DealRow(Row):
    """An order of additional services or a renewal, as it stands: what the manager's report counts (partner 5.5, 8.2).

    Natural key: case uid; the newest state stands."""

    table: Literal["partner_deals"] = "partner_deals"
    deal: str
    what: Literal["order", "renewal"]
    partner: str
    partner_name: str
    manager: str
    stage: str
    services: str
    """In words."""
    total: Decimal | None = None
    """As invoiced; before that None."""
    currency: str = "RUB"
    invoice: str | None = None
    invoiced_at: datetime | None = None
    paid: Decimal = Decimal(0)
    paid_at: datetime | None = None
    """The posting time of the last payment."""
    begun_at: datetime
    closed_at: datetime | None = None


class InvoiceRow(Row):
    """An invoice, for payments to be matched with (partner 7.1, 7.2). What is paid on it stands in the ledger of payments.

    Natural key: case uid, number; the newest state stands."""

    table: Literal["partner_invoices"] = "partner_invoices"
    number: str
    deal: str
    what: Literal["order", "renewal"]
    partner: str
    payer_inn: str
    payer_name: str
    total: Decimal
    currency: str
    purpose: str
    contract_number: str
    contract_date: date
    places: tuple[tuple[str, str], ...]
    """Appendix and number of each service."""
    city: str | None = None
    state: Literal["open", "void"] = "open"
    """``void``: withdrawn, or made wrongly: a payment on it is returned (7.2)."""
    issued_at: datetime
