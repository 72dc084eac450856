"""The attachments of a training request as a partner makes them: the shipped form filled in, a contract in Word format."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from importlib import resources
from typing import Any

import docx

from regulations.handoff.questionnaire import form_labels


def questionnaire(answers: Mapping[str, str]) -> bytes:
    """The product's own form (.docx), with the answers in it; what is not answered stays empty."""
    form = docx.Document(str(resources.files("regulations").joinpath("forms/ru/Анкета клиента.docx")))
    said = dict(zip(form_labels(tuple(answers), "ru"), answers.values(), strict=True))
    for row in form.tables[0].rows:
        row.cells[1].text = said.get(row.cells[0].text, "")
    return _bytes(form)


def contract(client: str) -> bytes:
    """A contract in Word format."""
    paper = docx.Document()
    paper.add_heading("Договор оказания услуг", 1)
    paper.add_paragraph(f"Заказчик: {client}. Исполнитель: Моё дело.")
    return _bytes(paper)


def attached(name: str, kind: str, content: bytes) -> dict[str, Any]:
    """The file as an event carries it."""
    return {"name": name, "kind": kind, "content": base64.b64encode(content).decode()}


def _bytes(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
