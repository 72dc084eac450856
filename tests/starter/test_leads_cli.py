"""``reglament leads list`` and ``quarter``, and the control times of centres, as an operator sees them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from deploy.demo.smtp_catcher import SmtpCatcher
from regulations.company import CompanyError
from regulations.control_time import calendar_named
from regulations.lead.watch import quarter
from regulations.time.calendar_change import day_table
from regulations.time.working_time import working_time
from runtime.published_calendars import PublishedCalendars
from runtime.settings import Settings
from starter.cli import app
from starter.control_times import control_times, to_publish
from starter.doctor import _published
from starter.leads import listed, quarters
from starter.views import NotFound, Unavailable
from tests.activities.centres import FAR, NEAR, CentreOffice
from tests.activities.notice_office import KALININGRAD, VLADIVOSTOK
from tests.databases import sqlite_in
from tests.starter.test_doctor import COMPANY

NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
CONTROLS = [f"control/{VLADIVOSTOK}", f"control/{KALININGRAD}"]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[CentreOffice]:
    async with sqlite_in(tmp_path) as engine, SmtpCatcher(tmp_path / "mail") as catcher:
        yield CentreOffice(engine, catcher)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.sqlite'}"


@pytest.fixture
def settings(tmp_path: Path, url: str) -> Settings:
    (tmp_path / "company.toml").write_text(COMPANY, "utf-8")
    return Settings(company=tmp_path / "company.toml", database_url=SecretStr(url), _env_file=None)


def said(settings: Settings, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("REGLAMENT_COMPANY", str(settings.company))
    monkeypatch.setenv("COLUMNS", "200")
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


async def test_leads_are_listed_by_where_they_stand_the_soonest_due_first(office: CentreOffice, url: str) -> None:
    await office.lead(1, due=NOW + timedelta(days=2))
    await office.lead(2, due=NOW + timedelta(days=1), temperature="hot")
    await office.lead(3, due=NOW - timedelta(days=1), code=NEAR, zone=KALININGRAD)
    await office.lead(4, due=NOW - timedelta(days=1), status="in_progress")
    await office.lead(5, due=NOW - timedelta(days=1), status="moved")
    await office.lead(6, due=None)

    async def found(limit: int = 10, **asked: Any) -> tuple[list[str], int]:
        plain: dict[str, Any] = {"centre": None, "status": "open", "temperature": None, "overdue": False}
        lines, total = await listed(url, **{**plain, **asked}, limit=limit, now=NOW)
        return [line.address.split("/")[1][2:] for line in lines], total

    assert await found() == (["3", "4", "2", "1", "6"], 5)
    assert await found(limit=2) == (["3", "4"], 5)
    assert await found(centre=FAR) == (["4", "2", "1", "6"], 4)
    assert await found(temperature="hot") == (["2"], 1)
    assert await found(status="moved") == (["5"], 1)
    assert await found(overdue=True) == (["3"], 1)
    assert await found(overdue=True, centre=FAR) == ([], 0)


async def test_each_centre_has_the_quarter_of_its_zone(office: CentreOffice, url: str) -> None:
    await office.define()
    begins = datetime(2026, 9, 30, 14, 0, tzinfo=UTC)  # 1 October in Vladivostok
    await office.lead(1, breached=True, due=begins, status="completed")
    await office.lead(2, breached=True, due=begins - timedelta(seconds=1), status="completed")
    await office.lead(3, breached=True, due=begins, code=NEAR, zone=KALININGRAD)
    found = await quarters(url, None, NOW)
    assert [(one.centre, one.breaches, one.new) for one in found] == [(FAR, 1, {}), (NEAR, 0, {"warm": 1})]
    assert found[0].since == begins
    assert [one.centre for one in await quarters(url, NEAR, NOW)] == [NEAR]
    with pytest.raises(NotFound, match=r"centre\.defined"):
        await quarters(url, "nowhere", NOW)
    with pytest.raises(Unavailable, match="the database does not answer"):
        await quarters("postgresql://nobody@127.0.0.1:1/none", None, NOW)


async def test_the_command_shows_no_names_of_clients(office: CentreOffice, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await office.define()
    await office.lead(1, planned_on=datetime(2026, 11, 25, tzinfo=UTC).date(), breached=True)
    await office.lead(2)
    for words in (["leads", "list"], ["leads", "list", "--json"], ["leads", "quarter"], ["leads", "quarter", "--json", "--centre", FAR]):
        code, out = await asyncio.to_thread(said, settings, monkeypatch, *words)
        assert (code, "Клиент" in out, FAR in out) == (0, False, True), out
    code, out = await asyncio.to_thread(said, settings, monkeypatch, "leads", "list", "--json", "--limit", "1")
    assert (json.loads(out)["total"], json.loads(out)["leads"][0]["planned_on"]) == (2, "2026-11-25")
    code, out = await asyncio.to_thread(said, settings, monkeypatch, "leads", "list", "--limit", "1")
    assert "1 of 2; --limit shows more" in out


# --- control times --------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 7.1")
def test_the_control_time_of_a_zone_is_shown_as_any_calendar(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out = said(settings, monkeypatch, "calendar", "show", CONTROLS[0], "--year", "2026", "--month", "11", "--json")
    shown = json.loads(out)
    days = {day["date"][-2:]: day["hours"] for day in shown["days"]}
    assert (code, shown["zone"], shown["country"]) == (0, VLADIVOSTOK, "RU")
    assert [days[d] for d in ("03", "04", "21", "23")] == [["09:00-18:00"], [], [], ["09:00-18:00"]]
    code, out = said(settings, monkeypatch, "calendar", "show", "control/Mars/Base")
    assert (code, "Mars/Base" in out) == (2, True)
    code, out = said(settings, monkeypatch, "calendar", "show")
    assert (code, "control/ZONE" in out) == (0, True)
    code, out = said(settings, monkeypatch, "deadline", "3 working hours", "--calendar", CONTROLS[0], "--from", "2026-11-20T17:30")
    assert (code, "2026-11-23" in out and "11:30" in out) == (0, True)


async def test_the_doctor_stores_the_control_times_of_the_zones_and_names_what_is_not_as_published(
    office: CentreOffice, settings: Settings
) -> None:
    await office.define()
    assert list(await control_times(settings)) == CONTROLS
    assert await to_publish("control", settings) == CONTROLS
    assert await to_publish("company", settings) == ["company"]
    [unknown] = await _published(settings, fix=False)
    assert CONTROLS[0] in unknown.seen
    assert (await _published(settings, fix=True))[0].ok
    store = PublishedCalendars(office.engine)
    calendar = working_time((await control_times(settings))[CONTROLS[1]])
    days = {**day_table(calendar), "2026-11-24": "+0200"}
    await store.begin(CONTROLS[1], "older", days, NOW)
    await store.finish(CONTROLS[1], "older", datetime.now(UTC) + timedelta(days=1))
    [changed] = await _published(settings, fix=True)
    assert (changed.ok, changed.remedy) == (False, f"reglament calendar publish {CONTROLS[1]}")


async def test_without_a_centre_there_is_no_control_time_to_publish(office: CentreOffice, settings: Settings) -> None:
    with pytest.raises(CompanyError, match="no service centre"):
        await to_publish("control", settings)
    assert office.engine is not None


def test_the_quarter_of_a_zone_begins_at_its_own_midnight() -> None:
    begins = [quarter(working_time(calendar_named(name, {})), NOW)[0] for name in CONTROLS]
    assert begins == [datetime(2026, 9, 30, 14, tzinfo=UTC), datetime(2026, 9, 30, 22, tzinfo=UTC)]
