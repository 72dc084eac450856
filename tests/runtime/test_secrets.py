"""Secrets of clients: kept sealed with their event, shown only on the record, destroyed for good."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event as database_event
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import DatabaseUnavailableError, open_database
from runtime.encryption import EncryptionError, KeyRing
from runtime.inbox import Claim, InboxConflictError, InboxRowError, InboxState, InboxStore, Incoming
from runtime.replacement_tables import secret_reads, secrets
from runtime.secrets import KeptSecret, SecretError, SecretStore, ShownSecret, reference
from tests.databases import migrated

ADDRESS = "replacement/a-1/2026-10/1"
PASSWORD = "kanareyka: пароль «клиента»\n\t\u2028🔑"
LEASE = timedelta(seconds=30)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Vault:
    """The store with an inbox over the same database."""

    def __init__(self, engine: AsyncEngine, *keys: bytes) -> None:
        self.engine = engine
        self.now = NOW
        ring = KeyRing(keys or [os.urandom(32)])
        self.store = SecretStore(engine, ring)
        self.inbox = InboxStore(engine, ring, {"begin"}, lambda: self.now)

    def event(self, id: str, value: str | None = PASSWORD, *, address: str = ADDRESS, body: bytes = b"said") -> Incoming:
        given = {} if value is None else {self.ref(id): value}
        return Incoming(id, "begin", address, "event", body, body.hex(), secrets=given)

    @staticmethod
    def ref(id: str) -> str:
        return reference(id, "data.crm.password")

    async def take(self, id: str, value: str | None = PASSWORD, *, address: str = ADDRESS) -> Claim:
        taken = await self.inbox.take(self.event(id, value, address=address), LEASE)
        assert taken.claim is not None
        return taken.claim

    async def settle(self, claim: Claim, state: InboxState = InboxState.DELIVERED) -> None:
        assert await self.inbox.settle(claim, state, {"type": "x"}, case_there=False, lease=None) is not None

    async def show(self, address: str = ADDRESS, ref: str | None = None) -> ShownSecret:
        return await self.store.show(address, "u51", "the export is made", ref)

    async def shown(self, address: str = ADDRESS, ref: str | None = None) -> str:
        return (await self.show(address, ref)).value

    async def kept(self) -> list[KeptSecret]:
        return await self.store.of_case(ADDRESS)

    async def at_rest(self) -> list[bytes | None]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(select(secrets.c.sealed))).scalars())

    async def reads(self) -> int:
        async with self.engine.connect() as connection:
            return len((await connection.execute(select(secret_reads))).all())


@pytest.fixture
def vault(engine: AsyncEngine) -> Vault:
    return Vault(engine)


# --- keeping --------------------------------------------------------------------------------------------------------


async def test_a_secret_is_kept_sealed_with_its_event_and_shown_as_it_came(vault: Vault) -> None:
    await vault.take("e-1")
    (sealed,) = await vault.at_rest()
    assert sealed is not None
    assert PASSWORD.encode() not in sealed
    assert "kanareyka" not in repr(vault.event("e-1"))
    assert await vault.shown() == PASSWORD
    assert [(one.ref, one.kept_at, one.destroyed_at) for one in await vault.kept()] == [(vault.ref("e-1"), NOW, None)]


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_reference_says_nothing_of_the_secret_and_tells_events_and_places_apart(one: str, other: str) -> None:
    ref = reference(one, "data.crm.password")
    assert ref == reference(one, "data.crm.password")
    assert len(ref) <= 64
    assert (ref == reference(other, "data.crm.password")) is (one == other)
    assert ref != reference(one, "data.crm.other")


async def test_without_a_key_no_secret_is_kept_and_the_event_neither(engine: AsyncEngine) -> None:
    bare = InboxStore(engine, KeyRing(), {"begin"})
    assert not bare.keeps_secrets
    with pytest.raises(EncryptionError, match="REGLAMENT_ENCRYPTION_KEYS"):
        await bare.take(Vault(engine).event("e-1"), LEASE)
    assert await bare.find("e-1") is None
    assert await Vault(engine).at_rest() == []


async def test_a_repeat_is_a_repeat_and_another_secret_under_its_id_a_conflict(vault: Vault) -> None:
    claim = await vault.take("e-1")
    assert (await vault.inbox.take(vault.event("e-1"), None)).duplicate
    for other in ("kanareyka", PASSWORD + " "):
        with pytest.raises(InboxConflictError):
            await vault.inbox.take(vault.event("e-1", other), None)
    with pytest.raises(InboxConflictError):
        await vault.inbox.take(vault.event("e-1", "another", body=b"other"), None)
    assert await vault.shown() == PASSWORD
    await vault.settle(claim)
    await vault.store.destroy(vault.ref("e-1"), NOW)
    assert (await vault.inbox.take(vault.event("e-1", "another"), None)).duplicate, "destroyed: nobody can tell them apart any more"
    assert await vault.at_rest() == [None], "and a repeat brings none back"


async def test_twenty_senders_with_two_secrets_leave_one(vault: Vault) -> None:
    said = await asyncio.gather(*(vault.inbox.take(vault.event("e-1", f"{n % 2}"), None) for n in range(20)), return_exceptions=True)
    assert sum(isinstance(one, InboxConflictError) for one in said) == 10
    assert len(await vault.at_rest()) == 1


async def test_a_key_is_replaced_while_old_secrets_stay_readable(engine: AsyncEngine) -> None:
    old, new = os.urandom(32), os.urandom(32)
    await Vault(engine, old).take("e-1")
    rotated = Vault(engine, new, old)
    await rotated.take("e-2", "younger", address="replacement/a-2/2026-10/1")
    assert await rotated.shown() == PASSWORD
    assert (await rotated.inbox.take(rotated.event("e-1"), None)).duplicate
    alone = Vault(engine, new)
    assert await alone.shown("replacement/a-2/2026-10/1") == "younger"
    with pytest.raises(EncryptionError, match="REGLAMENT_ENCRYPTION_KEYS"):
        await alone.show()
    with pytest.raises(DatabaseUnavailableError, match="REGLAMENT_ENCRYPTION_KEYS"):  # whether it is the same can be told later
        await alone.inbox.take(alone.event("e-1"), None)


async def test_a_sealed_secret_is_of_no_use_under_another_reference(vault: Vault) -> None:
    await vault.take("e-1")
    await vault.take("e-2", "other", address="replacement/a-2/2026-10/1")
    (first, second) = await vault.at_rest()
    async with vault.engine.begin() as connection:
        swapped = secrets.update().where(secrets.c.ref == vault.ref("e-2"))
        await connection.execute(swapped.values(sealed=first if first != second else None))
    with pytest.raises(EncryptionError, match="belong elsewhere"):
        await vault.show("replacement/a-2/2026-10/1")


# --- showing --------------------------------------------------------------------------------------------------------


async def test_whoever_is_shown_a_secret_stands_on_the_record(vault: Vault) -> None:
    await vault.take("e-1")
    for by in ("u51", "u40"):
        await vault.store.show(ADDRESS, by, f"asked by {by}")
    (kept,) = await vault.kept()
    assert [(read.by, read.reason) for read in kept.reads] == [("u51", "asked by u51"), ("u40", "asked by u40")]


async def test_what_is_not_on_the_record_is_not_shown(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is committed first: where it cannot be, nothing is opened."""
    await vault.take("e-1")
    opened: list[str] = []
    whole = KeyRing.open

    def watched(ring: KeyRing, sealed: bytes, context: str) -> bytes:
        opened.append(context)
        return whole(ring, sealed, context)

    monkeypatch.setattr(KeyRing, "open", watched)

    def away(*_: object) -> None:
        raise OSError("the disk is full")

    database_event.listen(vault.engine.sync_engine, "commit", away)
    with pytest.raises(DatabaseUnavailableError):
        await vault.show()
    assert opened == []
    database_event.remove(vault.engine.sync_engine, "commit", away)
    assert await vault.shown() == PASSWORD
    assert opened == [f"secret:{vault.ref('e-1')}"]
    assert await vault.reads() == 1


