"""Writing workbooks: the same content gives the same bytes, and nothing that comes from outside can act as a formula or a link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, Literal, Protocol

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST = 32_767
"""Characters that a cell can hold."""
_FORMATS: dict[str, dict[str, Any]] = {
    "text": {"text_wrap": True},
    "count": {"num_format": "0"},
    "money": {"num_format": "#,##0.00"},
    "hours": {"num_format": "0.00"},
    "date": {"num_format": "dd.mm.yyyy"},
    "instant": {"num_format": "dd.mm.yyyy hh:mm"},
}
_ASKED = "#FFF8DC"
_TINTS = {"good": "#D9F2E0", "bad": "#F9DCDC", "doubt": "#FFE9B8"}

Cell = str | int | Decimal | date | datetime | None


class Column(Protocol):
    """One column: its heading, what its cells are, its width in characters; whether people fill it in, the words they choose from."""

    @property
    def heading(self) -> str: ...
    @property
    def kind(self) -> Literal["text", "count", "money", "hours", "date", "instant"]: ...
    @property
    def width(self) -> int: ...
    @property
    def asked(self) -> bool: ...
    @property
    def choices(self) -> Sequence[str]: ...
    @property
    def hidden(self) -> bool: ...


class Colour(Protocol):
    """A cell that is tinted while another of its row holds a word, and, where one is named, a third is empty."""

    @property
    def shown_in(self) -> int: ...
    @property
    def tint(self) -> Literal["good", "bad", "doubt"]: ...
    @property
    def column(self) -> int: ...
    @property
    def value(self) -> str: ...
    @property
    def while_empty(self) -> int | None: ...


class Totals(Protocol):
    """Sums below a table: for each value of the column ``by``, the sums of the columns ``of``."""

    @property
    def label(self) -> str: ...
    @property
    def by(self) -> int: ...
    @property
    def of(self) -> Sequence[int]: ...


class Table(Protocol):
    """A table: its columns, its rows, a caption above it where it has one."""

    @property
    def columns(self) -> Sequence[Column]: ...
    @property
    def rows(self) -> Sequence[Sequence[Cell]]: ...
    @property
    def totals(self) -> Totals | None: ...
    @property
    def caption(self) -> str: ...
    @property
    def colours(self) -> Sequence[Colour]: ...


class Sheet(Protocol):
    """A sheet: words above, then tables. One that is a single table has its header frozen and can be filtered."""

    @property
    def title(self) -> str: ...
    @property
    def above(self) -> Sequence[str]: ...
    @property
    def tables(self) -> Sequence[Table]: ...


def workbook(sheets: Sequence[Sheet], *, title: str, made_at: datetime) -> bytes:
    """An xlsx file.

    Args:
        sheets: What it holds. Datetimes are local, without a zone; amounts are exact and stand as numbers. Text stays text, whatever it
            begins with; what is longer than a cell can hold is cut.
        title: The title of the document.
        made_at: The instant that the file names as its creation, aware.
    """
    written = BytesIO()
    # Nothing is guessed from a text: a name that looks like a formula, a link or a number is a name.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(written, options) as book:
        # The creation is the only time in the file: the library dates the parts of the archive 1980.
        book.set_properties({"title": title, "created": made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)})
        writer = _Writer(book)
        for sheet in sheets:
            writer.add(sheet)
    return written.getvalue()


class _Writer:
    """Writes sheets into one workbook."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        plain: dict[str, Any] = {"valign": "top"}
        self._formats: dict[str, Any] = {kind: book.add_format({**plain, **form}) for kind, form in _FORMATS.items()}
        shaded = {**plain, "bg_color": _ASKED, "border": 1, "border_color": "#D8D2B8"}
        self._asked: dict[str, Any] = {kind: book.add_format({**shaded, **form}) for kind, form in _FORMATS.items()}
        self._tints: dict[str, Any] = {tint: book.add_format({"bg_color": colour}) for tint, colour in _TINTS.items()}
        self._sums: dict[str, Any] = {kind: book.add_format({**plain, **form, "bold": True, "top": 1}) for kind, form in _FORMATS.items()}
        self._header = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#E8ECF1", "bottom": 1})
        self._bold = book.add_format({"bold": True})
        self._plain = book.add_format()

    def add(self, sheet: Sheet) -> None:
        page = self._book.add_worksheet(sheet.title)
        page.set_landscape()
        page.set_paper(9)  # A4
        page.fit_to_pages(1, 0)
        row = 0
        for number, words in enumerate(sheet.above):
            page.write_string(row, 0, words[:_LONGEST], self._plain if number else self._bold)
            row += 1
        for table in sheet.tables:
            row += 1 if row else 0
            if table.caption:
                page.write_string(row, 0, table.caption, self._bold)
                row += 1
            if row == 0:
                page.freeze_panes(1, 1)
                page.repeat_rows(0)
                page.autofilter(0, 0, max(len(table.rows), 1), len(table.columns) - 1)
            row = self._table(page, row, table)
        self._widths(page, sheet)

    def _widths(self, page: Worksheet, sheet: Sheet) -> None:
        for number in range(max(len(table.columns) for table in sheet.tables)):
            columns = [table.columns[number] for table in sheet.tables if number < len(table.columns)]
            hidden = {"hidden": True} if all(column.hidden for column in columns) else None
            form = self._asked[columns[0].kind] if len(sheet.tables) == 1 and columns[0].asked else None
            page.set_column(number, number, max(column.width for column in columns), form, hidden)

    def _table(self, page: Worksheet, top: int, table: Table) -> int:
        """Writes header, rows and sums; gives the next free row."""
        for number, column in enumerate(table.columns):
            page.write_string(top, number, column.heading, self._header)
        forms = [(self._asked if column.asked else self._formats)[column.kind] for column in table.columns]
        spared = [column.asked or column.hidden for column in table.columns]  # their columns have the format: no cell is needed for that
        for below, cells in enumerate(table.rows, top + 1):
            for number, (form, cell) in enumerate(zip(forms, cells, strict=True)):
                if cell is not None or not spared[number]:
                    self._cell(page, below, number, cell, form)
                if isinstance(cell, str) and "\n" in cell:
                    page.set_row(below, _height(cell, table.columns[number].width))
        end = top + 1 + len(table.rows)
        if table.rows:
            self._helps(page, top + 1, end - 1, table)
        return self._totals(page, top + 1, end, table, table.totals) if table.totals is not None and table.rows else end

    def _helps(self, page: Worksheet, first: int, last: int, table: Table) -> None:
        """What a program does for people who fill the table in: drop-downs, and colours that follow the words."""
        for number, column in enumerate(table.columns):
            if column.choices:
                page.data_validation(first, number, last, number, {"validate": "list", "source": list(column.choices)})
        for colour in table.colours:
            cell = xl_rowcol_to_cell(first, colour.column, col_abs=True)
            told = f'{cell}="{colour.value.replace(chr(34), chr(34) * 2)}"'
            if colour.while_empty is not None:
                told = f'AND({told},{xl_rowcol_to_cell(first, colour.while_empty, col_abs=True)}="")'
            rule = {"type": "formula", "criteria": f"={told}", "format": self._tints[colour.tint]}
            page.conditional_format(first, colour.shown_in, last, colour.shown_in, rule)

    def _cell(self, page: Worksheet, row: int, number: int, cell: Cell, form: Any) -> None:
        match cell:
            case None | "":
                page.write_blank(row, number, None, form)
            case str():
                page.write_string(row, number, cell[:_LONGEST], form)
            case datetime() | date():
                page.write_datetime(row, number, cell, form)
            case _:
                page.write_number(row, number, cell, form)

    def _totals(self, page: Worksheet, first: int, end: int, table: Table, totals: Totals) -> int:
        """The sums as formulas that hold their value: readers that count nothing show it all the same."""
        row = end + 1  # an empty row between, so that a filter leaves the sums alone
        by = xl_range_abs(first, totals.by, end - 1, totals.by)
        for group in sorted({str(cells[totals.by]) for cells in table.rows if cells[totals.by]}):
            page.write_string(row, 0, totals.label, self._sums["text"])
            page.write_string(row, totals.by, group, self._sums["text"])
            chosen = f"({by}={xl_rowcol_to_cell(row, totals.by)})"  # the value stands in its cell, never in the formula
            for number in totals.of:
                of = xl_range_abs(first, number, end - 1, number)
                value = sum((_number(cells[number]) for cells in table.rows if cells[totals.by] == group), Decimal(0))
                page.write_formula(row, number, f"=SUMPRODUCT({chosen}*{of})", self._sums[table.columns[number].kind], value)
            row += 1
        return row


def _height(cell: str, width: int) -> int:
    """Points for a cell of several lines: not every program finds out by itself how tall its row has to be."""
    lines = sum(max(-(-len(line) // width), 1) for line in cell.split("\n"))  # a column of so many digits holds a few letters more
    return min(lines * 15, 405)


def _number(cell: Cell) -> Decimal:
    return Decimal(cell) if isinstance(cell, int | Decimal) else Decimal(0)
