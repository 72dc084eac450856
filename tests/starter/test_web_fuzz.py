"""Bodies and headers that nobody would think of, made from the description that senders get: nothing breaks, and nothing gets in
that is no valid event, however well it is signed. Unsigned, nothing gets in at all."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from standardwebhooks.webhooks import Webhook
from starlette.types import Message, Receive, Scope, Send

from runtime.database import migrate, open_database
from runtime.inbox import InboxState
from starter.inbox.delivery import read_event
from starter.web.app import PLACE
from tests.starter.inbox_world import HASH_KEY, SECRET, Desk, Sender

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FUZZED = settings(derandomize=True, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))


class Bridge:
    """The app in a loop of its own, for callers of many loops; with ``signing`` every body is signed on its way in, as it is."""

    def __init__(self, file: Path, *, signing: bool) -> None:
        self._signing = signing
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.url = f"sqlite:///{file}"
        self.desk = self.within(self._open())
        self.answers: Counter[int] = Counter()

    def within(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _open(self) -> Desk:
        await migrate(self.url)
        self._engine = open_database(self.url)
        desk = Desk(self._engine)
        desk.inbox.connect(desk.cases.deliver)
        self._app = Sender(desk, database_url=self.url).app
        return desk

    def close(self) -> None:
        self.within(self.desk.inbox.stop(timedelta(seconds=5)))
        self.within(self._engine.dispose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        if self._signing and scope["path"] == PLACE:
            scope = {**scope, "headers": self._signed(list(scope["headers"]), body)}
        answer = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._answered(scope, body), self._loop))
        for part in answer:
            await send(part)

    async def _answered(self, scope: Scope, body: bytes) -> list[Message]:
        parts: list[Message] = []
        given = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Message:
            return next(given, {"type": "http.disconnect"})

        async def send(message: Message) -> None:
            parts.append(message)

        await self._app(scope, receive, send)
        if scope["path"] == PLACE:
            self.answers[parts[0]["status"]] += 1
        return parts

    @staticmethod
    def _signed(headers: list[tuple[bytes, bytes]], body: bytes) -> list[tuple[bytes, bytes]]:
        id = next((v for k, v in headers if k == b"webhook-id" and v), b"msg-1").decode("latin-1")
        now = datetime.now(UTC)
        try:
            signature = Webhook(SECRET).sign(id, now, body.decode())
        except UnicodeDecodeError:  # such a body cannot be signed
            return headers
        ours = {
            b"webhook-id": id.encode("latin-1"),
            b"webhook-timestamp": b"%d" % now.timestamp(),
            b"webhook-signature": signature.encode(),
        }
        return [(k, v) for k, v in headers if k not in ours] + list(ours.items())


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    bridge = Bridge(tmp_path_factory.mktemp("signed") / "inbox.db", signing=True)
    yield bridge
    bridge.close()


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    bridge = Bridge(tmp_path_factory.mktemp("unsigned") / "inbox.db", signing=False)
    yield bridge
    bridge.close()


def fuzz(bridge: Bridge, most: int) -> None:
    """Every operation that is described, with data that fit the description and data that do not: at most so many of each."""
    description = schemathesis.openapi.from_asgi("/openapi.json", bridge)
    for path, method in ((PLACE, "POST"), ("/healthz", "GET"), ("/readyz", "GET")):
        operation = description[path][method]
        for mode in GenerationMode if method == "POST" else [GenerationMode.POSITIVE]:  # those without data can get no wrong ones

            @settings(FUZZED, max_examples=most)
            @given(operation.as_strategy(generation_mode=mode))
            def run(case: Any) -> None:
                case.call_and_validate(checks=CHECKS)

            run()


def test_signed_only_valid_events_are_kept_and_delivered(signed: Bridge) -> None:
    fuzz(signed, 80)
    assert signed.answers[202] > 0, "no body was ever valid: the description describes nothing"
    assert signed.answers[400] + signed.answers[422] > 0, "no body was ever wrong: nothing was tried"
    kept = signed.within(_kept(signed))
    assert 0 < len(kept) <= signed.answers[202]
    for event in kept.values():
        if event is not None:  # delivered: its body is gone, and it was read once more on its way
            read_event(event, "event", HASH_KEY)
    assert set(signed.desk.cases.asked) <= kept.keys(), "something was delivered that was never kept"


def test_unsigned_nothing_is_kept_or_delivered(unsigned: Bridge) -> None:
    fuzz(unsigned, 20)  # nobody reads what is not signed
    assert unsigned.answers.keys() == {401}
    assert unsigned.within(_kept(unsigned)) == {}
    assert not unsigned.desk.cases.asked


async def _kept(bridge: Bridge) -> dict[str, Any]:
    """Event id → the event, or nothing once it has been delivered."""
    store = bridge.desk.store
    rows = await store.entries(list(InboxState), None, 100_000)
    bodies = {row.event_id: await store.event(row.seq) for row in rows}
    return {id: None if body is None else json.loads(body) for id, body in bodies.items()}
