"""What the webhook says of a problem."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2

from starter.web.problems import MEDIA_TYPE
from tests.starter.inbox_world import event

OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes here!").decode()
CANARY = "kanareyka"
SECURITY = {"x-content-type-options", "cache-control", "content-security-policy", "referrer-policy"}


BODY = json.dumps(event("sold", id="msg-1")).encode()


def is_problem(answer: httpx2.Response, status: int, name: str) -> dict[str, Any]:
    said: dict[str, Any] = answer.json()
    assert (answer.status_code, said["status"], said["type"]) == (status, status, f"urn:reglament:problem:{name}")
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert said["title"]
    assert said["detail"]
    assert CANARY not in answer.text
    assert answer.headers.keys() >= SECURITY
    return said
