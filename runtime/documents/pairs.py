"""What is collected from a document: labels and values as they stand, up to a bound."""

from __future__ import annotations

import re

MOST_PAIRS, MOST_CHARACTERS = 4_000, 200_000
LONGEST_LABEL, LONGEST_VALUE = 200, 1_000

_BETWEEN = re.compile(r"\s*:\s*|\s*\t\s*|\s+[–—-]\s+")


class Pairs:
    """Labels with their values. What goes beyond the bounds is left out: no questionnaire is that long."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.has_text = False
        self._characters = 0

    @property
    def full(self) -> bool:
        return len(self.found) >= MOST_PAIRS or self._characters >= MOST_CHARACTERS

    def add(self, label: str, value: str) -> None:
        """A label and what stands beside it, which may be nothing."""
        label, value = label.strip(), value.strip()[:LONGEST_VALUE]
        if label and len(label) <= LONGEST_LABEL and not self.full:
            self.found.append((label, value))
            self._characters += len(label) + len(value)

    def add_lines(self, text: str) -> None:
        """Each line of the form ``label: value``; a tab and a dash between blanks part them too."""
        for line in text[:LONGEST_VALUE].splitlines():
            for between in _BETWEEN.finditer(line):
                self.add(line[: between.start()], line[between.end() :])

    def add_row(self, cells: list[str]) -> None:
        """Each cell with its right-hand neighbour, and the lines within the cells."""
        for left, right in zip(cells, [*cells[1:], ""], strict=True):
            self.add(left, right)
            self.add_lines(left)
