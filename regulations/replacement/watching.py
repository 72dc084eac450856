"""A watched lead (3.3, 3.4): of which calls its manager is to be reminded, what was missed, and when it must be looked at again.

Pure; reads working time: workflow code asks an activity instead.

Calls before the lead's appearance count for nothing. An answered call ends the terms of its lead: it was reached. What is learnt late
counts from when it happened, so that a miss may turn out to be none: it is withdrawn, and stays written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from regulations.catalogue import counted, text
from regulations.dates import local_text
from regulations.replacement.attempts import spaced, three_days
from regulations.replacement.effects import WatchSettings
from regulations.replacement.watch_state import KIND
from regulations.time.working_time import WorkingTime
from regulations.time.zones import DAY, datetime_of, instant_of

FIRST_CALL, ATTEMPTS = "3.3", "3.4"
JUST_AFTER = timedelta(seconds=1)
"""A call at the due instant is in time: whether it was made is looked at so much later."""
LAST_HOUR = timedelta(hours=1)
"""3.4: how long before the close of days two and three the manager is reminded of their attempt."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call to a lead's number."""

    at: datetime
    answered: bool


@dataclass(frozen=True, slots=True)
class Missed:
    """A term of a lead that was not kept."""

    clause: str
    at: datetime
    """The last instant at which it could have been: 3.3 the due instant, 3.4 the end of the local day."""
    withdrawn_at: datetime | None = None
    """When we learnt that it had been kept after all."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A lead as it was left when it was last looked at."""

    lead: str
    appeared_at: datetime
    reminded: tuple[str, ...] = ()
    """Keys of the reminders that went out."""
    missed: tuple[Missed, ...] = ()


