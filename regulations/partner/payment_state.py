"""What an incoming payment knows: what came, what the rules found, what finance did with what was left."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from regulations.case import Obligation
from regulations.partner.case import PartnerCase
from regulations.partner.effects import PaymentMatch, Share
from regulations.partner.payment_messages import Assigned, PaymentArrived, Refunded
from regulations.partner.services import ZERO

KIND = "partner-payment"


class PaymentStage(StrEnum):
    """Where it stands; the second half are ends."""

    MATCHING = "matching"
    UNDECIDED = "undecided"
    """Something is left, and finance has to find out what it is for."""
    RETURNING = "returning"
    """7.2: what is left follows no invoice, and is to be returned."""
    SETTLED = "settled"
    """All of it pays invoices or was returned."""
    REFUSED = "refused"
    """The ledger has another payment under this reference."""


ENDS = frozenset({PaymentStage.SETTLED, PaymentStage.REFUSED})


class Allocation(BaseModel):
    """A part of the payment that pays an invoice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    """``match``, or the key of the message with which finance allocated it."""
    share: Share


class Returned(BaseModel):
    """A part of the payment that finance has returned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    refund: str
    amount: Decimal


class PaymentState(PartnerCase):
    """The whole durable state of an `IncomingPayment`."""

    started: PaymentArrived | None = None
    matching: bool = False
    match: PaymentMatch | None = None
    """What the ledger answered."""
    steps: list[Assigned | Refunded] = []
    """What finance has done and the ledger has yet to hear, in order."""
    step_out: bool = False
    """The first of them is under way."""
    stepped_at: datetime | None = None
    """When finance did what it did last, of what the ledger has taken."""
    stepped_key: str = ""
    allocations: list[Allocation] = []
    to_tell: list[Allocation] = []
    """Of which the case of the invoice has yet to be told."""
    telling: int = 0
    """Tellings under way."""
    refunds: list[Returned] = []

    @property
    def at(self) -> PaymentStage:
        return PaymentStage(self.stage)

    @property
    def begun(self) -> PaymentArrived:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started

    @property
    def left(self) -> Decimal:
        """What pays no invoice and was not returned, by what the ledger has taken."""
        if self.match is None:
            return self.begun.amount
        assigned = sum((a.share.amount for a in self.allocations if a.step != "match"), ZERO)
        return self.match.left - assigned - self.returned

    @property
    def allocated(self) -> Decimal:
        return sum((a.share.amount for a in self.allocations), ZERO)

    @property
    def returned(self) -> Decimal:
        return sum((r.amount for r in self.refunds), ZERO)

    def sure(self, o: Obligation) -> bool:
        """What finance did in time, and the ledger has yet to take, may yet meet 7.2."""
        return o.due is None or all(step.happened_at > o.due for step in self.steps)
