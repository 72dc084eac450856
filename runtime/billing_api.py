"""Billing's own interface for what we change: identifications credited (replacement 5.3, 6.1, 6.3), invoices numbered (partner 5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from runtime.keyed_api import ApiSettings, ApiUnavailableError, KeyedApi


class BillingApiSettings(ApiSettings):
    """Where billing takes credits and invoices: ``PUT {url}/credits/{key}``, ``PUT {url}/invoices/{key}``; the same key counts once."""


@dataclass(frozen=True)
class Credit:
    """Identifications for a tariff period of an account: the body of the call."""

    account: str
    period: str
    """The period whose balance grows."""
    identifications: int
    entry: str
    """``replacement``, ``tariff`` or ``top_up``."""
    of_period: str
    """The tariff to which it belongs."""
    case: str
    """Address of the case, for billing's note."""


@dataclass(frozen=True)
class InvoiceLine:
    """One service of an invoice. Sums are decimals as texts."""

    name: str
    appendix: str
    number: str
    quantity: int
    price: str
    sum: str


@dataclass(frozen=True)
class Invoice:
    """An invoice to be numbered: the body of the call. Sums are decimals as texts, dates are ISO 8601."""

    payer: dict[str, Any]
    """``name``, ``inn``, and, where they are known, ``kpp`` and ``address``."""
    contract: str
    contract_date: str
    lines: Sequence[InvoiceLine]
    total: str
    currency: str
    purpose: str
    issuer: str
    """Id of the person in whose name it is issued."""
    case: str
    """Address of the case, for billing's note."""


@dataclass(frozen=True)
class NumberedInvoice:
    """What billing made of it."""

    number: str
    issued_on: date
    """In the company's zone."""


class BillingApi(KeyedApi):
    """Billing's interface."""

    async def credit(self, key: str, credit: Credit) -> str:
        """Credit it, once under this key however often it is asked for; billing's reference of the entry.

        Raises:
            ApiUnavailableError, ApiConflictError, ApiRefusedError, ApiMisconfiguredError: as `KeyedApi.ask`.
        """
        (reference,) = await self.ask("PUT", f"/credits/{quote(key, safe='')}", asdict(credit), "reference")
        return reference

    async def invoice(self, key: str, invoice: Invoice) -> NumberedInvoice:
        """Enter the invoice, once under this key however often it is asked for; its number and day.

        Raises:
            ApiUnavailableError, ApiConflictError, ApiRefusedError, ApiMisconfiguredError: as `KeyedApi.ask`.
        """
        number, issued_on = await self.ask("PUT", f"/invoices/{quote(key, safe='')}", asdict(invoice), "number", "issued_on")
        try:
            return NumberedInvoice(number, date.fromisoformat(issued_on))
        except ValueError:
            raise ApiUnavailableError("answered a day that is none") from None
