"""The duties of a lead: taking it into work (7.2), its booking (4.1.1), the measures that a violation allows (9), its row in the register.

`facts` and `creation` call what opens and ends; `decisions` calls, at every decision and in this order, `settle_in`, `lapse_booking` and
`supersede` before it records breaches, `propose_breach` for each of them, and last of all `register_lead`.

Tellings that are left for `tellings` (the role, what, values): ``lead/assigned`` to the centre, at once, for a hot lead that arrives or
gets hot; ``proposed`` to the sales support service (``clause``, ``proposal``, ``evidence``).
"""

from __future__ import annotations

from datetime import datetime

from regulations.case import UNMET, Evidence, Obligation, Refusal, Standing, Wait
from regulations.catalogue import text
from regulations.lead.messages import MeasureKind
from regulations.lead.rows import LeadRow, MeasureRow
from regulations.lead.state import (
    CLAUSES,
    ENDS,
    SALES_SUPPORT,
    TRANSITIONS,
    Booking,
    LeadState,
    Owed,
    Proposal,
    Status,
    centre_of,
    centre_role,
    manager_role,
)
from regulations.obligations import close, incident, open_obligation, put_obligation, settle_open, waive

BOOKING = "booking"
"""The wait at whose end the booking ends."""
SUPERSEDED = "superseded"
"""Note of a duty of 7.2 that a hotter or an older one with an earlier term stands in for (5.3)."""
MISSED_TERM: tuple[MeasureKind, ...] = ("move", "left_out_for_quarter", "left_out_for_good", "move_client", "close_product")
REMOVAL: tuple[MeasureKind, ...] = ("delete", "left_out_for_quarter", "left_out_for_good", "disconnect")
ALLOWS: dict[str, tuple[MeasureKind, ...]] = {
    **dict.fromkeys(CLAUSES.values(), MISSED_TERM),
    "8.2.1": REMOVAL,
    "8.2.2": ("move",),
    "8.2.3": ("move",),
    "8.2.4": REMOVAL,
}
"""Clause → the measures that its violation allows (9.1.1 to 9.1.5, 9.2, 9.3)."""


# --- 7.2: to be taken into work -------------------------------------------------------------------------------------


def arrive(state: LeadState, at: datetime, now: datetime, key: str) -> None:
    """3.4.2: the lead is at its centre from ``at`` on, by the message ``key``: 7.2 of its temperature runs; a hot one is told at once."""
    state.arrived_at = at
    open_duty(state, at, now)
    _announce(state, key, now)


def heat(state: LeadState, at: datetime, now: datetime, key: str) -> None:
    """5.3: a new lead has become hotter at ``at``: the clause of the new temperature runs from then on, beside the old one."""
    open_duty(state, at, now)
    _announce(state, key, now)


def _announce(state: LeadState, key: str, now: datetime) -> None:
    if state.temperature == "hot":
        state.tell(centre_role(state.centre), "lead/assigned", f"{state.round}/{key}", now, at_once=True)


def open_duty(state: LeadState, started_at: datetime, now: datetime) -> None:
    """Opens the clause of the present temperature for this round, from ``started_at`` on. Asked again it opens nothing.

    Before the case has its opening the duty is only kept; `settle_in` opens it.
    """
    clause = CLAUSES[state.temperature]
    known: list[Obligation | Owed] = [*of_round(state), *state.owed]
    of_clause = [o for o in known if o.clause == clause]
    if any(o.started_at == started_at for o in of_clause):
        return
    key = f"{clause}/{state.round}" + (f"/{len(of_clause) + 1}" if of_clause else "")
    state.owed.append(Owed(key=key, clause=clause, started_at=started_at, learnt_at=now))
    settle_in(state, now)


def settle_in(state: LeadState, now: datetime) -> None:
    """Does what needs the opening: opens the duties that are owed and the booking's end, and hands open duties to their present owner."""
    if state.opening is None:
        return
    for owed in state.owed:
        open_obligation(
            state,
            owed.key,
            clause=owed.clause,
            owner=state.owner,
            escalation=SALES_SUPPORT,
            started_at=owed.started_at,
            now=owed.learnt_at,
            term=state.term(owed.clause),
        )
    state.owed = []
    if state.booking is not None and state.booked and BOOKING not in state.waits:
        state.waits[BOOKING] = Wait(term=state.settings.booking, start=state.booking.started_at)
    if state.opening_stale:
        return  # who is at the new centre, or the new manager, is not known yet
    for o in of_round(state):
        if o.standing is Standing.OPEN and o.owner != state.owner:
            o.owner = state.owner
            put_obligation(state, o, pressing=True)
    _let_go_of_unknown_manager(state, now)


