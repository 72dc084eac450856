"""The questionnaire and the contract (2.1.4, 3.3): labels of a form matched to fields, values made fit, and what counts as read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from regulations.catalogue import text
from regulations.documents import Document, Found
from regulations.handoff.state import KIND
from regulations.messages import is_inn
from regulations.spelling import LOOKALIKES

LONGEST = 300
"""Characters of a value: as `regulations.messages.Line` has it."""

_FOOTNOTE = re.compile(r"[\u00b9\u00b2\u00b3\u2070-\u209f*†‡]+|\[\d+\]")
_NUMBER = re.compile(r"^\W*(\d+[.)\s]\s*)+")
_HINT = re.compile(r"\([^()]*\)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BLANK = re.compile(r"[\s_.…·]*|[\s_.…·–—-]{2,}")
"""A place left empty: nothing, or the line to write on."""


def labels(fields: Sequence[str], language: str) -> dict[str, str]:
    """The words of each field and its own code, normalised → code."""
    known: dict[str, str] = {}
    for code in fields:
        for words in (text(language, KIND, "field", code), code):
            known.setdefault(normalised(words), code)
    return known


def form_labels(fields: Sequence[str], language: str) -> list[str]:
    """The labels of a blank form, in its order: words by which `filled` finds the fields again."""
    words = (text(language, KIND, "field", code) for code in fields)
    return [label[:1].upper() + label[1:] for label in words]


def normalised(label: str) -> str:
    """A label as it is compared: no case, ё as е, no punctuation, blanks, numbering or footnote marks."""
    label = unicodedata.normalize("NFKC", _FOOTNOTE.sub("", label)).casefold().replace("ё", "е")
    return "".join(c for c in _NUMBER.sub("", label) if c.isalnum()).translate(LOOKALIKES)


def value_of(value: str) -> str | None:
    """A value as messages take it: one line without control characters and encoded words, cut to 300 characters. None: left empty."""
    value = _CONTROL.sub(" ", value).encode("utf-8", "ignore").decode()
    value = " ".join(value.replace("=?", "= ?").split())[:LONGEST].strip()
    return None if _BLANK.fullmatch(value) else value


def filled(pairs: Iterable[tuple[str, str]], fields: Sequence[str], language: str) -> dict[str, str] | None:
    """The fields that are filled in; None where no label of the questionnaire is found at all.

    The first value of a field stands. A value that is itself a label belongs to another column of the form.
    """
    known = labels(fields, language)
    answers: dict[str, str] = {}
    recognised = False
    for label, given in pairs:
        code = known.get(normalised(label)) or known.get(normalised(_HINT.sub("", label)))
        if code is None:
            continue
        recognised = True
        value = value_of(given)
        if value is not None and code not in answers and normalised(value) not in known:
            answers[code] = _inn(value) if code == "inn" else value
    return answers if recognised else None


def _inn(value: str) -> str:
    """An INN without blanks, and with the leading zero that a spreadsheet takes away."""
    digits = "".join(value.split())
    return next((n for n in (digits, f"0{digits}") if is_inn(n)), value)


def understood(
    document: Document, format: str | None, pairs: Iterable[tuple[str, str]], has_text: bool, fields: Sequence[str], language: str
) -> Found:
    """What a file that could be opened is to the case: the fields of a questionnaire; a contract in Word format with some text."""
    if document.kind == "contract":
        return Found(problem="not_word" if format != "docx" else None if has_text else "no_text")
    answers = filled(pairs, fields, language)
    return Found(problem="no_fields") if answers is None else Found(fields=answers)
