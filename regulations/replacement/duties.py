"""The duties of a replacement, its ends, and its row in the register.

5.2 is owed by quality control from the receipt of a request that is in order; 5.3 by the technical specialists from the decision, or,
where a debt held the credit (2), from the moment at which nothing holds it any more. A top-up (6.1) has no term.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import JsonValue

from regulations.case import Evidence, Obligation, Tell, Wait
from regulations.obligations import open_obligation, settle_open, waive_all
from regulations.replacement.checks import LIMIT
from regulations.replacement.rows import ReplacementRow
from regulations.replacement.state import (
    ENDS,
    FRANCHISEE,
    HEAD_OFFICE,
    OWNERS,
    QUALITY_CONTROL,
    Ground,
    ReplacementState,
    Stage,
)

HELD, RETRY = "held", "retry"
"""The waits of a credit that a debt stops (2): until it is given up, and until it is tried again."""


def open_duty(state: ReplacementState, clause: str, started_at: datetime, now: datetime) -> Obligation:
    """Opens 5.2, or 5.3 once more."""
    number = sum(o.clause == clause for o in state.obligations) + 1
    return open_obligation(
        state,
        f"{clause}/{number}",
        clause=clause,
        owner=OWNERS[clause],
        escalation=HEAD_OFFICE,
        started_at=started_at,
        now=now,
        term=state.term(clause),
    )


def newest(state: ReplacementState, clause: str) -> Obligation | None:
    """The newest obligation of a clause."""
    return next((o for o in reversed(state.obligations) if o.clause == clause), None)


def prove(state: ReplacementState, clause: str, at: datetime, key: str, now: datetime) -> None:
    """What the newest duty of a clause demands was done at ``at``, by the fact ``key``; the first proof stands."""
    if (o := newest(state, clause)) is not None:
        state.evidence.setdefault(o.key, Evidence(happened_at=at, key=key))
    settle_open(state, now)


# --- ends -----------------------------------------------------------------------------------------------------------


def end(state: ReplacementState, stage: Stage, at: datetime, note: str) -> None:
    """The replacement is over: nothing is owed any more, nothing waited for."""
    waive_all(state, at, note)
    state.stage, state.closed_at = stage, at
    for name in (LIMIT, HELD, RETRY):
        state.waits.pop(name, None)


def refuse(state: ReplacementState, grounds: Sequence[Ground], at: datetime, key: str, now: datetime, *, at_once: bool = False) -> None:
    """Refuses the request on all these grounds; the franchisee is told them in one letter. Nothing has been credited by then.

    Whoever asks gets the answer to the request itself ``at_once``; what comes later waits for working time.
    """
    state.grounds = list(grounds)
    clauses = ", ".join(dict.fromkeys(g.clause for g in grounds))
    state.note("refused", at, now, key=f"refused#{key}", note=clauses)
    end(state, Stage.REFUSED, at, "request_refused")
    tell_franchisee(state, "replacement/refused", key, now, at_once=at_once)


# --- tellings -------------------------------------------------------------------------------------------------------


def tell_franchisee(
    state: ReplacementState, what: str, key: str, now: datetime, values: dict[str, JsonValue] | None = None, *, at_once: bool = False
) -> None:
    """Decides a letter to whoever asked. A top-up was asked for by nobody."""
    if state.requested is not None:
        state.tell(FRANCHISEE, what, key, now, values, at_once=at_once)


def tell_control(state: ReplacementState, what: str, key: str, now: datetime, values: dict[str, JsonValue] | None = None) -> None:
    """Decides a letter to quality control: it is inside, but no notice carries a file. It waits for working time like a notice."""
    name = f"tell:{QUALITY_CONTROL}:{what}#{key}"
    for older in [t for t in state.tells if t.what == what]:  # the newest is enough
        state.tells.remove(older)
        state.waits.pop(older.wait or "", None)
    state.tells.append(Tell(role=QUALITY_CONTROL, what=what, key=key, wait=name, values=values or {}))
    state.waits[name] = Wait(term="at once", start=now)


# --- the register of replacements -----------------------------------------------------------------------------------


def credited(state: ReplacementState) -> int:
    """Identifications credited as a replacement, or instead of replacements (6.1); the new tariff's own are none."""
    return sum(b.identifications for b in state.booked if b.entry != "tariff")


def replacement_row(state: ReplacementState) -> ReplacementRow:
    """The replacement as the register shall have it; ``seq`` is that of the row written last."""
    begun, decision = state.begun, state.decision
    return ReplacementRow(
        seq=state.row.seq if state.row is not None else 0,
        account=begun.account,
        period=begun.period,
        n=begun.n,
        stage=state.stage,
        asked=state.requested.asked if state.requested is not None else None,
        requested_at=begun.happened_at,
        accepted=decision.accepted if decision is not None else None,
        credited=credited(state) if state.booked or state.at in ENDS else None,
        capped=decision is not None and decision.capped,
        ruled_at=state.decided_at,
        closed_at=state.closed_at,
        clauses=tuple(dict.fromkeys(g.clause for g in state.grounds)),
    )


def register(state: ReplacementState) -> None:
    """Queues the row when it has changed; an older one that is still unwritten is replaced."""
    row = replacement_row(state)
    if row == state.row:
        return
    state.row = row.model_copy(update={"seq": state.next_seq()})
    state.rows = [r for r in state.rows if not isinstance(r, ReplacementRow)]
    state.put(state.row)
