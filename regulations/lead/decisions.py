"""What a lead does now: the pure decision over its state and the time, clause by clause."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regulations.breaches import (
    earliest_wake,
    end_pauses,
    keys,
    newly_breached,
    remind,
    reminder_due,
    run_out,
    settle_all,
    tell_breach,
    tell_undone,
    tell_withdrawn,
    uncounted,
)
from regulations.case import Obligation
from regulations.catalogue import text
from regulations.effects import Letter
from regulations.lead.duties import (
    BOOKING,
    lapse_booking,
    propose,
    propose_breach,
    propose_for_idleness,
    register_lead,
    round_of,
    settle_in,
    supersede,
)
from regulations.lead.effects import ClientQuestion, InvoiceQuestion
from regulations.lead.state import ENDS, KIND, SALES_SUPPORT, LeadState
from regulations.lead.tellings import say


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: LeadState
    letters: list[Letter] = field(default_factory=list)
    look_up: ClientQuestion | None = None
    link: InvoiceQuestion | None = None
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return bool(self.letters or self.look_up or self.link)


def decide(before: LeadState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is.

    All terms must have been counted (`regulations.clocks.terms_to_plan` gives none).
    """
    state = before.model_copy(deep=True)
    decision = Decision(state)
    settle_in(state, now)
    end_pauses(state, now)
    lapse_booking(state, now)
    withdrawn = settle_all(state, now)
    supersede(state)
    run_out(state, now)
    withdrawn += settle_all(state, now)
    _withdraw_breaches(state, withdrawn, now)
    _remind(state, now)
    _tell_breaches(state, now)
    _propose(state, now)
    decision.letters = say(state, now)
    state.letters_out += [letter.key for letter in decision.letters]
    _ask_billing(state, decision)
    _link_next(state, decision, now)
    register_lead(state)
    if state.status in ENDS:
        state.ended, state.outcome = not _unfinished(state), state.stage
    if (wake := earliest_wake(state, now, (BOOKING,))) is not None:
        decision.wake_at, decision.wake_for = wake
    return decision


# --- 7.2, 9.1 -------------------------------------------------------------------------------------------------------


def _remind(state: LeadState, now: datetime) -> None:
    """One reminder to the owner before the term."""
    for o in state.unmet():
        if (at := reminder_due(state, o, now)) is not None:
            remind(state, o, at, now)


def _tell_breaches(state: LeadState, now: datetime) -> None:
    """A missed term is told to the owner, the head of the centre and the sales support service, and measures are proposed (9.1)."""
    for o in newly_breached(state):
        tell_breach(state, o)
        propose_breach(state, o, now)


def _withdraw_breaches(state: LeadState, withdrawn: list[Obligation], now: datetime) -> None:
    """Who was told of a breach is told that it was none; what was proposed for it has lost its ground."""
    undone = [o for o in state.obligations if o.undone is not None and o.undone.escalated]
    for o in [*(o for o in withdrawn if o.escalated), *undone]:
        proposal = next((p for p in state.proposals if p.key == f"{state.uid}/{o.clause}/{round_of(o)}"), None)
        if proposal is not None:
            about = f"{proposal.key}#{keys([o])}"
            state.tell(SALES_SUPPORT, "measure_unfounded", about, now, {"clause": o.clause, "proposal": proposal.key})
    tell_withdrawn(state, withdrawn, now)
    tell_undone(state, now)


# --- 8.2, 9.2, 9.3 --------------------------------------------------------------------------------------------------


def _propose(state: LeadState, now: datetime) -> None:
    """What the machine sees of what 8.2 forbids is proposed to be answered by a measure, with its evidence."""
    propose_for_idleness(state, now, now)
    _propose_for_unused_booking(state, now)
    _propose_for_made_up_contacts(state, now)


def _propose_for_unused_booking(state: LeadState, now: datetime) -> None:
    """8.2.1: a *connection* that kept the client booked for the whole term, without a stage of the work or an invoice."""
    booking = state.booking
    if booking is None or booking.why != "term" or booking.ended_at is None or state.status in ENDS or state.type != "connection":
        return
    if state.stages or state.invoice or state.invoices or state.invoice_out:
        return
    since, until = state.local(booking.started_at), state.local(booking.ended_at)
    propose(state, "8.2.1", _evidence(state, "unused", since=since, until=until), booking.ended_at, now)


def _propose_for_made_up_contacts(state: LeadState, now: datetime) -> None:
    """8.2.4: contacts that look made up; the evidence names which, never what stands in them."""
    if state.standing is None or not state.standing.made_up or state.standing_wanted or state.looking_up or state.status in ENDS:
        return
    which = ", ".join(_contact(state, code) for code in state.standing.made_up)
    creator = text(state.language, KIND, "evidence", "creator", state.begun.creator)
    propose(state, "8.2.4", _evidence(state, "made_up", which=which, creator=creator), now, now)


def _contact(state: LeadState, code: str) -> str:
    index, _, what = code.partition(":")
    return _evidence(state, what, number=int(index) + 1)


def _evidence(state: LeadState, what: str, **values: object) -> str:
    return text(state.language, KIND, "evidence", what, **values)


# --- billing --------------------------------------------------------------------------------------------------------


def _ask_billing(state: LeadState, decision: Decision) -> None:
    """4.1.1, 4.1.3, 5.2.1, 8.2.4: one question at a time; what has ended asks nothing."""
    if state.status in ENDS:
        state.standing_wanted = False
    elif state.standing_wanted and not state.looking_up:
        state.standing_wanted, state.looking_up = False, True
        begun = state.begun
        decision.look_up = ClientQuestion(client=begun.client, inn=begun.inn, product=begun.product, contacts=tuple(state.contacts))


def _link_next(state: LeadState, decision: Decision, now: datetime) -> None:
    """4.1: one invoice after the other, in order; a lead that has ended takes none."""
    if state.status in ENDS:
        state.invoices = []
    elif state.invoices and state.invoice_out is None:
        decision.link = state.invoices.pop(0).model_copy(update={"now": now})
        state.invoice_out = decision.link.key


# --- the end --------------------------------------------------------------------------------------------------------


def _unfinished(state: LeadState) -> bool:
    """Whether an ending lead has yet to say something, or to learn what became of an invoice.

    The letter of its arrival and what billing would say of its client matter no more: with both away the next lead begins at once.
    """
    return bool(state.tells or state.owed or state.invoice_out or uncounted(state))
