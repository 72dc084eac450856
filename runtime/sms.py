"""A gateway of short messages."""

from __future__ import annotations

from pydantic import Field

from runtime.keyed_api import ApiSettings, KeyedApi


class SmsSettings(ApiSettings):
    """Where short messages are taken: ``POST {url}/messages`` with ``Idempotency-Key``; the same key is sent once."""

    sender: str = Field(pattern=r"^[\x20-\x7e]{1,15}$")
    """The name or number from which they come, as it is agreed with the gateway."""


class SmsGateway(KeyedApi):
    """The gateway. Neither the phone nor the text comes into any error or log."""

    def __init__(self, settings: SmsSettings) -> None:
        """Connects only when used."""
        super().__init__(settings)
        self._sender = settings.sender

    async def send(self, key: str, to: str, text: str) -> str:
        """Send a message, once under this key however often it is asked for; the gateway's reference.

        Args:
            key: Of the effect, in ASCII.
            to: The phone, as E.164 writes it.
            text: What it says; longer than one message it goes out in several, joined again by the phone.

        Raises:
            ApiUnavailableError, ApiConflictError, ApiRefusedError, ApiMisconfiguredError: as `KeyedApi.ask`.
        """
        body = {"to": to, "text": text, "sender": self._sender}
        (reference,) = await self.ask("POST", "/messages", body, "reference", headers={"Idempotency-Key": key})
        return reference
