"""What a case asks about the files that came with a message, and what was found in them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from regulations.messages import Ident, Line
from regulations.wire import Wire


class Document(Wire):
    """A file to be read, by the name under which its content is kept."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    name: Line
    kind: Literal["questionnaire", "contract"]


class DocumentsQuestion(Wire):
    """Files of one case that nobody has read yet."""

    documents: tuple[Document, ...]
    fields: tuple[str, ...]
    """The questionnaire's fields: codes, found in a file by their words in the catalogue or by themselves."""
    language: Literal["ru", "uk"]


class Found(Wire):
    """What was found in one file."""

    problem: str | None = None
    """A stable code with words in the catalogue (``handoff.file``); None: it could be read, and is what it is sent for."""
    fields: dict[Ident, Line] = {}
    """The fields of a questionnaire that are filled in."""


class DocumentsAnswer(Wire):
    """What was found, in the order of the question."""

    found: tuple[Found, ...]
