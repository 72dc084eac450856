"""A signed event as a line for the shell: to try the webhook by hand, with what every machine has."""

from __future__ import annotations

import json
import shlex
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import JsonValue
from standardwebhooks.webhooks import Webhook


def signed_curl(url: str, secret: str, event: Mapping[str, JsonValue]) -> str:
    """A `curl` command that posts the event, with an id of its own, signed as of now: good for five minutes."""
    now, id = datetime.now(UTC), f"try-{uuid.uuid4().hex[:12]}"
    body = json.dumps({**event, "id": id}, ensure_ascii=False)
    headers = {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, now, body),
    }
    words = ["curl", "-sS", url, *(word for name, value in headers.items() for word in ("-H", f"{name}: {value}")), "--data-binary", body]
    return " ".join(shlex.quote(word) for word in words)
