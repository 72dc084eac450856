"""``reglament calendar``: what is shown, and what the command line answers when it publishes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.testing import WorkflowEnvironment
from typer.testing import CliRunner

from regulations.time.calendar_spec import CalendarError
from regulations.time.working_time import working_time
from runtime.database import open_database
from runtime.published_calendars import PublishedCalendars
from runtime.settings import Settings
from starter.cli import app
from starter.commands.calendar_days import days_of, find
from starter.doctor import _published
from starter.publication import Publication
from tests.databases import migrated
from tests.regulations.handoff.course import CALENDAR
from tests.starter.command_line import CommandLine
from tests.starter.offices import SOON, Office, with_closed, working_days

pytestmark = pytest.mark.usefixtures("alone")
COMPANY = """
name = "c"
[roles]
cc = "cc@company.example"
[calendars.company]
tz = "Europe/Moscow"
country = "RU"
"""


def company(folder: Path, *lines: str, hours: str = 'hours = "09:00-18:00"') -> Path:
    file = folder / "company.toml"
    file.write_text("\n".join([COMPANY, hours, *lines]), "utf-8")
    return file


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `reglament calendar show` with the company's file and gives what it printed in JSON."""
    monkeypatch.chdir(tmp_path)
    weekly = 'weekly = { mon = [["09:00", "18:00"]], fri = [["09:00", "13:00"], ["14:00", "18:00"]] }'
    file = company(tmp_path, 'closed = ["2026-12-25"]', 'open = { "2026-12-26" = [["10:00", "15:00"]] }', "short_days = true", hours=weekly)
    monkeypatch.setenv("REGLAMENT_COMPANY", str(file))

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(app, ["calendar", "show", *arguments, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return run


def test_a_month_tells_of_every_day_what_it_is_its_hours_and_why(shown: Any) -> None:
    month = shown("company", "--year", "2026", "--month", "12")
    assert (month["zone"], month["country"], month["known_through"]) == ("Europe/Moscow", "RU", "2027-12-31")
    assert month["version"].startswith("RU ")
    assert len(month["days"]) == 31
    days = {day["date"][-2:]: day for day in month["days"]}
    assert [(days[d]["kind"], days[d]["hours"], days[d]["layer"]) for d in ("07", "08", "12", "25", "26")] == [
        ("working", ["09:00-18:00"], ""),
        ("no hours", [], ""),
        ("weekend", [], ""),
        ("day off", [], "company"),
        ("works", ["10:00-15:00"], "company"),
    ]
    assert days["07"]["weekday"] == "Monday"


@pytest.mark.parametrize(
    ("day", "kind", "layer", "reason"),
    [
        (date(2026, 1, 9), "day off", "statute", "day off moved from 2026-01-03 (PP 24.09.2025 N 1466)"),
        (date(2026, 11, 4), "day off", "statute", "National Unity Day (Labour Code, article 112)"),
        (date(2026, 11, 3), "working", "", ""),  # the company does not keep shortened days
        (date(2024, 4, 27), "works", "statute", "works in place of 2024-04-29"),
        (date(2020, 3, 30), "day off", "president", "declared non-working by the president"),
    ],
)
def test_each_special_day_names_its_reason_its_source_and_its_layer(day: date, kind: str, layer: str, reason: str) -> None:
    calendar = working_time(replace(CALENDAR, layers=("statute", "president", "region")))
    (found,) = [known for known in days_of(calendar, day.year) if known.date == day]
    assert (found.kind, found.layer) == (kind, layer)
    assert found.reason.startswith(reason)


def test_a_shortened_day_is_shown_where_the_company_keeps_them(shown: Any) -> None:
    (eve,) = [d for d in days_of(working_time(replace(CALENDAR, short_days=True)), 2026) if d.date == date(2026, 11, 3)]
    assert (eve.kind, eve.hours, eve.layer) == ("short", ("09:00-17:00",), "statute")


def test_a_year_sums_its_months_and_lists_its_special_days_alone(shown: Any) -> None:
    year = shown("ru-moscow", "--year", "2026")
    assert sum(month["working_days"] for month in year["months"]) == 247  # as the ministry of labour counts
    assert year["months"][4] == {"month": 5, "working_days": 19, "working_hours": 171.0}
    assert all(day["layer"] for day in year["days"])
    assert not any(day["provisional"] for day in year["days"])


def test_what_no_decree_covers_yet_is_provisional(shown: Any) -> None:
    assert all(day["provisional"] for day in shown("ru-moscow", "--year", "2028", "--month", "1")["days"])


def test_the_list_begins_with_the_companys_own(shown: Any) -> None:
    listed = shown()
    assert [(known["name"], known["company"]) for known in listed[:2]] == [("company", True), ("ru-kaliningrad", False)]
    assert "ua-kyiv" in {known["name"] for known in listed}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mars"], "there is no calendar 'mars': use company, ru-kaliningrad"),
        (["ru-moscow", "--year", "2040"], "covers 2020 to 2028"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(shown: Any, arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["calendar", "show", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize("arguments", [[], ["company"], ["company", "--year", "2026", "--month", "12"], ["ua-kyiv", "--year", "2027"]])
def test_it_can_be_read_by_people_too(shown: Any, arguments: list[str]) -> None:
    done = CliRunner().invoke(app, ["calendar", "show", *arguments])
    assert done.exit_code == 0
    assert (arguments or ["kz-almaty"])[0] in done.stdout


def test_a_name_that_neither_the_company_nor_the_product_knows() -> None:
    with pytest.raises(CalendarError, match="use ru-kaliningrad"):
        find("company", {})


# --- publish --------------------------------------------------------------------------------------------------------


class Desk:
    """The command line with the settings of one company."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'registers.sqlite'}"
        settings = {"REGLAMENT_COMPANY": str(company(folder)), "REGLAMENT_DATABASE_URL": self.url, "TEMPORAL_ADDRESS": address}
        self.says = CommandLine(folder, monkeypatch, **settings)

    async def publish(self, *arguments: str, code: int = 0) -> str:
        """What the command printed, of standard output and standard error; it must end with this code."""
        ended, said = await self.says("calendar", "publish", "company", *arguments)
        assert ended == code, said
        return said

    async def doctor(self, *, fix: bool) -> Any:
        """What the doctor finds about the published calendars."""
        settings = Settings(company=self.folder / "company.toml", database_url=SecretStr(self.url), _env_file=None)
        (found,) = await _published(settings, fix)
        return found


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: WorkflowEnvironment) -> Desk:
    made = Desk(tmp_path, monkeypatch, server.client.service_client.config.target_host)
    await migrated(made.url)
    return made


async def test_the_doctor_stores_what_was_never_published_and_names_what_is_not_as_published(desk: Desk) -> None:
    assert (await desk.doctor(fix=False)).remedy == "reglament doctor --fix stores them"
    assert "was never published; reglament doctor --fix" in await desk.publish(code=1)
    assert (await desk.doctor(fix=True)).ok
    assert (await desk.doctor(fix=False)).ok
    company(desk.folder, 'closed = ["2026-12-25"]')
    found = await desk.doctor(fix=True)  # mended by publishing alone: the cases have to be told
    assert (found.ok, found.remedy) == (False, "reglament calendar publish company")


async def test_publishing_without_a_change_says_so_and_changes_nothing(desk: Desk) -> None:
    await desk.doctor(fix=True)
    assert "no day differs" in await desk.publish()
    assert json.loads(await desk.publish("--json"))["changed"] == []


async def test_a_dry_run_says_what_has_changed_and_stores_nothing(desk: Desk) -> None:
    await desk.doctor(fix=True)
    company(desk.folder, 'closed = ["2026-12-25"]', 'open = { "2026-12-26" = [["10:00", "15:00"]] }')
    said = await desk.publish("--dry-run")
    assert "Fri 2026-12-25: 09:00-18:00 → off" in said
    assert "Sat 2026-12-26: off → 10:00-15:00" in said
    answer = json.loads(await desk.publish("--dry-run", "--json"))
    assert (answer["changed"], answer["closed"], answer["opened"], answer["cases"]) == (
        ["2026-12-25", "2026-12-26"],
        ["2026-12-25"],
        ["2026-12-26"],
        0,
    )
    engine = open_database(desk.url)
    assert await PublishedCalendars(engine).unfinished("company") == []
    await engine.dispose()


async def test_an_own_day_off_is_published_to_the_cases_by_the_command_line(
    desk: Desk, server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the workers still have the old data: exit 1. After their restart all is told, and once more is nothing."""
    monkeypatch.setitem(Publication.__init__.__kwdefaults__ or {}, "suspicion", SOON)
    await desk.doctor(fix=True)
    engine = open_database(desk.url)
    office = Office(engine)
    holiday = working_days(6)[-1]
    async with office.worker(server.client, "desk"):
        play = await office.transferred(server.client, "desk")
        await office.recorded(1, "5.3 (2)/1")
        company(desk.folder, f'closed = ["{holiday}"]')
        assert "restart them with the new data, then publish again" in await desk.publish(code=1)
        office.load(with_closed(holiday))
        said = await desk.publish("--rate", "50")
        assert "1 terms counted anew, 1 moved, 0 breaches withdrawn" in said
        assert f"published: {office.calendar.version}" in said
        assert "no day differs" in await desk.publish()
        assert (await desk.doctor(fix=False)).ok
        await play.handle.terminate("test over")
    await engine.dispose()


async def test_a_calendar_that_the_company_does_not_have(desk: Desk) -> None:
    code, said = await desk.says("calendar", "publish", "ru-moscow")
    assert code == 2
    assert "has no calendar 'ru-moscow'; it has company" in said
