"""Who holds a role, and who stands in for whom while somebody is absent. Pure over what a case was told last (`plans.Opening.roster`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from regulations.wire import Wire


class Absence(Wire):
    """Somebody is not there, from the first day to the last, both included, by the local dates of the case."""

    first: date
    last: date
    deputy: str
    """Id of the person who has all the roles meanwhile."""


class Holder(Wire):
    """A person of the company's register."""

    person: str
    roles: tuple[str, ...]
    absences: tuple[Absence, ...] = ()


class Authority(Wire):
    """In whose right somebody acts."""

    person: str
    """Who has the role."""
    deputy: bool
    """Somebody else acts for that person, who is absent."""


def authority(roster: Iterable[Holder], person: str, role: str, day: date) -> Authority | None:
    """In whose right a person acts in a role on a day: in its own, or in that of an absent person who has the role; None: it may not.

    A deputy who is absent too is stood in for by its own deputy, and so on; a ring of deputies ends where it began.
    """
    holders = {holder.person: holder for holder in roster}
    own = holders.get(person)
    if own is not None and role in own.roles:
        return Authority(person=person, deputy=False)
    for holder in holders.values():
        if role in holder.roles and stands_in(holders.values(), holder.person, day) == person:
            return Authority(person=holder.person, deputy=True)
    return None


def stands_in(roster: Iterable[Holder], person: str, day: date) -> str:
    """Who acts for a person on a day: the person itself while it is there, else its deputy, followed on while that one is absent too.

    In a ring of absent deputies nobody stands in: it is the person itself.
    """
    holders = {holder.person: holder for holder in roster}
    asked, at = {person}, person
    while (holder := holders.get(at)) is not None:
        absence = next((one for one in holder.absences if one.first <= day <= one.last), None)
        if absence is None:
            return at
        at = absence.deputy
        if at in asked:
            return person
        asked.add(at)
    return at
