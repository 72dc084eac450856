"""Working time: when a term is due, how much working time has passed, when the next opening is.

The rules are those of the language of terms (rules 3 to 6, 9 and 10); each method says which one it keeps. A calendar is
a `CalendarSpec`; `working_time(spec)` compiles it once and keeps it. Every operation is two bisects in a table of open
intervals in UTC, so a term of a year costs what a term of an hour costs.

Instants go in as aware datetimes of any zone, or as naive ones that are local to the calendar, and come out in the
calendar's zone. Python compares two datetimes of one zone as wall clocks, and finds no time of a doubled hour equal to one
of another zone: compare and subtract in UTC.

Pure: no clock, no environment, no network; the same arguments give the same answer under the same data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from regulations.time.calendar_spec import CalendarError, CalendarSpec, HorizonError
from regulations.time.due_places import Place, place_of
from regulations.time.open_hours import OpenHours
from regulations.time.terms import (
    AtOnce,
    CalendarDays,
    CalendarMonths,
    EarliestOf,
    EndOfQuarter,
    Every,
    PhysicalSpan,
    Term,
    WorkingSpan,
    parse_term,
)
from regulations.time.zones import DAY, SECOND, TZDATA_VERSION, datetime_of, instant_of

if TYPE_CHECKING:
    from regulations.time.deadline_trace import Trace

__all__ = ["CalendarError", "CalendarSpec", "Due", "HorizonError", "Pause", "Worked", "WorkingTime", "working_time"]

_LONGEST_STANDSTILL = 62
_OTHERS = (AtOnce, Every, EarliestOf)


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch in which the clock of an obligation stands still: from `start` to before `end`; both as `WorkingTime.due` takes them."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """When a term is due.

    Attributes:
        at: The instant, in the calendar's zone. What happens at this very instant is still in time.
        provisional: The answer rests on a date that a decree yet to come may change.
    """

    at: datetime
    provisional: bool


@dataclass(frozen=True, slots=True)
class Worked:
    """How much working time has passed.

    Attributes:
        seconds: Whole seconds of working time.
        provisional: The answer rests on a date that a decree yet to come may change.
    """

    seconds: int
    provisional: bool


class WorkingTime:
    """A compiled calendar. Get one from `working_time`; it is safe to share, and holds tables only of the years that were asked about."""

    def __init__(self, spec: CalendarSpec) -> None:
        """Compile the spec.

        Raises:
            CalendarError: The country or its region has no production calendar.
        """
        self.spec = spec
        self.hours = OpenHours(spec)
        self.zone: ZoneInfo = self.hours.zone
        known = self.hours.calendar
        self._known_end = None if known is None else self.hours.instant_on(known.known_through.toordinal(), DAY)

    @property
    def version(self) -> str:
        """The edition of everything that decides an answer: production calendar, zone data, and a digest of the spec."""
        known = self.hours.calendar
        return f"{'own' if known is None else known.version}; tz {TZDATA_VERSION}; {self.spec.digest}"

    def due(self, term: Term | str, start: datetime, pauses: Sequence[Pause] = ()) -> Due:
        """When a term that begins at `start` is due.

        Pauses stop the clock. Working time inside them does not count, to the second; elapsed hours are prolonged by the elapsed
        time of the pause; every other term moves on by the number of working days of which some working time was paused. A term
        `before` an instant, and `at once`, know no pauses.

        Raises:
            TermError: The text is no term.
            CalendarError: A pause ends before it starts.
            HorizonError: The answer lies outside the years that the calendar covers (rule 10).
        """
        if isinstance(term, str):
            term = parse_term(term)
        begin = self._instant(start)
        try:
            at = self._resolve(term, begin, self.stops(pauses, begin) if pauses else ())
            shown = datetime_of(at, self.zone)
        except (OverflowError, ValueError) as error:
            if isinstance(error, CalendarError):
                raise
            raise HorizonError(f"{self.spec.title}: '{term}' from {start} leaves the years 1 to 9999", after=True) from None
        end = self._known_end
        provisional = end is not None and (at > end or begin > end) and self._doubtful(term, begin, at, bool(pauses))
        return Due(shown, provisional)

    def elapsed(self, start: datetime, end: datetime, pauses: Sequence[Pause] = ()) -> int:
        """Whole seconds of working time between two instants, without the paused ones; 0 when `end` is not after `start`.

        Raises:
            CalendarError: A pause ends before it starts.
            HorizonError: One of the instants lies in a year that is not covered.
        """
        return self.worked(start, end, pauses).seconds

    def worked(self, start: datetime, end: datetime, pauses: Sequence[Pause] = ()) -> Worked:
        """As `elapsed`, and whether a decree yet to come may change the answer."""
        begin, until = self._instant(start), self._instant(end)
        if until <= begin:
            return Worked(0, False)
        worked = self.hours.work(begin, until)
        for stop, resume in self.stops(pauses, begin) if pauses else ():
            if stop < until:
                worked -= self.hours.work(stop, min(resume, until))
        known = self._known_end
        doubtful = known is not None and until > known and self.hours.in_doubt(self._day(begin), self._last_day(until))
        return Worked(worked // SECOND, doubtful)

    def reminder(self, start: datetime, due: datetime, fraction: float) -> datetime:
        """The instant at which a fraction of the working time between start and due has passed, down to the second.

        When no working time lies between them it is the start itself: such a reminder does not wait.

        Raises:
            ValueError: The fraction is not between 0 and 1.
            HorizonError: One of the instants lies in a year that is not covered.
        """
        if not 0 <= fraction <= 1:
            raise ValueError(f"a reminder comes at a fraction of the term from 0 to 1, not {fraction}")
        begin, until = self._instant(start), self._instant(due)
        worked = self.hours.work(begin, until) if begin < until else 0
        if worked == 0:
            return datetime_of(begin, self.zone)
        return datetime_of(self.hours.after(begin, int(worked // SECOND * fraction) * SECOND), self.zone)

    def next_open(self, at: datetime) -> datetime:
        """The instant itself when it is in working time, else the next opening; a closing is no working time (rule 3).

        Raises:
            HorizonError: There is no opening in the covered years.
        """
        return datetime_of(self.hours.after(self._instant(at), 0), self.zone)

    def explain(self, term: Term | str, start: datetime, pauses: Sequence[Pause] = ()) -> Trace:
        """Why a term is due when it is: each interval counted, each day skipped and the reason.

        Raises:
            The errors of `due`; CalendarError as well when the term spans more days than people can read.
        """
        from regulations.time.deadline_trace import trace_of  # people ask for it, the hot path does not

        return trace_of(self, parse_term(term) if isinstance(term, str) else term, start, pauses)

    def local(self, at: datetime) -> datetime:
        """The same instant in the calendar's zone; a naive one is local already, moved by rule 6 where the clocks changed."""
        return datetime_of(self._instant(at), self.zone)

    def stops(self, pauses: Sequence[Pause], begin: int) -> tuple[tuple[int, int], ...]:
        """The pauses after the start as instants: in order, apart from each other, none empty."""
        stops: list[tuple[int, int]] = []
        for pause in pauses:
            stop, resume = self._instant(pause.start), self._instant(pause.end)
            if resume < stop:
                raise CalendarError(f"a pause ends at {pause.end}, before its start at {pause.start}: swap them")
            if max(stop, begin) < resume:
                stops.append((max(stop, begin), resume))
        stops.sort()
        joined: list[tuple[int, int]] = []
        for stop, resume in stops:
            if joined and stop <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(resume, joined[-1][1])
            else:
                joined.append((stop, resume))
        return tuple(joined)

    def place(self, place: Place) -> int:
        """The instant of a day and a clock; without a clock, its close of business."""
        if place.clock is not None:
            return self.hours.instant_on(place.day, place.clock)
        close = self.hours.close_of(place.day)
        return self._weekly_close(place.day) if close is None else close

    def _instant(self, at: datetime) -> int:
        if at.tzinfo is not None:
            return instant_of(at)
        clock = (at.hour * 3600 + at.minute * 60 + at.second) * SECOND + at.microsecond
        return self.hours.instant_on(at.toordinal(), clock, at.year)

    def _day(self, instant: int) -> int:
        return self.hours.day_at(instant)

    def _last_day(self, instant: int) -> int:
        """The day that an answer rests on: a midnight is the end of the day before."""
        return self._day(instant - 1)

    def _resolve(self, term: Term, begin: int, stops: tuple[tuple[int, int], ...]) -> int:
        if isinstance(term, WorkingSpan):
            need = term.seconds * SECOND
            if term.before:
                return self.hours.before(begin, need)
            return self._after_with_stops(begin, need, stops) if stops else self.hours.after(begin, need)
        if isinstance(term, PhysicalSpan):
            return _elapsed_after(begin, term.seconds * SECOND * (-1 if term.before else 1), stops)
        if isinstance(term, _OTHERS):
            return begin if isinstance(term, AtOnce) else self._composed(term, begin, stops)
        found = place_of(self, term, begin)
        return self._shifted(found, stops) if stops and not getattr(term, "before", False) else self.place(found)

    def _composed(self, term: Every | EarliestOf, begin: int, stops: tuple[tuple[int, int], ...]) -> int:
        return self._every(term.term, begin, stops) if isinstance(term, Every) else self._earliest(term, begin, stops)

    def _after_with_stops(self, begin: int, need: int, stops: tuple[tuple[int, int], ...]) -> int:
        """What was used before each stop is computed from its instants; nothing is summed up over time."""
        for stop, resume in stops:
            if need:
                used = self.hours.work(begin, stop)
                if used >= need:
                    break
                need -= used
            elif self.hours.after(begin, 0) < stop:
                break
            begin = resume
        return self.hours.after(begin, need)

    def _shifted(self, found: Place, stops: tuple[tuple[int, int], ...]) -> int:
        """The place moved on by the working days that the pauses touched; each day counts once."""
        at, days = self.place(found), set[int]()
        for stop, resume in stops:
            if stop >= at:
                break
            days.update(self.hours.touched(stop, resume))
            if days:
                at = self.place(Place(self.hours.nth_working_day(found.day, len(days)), found.clock))
        return at

    def _every(self, term: Term, begin: int, stops: tuple[tuple[int, int], ...]) -> int:
        """The next turn: strictly after the previous due instant, which may be the very day that a term of days names."""
        day, turn = begin, self._resolve(term, begin, stops)
        for _ in range(_LONGEST_STANDSTILL):
            if turn > begin:
                break
            day = self.hours.instant_on(self._day(day), DAY)
            turn = self._resolve(term, day, stops)
        return turn

    def _earliest(self, term: EarliestOf, begin: int, stops: tuple[tuple[int, int], ...]) -> int:
        """The earliest; a term that runs past the covered years is later than one that does not."""
        found, late = [], None
        for each in term.terms:
            try:
                found.append(self._resolve(each, begin, stops))
            except HorizonError as error:
                if not error.after:
                    raise
                late = error
        if late is not None and (not found or self.hours.year_at(min(found)) > self.hours.last_year):
            raise late
        return min(found)

    def _weekly_close(self, day: int) -> int:
        """On a day off: the hour at which the last working day before it closes by the weekly hours."""
        worked = day
        while True:
            try:
                worked = self.hours.nth_working_day(worked, -1)
            except HorizonError:
                closings = {hours[-1][1] for hours in self.spec.weekly if hours}
                if len(closings) != 1:
                    raise
                return self.hours.instant_on(day, closings.pop() * SECOND)  # the same on whichever day it was
            hours = self.hours.weekly_hours(worked)
            if hours:
                return self.hours.instant_on(day, hours[-1][1] * SECOND)
            if not any(self.spec.weekly):  # every working day has hours of its own, so the last one's must do
                close = datetime_of((self.hours.close_of(worked) or 0) - 1, self.zone)
                clock = ((close.hour * 60 + close.minute) * 60 + close.second) * SECOND + close.microsecond + 1
                return self.hours.instant_on(day, clock)

    def _doubtful(self, term: Term, begin: int, at: int, paused: bool) -> bool:
        if not (_needs_calendar(term) or (paused and not isinstance(term, AtOnce | PhysicalSpan))):
            return False
        first, last = min(begin, at), max(begin, at)
        day = self._day(first)
        return self.hours.in_doubt(day, max(day, self._last_day(last)))


def _needs_calendar(term: Term) -> bool:
    if isinstance(term, EarliestOf):
        return any(map(_needs_calendar, term.terms))
    if isinstance(term, Every):
        return _needs_calendar(term.term)
    if isinstance(term, CalendarDays | CalendarMonths):
        return term.rolled
    return not isinstance(term, AtOnce | PhysicalSpan | EndOfQuarter)


def _elapsed_after(begin: int, need: int, stops: tuple[tuple[int, int], ...]) -> int:
    if need < 0:
        return begin + need
    for stop, resume in stops:
        if stop - begin >= need:
            break
        need -= stop - begin
        begin = resume
    return begin + need


@lru_cache(maxsize=256)
def working_time(spec: CalendarSpec) -> WorkingTime:
    """The compiled calendar of a spec; equal specs share one.

    Raises:
        CalendarError: The country or its region has no production calendar.
    """
    return WorkingTime(spec)
