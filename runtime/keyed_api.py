"""Interfaces of others over HTTP and JSON that do under one key what they are asked for once, however often they are asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Self

import httpx2
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from runtime import tls
from runtime.retry_after import retry_after


class ApiSettings(BaseModel):
    """Where such an interface is, and how it lets us in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(pattern=r"^https?://[\x21-\x7e]+$")
    token: SecretStr
    """Sent as ``Authorization: Bearer``."""
    timeout: timedelta = timedelta(seconds=20)
    """For one call, connection to answer."""


class ApiUnavailableError(Exception):
    """It is away, busy, or answered what is no answer: whether it has done it is unknown; repeat the same call."""

    def __init__(self, text: str, after: timedelta | None = None) -> None:
        super().__init__(text)
        self.after = after
        """How long it asks us to wait."""


class ApiMisconfiguredError(Exception):
    """Token, rights or address are wrong on our side."""


class ApiConflictError(Exception):
    """It was asked for something else under this key: a person must look."""


class ApiRefusedError(Exception):
    """It does not do this; the text is its reason, in its own words."""


class KeyedApi:
    """One of these interfaces; share one per process and close it at the end. Neither bodies nor the token come into any text or log."""

    def __init__(self, settings: ApiSettings) -> None:
        """Connects only when used."""
        self._timeout = settings.timeout.total_seconds()
        self._url = settings.url.rstrip("/")
        self._http = httpx2.AsyncClient(
            verify=tls.for_http(),
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

    async def ask(
        self, method: str, path: str, body: Mapping[str, Any], *wanted: str, headers: Mapping[str, str] | None = None
    ) -> tuple[str, ...]:
        """One call, and the fields of its answer: all of them texts that say something.

        Args:
            method: Of HTTP.
            path: Below the settings' address, with its slash, quoted.
            body: Sent as JSON.
            wanted: The names of the fields.
            headers: Besides those of every call.

        Raises:
            ApiUnavailableError: no answer in time, or none that says what was done.
            ApiConflictError: the key was used for something else.
            ApiRefusedError: the answer is no.
            ApiMisconfiguredError: it does not let us in, or is not there.
        """
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._http.request(method, f"{self._url}{path}", json=dict(body), headers=headers)
        except (httpx2.TransportError, TimeoutError) as error:
            raise ApiUnavailableError(type(error).__name__) from None
        return _fields(response, wanted)


def _fields(response: httpx2.Response, wanted: tuple[str, ...]) -> tuple[str, ...]:
    status, said = response.status_code, _said(response)
    if status in (200, 201):
        found = [said.get(name) for name in wanted]
        if not all(isinstance(value, str) and value for value in found):
            raise ApiUnavailableError(f"answered {status} without {' and '.join(wanted)}")
        return tuple(map(str, found))
    if status == 409:
        raise ApiConflictError("the key was used for something else")
    if status >= 500 or status in (408, 425, 429) or status < 300:
        raise ApiUnavailableError(f"answered {status}", retry_after(response))
    reason = said.get("reason")
    if status == 401 or status < 400 or not isinstance(reason, str) or not reason.strip():
        raise ApiMisconfiguredError(f"answered {status}")
    raise ApiRefusedError(reason)


def _said(response: httpx2.Response) -> dict[str, Any]:
    """The body, an object; empty where it is none: a page of a proxy says nothing of what was asked."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
