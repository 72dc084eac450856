"""The control times that terms are counted in: one for each zone in which there is a service centre (lead 7.1), or a client whose leads are
watched (replacement 3.3, 3.4)."""

from __future__ import annotations

from collections.abc import Mapping

from regulations.company import CompanyError
from regulations.control_time import calendar_named, control_name
from regulations.plans import CONTROL
from regulations.time.calendar_spec import CalendarSpec
from runtime.settings import Settings
from starter.schedules import zones_of_registers

ALL = CONTROL.rstrip("/")
"""Stands for all of them where a calendar is named."""


async def control_times(settings: Settings) -> Mapping[str, CalendarSpec]:
    """The control times by name.

    Raises:
        Unavailable: the database cannot be read.
    """
    zones = await zones_of_registers(settings)
    names = [control_name(zone) for zone in sorted({*zones.centres, *zones.watches})]
    return {name: calendar_named(name, {}) for name in names}


async def to_publish(name: str, settings: Settings) -> list[str]:
    """The calendars that a name given to ``reglament calendar publish`` stands for.

    Raises:
        CompanyError: ``control``, and there is neither a service centre nor a watch.
        Unavailable: the database cannot be read.
    """
    if name != ALL:
        return [name]
    if not (found := list(await control_times(settings))):
        raise CompanyError("no service centre is defined and no client's leads are watched: there is no control time to publish")
    return found
