"""Names and values of the form fields of a PDF. Scripts and pages are not looked at."""

from __future__ import annotations

import io
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, NullObject, StreamObject

from runtime.documents.archive import Unreadable
from runtime.documents.pairs import Pairs

MOST_NODES = 5_000


def read(content: bytes, pairs: Pairs) -> None:
    """Reads the tree of fields: each by its name, its full name and its tooltip.

    Raises:
        Unreadable: ``password`` where it cannot be opened without one, ``no_fields`` where it holds no form.
    """
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Unreadable("password")
    form = _resolved(_resolved(reader.trailer["/Root"]).get("/AcroForm"))
    roots = _resolved(form.get("/Fields")) if isinstance(form, DictionaryObject) else None
    stack: list[tuple[Any, str, Any]] = [(root, "", None) for root in reversed(roots)] if isinstance(roots, ArrayObject) else []
    seen: set[int] = set()
    nodes = 0
    while stack and nodes < MOST_NODES:
        node, path, inherited = stack.pop()
        if isinstance(node, IndirectObject):
            if node.idnum in seen:
                continue
            seen.add(node.idnum)
        field = _resolved(node)
        if not isinstance(field, DictionaryObject):
            continue
        nodes += 1
        value = _resolved(field.get("/V", inherited))
        name = _text(field.get("/T"))
        if name:
            path = f"{path}.{name}" if path else name
            for label in dict.fromkeys((name, path, _text(field.get("/TU")))):
                pairs.add(label, _text(value))
        kids = _resolved(field.get("/Kids"))
        if isinstance(kids, ArrayObject):
            stack += [(kid, path, value) for kid in reversed(kids)]
    if not pairs.found:
        raise Unreadable("no_fields")


def _resolved(value: Any) -> Any:
    return value.get_object() if isinstance(value, IndirectObject) else value


def _text(value: Any) -> str:
    """Text as it is; a choice by its name, none of them as nothing; several joined."""
    value = _resolved(value)
    match value:
        case None | NullObject() | StreamObject() | DictionaryObject():
            return ""
        case NameObject():
            return "" if value == "/Off" else value.removeprefix("/")
        case ArrayObject():
            return ", ".join(t for v in value[:20] if not isinstance(_resolved(v), ArrayObject) and (t := _text(v)))
        case bytes():
            return value.decode("utf-8", "replace")
    return str(value)
