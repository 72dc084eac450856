"""A manager's clients, work and visits, read from real registers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from regulations.onboarding.rows import PlannedVisitRow, ServiceClientRow, ServiceRecordRow
from runtime.database import DatabaseUnavailableError, open_database
from runtime.service_reader import ServiceReader, ServiceRows
from tests.regulations.course import KYIV, at
from tests.regulations.onboarding.kept import NOW, client
from tests.runtime.service_book import ServiceBook

SINCE, UNTIL = at("2026-11-17 00:00", KYIV), at("2026-11-19 00:00", KYIV)


@pytest.fixture
def book(engine: AsyncEngine) -> ServiceBook:
    """On SQLite and on PostgreSQL."""
    return ServiceBook(engine)


def ids(rows: ServiceRows) -> tuple[list[str], list[str], list[str]]:
    """Clients, what was done, planned visits."""
    done = [ServiceRecordRow.model_validate(one.columns).id for one in rows.done]
    return (
        [ServiceClientRow.model_validate(row).client for row in rows.clients],
        done,
        [PlannedVisitRow.model_validate(row).visit for row in rows.visits],
    )


@pytest.mark.clause("onboarding 4.4")
async def test_a_managers_rows_are_its_own_of_these_days(book: ServiceBook) -> None:
    await book.client("c-1")
    await book.client("c-2", manager="u42")
    await book.client("c-3", active=False)
    await book.done("2026-11-17 00:00", id="first")
    await book.done("2026-11-18 23:59:59", id="last")
    await book.done("2026-11-16 23:59:59", id="before")
    await book.done("2026-11-19 00:00", id="after")
    await book.done("2026-11-17 12:00", id="others", manager="u42")
    await book.visit("2026-11-17 00:00", "v-first")
    await book.visit("2026-11-18 10:00", "v-cancelled", client="c-2", state="cancelled")
    await book.visit("2026-11-19 00:00", "v-after")
    await book.visit("2026-11-17 10:00", "v-others", manager="u42")
    found = await ServiceReader(book.engine).of("u41", SINCE, UNTIL, None)
    assert ids(found) == (["c-1"], ["first", "last"], ["v-first", "v-cancelled"])
    assert found.names == {"c-1": "ТОВ «Ромашка»", "c-2": "ПП «Волошка»"}
    assert {one.learnt_at for one in found.done} == {NOW}
    assert ids(await ServiceReader(book.engine).of("u99", SINCE, UNTIL, None)) == ([], [], [])


@pytest.mark.clause("onboarding 4.4.1")
async def test_work_of_earlier_days_counts_where_it_was_learnt_since_and_a_planned_visit_whoever_made_it(book: ServiceBook) -> None:
    await book.done("2026-11-13 12:00", id="known", decided_at=NOW - timedelta(days=1))
    await book.done("2026-11-13 13:00", id="late", decided_at=NOW - timedelta(days=1, seconds=-1))
    await book.visit("2026-11-17 10:00", "v-1")
    await book.visit("2026-11-17 11:00", "v-2")
    await book.done("2026-11-10 10:00", id="v-1", manager="u42")
    await book.done("2026-11-10 11:00", "contact", id="v-2", manager="u42")
    found = await ServiceReader(book.engine).of("u41", SINCE, UNTIL, NOW - timedelta(days=1))
    assert ids(found)[1] == ["v-1", "late"]


async def test_of_several_plans_of_a_client_the_newest_says_its_name(book: ServiceBook) -> None:
    await book.visit("2026-11-17 10:00")
    await book.client(uid="uid-old", name="Стара назва", active=False)
    await book.write("uid-new", "service-plan/c-1", client(name="Нова назва"), NOW + timedelta(days=1))
    assert (await ServiceReader(book.engine).of("u41", SINCE, UNTIL, None)).names == {"c-1": "Нова назва"}


async def test_a_database_that_is_away_is_said_to_be() -> None:
    engine = open_database("sqlite:////no/such/folder/x.db")
    with pytest.raises(DatabaseUnavailableError):
        await ServiceReader(engine).of("u41", SINCE, UNTIL, None)
    await engine.dispose()
