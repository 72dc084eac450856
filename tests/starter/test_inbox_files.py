"""Files inside an event: the content is kept under its SHA-256, and nobody can name a file that is not theirs."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.documents.reader import LARGEST
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.inbox import InboxState
from starter.inbox.delivery import read_event
from starter.inbox.files import MOST, take_files
from starter.inbox.outcome import DeliveryError
from tests.starter.inbox_world import Desk, event

CANARY = b"kanareyka"


def file(content: bytes | str | None = None, **fields: Any) -> dict[str, Any]:
    given = base64.b64encode(content).decode() if isinstance(content, bytes) else content
    return {"name": "Анкета.docx", "kind": "questionnaire", **({} if given is None else {"content": given}), **fields}


def request(*files: Any) -> dict[str, Any]:
    return event("request_received", data={"files": list(files)})


def named(raw: Any) -> Any:
    return raw["data"]["files"]


def test_a_content_becomes_its_name_and_the_event_is_valid() -> None:
    before = request(file(CANARY), file())
    after, contents = take_files(before)
    assert contents == [CANARY]
    assert named(after) == [file(sha256=hashlib.sha256(CANARY).hexdigest()), file()]
    assert "content" in before["data"]["files"][0], "what was given is not changed"
    _, message, _ = read_event(after, "event")
    assert message.model_dump()["files"][0]["sha256"] == hashlib.sha256(CANARY).hexdigest()


@pytest.mark.parametrize(("size", "kept"), [(LARGEST - 1, True), (LARGEST, True), (LARGEST + 1, False), (LARGEST + 3, False)])
def test_a_file_over_5_mib_is_not_kept_and_the_event_goes_on(size: int, kept: bool) -> None:
    assert LARGEST == 5 * 1024 * 1024
    after, contents = take_files(request(file(bytes(size))))
    assert [len(one) for one in contents] == ([size] if kept else [])
    assert named(after)[0].get("problem") == (None if kept else "too_large")
    assert ("sha256" in named(after)[0]) is kept
    read_event(after, "event")


@pytest.mark.parametrize(
    ("files", "field"),
    [
        ([file(sha256="0" * 64)], "data.files.0.sha256"),
        ([file(), file(CANARY, sha256=hashlib.sha256(CANARY).hexdigest())], "data.files.1.sha256"),
        ([file(sha256=None)], "data.files.0.sha256"),
        ([file("kanareyka!")], "data.files.0.content"),
        ([file("a2FuYXJleWth\n")], "data.files.0.content"),
        ([file("a2FuYXJleWt")], "data.files.0.content"),
        ([file("канарейка")], "data.files.0.content"),
        ([file(content=7)], "data.files.0.content"),  # type: ignore[arg-type]
        ([file(b"x")] * (MOST + 1), "data.files"),
    ],
)
def test_a_wrong_file_is_refused_by_its_place(files: list[Any], field: str) -> None:
    with pytest.raises(DeliveryError) as wrong:
        take_files(request(*files))
    assert wrong.value.kind == "invalid"
    assert [e.field for e in wrong.value.errors] == [field]
    assert "kanareyka" not in str(wrong.value)


def test_ten_files_are_taken() -> None:
    _, contents = take_files(request(*[file(b"x")] * MOST))
    assert len(contents) == MOST == 10


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {"type": ["handoff.request_received"]},
        {"type": "handoff.request_received"},
        {"type": "handoff.request_received", "data": []},
        {"type": "handoff.request_received", "data": {"files": {"content": "x"}}},
        {"type": "handoff.first_contact", "data": {"files": [{"content": "x"}]}},
    ],
)
def test_what_brings_no_files_is_left_to_the_validation(raw: Any) -> None:
    assert take_files(raw) == (raw, [])


async def test_the_same_file_under_a_known_id_is_a_repeat_and_another_one_a_conflict(engine: AsyncEngine) -> None:
    from runtime.inbox import InboxConflictError

    keys = KeyRing([bytes(32)])
    desk = Desk(engine, keys)
    brought = request(file(CANARY))
    async with desk.works(connected=False):
        assert (await desk.inbox.accept(brought, "event")).entry.state is InboxState.RECEIVED
        assert (await desk.inbox.accept(brought, "event")).duplicate
        with pytest.raises(InboxConflictError):
            await desk.inbox.accept({**brought, "data": {**brought["data"], "files": [file(b"another")]}}, "event")
    store = FileStore(engine, keys)
    assert await store.get(hashlib.sha256(CANARY).hexdigest()) == CANARY
    assert await store.get(hashlib.sha256(b"another").hexdigest()) is None
