"""Tables and records of a file from outside, with their values as the file has them: numbers, dates, words. For a process of its own.

What is in the file decides, never its name: XLSX, JSON Lines, else CSV.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

import orjson
from python_calamine import CalamineWorkbook

from runtime.documents.archive import Unreadable, open_package
from runtime.documents.child import sniff
from runtime.text_tables import csv_rows, lines

MOST_UNPACKED = 384 * 1024 * 1024
"""Bytes; an export of 100,000 calls with their recordings unpacks to about 60 MB."""
MOST_SHEETS = 50
_PACKAGES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

T = TypeVar("T")
Value = str | int | float | bool | date | datetime | time | timedelta | None


@dataclass(frozen=True)
class Grid:
    """A table: rows with their numbers in the file, from 1 on. Those without anything in them are left out."""

    name: str
    """Of its sheet; empty where a file has none."""
    rows: Iterator[tuple[int, Sequence[Value]]]
    """Read as they are taken; rows may be of different lengths."""


@dataclass(frozen=True)
class Records:
    """Lines with their numbers, each an object with names and values; None: the line is none."""

    rows: Iterator[tuple[int, dict[str, Any] | None]]


def parts_of(content: bytes) -> Iterator[Grid | Records]:
    """The tables of a workbook, one after another, or the one part of a text file.

    Raises:
        Unreadable: also while rows are taken. ``empty``, ``not_a_table``, ``encoding``, ``old_format``, ``password``, ``macros``,
            ``entities``, ``unsafe``, ``damaged``.
    """
    if content.startswith(_PACKAGES):
        yield from _safe(_sheets(content))
    elif content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        yield Records(_objects(content))
    else:
        yield Grid("", _numbered(csv_rows(content)))


def _safe(read: Iterator[T]) -> Iterator[T]:
    """What is read; whatever the library stumbles over, the file is no good."""
    try:
        yield from read
    except (Unreadable, GeneratorExit, MemoryError):
        raise
    except BaseException:  # what goes wrong in Rust is no Exception
        raise Unreadable("damaged") from None


def _sheets(content: bytes) -> Iterator[Grid]:
    sniff(content)
    if open_package(content, MOST_UNPACKED) != "xlsx":
        raise Unreadable("not_a_table")
    with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        for name in book.sheet_names[:MOST_SHEETS]:
            yield Grid(name, _safe(_numbered(_cells(book, name))))


def _cells(book: CalamineWorkbook, name: str) -> Iterator[Sequence[Value]]:
    yield from book.get_sheet_by_name(name).iter_rows()


def _numbered(rows: Iterator[Any]) -> Iterator[tuple[int, Sequence[Value]]]:
    for number, cells in enumerate(rows, 1):
        if any(cells) or any(cell not in ("", None) for cell in cells):  # the second: a row of zeros
            yield number, cells


def _objects(content: bytes) -> Iterator[tuple[int, dict[str, Any] | None]]:
    with lines(content) as text:
        for number, line in enumerate(text, 1):
            if line.strip():
                try:
                    found = orjson.loads(line)
                except orjson.JSONDecodeError:
                    found = None
                yield number, found if isinstance(found, dict) else None
