"""Bulk actions as rows, on both databases: frozen once, settled once, read back in order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.bulks import BulkConflictError, BulkStore, Item, NewItem, SettledItem
from runtime.lead_tables import leads

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
REQUEST = {"action": "assign", "leads": ["lead/c-1/bureau"]}


@pytest.fixture
def store(engine: AsyncEngine) -> BulkStore:
    return BulkStore(engine)


def new(n: int, reason: str = "") -> NewItem:
    return NewItem(n, f"lead/c-{n}/bureau", {"manager": "m1"}, "6.1" if reason else "", reason)


def settled(n: int, *, done: bool = True, reason: str = "") -> SettledItem:
    return SettledItem(n, f"lead/c-{n}/bureau", done, "created" if done else "Ended", "" if done else "6.1", reason)


async def results(store: BulkStore, *, without_done: bool = False) -> list[Item]:
    return [item async for item in store.results("b", without_done=without_done)]


async def test_a_selection_is_frozen_once_whoever_comes_second(store: BulkStore) -> None:
    assert await store.head("b") is None
    begun = await store.begin("b", "assign", "v", REQUEST)
    assert (begun.frozen_at, begun.total, begun.request) == (None, 0, REQUEST)
    first, second = await asyncio.gather(
        store.freeze("b", [new(1), new(2, "beyond")], NOW), store.freeze("b", [new(n) for n in range(1, 9)], NOW + timedelta(hours=1))
    )
    assert first == second == await store.head("b")
    assert first.total in (2, 8)
    assert [item.n for item in await results(store)] == list(range(1, first.total + 1))
    assert await store.begin("b", "assign", "v", REQUEST) == first


async def test_an_id_that_is_known_with_another_request_is_a_conflict(store: BulkStore) -> None:
    await store.begin("b", "assign", "v", REQUEST)
    with pytest.raises(BulkConflictError):
        await store.begin("b", "assign", "v", {**REQUEST, "leads": []})


async def test_an_upload_that_is_written_again_from_its_beginning_doubles_nothing(store: BulkStore) -> None:
    await store.begin("b", "create", None, REQUEST)
    await store.add("b", [new(2), new(3, "wrong")], NOW)
    await store.add("b", [new(2, "other"), new(3), new(4)], NOW)
    head = await store.freeze("b", [new(5)], NOW)
    assert head.total == 4
    assert [(item.n, item.state, item.reason) for item in await results(store)] == [
        (2, "pending", ""),
        (3, "refused", "wrong"),
        (4, "pending", ""),
        (5, "pending", ""),
    ]


async def test_what_is_settled_stays_as_it_is(store: BulkStore) -> None:
    await store.begin("b", "assign", "v", REQUEST)
    await store.freeze("b", [new(n) for n in range(1, 5)], NOW)
    await store.settle("b", [settled(1), settled(2, done=False, reason="ended")], NOW)
    await store.settle("b", [settled(1, done=False, reason="late"), settled(2), settled(3)], NOW)
    await store.settle("b", [], NOW)
    assert [(item.n, item.state, item.answer, item.reason) for item in await results(store)] == [
        (1, "done", "created", ""),
        (2, "refused", "Ended", "ended"),
        (3, "done", "created", ""),
        (4, "pending", "", ""),
    ]
    assert await store.counts("b") == {"done": 2, "refused": 1, "pending": 1}
    assert [item.n for item in await results(store, without_done=True)] == [2, 4]


async def test_pages_go_by_number_and_results_beyond_a_page_are_whole(store: BulkStore) -> None:
    await store.begin("b", "assign", "v", REQUEST)
    await store.freeze("b", [new(n, "no" if n % 3 else "") for n in range(1, 1_203)], NOW)
    assert [item.n for item in await store.page("b", 0, 3)] == [1, 2, 3]
    assert [item.n for item in await store.page("b", 1_200, 500)] == [1_201, 1_202]
    assert await store.page("b", 1_202, 500) == []
    assert [item.n for item in await results(store)] == list(range(1, 1_203))


def lead(address: str, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "case_uid": f"uid-{address}",
        "round": 1,
        "client": "c",
        "client_name": "ООО Ромашка",
        "product": "bureau",
        "type": "service",
        "temperature": "warm",
        "status": "new",
        "centre": "v",
        "created_at": NOW,
        "arrived_at": NOW,
        "due": NOW + timedelta(days=7),
        "due_text": "",
        "breached": False,
        "seq": 1,
        "address": address,
        "case_kind": "lead",
        "edition": "lead-1",
        "decided_at": NOW,
        "recorded_at": NOW,
    }
    return {**given, **changes}


async def test_of_an_address_the_latest_round_of_the_latest_lead_is_known(engine: AsyncEngine, store: BulkStore) -> None:
    later = NOW + timedelta(days=40)
    rows = [
        lead("lead/a/bureau", case_uid="u1", round=2, centre="w", temperature="hot"),
        lead("lead/a/bureau", case_uid="u1", round=1, status="moved"),
        lead("lead/b/bureau", case_uid="u3", created_at=later, due=None, status="in_progress"),
        lead("lead/b/bureau", case_uid="u2", status="completed"),
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(leads), rows)
    known = await store.known_leads(["lead/b/bureau", "lead/a/bureau", "lead/nobody/bureau"])
    assert {(one.address, one.centre, one.status, one.temperature, one.due) for one in known} == {
        ("lead/a/bureau", "w", "new", "hot", NOW + timedelta(days=7)),
        ("lead/b/bureau", "v", "in_progress", "warm", None),
    }
    assert await store.known_leads([]) == []