def _let_go_of_unknown_manager(state: LeadState, now: datetime) -> None:
    """6.1: a manager whom the centre does not know gets no lead; the centre is told, and owes 7.2 itself."""
    if state.manager is None or state.status in ENDS or state.owner == manager_role(state.centre, state.manager):
        return
    key = f"manager#{state.round}#{state.manager}"
    incident(state, key, "manager_unknown", now, f"lead 6.1: {state.centre}: {state.manager}")
    state.tell(centre_role(state.centre), "manager_unknown", key, now, {"manager": state.manager})
    state.manager = None


def of_round(state: LeadState, round: int | None = None) -> list[Obligation]:
    """The duties of 7.2 of a round; of this one unless said otherwise."""
    wanted = state.round if round is None else round
    return [o for o in state.obligations if round_of(o) == wanted]


def round_of(o: Obligation) -> int:
    """The arrival to which a duty of 7.2 belongs."""
    return int(o.key.split("/")[1])


def prove(state: LeadState, at: datetime, key: str, now: datetime) -> None:
    """The lead has left ``новая`` at ``at``: this discharges 7.2 of this round."""
    for owed in [o.key for o in of_round(state)] + [o.key for o in state.owed]:
        state.evidence.setdefault(owed, Evidence(happened_at=at, key=key))
    settle_open(state, now)


def waive_all(state: LeadState, at: datetime, note: str, now: datetime) -> None:
    """The lead ends or goes to another centre: what is proven is met once it is counted, the rest is let go with this note.

    A term that had run out before ``at`` is a breach all the same.
    """
    state.owed = [owed for owed in state.owed if owed.key in state.evidence]
    settle_open(state, now)
    for o in list(state.unmet()):
        if o.standing in UNMET and state.proof(o) is None:
            waive(state, o, at, note)


def supersede(state: LeadState) -> None:
    """5.3: of several terms of this round that run, the earliest stands; the later ones are let go. One that is paused waits its turn."""
    unmet = [o for o in of_round(state) if o.standing in UNMET and state.proof(o) is None]
    dues = sorted(((o.due, o) for o in unmet if o.due is not None), key=lambda pair: pair[0])
    for _, later in dues[1:]:
        if later.standing is Standing.OPEN:
            close(state, later, Standing.WAIVED, SUPERSEDED)


# --- statuses: 3.5, 3.6 ---------------------------------------------------------------------------------------------


def enter(state: LeadState, target: Status, at: datetime, key: str, now: datetime) -> None:
    """Changes the status by what the centre has done. Leaving ``новая`` so discharges 7.2."""
    assert target in TRANSITIONS[state.status]  # noqa: S101 - whoever calls has refused it by name
    if state.status is Status.NEW:
        prove(state, at, key, now)
    if target is Status.IN_PROGRESS:
        state.stage, state.taken_at = target, at
    else:
        close_lead(state, target, at, target, now)


def close_lead(state: LeadState, status: Status, at: datetime, note: str, now: datetime) -> None:
    """Puts the lead into a final status, in which nothing is owed any more. A booking that runs is ended before (`end_booking`)."""
    waive_all(state, at, note, now)
    state.stage, state.closed_at = status, at


# --- 4.1.1: booking -------------------------------------------------------------------------------------------------


def open_booking(state: LeadState, at: datetime, now: datetime) -> None:
    """4.1.1: from ``at`` on the client and the product are booked for the centre that holds the *connection*."""
    state.booking = Booking(started_at=at)
    state.waits.pop(BOOKING, None)
    state.note("booking_started", at, now, key=f"booking#{at.isoformat()}")
    settle_in(state, now)


def end_booking(state: LeadState, at: datetime, why: str, now: datetime) -> None:
    """Ends the booking that runs, if one does; ``why`` is one of the words of `Booking`."""
    state.waits.pop(BOOKING, None)
    if state.booking is not None and state.booked:
        state.booking = Booking.model_validate(state.booking.model_dump() | {"ended_at": at, "why": why})
        state.note("booking_ended", at, now, key=f"booking#{state.booking.started_at.isoformat()}", note=why)


def booked_until(state: LeadState) -> datetime | None:
    """The end of the booking that runs; None: none runs, or its end has yet to be counted."""
    wait = state.waits.get(BOOKING)
    return wait.plan.due if state.booked and wait is not None and wait.plan is not None else None


def booked_at(state: LeadState, at: datetime) -> bool:
    """Whether a booking runs at an instant. It ends with its last instant: whoever comes then finds none."""
    if state.booking is None:
        return False
    end = state.booking.ended_at or booked_until(state)
    return end is None or at < end


