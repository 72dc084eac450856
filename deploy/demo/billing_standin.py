"""A stand-in for billing's interface: it takes credits and numbers invoices under keys, each once; balances grow."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.demo.loopback import serving
from runtime.database import open_database
from runtime.replacement_tables import billing_account_tariffs

MOSCOW = ZoneInfo("Europe/Moscow")


@dataclass
class BillingStandIn:
    """The server. ``PUT /credits/{key}`` with account, period, identifications: 201 and a reference, 200 and the same when repeated;
    ``PUT /invoices/{key}``: likewise a number and the day of issue."""

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
    invoices: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def __aenter__(self) -> BillingStandIn:
        routes = [
            Route("/credits/{key:path}", self._credit, methods=["PUT"]),
            Route("/invoices/{key:path}", self._invoice, methods=["PUT"]),
        ]
        self._serving = serving(Starlette(routes=routes), self.port)
        self.port = await self._serving.__aenter__()
        self._engine = open_database(self.database_url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._serving.__aexit__(None, None, None)
        await self._engine.dispose()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def _problem(self, request: Request) -> JSONResponse | None:
        if self.down:
            return JSONResponse({}, 503)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"reason": "no such token"}, 401)
        return None

    async def _invoice(self, request: Request) -> JSONResponse:
        if (problem := self._problem(request)) is not None:
            return problem
        key, body = request.path_params["key"], json.loads(await request.body())
        if (known := self.invoices.get(key)) is not None:
            return JSONResponse(known["answer"], 200 if known["body"] == body else 409)
        if self.refuses:
            return JSONResponse({"reason": self.refuses}, 422)
        answer = {"number": f"N{len(self.invoices) + 101}", "issued_on": datetime.now(MOSCOW).date().isoformat()}
        self.invoices[key] = {"body": body, "answer": answer}
        return JSONResponse(answer, 201)

    async def _credit(self, request: Request) -> JSONResponse:
        if (problem := self._problem(request)) is not None:
            return problem
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
