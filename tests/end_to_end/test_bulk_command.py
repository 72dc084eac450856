"""`reglament bulk` as a process: uploads that may be repeated, an action that is joined and stopped, results as a file."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import signal
import sys
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
import pytest_asyncio

from deploy.demo.stage import ROOT, Stage
from runtime.centres import CentreReader
from runtime.database import open_database
from starter.doors import DOORS
from tests.end_to_end.test_command_line import lines, reglament

pytestmark = pytest.mark.xdist_group("end_to_end")

HEADER = ["Клиент", "Продукт", "Тип", "Источник", "Название клиента", "Телефон", "Сервисный центр"]
GOOD = ["bureau", "сервис", "регистрация", "ООО Ромашка", "+7 423 222-10-35", "bulk-1"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def centre(stage: Stage) -> str:
    """A service centre that the register knows."""
    data = {**DOORS["centre.defined"].example, "code": "bulk-1"}
    event = {"id": "bulk-centre", "type": "centre.defined", "occurred_at": datetime.now(UTC).isoformat(), "data": data}
    said = await reglament(stage, "deliver", "-", given=lines(event))
    assert said.code == 0, said.err
    engine = open_database(stage.database_url)
    async with asyncio.timeout(20):
        while await CentreReader(engine).centre("bulk-1") is None:  # noqa: ASYNC110 - the worker's doing
            await asyncio.sleep(0.1)
    await engine.dispose()
    return "bulk-1"


async def test_an_upload_is_repeated_safely_and_its_rejected_rows_are_a_file(stage: Stage, centre: str) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (HEADER, ["u-1", *GOOD], ["u-1", *GOOD], ["u-2", *GOOD[:1], "=cmd", *GOOD[2:]]):
        book.active.append(row)
    file = stage.folder / "leads.xlsx"
    book.save(file)
    first = await reglament(stage, "bulk", "upload", str(file), "--json")
    assert first.code == 1, first.err  # a row was rejected
    (now,) = first.lines()
    assert (now["stage"], now["total"], now["done"], now["refused"], now["left"]) == ("done", 3, 2, 1, 0)
    again = await reglament(stage, "bulk", "upload", str(file), "--json")
    assert (again.code, again.lines()) == (1, [now])
    case = json.loads((await reglament(stage, "case", "lead/u-1/bureau", "--json")).out)
    assert [f["what"] for f in case["facts"]].count("Created") == 2
    for name in ("rejected.csv", "rejected.xlsx", "all.csv"):
        options = ["--all"] if name == "all.csv" else []
        said = await reglament(stage, "bulk", "result", now["bulk"], "--out", name, *options)
        assert said.code == 0, said.err
    (heading, rejected) = csv.reader(io.StringIO((stage.folder / "rejected.csv").read_text("utf-8-sig")), delimiter=";")
    assert heading[0] == "Строка"
    assert (rejected[0], rejected[4], rejected[5].startswith("Тип: ")) == ("4", "4.1", True)
    sheet = openpyxl.load_workbook(stage.folder / "rejected.xlsx").active
    assert sheet is not None
    assert [str(cell.value) for cell in sheet[2]][:1] == ["4"]  # type: ignore[index]
    assert len((stage.folder / "all.csv").read_text("utf-8-sig").splitlines()) == 4


async def test_leads_are_assigned_by_their_ids_once_per_id_of_the_action(stage: Stage, centre: str) -> None:
    file = stage.folder / "more.csv"
    file.write_text("\n".join(";".join(row) for row in (HEADER, *([f"a-{n}", *GOOD] for n in range(3)))), "utf-8")
    uploaded = await reglament(stage, "bulk", "upload", str(file))
    assert (uploaded.code, "выполнено" in uploaded.out) == (0, True), uploaded.err
    ids = "\n".join(f"lead/a-{n}/bureau" for n in range(3))
    command = ["bulk", "assign", "--centre", centre, "--ids", "-", "--quota", "m4=2", "--id", "as-1", "--json"]
    said = await reglament(stage, *command, given=ids)
    assert (said.code, said.lines()[0]["done"], said.lines()[0]["refused"]) == (1, 2, 1), said.err
    assert (await reglament(stage, *command, given=ids)).lines() == said.lines()
    other = await reglament(stage, *command, given="lead/a-1/bureau")
    assert (other.code, "another content" in other.err) == (1, True)
    assert (await reglament(stage, "bulk", "show", "as-1", "--json")).lines() == said.lines()
    late = await reglament(stage, "bulk", "cancel", "as-1", "--reason", "too late")
    assert (late.code, "Ended" in late.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["show", "nobody"], 1, "no bulk action"),
        (["result", "nobody", "--out", "x.csv"], 1, "no bulk action"),
        (["result", "nobody", "--out", "x.pdf"], 2, ".csv or .xlsx"),
        (["assign", "--centre", "c", "--quota", "m4", "--query", "x"], 2, "m4=20"),
        (["assign", "--centre", "c", "--quota", "m4=1"], 2, "--ids or with --query"),
        (["spread", "--centre", "c", "--from", "soon", "--to", "2026-12-01", "--query", "x"], 2, "--from"),
        (["postpone", "--centre", "nowhere", "--until", "2036-12-01T10:00", "--query", "x"], 1, "nowhere"),
        (["assign", "--centre", "nowhere", "--quota", "m4=1", "--query", "x = 1"], 1, "UnknownCentre"),
    ],
)
async def test_wrong_use_is_told_apart_from_a_refusal(stage: Stage, arguments: list[str], code: int, words: str) -> None:
    said = await reglament(stage, "bulk", *arguments)
    assert (said.code, words in said.err) == (code, True), said.err


async def test_the_progress_may_be_left_and_the_action_goes_on(stage: Stage, centre: str) -> None:
    rows: list[list[Any]] = [HEADER, *([f"p-{n}", *GOOD] for n in range(60))]
    file = stage.folder / "many.csv"
    file.write_text("\n".join(";".join(row) for row in rows), "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "starter.cli", "bulk", "upload", str(file), "--id", "left"),
        cwd=stage.folder,
        env={**stage.environment, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        while (await reglament(stage, "bulk", "show", "left")).code != 0:  # it has begun
            pass
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode == 0, err
    if b"left; the action goes on" not in out:
        assert "выполнено" in out.decode(), "it was over before we could leave"
    followed = await reglament(stage, "bulk", "show", "left", "--follow", "--json")
    assert (followed.code, followed.lines()[-1]["done"]) == (0, 60), followed.err
