"""Quality control's workbook and the list for the franchisee: what stands in them, and what a sheet that comes back decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from regulations.catalogue import text
from regulations.replacement.audit_words import RULES
from regulations.replacement.effects import AuditQuestion, DecisionQuestion
from regulations.replacement.export import Row
from regulations.replacement.findings import Audited
from regulations.replacement.outcome_list import outcome_list
from regulations.replacement.settlement import Answered, Found, Ruling, settle
from regulations.replacement.sheet import (
    Doubtful,
    DoubtfulRow,
    SheetProblem,
    answers_of,
    evidence_of,
    file_name,
    mark_of,
    workbook_of,
)
from regulations.sheets import Column, Sheet, Table
from tests.regulations.replacement.exports import NOT_TARGET, VLADIVOSTOK, audited, hours, settings, worked

pytestmark = pytest.mark.clause("replacement 5.2")

EXPORT = "ab" * 32
MARK = mark_of("uid-1", EXPORT)
TIMES = ("2026-11-23 10:00", "2026-11-23 11:00", "2026-11-23 12:00", "2026-11-24 10:00", "2026-11-25 10:00")
ROWS: list[Row] = [
    *worked("2026-11-23 09:00", TIMES, VLADIVOSTOK),
    *worked("2026-11-23 09:30", TIMES[:3], VLADIVOSTOK, lead="L2"),
]
NOTHING = Doubtful((), 0)


def question(**changed: Any) -> AuditQuestion:
    return AuditQuestion.model_validate(
        {
            "case_uid": "uid-1",
            "export": EXPORT,
            "export_name": "=выгрузка.csv",
            "asked": 10,
            "identifications": 200,
            "settings": settings(VLADIVOSTOK),
            "language": "ru",
            "now": datetime(2026, 12, 1, 9, tzinfo=UTC),
            **changed,
        }
    )


def made(found: Audited | None = None, doubtful: Doubtful = NOTHING) -> tuple[Sheet, ...]:
    found = found or audited(ROWS, VLADIVOSTOK)
    words = [evidence_of(one, "ru") for one in found.judged]
    return workbook_of(found, question(), doubtful, hours(VLADIVOSTOK), words)


def cells(table: Table, row: int = 0) -> dict[str, Any]:
    return dict(zip([column.heading for column in table.columns], table.rows[row], strict=True))


# --- out ---


def test_each_lead_stands_with_its_verdict_and_its_evidence_in_words_and_local_time() -> None:
    [table] = made()[0].tables
    first, second = cells(table), cells(table, 1)
    assert first["Карточка"] == "L1"
    assert first["Появилась"] == datetime(2026, 11, 23, 9)  # noqa: DTZ001 - the client's clocks
    assert first["Последний звонок"] == datetime(2026, 11, 25, 10)  # noqa: DTZ001
    assert (first["Статус"], first["Комментарий"], first["Причина"], first["Вердикт"]) == ("на замену", "Недозвон", "недозвон", "заменить")
    assert (first["Пункты"], first["Звонков"]) == ("4.1", 5)
    assert "3.4: попытки сделаны. 23.11.2026: L1-1 10:00" in first["Основание"]
    assert (second["Вердикт"], second["Пункты"]) == ("отклонить", "3.4")


def test_there_is_room_for_the_decision_with_its_words_to_choose_from() -> None:
    [table] = made()[0].tables
    asked = {column.heading: column for column in table.columns if column.asked}
    assert {heading: column.choices for heading, column in asked.items()} == {
        "Решение": ("заменить", "отклонить"),
        "Заполнена неверно": ("да",),
        "Примечание": (),
    }
    assert [cells(table)[heading] for heading in asked] == [None, None, None]


@pytest.mark.clause("replacement 6.4")
def test_what_has_to_be_heard_stands_out_until_it_is_decided() -> None:
    [table] = made()[0].tables
    headings = [column.heading for column in table.columns]
    shown = {(headings[c.shown_in], c.tint, c.value, c.while_empty) for c in table.colours}
    assert ("Вердикт", "doubt", "прослушать", None) in shown
    assert ("Решение", "doubt", "прослушать", headings.index("Решение")) in shown


def test_the_words_that_can_be_chosen_are_understood_when_they_come_back() -> None:
    decision = text("ru", "audit_sheet", "decision", "replace"), text("ru", "audit_sheet", "decision", "reject")
    assert [text("ru", "audit_sheet", "decision_words", name).split(" | ")[0] for name in ("replace", "reject")] == list(decision)


def test_the_rules_stand_on_a_page_of_their_own_with_what_was_judged() -> None:
    rules = made()[1]
    assert rules.above[0] == "Проверка карточек «на замену»: запрошено 10, карточек 2, всего в выгрузке 2"
    assert rules.above[1] == f"Выгрузка: =выгрузка.csv, SHA-256 {EXPORT}"
    assert rules.above[2].endswith("Asia/Vladivostok; проверено 01.12.2026 19:00")
    counted, how, clauses = rules.tables
    assert counted.rows[0][1] == "1: условия выполнены, замена положена"
    assert [row[0] for row in clauses.rows] == list(RULES)
    assert len(how.rows) == 5
    assert not [cell for table in rules.tables for row in table.rows for cell in row if cell is None or "{" in str(cell)]


def test_a_bar_of_the_whole_request_is_named_above_the_rules() -> None:
    found = replace(audited(ROWS, VLADIVOSTOK), barred=("3.1", "3.2"))
    assert made(found)[1].above[3] == "Всей заявке мешает: 3.1, 3.2"


def test_doubtful_rows_have_a_page_of_their_own_where_there_are_any() -> None:
    assert len(made()) == 2
    [table] = made(doubtful=Doubtful((DoubtfulRow("5.2", "звонки", 7, "Отвечен: не заполнено"),), 3))[2].tables
    assert table.rows == (("5.2", "звонки", 7, "Отвечен: не заполнено"), ("", "", None, "ещё строк: 2"))


def test_the_name_of_a_file_tells_whose_it_is() -> None:
    assert file_name("ru", "file", datetime(2026, 12, 1, tzinfo=UTC), EXPORT) == "Проверка замены 01.12.2026 abababab.xlsx"


# --- back ---


@dataclass
class Grid:
    rows: Iterator[tuple[int, Sequence[Any]]]


def sent(table: Table, **decisions: tuple[Any, Any, Any]) -> list[list[Any]]:
    """The sheet as it comes back, with decisions by lead."""
    headings = [column.heading for column in table.columns]
    rows = [list(row) for row in table.rows]
    for row in rows:
        for name, value in zip(("Решение", "Заполнена неверно", "Примечание"), decisions.get(str(row[0]), ()), strict=False):
            row[headings.index(name)] = value
    return [list(headings), *rows]


def back(*sheets: list[list[Any]], mark: str = MARK) -> list[Answered]:
    grids = [Grid(iter([(n, row) for n, row in enumerate(rows, 1) if any(row)])) for rows in sheets]
    return answers_of(grids, mark, "ru")


def test_decisions_come_back_row_by_row() -> None:
    rows = sent(made()[0].tables[0], L1=("отклонить", "да", "перепутан номер"), L2=(None, None, None))
    assert back([["Правила"]], [], rows) == [Answered(2, "L1", "отклонить", "да", "перепутан номер"), Answered(3, "L2", "", "", "")]


def test_sorted_rows_moved_columns_and_what_people_add_do_no_harm() -> None:
    rows = sent(made()[0].tables[0], L2=("заменить", None, "так"))
    moved = [[*reversed(row), "моё"] for row in [rows[0], rows[2], rows[1], [None] * len(rows[0])]]
    assert back(moved) == [Answered(2, "L2", "заменить", "", "так"), Answered(3, "L1", "", "", "")]


def test_what_programs_make_of_words_is_read_as_people_meant_it() -> None:
    rows = sent(made()[0].tables[0], L1=(" заменить ", True, "раз\r\nдва\x07"), L2=(None, 1.0, 5.0))
    assert back(rows) == [Answered(2, "L1", "заменить", "true", "раз \nдва"), Answered(3, "L2", "", "1", "5")]


@pytest.mark.parametrize("mark", [mark_of("uid-2", EXPORT), mark_of("uid-1", "cd" * 32)])
def test_a_sheet_of_another_case_or_another_export_is_refused(mark: str) -> None:
    with pytest.raises(SheetProblem, match="таблица от другой проверки"):
        back(sent(made()[0].tables[0]), mark=mark)


def test_a_sheet_without_its_mark_is_refused() -> None:
    rows = sent(made()[0].tables[0])
    with pytest.raises(SheetProblem, match="это не таблица проверки"):
        back([row[:-1] for row in rows])
    with pytest.raises(SheetProblem, match="это не таблица проверки"):
        back()


@pytest.mark.parametrize("heading", ["Карточка", "Решение", "Заполнена неверно", "Примечание"])
def test_a_sheet_without_a_column_or_with_one_twice_is_refused(heading: str) -> None:
    rows = sent(made()[0].tables[0])
    place = rows[0].index(heading)
    for changed in ([*rows[0][:place], "?", *rows[0][place + 1 :]], [*rows[0], heading]):
        with pytest.raises(SheetProblem, match=f"не хватает столбцов: {heading}"):
            back([changed, *rows[1:]])


# --- the list for the franchisee ---


def decision(**changed: Any) -> DecisionQuestion:
    return DecisionQuestion.model_validate(
        {
            "case_uid": "uid-1",
            "export": EXPORT,
            "sheet": None,
            "by": "qc:7",
            "at": datetime(2026, 12, 2, 9, tzinfo=UTC),
            "asked": 3,
            "identifications": 10,
            "replaced": 1,
            "cap_percent": 30,
            "language": "ru",
            **changed,
        }
    )


RULINGS = [
    Ruling(Found("L1", "replace", ("4.1",), "4.1: никто не ответил"), "replace"),
    Ruling(Found("L2", "reject", ("3.4",), "3.4: попыток не хватает"), "reject"),
    Ruling(Found("L3", "replace", ("4.1",), "4.1: никто не ответил"), "reject", True, "номер перепутан"),
    Ruling(Found("L4", "listen", ("4.2",), "4.2: дозвонились"), "replace", False, "отказался"),
    Ruling(Found("L5", "replace", ("4.1",), "4.1: никто не ответил"), "replace"),
    Ruling(Found("L6", "replace", ("4.1",), "4.1: никто не ответил"), "replace"),
]


def listed(asked: int = 3) -> tuple[Sheet, ...]:
    settlement = settle(asked=asked, accepted=4, cards=6, identifications=10, replaced=1, cap_percent=30, wrong=True)
    return outcome_list(RULINGS, settlement, decision(asked=asked))


@pytest.mark.clause("replacement 6.2")
def test_each_lead_is_told_its_outcome_with_the_reasons() -> None:
    [table] = listed()[0].tables
    assert [row[:3] for row in table.rows] == [
        ("L1", "заменена", "4.1"),
        ("L2", "отклонена", "3.4"),
        ("L3", "отклонена", "4.1"),
        ("L4", "заменена", "4.2"),
        ("L5", "подтверждена, но больше предела по 6.2", "6.2"),
        ("L6", "подтверждена, но запрошено меньше", "4.1"),
    ]
    why = [str(row[3]) for row in table.rows]
    assert why[2] == "номер перепутан\n4.1: никто не ответил"
    assert why[4].startswith("6.2: качество нашло неверные карточки")
    assert "Неверные карточки: L3" in why[4]
    assert why[5].startswith("запрошено 3")


@pytest.mark.clause("replacement 6.2")
def test_the_sums_and_the_cards_that_caused_the_cap_are_told() -> None:
    _, sums, wrong = listed()
    assert [row[1] for row in sums.tables[0].rows] == [3, 6, 4, 2, 1, 2, 2]
    assert sums.tables[0].rows[5][0] == "Предел по 6.2 с учётом прежних замен (30 % от 10, заменено раньше 1)"
    assert wrong.tables[0].rows == (("L3", "номер перепутан"),)


def test_without_a_wrong_card_no_cap_is_spoken_of() -> None:
    rulings = [RULINGS[0], RULINGS[1]]
    settlement = settle(asked=3, accepted=1, cards=2, identifications=10, replaced=1, cap_percent=30)
    sheets = outcome_list(rulings, settlement, decision())
    assert len(sheets) == 2
    assert [row[1] for row in sheets[1].tables[0].rows] == [3, 2, 1, 1, 1]


def test_what_a_manager_wrote_on_a_card_is_not_told_to_the_franchisee() -> None:
    found = audited(worked("2026-11-23 09:00", TIMES, comment=f"{NOT_TARGET}: муж Марии, 8 999 123-45-67"))
    words = evidence_of(found.judged[0], "ru")
    assert words
    assert "Марии" not in words


def test_no_column_is_without_a_heading() -> None:
    columns: list[Column] = [c for sheet in (*made(doubtful=Doubtful((), 1)), *listed()) for table in sheet.tables for c in table.columns]
    assert not [column.heading for column in columns if column.heading.isascii() and not column.heading.startswith("reglament-audit:")]
