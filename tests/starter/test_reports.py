"""`reglament report`: what it starts, what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment
from typer.testing import CliRunner

from deploy.demo.smtp_catcher import MailFault
from regulations.handoff.report import month_before
from starter import reports
from starter.cli import app
from starter.views import Unavailable
from tests.activities.office import NOVEMBER_2, attached
from tests.patience import patiently
from tests.regulations.handoff.test_report import COMPANY, row
from tests.workflows.desk import QUEUE, Desk, desk
from workflows import attributes

__all__ = ["desk"]


@pytest.fixture
def month() -> str:
    """The month before last: the hour of its report has passed, whatever day it is."""
    return month_before(datetime.now(UTC) - timedelta(days=31), COMPANY)


@pytest.fixture
async def working(server: WorkflowEnvironment, desk: Desk, month: str) -> AsyncIterator[Desk]:
    """A desk behind a worker on the real server; no run of the month is left of another test."""
    async with desk.worker(server.client):
        yield desk
        handle = server.client.get_workflow_handle(f"report/handoff/{month}")
        if (await handle.describe()).close_time is None:
            await handle.terminate("test over")


def url(engine: AsyncEngine) -> str:
    return f"sqlite:///{engine.url.database}"


@pytest.mark.clause("handoff 4.4")
async def test_send_says_what_happened_and_forced_sends_once_more(server: WorkflowEnvironment, working: Desk, month: str) -> None:
    first = await reports.send(server.client, month, task_queue=QUEUE, force=False)
    assert (first.case, first.state) == (f"report/handoff/{month}", "sent")
    assert first.words == f"Принятые клиенты {month}.xlsx: sent"
    again = await reports.send(server.client, month, task_queue=QUEUE, force=False)
    assert (again.state, "--force" in again.words) == ("already_sent", True)
    assert again.sent_at == first.sent_at
    forced = await reports.send(server.client, month, task_queue=QUEUE, force=True)
    assert forced.state == "sent"
    one, other = working.mail.letters
    assert attached(one) == attached(other)
    json.dumps(forced.json())
    shown = (await server.client.get_workflow_handle(first.case).describe()).typed_search_attributes
    assert shown.get(attributes.CASE_KIND) == "report"
    assert shown.get(attributes.STAGE) == "sent"


async def test_what_takes_its_time_goes_on_by_itself_and_force_replaces_it(
    server: WorkflowEnvironment, working: Desk, month: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "PATIENCE", 2.0)
    working.mail.fault = MailFault.DOWN
    told = await reports.send(server.client, month, task_queue=QUEUE, force=False)
    assert (told.state, told.name) == ("under_way", None)
    assert "отправляется" in told.words
    working.mail.fault = None
    monkeypatch.setattr(reports, "PATIENCE", 20.0)
    assert (await reports.send(server.client, month, task_queue=QUEUE, force=True)).state == "sent"
    async with patiently():
        assert (await working.obligation(month)).state == "met_late"
    assert len(working.mail.letters) == 1


async def test_a_month_that_is_not_over_is_refused_with_words(server: WorkflowEnvironment, working: Desk, month: str) -> None:
    await reports.send(server.client, month, task_queue=QUEUE, force=False)
    present = f"{COMPANY.local(datetime.now(UTC)):%Y-%m}"
    with pytest.raises(reports.ReportRefused, match=f"^the month {present} is not over: ask for its report once it is$"):
        await reports.send(server.client, present, task_queue=QUEUE, force=False)


async def test_save_writes_the_very_bytes_and_overwrites_nothing_else(desk: Desk, tmp_path: Path) -> None:
    await desk.register(row("u1"))
    await desk.build()
    stored = await desk.stored()
    folder = tmp_path / "out"
    folder.mkdir()
    for _ in range(2):  # the same file there already is no harm
        written = await reports.save(url(desk.engine), "2026-10", folder)
        assert written == folder / "Принятые клиенты 2026-10.xlsx"
        assert written.read_bytes() == stored.content
    other = folder / "mine.xlsx"
    other.write_bytes(b"mine")
    with pytest.raises(reports.ReportRefused, match="--out"):
        await reports.save(url(desk.engine), "2026-10", other)
    assert other.read_bytes() == b"mine"
    with pytest.raises(reports.ReportRefused, match="--out"):
        await reports.save(url(desk.engine), "2026-10", tmp_path / "no" / "such" / "folder.xlsx")
    with pytest.raises(reports.ReportRefused, match="reglament report send 2026-09"):
        await reports.save(url(desk.engine), "2026-09", folder)


async def test_the_list_and_the_command_line_over_the_database_alone(desk: Desk, tmp_path: Path) -> None:
    await desk.register(row("u1"))
    built = await desk.build()
    environment = {"REGLAMENT_DATABASE_URL": url(desk.engine), "COLUMNS": "200"}
    runner = CliRunner()

    def said(*arguments: str) -> tuple[int, str]:
        result = runner.invoke(app, ["report", *arguments], env=environment)
        return result.exit_code, result.output

    code, listed = await asyncio.to_thread(said, "list", "--json")
    assert code == 0
    assert json.loads(listed) == [
        {
            "month": "2026-10",
            "name": "Принятые клиенты 2026-10.xlsx",
            "counts": {"accepted": 1, "accepted_later": 0, "without_access": 0, "reversed": 0, "undone": 0},
            "built_at": NOVEMBER_2.isoformat(),
            "sent_at": None,
            "sha256": built.digest,
        }
    ]
    code, table = await asyncio.to_thread(said, "list")
    assert (code, "2026-10" in table, built.digest[:12] in table) == (0, True, True)
    target = tmp_path / "october.xlsx"
    assert (await asyncio.to_thread(said, "save", "2026-10", "--out", str(target)))[0] == 0
    assert target.read_bytes() == (await desk.stored()).content
    for arguments, wanted, words in (
        (("save", "2026-13"), 2, "2026-10"),
        (("save", "2026-09"), 1, "reglament report send 2026-09"),
        (("save", "../x"), 2, "year and month"),
    ):
        code, output = await asyncio.to_thread(said, *arguments)
        assert (code, words in output) == (wanted, True), output


async def test_without_a_database_the_words_name_the_setting() -> None:
    with pytest.raises(Unavailable, match="REGLAMENT_DATABASE_URL"):
        await reports.heads("sqlite:////nowhere/at/all.sqlite")
