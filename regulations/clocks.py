"""The clocks of a case: which terms have to be counted, and the next instant at which the case must be awake."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from regulations.case import UNMET, CaseState, Obligation, Refusal, Standing, Wait
from regulations.catalogue import text
from regulations.dates import day_text
from regulations.messages import CalendarChanged
from regulations.obligations import put_obligation, settle_open, undo_breach
from regulations.plans import PlannedTerm, Span, TermToPlan

MAX_JITTER = timedelta(minutes=5)
"""Reminders of cases that fall together are spread over this; breaches never are."""
MOST_DAYS = 3
"""How many changed days the trail names; of more it tells the number."""


def terms_to_plan(case: CaseState, now: datetime) -> Iterator[TermToPlan]:
    """The terms that have to be counted now: new ones, moved ones, those that a changed calendar touches, and those that have just run
    out."""
    for name, wait in case.waits.items():
        if wait.plan is None or _ended_unverified(wait, now):
            yield TermToPlan(key=name, term=wait.term, start=wait.start, warn=False)
    for o in case.obligations:
        if o.standing not in UNMET and not o.recount:
            continue
        if o.paused:
            if (o.holds[-1].limit is None or o.recount) and case.opening is not None:
                limit = str(case.opening.edition.settings.get("pause_limit", "10 working days"))
                yield TermToPlan(key=_pause_key(o), term=limit, start=o.holds[-1].start, warn=False)
        elif o.extended_to is not None:
            if not o.counted or o.recount:
                # An absolute instant: counted only for its local text, its reminder and the hour at which people may be told.
                yield TermToPlan(key=o.key, term="at once", start=o.extended_to, warn_from=o.extended_from, not_later_than=o.not_later_than)
        elif o.term is not None and (not o.counted or o.recount or _ran_out_unverified(o, now)):
            pauses = tuple(Span(start=h.start, end=h.end) for h in o.holds if h.end is not None and h.end > h.start)
            since = o.opened_at if o.started_at > o.opened_at else None  # it runs backwards from what is to come
            yield TermToPlan(key=o.key, term=o.term, start=o.started_at, pauses=pauses, warn_from=since, not_later_than=o.not_later_than)


def _ran_out_unverified(o: Obligation, now: datetime) -> bool:
    return o.standing is Standing.OPEN and not o.verified and o.due is not None and now >= o.due


def _ended_unverified(wait: Wait, now: datetime) -> bool:
    return not wait.verified and wait.plan is not None and now >= wait.plan.due


def _pause_key(o: Obligation) -> str:
    return f"{o.key}#pause{len(o.holds)}"


def planned(case: CaseState, answer: PlannedTerm, now: datetime) -> None:
    """Takes a counted term into its obligation or wait. A moved due instant is a fact in the trail: old due, new due, why."""
    if (wait := case.waits.get(answer.key)) is not None:
        wait.plan, wait.verified = answer, now >= answer.due
        return
    for o in case.obligations:
        if o.paused and answer.key == _pause_key(o):
            _limit_planned(case, o, answer, now)
            return
        if o.key == answer.key:
            break
    else:
        return
    if answer.not_later_than != o.not_later_than:
        return  # asked before something else was agreed
    if o.extended_to is not None and answer.due not in (o.extended_to, o.not_later_than):
        return  # asked before the extension, which is counted by itself
    before, why = o.plan, o.recount
    if before is not None and o.standing is not Standing.OPEN:
        o.recount = ""
        if why and o.standing in (Standing.OVERDUE, Standing.MET_LATE):
            _overdue_planned(case, o, before, answer, why, now)
        return
    o.plan, o.verified, o.recount = answer, now >= answer.due, ""
    known = before is not None and (before.due, before.provisional, before.calendar_version)
    if why or known != (answer.due, answer.provisional, answer.calendar_version):
        put_obligation(case, o, pressing=bool(why))
    if before is not None and before.due != answer.due:
        o.warned = o.warned and before.due >= answer.due
        _moved(o, before, now)
        _note_move(case, o, before, answer, why, now)


def _limit_planned(case: CaseState, o: Obligation, answer: PlannedTerm, now: datetime) -> None:
    """The limit of a pause; the term itself is counted when the clock goes on."""
    before, why = o.holds[-1].limit, o.recount
    o.holds[-1].limit, o.recount = answer, ""
    put_obligation(case, o, pressing=True)
    if before is not None and before.due != answer.due:
        _note_move(case, o, before, answer, why, now)


def _overdue_planned(case: CaseState, o: Obligation, before: PlannedTerm, answer: PlannedTerm, why: str, now: datetime) -> None:
    """The day that made a duty overdue is a day off now, or another instant was agreed. Its breach stands all the same where the term does
    not end later for it."""
    if answer.due <= before.due:
        o.plan = before.model_copy(update={"calendar_version": answer.calendar_version, "not_later_than": answer.not_later_than})
        put_obligation(case, o, pressing=True)
        return
    _note_move(case, o, before, answer, why, now)
    _moved(o, before, now)
    undo_breach(case, o, answer, why, now)


def _moved(o: Obligation, before: PlannedTerm, now: datetime) -> None:
    """A move is the calendar's doing where nothing else was agreed meanwhile."""
    if before.not_later_than == o.not_later_than:
        o.moved_at = now


