"""What was published, and the terms that a change may touch, on every database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.published_calendars import PublishedCalendars
from runtime.registers import Origin, RegisterRow, RegisterWriter
from runtime.tables import obligations
from tests.patience import patiently

NOW = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
DAYS = {"2026-11-18": "+0300 09:00-18:00"}
DAY = date(2026, 11, 18)


@pytest.fixture
def store(engine: AsyncEngine) -> PublishedCalendars:
    return PublishedCalendars(engine)


async def write(engine: AsyncEngine, uid: str, *keys: str, **changes: Any) -> None:
    """Obligations of one case, of calendar ``company`` in version v1, depending on 16 to 20 November."""
    rows = [
        RegisterRow(
            "obligations",
            {
                "key": key,
                "seq": number,
                "clause": key,
                "owner": "cc",
                "escalation": "cc_head",
                "duty": "handoff",
                "term": "24 working hours",
                "state": "open",
                "started_at": NOW,
                "due": NOW + timedelta(days=9),
                "met_at": None,
                "breached_at": None,
                "provisional": False,
                "calendar": "company",
                "calendar_version": "v1",
                "span_from": date(2026, 11, 16),
                "span_to": date(2026, 11, 20),
                "note": "",
                **changes,
            },
        )
        for number, key in enumerate(keys, 1)
    ]
    await RegisterWriter(engine).write(Origin(uid, f"handoff/{uid}", "handoff", "e", NOW), rows)


async def older(
    store: PublishedCalendars, version: str = "v2", first: date = DAY, last: date = DAY, page: int = 2
) -> list[tuple[str, str]]:
    return [term.id async for term in store.older_terms("company", version, first, last, page=page)]


async def test_what_was_never_published_is_unknown_and_stored_once(store: PublishedCalendars) -> None:
    assert await store.newest("company") is None
    assert await store.store_first("company", "v1", DAYS, NOW)
    assert not await store.store_first("company", "v2", {}, NOW + timedelta(days=1))
    newest = await store.newest("company")
    assert newest is not None
    assert (newest.version, newest.published_at, newest.finished_at, newest.days) == ("v1", NOW, NOW, DAYS)
    assert await store.newest("branch") is None


async def test_only_a_finished_publication_is_the_published_one(store: PublishedCalendars) -> None:
    await store.store_first("company", "v1", DAYS, NOW)
    later = NOW + timedelta(hours=1)
    assert await store.begin("company", "v2", {}, later) == later
    assert (await store.newest("company")).version == "v1"  # type: ignore[union-attr]
    assert [begun.version for begun in await store.unfinished("company")] == ["v2"]
    await store.finish("company", "v2", later + timedelta(minutes=5))
    assert (await store.newest("company")).version == "v2"  # type: ignore[union-attr]
    assert await store.unfinished("company") == []


async def test_a_publication_goes_on_with_the_instant_at_which_it_began_unless_its_days_are_others(store: PublishedCalendars) -> None:
    await store.begin("company", "v2", DAYS, NOW)
    assert await store.begin("company", "v2", DAYS, NOW + timedelta(hours=1)) == NOW
    assert await store.begin("company", "v2", {}, NOW + timedelta(hours=2)) == NOW + timedelta(hours=2)


async def test_a_publication_that_cannot_go_on_is_forgotten_and_what_is_published_stays(store: PublishedCalendars) -> None:
    await store.store_first("company", "v1", DAYS, NOW)
    await store.begin("company", "v2", {}, NOW)
    await store.forget("company", "v2")
    await store.forget("company", "v1")
    assert await store.unfinished("company") == []
    assert (await store.newest("company")).version == "v1"  # type: ignore[union-attr]


async def test_a_version_that_comes_back_is_published_anew(store: PublishedCalendars) -> None:
    for hours, version in enumerate(("v1", "v2", "v1")):
        at = NOW + timedelta(hours=hours)
        assert await store.begin("company", version, DAYS, at) == at
        await store.finish("company", version, at)
        newest = await store.newest("company")
        assert newest is not None
        assert (newest.version, newest.published_at) == (version, at)


async def test_finishing_one_version_forgets_those_given_up_on_the_way_of_this_calendar_alone(store: PublishedCalendars) -> None:
    await store.begin("company", "v2", {}, NOW)
    await store.begin("branch", "b2", {}, NOW)
    await store.begin("company", "v3", {}, NOW + timedelta(hours=1))
    await store.finish("company", "v3", NOW + timedelta(hours=2))
    assert await store.unfinished("company") == []
    assert [begun.version for begun in await store.unfinished("branch")] == ["b2"]


async def test_every_older_term_is_found_once_whatever_the_size_of_the_page(store: PublishedCalendars, engine: AsyncEngine) -> None:
    for uid in ("u2", "u1", "u3"):
        await write(engine, uid, "2.2.4/1", "2.2.5/1", "5.3 (2)/1")
    expected = [(uid, key) for uid in ("u1", "u2", "u3") for key in ("2.2.4/1", "2.2.5/1", "5.3 (2)/1")]
    for page in (1, 2, 3, 4, 9, 10):
        assert await older(store, page=page) == expected


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, True),
        ({"state": "overdue"}, True),
        ({"state": "met_late"}, True),
        ({"state": "met"}, False),
        ({"state": "waived"}, False),
        ({"calendar_version": "v2"}, False),
        ({"calendar": "branch"}, False),
        ({"calendar_version": None, "span_from": None, "span_to": None}, False),
        ({"span_from": DAY, "span_to": DAY}, True),
        ({"span_from": date(2026, 11, 19)}, False),
        ({"span_to": date(2026, 11, 17)}, False),
    ],
)
async def test_which_terms_are_older_ones(store: PublishedCalendars, engine: AsyncEngine, changes: dict[str, Any], found: bool) -> None:
    await write(engine, "u1", "2.2.4/1", **changes)
    assert await older(store) == ([("u1", "2.2.4/1")] if found else [])


async def test_what_became_of_the_terms_of_cases(store: PublishedCalendars, engine: AsyncEngine) -> None:
    await write(engine, "u1", "2.2.4/1", calendar_version="v2")
    await write(engine, "u2", "2.2.4/1")
    breach = {"key": "2.2.4/1", "seq": 3, "clause": "2.2.4", "owner": "cc", "due": NOW, "at": NOW, "late_seconds": None, "note": ""}
    rows = [RegisterRow("breaches", {**breach, "entry": entry}) for entry in ("recorded", "withdrawn")]
    await RegisterWriter(engine).write(Origin("u1", "handoff/u1", "handoff", "e", NOW), rows)
    many = ["u1", *(f"nobody-{n}" for n in range(1200))]
    assert {term.calendar_version for term in (await store.terms_of(many)).values()} == {"v2"}
    assert await store.withdrawn(many) == {("u1", "2.2.4/1", NOW)}
    assert await store.terms_of([]) == {}


async def test_looking_waits_for_nobody_who_writes(store: PublishedCalendars, engine: AsyncEngine) -> None:
    """Cases write by the thousand while a calendar is published; SQLite lets one writer in at a time, and refuses after 15 seconds."""
    await write(engine, "u1", "2.2.4/1")
    async with engine.begin() as writing:
        await writing.execute(obligations.update().values(note="under way"))
        async with patiently():
            assert await older(store) == [("u1", "2.2.4/1")]
            assert await store.newest("company") is None
