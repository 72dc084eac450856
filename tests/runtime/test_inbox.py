"""The inbox's table: one row an event, one holder a row, one delivery at a time to an address, in order."""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import DatabaseUnavailableError, migrate, open_database
from runtime.encryption import EncryptionError, KeyRing
from runtime.files import FileStore
from runtime.inbox import Claim, Entry, InboxConflictError, InboxRowError, InboxState, InboxStore, Incoming, Taken
from runtime.tables import inbox
from tests.patience import patiently

LEASE = timedelta(seconds=30)
MOMENT = timedelta(microseconds=1)
CANARY = "kanareyka@example.org"
RECEIVED, WAITING, DELIVERED, REFUSED, DROPPED = InboxState


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(engine: AsyncEngine, clock: Clock) -> InboxStore:
    return InboxStore(engine, KeyRing([os.urandom(32)]), {"begin"}, clock)


def event(id: str, address: str = "a/1", type: str = "fact", body: str = "said", files: tuple[bytes, ...] = ()) -> Incoming:
    return Incoming(id, type, address, "event", body.encode(), _sha256(body.encode()), files)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def put(store: InboxStore, *events: Incoming) -> list[Entry]:
    return [(await store.take(one, None)).entry for one in events]


async def ids(store: InboxStore, most: int = 10) -> list[str]:
    return [claim.entry.event_id for claim in await store.claim(most, LEASE)]


async def settled(store: InboxStore, claim: Claim, state: InboxState = DELIVERED, *, case_there: bool = True) -> Claim | None:
    done = await store.settle(claim, state, {"type": "x"}, case_there=case_there, lease=LEASE)
    assert done is not None
    return done.next


async def waits(store: InboxStore, claim: Claim) -> None:
    await store.put_off(claim, WAITING, {"type": "NoCase"}, timedelta(minutes=5))


# --- in -----------------------------------------------------------------------------------------------------------------


async def test_an_event_is_kept_once_and_its_repeat_is_told_where_it_stands(store: InboxStore) -> None:
    first = await store.take(event("e"), LEASE)
    assert first.claim is not None
    assert store.body(first.claim) == b"said"
    assert (first.entry.state, first.duplicate) == (RECEIVED, False)
    await settled(store, first.claim)
    again = await store.take(event("e"), LEASE)
    assert (again.entry.seq, again.entry.state, again.duplicate, again.claim) == (first.entry.seq, DELIVERED, True, None)


async def test_another_content_under_a_known_id_is_a_conflict_for_ever(store: InboxStore) -> None:
    taken = await store.take(event("e"), LEASE)
    with pytest.raises(InboxConflictError):
        await store.take(event("e", body="other"), LEASE)
    assert taken.claim is not None
    await settled(store, taken.claim)
    with pytest.raises(InboxConflictError):
        await store.take(event("e", body="other"), LEASE)


async def test_twenty_senders_of_one_event_make_one_row(store: InboxStore) -> None:
    taken = await asyncio.gather(*(store.take(event("e"), LEASE) for _ in range(20)))
    assert len({one.entry.seq for one in taken}) == 1
    assert sorted(one.duplicate for one in taken) == [False] + [True] * 19
    assert len([one for one in taken if one.claim is not None]) == 1


async def test_of_twenty_contents_under_one_id_one_is_taken(store: InboxStore) -> None:
    said = await asyncio.gather(*(store.take(event("e", body=str(n)), None) for n in range(20)), return_exceptions=True)
    assert len([one for one in said if isinstance(one, Taken)]) == 1
    assert len([one for one in said if isinstance(one, InboxConflictError)]) == 19


async def test_files_are_kept_with_the_row_or_not_at_all(store: InboxStore, engine: AsyncEngine) -> None:
    await put(store, event("e", files=(b"one", b"two")))
    with pytest.raises(InboxConflictError):
        await store.take(event("e", body="other", files=(b"three",)), None)
    with pytest.raises(EncryptionError):  # it is there, and sealed
        await FileStore(engine, KeyRing()).get(_sha256(b"one"))
    assert await FileStore(engine, KeyRing()).get(_sha256(b"three")) is None


