"""How much the webhook takes at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

import starter.web.body
from runtime.inbox import InboxState
from starter.web.app import MOST_REQUESTS, PLACE
from starter.web.body import LARGE_AT_A_TIME, LARGEST, SMALL
from tests.starter.inbox_world import Desk, Sender, event, signed
from tests.starter.web_problems import BODY, OTHER, is_problem

# --- limits -------------------------------------------------------------------------------------------------------------


def padded(size: int, **changes: Any) -> bytes:
    """A valid event of exactly so many bytes."""
    body = json.dumps(event("first_contact", **changes)).encode()
    return body + b" " * (size - len(body))


@pytest.mark.parametrize(("size", "status"), [(SMALL, 202), (SMALL + 1, 202), (LARGEST, 202), (LARGEST + 1, 413)])
async def test_sizes(sender: Sender, size: int, status: int) -> None:
    body = padded(size)
    answer = await sender.post(body, signed(body))
    assert answer.status_code == status
    if status == 413:
        is_problem(answer, 413, "too-large")


class Dripping:
    """A body whose length nobody declares, sent in pieces when told to."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.go_on = asyncio.Event()
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.sent += len(piece)
            yield piece
        await self.go_on.wait()


async def test_what_is_not_declared_is_counted_while_it_comes(sender: Sender) -> None:
    pieces = Dripping(*[b" " * 1024 * 1024] * 20)
    pieces.go_on.set()
    answer = await sender.request("POST", PLACE, content=pieces, headers=signed(b""))
    is_problem(answer, 413, "too-large")
    in_small = Dripping(*(BODY[i : i + 7] for i in range(0, len(BODY), 7)))
    in_small.go_on.set()
    assert (await sender.request("POST", PLACE, content=in_small, headers=signed(BODY))).status_code == 202


async def test_only_two_large_bodies_are_read_at_a_time(sender: Sender, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held where they are kept: the memory of a large one is taken until it is answered."""
    accept, hold, inside = desk.inbox.accept, asyncio.Event(), asyncio.Semaphore(0)

    async def slowly(*given: Any) -> Any:
        inside.release()
        await hold.wait()
        return await accept(*given)

    monkeypatch.setattr(desk.inbox, "accept", slowly)
    bodies = [padded(SMALL + 1) for _ in range(LARGE_AT_A_TIME)]
    running = [asyncio.create_task(sender.post(body, signed(body))) for body in bodies]
    for _ in running:
        await inside.acquire()
    body, small = padded(SMALL + 1), padded(SMALL)
    answer = await sender.post(body, signed(body))
    is_problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"
    unhindered = asyncio.create_task(sender.post(small, signed(small)))
    await inside.acquire()
    hold.set()
    assert [(await one).status_code for one in (*running, unhindered)] == [202] * 3
    assert (await sender.post(body, signed(body))).status_code == 202, "the slots are free again"


async def test_a_slot_is_given_back_whatever_becomes_of_a_large_body(sender: Sender) -> None:
    for _ in range(2 * LARGE_AT_A_TIME):
        wrong = b"{" * (SMALL + 1)
        assert (await sender.post(wrong, signed(wrong))).status_code == 400
        assert (await sender.post(wrong, signed(wrong, secret=OTHER))).status_code == 401
    good = padded(SMALL + 1)
    assert (await sender.post(good, signed(good))).status_code == 202


async def test_a_body_that_drips_is_given_up(sender: Sender, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter.web.body, "_SECONDS_SMALL", 0.05)
    monkeypatch.setattr(starter.web.body, "_SECONDS_LARGE", 0.1)
    for first in (b"{", b" " * (SMALL + 1)):
        answer = await sender.request("POST", PLACE, content=Dripping(first), headers=signed(BODY))
        is_problem(answer, 408, "timeout")
        assert answer.headers["connection"] == "close"


async def test_an_unsigned_body_is_not_even_read(sender: Sender) -> None:
    never = Dripping(b"{")
    answer = await sender.request("POST", PLACE, content=never, headers={"content-type": "application/json"})
    is_problem(answer, 401, "signature")


async def test_a_hundred_requests_at_a_time(sender: Sender, desk: Desk) -> None:
    waiting = [Dripping(b"{") for _ in range(MOST_REQUESTS)]
    running = [asyncio.create_task(sender.request("POST", PLACE, content=one, headers=signed(BODY))) for one in waiting]
    while not all(one.sent for one in waiting):  # noqa: ASYNC110 - the reading is the app's
        await asyncio.sleep(0.01)
    answer = await sender.post(event("sold"))
    is_problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"
    for one in waiting:
        one.go_on.set()
    assert {(await one).status_code for one in running} == {401}
    assert (await sender.post(event("sold"))).status_code == 202


async def test_twenty_senders_of_one_event_make_one_row(sender: Sender, desk: Desk) -> None:
    sold = event("sold")
    answers = await asyncio.gather(*(sender.post(sold) for _ in range(20)))
    assert {a.status_code for a in answers} == {202}
    assert [a.json()["duplicate"] for a in answers].count(False) == 1
    await desk.until(sold["id"], InboxState.DELIVERED)
    assert desk.cases.order() == [sold["id"]]
