"""Labels and values of a Word document: rows of tables, lines ``label: value``, content controls."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import docx

from runtime.documents.pairs import Pairs

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_GONE = frozenset((_W + "del", _W + "moveFrom", _MC + "Fallback"))
"""Deleted or moved away under tracked changes; the second copy of a text box."""
_BREAKS = {_W + "tab": "\t", _W + "br": "\n", _W + "cr": "\n", _W + "noBreakHyphen": "-"}


def read(content: bytes, pairs: Pairs) -> None:
    """Reads the body. The XML itself is walked, since python-docx passes over what stands in content controls."""
    body = docx.Document(io.BytesIO(content)).element.body
    for row in body.iter(_W + "tr"):
        pairs.add_row(["" if blank else _text(cell) for cell, blank in _cells(row)])
    for control in body.iter(_W + "sdt"):
        value = _text(control)
        for name in ("alias", "tag"):
            for label in control.iterfind(f"{_W}sdtPr/{_W}{name}"):
                pairs.add(label.get(_W + "val", ""), value)
    for paragraph in body.iter(_W + "p"):
        text = _text(paragraph)
        pairs.has_text = pairs.has_text or any(c.isalpha() for c in text)
        pairs.add_lines(text)


def _cells(row: Any) -> Iterator[tuple[Any, bool]]:
    """The cells of one row, those in content controls too; with each, whether it shows only the hint of its control."""
    for child in row:
        if child.tag == _W + "tc":
            yield child, False
        elif child.tag == _W + "sdt":
            blank = _shows_hint(child)
            yield from ((cell, blank or inner) for content in child.iterfind(_W + "sdtContent") for cell, inner in _cells(content))
        elif child.tag not in _GONE and child.tag != _W + "tbl":
            yield from _cells(child)


def _shows_hint(control: Any) -> bool:
    """Whether nothing has been written into a content control: it shows "click to enter text"."""
    return control.find(f"{_W}sdtPr/{_W}showingPlcHdr") is not None


def _text(element: Any) -> str:
    """The visible text, paragraphs and breaks as line ends; tables within it and hints of content controls left out."""
    parts: list[str] = []
    _collect(element, parts)
    return "".join(parts).strip()


def _collect(element: Any, parts: list[str]) -> None:
    if element.tag == _W + "sdt" and _shows_hint(element):
        return
    for child in element:
        if child.tag == _W + "t":
            parts.append(child.text or "")
        elif child.tag in _BREAKS:
            parts.append(_BREAKS[child.tag])
        elif child.tag not in _GONE and child.tag != _W + "tbl":
            _collect(child, parts)
            if child.tag == _W + "p":
                parts.append("\n")
