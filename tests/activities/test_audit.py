"""Judging exports and taking decisions: real files in a real database, read by a real process."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import psutil
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import audit as audit_module
from activities import errors
from activities.audit import Audits
from regulations.replacement.effects import AuditAnswer, AuditQuestion, DecisionAnswer, DecisionQuestion
from regulations.replacement.export import Row
from runtime.confined import Process, talk
from runtime.database import open_database
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.replacement_tables import verdicts
from runtime.verdicts import VerdictStore
from tests.activities.attempts import attempt, failing
from tests.databases import sqlite_in
from tests.patience import patiently
from tests.regulations.replacement.exports import NOW, as_csv, large, settings, worked

KEYS = KeyRing([os.urandom(32)])
DECIDED = NOW + timedelta(days=1)
TIMES = ("2026-11-23 10:00", "2026-11-23 11:00", "2026-11-23 12:00", "2026-11-24 10:00", "2026-11-25 10:00")
CLEAR: list[Row] = [
    *worked("2026-11-23 09:00", TIMES),
    *worked("2026-11-23 09:30", TIMES[:3], lead="L2"),
    *worked("2026-11-23 09:40", TIMES, lead="L3"),
]
"""Two that are replaced, L1 and L3, and one that is rejected, L2."""
HANGING = (sys.executable, "-c", "import time; print('null', flush=True); time.sleep(600)")


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine where what the databases do differently does not matter."""
    async with sqlite_in(tmp_path) as engine:
        yield engine


def audits(engine: AsyncEngine, keys: KeyRing = KEYS) -> Audits:
    return Audits(FileStore(engine, keys), VerdictStore(engine))


async def kept(engine: AsyncEngine, content: bytes) -> str:
    async with engine.begin() as connection:
        return await FileStore(engine, KEYS).put(connection, content)


async def file(engine: AsyncEngine, sha256: str | None) -> bytes:
    assert sha256 is not None
    content = await FileStore(engine, KEYS).get(sha256)
    assert content is not None
    return content


def question(export: str, **changed: Any) -> AuditQuestion:
    return AuditQuestion.model_validate(
        {
            "case_uid": "uid-1",
            "export": export,
            "export_name": "выгрузка.csv",
            "asked": 10,
            "identifications": 100,
            "settings": settings(),
            "language": "ru",
            "now": NOW,
            **changed,
        }
    )


def decision(export: str, sheet: str | None = None, **changed: Any) -> DecisionQuestion:
    return DecisionQuestion.model_validate(
        {
            "case_uid": "uid-1",
            "export": export,
            "sheet": sheet,
            "by": "quality_control:q7",
            "at": DECIDED,
            "asked": 10,
            "identifications": 100,
            "replaced": 0,
            "cap_percent": 30,
            "language": "ru",
            **changed,
        }
    )


async def judged(engine: AsyncEngine, content: bytes, **changed: Any) -> tuple[str, AuditAnswer]:
    export = await kept(engine, content)
    return export, await attempt(audits(engine).audit, question(export, **changed))


async def rows(engine: AsyncEngine) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        found = await connection.execute(select(verdicts).order_by(verdicts.c.case_uid, verdicts.c.place))
        return [dict(row) for row in found.mappings()]


def filled(sheet: bytes, change: Callable[[Any, dict[str, int]], None]) -> bytes:
    """The workbook as quality control saves it; ``change`` gets its page, and the number of each column."""
    book = openpyxl.load_workbook(io.BytesIO(sheet))
    page = book["Проверка"]
    change(page, {str(cell.value): cell.column for cell in page[1] if isinstance(cell.column, int)})
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def says(decisions: Mapping[str, Sequence[str | None]]) -> Callable[[Any, dict[str, int]], None]:
    def change(page: Any, columns: dict[str, int]) -> None:
        for row in range(2, page.max_row + 1):
            for name, value in zip(
                ("Решение", "Заполнена неверно", "Примечание"), decisions.get(page.cell(row, columns["Карточка"]).value, ()), strict=False
            ):
                page.cell(row, columns[name], value)

    return change


