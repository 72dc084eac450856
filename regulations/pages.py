"""What every page for people needs that is made of rows: its words in one language, its instants in one zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from regulations.catalogue import text
from regulations.dates import minute_text, weekday_word
from regulations.sheets import Column, Kind

LISTED = 60
"""How many entries of a list an e-mail names; the workbook has them all."""
LONGEST = 240
"""Characters of one text in an e-mail; the workbook has the whole."""


class Pages:
    """Words and instants as a page shows them. A subclass has the fields."""

    section: ClassVar[str]
    """Of the catalogue."""
    language: str
    local: Callable[[datetime], datetime]
    """An instant in the zone of the page."""

    def word(self, *place: str, **values: object) -> str:
        return text(self.language, self.section, *place, **values)

    def shown(self, at: datetime | None) -> datetime | None:
        """An instant as a workbook holds it: local, without its zone."""
        return self.local(at).replace(tzinfo=None, microsecond=0) if at is not None else None

    def words_of(self, at: datetime | None) -> str:
        """An instant in words: ``пн 23.11.2026 11:00``."""
        if at is None:
            return ""
        local = self.local(at)
        return f"{weekday_word(self.language, local)} {minute_text(local)}"

    def column(self, name: str, kind: Kind, width: int) -> Column:
        return Column(self.word("heading", name), kind, width)


def short(words: str) -> str:
    """On one line, and no longer than an e-mail needs."""
    line = " ".join(words.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
