"""What a case is given at its opening, besides its terms."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from activities import errors
from activities.planning import Planning
from regulations.company import Person
from regulations.editions import load_editions
from regulations.plans import OpeningRequest
from regulations.roster import Absence, Holder
from regulations.time.calendar_spec import CalendarSpec
from runtime.absences import AbsenceLine, AbsenceRegister
from runtime.settings import Settings
from tests.activities.attempts import failing
from tests.databases import sqlite_in

UI = "https://temporal.example.org/namespaces/default"


@pytest.mark.clause("lead 3.3")
@pytest.mark.parametrize("ui", ["", UI])
async def test_an_opening_tells_where_the_cases_are_shown(ui: str) -> None:
    calendars = {"company": CalendarSpec.simple("Europe/Moscow", "RU")}
    planning = Planning(company="c", calendars=calendars, roles={}, editions=load_editions(), ui=ui)
    opening = await planning.open_case(OpeningRequest(regulation="handoff", at=datetime(2026, 11, 20, tzinfo=UTC)))
    assert opening.ui == ui


@pytest.mark.parametrize("wrong", ["temporal.example.org", "https://temporal.example.org", "https://temporal.example.org/namespaces/"])
def test_an_address_without_a_namespace_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGLAMENT_TEMPORAL_UI", UI)
    assert Settings().temporal_ui == UI
    monkeypatch.setenv("REGLAMENT_TEMPORAL_UI", wrong)
    with pytest.raises(ValidationError, match="temporal_ui"):
        Settings()


# --- the calendar of a zone -----------------------------------------------------------------------------------------

NOW = datetime(2026, 8, 5, 9, tzinfo=UTC)


async def calendar_of(zone: str | None, calendar: str | None = None, **zones: str) -> str:
    calendars = {name: CalendarSpec.simple(tz, None, name=name) for name, tz in zones.items()}
    planning = Planning(company="c", calendars=calendars, roles={}, editions=load_editions())
    opening = await planning.open_case(OpeningRequest(regulation="onboarding", at=NOW, zone=zone, calendar=calendar))
    assert opening.zone == zones[opening.calendar]
    return opening.calendar


async def test_a_zone_is_counted_in_the_companys_own_calendar_where_that_has_it_else_in_the_first_by_name() -> None:
    zones = {"west": "Europe/Kyiv", "company": "Europe/Kyiv", "centre": "Europe/Kyiv"}
    assert await calendar_of("Europe/Kyiv", **zones) == "company"
    assert await calendar_of("Europe/Kyiv", **{**zones, "company": "Europe/Moscow"}) == "centre"
    assert await calendar_of(None, **{**zones, "company": "Europe/Moscow"}) == "company"
    assert await calendar_of("Europe/Kyiv", "west", **zones) == "west", "who knows the name is given that calendar"


async def test_a_zone_that_no_calendar_has_is_waited_for_and_named_with_the_remedy() -> None:
    planning = Planning(company="c", calendars={"company": CalendarSpec.simple("Europe/Moscow", "RU")}, roles={}, editions=load_editions())
    error = await failing(planning.open_case, OpeningRequest(regulation="onboarding", at=NOW, zone="Europe/Kyiv"))
    assert (error.type, error.non_retryable) == (errors.MISCONFIGURED, False)
    assert "[calendars.kyiv]" in error.message
    assert 'tz = "Europe/Kyiv"' in error.message


# --- who has which role ---------------------------------------------------------------------------------------------

PEOPLE = {
    id: Person(id, f"Name of {id}", f"{id}@company.example", "company", roles)
    for id, roles in {"u1": ("lawyer", "director"), "u2": (), "u3": ("accountant",), "u4": ("director",)}.items()
}


async def test_a_case_that_asks_for_roles_is_told_who_has_them_and_who_stands_in(tmp_path: Path) -> None:
    today = NOW.date()
    month = timedelta(days=31)
    async with sqlite_in(tmp_path) as engine:
        register = AbsenceRegister(engine)
        async with register.open() as entering:
            for line in (
                AbsenceLine("u1", today, today, "u2"),
                AbsenceLine("u1", today + timedelta(days=5), today + timedelta(days=9), "u3"),
                AbsenceLine("u2", today - month, today - month, "u4"),
                AbsenceLine("u3", today - 2 * month, today - month - timedelta(days=1), "u4"),
            ):
                await entering.enter(line, NOW)
        calendars = {"company": CalendarSpec.simple("Europe/Kyiv", None)}
        planning = Planning(company="c", calendars=calendars, roles={}, editions=load_editions(), people=PEOPLE, absences=register)
        asked = OpeningRequest(regulation="onboarding", at=NOW, roster=("lawyer", "accountant"))
        opening = await planning.open_case(asked)
        nobody = await planning.open_case(asked.model_copy(update={"roster": ()}))
    assert opening.roster == (
        Holder(
            person="u1",
            roles=("lawyer",),
            absences=(
                Absence(first=date(2026, 8, 5), last=date(2026, 8, 5), deputy="u2"),
                Absence(first=date(2026, 8, 10), last=date(2026, 8, 14), deputy="u3"),
            ),
        ),
        Holder(person="u2", roles=(), absences=(Absence(first=today - month, last=today - month, deputy="u4"),)),
        Holder(person="u3", roles=("accountant",)),
        Holder(person="u4", roles=()),
    )
    assert nobody.roster == (), "other cases keep nothing of it"


async def test_without_a_register_nobody_is_absent() -> None:
    calendars = {"company": CalendarSpec.simple("Europe/Kyiv", None)}
    planning = Planning(company="c", calendars=calendars, roles={}, editions=load_editions(), people=PEOPLE)
    opening = await planning.open_case(OpeningRequest(regulation="onboarding", at=NOW, roster=("director",)))
    assert opening.roster == (Holder(person="u1", roles=("director",)), Holder(person="u4", roles=("director",)))


async def test_a_register_that_is_away_is_waited_for() -> None:
    from runtime.database import open_database

    away = open_database("postgresql://nobody@127.0.0.1:1/none")
    calendars = {"company": CalendarSpec.simple("Europe/Kyiv", None)}
    planning = Planning(company="c", calendars=calendars, roles={}, editions=load_editions(), absences=AbsenceRegister(away))
    error = await failing(planning.open_case, OpeningRequest(regulation="onboarding", at=NOW, roster=("director",)))
    await away.dispose()
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
