"""The webhook: ``POST /webhooks/events`` for everyone who can sign, and what operators look at."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import JsonValue
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
from runtime.inbox import InboxConflictError, InboxState
from starter.inbox.inbox import Answer, Inbox
from starter.inbox.outcome import DeliveryError
from starter.inbox.strict_json import MalformedJsonError, read_json
from starter.web.body import SMALL, Bodies
from starter.web.health import Health
from starter.web.metrics import Metrics
from starter.web.openapi import Alive, Readiness, TakenEvent, complete, request, responses
from starter.web.problems import ProblemError, Wrong, on_problem, problem
from starter.web.signature import Signatures

log = logging.getLogger("reglament.http")

MOST_REQUESTS = 100
"""Events that are being taken at a time; whoever comes then is told to come again."""
PLACE = "/webhooks/events"
_OUTCOME = ("stage", "revision", "next_due", "answer")


class EventDoor:
    """Takes signed events over HTTP."""

    def __init__(self, inbox: Inbox, signatures: Signatures, metrics: Metrics) -> None:
        """Whoever made the inbox stops it."""
        self._inbox, self._signatures, self._metrics = inbox, signatures, metrics
        self._bodies = Bodies()
        self._requests = 0

    async def post(self, request: Request) -> Response:
        """One event: kept, then answered; 202 whatever the case says, since a repeat would change nothing."""
        raw: JsonValue = None
        try:
            if self._requests >= MOST_REQUESTS:
                raise ProblemError(Wrong.BUSY, "send the event again in a moment")
            self._requests += 1
            try:
                self._check_headers(request)
                async with self._bodies.read(request) as body:
                    raw = await self._read(request, body)
                    answer = await self._accept(raw)
            finally:
                self._requests -= 1
        except ProblemError as e:
            self._metrics.answered(_type(raw), e.wrong.value)
            raise
        except ClientDisconnect:
            self._metrics.answered(None, "disconnected")
            return Response(status_code=400)  # nobody is there to read it
        self._metrics.answered(_type(raw), "duplicate" if answer.duplicate else answer.entry.state.value)
        return Response(orjson.dumps(_said(answer)), 202, media_type="application/json")

    def _check_headers(self, request: Request) -> None:
        if not self._signatures.complete(request.headers):
            raise _unsigned()
        kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
        charset = parameters.replace(" ", "").replace('"', "")
        if kind.strip() != "application/json" or charset not in ("", "charset=utf-8") or "content-encoding" in request.headers:
            raise ProblemError(Wrong.MEDIA_TYPE, "send application/json in UTF-8, not compressed")

    async def _read(self, request: Request, body: bytes) -> JsonValue:
        if len(body) > SMALL:  # what takes long must not hold up the others
            return await asyncio.to_thread(self._verified, request, body)
        return self._verified(request, body)

    def _verified(self, request: Request, body: bytes) -> JsonValue:
        if not self._signatures.good(body, request.headers):
            raise _unsigned()
        try:
            raw = read_json(body)
        except MalformedJsonError as e:
            raise ProblemError(Wrong.MALFORMED, str(e)) from None
        if isinstance(raw, dict) and "id" not in raw:
            return {"id": request.headers["webhook-id"], **raw}
        return raw

    async def _accept(self, raw: JsonValue) -> Answer:
        try:
            return await self._inbox.accept(raw, "event")
        except DeliveryError as e:
            if e.kind == "refused":
                raise ProblemError(Wrong.REFUSED, str(e), e.errors, name=e.type) from None
            wrong = Wrong.UNKNOWN_TYPE if e.type == "UnknownType" else Wrong.INVALID_EVENT
            raise ProblemError(wrong, "mend the fields that are named, and send the event again", e.errors) from None
        except InboxConflictError:
            raise ProblemError(Wrong.CONFLICT, "the event was not taken: give another event another id") from None
        except (DatabaseUnavailableError, DatabaseRefusedError) as e:
            log.error("an event could not be kept: %s", e)
            raise ProblemError(Wrong.UNAVAILABLE, "nothing was kept: send the event again") from None


def _unsigned() -> ProblemError:
    return ProblemError(Wrong.SIGNATURE, "sign the body as it is sent, after the Standard Webhooks specification, within five minutes")


def _type(raw: JsonValue) -> JsonValue:
    return raw.get("type") if isinstance(raw, dict) else None


def _said(answer: Answer) -> dict[str, Any]:
    entry = answer.entry
    outcome = entry.outcome or {}
    said: dict[str, Any] = {"case": entry.address, "duplicate": answer.duplicate, "state": entry.state.value}
    if entry.state is InboxState.DELIVERED:
        said |= {name: outcome[name] for name in _OUTCOME if outcome.get(name) is not None}
    if entry.state is InboxState.REFUSED:
        said["refusal"] = {"type": outcome.get("type"), "text": outcome.get("text")}
    return said


def build_app(inbox: Inbox, signatures: Signatures, metrics: Metrics, health: Health) -> FastAPI:
    """The ASGI app. It opens and closes nothing: the inbox runs beside it."""
    app = FastAPI(
        title="reglament",
        summary="Events that happened, signed by whoever knows; each counts once.",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[Middleware(_Around)],
        exception_handlers={ProblemError: on_problem, HTTPException: _on_http_error},
    )
    door = EventDoor(inbox, signatures, metrics)
    app.add_api_route(
        PLACE,
        door.post,
        methods=["POST"],
        status_code=202,
        response_model=TakenEvent,
        responses=responses(),
        openapi_extra=request(),
        summary="Take an event",
        description="The answer comes once the event is kept for good. Send it again, with the same id, until it is answered with 202.",
        operation_id="post_event",
    )
    _add_health(app, health)

    async def show_metrics() -> Response:
        return Response(await metrics.text(inbox), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def show_description() -> Response:
        return Response(description, media_type="application/json")

    app.add_api_route("/metrics", show_metrics, methods=["GET"], include_in_schema=False)
    app.add_api_route("/openapi.json", show_description, methods=["GET"], include_in_schema=False)
    described = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    description = orjson.dumps(complete(described))
    return app


def _add_health(app: FastAPI, health: Health) -> None:
    async def healthz() -> Alive:
        return Alive(alive=True)

    async def readyz() -> JSONResponse:
        database, temporal = await asyncio.gather(health.database(), health.temporal())
        ready = Readiness(ready=database == "current", database=database, temporal=temporal)
        return JSONResponse(ready.model_dump(), 200 if ready.ready else 503)

    app.add_api_route("/healthz", healthz, methods=["GET"], response_model=Alive, summary="Whether the process runs")
    app.add_api_route(
        "/readyz",
        readyz,
        methods=["GET"],
        response_model=Readiness,
        responses={503: {"model": Readiness, "description": "The database is away, or its schema is not the newest"}},
        summary="Whether events are taken",
    )


async def _on_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    wrong = Wrong.METHOD if error.status_code == 405 else Wrong.NOT_FOUND
    return problem(ProblemError(wrong, f"events are posted to {PLACE}; /openapi.json describes it"), error.headers)


_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)


class _Around:
    """Around everything: headers for security, a log line without anything that came from outside, and an answer whatever fails."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun, status = time.perf_counter(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_SECURITY]
            await send(message)

        try:
            await _unless_it_fails(self._app, scope, receive, send_with_headers, lambda: status)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "-"
            log.info("%s %s %d %.0f ms", method, route, status, (time.perf_counter() - begun) * 1000)


async def _unless_it_fails(app: ASGIApp, scope: Scope, receive: Receive, send: Send, answered: Callable[[], int]) -> None:
    try:
        await app(scope, receive, send)
    except Exception as e:  # the words of an error may hold values: the log has its kind
        log.error("a request failed: %s", type(e).__name__)
        if not answered():
            response: Callable[[Scope, Receive, Send], Awaitable[None]] = problem(ProblemError(Wrong.INTERNAL, "send it again later"))
            await response(scope, receive, send)