def lapse_booking(state: LeadState, now: datetime) -> None:
    """Ends a booking whose term has run out, at the instant at which it ran out."""
    end = booked_until(state)
    if end is not None and now >= end:
        end_booking(state, end, "term", now)


# --- 9: measures ----------------------------------------------------------------------------------------------------


def propose(
    state: LeadState,
    clause: str,
    evidence: str,
    at: datetime,
    now: datetime,
    *,
    round: int | None = None,
    centre: str | None = None,
    again: bool = False,
) -> None:
    """9.4: proposes the measures that a violation allows, once per clause and round, or ``again`` for a further violation of the clause.

    A person decides: the proposal goes to the register of measures and, as a telling, to the sales support service.
    """
    key = f"{state.uid}/{clause}/{state.round if round is None else round}"
    known = [p for p in state.proposals if p.key == key or p.key.startswith(f"{key}/")]
    if known and not again:
        return
    if known:
        key = f"{key}/{len(known) + 1}"
    proposal = Proposal(key=key, clause=clause, allows=ALLOWS[clause], centre=centre or state.centre, at=at, evidence=evidence)
    state.proposals.append(proposal)
    state.put(
        MeasureRow(
            seq=state.next_seq(),
            key=key,
            clause=clause,
            centre=proposal.centre,
            product=state.begun.product,
            allows=proposal.allows,
            evidence=evidence,
            proposed_at=at,
        )
    )
    state.note("proposed", at, now, key=key, note=f"{clause}: {evidence}")
    state.tell(SALES_SUPPORT, "proposed", key, now, {"clause": clause, "proposal": key, "evidence": evidence})


def propose_breach(state: LeadState, o: Obligation, now: datetime) -> None:
    """9.1: a recorded breach of 7.2 is proposed to be answered by a measure, against the centre that owed it, once per clause and round."""
    if o.breached_at is not None:
        evidence = text(state.language, "lead", "evidence", "breach", clause=o.clause, due=state.local(o.breached_at))
        propose(state, o.clause, evidence, o.breached_at, now, round=round_of(o), centre=centre_of(o.owner))


def propose_for_idleness(state: LeadState, at: datetime, now: datetime) -> None:
    """8.2.2: so many postponements in a row without a contact in between are proposed to be answered by a measure."""
    if state.opening is not None and state.postponements >= state.settings.idle_postponements:
        evidence = text(state.language, "lead", "evidence", "idle", count=state.postponements)
        propose(state, "8.2.2", evidence, at, now)


# --- the register of leads ------------------------------------------------------------------------------------------


def lead_row(state: LeadState) -> LeadRow:
    """The lead in this round as the register shall have it; ``seq`` is that of the row written last."""
    duties = of_round(state)
    shown = _shown(duties)
    begun = state.begun
    return LeadRow(
        seq=state.row.seq if state.row is not None else 0,
        round=state.round,
        client=state.address.split("/")[1],
        client_name=begun.client_name,
        product=begun.product,
        type=state.type,
        temperature=state.temperature,
        status=state.status,
        centre=state.centre,
        manager=state.manager,
        created_at=begun.happened_at,
        arrived_at=state.arrived_at or begun.happened_at,
        due=shown.due if shown is not None else None,
        due_text=shown.due_text if shown is not None else "",
        taken_at=state.taken_at,
        planned_on=state.planned_on,
        postponed_until=state.postponed_until,
        closed_at=state.closed_at,
        booked_until=booked_until(state),
        breached=any(_breached(o) for o in duties),
        link=begun.link,
    )


def _breached(o: Obligation) -> bool:
    return o.breached_at is not None and o.standing is not Standing.MET


def _shown(duties: list[Obligation]) -> Obligation | None:
    """The duty whose term the row shows: the one that is owed, else the one that was missed, else the one that was owed first."""
    return min(duties, key=lambda o: (o.standing not in UNMET, not _breached(o), o.due is None, o.due or o.started_at), default=None)


def register_lead(state: LeadState, status: Status | str | None = None) -> None:
    """Queues the row of this round when it has changed; an older one that is still unwritten is replaced. ``status``: ``moved``."""
    row = lead_row(state)
    if status is not None:
        row = row.model_copy(update={"status": status})
    if row == state.row:
        return
    state.row = row.model_copy(update={"seq": state.next_seq()})
    state.rows = [r for r in state.rows if not (isinstance(r, LeadRow) and r.round == state.round)]
    state.put(state.row)


def no_invoice_out(state: LeadState) -> None:
    """Billing's answer about an invoice decides how the lead ends: nothing else may before it."""
    if state.invoices or state.invoice_out is not None:
        raise Refusal("InvoicePending", "lead 4.1: an invoice is being looked up in billing; deliver this again after its answer")
