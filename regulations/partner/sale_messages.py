"""The messages of an order (``partner/{deal}/order``) and of a renewal (``partner/{deal}/renewal``): chapters 5 to 7."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from regulations import messages as m
from regulations.partner.messages import Amount, Contract, Ordered, Partner, Payer, Percent
from regulations.partner.services import ZERO

Lines = tuple[Ordered, ...]


class OfSale(m.Message):
    """A message to the order or the renewal of one deal."""

    deal: m.Ident


class OrderConsented(OfSale):
    """5.1: the partner agrees to pay for additional services. Begins the order."""

    partner: Partner
    manager: m.Ident
    """The support manager; stays the owner whoever issues the invoice (5.2)."""
    issuer: m.Ident | None = None
    """5.2: the colleague who issues the invoice where the manager has no access to invoicing."""
    contract: Contract | None = None
    services: Lines = Field((), max_length=50)
    """What was talked of; the form may say otherwise."""
    city: m.Line | None = None


class FormReceived(OfSale):
    """5.1, 5.2: the customer's form `Заявка Заказчика`; ``happened_at`` is its arrival, from which 5.2 runs."""

    payer: Payer
    services: Lines = Field((), max_length=50)
    """None: what was talked of."""
    city: m.Line | None = None


class RenewalConsented(OfSale):
    """6.1: the partner is ready to pay for the renewal. Begins the renewal."""

    partner: Partner
    manager: m.Ident
    issuer: m.Ident | None = None
    contract: Contract
    """The contract in force."""
    package: m.Ident
    """Code of the package in the company's catalogue."""
    quantity: int = Field(1, ge=1, le=120)
    """Periods of the package."""
    discount_percent: Percent = ZERO
    payer: Payer
    city: m.Line | None = None


class Corrected(OfSale):
    """7.1: mends what the check of the invoice has found, before it is sent; only what is given changes."""

    contract: Contract | None = None
    payer: Payer | None = None
    services: Lines = Field((), max_length=50)
    city: m.Line | None = None
    by: m.Actor


class InvoiceLine(m.Model):
    """A line of an invoice that was made by hand."""

    name: m.Line
    appendix: m.Line
    number: m.Line
    quantity: int = Field(ge=1, le=1000)
    sum: Amount


class InvoiceMade(OfSale):
    """5.2: an invoice that a person made by hand in billing; checked against 7.1, and refused where it is wrong."""

    number: m.Ident
    purpose: m.Text
    """The purpose of the payment, as the invoice names it."""
    lines: tuple[InvoiceLine, ...] = Field(min_length=1, max_length=50)
    by: m.Actor


class Allocated(OfSale):
    """A payment, or a part of one, was allocated to the invoice; ``happened_at`` is its posting time. Told by `IncomingPayment` alone."""

    payment: m.Ident
    invoice: m.Ident
    amount: Amount
    paid: Amount
    """What is paid on the invoice in all."""


class PartnerTold(OfSale):
    """5.3: the manager has told the partner that the money came; ``happened_at`` is the contact."""

    by: m.Actor
    reason: m.Text = ""
    """Why not all was paid; needed on a partial payment."""
    hand_over: bool = False
    """On a partial payment: what is paid is handed over for execution now, without waiting for the rest."""


class Executed(OfSale):
    """5.6: the executor confirms: the access is open, or the service is taken over."""

    by: m.Actor
    note: m.Text = ""


class CardAsked(OfSale):
    """7.3: the client insists on paying to a card; one of two named roles must approve."""

    bank: m.Ident
    reason: m.Reason
    by: m.Actor


class CardDecided(OfSale):
    """7.3: the decision of the director or of the director for partners."""

    decision: Literal["approved", "refused"]
    reason: m.Text = ""
    by: m.Actor


class NextDealOpened(OfSale):
    """6.3: the CRM's automation has opened the next deal."""

    next_deal: m.Ident


class WaiveOfSale(m.Waive, OfSale):
    """Lets an obligation go."""


class ExtendOfSale(m.Extend, OfSale):
    """Sets a later due instant."""


class PauseOfSale(m.Pause, OfSale):
    """Stops the clock of an obligation."""


class ResumeOfSale(m.Resume, OfSale):
    """The clock goes on."""


class WithdrawOfSale(m.Withdraw, OfSale):
    """Ends it in an orderly way: the partner will not pay. Money that has come stays allocated, and is finance's to return."""