async def test_what_cannot_be_shown_is_said_without_a_value(vault: Vault) -> None:
    with pytest.raises(SecretError, match=f"no secret is kept for {ADDRESS}"):
        await vault.show()
    await vault.take("e-1")
    with pytest.raises(SecretError, match="under s-nothing"):
        await vault.show(ref="s-nothing")
    with pytest.raises(SecretError, match="no secret is kept for replacement/a-2"):
        await vault.show("replacement/a-2/2026-10/1", vault.ref("e-1"))
    await vault.inbox.take(vault.event("e-2", "second"), None)
    with pytest.raises(SecretError, match="choose one by its reference") as several:
        await vault.show()
    assert all(vault.ref(id) in str(several.value) for id in ("e-1", "e-2"))
    assert await vault.shown(ref=vault.ref("e-2")) == "second"
    assert await vault.reads() == 1, "what was not shown is no reading"


# --- destroying -----------------------------------------------------------------------------------------------------


async def test_destroyed_is_destroyed_once_and_says_when(vault: Vault) -> None:
    await vault.settle(await vault.take("e-1"))
    await vault.shown()
    await vault.store.destroy(vault.ref("e-1"), NOW + timedelta(days=3))
    await vault.store.destroy(vault.ref("e-1"), NOW + timedelta(days=4))
    assert await vault.at_rest() == [None]
    with pytest.raises(SecretError, match="destroyed at 2026-11-23 12:00:00 UTC"):
        await vault.show()
    (kept,) = await vault.kept()
    assert (kept.destroyed_at, len(kept.reads)) == (NOW + timedelta(days=3), 1), "the record outlives it"
    await vault.store.destroy("s-unknown", NOW)


