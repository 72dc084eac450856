"""Labels and values of an Excel workbook: a cell and its right-hand neighbour, on the first sheets."""

from __future__ import annotations

import io
from datetime import date, datetime

import openpyxl
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from runtime.documents.pairs import Pairs

SHEETS, ROWS, COLUMNS = 3, 1_000, 20


def read(content: bytes, pairs: Pairs) -> None:
    """Reads the values as they were last computed; no formula and no link is followed."""
    workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    sheets = [sheet for sheet in workbook.worksheets if isinstance(sheet, ReadOnlyWorksheet)]
    for sheet in sheets[:SHEETS]:
        for row in sheet.iter_rows(max_row=ROWS, max_col=COLUMNS, values_only=True):
            cells = [cell_text(value) for value in row]
            if any(cells):
                pairs.add_row(cells)


def cell_text(value: object) -> str:
    """A value as text: a number without a decimal part that it does not have, a date in ISO form."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() if (value.hour, value.minute, value.second) == (0, 0, 0):
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ", "minutes")
        case date():
            return value.isoformat()
        case str() if value.startswith("#") and value.rstrip("!?/").isupper():  # #N/A, #REF!: an error of a formula
            return ""
    return str(value)
