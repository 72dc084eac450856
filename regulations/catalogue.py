"""The texts for people, by language and place. Data of the package, read once at import."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib import resources
from typing import Any


def _load(language: str) -> dict[str, Any]:
    """All files of a language: its own, and one for each regulation that has many words (``ru-lead.toml``)."""
    whole: dict[str, Any] = {}
    for file in sorted(resources.files("regulations").joinpath("catalogues").iterdir(), key=lambda f: f.name):
        if file.name == f"{language}.toml" or file.name.startswith(f"{language}-"):
            _merge(whole, tomllib.loads(file.read_text("utf-8")))
    return whole


def _merge(whole: dict[str, Any], more: dict[str, Any]) -> None:
    """Raises ValueError where two files have words for one place: one of them would never be read."""
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(whole.setdefault(name, {}), dict):
            _merge(whole[name], value)
        elif name in whole:
            raise ValueError(f"{name!r} stands in two catalogues of one language; keep one of them")
        else:
            whole[name] = value


_CATALOGUES = {"ru": _load("ru"), "uk": _load("uk")}


def text(language: str, *place: str, **values: object) -> str:
    """The text at a place of the catalogue, e.g. ``text("ru", "handoff", "duty", "2.2.4")``, with its values filled in.

    What a catalogue lacks another one gives (each regulation has the words of one language; whoever reads another one still gets words); a
    place that none knows gives its own last name, so that a word from outside never breaks a case. Values are only ever filled in, never
    read as patterns.
    """
    found = _found(language, place)
    if not isinstance(found, str):
        return place[-1]
    return found.format(**values) if values else found


def role_words(language: str, role: str) -> str:
    """A role in words. Of a role of a service centre (``manager:CODE/ID``) the code is left out: the case says whose centre it is."""
    return text(language, "role", role.partition(":")[0])


def counted(language: str, n: int, *place: str) -> str:
    """A number with its noun: ``counted("ru", 3, "plural", "breach")`` is ``3 нарушения``.

    The catalogue holds three forms, as Russian and Ukrainian have them: for 1, 21, 101; for 2 to 4, 22; for 5 to 20, 0, 111.
    """
    forms = _found(language, place)
    return f"{n} {form_of(n, forms) if isinstance(forms, list) else place[-1]}"


def form_of(n: int, forms: Sequence[str]) -> str:
    """Which of the three forms of a noun stands after the number, as `counted` has them."""
    if 11 <= n % 100 <= 14 or not 1 <= n % 10 <= 4:
        return forms[2]
    return forms[0] if n % 10 == 1 else forms[1]


def _found(language: str, place: tuple[str, ...]) -> Any:
    for catalogue in (_CATALOGUES.get(language), *_CATALOGUES.values()):
        found: Any = catalogue
        for step in place:
            found = found.get(step) if isinstance(found, dict) else None
        if found is not None:
            return found
    return None
