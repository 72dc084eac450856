"""Words of people, as they are compared."""

from __future__ import annotations


def folded(words: str) -> str:
    """The words without regard to case, with ``ё`` as ``е`` and one space between them."""
    return " ".join(words.casefold().replace("ё", "е").split())
