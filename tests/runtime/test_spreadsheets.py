"""Workbooks as real readers see them: the same bytes for the same content, text that stays text, amounts to the kopeck."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from python_calamine import CalamineWorkbook

from regulations.sheets import Colour, Column, Kind, Sheet, Table, Totals
from runtime.spreadsheets import Cell, workbook

MADE = datetime(2026, 11, 2, 7, 0, 0, 123456, UTC)


def column(heading: str, kind: Kind) -> Column:
    return Column(heading, kind, 20)


COLUMNS = (column("Клиент", "text"), column("Валюта", "text"), column("Сумма", "money"), column("Дата", "date"), column("Время", "instant"))
HOSTILE = (
    "=1+1",
    "+7 900",
    "-2+3",
    "@SUM(A1)",
    "\tTAB",
    "\rCR",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x.example","y")',
    "http://x.example",
    "mailto:a@x.example",
    "internal:Итоги!A1",
    "{=1+1}",
    "007",
    "1e5",
    "TRUE",
    "#N/A",
    "_x0041_",
    "<b>&amp;</b>",
    " впереди и позади ",
    "'апостроф",
)


def made(*rows: tuple[Cell, ...], totals: Totals | None = None) -> bytes:
    return workbook([Sheet("Лист", (Table(COLUMNS, rows, totals),))], title="Отчёт", made_at=MADE)


def by_openpyxl(content: bytes, *, values: bool = True) -> list[list[Any]]:
    page = openpyxl.load_workbook(io.BytesIO(content), data_only=values)["Лист"]
    # It leaves the escapes of control characters as they stand in the file, and undoes those of what only looks like one.
    return [[unescape(v) if isinstance(v, str) and v.startswith("_x000D_") else v for v in row] for row in page.iter_rows(values_only=True)]


def by_calamine(content: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("Лист").to_python()


@pytest.mark.parametrize("words", HOSTILE)
def test_text_from_outside_comes_back_as_the_very_text(words: str) -> None:
    content = made((words, words, None, None, None))
    for rows in (by_openpyxl(content), by_openpyxl(content, values=False), by_calamine(content)):
        assert rows[1][:2] == [words, words]


@pytest.mark.parametrize("words", HOSTILE)
def test_nothing_from_outside_becomes_a_formula_or_a_link(words: str) -> None:
    totals = Totals("Итого", by=1, of=(2,))
    content = made((words, words, Decimal(1), None, None), (words, words, Decimal(2), None, None), totals=totals)
    page = openpyxl.load_workbook(io.BytesIO(content))["Лист"]
    formulas = [cell.value for row in page.iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas == ["=SUMPRODUCT(($B$2:$B$3=B5)*$C$2:$C$3)"]
    assert all(cell.hyperlink is None for row in page.iter_rows() for cell in row)
    with ZipFile(io.BytesIO(content)) as parts:
        assert not [name for name in parts.namelist() if "externalLink" in name or name.startswith("xl/worksheets/_rels")]


def test_amounts_are_numbers_and_dates_are_dates() -> None:
    content = made(("ООО", "RUB", Decimal("1234567.89"), date(2026, 10, 1), datetime(2026, 10, 31, 23, 59, 59)))  # noqa: DTZ001 - local
    page = openpyxl.load_workbook(io.BytesIO(content))["Лист"]
    cells = {cell.coordinate[0]: cell for cell in page[2]}
    assert (cells["C"].value, cells["C"].data_type, cells["C"].number_format) == (1234567.89, "n", "#,##0.00")
    assert (cells["D"].value, cells["D"].number_format) == (datetime(2026, 10, 1), "dd.mm.yyyy")  # noqa: DTZ001
    assert (cells["E"].value, cells["E"].number_format) == (datetime(2026, 10, 31, 23, 59, 59), "dd.mm.yyyy hh:mm")  # noqa: DTZ001
    assert by_calamine(content)[1][3] == date(2026, 10, 1)


AMOUNTS = st.decimals(Decimal("-99999999.99"), Decimal("99999999.99"), places=2)
ROWS = st.lists(st.tuples(st.sampled_from(["RUB", "KZT", "*", ">0", ""]), st.one_of(st.none(), AMOUNTS)), min_size=1, max_size=30)


@settings(max_examples=100)
@given(rows=ROWS)
def test_sums_hold_their_value_to_the_kopeck_in_every_reader(rows: list[tuple[str, Decimal | None]]) -> None:
    content = made(*(("к", currency, amount, None, None) for currency, amount in rows), totals=Totals("Итого", by=1, of=(2,)))
    wanted = {c: sum((a for other, a in rows if other == c and a is not None), Decimal(0)) for c, _ in rows if c}
    for read in (by_openpyxl(content), by_calamine(content)):
        sums = {r[1]: Decimal(str(r[2])).quantize(Decimal("0.01")) for r in read if r[0] == "Итого"}
        assert sums == wanted
        lines = [Decimal(str(r[2] or 0)).quantize(Decimal("0.01")) for r in read if r[0] == "к"]
        assert lines == [a or Decimal(0) for _, a in rows]


def test_the_header_is_frozen_and_the_rows_can_be_filtered_without_the_sums() -> None:
    content = made(("а", "RUB", Decimal(1), None, None), ("б", "RUB", Decimal(2), None, None), totals=Totals("Итого", by=1, of=(2,)))
    page = openpyxl.load_workbook(io.BytesIO(content))["Лист"]
    assert page.freeze_panes == "B2"
    assert page.auto_filter.ref == "A1:E3"
    assert [cell.value for cell in page[1]] == ["Клиент", "Валюта", "Сумма", "Дата", "Время"]
    assert page["A5"].value == "Итого"
    assert page.column_dimensions["A"].width == pytest.approx(20.7, abs=0.1)


def test_an_empty_table_is_a_header_without_sums() -> None:
    content = made(totals=Totals("Итого", by=1, of=(2,)))
    assert by_calamine(content) == [["Клиент", "Валюта", "Сумма", "Дата", "Время"]]


def test_what_is_too_long_for_a_cell_is_cut_and_not_lost() -> None:
    assert by_calamine(made(("я" * 40_000, None, None, None, None)))[1][0] == "я" * 32_767


def test_words_and_several_tables_stand_below_each_other() -> None:
    table = Table((column("Раздел", "text"), column("Клиентов", "count")), (("Приняты", 3),), caption="Разделы")
    content = workbook([Sheet("Итоги", (table, table), ("Отчёт", "Компания"))], title="Отчёт", made_at=MADE)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("Итоги").to_python()
    expected = ["Отчёт", "Компания", "", "Разделы", "Раздел", "Приняты", "", "Разделы", "Раздел", "Приняты"]
    assert [row[0] for row in rows] == expected
    assert openpyxl.load_workbook(io.BytesIO(content))["Итоги"].freeze_panes is None


# --- what people fill in ---


def test_people_choose_from_a_list_and_what_they_fill_in_is_shaded_to_its_end() -> None:
    columns = (Column("Вердикт", "text", 10), Column("Решение", "text", 10, asked=True, choices=("да", "нет")))
    page = openpyxl.load_workbook(io.BytesIO(sheet_of(columns, ("а", None), ("б", None))))["Лист"]
    [choice] = page.data_validations.dataValidation
    assert (str(choice.sqref), choice.type, choice.formula1) == ("B2:B3", "list", '"да,нет"')
    shaded = page.column_dimensions["B"]
    assert shaded.fill.fgColor.rgb == "FFFFF8DC"
    assert page["A2"].fill.fgColor.rgb != "FFFFF8DC"


def test_a_cell_changes_its_colour_with_the_words_of_its_row() -> None:
    columns = (Column("Вердикт", "text", 10), Column("Решение", "text", 10, asked=True))
    colours = (Colour(0, "good", 0, "да"), Colour(1, "doubt", 0, 'не "ясно"', while_empty=1))
    page = openpyxl.load_workbook(io.BytesIO(sheet_of(columns, ("да", None), ("б", None), colours=colours)))["Лист"]
    rules = {str(where.sqref): [rule.formula for rule in where.rules] for where in page.conditional_formatting}
    assert rules == {"A2:A3": [['$A2="да"']], "B2:B3": [['AND($A2="не ""ясно""",$B2="")']]}


