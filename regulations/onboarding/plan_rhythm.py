"""4.1, 4.3: periods that follow each other for as long as the client is served.

The next one is opened once the one before it is over, and has begun (a month: is about to begin, since many pay a little ahead): so there
is always one that is known, and never a row of them that runs ahead of the calendars. It follows the due instant of the one before,
whenever that was met, extended or let go.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from regulations.case import Obligation, Standing
from regulations.catalogue import text
from regulations.clocks import ran_out
from regulations.obligations import open_obligation
from regulations.onboarding.plan_state import KIND, PAYMENT, UPDATE, Mark, PlanState

EARLY = timedelta(days=31)
"""How long before a month begins that is paid already the one after it is opened."""


def mark(state: PlanState) -> None:
    """Keeps where the newest periods end, as counted."""
    for clause in (UPDATE, PAYMENT):
        o = state.newest(clause)
        if o is not None and o.plan is not None and o.extended_to is None:
            state.marks[clause] = Mark(key=o.key, due=o.plan.due)


def end_of(state: PlanState, o: Obligation) -> datetime | None:
    """Where a period ends for the one that follows; None: it has not been counted."""
    known = state.marks.get(o.clause)
    return known.due if known is not None and known.key == o.key else o.plan.due if o.plan is not None else None


def follows(state: PlanState, o: Obligation, now: datetime) -> datetime | None:
    """From when the period after this one runs, if it is time to open it: None while it is not, and once the client is no longer served."""
    end = end_of(state, o)
    if _opens_next(o) > now or end is None or not _over(o, end, now):
        return None
    return None if state.ended_at is not None and end >= state.ended_at else end


def _opens_next(o: Obligation) -> datetime:
    """From when the period after this one may be opened."""
    return o.started_at - EARLY if o.clause == PAYMENT else o.started_at


def _over(o: Obligation, end: datetime, now: datetime) -> bool:
    """Whether a period is: one that is extended, or of which billing has yet to be asked, holds up none."""
    extended = o.extended_to is not None and now >= end
    return o.standing is not Standing.OPEN or extended or ran_out(o, now)


def open_period(state: PlanState, key: str, term: str, started_at: datetime, now: datetime) -> None:
    """Opens a period, with the contract's term."""
    clause = key.partition("/")[0]
    owner, escalation = state.owners[clause]
    open_obligation(
        state,
        key,
        clause=clause,
        owner=state.role(owner),
        escalation=escalation,
        started_at=started_at,
        now=now,
        term=term,
    )


def retime(state: PlanState, clause: str, term: str, now: datetime) -> None:
    """A contract that has changed holds from the next period on: also for one that is open but has not begun."""
    o = state.newest(clause)
    if o is not None and o.standing is Standing.OPEN and o.started_at > now and o.extended_to is None and o.term != term:
        o.term, o.plan = term, None


def beginnings(state: PlanState, now: datetime) -> Iterator[tuple[datetime, str]]:
    """When the case must be awake to open the next period, for its timer: after one that was met, or let go, before it had begun, or that
    is extended."""
    for clause in (UPDATE, PAYMENT):
        o = state.newest(clause)
        end = end_of(state, o) if o is not None else None
        if o is None or end is None:
            continue
        at = end if o.standing is Standing.OPEN and o.extended_to is not None else _opens_next(o)
        if at > now and (o.extended_to is not None or o.standing is not Standing.OPEN):
            yield at, text(state.language, KIND, "timer", "open", clause=clause, duty=text(state.language, KIND, "duty", clause))