async def test_at_rest_a_body_is_sealed_to_its_event_and_gone_once_delivered(store: InboxStore, engine: AsyncEngine) -> None:
    async def at_rest() -> bytes | None:
        async with engine.connect() as connection:
            body: bytes | None = (await connection.execute(select(inbox.c.body))).scalar_one()
            return body

    taken = await store.take(event("e", body=CANARY), LEASE)
    assert taken.claim is not None
    sealed = await at_rest()
    assert sealed is not None
    assert CANARY.encode() not in sealed
    assert store.body(taken.claim) == CANARY.encode()
    foreign = replace(taken.claim, entry=replace(taken.entry, event_id="other"))
    with pytest.raises(EncryptionError):
        store.body(foreign)
    await settled(store, taken.claim)
    assert await at_rest() is None


async def test_no_file_of_sqlite_holds_a_word_of_a_body(tmp_path: Path) -> None:
    """The database itself, its log and its index: sealed with a key, in the clear without one."""
    for name, keys, found in (("sealed", KeyRing([os.urandom(32)]), False), ("clear", KeyRing(), True)):
        url = f"sqlite:///{tmp_path / name}.db"
        await migrate(url)
        engine = open_database(url)
        store = InboxStore(engine, keys, set())
        await put(store, event("e", body=CANARY, files=(CANARY.encode(),)))
        held = b"".join(file.read_bytes() for file in tmp_path.glob(f"{name}.db*"))  # noqa: ASYNC240 - small, and nobody waits
        await engine.dispose()
        assert (CANARY.encode() in held) is found


# --- whose turn it is ---------------------------------------------------------------------------------------------------


async def test_of_an_address_only_the_earliest_row_is_tried(store: InboxStore) -> None:
    await put(store, event("a1"), event("a2"), event("b1", "b/1"), event("a3"))
    claims = await store.claim(10, LEASE)
    assert [c.entry.event_id for c in claims] == ["a1", "b1"]
    assert await ids(store) == [], "both addresses are being delivered to"
    following = await settled(store, claims[0])
    assert following is not None
    assert following.entry.event_id == "a2", "the next of an address comes with the end of the one before it"
    await settled(store, claims[1])
    assert await ids(store) == []
    last = await settled(store, following)
    assert last is not None
    assert last.entry.event_id == "a3"


async def test_a_new_event_is_claimed_at_once_unless_others_stand_before_it(store: InboxStore) -> None:
    await put(store, event("a1"))
    (claim,) = await store.claim(10, LEASE)
    queued = await store.take(event("a2"), LEASE)
    assert queued.claim is None, "its address is being delivered to"
    await store.put_off(claim, RECEIVED, {"type": "Temporal"}, timedelta(seconds=5))
    queued = await store.take(event("a3"), LEASE)
    assert queued.claim is None, "the first one is not due yet, and nothing passes it"


async def test_rows_are_claimed_as_they_come_due_and_not_before(store: InboxStore, clock: Clock) -> None:
    await put(store, event("a1"), event("b1", "b/1"))
    a1, b1 = await store.claim(10, LEASE)
    await store.put_off(a1, RECEIVED, {}, timedelta(seconds=5))
    await store.put_off(b1, RECEIVED, {}, timedelta(seconds=4))
    clock.pass_by(timedelta(seconds=4) - MOMENT)
    assert await ids(store) == []
    clock.pass_by(timedelta(seconds=1) + MOMENT)
    assert await ids(store) == ["b1", "a1"], "the one due longest comes first"


async def test_what_is_not_due_is_claimed_for_one_who_asks_for_its_address(store: InboxStore) -> None:
    await put(store, event("a1"))
    (claim,) = await store.claim(10, LEASE)
    assert await store.claim_of("a/1", LEASE) is None
    await store.put_off(claim, RECEIVED, {}, timedelta(minutes=1))
    early = await store.claim_of("a/1", LEASE)
    assert early is not None
    assert early.attempt == 2
    assert await store.claim_of("b/1", LEASE) is None


async def test_the_beginning_passes_what_waits_for_it_and_wakes_it_in_order(store: InboxStore, clock: Clock) -> None:
    await put(store, event("f1"), event("f2"))
    (f1,) = await store.claim(10, LEASE)
    await waits(store, f1)
    begun = await store.take(event("s", type="begin"), LEASE)
    assert begun.claim is not None
    assert begun.claim.entry.event_id == "s", "f1 waits, and f2 queues behind it"
    order = []
    claim: Claim | None = begun.claim
    while claim is not None:
        order.append(claim.entry.event_id)
        claim = await settled(store, claim)
    assert order == ["s", "f1", "f2"]


