"""Signatures after the Standard Webhooks specification, over the bytes as they came."""

from __future__ import annotations

import base64
import binascii

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.datastructures import Headers

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_PREFIX = "whsec_"
_FEWEST_BYTES = 24
"""As the specification has it."""


class SecretError(ValueError):
    """There is no secret, or one is malformed; the text never holds one."""


class Signatures:
    """Says whether a body was signed by somebody who knows one of our secrets, at most five minutes ago (or ahead)."""

    def __init__(self, secrets: str) -> None:
        """``secrets`` are ``whsec_…`` joined by commas: during a rotation the old and the new one are both good.

        Raises:
            SecretError: none is given, or one is no base64 of at least 24 bytes.
        """
        given = [secret.strip() for secret in secrets.split(",") if secret.strip()]
        if not given:
            raise SecretError(
                "REGLAMENT_WEBHOOK_SECRETS is not set: without a secret anybody could begin a case; deploy/env.example makes one"
            )
        self._webhooks = [Webhook(_key(secret)) for secret in given]

    def good(self, body: bytes, headers: Headers) -> bool:
        """Whether the signature is good; all that is wrong with it is wrong alike."""
        given = {name: headers.getlist(name) for name in HEADERS}
        if any(len(values) != 1 for values in given.values()):
            return False
        return any(self._verified(webhook, body, {name: values[0] for name, values in given.items()}) for webhook in self._webhooks)

    @staticmethod
    def complete(headers: Headers) -> bool:
        """Whether there is anything to verify: an unsigned body need not even be read."""
        return all(headers.get(name) for name in HEADERS)

    @staticmethod
    def _verified(webhook: Webhook, body: bytes, headers: dict[str, str]) -> bool:
        try:
            webhook.verify(body, headers, json_parse=False)
        except (WebhookVerificationError, ValueError):  # the library lets the ValueErrors of garbage out
            return False
        return True


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True) if secret.startswith(_PREFIX) else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _FEWEST_BYTES:
        raise SecretError(
            f"REGLAMENT_WEBHOOK_SECRETS: each must be {_PREFIX} and base64 of at least {_FEWEST_BYTES} random bytes, joined by commas"
        )
    return key
