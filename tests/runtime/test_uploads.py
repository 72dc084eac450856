"""Tables from outside as rows of text: CSV as offices write it, XLSX, and what is none of both."""

from __future__ import annotations

import io

import openpyxl
import pytest

from runtime.upload_child import said
from runtime.uploads import LARGEST, TableError, rows_of

TEXT = "Клиент;Продукт\nc-1;bureau\n\nc-2;«бюро; два»\n".replace("«", '"').replace("»", '"')
ROWS = [(1, ["Клиент", "Продукт"]), (2, ["c-1", "bureau"]), (4, ["c-2", "бюро; два"])]


async def rows(content: bytes) -> list[tuple[int, list[str]]]:
    return [row async for row in rows_of(content)]


def xlsx(*given: list[object], sheets: int = 1) -> bytes:
    book = openpyxl.Workbook()
    for number in range(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        assert sheet is not None
        for row in given:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def test_rows_come_with_their_numbers_and_empty_ones_do_not() -> None:
    assert await rows(TEXT.encode()) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1251"])
def test_csv_in_the_encodings_of_offices(encoding: str) -> None:
    assert list(said(TEXT.encode(encoding))) == [*map(list, ROWS), ""]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_with_the_separators_of_offices(delimiter: str) -> None:
    assert list(said(f"a{delimiter}b\r\n 1 {delimiter}2\r\n".encode())) == [[1, ["a", "b"]], [2, ["1", "2"]], ""]


async def test_xlsx_gives_values_as_text_and_only_of_its_first_sheet() -> None:
    content = xlsx(["Клиент", "Телефон", "x"], ["c-1", 79991234567, None], [None, None, None], ["c-2", "+7 (999) 1", 1.5], sheets=2)
    assert await rows(content) == [
        (1, ["Клиент", "Телефон", "x"]),
        (2, ["c-1", "79991234567", ""]),
        (4, ["c-2", "+7 (999) 1", "1.5"]),
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"no separator anywhere", "not_a_table"),
        (b"a;b\n\x00;1", "not_a_table"),
        (b'"open;1', "damaged"),
        (b"a;b\n" + b"\x98\xff", "encoding"),
        (b"PK\x03\x04 but no package", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "old_format"),
        (xlsx(), "empty"),
    ],
)
def test_what_is_no_table_is_named(content: bytes, problem: str) -> None:
    assert list(said(content)) == [problem]


@pytest.mark.parametrize(("content", "problem"), [(b"a", "not_a_table"), (b";" * (LARGEST + 1), "too_large")])
async def test_the_reader_says_so_in_an_error(content: bytes, problem: str) -> None:
    with pytest.raises(TableError) as error:
        await rows(content)
    assert error.value.problem == problem


def test_rows_before_damage_come_all_the_same() -> None:
    assert list(said(b'a;b\n1;2\n"open')) == [[1, ["a", "b"]], [2, ["1", "2"]], "damaged"]


async def test_who_stops_taking_rows_leaves_no_process_behind() -> None:
    content = ("a;b\n" + "1;2\n" * 200_000).encode()
    stream = rows_of(content)
    assert await anext(stream) == (1, ["a", "b"])
    await stream.aclose()  # type: ignore[attr-defined]