# --- the audit ---


@pytest.mark.clause("replacement 5.2")
async def test_an_export_is_judged_and_its_verdicts_and_sheet_are_kept(engine: AsyncEngine) -> None:
    _, answer = await judged(engine, as_csv(CLEAR))
    counts = (answer.cards, answer.replace, answer.reject, answer.listen, answer.doubtful_rows)
    assert (answer.problem, answer.barred, counts) == ("", (), (3, 2, 1, 0, 0))
    found = await rows(engine)
    assert [(row["lead"], row["place"], row["verdict"], row["clauses"]) for row in found] == [
        ("L1", 0, "replace", ["4.1"]),
        ("L2", 1, "reject", ["3.4"]),
        ("L3", 2, "replace", ["4.1"]),
    ]
    assert "4.1: за три рабочих дня, по 25.11.2026, никто не ответил" in found[0]["evidence"]
    assert {(row["decision"], row["wrong"], row["remark"], row["decided_at"]) for row in found} == {(None, False, "", None)}
    page = openpyxl.load_workbook(io.BytesIO(await file(engine, answer.sheet)))["Проверка"]
    assert [page.cell(n, 1).value for n in range(1, 5)] == ["Карточка", "L1", "L2", "L3"]
    assert answer.sheet_name.startswith("Проверка замены 01.12.2026 ")


async def test_asked_again_it_says_and_writes_the_same(engine: AsyncEngine) -> None:
    export, first = await judged(engine, as_csv(large(30)))
    written = await rows(engine)
    assert await attempt(audits(engine).audit, question(export)) == first
    assert await rows(engine) == written
    assert len(written) == first.cards == 27


async def test_a_later_export_takes_the_place_of_an_earlier_one_and_no_other_cases(engine: AsyncEngine) -> None:
    other, _ = await judged(engine, as_csv(CLEAR), case_uid="uid-0")
    await judged(engine, as_csv(CLEAR))
    export, _ = await judged(engine, as_csv(CLEAR[:11]))
    assert [(row["case_uid"], row["lead"], row["export"]) for row in await rows(engine)] == [
        *(("uid-0", lead, other) for lead in ("L1", "L2", "L3")),
        ("uid-1", "L1", export),
    ]


async def test_a_file_that_is_not_kept_or_too_large_is_told(own: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await attempt(audits(own).audit, question("0" * 64))).problem.startswith("файл не сохранился")
    monkeypatch.setattr(audit_module, "LARGEST", 10)
    assert (await judged(own, as_csv(CLEAR)))[1].problem == "файл больше 64 МБ"


# --- the process ---


def test_the_same_export_gives_the_same_bytes_in_another_process_another_hash_seed_and_another_zone() -> None:
    given = b'{"kind": "audit", "question": ' + question("ab" * 32).model_dump_json().encode() + b"}\n" + as_csv(large(40))
    said = set()
    for seed, zone in (("1", "UTC"), ("2", "Asia/Vladivostok")):
        root = str(Path(audit_module.__file__).parents[1])
        environment = {"PYTHONPATH": root, "PYTHONUTF8": "1", "PYTHONHASHSEED": seed, "TZ": zone}
        done = subprocess.run(audit_module._COMMAND, input=given, env=environment, capture_output=True, check=True)
        said.add(done.stdout)
    assert len(said) == 1
    assert len(said.pop()) > 20_000


