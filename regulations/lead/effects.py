"""What a lead, a service centre and a bulk action ask of the world, and what the world answers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import JsonValue

from regulations.lead.messages import Contact, MeasureKind
from regulations.wire import Wire


class ClientQuestion(Wire):
    """What billing knows of a client and a product (4.1.1, 4.1.3, 5.2.1), and whether its contacts look made up (8.2.4)."""

    client: str | None
    inn: str | None
    product: str
    contacts: tuple[Contact, ...]


class ClientStanding(Wire):
    """The answer. Instants are aware, UTC."""

    last_used_at: datetime | None = None
    """When the client last used the product; None: never."""
    paid_until: datetime | None = None
    """End of the paid period; None: there was none."""
    invoice_until: datetime | None = None
    """Until when an unpaid invoice books the client (5.2.1)."""
    made_up: tuple[str, ...] = ()
    """Contacts that look made up, as ``index:code`` with the code ``phone`` or ``email``; never the value."""


class InvoiceQuestion(Wire):
    """Links an invoice to a lead, once, if billing says that it is right (4.1.1 to 4.1.3)."""

    key: str
    invoice: str
    client: str | None
    inn: str | None
    product: str
    case_uid: str
    address: str
    now: datetime


class InvoiceAnswer(Wire):
    """What became of it."""

    result: Literal["linked", "unknown", "unpaid", "other_client", "other_product", "already_linked"]
    paid_at: datetime | None = None
    amount: Decimal | None = None
    currency: str | None = None


class ProposalQuestion(Wire):
    """A centre's message about a proposal of a measure, to be settled in the register of measures, once."""

    key: str
    """Of the message."""
    centre: str
    proposal: str
    what: Literal["decide", "object", "uphold", "reject", "lift", "lapse"]
    """``uphold`` and ``reject`` decide on the objection."""
    measures: tuple[MeasureKind, ...] = ()
    to: str | None = None
    fine: Decimal | None = None
    reason: str
    by: str
    now: datetime


Refused = Literal[
    "not_allowed",
    "already_decided",
    "already_objected",
    "objection_open",
    "no_objection",
    "not_in_force",
    "unknown_centre",
    "unfit_centre",
]
"""Why a proposal that is known does not take a message."""


class ProposalAnswer(Wire):
    """The proposal as it stands now, and whether the message could be taken."""

    result: Literal["settled", "unknown"] | Refused
    """``unknown_centre``, ``unfit_centre``: the lead cannot move there; nobody has defined it, or it may not get this lead."""
    clause: str = ""
    lead: str = ""
    """Address of the lead."""
    lead_uid: str = ""
    product: str = ""
    in_force: tuple[MeasureKind, ...] = ()
    """The measures of this proposal that are in force against the centre now; none while an objection suspends them."""


# --- bulk -----------------------------------------------------------------------------------------------------------


class Selection(Wire):
    """What was frozen: how many leads, when."""

    total: int
    frozen_at: datetime


class FreezeBulk(Wire):
    """Writes the items of a bulk action as rows, once; asked again it gives the same answer. ``request`` is a `BulkStarted`."""

    bulk: str
    request: dict[str, JsonValue]
    now: datetime


class BulkPage(Wire):
    """Works the next items of a bulk action."""

    bulk: str
    after: int
    """Number of the last item done."""
    size: int
    now: datetime


class BulkPageDone(Wire):
    """What a page came to."""

    last: int
    """Number of its last item; the same as ``after``: nothing is left."""
    done: int
    refused: int
