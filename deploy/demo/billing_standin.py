"""A stand-in for billing's interface: it takes credits under keys, each once, and the balance in the billing tables grows."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from sqlalchemy import insert, update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from runtime.database import open_database
from runtime.replacement_tables import billing_account_tariffs


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever runs the process."""
        yield


@dataclass
class BillingStandIn:
    """The server. ``PUT /credits/{key}`` with account, period, identifications: 201 and a reference, 200 and the same when repeated."""

    database_url: str
    """Where the billing tables are."""
    token: str = "stand-in-token"  # noqa: S105 - opens nothing
    port: int = 0
    """0 is a free one."""
    down: bool = False
    """503 to everything."""
    refuses: str = ""
    """The reason with which every credit is refused; empty: none is."""
    credits: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By key, in the order in which they came."""

    async def __aenter__(self) -> BillingStandIn:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        routes = [Route("/credits/{key:path}", self._credit, methods=["PUT"])]
        config = uvicorn.Config(Starlette(routes=routes), log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        self._engine = open_database(self.database_url)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self._serving
        await self._engine.dispose()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def _credit(self, request: Request) -> JSONResponse:
        if self.down:
            return JSONResponse({}, 503)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"reason": "no such token"}, 401)
        key, body = request.path_params["key"], json.loads(await request.body())
        if (known := self.credits.get(key)) is not None:
            return JSONResponse({"reference": known["reference"]}, 200 if known["body"] == body else 409)
        if self.refuses:
            return JSONResponse({"reason": self.refuses}, 422)
        reference = f"credit-{len(self.credits) + 1}"
        self.credits[key] = {"body": body, "reference": reference}
        tariffs = billing_account_tariffs
        mine = update(tariffs).where(tariffs.c.account == body["account"], tariffs.c.period == body["period"])
        async with self._engine.begin() as connection:
            await connection.execute(mine.values(balance=tariffs.c.balance + body["identifications"]))
        return JSONResponse({"reference": reference}, 201)

    async def bill(self, table: Any, **values: object) -> None:
        """A row of the billing tables, as billing itself would have it."""
        async with self._engine.begin() as connection:
            await connection.execute(insert(table).values(**values))
