"""The company's calendars, as activities find them: one that is missing or wrong is waited for."""

from __future__ import annotations

from collections.abc import Mapping

from activities.errors import MISCONFIGURED, transient
from regulations.control_time import calendar_named
from regulations.time.calendar_spec import CalendarError, CalendarSpec
from regulations.time.working_time import WorkingTime, working_time


def calendar_of(name: str, calendars: Mapping[str, CalendarSpec]) -> WorkingTime:
    """A calendar by its name, or by that of a control time.

    Raises:
        ApplicationError: ``Misconfigured`` (repeated by Temporal): there is no such calendar, or it cannot be read.
    """
    try:
        return working_time(calendar_named(name, calendars))
    except KeyError:
        known = ", ".join(calendars)
        raise transient(f"no calendar is named {name!r}; the company's configuration has: {known}", type=MISCONFIGURED) from None
    except CalendarError as e:
        raise transient(str(e), type=MISCONFIGURED) from e
