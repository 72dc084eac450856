"""What moves the term of a duty that is owed already: a time agreed with somebody, a start that turns out to have been earlier."""

from __future__ import annotations

from datetime import datetime

from regulations.case import CaseState, Obligation, Standing
from regulations.catalogue import text
from regulations.obligations import put_obligation


def agree(case: CaseState, o: Obligation, at: datetime, now: datetime) -> None:
    """An instant was agreed with somebody, in place of the one agreed before: the duty is due then, where its term has begun by
    then and ends later.

    Which of several agreements stands is the regulation's to say. The term is counted anew, and the trail tells of the move. What had been
    done only after the new instant is held against it; a recorded breach stands unless the new instant is later; what was let go stays as
    it is. An extension after it, and a pause that lasts beyond it, set the agreed instant aside.
    """
    done = o.standing is Standing.MET and (o.met_at is None or o.met_at <= at)
    if done or o.standing is Standing.WAIVED or at == o.not_later_than:
        return
    if o.standing is Standing.MET:
        _open_again(o, now)
    o.not_later_than = at
    if o.plan is not None and not o.paused:
        o.recount = text(case.language, "calendar", "agreed")
    put_obligation(case, o)


def start_earlier(case: CaseState, o: Obligation, at: datetime, now: datetime) -> None:
    """The term of a duty began earlier than was known: it is counted anew from there, and where its true due instant has passed it is a
    breach at that instant.

    A duty that was met by the later term is held against the earlier one. A breach that is recorded stays as it was recorded; what was let
    go, or extended to an instant of its own, keeps that.
    """
    o.started_at = at
    if o.standing in (Standing.OPEN, Standing.MET) and o.extended_to is None:
        _open_again(o, now)
        o.plan = None
    put_obligation(case, o)


def _open_again(o: Obligation, now: datetime) -> None:
    """Only now do we learn from when its term really runs, or to when."""
    o.standing, o.opened_at = Standing.OPEN, now
    o.met_at = o.met_by = o.breached_at = None
    o.escalated = o.told = o.verified = False
