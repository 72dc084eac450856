"""Words of people, as they are compared."""

from __future__ import annotations

LOOKALIKES = str.maketrans("abcehkmoptxy", "авсенкмортху")
"""Small Latin letters that look like Russian ones and are typed for them, as in the first letter of "Е-mail"."""


def folded(words: str) -> str:
    """The words without regard to case, with ``ё`` as ``е`` and one space between them."""
    return " ".join(words.casefold().replace("ё", "е").split())


def alike(words: str) -> str:
    """The words folded, with Latin letters as the Russian ones that they look like: what looks the same is the same."""
    return folded(words).translate(LOOKALIKES)