def _note_move(case: CaseState, o: Obligation, before: PlannedTerm, answer: PlannedTerm, why: str, now: datetime) -> None:
    moved = f"{o.clause}: {before.due_text} → {answer.due_text} ({why or answer.calendar_version})"
    case.note("pause_moved" if o.paused else "due_moved", now, now, key=f"{answer.key}#{answer.due.isoformat()}", note=moved)


def calendar_changed(case: CaseState, message: CalendarChanged, now: datetime) -> str:
    """Marks what a changed calendar touches, to be counted anew from its original start; gives the words for the trail.

    An open term is touched by a changed date on which it depends; one that is overdue, or was met late, only when the day that made it
    so has become a day off; a term of calendar days by another offset of its last day alone. What the calendar does not touch, and what
    was counted in its new version already, stays as it is. An extension keeps its absolute instant: only its reminder and the hours of
    its tellings follow the calendar.

    Raises:
        Refusal: ``NotTouched``.
    """
    settle_open(case, now)
    touched = False
    ours = case.opening is not None and case.opening.calendar == message.calendar
    changed = sorted(message.changed)
    for o in case.obligations if ours else ():
        plan = o.clock
        if plan is None or plan.calendar_version == message.version or not case.recounts(o):
            continue
        days: list[date] = []
        if plan.by_zone_alone:
            days = [d for d in message.shifted if d == plan.span_to and o.standing is Standing.OPEN]
        elif o.standing is Standing.OPEN:
            days = _within(changed, plan.span_from, plan.span_to)
        elif o.standing in (Standing.OVERDUE, Standing.MET_LATE) and plan.due_day in message.closed:
            days = [plan.due_day]
        why = _why(case, message, days)
        if days and o.recount != why:  # told once more before it is counted anew: nothing new
            touched = True
            o.recount = why
    for wait in case.waits.values() if ours else ():
        plan = wait.plan
        if plan is None or plan.calendar_version == message.version:
            continue
        told = (plan.tell_at + case.offset).date()  # the hour of a telling may lie days after its decision
        if plan.span_to in message.shifted if plan.by_zone_alone else _within(changed, plan.span_from, max(plan.span_to, told)):
            touched = True
            wait.plan = None
    if not touched:
        raise Refusal("NotTouched", "no term of this case depends on the changed days")
    case.pressing = case.pressing or bool(case.rows)  # what rode along is compared with the calendar there
    return _why(case, message, changed)


def _within(days: list[date], first: date, last: date) -> list[date]:
    return days[bisect_left(days, first) : bisect_right(days, last)]


def _why(case: CaseState, message: CalendarChanged, days: list[date]) -> str:
    """The reason of a move in words: calendar, dates, version."""
    words = [text(case.language, "calendar", "day_off" if d in message.closed else "day", day=day_text(d)) for d in days[:MOST_DAYS]]
    if len(days) > MOST_DAYS:
        words.append(text(case.language, "calendar", "more", count=len(days) - MOST_DAYS))
    return text(case.language, "calendar", "changed", calendar=message.calendar, version=message.version, days=", ".join(words))


def ran_out(o: Obligation, now: datetime) -> bool:
    """Whether an open obligation's term is over for good: reached, and counted once more since (an extension needs no count)."""
    if o.standing is not Standing.OPEN or o.due is None or now < o.due:
        return False
    return o.verified or o.extended_to is not None


def warn_at(case: CaseState, o: Obligation) -> datetime | None:
    """When the owner is reminded: the planned point plus a jitter that is stable for this obligation, always before the due instant."""
    if o.plan is None or o.plan.warn_at is None or o.due is None:
        return None
    # The same for all duties that run out together, so that one letter and one wake-up serve them.
    share = int.from_bytes(hashlib.sha256(f"{case.uid}#{o.due.isoformat()}".encode()).digest()[:4], "big") / 2**32
    return o.plan.warn_at + min(MAX_JITTER, (o.due - o.plan.warn_at) / 10) * share


def untold(o: Obligation) -> bool:
    """Whether a breach stands that nobody has been told of yet: of a duty done late, too."""
    return o.breached_at is not None and not o.told and o.standing in (Standing.OVERDUE, Standing.MET_LATE)


def next_instant(case: CaseState, now: datetime) -> tuple[datetime, Obligation] | None:
    """The earliest instant after ``now`` at which an obligation needs the case awake: a reminder, a due instant, a telling, a pause's end.

    What is past has been decided already, or waits for an answer from outside: no timer is set for it.
    """
    instants: list[tuple[datetime, Obligation]] = []
    for o in case.obligations:
        if o.paused:
            if (until := o.holds[-1].until) is not None:
                instants.append((until, o))
        elif o.standing is Standing.OPEN and o.due is not None:
            at = warn_at(case, o)
            instants.append((at, o) if at is not None and not o.warned and now < at < o.due else (o.due, o))
        elif untold(o) and o.plan is not None:
            instants.append((o.plan.tell_at, o))
    instants = [i for i in instants if i[0] > now]
    return min(instants, key=lambda pair: pair[0]) if instants else None


def next_due(case: CaseState) -> datetime | None:
    """The earliest due instant among the unmet obligations, overdue ones included."""
    return min((d for o in case.unmet() if (d := o.due) is not None), default=None)


def oldest_unmet(case: CaseState) -> Obligation | None:
    """The unmet obligation with the earliest due instant, of several the one opened last; else one without a term."""
    return min(reversed(list(case.unmet())), key=lambda o: (o.due is None, o.due or o.started_at), default=None)
