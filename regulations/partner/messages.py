"""What the messages of partner support share: the partner, its contract, the payer, what is ordered. All sums are exact decimals."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, EmailStr, Field, StringConstraints

from regulations import messages as m
from regulations.partner.services import ZERO, Amount, Percent

__all__ = ["Amount", "Contract", "Kpp", "Ordered", "Partner", "Payer", "Percent"]

Kpp = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}[0-9A-Z]{2}[0-9]{3}$")]


class Partner(m.Model):
    """A partner of the company."""

    id: m.Ident
    """Its id in the CRM, never a name or an address."""
    name: m.Line
    email: EmailStr
    phone: m.Phone | None = None
    """For notices by SMS (5.2)."""
    contact: m.Ident | None = None
    """The CRM's contact, to which deals are tied (5.4)."""


class Contract(m.Model):
    """The offer contract under which services are paid (7.1)."""

    number: m.Line
    date: date


class Payer(m.Model):
    """Who pays: the customer of the form `Заявка Заказчика` (5.1)."""

    name: m.Line
    inn: Annotated[str, AfterValidator(m.right_inn)]
    kpp: Kpp | None = None
    address: m.Line | None = None
    email: EmailStr
    phone: m.Phone | None = None


class Ordered(m.Model):
    """A service that is ordered, by its code in the company's catalogue."""

    service: m.Ident
    quantity: int = Field(1, ge=1, le=1000)
    discount_percent: Percent = ZERO
