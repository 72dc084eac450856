"""Writing blank forms to be filled in, as Word and as Excel. The same form has the same bytes, whenever it is written."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime

import docx
import xlsxwriter
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

_WRITTEN = datetime(2020, 1, 1, tzinfo=UTC)
"""Stands in the files instead of the moment of writing."""
_SPELLING = {"ru": "ru-RU", "uk": "uk-UA"}


def docx_form(title: str, hint: str, labels: Sequence[str], language: str) -> bytes:
    """A Word document: a table of two columns, labels on the left, the right one empty."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2)
    for spelling in document.styles.element.iter(qn("w:lang")):
        spelling.set(qn("w:val"), _SPELLING.get(language, language))
    properties = document.core_properties
    properties.title, properties.author, properties.comments, properties.revision = title, "", "", 1
    properties.created = properties.modified = _WRITTEN.replace(tzinfo=None)
    heading = document.add_paragraph().add_run(title)
    heading.bold, heading.font.size = True, Pt(16)
    document.add_paragraph(hint)
    table = document.add_table(len(labels), 2, style="Table Grid")
    table.autofit = False
    for row, label in zip(table.rows, labels, strict=True):
        row.height = Cm(0.9)
        row.cells[0].width, row.cells[1].width = Cm(7), Cm(10)
        row.cells[0].text = label
    saved = io.BytesIO()
    document.save(saved)
    return _undated(saved.getvalue())


def _undated(package: bytes) -> bytes:
    """The same entries without the moment at which they were packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return packed.getvalue()


def xlsx_form(title: str, hint: str, labels: Sequence[str]) -> bytes:
    """An Excel workbook of one sheet: labels in column A, column B empty and kept as text, so that no leading zero is lost."""
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True}) as workbook:
        workbook.set_properties({"title": title, "created": _WRITTEN.replace(tzinfo=None)})
        sheet = workbook.add_worksheet(title[:31])
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_column(0, 0, 42)
        sheet.set_column(1, 1, 58)
        sheet.write_string(0, 0, title, workbook.add_format({"bold": True, "font_size": 16}))
        sheet.merge_range(1, 0, 1, 1, hint, workbook.add_format({"text_wrap": True, "valign": "top"}))
        sheet.set_row(1, 48)
        label_format = workbook.add_format({"border": 1, "text_wrap": True, "valign": "vcenter"})
        answer_format = workbook.add_format({"border": 1, "text_wrap": True, "valign": "vcenter", "num_format": "@"})
        for number, label in enumerate(labels, 3):
            sheet.set_row(number, 24)
            sheet.write_string(number, 0, label, label_format)
            sheet.write_blank(number, 1, None, answer_format)
        sheet.set_selection(3, 1, 3, 1)
    return written.getvalue()
