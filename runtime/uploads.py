"""Tables from outside, CSV and XLSX, as a stream of rows of text: read by a process of its own, with limits, and never held as a whole."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from runtime.confined import PYTHON, EndedError, talk
from runtime.documents.reader import ReaderUnavailableError

LARGEST = 32 * 1024 * 1024
"""Bytes; an upload of 100,000 rows has about 20 MB as CSV and 10 MB as XLSX."""
SECONDS = 300.0
"""Wall clock for one file, however slowly its rows are taken."""
_LONGEST_ROW = 2 * 1024 * 1024
_COMMAND = (*PYTHON, "-m", "runtime.upload_child")


class TableError(Exception):
    """The file cannot be read; ``problem`` is the stable code of the reason."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


async def rows_of(content: bytes) -> AsyncIterator[tuple[int, list[str]]]:
    """The rows that are not empty, with their numbers in the file, from 1 on; the first of them is the header.

    CSV in UTF-8 (with or without a mark) or Windows-1251, separated by commas, semicolons or tabs; XLSX: its first sheet, values as they
    were last computed. What is in the file decides, never its name.

    Raises:
        TableError: ``empty``, ``too_large``, ``not_a_table``, ``encoding``, ``old_format``, ``password``, ``macros``, ``entities``,
            ``unsafe``, ``damaged`` or ``too_slow``; rows may have been given before.
        ReaderUnavailableError: no process could be started.
    """
    if len(content) > LARGEST:
        raise TableError("too_large")
    try:
        async with talk(_COMMAND, [content], seconds=SECONDS, longest_line=_LONGEST_ROW) as process:
            if not await process.line():
                raise ReaderUnavailableError("the process that reads tables did not come up")
            while line := await process.line():
                said = json.loads(line)
                if isinstance(said, str):
                    if said:
                        raise TableError(said)
                    return
                yield said[0], said[1]
        raise TableError("too_slow")  # it was ended by a limit
    except EndedError:  # also a row too long for a table
        raise TableError("too_slow") from None