async def test_the_beginning_does_not_pass_what_has_not_been_tried(store: InboxStore) -> None:
    """It may belong to the case before: a withdrawal, say, after which a second sale is meant to begin anew."""
    await put(store, event("withdrawn"), event("s", type="begin"))
    assert await ids(store) == ["withdrawn"]


async def test_one_beginning_does_not_pass_another(store: InboxStore, clock: Clock) -> None:
    await put(store, event("f"))
    (f,) = await store.claim(10, LEASE)
    await waits(store, f)
    await put(store, event("s1", type="begin"), event("s2", type="begin"))
    clock.pass_by(timedelta(minutes=10))
    assert await ids(store) == ["s1"], "neither the second, nor the fact that is due as well"


async def test_a_refused_or_dropped_row_stands_in_nobodys_way(store: InboxStore) -> None:
    await put(store, event("a1"), event("a2"), event("a3"))
    (a1,) = await store.claim(10, LEASE)
    following = await settled(store, a1, REFUSED)
    assert following is not None
    assert following.entry.event_id == "a2"
    await store.put_off(following, RECEIVED, {}, timedelta(hours=1))
    await store.drop(following.entry.seq, "sent by mistake")
    assert await ids(store) == ["a3"]


async def test_what_begins_to_wait_while_its_case_begins_is_due_at_once(store: InboxStore, clock: Clock) -> None:
    """The answer that there is no case may be older than the case."""
    await put(store, event("f"))
    (f,) = await store.claim(10, LEASE)
    await waits(store, f)
    begun = (await store.take(event("s", type="begin"), LEASE)).claim
    assert begun is not None
    await store.settle(begun, DELIVERED, {}, case_there=False, lease=None)
    clock.pass_by(timedelta(seconds=1))
    after = await store.claim_of("a/1", LEASE)
    assert after is not None
    await waits(store, after)
    assert await ids(store) == [], "asked after the beginning: there is no case all the same"
    before = await store.claim_of("a/1", LEASE)
    assert before is not None
    await waits(store, replace(before, claimed_at=begun.claimed_at))
    assert await ids(store) == ["f"]


# --- leases -------------------------------------------------------------------------------------------------------------


async def test_a_lease_of_one_who_died_is_taken_over_when_it_ends_and_not_before(store: InboxStore, clock: Clock) -> None:
    await put(store, event("e"), event("e2"))
    (dead,) = await store.claim(10, LEASE)
    clock.pass_by(LEASE - MOMENT)
    assert await ids(store) == []
    clock.pass_by(MOMENT)
    (alive,) = await store.claim(10, LEASE)
    assert (alive.entry.event_id, alive.attempt) == ("e", 2)
    assert await store.settle(dead, REFUSED, {}, case_there=True, lease=LEASE) is None, "theirs is the end that counts"
    await store.put_off(dead, WAITING, {"type": "NoCase"}, timedelta(hours=1))
    await store.release(dead)
    assert await ids(store) == []
    await settled(store, alive)
    entry = await store.entry(alive.entry.seq)
    assert entry is not None
    assert entry.state is DELIVERED


async def test_a_lease_given_back_is_free_at_once(store: InboxStore) -> None:
    await put(store, event("e"))
    (claim,) = await store.claim(10, LEASE)
    await store.release(claim)
    assert await ids(store) == ["e"]


