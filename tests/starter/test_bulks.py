"""Bulk actions on the command line, without a server: the file of results, what counts as the same request, wrong use, leaving."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from regulations.lead.messages import BulkStarted
from runtime.bulks import BulkHead, BulkStore, NewItem, SettledItem
from starter.bulks import BulkStanding, same_request, words, write_results
from starter.commands import bulk as bulk_cli
from starter.commands.bulk import app
from starter.views import NotFound
from tests.databases import sqlite_in

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
DATA: dict[str, Any] = {
    "bulk": "b",
    "action": "assign",
    "centre": "v",
    "quotas": [{"manager": "m1", "leads": 1}],
    "leads": ["lead/c-1/bureau"],
    "by": {"id": "u1", "role": "principal"},
}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[BulkStore]:
    """An action with one item done, one refused with words that would be a formula, one not reached."""
    async with sqlite_in(tmp_path) as engine:
        store = BulkStore(engine)
        await store.begin("b", "assign", "v", {})
        items = [NewItem(1, "lead/c-1/x", {}, "", ""), NewItem(2, "", {}, "6.1", "=HYPERLINK(1)"), NewItem(3, "lead/c-3/x", {}, "", "")]
        await store.freeze("b", items, NOW)
        await store.settle("b", [SettledItem(1, "lead/c-1/x", True, "created", "", "")], NOW)
        yield store


async def test_the_results_name_what_was_not_done_and_nothing_in_them_is_a_formula(store: BulkStore, tmp_path: Path) -> None:
    assert await write_results(store, "b", tmp_path / "r.csv", every=False) == 2
    found = list(csv.reader(io.StringIO((tmp_path / "r.csv").read_text("utf-8-sig")), delimiter=";"))
    assert found[0] == ["Строка", "Потенциальная продажа", "Итог", "Ответ", "Пункт", "Причина"]
    assert found[1:] == [["2", "", "отказано", "", "6.1", "'=HYPERLINK(1)"], ["3", "lead/c-3/x", "не выполнено", "", "", ""]]
    assert await write_results(store, "b", tmp_path / "r.xlsx", every=True) == 3
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx").active
    assert sheet is not None
    values = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert values[0][:4] == [1, "lead/c-1/x", "выполнено", "создана"]
    assert values[1][5] == "=HYPERLINK(1)"
    sheet_xml = zipfile.ZipFile(tmp_path / "r.xlsx").read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet_xml, "it is a text"


async def test_an_action_that_nobody_knows_has_no_results(store: BulkStore, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await write_results(store, "other", tmp_path / "r.csv", every=False)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"by": {"id": "u2", "role": "principal"}}, True),
        ({"leads": ["lead/c-2/bureau"]}, False),
        ({"quotas": [{"manager": "m1", "leads": 2}]}, False),
        ({"centre": "w"}, False),
        ({"leads": []}, False),
    ],
)
def test_a_request_is_the_same_whoever_asks_and_when(changes: dict[str, Any], same: bool) -> None:
    request = BulkStarted.model_validate({**DATA, "key": "k", "happened_at": NOW}).model_dump(mode="json")
    assert same_request(BulkHead("b", "assign", "v", request, NOW, 1), {**DATA, **changes}) is same


def test_how_an_action_stands_is_said_in_a_line() -> None:
    now = BulkStanding("b", "refused", 5, 2, 1, 2, None, "нет такого центра")
    assert words(now) == "bulk/b: не принято; сделано 2, отказано 1, осталось 2, всего 5; нет такого центра"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["result", "b", "--out", "x.pdf"], ".csv or .xlsx"),
        (["assign", "--centre", "c", "--quota", "m4", "--query", "x"], "m4=20"),
        (["assign", "--centre", "c", "--quota", "m4=0", "--query", "x"], "m4=20"),
        (["assign", "--centre", "c", "--quota", "m4=1"], "--ids or with --query"),
        (["assign", "--centre", "c", "--quota", "m4=1", "--ids", "-"], "0 leads"),
        (["spread", "--centre", "c", "--from", "soon", "--to", "2026-12-01", "--query", "x"], "--from"),
        (["postpone", "--centre", "c", "--until", "soon", "--query", "x"], "--until"),
        (["upload", "no-such-file.csv"], "does not exist"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_would_do(arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, said in done.stderr) == (2, True), done.output


def test_who_leaves_is_told_how_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(work: Any) -> None:
        work.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(bulk_cli, "run", interrupted)
    done = CliRunner().invoke(app, ["show", "b-7", "--follow"])
    assert done.exit_code == 0
    assert "reglament bulk show b-7 --follow" in done.stdout
