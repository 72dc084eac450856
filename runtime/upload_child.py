"""The process that reads one table from outside: it limits itself, takes the file from its input, prints its rows as JSON, and is gone.

It says ``null`` before it looks into the file: what goes wrong earlier is no fault of the file. Then each line is ``[number, cells]``; the
last one is a text: empty, or the code of what is wrong with the file.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from importlib import import_module

from runtime.documents.archive import Unreadable, open_package
from runtime.documents.child import confine, sniff
from runtime.text_tables import csv_rows

MEMORY = 1024 * 1024 * 1024
CPU_SECONDS = 240
ALIVE_SECONDS = 360
MOST_UNPACKED = 256 * 1024 * 1024
"""A sheet of 100,000 rows unpacks to about 80 MB."""
COLUMNS = 60
_PACKAGES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def _rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    found = _xlsx(content) if content.startswith(_PACKAGES) else ([cell.strip() for cell in cells] for cells in csv_rows(content))
    for number, cells in enumerate(found, 1):
        if any(cells):
            yield number, list(cells[:COLUMNS])


def _xlsx(content: bytes) -> Iterator[list[str]]:
    from openpyxl import load_workbook  # most files are CSV, and it takes half a second
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    from runtime.documents.xlsx_pairs import cell_text

    sniff(content)
    if open_package(content, MOST_UNPACKED) != "xlsx":
        raise Unreadable("not_a_table")
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    sheet = next((sheet for sheet in book.worksheets if isinstance(sheet, ReadOnlyWorksheet)), None)
    if sheet is not None:
        for row in sheet.iter_rows(max_col=min(sheet.max_column or COLUMNS, COLUMNS), values_only=True):
            yield [cell_text(value).strip() for value in row]


def said(content: bytes) -> Iterator[object]:
    """The lines of the answer: each row, then what is wrong with the file, or nothing."""
    any_row = False
    try:
        for number, cells in _rows(content):
            any_row = True
            yield [number, cells]
    except Unreadable as e:
        yield {"not_a_document": "not_a_table"}.get(e.problem, e.problem)
    except (MemoryError, RecursionError):
        yield "too_slow"
    except Exception:  # whatever a library stumbles over, the file is no good
        yield "damaged"
    else:
        yield "" if any_row else "empty"


def main() -> None:
    """Reads one file from standard input."""
    confine(MEMORY, CPU_SECONDS, ALIVE_SECONDS)
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is no answer
    content = sys.stdin.buffer.read()
    if content.startswith(_PACKAGES):  # a library that cannot be imported is no fault of the file
        import_module("openpyxl")
    print(json.dumps(None), file=answers, flush=True)
    for one in said(content):
        print(json.dumps(one, ensure_ascii=False), file=answers)
    answers.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
