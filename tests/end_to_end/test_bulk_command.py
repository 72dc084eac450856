"""`reglament bulk` as a process: uploads that may be repeated, an action that is joined and stopped, results as a file."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import openpyxl
import pytest
import pytest_asyncio

from deploy.demo.stage import Stage
from runtime.centres import CentreReader
from runtime.database import open_database
from starter.doors.table import DOORS
from tests.end_to_end.test_command_line import lines, reglament
from tests.patience import patiently

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
    async with patiently():
        while await CentreReader(engine).centre("bulk-1") is None:  # noqa: ASYNC110 - the worker's doing
            await asyncio.sleep(0.1)
    await engine.dispose()
    return "bulk-1"


async def test_leads_are_uploaded_and_assigned_and_asking_again_doubles_nothing(stage: Stage, centre: str) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (HEADER, ["u-1", *GOOD], ["u-1", *GOOD], ["u-2", *GOOD[:1], "подарок", *GOOD[2:]], ["u-3", *GOOD]):
        book.active.append(row)
    file = stage.folder / "leads.xlsx"
    book.save(file)
    first = await reglament(stage, "bulk", "upload", str(file), "--json")
    assert first.code == 1, first.err  # a row was rejected
    (now,) = first.lines()
    assert (now["stage"], now["total"], now["done"], now["refused"], now["left"]) == ("done", 4, 3, 1, 0)
    again = await reglament(stage, "bulk", "upload", str(file), "--json")
    assert (again.code, again.lines()) == (1, [now])
    written = await reglament(stage, "bulk", "result", now["bulk"], "--out", "rejected.csv")
    assert written.code == 0, written.err
    (_, rejected) = (stage.folder / "rejected.csv").read_text("utf-8-sig").splitlines()
    assert rejected.startswith("4;;")

    ids = "lead/u-1/bureau\nlead/u-3/bureau"
    command = ["bulk", "assign", "--centre", centre, "--ids", "-", "--quota", "m4=1", "--id", "as-1", "--json"]
    said = await reglament(stage, *command, given=ids)
    assert (said.code, said.lines()[0]["done"], said.lines()[0]["refused"]) == (1, 1, 1), said.err
    case = json.loads((await reglament(stage, "case", "lead/u-1/bureau", "--json")).out)
    assert [f["what"] for f in case["facts"] if f["what"] in ("Created", "ManagerAssigned")] == ["Created", "Created", "ManagerAssigned"]
    late = await reglament(stage, "bulk", "cancel", "as-1", "--reason", "too late")
    assert (late.code, "Ended" in late.err) == (1, True)
