"""The messages of an incoming payment (``partner-payment/{reference}``): matching, and clause 7.2."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from regulations import messages as m
from regulations.partner.messages import Amount


class OfPayment(m.Message):
    """A message about one payment, by the bank's or billing's reference."""

    reference: m.Ident


class PaymentArrived(OfPayment):
    """Money came; ``happened_at`` is the bank's posting time. Begins the case."""

    amount: Amount
    currency: str = Field("RUB", pattern=r"^[A-Z]{3}$")
    purpose: m.Text = ""
    """As the payer wrote it."""
    payer_inn: str | None = Field(None, pattern=r"^[0-9]{10,12}$")
    payer_name: m.Line | None = None
    method: Literal["bank", "card"] = "bank"
    """``card`` (7.3): entered by finance, with the invoice's number as purpose."""


class Assigned(OfPayment):
    """Finance allocates what the rules could not: a part of the payment to an invoice."""

    invoice: m.Ident
    deal: m.Ident | None = None
    """Whose invoice it is: needed only where two of this number are open."""
    amount: Amount | None = None
    """None: as much as the invoice is open and the payment has left."""
    reason: m.Reason
    by: m.Actor


class Refunded(OfPayment):
    """7.2: finance has returned money as paid in error; ``happened_at`` is the return."""

    refund: m.Ident
    """The bank's or billing's reference of the return."""
    amount: Amount
    by: m.Actor


class WaiveOfPayment(m.Waive, OfPayment):
    """Lets an obligation go."""


class ExtendOfPayment(m.Extend, OfPayment):
    """Sets a later due instant."""


class PauseOfPayment(m.Pause, OfPayment):
    """Stops the clock of an obligation."""


class ResumeOfPayment(m.Resume, OfPayment):
    """The clock goes on."""
