"""The duties of a partner's account: opened, proven, handed to another manager, forgotten; and its rows in the registers."""

from __future__ import annotations

import hashlib
from datetime import datetime

from pydantic import JsonValue

from regulations.case import Evidence, Standing, Wait
from regulations.clause_case import hand_over
from regulations.obligations import open_obligation
from regulations.partner.account_state import MOST_CALLS, MOST_OPEN, AccountStage, AccountState, Call, Owed
from regulations.partner.case import OWNERS, SUPPORT_MANAGER
from regulations.partner.rows import CallRow, PartnerRow

RHYTHM = "4.1/next/"
"""How the keys begin of the duty to set the next activity."""
FAR = "4.1/far/"
"""… of the duty not to set one too far ahead."""
GRACE, REASON = "next/", "reason/"
"""How the names begin of the waits that belong to them: for the least time that is left, and for the time for reasons."""


def owe(state: AccountState, clause: str, mark: str, started_at: datetime, now: datetime, lost_at: datetime | None = None) -> None:
    """A duty of a clause begins at ``started_at``, once for each mark."""
    state.owed.append(Owed(key=f"{clause}/{mark}", clause=clause, started_at=started_at, learnt_at=now, lost_at=lost_at))


def prove(state: AccountState, key: str, at: datetime, by: str) -> None:
    """What a duty demands was done at ``at``, by the fact ``by``; the earliest proof stands. One that is forgotten stays as it was."""
    if state.obligation(key) is None and not any(owed.key == key for owed in state.owed):
        return
    known = state.evidence.get(key)
    if known is None or at < known.happened_at:
        state.evidence[key] = Evidence(happened_at=at, key=by)


def running(state: AccountState) -> int:
    """How many duties have a term that runs, or have yet to be opened."""
    return len(state.owed) + sum(o.standing is Standing.OPEN for o in state.obligations)


def flooded(state: AccountState) -> bool:
    """Whether too much came at a time: what is overdue, or met, leaves room for more."""
    return running(state) + len(state.judging) + len(state.to_check) >= MOST_OPEN


def tell(state: AccountState, role: str, what: str, key: str, now: datetime, values: dict[str, JsonValue]) -> None:
    """Decides a notice to whoever has the role in this case, or to a person who has it (``support_manager:u12``)."""
    state.tell(state.role(role), what, f"{what}#{key}", now, {"name": state.begun.person.name, **values})


def settle_in(state: AccountState, now: datetime) -> None:
    """Opens what is owed, and hands what is not met to the manager who has the partner now; he is reminded of it anew."""
    for owed in state.owed:
        owner, escalation = OWNERS[owed.clause]
        open_obligation(
            state,
            owed.key,
            clause=owed.clause,
            owner=state.role(owner),
            escalation=escalation,
            started_at=owed.started_at,
            now=owed.learnt_at,
            term=state.term(owed.clause),
        )
        if owed.lost_at is not None:
            state.waits[f"{GRACE}{owed.key}"] = Wait(term=state.settings.reason_limit, start=owed.lost_at)
    state.owed = []
    hand_over(state, SUPPORT_MANAGER)


def forget(state: AccountState) -> None:
    """What is over leaves numbers, and what hung on it goes with it."""
    settled = [key for key in state.far if (o := state.obligation(key)) is None or o.standing in (Standing.MET, Standing.WAIVED)]
    for key in [*state.forget(), *settled]:
        state.far.pop(key, None)
        for wait in (f"{REASON}{key}", f"{GRACE}{key}"):
            state.waits.pop(wait, None)
    over = [call for call in state.calls if not state.owes(f"4.2/{call}")]
    for call in over[: max(0, len(over) - MOST_CALLS)]:
        del state.calls[call]


# --- the registers --------------------------------------------------------------------------------------------------


def put_call(state: AccountState, call: str, known: Call) -> None:
    """A call as it stands, in the state and in its register; an older row that is still unwritten is replaced."""
    state.calls[call] = known
    state.rows = [r for r in state.rows if not (isinstance(r, CallRow) and r.call == call)]
    state.put(
        CallRow(
            seq=state.next_seq(),
            call=call,
            partner=state.begun.partner,
            manager=known.manager,
            called_at=known.at,
            commented_at=known.commented_at,
            counts=known.counts,
            missing=known.missing,
        )
    )


def register(state: AccountState) -> None:
    """Queues the partner's row when it has changed; an older one that is still unwritten is replaced."""
    row = _partner_row(state)
    digest = hashlib.sha256(row.model_dump_json(exclude={"seq"}).encode()).hexdigest()[:16]
    if digest == state.filed:
        return
    state.filed = digest
    state.rows = [r for r in state.rows if not isinstance(r, PartnerRow)]
    state.put(row.model_copy(update={"seq": state.next_seq()}))


def _partner_row(state: AccountState) -> PartnerRow:
    begun, noted = state.begun, state.noted
    assert state.begun_at is not None  # noqa: S101 - it has begun
    said = noted.model_dump(exclude={"outlook"}) if noted is not None else {}
    return PartnerRow(
        seq=0,
        partner=begun.partner,
        name=begun.person.name,
        manager=begun.manager,
        active=state.at is AccountStage.ACTIVE,
        begun_at=state.begun_at,
        paid_until=begun.paid_until,
        last_contact_at=state.last_contact_at,
        next_activity_at=min((a.planned_at for a in state.activities.values()), default=None),
        calls=state.calls_made,
        poor_comments=state.poor_comments,
        outlook=(noted.outlook or "") if noted is not None else "",
        **said,
    )
