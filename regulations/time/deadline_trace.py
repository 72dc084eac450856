"""Why a term is due when it is: each interval counted, each day skipped and the reason.

For people. It walks the days one by one, and so is a second opinion on the arithmetic of `regulations.time.working_time`: a trace
whose sum is not the term is refused rather than shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from regulations.time.calendar_spec import CalendarError
from regulations.time.terms import (
    ClockOfWorkingDay,
    EarliestOf,
    Every,
    LastWorkingDayBefore,
    LastWorkingDayOfMonth,
    PhysicalSpan,
    Term,
    WorkingDays,
    WorkingSpan,
)
from regulations.time.zones import SECOND, datetime_of, instant_of

if TYPE_CHECKING:
    from regulations.time.working_time import Due, Pause, WorkingTime

LONGEST = 4000
"""Days that a trace may span."""

Kind = Literal["counted", "skipped", "paused", "note"]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a trace.

    Attributes:
        kind: What happened to this stretch.
        day: The local date.
        begin: The first instant of the stretch in the calendar's zone, or None for a whole day.
        end: Its end.
        amount: What it adds to the sum, in the unit of the trace.
        reason: Why, in English.
    """

    kind: Kind
    day: date
    begin: datetime | None
    end: datetime | None
    amount: float
    reason: str

    @property
    def stretch(self) -> str:
        """The local times of the stretch; empty for a whole day."""
        return "-".join(f"{edge:%H:%M:%S}" for edge in (self.begin, self.end) if edge is not None)


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer and how it came about.

    Attributes:
        term: The canonical text of the term.
        start: The start in the calendar's zone.
        due: The due instant in the calendar's zone.
        provisional: See `Due`.
        calendar: The version of the calendar.
        unit: What is counted: `seconds`, `days`, or `none` for a term that names a date.
        total: The sum of the steps; it equals the amount of the term.
        steps: In the order of time, after the working days that pauses touched.
    """

    term: str
    start: datetime
    due: datetime
    provisional: bool
    calendar: str
    unit: Literal["seconds", "days", "none"]
    total: float
    steps: tuple[Step, ...]

    def lines(self) -> list[str]:
        """The trace as English text, one line a step, the answer last."""
        shown = [f"{self.term} from {self.start:%a} {self.start.isoformat(sep=' ')} ({self.calendar})"]
        for step in self.steps:
            amount = self.shown_amount(step)
            shown.append(f"{step.day:%a} {step.day} {step.stretch}".rstrip() + f"  {amount}{'  ' if amount else ''}{step.reason}")
        total = "" if self.unit == "none" else f", counted {self._in_unit(self.total)}"
        provisional = " (provisional: a decree to come may change it)" if self.provisional else ""
        shown.append(f"due {self.due:%a} {self.due.isoformat(sep=' ')}{provisional}{total}")
        return shown

    def to_json(self) -> dict[str, Any]:
        """The trace as plain JSON values, instants in ISO 8601 with their offsets."""
        return {
            "term": self.term,
            "start": self.start.isoformat(),
            "due": self.due.isoformat(),
            "provisional": self.provisional,
            "calendar": self.calendar,
            "unit": self.unit,
            "total": self.total,
            "steps": [
                {
                    "kind": step.kind,
                    "day": step.day.isoformat(),
                    "from": step.begin.isoformat() if step.begin else None,
                    "to": step.end.isoformat() if step.end else None,
                    "amount": step.amount,
                    "reason": step.reason,
                }
                for step in self.steps
            ],
        }

    def shown_amount(self, step: Step) -> str:
        """What a step adds, as people read it; empty when it adds nothing."""
        return f"{'-' if step.amount < 0 else '+'}{self._in_unit(abs(step.amount))}" if step.amount else ""

    def _in_unit(self, amount: float) -> str:
        if self.unit == "days":
            return f"{amount} day" if amount == 1 else f"{amount} days"
        hours, rest = divmod(int(amount), 3600)
        part = f"{amount % 1:.6f}".lstrip("0").rstrip("0") if amount % 1 else ""
        return f"{hours}:{rest // 60:02}:{rest % 60:02}{part}"


def trace_of(calendar: WorkingTime, term: Term, start: datetime, pauses: Sequence[Pause]) -> Trace:
    """The trace of one due instant; see `WorkingTime.explain`.

    Raises:
        CalendarError: The term spans more days than people can read, or the sum does not match (a defect of ours).
    """
    due = calendar.due(term, start, pauses)
    begin, at = instant_of(calendar.local(start)), instant_of(due.at)
    if abs(calendar.hours.day_at(at) - calendar.hours.day_at(begin)) > LONGEST:
        raise CalendarError(f"the trace of '{term}' would span more than {LONGEST} days: explain a shorter term")
    writer = _Writer(calendar, begin, calendar.stops(pauses, begin))
    steps = tuple(writer.steps(term, due, start, pauses))
    unit: Literal["seconds", "days", "none"] = "none"
    counted = term.term if isinstance(term, Every) else term
    needed = 0
    if isinstance(counted, WorkingSpan | PhysicalSpan):
        unit, needed = "seconds", counted.seconds
    elif isinstance(counted, WorkingDays):
        unit, needed = "days", counted.days
    elif isinstance(counted, ClockOfWorkingDay):
        unit, needed = "days", counted.ordinal
    total = round(sum(step.amount for step in steps), 6)
    if total != needed:
        raise CalendarError(f"the trace of '{term}' from {start} sums up to {total}, not {needed}: please report this as a defect")
    return Trace(str(term), calendar.local(start), due.at, due.provisional, calendar.version, unit, total, steps)


class _Writer:
    """Writes the steps of one trace."""

    def __init__(self, calendar: WorkingTime, begin: int, stops: Sequence[tuple[int, int]]) -> None:
        self.calendar = calendar
        self.begin = begin
        self.stops = stops

    def steps(self, term: Term, due: Due, start: datetime, pauses: Sequence[Pause]) -> Iterator[Step]:
        at = instant_of(due.at)
        if isinstance(term, Every):
            yield from self.steps(term.term, due, start, pauses)
        elif isinstance(term, EarliestOf):
            yield from self._alternatives(term, due, start, pauses)
        elif isinstance(term, WorkingSpan):
            yield from self._working_span(min(self.begin, at), max(self.begin, at), () if term.before else self.stops)
        elif isinstance(term, PhysicalSpan):
            yield from self._pieces(min(self.begin, at), max(self.begin, at), () if term.before else self.stops, "elapsed time")
        elif isinstance(term, WorkingDays | ClockOfWorkingDay):
            yield from self._working_days(term, at)
        else:
            yield from self._date(term, at)

    def _alternatives(self, term: EarliestOf, due: Due, start: datetime, pauses: Sequence[Pause]) -> Iterator[Step]:
        for each in term.terms:
            try:
                found = self.calendar.due(each, start, pauses).at
            except CalendarError as error:
                yield Step("note", due.at.date(), None, None, 0, f"'{each}' cannot be settled: {error}")
                continue
            yield Step("note", found.date(), found, None, 0, f"'{each}'" + (" is the earliest" if found == due.at else " is later"))

    def _working_span(self, low: int, high: int, stops: Sequence[tuple[int, int]]) -> Iterator[Step]:
        hours = self.calendar.hours
        for day in range(hours.day_at(low), hours.day_at(high) + 1):
            table = hours.table(date.fromordinal(day).year)
            intervals = [
                (begin, end) for begin, end, owner in zip(table.starts, table.ends, table.interval_days, strict=True) if owner == day
            ]
            if not intervals:
                yield self._skipped(day)
                continue
            within = [(max(begin, low), min(end, high)) for begin, end in intervals if max(begin, low) < min(end, high)]
            for begin, end in within:
                yield from self._pieces(begin, end, stops, self._why_open(day))
            if not within and day == hours.day_at(low):
                yield self._whole(day, "skipped", 0, "the start is after closing")

    def _pieces(self, low: int, high: int, stops: Sequence[tuple[int, int]], why: str) -> Iterator[Step]:
        """The stretch cut at the pauses."""
        here = low
        for stop, resume in stops:
            begin, end = max(stop, low), min(resume, high)
            if begin < end:
                if here < begin:
                    yield self._stretch("counted", here, begin, why)
                yield self._stretch("paused", begin, end, "paused")
                here = end
        if here < high:
            yield self._stretch("counted", here, high, why)

    def _working_days(self, term: WorkingDays | ClockOfWorkingDay, at: int) -> Iterator[Step]:
        hours = self.calendar.hours
        start, end = hours.day_at(self.begin), self._due_day(term, at)
        first = isinstance(term, WorkingDays) and term.first_included and hours.close_of(start) is not None
        backwards = isinstance(term, WorkingDays) and term.before
        yield from self._paused_days(at, -1)
        for day in range(end, start + 1) if backwards else range(start, end + 1):
            if day == start and not first:
                yield self._whole(day, "skipped", 0, "the day of the start does not count")
            elif hours.close_of(day) is None:
                yield self._skipped(day)
            else:
                yield self._whole(day, "counted", 1, self._why_open(day))

    def _date(self, term: Term, at: int) -> Iterator[Step]:
        """The days off that the date moved over, and the day itself."""
        hours = self.calendar.hours
        yield from self._paused_days(at, 0)
        day = self._due_day(term, at)
        if isinstance(term, LastWorkingDayOfMonth | LastWorkingDayBefore):
            last = day + 1
            while hours.close_of(last) is None and date.fromordinal(last).month == date.fromordinal(day).month:
                last += 1
            passed = range(day + 1, last)
        else:
            earlier = day
            while earlier - 1 > hours.day_at(self.begin) and hours.close_of(day) is not None and hours.close_of(earlier - 1) is None:
                earlier -= 1
            passed = range(earlier, day) if getattr(term, "rolled", True) else range(day, day)
        own = self._whole(day, "note", 0, f"{term}: {self._why(day)}")
        if passed and passed[0] > day:
            yield own
        for off in passed:
            yield self._skipped(off)
        if not passed or passed[0] < day:
            yield own

    def _paused_days(self, at: int, amount: int) -> Iterator[Step]:
        touched = {day for stop, resume in self.stops if stop < at for day in self.calendar.hours.touched(stop, resume)}
        for day in sorted(touched):
            yield self._whole(day, "paused", amount, "touched by a pause: the term moves on by a working day")

    def _due_day(self, term: Term, at: int) -> int:
        """The day on which an answer stands; a closing at 24:00 belongs to the day that it closes."""
        hours = self.calendar.hours
        day = hours.day_at(at)
        clocked = isinstance(term, ClockOfWorkingDay)
        return day - 1 if not clocked and hours.day_at(at - 1) < day and hours.close_of(day - 1) == at else day

    def _skipped(self, day: int) -> Step:
        return self._whole(day, "skipped", 0, self._why(day))

    def _whole(self, day: int, kind: Kind, amount: float, reason: str) -> Step:
        return Step(kind, date.fromordinal(day), None, None, amount, reason)

    def _stretch(self, kind: Kind, begin: int, end: int, reason: str) -> Step:
        tz = self.calendar.zone
        shown = datetime_of(begin, tz)
        amount: float = 0
        if kind == "counted":
            amount = (end - begin) // SECOND if (end - begin) % SECOND == 0 else (end - begin) / SECOND
        return Step(kind, shown.date(), shown, datetime_of(end, tz), amount, reason)

    def _why_open(self, day: int) -> str:
        return self._why(day) if self.calendar.hours.close_of(day) is not None else ""

    def _why(self, day: int) -> str:
        """What decides the hours of a day."""
        spec, shown = self.calendar.spec, date.fromordinal(day)
        own = dict(spec.open)
        if shown in own:
            return "hours of its own" if own[shown] else "closed, by hours of its own"
        if shown in spec.closed:
            return "closed by the company"
        special = self.calendar.hours.special(day)
        if special is not None and (special.off or special.stands_for or spec.short_days):
            return special.why
        if self.calendar.hours.close_of(day) is None:
            return f"no hours on {shown:%A}s" if not spec.weekly[shown.weekday()] else "the clocks skip its hours"
        return "working day"