async def test_many_starters_never_hold_one_address_twice(engine: AsyncEngine) -> None:
    """Eight stores over one database, each claiming and settling: every row once, and no two of an address at a time."""
    url = engine.url.render_as_string(hide_password=False)
    engines = [open_database(url) for _ in range(4)]
    stores = [InboxStore(one, KeyRing(), {"begin"}) for one in engines]
    await put(stores[0], *(event(f"{n}.{k}", f"a/{n}") for k in range(4) for n in range(8)))
    busy: set[str] = set()
    done: list[str] = []

    async def work(store: InboxStore) -> None:
        while len(done) < 32:
            for claim in await store.claim(3, LEASE):
                assert claim.entry.address not in busy
                busy.add(claim.entry.address)
                await asyncio.sleep(0.002)
                done.append(claim.entry.event_id)
                busy.remove(claim.entry.address)
                assert await store.settle(claim, DELIVERED, {}, case_there=False, lease=None) is not None
            await asyncio.sleep(0.001)

    async with patiently():
        await asyncio.gather(*(work(store) for store in stores))
    assert len(done) == len(set(done)) == 32
    for n in range(8):
        assert [one for one in done if one.startswith(f"{n}.")] == [f"{n}.{k}" for k in range(4)]
    for one in engines:
        await one.dispose()


# --- for people ---------------------------------------------------------------------------------------------------------


async def test_what_was_refused_can_be_delivered_again_and_keeps_its_place(store: InboxStore) -> None:
    await put(store, event("a1"), event("a2"))
    (a1,) = await store.claim(10, LEASE)
    await store.settle(a1, REFUSED, {"type": "Incomplete", "text": "why"}, case_there=True, lease=None)
    await store.redeliver(a1.entry.seq)
    again, *rest = await store.claim(10, LEASE)
    assert (again.entry.event_id, rest) == ("a1", [])
    assert store.body(again) == b"said"


async def test_what_is_put_back_before_a_row_that_is_being_delivered_waits_for_its_end(store: InboxStore) -> None:
    await put(store, event("a1"), event("a2"))
    (a1,) = await store.claim(10, LEASE)
    a2 = await settled(store, a1, REFUSED)
    assert a2 is not None
    await store.redeliver(a1.entry.seq)
    assert await ids(store) == [], "the address is being delivered to"
    assert await store.claim_of("a/1", LEASE) is None
    again = await settled(store, a2)
    assert again is not None
    assert again.entry.event_id == "a1"


async def test_what_was_delivered_or_dropped_cannot_be_delivered_again(store: InboxStore) -> None:
    done, gone = await put(store, event("a1"), event("b1", "b/1"))
    await settled(store, (await store.claim(1, LEASE))[0])
    dropped = await store.drop(gone.seq, "sent by mistake")
    assert (dropped.state, dropped.outcome) == (DROPPED, {"type": "Dropped", "text": "sent by mistake"})
    for seq, words in ((done.seq, "delivered"), (gone.seq, "dropped"), (404, "no row 404")):
        with pytest.raises(InboxRowError, match=words):
            await store.redeliver(seq)
        with pytest.raises(InboxRowError, match=words):
            await store.drop(seq, "again")


async def test_what_is_being_delivered_cannot_be_dropped(store: InboxStore, clock: Clock) -> None:
    (entry,) = await put(store, event("a1"))
    await store.claim(1, LEASE)
    with pytest.raises(InboxRowError, match="being delivered"):
        await store.drop(entry.seq, "now")
    clock.pass_by(LEASE)
    assert (await store.drop(entry.seq, "now")).state is DROPPED


async def test_lists_and_numbers(store: InboxStore, clock: Clock) -> None:
    await put(store, event("a1"), event("a2"), event("b1", "b/1"))
    clock.pass_by(timedelta(minutes=3))
    a1, b1 = await store.claim(10, LEASE)
    await store.settle(a1, DELIVERED, {}, case_there=True, lease=None)
    await waits(store, b1)
    tallies = await store.tallies()
    assert tallies.rows == {RECEIVED: 1, WAITING: 1, DELIVERED: 1, REFUSED: 0, DROPPED: 0}
    assert tallies.oldest == timedelta(minutes=3)
    assert [e.event_id for e in await store.entries([RECEIVED, WAITING], None, 10)] == ["a2", "b1"]
    assert [e.event_id for e in await store.entries(list(InboxState), "a/1", 10)] == ["a1", "a2"]
    assert [e.event_id for e in await store.entries(list(InboxState), None, 1)] == ["a1"]
    assert await store.entry(404) is None
    found = await store.find("b1")
    assert found is not None
    assert (found.state, found.attempts) == (WAITING, 1)


async def test_a_database_that_is_away_says_so(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(DatabaseUnavailableError):
        await InboxStore(engine, KeyRing(), set()).take(event("e"), None)
    await engine.dispose()
