"""The activities of a manager's diary: the papers owed next, and papers drawn up from real registers (onboarding 4.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy.ext.asyncio import AsyncEngine

from activities import errors
from activities.service import ServicePapers
from regulations.company import Person
from regulations.onboarding.effects import PapersQuestion, PapersToDraw
from runtime.database import open_database
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.service_reader import ServiceReader
from tests.activities.attempts import attempt, failing
from tests.databases import sqlite_in
from tests.regulations.course import KYIV, KYIV_OFFICE, at
from tests.regulations.onboarding.kept import NOW, day_of, report_of
from tests.runtime.service_book import ServiceBook

PEOPLE = {"u41": Person("u41", "Олена Коваль", "u41@company.example", "company", ("client_manager",))}
NEXT = PapersQuestion(calendar="company", after=NOW, terms={"4.4.1": "close of business"})
QUESTION = PapersToDraw(manager="u41", papers=(report_of(), day_of()), calendar="company", language="uk", now=NOW)


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[ServiceBook]:
    """Where what the databases do differently does not matter."""
    async with sqlite_in(tmp_path) as engine:
        yield ServiceBook(engine)


def papers(engine: AsyncEngine) -> tuple[ServicePapers, FileStore]:
    files = FileStore(engine, KeyRing([]))
    return ServicePapers(ServiceReader(engine), files, {"company": KYIV_OFFICE}, PEOPLE), files


@pytest.mark.clause("onboarding 4.4")
async def test_the_next_papers_are_found_in_the_companys_calendar(plain: ServiceBook) -> None:
    made, _ = papers(plain.engine)
    answer = await attempt(made.next_papers, NEXT)
    assert (answer.day, [paper.paper for paper in answer.papers]) == (date(2026, 11, 18), ["day_report"])


async def test_a_calendar_that_is_missing_or_ends_and_a_term_that_is_none_are_waited_for(plain: ServiceBook) -> None:
    made, _ = papers(plain.engine)
    wrong: list[dict[str, Any]] = [{"calendar": "nowhere"}, {"after": at("2040-01-01 12:00", KYIV)}, {"terms": {"4.4.1": "soon"}}]
    found = [await failing(made.next_papers, NEXT.model_copy(update=one)) for one in wrong]
    found.append(await failing(made.draw_papers, QUESTION.model_copy(update={"calendar": "nowhere"})))
    assert {(e.type, e.non_retryable) for e in found} == {(errors.MISCONFIGURED, False)}


@pytest.mark.clause("onboarding 4.4.1")
@pytest.mark.clause("onboarding 4.4.2")
async def test_report_and_plan_are_drawn_up_together_from_the_registers_and_kept_the_same_again(plain: ServiceBook) -> None:
    await plain.client("c-1", "2026-11-18 18:00")
    await plain.client("c-2", "2026-11-18 17:00")
    await plain.done("2026-11-17 10:00", minutes=45)
    await plain.visit("2026-11-18 10:00", "v-2", minutes=60, purpose="оновлення")
    made, files = papers(plain.engine)
    drawn = await attempt(made.draw_papers, QUESTION)
    assert (drawn.manager, [paper.lines for paper in drawn.papers]) == ("Олена Коваль", [1, 1])
    assert [paper.file.name for paper in drawn.papers] == ["Звіт 2026-11-17.xlsx", "План на день 2026-11-18.xlsx"]
    plan: dict[str, Any] = drawn.papers[1].values
    assert [section["lines"] for section in plan["sections"]] == [
        ["10:00–11:00 ТОВ «Ромашка»: оновлення"],
        ["ПП «Волошка»: оновити до ср 18.11.2026 17:00 (комплект «Законодавство»)"],
    ]
    assert await attempt(made.draw_papers, QUESTION) == drawn
    content = await files.get(drawn.papers[0].file.sha256)
    assert content is not None
    said = [cell for sheet in load_workbook(BytesIO(content)) for row in sheet.iter_rows(values_only=True) for cell in row]
    assert {"Менеджер: Олена Коваль", "ТОВ «Ромашка»", "візит", 45} <= set(said)


@pytest.mark.clause("onboarding 4.4.2")
async def test_a_visit_before_the_period_counts_from_now_on(plain: ServiceBook) -> None:
    """On Friday for the week after: a visit this afternoon makes none necessary next week."""
    await plain.client("c-1", "2026-11-25 18:00")
    await plain.visit("2026-11-17 17:30")
    made, _ = papers(plain.engine)
    (plan,) = (await attempt(made.draw_papers, QUESTION.model_copy(update={"papers": (day_of("2026-11-25"),)}))).papers
    assert len(plan.values["sections"]) == 1  # type: ignore[arg-type]


async def test_a_manager_whom_the_companys_file_does_not_know_goes_by_its_id(plain: ServiceBook) -> None:
    made, _ = papers(plain.engine)
    drawn = await attempt(made.draw_papers, QUESTION.model_copy(update={"manager": "u99"}))
    assert (drawn.manager, [paper.lines for paper in drawn.papers]) == ("u99", [0, 0])


async def test_a_database_that_is_away_is_tried_again() -> None:
    engine = open_database("sqlite:////no/such/folder/x.db")
    made, _ = papers(engine)
    error = await failing(made.draw_papers, QUESTION)
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
    await engine.dispose()
