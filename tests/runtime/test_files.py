"""Files from outside: kept once, sealed, given back as they came."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.encryption import EncryptionError, KeyRing
from runtime.files import FileStore
from runtime.tables import files

CONTENT = b"%PDF-1.7 personal data of a client"


@pytest.mark.parametrize("content", [CONTENT, b"", bytes(range(256)) * 20_000])
async def test_a_file_comes_back_as_it_came(engine: AsyncEngine, content: bytes) -> None:
    store = FileStore(engine, KeyRing([os.urandom(32)]))
    name = await store.keep(content)
    assert name == hashlib.sha256(content).hexdigest()
    assert await store.get(name) == content


async def test_the_same_content_again_is_nothing_new(engine: AsyncEngine) -> None:
    store = FileStore(engine, KeyRing())
    first = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert await store.keep(CONTENT, first) == await store.keep(CONTENT)
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(files))).scalar_one() == 1
        row = (await connection.execute(select(files.c.received_at, files.c.size))).one()
    assert tuple(row) == (first, len(CONTENT))


async def test_a_file_is_kept_only_if_the_callers_transaction_is(engine: AsyncEngine) -> None:
    store = FileStore(engine, KeyRing())
    async with engine.connect() as connection:
        name = await store.put(connection, CONTENT)
        await connection.rollback()
    assert await store.get(name) is None


async def test_an_unknown_name_is_no_file(engine: AsyncEngine) -> None:
    assert await FileStore(engine, KeyRing()).get("0" * 64) is None


async def test_what_is_kept_is_sealed_and_opens_with_its_own_key_and_name_only(engine: AsyncEngine) -> None:
    key = os.urandom(32)
    store = FileStore(engine, KeyRing([key]))
    name, other = await store.keep(CONTENT), await store.keep(b"another")
    async with engine.begin() as connection:
        sealed = (await connection.execute(select(files.c.content).where(files.c.sha256 == name))).scalar_one()
        await connection.execute(update(files).where(files.c.sha256 == other).values(content=sealed))
    assert b"personal" not in sealed
    with pytest.raises(EncryptionError, match="belong elsewhere"):
        await store.get(other)
    with pytest.raises(EncryptionError, match="not in REGLAMENT_ENCRYPTION_KEYS"):
        await FileStore(engine, KeyRing([os.urandom(32)])).get(name)
    assert await FileStore(engine, KeyRing([os.urandom(32), key])).get(name) == CONTENT
