"""Handing composed bytes to a mail server, knowing at every moment whether it may have taken them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

import aiosmtplib
from pydantic import BaseModel, ConfigDict, EmailStr, Field, SecretStr, model_validator

from runtime import tls

_ENHANCED_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


class MailSettings(BaseModel):
    """How our mail server is reached and in whose name letters go out."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str
    port: int = Field(gt=0, lt=65536)
    security: Literal["starttls", "tls", "none"] = "starttls"
    """``starttls`` never falls back to plain text; ``none`` is for a server on the same machine."""
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    """Certificates to trust instead of the system's, PEM."""
    sender: EmailStr
    """The envelope sender and From; its domain is that of the Message-IDs."""
    sender_name: str | None = None
    local_name: str | None = None
    """What we call ourselves in EHLO; the sender's domain when empty."""
    timeout: timedelta = timedelta(seconds=30)
    """For a whole delivery, connection to 250."""

    @model_validator(mode="after")
    def _no_password_in_plain_text(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        return self


class MailFailedError(Exception):
    """A delivery that did not end with 250.

    - ``kind`` ``transient``: nothing was taken, a later attempt may succeed;
    - ``permanent``: nothing was taken, and nothing will be;
    - ``unknown``: the server may or may not have taken the letter.

    The text holds the stage and the reply codes, never the server's words: they repeat addresses.
    """

    def __init__(self, kind: Literal["transient", "permanent", "unknown"], stage: str, code: str) -> None:
        super().__init__(f"mail, {stage}: {code}")
        self.kind: Literal["transient", "permanent", "unknown"] = kind
        self.stage = stage
        self.code = code


@dataclass(frozen=True)
class Delivery:
    """The server took the letter; ``refused`` of the recipients it did not take it for."""

    refused: int


class Mailer:
    """A client of one mail server; every delivery is a connection of its own. Safe to share."""

    def __init__(self, settings: MailSettings) -> None:
        """Reads the certificates at once; connects only when used."""
        self._settings = settings
        self._tls = tls.for_mail(settings.ca_file)

    @property
    def timeout(self) -> timedelta:
        """How long a delivery may take when nothing shorter is asked for."""
        return self._settings.timeout

    async def deliver(
        self,
        recipients: Sequence[str],
        content: bytes,
        before_data: Callable[[], Awaitable[None]],
        within: timedelta | None = None,
    ) -> Delivery:
        """Hand the bytes over.

        ``before_data`` is awaited after the server has taken sender and recipients and before the first byte of DATA; what it
        raises goes to the caller, and nothing was sent. The whole takes at most ``within`` (default and upper bound: the
        setting). Raises MailFailedError.
        """
        limit = min(within, self._settings.timeout) if within is not None else self._settings.timeout
        client = self._client(limit)
        stage = "connect"
        prepared = False
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await client.connect()
                stage = "greeting"
                if client.is_ehlo_or_helo_needed:
                    await client.ehlo()
                stage = "sender"
                size = [f"SIZE={len(content)}"] if client.supports_extension("size") else []
                await client.mail(self._settings.sender, options=size)
                stage = "recipients"
                refused = await self._recipients(client, recipients)
                stage = "before data"
                await before_data()
                prepared = True
                stage = "data"
                await client.data(content)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # OSError and TimeoutError of before_data itself are failures before DATA as well.
            raise _failure(error, stage, begun=prepared) from None
        finally:
            # After 250 nothing counts any more, not even a lost QUIT; a failed session is not worth one.
            client.close()
        return Delivery(refused)

    async def _recipients(self, client: aiosmtplib.SMTP, recipients: Sequence[str]) -> int:
        refusals: list[aiosmtplib.SMTPRecipientRefused] = []
        for recipient in recipients:
            try:
                await client.rcpt(recipient)
            except aiosmtplib.SMTPRecipientRefused as error:
                if error.code == 421:  # the server is going away: nothing that follows would be answered
                    raise
                refusals.append(error)
        if len(refusals) == len(recipients):
            # One recipient that may be taken later is reason enough to try again.
            raise min(refusals, key=lambda error: error.code)
        return len(refusals)

    async def check(self) -> None:
        """Connect, greet, secure, sign in, and do nothing. Raises MailFailedError."""
        client = self._client(self._settings.timeout)
        try:
            async with asyncio.timeout(self._settings.timeout.total_seconds()):
                await client.connect()
                await client.ehlo()
                await client.noop()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise _failure(error, "check", begun=False) from None
        finally:
            client.close()

    def _client(self, limit: timedelta) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=self._tls if settings.security != "none" else None,
            username=settings.username,
            password=None if settings.password is None else settings.password.get_secret_value(),
            # The default asks the resolver for our own name, which blocks the whole worker.
            local_hostname=settings.local_name or settings.sender.rpartition("@")[2],
            timeout=limit.total_seconds(),
        )


def _failure(error: Exception, stage: str, *, begun: bool) -> MailFailedError:
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        stage = "sign-in"
    if isinstance(error, aiosmtplib.SMTPResponseException) and 400 <= error.code <= 599:
        # A plain refusal, also of DATA: nothing was taken.
        enhanced = _ENHANCED_STATUS.match(error.message)
        code = f"{error.code} {enhanced[1]}" if enhanced else str(error.code)
        return MailFailedError("transient" if error.code < 500 else "permanent", stage, code)
    return MailFailedError("unknown" if begun else "transient", stage, type(error).__name__)
