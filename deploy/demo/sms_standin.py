"""A stand-in for a gateway of short messages: it takes each once, by its ``Idempotency-Key``, and keeps what it took."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.demo.loopback import serving


@dataclass
class SmsStandIn:
    """The server. ``POST /messages`` with ``to`` and ``text``: 201 and a reference, 200 and the same when repeated."""

    token: str = "stand-in-token"  # noqa: S105 - opens nothing
    port: int = 0
    """0 is a free one."""
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By key, in the order in which they came."""

    async def __aenter__(self) -> SmsStandIn:
        routes = [Route("/messages", self._take, methods=["POST"])]
        self._serving = serving(Starlette(routes=routes), self.port)
        self.port = await self._serving.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._serving.__aexit__(None, None, None)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def _take(self, request: Request) -> JSONResponse:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"reason": "no such token"}, 401)
        key, body = request.headers.get("idempotency-key", ""), json.loads(await request.body())
        known = key in self.messages
        message = self.messages.setdefault(key, {"reference": f"sms-{len(self.messages) + 1}", **body})
        return JSONResponse({"reference": message["reference"]}, 200 if known else 201)
