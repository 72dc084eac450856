"""What an order of additional services and a renewal know; they share chapters 5 to 7: invoice, payments, the word to the partner."""

from __future__ import annotations

from enum import StrEnum

from regulations.partner.case import PartnerCase
from regulations.partner.sale_messages import OrderConsented, RenewalConsented

ORDER, RENEWAL = "partner-order", "partner-renewal"


class SaleStage(StrEnum):
    """Where it stands; the second half are ends."""

    AWAITING_FORM = "awaiting_form"
    INVOICING = "invoicing"
    """The invoice is made, or waits for what 7.1 found missing."""
    AWAITING_PAYMENT = "awaiting_payment"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class SaleState(PartnerCase):
    """The whole durable state of a `ServiceOrder` or a `Renewal`."""

    started: OrderConsented | RenewalConsented | None = None

    @property
    def begun(self) -> OrderConsented | RenewalConsented:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started
