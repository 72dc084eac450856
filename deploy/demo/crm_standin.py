"""A stand-in for a CRM: the few calls of the Zoho CRM API, version 8, that the adapter makes. It fails on demand.

In a process of its own: ``python -m deploy.demo.crm_standin --port 8055 --file records.json``; a fault is then switched on with
``PUT /stand-in/fault`` and the fault's name as the body, and off with an empty body.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route


class CrmFault(StrEnum):
    """How the CRM fails."""

    DOWN = "down"
    """503 without a body."""
    TOO_MANY = "too_many"
    """429 with Retry-After: 7."""
    BROKEN = "broken"
    """500 with the API's own error."""
    PAGE = "page"
    """A page in HTML with status 200, as from a proxy; nothing was done."""
    SLOW = "slow"
    """No answer at all."""
    DONE_THEN_BROKEN = "done_then_broken"
    """The call is carried out and answered with 500."""
    LOCKED = "locked"
    """207, and inside it the record is refused as locked."""
    INVALID = "invalid"
    """202, and inside it the record is refused as invalid."""
    FORBIDDEN = "forbidden"
    """403 NO_PERMISSION."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever runs the process."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say when connections are taken."""
        await super().startup(sockets)
        self.listening.set()


@dataclass
class CrmStandIn:
    """The server. Used as an asynchronous context manager, or with ``start`` and ``stop``."""

    file: Path | None = None
    """Where the records are kept; they are read from it at the start and written to it at every change."""
    port: int = 0
    """0 is a free one."""
    unique: bool = True
    """Whether an upsert finds the record with the same value; a CRM without a unique field adds another."""
    fault: CrmFault | None = None
    token: str = "stand-in-token"  # noqa: S105  # opens nothing
    refuse_tokens: bool = False
    """401 to every token."""
    tokens_given: int = 0
    calls: list[str] = field(default_factory=list)
    """Method and path of every call, in order."""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the CRM's id, oldest first; all but the deals."""
    deals: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Those of the module ``Deals``."""
    created: dict[str, str] = field(default_factory=dict)
    """When each record was created, to the second."""
    opens_next: tuple[str, str] | None = None
    """The CRM's own automation: a deal that comes to the first stage, by a call that does not keep automation quiet, opens another one of
    the same contact and pipeline in the second."""
    per_page: int = 200
    """The most that a page of a search has."""
    after_upsert: Callable[[dict[str, Any]], Awaitable[None]] | None = None
    """Awaited when a record has been kept and nothing answered yet: the moment for a test to kill something."""

    def __post_init__(self) -> None:
        if self.file is not None and self.file.exists():
            kept = json.loads(self.file.read_text(encoding="utf-8"))
            self.records, self.deals, self.created = kept["records"], kept["deals"], kept["created"]
        self._server: _Server | None = None
        self._stopping = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> CrmStandIn:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen on the loopback address."""
        self._stopping.clear()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(self.application(), log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        await self._server.listening.wait()

    async def stop(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None and self._serving is not None:
            self._stopping.set()
            self._server.should_exit = True
            await self._serving
            self._server = self._serving = None

    def application(self) -> Starlette:
        """The routes."""
        return Starlette(
            routes=[
                Route("/crm/v8/{module}/upsert", self._guarded(self._upsert), methods=["POST"]),
                Route("/crm/v8/{module}/search", self._guarded(self._search), methods=["GET"]),
                Route("/crm/v8/{module}/{id}", self._guarded(self._update), methods=["PUT"]),
                Route("/crm/v8/{module}", self._guarded(self._add), methods=["POST"]),
                Route("/crm/v8/{module}", self._guarded(self._list), methods=["GET"]),
                Route("/oauth/v2/token", self._give_token, methods=["POST"]),
                Route("/stand-in/fault", self._set_fault, methods=["PUT"]),
            ]
        )

    def _guarded(self, act: Any) -> Any:
        async def answer(request: Request) -> Response:
            self.calls.append(f"{request.method} {request.url.path}")
            if self.refuse_tokens or request.headers.get("Authorization") != f"Zoho-oauthtoken {self.token}":
                return _error("INVALID_TOKEN", 401)
            if self.fault is CrmFault.SLOW:
                await self._stopping.wait()
            match self.fault:
                case CrmFault.DOWN:
                    return Response(status_code=503)
                case CrmFault.TOO_MANY:
                    return Response(status_code=429, headers={"Retry-After": "7"})
                case CrmFault.BROKEN:
                    return _error("INTERNAL_ERROR", 500)
                case CrmFault.PAGE:
                    return HTMLResponse("<html><body>One moment, please</body></html>")
                case CrmFault.FORBIDDEN:
                    return _error("NO_PERMISSION", 403)
                case CrmFault.LOCKED:
                    return JSONResponse({"data": [_problem("RECORD_LOCKED")]}, 207)
                case CrmFault.INVALID:
                    return JSONResponse({"data": [_problem("INVALID_DATA") | {"details": {"api_name": "Phone"}}]}, 202)
                case _:
                    done: Response = await act(request)
                    return _error("INTERNAL_ERROR", 500) if self.fault is CrmFault.DONE_THEN_BROKEN else done

        return answer

    async def _upsert(self, request: Request) -> Response:
        body = await request.json()
        record = body["data"][0]
        answer = self._checked(request, record) or self._upserted(self._module(request), body, record)
        if self.after_upsert is not None:
            await self.after_upsert(record)
        return answer

    def _upserted(self, module: dict[str, dict[str, Any]], body: dict[str, Any], record: dict[str, Any]) -> Response:
        for name in body["duplicate_check_fields"] if self.unique else ():
            for record_id, known in module.items():
                if name in record and known.get(name) == record[name]:
                    self._keep(module, record_id, known | record, body)
                    return self._success(record_id, "update", 200)
        return self._success(self._keep(module, None, record, body), "insert", 201)

    async def _add(self, request: Request) -> Response:
        body = await request.json()
        record = body["data"][0]
        return self._checked(request, record) or self._success(self._keep(self._module(request), None, record, body), None, 201)

    async def _update(self, request: Request) -> Response:
        record_id, module = request.path_params["id"], self._module(request)
        if record_id not in module:
            return JSONResponse({"data": [_problem("INVALID_DATA")]}, 400)
        body = await request.json()
        record = body["data"][0]
        if (wrong := self._checked(request, record)) is None:
            self._keep(module, record_id, module[record_id] | record, body)
        return wrong or self._success(record_id, None, 200)

    async def _search(self, request: Request) -> Response:
        query = request.query_params
        criteria = _criteria(query["criteria"])
        if criteria is None:
            return _error("INVALID_QUERY", 400)
        shown = query["fields"].split(",")
        found = [
            {name: value for name, value in (record | self._shown(record_id)).items() if name in shown}
            for record_id, record in self._module(request).items()
            # The API calls equal what contains the value.
            if all(value in _named(record, name) for name, value in criteria)
        ]
        found.reverse()  # the API promises no order
        page, size = int(query.get("page", "1")), min(int(query.get("per_page", "200")), self.per_page)
        more = len(found) > page * size
        found = found[(page - 1) * size : page * size]
        info = {"page": page, "per_page": size, "count": len(found), "more_records": more}
        return JSONResponse({"data": found, "info": info}) if found else Response(status_code=204)

    async def _list(self, request: Request) -> Response:
        found = [self._shown(record_id) for record_id in self._module(request)]
        return JSONResponse({"data": found[:1]}) if found else Response(status_code=204)

    async def _give_token(self, request: Request) -> Response:
        form = (await request.body()).decode()
        if "grant_type=refresh_token" not in form or "refresh_token=good" not in form:
            return JSONResponse({"error": "invalid_code"})
        self.tokens_given += 1
        self.token = f"stand-in-token-{self.tokens_given}"
        return JSONResponse({"access_token": self.token, "api_domain": self.url, "token_type": "Bearer", "expires_in": 3600})

    async def _set_fault(self, request: Request) -> Response:
        name = (await request.body()).decode().strip()
        self.fault = CrmFault(name) if name else None
        return Response(status_code=204)

    def _module(self, request: Request) -> dict[str, dict[str, Any]]:
        return self.deals if request.path_params["module"] == "Deals" else self.records

    def _checked(self, request: Request, record: dict[str, Any]) -> Response | None:
        """Refuses a deal whose sum is no number, or whose contact is no record."""
        wrong = [
            name
            for name, kind in (("Amount", (int, float)), ("Contact_Name", dict))
            if request.path_params["module"] == "Deals" and name in record and not isinstance(record[name], kind)
        ]
        return JSONResponse({"data": [_problem("INVALID_DATA") | {"details": {"api_name": wrong[0]}}]}, 202) if wrong else None

    def _keep(self, module: dict[str, dict[str, Any]], record_id: str | None, record: dict[str, Any], body: dict[str, Any]) -> str:
        before = module.get(record_id or "", {})
        record_id = record_id or str(7_244_450_000_003_490_00 + len(self.created) + 1)
        module[record_id] = record
        self.created.setdefault(record_id, datetime.now(UTC).replace(microsecond=0).isoformat())
        if (
            self.opens_next is not None
            and "workflow" in body["trigger"]
            and record.get("Stage") == self.opens_next[0] != before.get("Stage")
        ):
            following = {name: record[name] for name in ("Deal_Name", "Contact_Name", "Pipeline") if name in record}
            self._keep(module, None, following | {"Stage": self.opens_next[1]}, {"trigger": []})
        if self.file is not None:
            draft = self.file.with_suffix(".draft")
            with draft.open("w", encoding="utf-8") as file:
                kept = {"records": self.records, "deals": self.deals, "created": self.created}
                json.dump(kept, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self.file)
        return record_id

    def _shown(self, record_id: str) -> dict[str, Any]:
        return {"id": record_id, "Created_Time": self.created[record_id]}

    def _success(self, record_id: str, action: str | None, status: int) -> Response:
        details = self._shown(record_id)
        one = {"code": "SUCCESS", "details": details, "message": "record kept", "status": "success"}
        return JSONResponse({"data": [one | ({"action": action} if action else {})]}, status)


def _criteria(text: str) -> list[tuple[str, str]] | None:
    """The fields of a search with their values; None: not understood."""
    one = r"\((\w+(?:\.id)?):equals:((?:[^\\(),]|\\.)*)\)"
    if re.fullmatch(rf"{one}|\({one}(?:and{one})+\)", text) is None:
        return None
    return [(name, re.sub(r"\\(.)", r"\1", value)) for name, value in re.findall(one, text)]


def _named(record: dict[str, Any], name: str) -> str:
    """The value of a field, or the id of the record that it names."""
    field, _, of = name.partition(".")
    value = record.get(field, "")
    return str(value.get("id", "") if of else value)


def _problem(code: str) -> dict[str, Any]:
    return {"code": code, "details": {}, "message": "not done", "status": "error"}


def _error(code: str, status: int) -> Response:
    return JSONResponse(_problem(code), status)


async def _serve(port: int, file: Path) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with CrmStandIn(file, port) as stand_in:
        print(f"listening on {stand_in.port}", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in for a CRM over HTTP.")
    parser.add_argument("--port", type=int, default=0, help="0 is a free one; it is printed")
    parser.add_argument("--file", type=Path, required=True, help="where the records are kept")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.port, arguments.file))