def commanded(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(audit_module, "_COMMAND", (sys.executable, "-c", code))


async def test_a_process_that_a_limit_ended_says_that_the_file_is_too_much(own: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    export = await kept(own, as_csv(CLEAR))
    commanded(monkeypatch, "import os, signal; print('null', flush=True); os.kill(os.getpid(), signal.SIGKILL)")
    answer = await attempt(audits(own).audit, question(export))
    assert answer.problem.startswith("файл слишком велик для проверки")
    refused = await attempt(audits(own).take_decision, decision(export, export))
    assert refused.problems == (answer.problem,)


async def test_a_sheet_that_spans_more_cells_than_there_is_memory_is_too_much(own: AsyncEngine) -> None:
    book = openpyxl.Workbook()
    sheet = book["Sheet"]
    sheet["A1"] = sheet["XFD1048576"] = "Запись"
    out = io.BytesIO()
    book.save(out)
    assert (await judged(own, out.getvalue()))[1].problem.startswith("файл слишком велик для проверки")


async def test_one_whose_time_is_over_says_the_same(own: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    export = await kept(own, as_csv(CLEAR))
    monkeypatch.setattr(audit_module, "_COMMAND", HANGING)
    monkeypatch.setattr(audit_module, "SECONDS", 0.3)
    assert (await attempt(audits(own).audit, question(export))).problem.startswith("файл слишком велик для проверки")


@pytest.mark.parametrize(
    "code",
    [
        "pass",
        """print('null\\n{"answer": {"fault": "KeyError at judging.py:7"}, "lines": 0, "name": "", "file": 0}', flush=True)""",
        """print('null\\n{"answer": {"cards": 0}, "lines": 2, "name": "x.xlsx", "file": 5}\\n{"lead":', flush=True)""",
        """print('null\\n{"answer": {"cards": 0}, "lines": 0, "name": "x.xlsx", "file": 5}\\nPK', flush=True)""",
    ],
    ids=["does not come up", "fault", "half the verdicts", "half the sheet"],
)
async def test_what_goes_wrong_in_the_process_itself_is_tried_again_and_leaves_nothing(
    own: AsyncEngine, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    export, _ = await judged(own, as_csv(CLEAR))
    before = await rows(own)
    commanded(monkeypatch, code)
    error = await failing(audits(own).audit, question(export))
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
    assert await rows(own) == before


def test_a_fault_of_ours_is_told_by_its_place_and_never_by_its_words() -> None:
    broken = question("ab" * 32, settings=settings(first_call="Ivan, +7 999 1234567"))
    given = b'{"kind": "audit", "question": ' + broken.model_dump_json().encode() + b"}\n" + as_csv(CLEAR)
    environment = {"PYTHONPATH": str(Path(audit_module.__file__).parents[1]), "PYTHONUTF8": "1"}
    done = subprocess.run(audit_module._COMMAND, input=given, env=environment, capture_output=True, check=True)
    assert b'{"answer": {"fault": "TermError at ' in done.stdout
    assert b"Ivan" not in done.stdout


async def test_an_attempt_ends_before_the_next_one_begins(own: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    export = await kept(own, as_csv(CLEAR))
    monkeypatch.setattr(audit_module, "_COMMAND", HANGING)
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, start_to_close_timeout=timedelta(seconds=0.5))
    with pytest.raises(ApplicationError) as caught:
        await environment.run(audits(own).audit, question(export))
    assert (caught.value.type, caught.value.non_retryable) == (errors.UNAVAILABLE, False)


async def test_a_worker_that_stops_leaves_no_process_behind(own: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    export = await kept(own, as_csv(CLEAR))
    monkeypatch.setattr(audit_module, "_COMMAND", HANGING)

    def begun() -> list[psutil.Process]:
        return [p for p in psutil.Process().children() if "time.sleep(600)" in " ".join(p.cmdline())]

    task = asyncio.create_task(attempt(audits(own).audit, question(export)))
    async with patiently():
        while not begun():  # noqa: ASYNC110 - a process tells nobody that it has begun
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert begun() == []


async def test_only_so_many_files_are_worked_on_at_a_time(own: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    export = await kept(own, as_csv(CLEAR))
    at_work = most = 0

    @asynccontextmanager
    async def counting(*args: Any, **named: Any) -> AsyncIterator[Process]:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        async with talk(*args, **named) as process:
            yield process
        at_work -= 1

    monkeypatch.setattr(audit_module, "talk", counting)
    one = audits(own)
    answers = await asyncio.gather(*(attempt(one.audit, question(export, case_uid=f"uid-{n}")) for n in range(3)))
    assert [answer.cards for answer in answers] == [3, 3, 3]
    assert most == 2


# --- what is away ---


async def test_a_database_that_is_away_is_asked_again(own: AsyncEngine) -> None:
    away = open_database("postgresql://nobody@127.0.0.1:1/none")
    for activity, asked in ((audits(away).audit, question("0" * 64)), (audits(away).take_decision, decision("0" * 64))):
        error = await failing(activity, asked)  # type: ignore[arg-type]
        assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
    await away.dispose()


async def test_a_file_whose_key_is_not_in_the_ring_is_asked_for_again(own: AsyncEngine) -> None:
    export = await kept(own, as_csv(CLEAR))
    error = await failing(audits(own, KeyRing([os.urandom(32)])).audit, question(export))
    assert (error.type, error.non_retryable) == (errors.MISCONFIGURED, False)


# --- the decision ---


@pytest.mark.clause("replacement 5.2")
async def test_clear_verdicts_are_accepted_as_they_are(engine: AsyncEngine) -> None:
    export, _ = await judged(engine, as_csv(CLEAR))
    answer = await attempt(audits(engine).take_decision, decision(export, asked=1))
    assert (answer.problems, answer.accepted, answer.rejected, answer.amount, answer.capped) == ((), 2, 1, 1, False)
    assert [(row["decision"], row["wrong"], row["decided_at"]) for row in await rows(engine)] == [
        ("replace", False, DECIDED),
        ("reject", False, DECIDED),
        ("replace", False, DECIDED),
    ]
    page = openpyxl.load_workbook(io.BytesIO(await file(engine, answer.outcome)))["Карточки"]
    told = [[page.cell(n, column).value for column in (1, 2)] for n in range(2, 5)]
    assert told == [["L1", "заменена"], ["L2", "отклонена"], ["L3", "подтверждена, но запрошено меньше"]]


@pytest.mark.clause("replacement 6.2")
async def test_the_sheet_decides_lead_by_lead(engine: AsyncEngine) -> None:
    export, audit = await judged(
        engine, as_csv([*CLEAR, *worked("2026-11-23 09:50", TIMES, comment="оба: нецелевой, недозвон", lead="L4")])
    )
    assert audit.listen == 1
    decisions = {
        "L1": ("отклонить", "да", "номер\nперепутан"),
        "L2": ("заменить", None, "связь стояла"),
        "L4": ("заменить", None, None),
    }
    sheet = filled(await file(engine, audit.sheet), says(decisions))
    asked = decision(export, await kept(engine, sheet), identifications=10, replaced=1)
    answer = await attempt(audits(engine).take_decision, asked)
    assert answer.problems == ()
    assert (answer.accepted, answer.rejected, answer.wrong, answer.wrong_count) == (3, 1, ("L1",), 1)
    assert (answer.amount, answer.capped) == (2, True)  # 30 % of 10, and 1 was replaced before
    assert [(row["lead"], row["decision"], row["wrong"], row["remark"]) for row in await rows(engine)] == [
        ("L1", "reject", True, "номер\nперепутан"),
        ("L2", "replace", False, "связь стояла"),
        ("L3", "replace", False, ""),
        ("L4", "replace", False, ""),
    ]
    written = await rows(engine)
    assert await attempt(audits(engine).take_decision, asked) == answer
    assert await rows(engine) == written


async def test_a_decision_with_problems_changes_nothing_and_the_next_one_counts(own: AsyncEngine) -> None:
    export, audit = await judged(own, as_csv(CLEAR))
    before = await rows(own)
    untouched = await file(own, audit.sheet)

    def shortened(page: Any, _: dict[str, int]) -> None:
        page.delete_rows(2)

    shown = await kept(own, filled(untouched, shortened))
    refused = await attempt(audits(own).take_decision, decision(export, shown))
    assert refused == DecisionAnswer(problems=("в таблице нет карточек: L1; верните их строки",))
    assert await rows(own) == before
    answer = await attempt(audits(own).take_decision, decision(export, await kept(own, untouched)))
    assert (answer.problems, answer.accepted) == ((), 2)
