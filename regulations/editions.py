"""Editions: the terms of each clause and the settings of a regulation, in force from an instant; the product's or a company's own."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date, datetime
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, JsonValue, ValidationError

from regulations.handoff.duties import OWNERS
from regulations.handoff.state import HandoffSettings
from regulations.lead.state import CLAUSES as LEAD_CLAUSES
from regulations.lead.state import LeadSettings
from regulations.onboarding.case import BY_CONTRACT, OnboardingSettings
from regulations.onboarding.case import OWNERS as ONBOARDING_OWNERS
from regulations.partner.case import OWNERS as PARTNER_OWNERS
from regulations.partner.case import PartnerSettings
from regulations.plans import Edition
from regulations.replacement.state import OWNERS as REPLACEMENT_OWNERS
from regulations.replacement.state import ReplacementSettings
from regulations.time.terms import TermError, parse_term
from regulations.wire import Wire

SETTINGS: dict[str, type[Wire]] = {
    "handoff": HandoffSettings,
    "lead": LeadSettings,
    "replacement": ReplacementSettings,
    "partner": PartnerSettings,
    "onboarding": OnboardingSettings,
}
CLAUSES: dict[str, frozenset[str]] = {
    "handoff": frozenset(OWNERS),
    "lead": frozenset(LEAD_CLAUSES.values()),
    "replacement": frozenset(REPLACEMENT_OWNERS),
    "partner": frozenset(PARTNER_OWNERS) - {"5.4", "6.2", "6.3"},
    "onboarding": frozenset(ONBOARDING_OWNERS) - BY_CONTRACT,
}
"""The clauses that can have a term."""
BACKWARDS = frozenset({"partner 8.1"})
"""The clauses whose term runs backwards from what is to come."""
RULES: dict[str, frozenset[int]] = {name: frozenset({1}) for name in SETTINGS}
"""The numbers of decision rules that this release knows."""


class UnknownEdition(LookupError):
    """No edition of the regulation is in force at that instant."""


class EditionError(ValueError):
    """An edition file is wrong; the text names the file, the place and the remedy."""


class EditionFile(Wire):
    """An edition as it is written down."""

    id: str
    regulation: str
    language: Literal["ru", "uk"]
    published: date
    in_force: AwareDatetime
    rules: int
    terms: dict[str, str]
    settings: dict[str, JsonValue]


class Editions:
    """All known editions. Checked when loaded, so that a case never meets a term that cannot be read."""

    def __init__(self, files: Iterable[EditionFile]) -> None:
        self.files = sorted(files, key=lambda f: (f.regulation, f.in_force, f.id))

    def of_id(self, id: str) -> tuple[Edition, Literal["ru", "uk"]]:
        """The edition that a case keeps, whatever is in force now.

        Raises:
            UnknownEdition: this release and this company have none of that id.
        """
        for f in self.files:
            if f.id == id:
                return Edition(id=f.id, rules=f.rules, terms=f.terms, settings=f.settings), f.language
        raise UnknownEdition(f"there is no edition {id!r} any more; known: {', '.join(f.id for f in self.files)}")

    def in_force(self, regulation: str, at: datetime) -> tuple[Edition, Literal["ru", "uk"]]:
        """The newest edition whose force has begun, and its language.

        Raises:
            UnknownEdition: none is in force at that instant.
        """
        for f in reversed(self.files):
            if f.regulation == regulation and f.in_force <= at:
                return Edition(id=f.id, rules=f.rules, terms=f.terms, settings=f.settings), f.language
        raise UnknownEdition(f"no edition of {regulation!r} is in force at {at.isoformat()}; known: {', '.join(f.id for f in self.files)}")


def load_editions(own: Path | None = None) -> Editions:
    """The product's editions and those of a company's own folder (``*.toml``), where it has one.

    Raises:
        EditionError: a file cannot be read, has a wrong term or setting, asks for unknown rules, or repeats an id.
    """
    shipped = [(str(p.name), p.read_text("utf-8")) for p in resources.files("regulations").joinpath("editions").iterdir()]
    files = [_read(name, content) for name, content in shipped if name.endswith(".toml")]
    if own is not None:
        if not own.is_dir():
            raise EditionError(f"{own}: no such folder of editions; name the folder that holds the company's *.toml files")
        files += [_read_own(p) for p in sorted(own.glob("*.toml"))]
    ids = [f.id for f in files]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise EditionError(f"these ids stand in two editions: {', '.join(twice)}; give each edition an id of its own")
    return Editions(files)


def _read_own(path: Path) -> EditionFile:
    try:
        return _read(str(path), path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        raise EditionError(f"{path}: cannot be read: {e}; save it as UTF-8") from e


def _read(name: str, content: str) -> EditionFile:
    try:
        edition = EditionFile.model_validate(tomllib.loads(content))
        settings = SETTINGS[edition.regulation].model_validate(edition.settings)
    except (tomllib.TOMLDecodeError, ValidationError) as e:
        raise EditionError(f"{name}: {e}") from e
    except KeyError as e:
        raise EditionError(f"{name}: unknown regulation {e}; known: {', '.join(SETTINGS)}") from e
    if edition.rules not in RULES[edition.regulation]:
        raise EditionError(f"{name}: rules {edition.rules} are not known to this release; it knows {sorted(RULES[edition.regulation])}")
    known = CLAUSES[edition.regulation]
    if unknown := sorted(set(edition.terms) - known):  # a slip would leave its clause without a term, silently
        raise EditionError(f"{name}: no clause {', '.join(unknown)} in {edition.regulation!r}; it has {', '.join(sorted(known))}")
    written = {
        **edition.terms,
        **{k: v for k, v in settings.model_dump().items() if k.endswith(("_wait", "_after", "_limit", "_at", "booking", "first_call"))},
    }
    for place, term in written.items():
        try:
            parsed = parse_term(str(term))
        except TermError as e:
            raise EditionError(f"{name}: {place}: {e}") from e
        backwards = f"{edition.regulation} {place}" in BACKWARDS
        if getattr(parsed, "before", False) is not backwards:
            way = "runs forwards" if backwards else "lies before its start"
            raise EditionError(
                f"{name}: {place}: {term!r} {way}; this place needs a term that runs {'backwards' if backwards else 'forwards'}"
            )
    return edition
