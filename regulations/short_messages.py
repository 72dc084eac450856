"""The texts of short messages."""

from __future__ import annotations

from collections.abc import Mapping

from regulations.catalogue import text

LONGEST = 3 * 67
"""UTF-16 units: three segments, of which the network joins each with 67 where a message holds other letters than Latin ones."""


def short_message(language: str, template: str, values: Mapping[str, object]) -> str:
    """A text of the catalogue (``sms``), what three segments cannot hold is cut at a word and ends in an ellipsis.

    Raises:
        LookupError: there is no such text, or a value of it is not given.
    """
    pattern = text(language, "sms", template)
    if pattern == template:
        raise LookupError(template)
    words = pattern.format(**values)
    if _units(words) <= LONGEST:
        return words
    while _units(words) >= LONGEST:
        words = words[:-1]
    return f"{words.rpartition(' ')[0] or words}…"


def _units(words: str) -> int:
    return len(words.encode("utf-16-le")) // 2