def test_an_empty_table_has_neither_list_nor_colours() -> None:
    columns = (Column("Решение", "text", 10, asked=True, choices=("да",)),)
    page = openpyxl.load_workbook(io.BytesIO(sheet_of(columns, colours=(Colour(0, "good", 0, "да"),))))["Лист"]
    assert not page.data_validations.dataValidation
    assert not list(page.conditional_formatting)


def test_a_hidden_column_is_there_and_not_seen() -> None:
    content = sheet_of((Column("Лид", "text", 10), Column("метка", "text", 10, hidden=True)), ("L1", None))
    page = openpyxl.load_workbook(io.BytesIO(content))["Лист"]
    assert [page.column_dimensions[name].hidden for name in "AB"] == [False, True]
    assert by_calamine(content)[0] == ["Лид", "метка"]


@pytest.mark.parametrize(("words", "height"), [("одна строка", None), ("одна\nдве", 30), ("д" * 25 + "\nтри", 60), ("\n" * 200, 405)])
def test_a_row_of_several_lines_is_as_tall_as_they_are(words: str, height: int | None) -> None:
    page = openpyxl.load_workbook(io.BytesIO(sheet_of((Column("Основание", "text", 10),), (words,))))["Лист"]
    assert page.row_dimensions[2].height == height


def sheet_of(columns: tuple[Column, ...], *rows: tuple[Cell, ...], colours: tuple[Colour, ...] = ()) -> bytes:
    return workbook([Sheet("Лист", (Table(columns, rows, colours=colours),))], title="Отчёт", made_at=MADE)


CODE = """
import hashlib, sys
from tests.runtime.test_spreadsheets import HOSTILE, made
from decimal import Decimal
print(hashlib.sha256(made(*((w, "RUB", Decimal("0.10"), None, None) for w in HOSTILE))).hexdigest())
"""


def test_the_same_content_gives_the_same_bytes_in_another_process_another_hash_seed_and_another_zone() -> None:
    digests = {hashlib.sha256(made(*((w, "RUB", Decimal("0.10"), None, None) for w in HOSTILE))).hexdigest()}
    for seed, zone in (("1", "UTC"), ("2", "Asia/Vladivostok")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        said = subprocess.run(
            [sys.executable, "-c", CODE], env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
        )
        digests.add(said.stdout.strip())
    assert len(digests) == 1


def test_another_time_of_making_is_the_only_difference_that_time_makes() -> None:
    sheet = Sheet("Лист", (Table(COLUMNS, ()),))
    first, second = (workbook([sheet], title="Отчёт", made_at=at) for at in (MADE, MADE + timedelta(days=1)))
    with ZipFile(io.BytesIO(first)) as one, ZipFile(io.BytesIO(second)) as other:
        differing = [name for name in one.namelist() if one.read(name) != other.read(name)]
        assert {info.date_time for info in one.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert differing == ["docProps/core.xml"]
