"""Planning: due instants, their local texts, the edition, the roles. Reads of data that change; run as local activities.

What is wrong with the configuration is said in the error and tried again: a case waits for a mended calendar, it does not die of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from temporalio import activity

from activities.absences import AbsenceReader, absences_since
from activities.calendars import calendar_of
from activities.errors import MISCONFIGURED, transient
from activities.keyed import database_errors
from regulations.absences import TOLD_LATE, holders
from regulations.company import Person, calendar_in
from regulations.control_time import control_name
from regulations.counting import count
from regulations.editions import Editions, UnknownEdition
from regulations.lead.state import centre_role, head_role, manager_role
from regulations.plans import Address, Opening, OpeningRequest, PlanAnswer, PlanRequest, person_of
from regulations.roster import Holder
from regulations.time.calendar_spec import CalendarError, CalendarSpec
from regulations.time.terms import TermError
from runtime.centres import Centre


class Centres(Protocol):
    """The register of service centres."""

    async def centre(self, code: str) -> Centre | None: ...


def centre_roles(centre: Centre, managers: Iterable[tuple[str, str, str]]) -> dict[str, Address]:
    """The roles of a centre and of these managers of it, and where each is reached; their working time is the control time of its zone."""
    calendar = control_name(centre.zone)
    addresses = {centre_role(centre.code): centre.email, head_role(centre.code): centre.head}
    addresses |= {manager_role(centre.code, id): email for id, _, email in managers}
    return {role: Address(email=email, calendar=calendar) for role, email in addresses.items()}


class Planning:
    """Counts terms for cases, in the calendars that the company configured."""

    def __init__(
        self,
        *,
        company: str,
        calendars: Mapping[str, CalendarSpec],
        roles: Mapping[str, Address],
        editions: Editions,
        centres: Centres | None = None,
        people: Mapping[str, Person] | None = None,
        absences: AbsenceReader | None = None,
        ui: str = "",
    ) -> None:
        """
        Args:
            company: Name of the company, for texts.
            calendars: By name; ``company`` is the one in which the company's own terms are counted.
            roles: Where each role is reached.
            editions: The regulations' editions, the product's and the company's own.
            centres: The register of service centres; None where no lead is worked on.
            people: The persons of the company's file, by id.
            absences: The register of who is absent; None: nobody is.
            ui: Address of the Temporal UI with the namespace, for links to a case; empty: letters have none.
        """
        self._company = company
        self._calendars = calendars
        self._roles = dict(roles)
        self._editions = editions
        self._centres = centres
        self._people = people or {}
        self._absences = absences
        self._ui = ui

    @activity.defn
    async def open_case(self, request: OpeningRequest) -> Opening:
        """Gives a case what it needs of the company: the edition, the calendar, the addresses of the roles; of a centre's case its people;
        who has the roles that are asked for, and who stands in for whom from a month ago on.

        A centre that nobody has defined yet is waited for, and so is a calendar of a zone that none has.
        """
        try:
            if request.edition is None:
                edition, language = self._editions.in_force(request.regulation, request.at)
            else:
                edition, language = self._editions.of_id(request.edition)
        except UnknownEdition as e:
            raise transient(str(e), type=MISCONFIGURED) from e
        general = {role: address for role, address in self._roles.items() if person_of(role) in ("", *request.people)}
        name, roles, centre_name = request.calendar or self._of_zone(request.zone), general, ""
        if request.centre is not None:
            centre = await self._centre(request.centre)
            name, centre_name = control_name(centre.zone), centre.name
            roles = {**general, **centre_roles(centre, [m for m in centre.managers if m[0] == request.manager])}
        return Opening(
            edition=edition,
            company=self._company,
            language=language,
            calendar=name,
            zone=calendar_of(name, self._calendars).spec.tz,
            roles=roles,
            centre_name=centre_name,
            roster=await self._roster(request),
            ui=self._ui,
        )

    async def _roster(self, request: OpeningRequest) -> tuple[Holder, ...]:
        if not request.roster:
            return ()
        with database_errors():
            absences = await absences_since(self._absences, (request.at - TOLD_LATE).date())
        return holders(self._people, absences, request.roster)

    async def _centre(self, code: str) -> Centre:
        with database_errors():
            centre = await self._centres.centre(code) if self._centres is not None else None
        if centre is None:
            raise transient(f"no service centre {code!r} is defined; deliver centre.defined for it", type=MISCONFIGURED)
        return centre

    @activity.defn
    async def plan(self, request: PlanRequest) -> PlanAnswer:
        """Counts the terms of one call. The answer depends on nothing but the request and the calendars' data."""
        calendar = calendar_of(request.calendar, self._calendars)
        try:
            return count(calendar, request)
        except (TermError, CalendarError) as e:
            raise transient(str(e), type=MISCONFIGURED) from e

    def _of_zone(self, zone: str | None) -> str:
        """The calendar of a zone: the company's own where that is its zone, else the first by name that has it."""
        if zone is None:
            return "company"
        name = calendar_in(zone, self._calendars)
        if name is None:
            raise transient(
                f"no calendar of the company's file has the zone {zone}: add one, such as [calendars.{zone.rpartition('/')[2].lower()}]"
                f' with tz = "{zone}", and restart the workers',
                type=MISCONFIGURED,
            )
        return name
