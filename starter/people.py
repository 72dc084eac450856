"""The company's people for the command line: who has which role, who is absent and who stands in; and telling the cases that ask for it.

Onboardings alone keep who has which role: a visa of somebody who has not is refused. They take it once, and anew when they are told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from temporalio.client import Client
from temporalio.service import RPCError

from activities.absences import by_person
from regulations.absences import Absences, check_absence
from regulations.company import Company
from regulations.messages import PeopleChanged
from regulations.onboarding.slip_state import KIND
from regulations.roster import Absence
from runtime.absences import AbsenceLine, AbsenceRegister
from starter.registers import opened
from starter.telling import Answer, Pace, Tell, tell_all, tell_case
from starter.views import NotFound, Unavailable

UPDATE = "people_changed"
RATE = 20.0
"""Cases told a second, at most."""
VISIBLE = 2.0
"""Seconds by which the list of cases may follow the cases: one that began just before the change is found by a second look."""
UNKNOWN = "not in the company's file"


@dataclass(frozen=True)
class PersonLine:
    """A person as the list shows it: no name and no address."""

    id: str
    roles: Sequence[str]
    calendar: str
    absences: Sequence[Absence]
    """From today on."""

    def json(self) -> dict[str, Any]:
        """For programs."""
        absences = [one.model_dump(mode="json") for one in self.absences]
        return {"id": self.id, "roles": list(self.roles), "calendar": self.calendar, "absences": absences}


# --- the register ---------------------------------------------------------------------------------------------------


async def listed(url: str, company: Company, today: date) -> list[PersonLine]:
    """Everybody in the company's file, and whoever else has an absence in the register, by id; absences that end today or later.

    Raises Unavailable.
    """
    async with opened(url) as engine:
        absences = by_person(await AbsenceRegister(engine).since(today))
    known = [PersonLine(p.id, p.roles, p.calendar, absences.get(p.id, ())) for p in company.people.values()]
    unknown = [PersonLine(id, (), UNKNOWN, theirs) for id, theirs in absences.items() if id not in company.people]
    return sorted([*known, *unknown], key=lambda line: line.id)


async def enter(url: str, company: Company, line: AbsenceLine, now: datetime) -> datetime:
    """Enters an absence; since when it stands in the register: the same again was entered before.

    Raises:
        AbsenceRefused: it may not be entered.
        Unavailable: the database does not answer.
    """
    async with opened(url) as engine, AbsenceRegister(engine).open() as register:
        if (before := await register.entered_at(line)) is not None:
            return before
        beside: Absences = by_person(await register.since(line.first))
        check_absence(line.person, Absence(first=line.first, last=line.last, deputy=line.deputy), company.people, beside)
        await register.enter(line, now)
        return now


async def cancel(url: str, person: str, first: date, last: date) -> None:
    """Takes an absence out of the register; what a deputy did in it stands.

    Raises:
        NotFound: there is no such absence.
        Unavailable: the database does not answer.
    """
    async with opened(url) as engine, AbsenceRegister(engine).open() as register:
        if not await register.cancel(person, first, last):
            raise NotFound(f"the register has no absence of {person} from {first} to {last}; reglament people lists those to come")


# --- telling --------------------------------------------------------------------------------------------------------


async def tell(client: Client, at: datetime) -> Counter[Answer]:
    """Tells every running onboarding that the people have changed at an instant; gives their answers. The same instant again is the same
    message: who has taken it knows it.

    Raises:
        Unavailable: the server does not answer.
    """
    message = PeopleChanged(key=f"people#{at.isoformat()}", happened_at=at, source="cli")
    asked: set[str] = set()

    async def unasked() -> AsyncIterator[Tell]:
        async for case in client.list_workflows(f"ExecutionStatus = 'Running' AND CaseKind = '{KIND}'"):
            if case.id not in asked:
                asked.add(case.id)
                yield partial(tell_case, client, case.id, UPDATE, message)

    pace = Pace(RATE)
    try:
        answers = await tell_all(unasked(), pace)
        await asyncio.sleep(VISIBLE)
        return answers + await tell_all(unasked(), pace)
    except RPCError as e:
        goes_on = f"reglament people --changed --at {at.isoformat()} goes on"
        raise Unavailable(f"running onboardings cannot be listed ({e.status.name}); {goes_on}") from None


def answers_json(answers: Counter[Answer], at: datetime) -> dict[str, Any]:
    """What became of a telling, for programs."""
    return {
        "at": at.isoformat(),
        "told": answers[Answer.TAKEN],
        "known": answers[Answer.KNOWN],
        "ended": answers[Answer.ENDED] + answers[Answer.NOT_TOUCHED],
        "silent": answers[Answer.AWAY],
    }


def print_answers(answers: Counter[Answer]) -> None:
    """What became of a telling."""
    known = f", {answers[Answer.KNOWN]} knew it already" if answers[Answer.KNOWN] else ""
    print(f"{answers[Answer.TAKEN]} running onboardings told{known}")


# --- what is shown --------------------------------------------------------------------------------------------------


def print_people(lines: Sequence[PersonLine]) -> None:
    """A table of persons; absences from today on, one a line, with who stands in."""
    table = Table(Column("id", no_wrap=True), "roles", "calendar", Column("absent", no_wrap=True), Column("deputy", no_wrap=True))
    for line in lines:
        absent = "\n".join(f"{one.first} – {one.last}" for one in line.absences)
        table.add_row(line.id, ", ".join(line.roles), line.calendar, absent, "\n".join(one.deputy for one in line.absences))
    Console(highlight=False).print(table if lines else "no persons; add them to [people] of the company's file")
