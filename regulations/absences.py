"""Who of the company's people is absent, who may be, and who reads meanwhile what is addressed to them.

Pure: the persons come from the company's file, their absences from the register.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from regulations.company import Company, Person
from regulations.roster import Absence, Holder, stands_in
from regulations.time.working_time import working_time

Absences = Mapping[str, Sequence[Absence]]
"""The absences of persons, by id."""
TOLD_LATE = timedelta(days=31)
"""How long after its end an absence still matters to cases: what a deputy did in it may be told so much later."""


class AbsenceRefused(ValueError):
    """An absence that cannot be entered; the text says why and what to do instead."""


def check_absence(person: str, absence: Absence, people: Iterable[str], absences: Absences) -> None:
    """Whether an absence may be entered beside those that are entered already.

    Raises:
        AbsenceRefused: it ends before it begins; the person or the deputy is not in the company's file, or they are one; the person is
            absent then already; or on one of the days the deputies stand in for each other in a ring, so that nobody is there.
    """
    known = set(people)
    for id in (person, absence.deputy):
        if id not in known:
            raise AbsenceRefused(f"nobody in the company's file has the id {id}: reglament people lists who there is")
    if absence.deputy == person:
        raise AbsenceRefused(f"{person} cannot stand in for itself: name another deputy")
    if absence.last < absence.first:
        raise AbsenceRefused(f"the absence would end on {absence.last}, before it begins on {absence.first}: correct the dates")
    for other in absences.get(person, ()):
        if other.first <= absence.last and absence.first <= other.last:
            raise AbsenceRefused(f"{person} is absent from {other.first} to {other.last} already: cancel that absence first")
    entered = {**absences, person: (*absences.get(person, ()), absence)}
    roster = [Holder(person=id, roles=(), absences=tuple(theirs)) for id, theirs in entered.items()]
    for day in _turns(absence, entered):
        if stands_in(roster, person, day) == person:
            raise AbsenceRefused(
                f"on {day} nobody would be there for {person}: {absence.deputy} is absent too, and whoever stands in there leads back to"
                f" {person}; name another deputy"
            )


def _turns(absence: Absence, absences: Absences) -> list[date]:
    """The days of an absence on which somebody more may be absent than on the day before: only then may a ring close."""
    begins = {absence.first, *(one.first for theirs in absences.values() for one in theirs)}
    return sorted(day for day in begins if absence.first <= day <= absence.last)


def kept(people: Iterable[str], absences: Absences) -> dict[str, tuple[Absence, ...]]:
    """The absences that count: of persons of the company's file whose deputies are in it too. A deputy who has left acts for nobody."""
    known = set(people)
    found = {id: tuple(one for one in theirs if one.deputy in known) for id, theirs in absences.items() if id in known}
    return {id: theirs for id, theirs in found.items() if theirs}


def holders(people: Mapping[str, Person], absences: Absences, roles: Iterable[str]) -> tuple[Holder, ...]:
    """Who has one of these roles, and everybody who stands in for them, however many deputies are absent too; by id.

    Of the roles of each only those asked for are told.
    """
    counted, asked = kept(people, absences), set(roles)
    wanted = [id for id, person in people.items() if not asked.isdisjoint(person.roles)]
    found: dict[str, Holder] = {}
    while wanted:
        id = wanted.pop()
        if id not in found:
            own, theirs = tuple(role for role in people[id].roles if role in asked), counted.get(id, ())
            found[id] = Holder(person=id, roles=own, absences=theirs)
            wanted += [one.deputy for one in theirs]
    return tuple(found[id] for id in sorted(found))


class StandIns:
    """Who reads what is addressed to people inside, while they are absent.

    The days of an absence are those of the zone in which the absent person works. Who stands in reads it in working time of its own.
    """

    def __init__(self, company: Company, absences: Absences) -> None:
        """An address is read by the persons of the company's file whose own it is; the mailbox of a role, being nobody's own, by those who
        have the role. What nobody of the file reads, such as the mailbox of a role that no person has, nobody else reads either."""
        self._company = company
        counted = kept(company.people, absences)
        self._roster = [Holder(person=id, roles=(), absences=theirs) for id, theirs in counted.items()]
        self._read_by: dict[str, list[Person]] = {}
        for person in company.people.values():
            self._read_by.setdefault(person.email, []).append(person)
        own = set(self._read_by)
        for person in company.people.values():
            mailboxes = {address.email for role in person.roles if (address := company.roles.get(role)) is not None}
            for email in sorted(mailboxes - own):
                self._read_by.setdefault(email, []).append(person)

    def reader(self, recipient: str, at: datetime) -> str:
        """Who reads at an instant what is addressed to somebody: it itself, or its deputy's address while it is absent.

        An address that several persons read is absent while all of them are. Where nobody stands in, the deputies being absent in a ring,
        it is the address itself: nothing is lost.
        """
        persons = self._read_by.get(recipient, [])
        if not persons:
            return recipient
        day = working_time(self._company.calendar_of(recipient)).local(at).date()
        acting = {person.id: stands_in(self._roster, person.id, day) for person in persons}
        if any(deputy in acting for deputy in acting.values()):  # somebody who reads it is there
            return recipient
        return self._company.people[acting[persons[0].id]].email

    def names(self, recipient: str) -> str:
        """The names of the persons who read an address."""
        return ", ".join(person.name for person in self._read_by.get(recipient, ()))
