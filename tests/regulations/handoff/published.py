"""A course whose calendar is published anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from regulations.messages import CalendarChanged
from regulations.rows import BreachRow, ObligationRow
from regulations.time.calendar_change import day_table, difference
from regulations.time.working_time import CalendarSpec, working_time
from tests.regulations.course import at
from tests.regulations.handoff.course import Course

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, SATURDAY = (date(2026, 11, day) for day in (16, 17, 18, 19, 21))
OFFICE = ((9 * 3600, 18 * 3600),)


def transferred(moment: str = "2026-11-16 10:00") -> Course:
    course = Course(at(moment))
    course.careful = True
    course.grant()
    return course.transferred()


def message(course: Course, spec: CalendarSpec) -> CalendarChanged:
    """What `reglament calendar publish` would say; the calendar of the course is the new one from now on."""
    before = day_table(course.calendar)
    course.calendar = working_time(spec)
    found = difference([before], day_table(course.calendar))
    return CalendarChanged(
        key=course.key(),
        happened_at=course.now,
        source="cli",
        calendar="company",
        version=course.calendar.version,
        changed=found.changed,
        closed=found.closed,
    )


def publish(course: Course, *, closed: tuple[date, ...] = (), opened: tuple[date, ...] = ()) -> None:
    """The company's calendar of the course with days closed, or opened; the case is told unless nothing in it depends on them."""
    spec = course.calendar.spec
    own = {**dict(spec.open), **dict.fromkeys(opened, OFFICE)}
    course.deliver(message(course, replace(spec, closed=tuple(sorted({*spec.closed, *closed})), open=tuple(sorted(own.items())))))


def refused(course: Course, *, closed: tuple[date, ...]) -> str:
    spec = course.calendar.spec
    given = message(course, replace(spec, closed=tuple(sorted({*spec.closed, *closed}))))
    fields = given.model_dump(exclude={"key", "happened_at"})
    return course.refused(CalendarChanged, **fields)


def rows(course: Course, clause: str) -> list[ObligationRow]:
    return [r for r in course.rows if isinstance(r, ObligationRow) and r.clause == clause]


def entries(course: Course, clause: str) -> list[tuple[str, datetime]]:
    return [(r.entry.value, r.due) for r in course.rows if isinstance(r, BreachRow) and r.clause == clause]


def moves(course: Course) -> list[str]:
    return [f.note for f in course.state.facts if f.what == "due_moved"]