@dataclass(frozen=True, slots=True)
class Reminder:
    """What the manager is reminded of."""

    key: str
    """Unique for its lead."""
    clause: str
    at: datetime
    """The instant at which it is due itself."""
    due: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking at a lead."""

    reminders: tuple[Reminder, ...]
    """To go out now."""
    reminded: tuple[str, ...]
    missed: tuple[Missed, ...]
    next_at: datetime | None
    """When it must be looked at again, later than now; None: its terms are over."""
    over: tuple[str, ...]
    """Keys of earlier reminders whose call has been made, or need not be made any more."""


def watch_lead(
    lead: Watched, calls: Iterable[Attempt], settings: WatchSettings, hours: WorkingTime, now: datetime, language: str
) -> Looked:
    """Looks at one lead.

    Args:
        lead: As it was left.
        calls: All that are known of it, in any order.
        settings: The terms of the edition.
        hours: The client's working time, in its zone.
        now: Reminders whose instant has come go out; of several that have come only the one that still helps.
        language: Of the reminders.

    Raises:
        HorizonError: a term leaves the years that the calendar covers.
    """
    made = sorted((call for call in calls if call.at >= lead.appeared_at), key=lambda call: call.at)
    found = [
        _first_call(lead, made, settings, hours, now),
        _attempts(lead, made, settings, hours, now),
    ]
    pending = [one.reminder for one in found if one.reminder is not None]
    ripe = [_in_words(lead.lead, due, settings, hours, language) for due in pending if due.at <= now and due.key not in lead.reminded]
    wakes = [due.at for due in pending if due.at > now] + [at for one in found for at in one.look_at if at > now]
    standing = {due.key for due in pending}
    return Looked(
        reminders=tuple(ripe),
        reminded=(*lead.reminded, *(reminder.key for reminder in ripe)),
        missed=_merged(lead.missed, [one.missed for one in found if one.missed is not None], now),
        next_at=min(wakes, default=None),
        over=tuple(key for key in lead.reminded if key not in standing),
    )


@dataclass(frozen=True, slots=True)
class _Due:
    """A call that is still due, and when its reminder is."""

    key: str
    clause: str
    at: datetime
    due: datetime
    count: int = 1
    day: int = 0
    """3.4: which of the three days."""


@dataclass(frozen=True, slots=True)
class _Found:
    """How one clause stands."""

    missed: Missed | None = None
    reminder: _Due | None = None
    """Of the call that is due next; its instant may have come or not."""
    look_at: tuple[datetime, ...] = ()
    """When it must be looked at besides, if nobody calls."""


# --- 3.3 ------------------------------------------------------------------------------------------------------------


def _first_call(lead: Watched, made: Sequence[Attempt], settings: WatchSettings, hours: WorkingTime, now: datetime) -> _Found:
    """3.3: the first call within so much working time from the appearance."""
    due = hours.due(settings.first_call, lead.appeared_at).at.astimezone(UTC)
    if made and made[0].at <= due:
        return _Found()
    if now > due:
        return _Found(missed=Missed(FIRST_CALL, due))
    if made:  # by a clock that runs a little before ours
        return _Found(look_at=(due + JUST_AFTER,))
    at = hours.reminder(lead.appeared_at, due, settings.warn_fraction)
    # A closing is the same moment of working time as the next opening; by then the call may have been made.
    opening = hours.next_open(at).astimezone(UTC)
    reminder = _Due(FIRST_CALL, FIRST_CALL, min(opening, due), due) if now < due else None
    return _Found(reminder=reminder, look_at=(due + JUST_AFTER,))


# --- 3.4 ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Days:
    """The three days under one assumption about the first of them, as far as calls have been made on them."""

    day: date
    """The first of them whose attempts are not all made."""
    place: int
    """Which one it is, from 1."""
    count: int
    """How many attempts are still due on it."""
    last: datetime | None
    """The last call on it."""
    close: datetime
    end: datetime
    """The end of the local day: a call counts by its date, so that this is when the assumption can pass no more."""


def _attempts(lead: Watched, made: Sequence[Attempt], settings: WatchSettings, hours: WorkingTime, now: datetime) -> _Found:
    """3.4: attempts on three consecutive working days, of which the day of the appearance, or the next working day, is the first.

    It is missed when no assumption can pass any more. Until then reminders follow the one that was taken at the appearance, and the
    other one once that cannot be kept.
    """
    reached = next((call.at for call in made if call.answered), None)
    until = now if reached is None else min(now, reached)
    on_day: dict[int, list[datetime]] = {}
    for call in made:
        if call.at <= until:
            on_day.setdefault(hours.hours.day_at(instant_of(call.at)), []).append(call.at)
    windows = list(three_days(hours, lead.appeared_at))
    standing: list[_Days] = []
    for window in windows:
        left = _left(window, on_day, settings, hours)
        if left is None:
            return _Found()  # all attempts are made
        standing.append(left)
    alive = [days for days in standing if days.end > until]
    if not alive:
        return _Found(missed=Missed(ATTEMPTS, max(days.end for days in standing)))
    if reached is not None:
        return _Found()
    if len(windows) > 1 and standing[0].place == 1 and not _enough_left(lead.appeared_at, windows[0][0], settings, hours):
        alive = alive[::-1]
    active = alive[0]
    # The other assumption is of use only with a first day after this one; else it fails together with it, if nobody calls.
    later = [due for days in alive[1:] if days.day > active.day and (due := _due(days, settings, now)) is not None]
    look_at = (max(days.end for days in alive), *(max(due.at, active.end) for due in later))
    return _Found(reminder=_due(active, settings, now), look_at=look_at)


def _left(window: tuple[date, date, date], on_day: dict[int, list[datetime]], settings: WatchSettings, hours: WorkingTime) -> _Days | None:
    """What is still due of three days; None: nothing."""
    made = [on_day.get(day.toordinal(), []) for day in window]
    total = sum(map(len, made))
    due = (
        settings.first_day_attempts - spaced(made[0], settings.gap_minutes),
        1 - len(made[1]),
        max(1 - len(made[2]), settings.attempts - total),
    )
    for place, (day, count, calls) in enumerate(zip(window, due, made, strict=True), 1):
        if count > 0:
            return _Days(day, place, count, calls[-1] if calls else None, _close(day, hours), _end(day, hours))
    return None


def _due(days: _Days, settings: WatchSettings, now: datetime) -> _Due | None:
    """The reminder of the attempts that are still due on a day; None: the day has too little left for one.

    On the first day early enough that each attempt has its gap, and not before the next one would count; on the others in the last hour.
    """
    at = days.close - LAST_HOUR
    if days.place == 1:
        gap = timedelta(minutes=settings.gap_minutes)
        at = days.close - (gap or LAST_HOUR) * days.count
        if days.last is not None:
            at = max(at, days.last + gap)
    if max(at, now) >= days.close:
        return None
    return _Due(f"{ATTEMPTS}#{days.day}#{days.count}", ATTEMPTS, at, days.close, days.count, days.place)


def _enough_left(appeared_at: datetime, day: date, settings: WatchSettings, hours: WorkingTime) -> bool:
    """Whether the day of the appearance is taken for the first one."""
    return hours.elapsed(appeared_at, _close(day, hours)) >= settings.least_left_minutes * 60


def _close(day: date, hours: WorkingTime) -> datetime:
    close = hours.hours.close_of(day.toordinal())
    assert close is not None  # noqa: S101 - the three days are working days
    return datetime_of(close, hours.zone).astimezone(UTC)


def _end(day: date, hours: WorkingTime) -> datetime:
    return datetime_of(hours.hours.instant_on(day.toordinal(), DAY), hours.zone).astimezone(UTC)


# --- what is told and kept ------------------------------------------------------------------------------------------


def _in_words(lead: str, due: _Due, settings: WatchSettings, hours: WorkingTime, language: str) -> Reminder:
    """The reminder as its reader gets it, in the client's local time."""
    what = "first_call" if due.clause == FIRST_CALL else "apart" if due.day == 1 and due.count > 1 else "attempts"
    attempts = counted(language, due.count, KIND, "plural", "attempt")
    until = local_text(hours.local(due.due), language)
    said = text(language, KIND, "reminder", what, lead=lead, due=until, attempts=attempts, day=due.day, gap=settings.gap_minutes)
    return Reminder(due.key, due.clause, due.at, due.due, said)


def _merged(before: Sequence[Missed], now_missed: Sequence[Missed], now: datetime) -> tuple[Missed, ...]:
    """What was missed, as it stands now: nothing is erased, what turned out to be none is withdrawn."""
    standing = {(one.clause, one.at) for one in now_missed}
    kept = [replace(one, withdrawn_at=None if (one.clause, one.at) in standing else one.withdrawn_at or now) for one in before]
    known = {(one.clause, one.at) for one in before}
    return (*kept, *(one for one in now_missed if (one.clause, one.at) not in known))
