"""What an e-mail was found to mean: an event for a case, or a question back to whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from starter.inbox.incidents import OfMail

LANGUAGE = "ru"
"""Of the answers: that of the regulations that people ask by e-mail for."""


@dataclass(frozen=True)
class Say:
    """An event, which the inbox takes; it may hold a password."""

    event: dict[str, JsonValue] = field(repr=False)


@dataclass(frozen=True)
class Ask:
    """The sender is told what to mend."""

    template: str
    values: Mapping[str, JsonValue]
    why: str
    """One word, for the log."""
    tell: OfMail | None = None
    """What a person inside is told besides."""
    wait: bool = False
    """What it lacks may yet come from elsewhere: it is looked at again for a while."""


Meaning = Say | Ask
