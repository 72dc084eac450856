"""Files of tables and records: what is in them with its values, and what is wrong with those that are none."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from xlsxwriter import Workbook

from runtime import export_reader
from runtime.documents.archive import Unreadable
from runtime.export_reader import Grid, Records, parts_of
from tests.runtime.documents.made import LAUGHS, repacked, with_prologue

AT = datetime(2026, 11, 23, 10, 0, 1)  # noqa: DTZ001 - a spreadsheet knows no zones


def xlsx(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(content: bytes) -> list[tuple[str, list[tuple[int, Any]]]]:
    return [(part.name if isinstance(part, Grid) else "{}", list(part.rows)) for part in parts_of(content)]


def problem(content: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read(content)
    return caught.value.problem


def test_every_sheet_comes_with_its_name_and_values_as_they_are() -> None:
    content = xlsx(Карточки=[["Лид", "Появился", "n"], ["L1", AT, 5], [None, None, None], ["L2", datetime(2026, 11, 23), 1.5]], empty=[])  # noqa: DTZ001
    assert read(content) == [
        ("Карточки", [(1, ["Лид", "Появился", "n"]), (2, ["L1", AT, 5.0]), (4, ["L2", date(2026, 11, 23), 1.5])]),
        ("empty", []),
    ]


def test_a_row_of_zeros_is_no_empty_row() -> None:
    assert read(xlsx(s=[["a"], [0], [False]])) == [("s", [(1, ["a"]), (2, [0.0]), (3, [False])])]


def test_what_a_formula_gave_last_stands_for_it_and_an_error_for_nothing() -> None:
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("s")
        sheet.write_formula(0, 0, '="L"&1', None, "L1")
        sheet.write_formula(0, 1, "=NA()", None, "#N/A")
    assert read(out.getvalue()) == [("s", [(1, ["L1", ""])])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1251"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_offices_write_it(encoding: str, delimiter: str) -> None:
    text = f"Запись{delimiter}Лид\r\nзвонок{delimiter}«L{delimiter}1»\r\n\r\nзвонок{delimiter}L2\r\n".replace("«", '"').replace("»", '"')
    rows = [(1, ["Запись", "Лид"]), (2, ["звонок", f"L{delimiter}1"]), (4, ["звонок", "L2"])]
    assert read(text.encode(encoding)) == [("", rows)]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\n \n"])
def test_json_lines_come_with_their_numbers_and_what_is_no_object_as_none(mark: bytes) -> None:
    lines = b'{"a": [1, "\xd1\x8f"]}\r\n\n[1]\n"x"\n{"a": \n{"b": null}'
    shift = mark.count(b"\n")
    expected = [(1, {"a": [1, "я"]}), (3, None), (4, None), (5, None), (6, {"b": None})]
    assert read(mark + lines) == [("{}", [(number + shift, found) for number, found in expected])]


def test_json_that_no_text_can_hold_is_no_object() -> None:
    [part] = parts_of(b'{"a": "\\ud800"}\n{"a": 1}\n')
    assert isinstance(part, Records)
    assert list(part.rows) == [(1, None), (2, {"a": 1})]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        ("\u00a0\n".encode(), "not_a_table"),
        (b"no separator anywhere", "not_a_table"),
        (b"a;b\n\x00;1", "not_a_table"),
        (b"%PDF-1.7 text only", "not_a_table"),
        (b"a;b\n\x98\xff;1", "encoding"),
        (b'a;b\n"open;1', "damaged"),
        (b"a;b\n" + b"x" * 200_000 + b";1", "damaged"),
        (b"PK\x03\x04 but no package", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "old_format"),
        (repacked(xlsx(s=[["a"]]), {"xl/workbook.xml": with_prologue(LAUGHS)}), "entities"),
        (repacked(xlsx(s=[["a"]]), {"xl/worksheets/sheet1.xml": b"<no><end>"}), "damaged"),
    ],
    ids=range(13),
)
def test_what_is_no_table_is_named(content: bytes, expected: str) -> None:
    assert problem(content) == expected


def test_what_a_library_stumbles_over_is_damage_and_a_panic_of_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        pass

    def cells(*_: object) -> Any:
        raise Panic
        yield

    monkeypatch.setattr(export_reader, "_cells", cells)
    assert problem(xlsx(s=[["a"]])) == "damaged"


def test_a_sheet_that_unpacks_to_too_much_is_refused_before_it_is_read() -> None:
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("s")
        for row in range(200):
            sheet.write_string(row, 0, f"{row}" + "я" * 32_000)
    packed = out.getvalue()
    assert len(packed) < 300_000
    assert problem(packed) == "unsafe"
