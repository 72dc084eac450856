"""The texts for people, by language and place. Data of the package, read once at import."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any


def _load(language: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("regulations").joinpath("catalogues", f"{language}.toml").read_text("utf-8"))


_CATALOGUES = {"ru": _load("ru")}


def text(language: str, *place: str, **values: object) -> str:
    """The text at a place of the catalogue, e.g. ``text("ru", "handoff", "duty", "2.2.4")``, with its values filled in.

    A place that the catalogue does not know gives its own last name, so that a word from outside never breaks a case.
    Values are only ever filled in, never read as patterns.
    """
    found: Any = _CATALOGUES.get(language, _CATALOGUES["ru"])
    for step in place:
        found = found.get(step) if isinstance(found, dict) else None
    if not isinstance(found, str):
        return place[-1]
    return found.format(**values) if values else found