async def test_with_it_goes_what_an_earlier_case_left_behind_and_nothing_that_is_still_to_come(vault: Vault) -> None:
    await vault.settle(await vault.take("e-1"))
    await vault.settle(await vault.take("e-2"))
    await vault.take("e-3", "of the next case")
    await vault.take("e-4", address="replacement/a-2/2026-10/1")
    await vault.store.destroy(vault.ref("e-1"), NOW)
    there = {one.ref for one in await vault.kept() if one.destroyed_at is None}
    assert there == {vault.ref("e-3")}
    assert await vault.shown("replacement/a-2/2026-10/1") == PASSWORD


async def test_a_late_attempt_to_destroy_leaves_the_next_case_its_secret(vault: Vault) -> None:
    """The activity of the first case runs once more after the second has begun: what came after its instant is not its own."""
    await vault.settle(await vault.take("e-1"))
    await vault.store.destroy(vault.ref("e-1"), NOW)
    vault.now = NOW + timedelta(seconds=1)
    await vault.settle(await vault.take("e-2", "of the next case"))
    await vault.store.destroy(vault.ref("e-1"), NOW)
    assert await vault.shown() == "of the next case"


async def test_what_no_case_takes_keeps_no_secret(vault: Vault) -> None:
    await vault.settle(await vault.take("e-1"), InboxState.REFUSED)
    claim = await vault.take("e-2", "second")
    assert [one.destroyed_at for one in await vault.kept() if one.ref == vault.ref("e-1")] == [NOW]
    entry = await vault.inbox.find("e-1")
    assert entry is not None
    with pytest.raises(InboxRowError, match="sent again, as another event"):
        await vault.inbox.redeliver(entry.seq)
    await vault.inbox.release(claim)
    await vault.inbox.drop(claim.entry.seq, "sent by mistake")
    assert await vault.at_rest() == [None, None]


async def test_a_refused_event_without_a_secret_can_be_delivered_again(vault: Vault) -> None:
    claim = await vault.take("e-1", None)
    await vault.settle(claim, InboxState.REFUSED)
    assert (await vault.inbox.redeliver(claim.entry.seq)).state is InboxState.RECEIVED


async def test_not_even_the_sealed_bytes_stay_in_the_file_of_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'reglament.db'}"
    await migrated(url)
    engine = open_database(url)
    vault = Vault(engine)
    await vault.settle(await vault.take("e-1", "kanareyka" + "🔑" * 991))
    (sealed,) = await vault.at_rest()
    assert sealed is not None

    def files() -> bytes:
        return b"".join(file.read_bytes() for file in sorted(tmp_path.iterdir()))

    assert sealed[-200:] in files()
    assert b"kanareyka" not in files()
    await vault.store.destroy(vault.ref("e-1"), NOW)
    await engine.dispose()  # the last connection copies the log into the file and removes it
    assert sealed[-200:] not in files()
    assert vault.ref("e-1").encode() in files()
