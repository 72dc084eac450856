"""A password inside an event: nothing but the store of secrets ever holds it, whatever becomes of the event."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.encryption import KeyRing
from runtime.inbox import InboxConflictError, InboxState
from runtime.replacement_tables import secrets
from runtime.secrets import LONGEST, SecretStore, reference
from runtime.tables import inbox
from starter.doors.table import DOORS
from starter.inbox.delivery import read_event
from starter.inbox.outcome import DeliveryError
from starter.inbox.secrets import take_secrets
from tests.databases import sqlite_in
from tests.starter.inbox_world import Desk, Sender

CANARY = "kanareyka-password"
ADDRESS = "replacement/a-2071/2026-10/1"
PLACE = "data.crm.password"
CRM = {"link": "https://crm.client.example.org/", "login": "ivanov", "instructions": "https://docs.example.org/how", "password": CANARY}


def request(id: str = "e-1", *without: str, **crm: Any) -> dict[str, Any]:
    """A request in the long form, of now."""
    given = {name: value for name, value in {**CRM, **crm}.items() if name not in without}
    data = {**DOORS["replacement.requested"].example, "crm": given}
    return {"id": id, "type": "replacement.requested", "occurred_at": datetime.now(UTC).isoformat(), "data": data}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with sqlite_in(tmp_path) as engine:
        yield engine


async def column(engine: AsyncEngine, which: Any) -> list[Any]:
    async with engine.connect() as connection:
        return list((await connection.execute(select(which))).scalars())


# --- the exchange ---------------------------------------------------------------------------------------------------


def test_a_password_becomes_a_reference_and_the_event_is_valid() -> None:
    before = request()
    after, taken = take_secrets(before)
    ref = reference("e-1", PLACE)
    assert taken == {ref: CANARY}
    assert isinstance(after, dict)
    assert CANARY not in json.dumps(after)
    assert before["data"]["crm"]["password"] == CANARY, "what was given is not changed"
    door, message, address = read_event(after, "event")
    assert address == ADDRESS
    assert message.model_dump()["crm"]["secret"] == ref
    again = door.event_of(message, address)
    assert read_event(again, "event")[1] == message, "and so it is delivered"


@given(st.text(min_size=1, max_size=LONGEST), st.text(min_size=1, max_size=LONGEST))
def test_any_text_is_a_password_and_the_event_does_not_depend_on_it(one: str, other: str) -> None:
    before = request()
    first, taken = take_secrets({**before, "data": {**before["data"], "crm": {**CRM, "password": one}}})
    second, _ = take_secrets({**before, "data": {**before["data"], "crm": {**CRM, "password": other}}})
    assert list(taken.values()) == [one]
    assert first == second


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (request("e-1", "password"), PLACE),
        (request(password=None), PLACE),
        (request(password=""), PLACE),
        (request(password="x" * (LONGEST + 1)), PLACE),
        (request(password=7), PLACE),
        (request(password=[CANARY]), PLACE),
        (request(password="\ud800" + CANARY), PLACE),
        (request(secret=reference("e-1", PLACE)), "data.crm.secret"),
        (request(secret=None), "data.crm.secret"),
    ],
    ids=["missing", "null", "empty", "too long", "number", "list", "half a pair", "reference", "no reference"],
)
def test_what_is_no_password_is_refused_by_its_place(event: dict[str, Any], field: str) -> None:
    with pytest.raises(DeliveryError) as wrong:
        take_secrets(event)
    assert (wrong.value.kind, [e.field for e in wrong.value.errors]) == ("invalid", [field])
    assert CANARY not in str(wrong.value)


@pytest.mark.parametrize("length", [1, LONGEST])
def test_the_lengths_of_a_password(length: int) -> None:
    assert LONGEST == 1000
    _, taken = take_secrets(request(password="я" * length))
    assert [len(one) for one in taken.values()] == [length]


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {"type": ["replacement.requested"]},
        {"type": "replacement.requested"},
        {"type": "replacement.requested", "data": [CRM]},
        {"type": "replacement.requested", "data": {"crm": None}},
        {"type": "replacement.requested", "data": {"crm": [CRM]}},
        {"type": "handoff.first_contact", "data": {"crm": CRM}},
        {"type": "replacement.nothing", "data": {"crm": CRM}},
    ],
)
def test_what_holds_no_password_is_left_to_the_validation(raw: Any) -> None:
    assert take_secrets(raw) == (raw, {})


@pytest.mark.parametrize("id", [None, 7, "two words"])
def test_an_event_without_an_id_is_refused_for_that(id: Any) -> None:
    after, _ = take_secrets({**request(), "id": id})
    assert CANARY not in json.dumps(after)
    with pytest.raises(DeliveryError) as wrong:
        read_event(after, "event")
    assert [e.field for e in wrong.value.errors] == ["id"]


def test_no_door_without_an_inbox_lets_a_password_through() -> None:
    """`starter.inbox.delivery.deliver` reads every event so: what bulk actions and tests deliver, and what the inbox does."""
    with pytest.raises(DeliveryError) as wrong:
        read_event(request(), "event")
    assert [e.field for e in wrong.value.errors] == [PLACE]
    assert "inbox" in str(wrong.value)
    assert CANARY not in str(wrong.value)


# --- in the inbox ---------------------------------------------------------------------------------------------------


async def test_the_password_lies_in_the_store_of_secrets_and_nowhere_else(engine: AsyncEngine, tmp_path: Path) -> None:
    keys = KeyRing([os.urandom(32)])
    desk = Desk(engine, keys)
    async with desk.works(connected=False):
        taken = await desk.inbox.accept(request(), "event")
        body = await desk.store.event(taken.entry.seq)
    assert body is not None
    assert json.loads(body)["data"]["crm"]["secret"] == reference("e-1", PLACE)
    assert CANARY.encode() not in body
    assert await column(engine, inbox.c.digest) == [hashlib.sha256(body).hexdigest()]
    shown = await SecretStore(engine, keys).show(ADDRESS, "u40", "the export is made")
    assert shown.value == CANARY
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())  # noqa: ASYNC240 - small, and nobody waits
    assert ADDRESS.encode() in held
    assert CANARY.encode() not in held


async def test_a_repeat_is_one_and_another_password_a_conflict(engine: AsyncEngine) -> None:
    desk = Desk(engine)
    event = request()
    other = {**event, "data": {**event["data"], "crm": {**CRM, "password": "another"}}}
    async with desk.works(loop=False):
        first = await desk.inbox.accept(event, "event")
        assert (first.entry.state, first.duplicate) == (InboxState.DELIVERED, False)
        assert (await desk.inbox.accept(event, "mailbox")).duplicate
        with pytest.raises(InboxConflictError):
            await desk.inbox.accept(other, "event")
    assert desk.cases.told == [(ADDRESS, "e-1")]


async def test_without_keys_it_is_refused_with_the_setting_and_nothing_is_kept(engine: AsyncEngine) -> None:
    desk = Desk(engine, KeyRing())
    async with desk.works(loop=False):
        answer = await Sender(desk).post(request())
        short = request("e-2")
        short["data"]["crm"] = None
        assert (await Sender(desk).post(short)).status_code == 202, "the short form needs none"
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:reglament:problem:NoEncryptionKeys")
    assert [e["field"] for e in answer.json()["errors"]] == [PLACE]
    assert "REGLAMENT_ENCRYPTION_KEYS" in answer.json()["detail"]
    assert CANARY not in answer.text
    assert await desk.store.find("e-1") is None
    assert await column(engine, secrets.c.ref) == []


async def test_an_event_that_is_refused_at_the_door_keeps_no_secret(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def replaced(*_: object) -> dict[int, str]:
        return {1: "credited"}

    desk = Desk(engine)
    wrong = request()
    wrong["data"]["asked"] = 0
    async with desk.works(loop=False):
        with pytest.raises(DeliveryError, match="asked"):
            await desk.inbox.accept(wrong, "event")
        monkeypatch.setattr(desk.registers, "replacement_numbers", replaced)
        with pytest.raises(DeliveryError, match=r"6\.3"):
            await desk.inbox.accept(request(), "event")
    assert await column(engine, secrets.c.ref) == await column(engine, inbox.c.seq) == []


async def test_what_a_case_refuses_keeps_its_row_and_no_secret(engine: AsyncEngine) -> None:
    desk = Desk(engine)
    desk.cases.errors["e-1"] = DeliveryError("refused", "Open", "another request is open")
    async with desk.works(loop=False):
        assert (await desk.inbox.accept(request(), "event")).entry.state is InboxState.REFUSED
        assert await column(engine, secrets.c.sealed) == [None]
        again = await desk.inbox.accept(request() | {"occurred_at": (await _kept(desk))["occurred_at"]}, "event")
    assert (again.duplicate, again.entry.state) == (True, InboxState.REFUSED)
    assert CANARY not in json.dumps(await _kept(desk))


async def _kept(desk: Desk) -> dict[str, Any]:
    entry = await desk.store.find("e-1")
    assert entry is not None
    body = await desk.store.event(entry.seq)
    assert body is not None
    return dict(json.loads(body))


# --- over HTTP ------------------------------------------------------------------------------------------------------


async def test_no_answer_no_log_and_no_metric_repeats_it(engine: AsyncEngine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    desk = Desk(engine)
    sender = Sender(desk)
    event = request()
    other = {**event, "data": {**event["data"], "crm": {**CRM, "password": f"{CANARY}-2"}}}
    misspelt, malformed = request("e-2", "password", pasword=CANARY), request("e-3", link=CANARY)
    far = {**request("e-4"), "password": CANARY}
    async with desk.works(loop=False):
        answers = [await sender.post(one) for one in (event, event, other, misspelt, malformed, far)]
        answers.append(await sender.request("GET", "/metrics"))
    assert [one.status_code for one in answers] == [202, 202, 409, 422, 422, 422, 200]
    assert all(CANARY not in one.text for one in answers)
    ours = " ".join(r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore")))
    assert CANARY not in ours


async def test_the_description_asks_for_the_password_and_never_for_the_reference(engine: AsyncEngine) -> None:
    described = (await Sender(Desk(engine)).request("GET", "/openapi.json")).json()
    own = described["components"]["schemas"]["OwnCrm"]
    assert own["properties"].keys() == CRM.keys()
    assert own["properties"]["password"]["writeOnly"] is True
    assert set(own["required"]) == CRM.keys()
    examples = described["paths"]["/webhooks/events"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert "replacement.requested" in examples
    assert "password" not in json.dumps(examples)
