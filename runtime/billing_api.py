"""Billing's own interface for what we change there: crediting identifications (replacement 5.3, 6.1, 6.3)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Self
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from runtime.retry_after import retry_after


class BillingApiSettings(BaseModel):
    """Where billing takes credits: ``PUT {url}/credits/{key}``; the same key credits once."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(pattern=r"^https?://[\x21-\x7e]+$")
    token: SecretStr
    """Sent as ``Authorization: Bearer``."""
    timeout: timedelta = timedelta(seconds=20)
    """For one call, connection to answer."""


class BillingApiUnavailableError(Exception):
    """Billing is away, busy, or answered what is no answer: whether it has credited is unknown; repeat the same call."""

    def __init__(self, text: str, after: timedelta | None = None) -> None:
        super().__init__(text)
        self.after = after
        """How long billing asks us to wait."""


class BillingApiMisconfiguredError(Exception):
    """Token, rights or address are wrong on our side."""


class BillingApiConflictError(Exception):
    """Billing has another credit under this key: a person must look."""


class BillingApiRefusedError(Exception):
    """Billing does not take this credit; the text is its reason, in its own words."""


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


class BillingApi:
    """Billing's interface; share one per process and close it at the end. Neither bodies nor the token come into any text or log."""

    def __init__(self, settings: BillingApiSettings) -> None:
        """Connects only when used."""
        self._timeout = settings.timeout.total_seconds()
        self._credits = f"{settings.url.rstrip('/')}/credits"
        self._http = httpx2.AsyncClient(
            timeout=self._timeout,
            headers={
                "Authorization": f"Bearer {settings.token.get_secret_value()}",
                "User-Agent": "reglament",
                "Accept": "application/json",
            },
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def credit(self, key: str, credit: Credit) -> str:
        """Credit it, once under this key however often it is asked for; billing's reference of the entry.

        Raises:
            BillingApiUnavailableError: no answer in time, or none that says what was done.
            BillingApiConflictError: the key was used for another credit.
            BillingApiRefusedError: billing says no.
            BillingApiMisconfiguredError: it does not let us in, or is not there.
        """
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._http.put(f"{self._credits}/{quote(key, safe='')}", json=asdict(credit))
        except (httpx2.TransportError, TimeoutError) as error:
            raise BillingApiUnavailableError(type(error).__name__) from None
        return _reference(response)


def _reference(response: httpx2.Response) -> str:
    status, said = response.status_code, _said(response)
    if status in (200, 201):
        reference = said.get("reference")
        if not isinstance(reference, str) or not reference:
            raise BillingApiUnavailableError(f"answered {status} without a reference")
        return reference
    if status == 409:
        raise BillingApiConflictError("billing has another credit under this key")
    if status >= 500 or status in (408, 425, 429) or status < 300:
        raise BillingApiUnavailableError(f"answered {status}", retry_after(response))
    reason = said.get("reason")
    if status == 401 or status < 400 or not isinstance(reason, str) or not reason.strip():
        raise BillingApiMisconfiguredError(f"answered {status}")
    raise BillingApiRefusedError(reason)


def _said(response: httpx2.Response) -> dict[str, Any]:
    """The body, an object; empty where it is none: a page of a proxy says nothing of a credit."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
