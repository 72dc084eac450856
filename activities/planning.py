"""Planning: due instants, their local texts, the edition, the roles. Reads of data that change; run as local activities.

What is wrong with the configuration is said in the error and tried again: a case waits for a mended calendar, it does not die of one.
"""

from __future__ import annotations

from collections.abc import Mapping

from temporalio import activity

from activities.errors import MISCONFIGURED, transient
from regulations.calendar_spec import CalendarError, CalendarSpec
from regulations.counting import count
from regulations.editions import Editions, UnknownEdition
from regulations.plans import Address, Opening, OpeningRequest, PlanAnswer, PlanRequest
from regulations.terms import TermError
from regulations.working_time import WorkingTime, working_time


class Planning:
    """Counts terms for cases, in the calendars that the company configured."""

    def __init__(self, *, company: str, calendars: Mapping[str, CalendarSpec], roles: Mapping[str, Address], editions: Editions) -> None:
        """
        Args:
            company: Name of the company, for texts.
            calendars: By name; ``company`` is the one in which the company's own terms are counted.
            roles: Where each role is reached.
            editions: The regulations' editions, the product's and the company's own.
        """
        self._company = company
        self._calendars = calendars
        self._roles = dict(roles)
        self._editions = editions

    @activity.defn
    async def open_case(self, request: OpeningRequest) -> Opening:
        """Gives a new case what it needs of the company: the edition in force, the calendar, the addresses of the roles."""
        try:
            edition, language = self._editions.in_force(request.regulation, request.at)
        except UnknownEdition as e:
            raise transient(str(e), type=MISCONFIGURED) from e
        calendar = self._calendar("company")
        return Opening(
            edition=edition, company=self._company, language=language, calendar="company", zone=calendar.spec.tz, roles=self._roles
        )

    @activity.defn
    async def plan(self, request: PlanRequest) -> PlanAnswer:
        """Counts the terms of one call. The answer depends on nothing but the request and the calendars' data."""
        calendar = self._calendar(request.calendar)
        try:
            return count(calendar, request)
        except (TermError, CalendarError) as e:
            raise transient(str(e), type=MISCONFIGURED) from e

    def _calendar(self, name: str) -> WorkingTime:
        try:
            return working_time(self._calendars[name])
        except KeyError:
            known = ", ".join(self._calendars)
            raise transient(f"no calendar is named {name!r}; the company's configuration has: {known}", type=MISCONFIGURED) from None
        except CalendarError as e:
            raise transient(str(e), type=MISCONFIGURED) from e
