"""``reglament schedules`` and ``reglament notices`` as an operator calls them."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from deploy.demo.smtp_catcher import SmtpCatcher
from runtime.database import open_database
from starter.commands import command
from tests.activities.notice_office import Office
from tests.databases import migrated
from tests.patience import patiently
from tests.starter.command_line import CommandLine
from tests.starter.test_schedules import IDS, client

__all__ = ["client"]
COMPANY = """
name = "Company"
[roles]
cc = "cc@company.example"
cc_head = "head@company.example"
support = "head@company.example"
[calendars.company]
tz = "Europe/Moscow"
country = "RU"
hours = "09:00-18:00"
"""


@pytest_asyncio.fixture(loop_scope="session")
async def cli(server: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    (tmp_path / "company.toml").write_text(COMPANY, "utf-8")
    url = f"sqlite:///{tmp_path / 'test.sqlite'}"
    await migrated(url)
    return CommandLine(
        tmp_path,
        monkeypatch,
        TEMPORAL_ADDRESS=server.client.service_client.config.target_host,
        REGLAMENT_COMPANY=str(tmp_path / "company.toml"),
        REGLAMENT_DATABASE_URL=url,
    )


@pytest.mark.usefixtures("client")
async def test_schedules_are_applied_and_listed(cli: CommandLine) -> None:
    code, empty = await cli("schedules")
    assert (code, "reglament schedules apply" in empty) == (0, True)
    code, dry = await cli("schedules", "apply", "--dry-run")
    assert (code, dry.splitlines()) == (0, [f"{id}: would be created" for id in IDS])
    code, made = await cli("schedules", "apply", "--json")
    assert (code, [c["change"] for c in json.loads(made)]) == (0, ["created"] * 3)
    code, again = await cli("schedules", "apply")
    assert (code, again.splitlines()) == (0, [f"{id}: unchanged" for id in IDS])
    async with patiently():
        while len(rows := json.loads((await cli("schedules", "--json"))[1])) < 3:
            continue
    assert [row["schedule"] for row in rows] == IDS
    assert "reglament/notices/Europe.Moscow" in (await cli("schedules", COLUMNS="200"))[1]


@pytest.mark.usefixtures("client")
async def test_without_the_register_of_centres_schedules_are_not_applied(cli: CommandLine) -> None:
    code, said = await cli("schedules", "apply", REGLAMENT_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert (code, "the registers of service centres and watches cannot be read" in said) == (3, True)


async def test_the_preview_shows_roles_and_never_an_address(cli: CommandLine) -> None:
    engine = open_database(os.environ["REGLAMENT_DATABASE_URL"])
    async with SmtpCatcher(cli.folder / "mail") as catcher:
        office = Office(engine, catcher)
        await office.record(office.notice(role="cc_head"), office.notice("incident", role="cc_head", key="x"))
    await engine.dispose()
    code, before = await cli("notices", "--at", "2026-11-23T08:59:59")
    assert (code, before.strip()) == (0, "letters at 2026-11-23T08:59:59+03:00: 0; nothing was sent")
    code, shown = await cli("notices", "--at", "2026-11-23T09:00:00+03:00", COLUMNS="200")
    assert code == 0
    assert "cc_head, support (Europe/Moscow): reglament: 1 нарушение, 1 происшествие" in shown
    assert "handoff/D-1: breach 2.2.4/1 — пт 20.11.2026 18:00 (+03:00)" in shown
    code, listed = await cli("notices", "--at", "2026-11-23T09:00", "--json")
    assert json.loads(listed)[0]["roles"] == ["cc_head", "support"]
    assert "@" not in shown + listed


async def test_wrong_use_is_named(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "CONNECTING", timedelta(0))
    code, said = await cli("notices", "--at", "tomorrow")
    assert (code, "--at tomorrow is no time" in said) == (2, True)
    code, said = await cli("notices", REGLAMENT_COMPANY="nowhere.toml")
    assert (code, "REGLAMENT_COMPANY" in said) == (2, True)
    code, said = await cli("notices", REGLAMENT_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert (code, "Traceback" in said) == (3, False)
    code, said = await cli("schedules", "apply", TEMPORAL_ADDRESS="127.0.0.1:1")
    assert (code, "TEMPORAL_ADDRESS" in said) == (3, True)
