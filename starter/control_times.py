"""The control times (7.1) that terms of leads are counted in: one for each zone in which the register has a service centre."""

from __future__ import annotations

from collections.abc import Mapping

from regulations.calendar_spec import CalendarSpec
from regulations.company import CompanyError
from regulations.control_time import calendar_named, control_name
from regulations.plans import CONTROL
from runtime.settings import Settings
from starter.schedules import zones_of_centres

ALL = CONTROL.rstrip("/")
"""Stands for all of them where a calendar is named."""


async def control_times(settings: Settings) -> Mapping[str, CalendarSpec]:
    """The control times by name.

    Raises:
        Unavailable: the database cannot be read.
    """
    names = [control_name(zone) for zone in await zones_of_centres(settings)]
    return {name: calendar_named(name, {}) for name in names}


async def to_publish(name: str, settings: Settings) -> list[str]:
    """The calendars that a name given to ``reglament calendar publish`` stands for.

    Raises:
        CompanyError: ``control``, and there is no service centre.
        Unavailable: the database cannot be read.
    """
    if name != ALL:
        return [name]
    if not (found := list(await control_times(settings))):
        raise CompanyError("no service centre is defined: there is no control time to publish")
    return found
