"""The register of absences, as the rules know what it says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from regulations.absences import Absences
from regulations.roster import Absence
from runtime.absences import AbsenceLine


class AbsenceReader(Protocol):
    """The register of absences."""

    async def since(self, day: date) -> list[AbsenceLine]: ...


async def absences_since(register: AbsenceReader | None, day: date) -> Absences:
    """The absences that end on a day or later, by person; without a register none.

    Raises DatabaseUnavailableError, DatabaseRefusedError.
    """
    return by_person(await register.since(day)) if register is not None else {}


def by_person(lines: Iterable[AbsenceLine]) -> Absences:
    """The absences of each person."""
    found: dict[str, list[Absence]] = {}
    for line in lines:
        found.setdefault(line.person, []).append(Absence(first=line.first, last=line.last, deputy=line.deputy))
    return found
