"""Tables as text, as offices write them: UTF-8 with or without a mark or Windows-1251; commas, semicolons or tabs. Read as a stream."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

from runtime.documents.archive import Unreadable

_ENCODINGS = ("utf-8-sig", "windows-1251")
_AT_ONCE = 1024 * 1024
_DELIMITERS = ";,\t"


def lines(content: bytes) -> io.TextIOWrapper:
    """The text of a file, its line ends as they are; of its lines only the one that is read is held.

    Raises:
        Unreadable: ``empty``, ``not_a_table`` or ``encoding``.
    """
    if not content.removeprefix(codecs.BOM_UTF8).strip():
        raise Unreadable("empty")
    if b"\x00" in content:
        raise Unreadable("not_a_table")
    return io.TextIOWrapper(io.BytesIO(content), _encoding(content), newline="")


def _encoding(content: bytes) -> str:
    view = memoryview(content)
    for encoding in _ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for start in range(0, len(content), _AT_ONCE):
                decoder.decode(view[start : start + _AT_ONCE])  # in pieces: only whether it can be read is asked
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise Unreadable("encoding")


def csv_rows(content: bytes) -> Iterator[list[str]]:
    """All rows in order, empty ones too.

    Raises:
        Unreadable: as `lines`; ``damaged``: a quotation mark that is never closed, a cell too long.
    """
    with lines(content) as text:
        header = next((line for line in text if line.strip()), "")
        delimiter = max(_DELIMITERS, key=header.count)
        if delimiter not in header:
            raise Unreadable("not_a_table")
        text.seek(0)
        try:
            yield from csv.reader(text, delimiter=delimiter, strict=True)
        except csv.Error:
            raise Unreadable("damaged") from None
