"""Printing invoices: the same content gives the same bytes, and nothing that comes from outside can act as markup."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import typst
from pydantic import JsonValue

CONTENT_TYPE = "application/pdf"


class InvoicePrinter:
    """Sets invoices by a template: only the fonts that come with the typesetter, no packages, nothing from the network."""

    def __init__(self, template: Path) -> None:
        """Reads the template once."""
        self._template = template.read_bytes()

    def printed(self, content: Mapping[str, JsonValue]) -> bytes:
        """The invoice as PDF. Takes tens of milliseconds: call it in a thread.

        Args:
            content: What stands in it, for the template to read as JSON: words and figures are text, whatever signs they hold.
        """
        made = typst.compile(self._template, sys_inputs={"content": json.dumps(content, ensure_ascii=False)}, ignore_system_fonts=True)
        if not isinstance(made, bytes):
            raise AssertionError("a PDF is one file")
        return made
