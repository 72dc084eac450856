"""What our own activities answer a lead: billing about its client, billing about an invoice, the post about a letter."""

from __future__ import annotations

from datetime import datetime

from regulations import correspondence
from regulations.effects import Letter, LetterOutcome
from regulations.lead.duties import end_booking, enter, open_booking
from regulations.lead.effects import ClientStanding, InvoiceAnswer, InvoiceQuestion
from regulations.lead.standing import contradiction
from regulations.lead.state import ENDS, SALES_SUPPORT, LeadState, Status, centre_role
from regulations.obligations import incident


def learn_standing(state: LeadState, answer: ClientStanding, now: datetime) -> None:
    """Takes what billing knows of the client, and which contacts look made up (8.2.4): the proposal is `decisions`'.

    A type that billing contradicts (4.1.1, 4.1.3) is an incident, and its booking ends; where billing takes that back it runs on.
    """
    state.looking_up = False
    if state.status in ENDS:
        return  # the question was on its way when the lead ended
    state.standing = answer
    since = state.typed_at or state.begun.happened_at
    why = contradiction(state.type, answer, since, state.settings.unused_months, state.offset)
    if why and not state.type_contradicted:
        state.type_contradicted = True
        end_booking(state, now, "contradicted", now)
        key = f"type#{state.type}#{since.isoformat()}"
        incident(state, key, "type_contradicted", now, why)
        for role in (centre_role(state.centre), SALES_SUPPORT):
            state.tell(role, "type_contradicted", key, now, {"type": state.type})
    elif not why and state.type_contradicted:
        state.type_contradicted = False
        if state.booking is not None and state.booking.why == "contradicted":
            open_booking(state, state.booking.started_at, now)


def learn_invoice(state: LeadState, question: InvoiceQuestion, answer: InvoiceAnswer, now: datetime) -> None:
    """4.1.1 to 4.1.3: a paid invoice of this client and product completes the lead; any other answer is an incident, and the lead stays.

    What a lead learns after its end changes nothing: a person is told that an invoice is linked to it.
    """
    state.invoice_out = None
    if state.status is Status.IN_PROGRESS and answer.result == "linked":
        state.invoice = question.invoice
        at = max(question.now, state.taken_at or question.now)
        state.note("invoice", at, now, key=question.key, source="billing", note=question.invoice)
        end_booking(state, at, "paid", now)
        enter(state, Status.COMPLETED, at, question.key, now)
        return
    what = f"invoice_{answer.result}"
    incident(state, question.key, what, now, f"lead 4.1: {question.invoice}")
    state.tell(state.owner, what, question.key, now, {"invoice": question.invoice})


def learn_letter(state: LeadState, letter: Letter, outcome: LetterOutcome | None, now: datetime) -> None:
    """Takes what became of a letter; None: the post refused it for good."""
    correspondence.learn_letter(state, letter, outcome, SALES_SUPPORT, now)
