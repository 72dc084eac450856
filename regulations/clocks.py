"""The clocks of a case: which terms have to be counted, and the next instant at which the case must be awake."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from regulations.case import CaseState, Obligation, Standing
from regulations.obligations import put_obligation
from regulations.plans import PlannedTerm, Span, TermToPlan

MAX_JITTER = timedelta(minutes=5)
"""Reminders of cases that fall together are spread over this; breaches never are."""


def terms_to_plan(case: CaseState, now: datetime) -> Iterator[TermToPlan]:
    """The terms that have to be counted now: new ones, moved ones, and those that have just run out."""
    for name, wait in case.waits.items():
        if wait.plan is None:
            yield TermToPlan(key=name, term=wait.term, start=wait.start, warn=False)
    for o in case.unmet():
        if o.paused:
            if o.holds[-1].until is None and case.opening is not None:
                limit = str(case.opening.edition.settings.get("pause_limit", "10 working days"))
                yield TermToPlan(key=_pause_key(o), term=limit, start=o.holds[-1].start, warn=False)
        elif o.extended_to is not None:
            if o.plan is None:
                # An absolute instant: counted only for its local text, its reminder and the hour at which people may be told.
                yield TermToPlan(key=o.key, term="at once", start=o.extended_to, warn_from=o.extended_from)
        elif o.term is not None and (o.plan is None or _ran_out_unverified(o, now)):
            pauses = tuple(Span(start=h.start, end=h.end) for h in o.holds if h.end is not None and h.end > h.start)
            yield TermToPlan(key=o.key, term=o.term, start=o.started_at, pauses=pauses)


def _ran_out_unverified(o: Obligation, now: datetime) -> bool:
    return o.standing is Standing.OPEN and not o.verified and o.due is not None and now >= o.due


def _pause_key(o: Obligation) -> str:
    return f"{o.key}#pause{len(o.holds)}"


def planned(case: CaseState, answer: PlannedTerm, now: datetime) -> None:
    """Takes a counted term into its obligation or wait. A moved due instant is a fact in the trail."""
    if (wait := case.waits.get(answer.key)) is not None:
        wait.plan = answer
        return
    for o in case.obligations:
        if o.paused and answer.key == _pause_key(o):
            o.holds[-1].until = answer.due
            return
        if o.key == answer.key:
            break
    else:
        return
    before = o.plan
    o.plan = answer
    o.verified = now >= answer.due
    if before is None or before.due != answer.due or before.provisional != answer.provisional:
        put_obligation(case, o)
    if before is not None and before.due != answer.due:
        o.warned = o.warned and before.due >= answer.due
        moved = f"{o.clause}: {before.due_text} → {answer.due_text} ({answer.calendar_version})"
        case.note("due_moved", now, now, key=f"{o.key}#{answer.due.isoformat()}", note=moved)


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
