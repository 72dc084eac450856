"""What an incoming payment knows."""

from __future__ import annotations

from enum import StrEnum

from regulations.partner.case import PartnerCase
from regulations.partner.payment_messages import PaymentArrived

KIND = "partner-payment"


class PaymentStage(StrEnum):
    """Where it stands."""

    MATCHING = "matching"
    UNDECIDED = "undecided"
    RETURNING = "returning"
    SETTLED = "settled"


class PaymentState(PartnerCase):
    """The whole durable state of a `IncomingPayment`."""

    started: PaymentArrived | None = None

    @property
    def begun(self) -> PaymentArrived:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started
