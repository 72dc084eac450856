"""All that a door looks up before it keeps an event: the registers, and with them the company's file and the editions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from regulations.company import Company, calendar_in
from regulations.editions import Editions
from regulations.time.terms import parse_term
from regulations.time.working_time import working_time
from runtime.door_look_ups import DoorLookUps


class CompanyLookUps(DoorLookUps):
    """Reads the registers and the inbox, and counts terms in the company's calendar."""

    def __init__(self, engine: Any, company: Callable[[], Company], editions: Callable[[], Editions]) -> None:
        """The engine stays the caller's to dispose of; company and editions are read when they are first needed."""
        super().__init__(engine)
        self._company = company
        self._editions = editions

    async def due(self, address: str, regulation: str, clause: str, start: datetime) -> datetime | None:
        """When the term of a clause that starts so runs out, in UTC, by the edition of the case of this address, where the registers know
        one, else by the one in force; None: the clause has no term there.

        Raises:
            CompanyError, EditionError, UnknownEdition: the company's file or the edition cannot be read.
            CalendarError: the term runs beyond the years that the calendar covers.
            DatabaseUnavailableError, DatabaseRefusedError: the registers cannot be read.
        """
        id, editions = await self.edition_of(address), self._editions()
        edition, _ = editions.in_force(regulation, start) if id is None else editions.of_id(id)
        term = edition.terms.get(clause)
        if term is None:
            return None
        return working_time(self._company().calendars["company"]).due(parse_term(term), start).at.astimezone(UTC)

    async def serves(self, zone: str) -> bool:
        """Whether a calendar of the company has this zone, so that terms can be counted in it.

        Raises:
            CompanyError: the company's file cannot be read.
        """
        return calendar_in(zone, self._company().calendars) is not None
