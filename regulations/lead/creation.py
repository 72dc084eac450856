"""An enquiry of a client about a product: it begins a lead, updates the one there is, or takes its address over (3.1, 3.2, 3.6, 5.3)."""

from __future__ import annotations

from datetime import datetime

from regulations.case import Refusal
from regulations.lead.duties import BOOKING, arrive, booked_at, close_lead, heat, no_invoice_out, open_booking
from regulations.lead.messages import Contact, Created, Origin, Temperature
from regulations.lead.state import HOTTER, TEMPERATURES, LeadState, Status, centre_role
from regulations.obligations import check_instant

OF_CLIENT: frozenset[Origin] = frozenset(
    {
        "registration",
        "connection_request",
        "demo_order",
        "consultation_order",
        "presentation_order",
        "call_order",
        "test_drive_order",
        "other",
    }
)
"""The origins of Appendix 1 that a client's own action can have."""
MOST_CONTACTS = 50
"""How many contacts a lead keeps: further ones of further enquiries stand in the trail by their number alone."""


def check_start(created: Created, now: datetime) -> None:
    """The checks that a door makes before a lead begins, and the lead for every further enquiry.

    Raises:
        Refusal: ``FromTheFuture``, ``ImpossibleDate`` or ``WrongOrigin`` (Appendix 1).
    """
    check_instant(created.happened_at, now, "the enquiry")
    if created.creator == "client" and created.origin not in OF_CLIENT:
        raise Refusal(
            "WrongOrigin",
            f"lead App. 1: the origin {created.origin} is no action of a client; name the principal or the centre as its creator",
        )
    if created.creator == "centre" and created.origin == "principal":
        raise Refusal("WrongOrigin", "lead App. 1: a lead that a service centre creates does not come from the principal; name its origin")


def temperature_of(created: Created) -> Temperature:
    """5.1, Appendix 1: the origin decides; for 'other' its sender has said it (8.1.3)."""
    return created.temperature or TEMPERATURES[created.origin]


def begin(state: LeadState, created: Created, now: datetime) -> str:
    """Begins the lead with its first enquiry; gives the words for the trail."""
    check_start(created, now)
    state.created = created
    state.type, state.typed_at = created.type, created.happened_at
    state.temperature = temperature_of(created)
    state.centre, state.manager = created.centre, created.manager
    state.contacts = list(created.contacts)
    state.stage = Status.NEW
    state.standing_wanted = True
    state.answer = "created"
    arrive(state, created.happened_at, now, created.key)
    if created.type == "connection":
        open_booking(state, created.happened_at, now)
    return _words(created)


def enquire_again(state: LeadState, created: Created, now: datetime) -> str:
    """A further enquiry of the same client about the same product, in the order of checks at creation; gives the words for the trail.

    Raises:
        Refusal: as `check_start`; ``Booked`` with the end of the holder's booking and nothing else of its lead.
    """
    check_start(created, now)
    came = min(created.happened_at, now)
    stranger = created.creator == "centre" and created.centre != state.centre
    if stranger:
        booked = booked_at(state, came)
        theirs = state.type == "connection" and state.booking is not None
        if theirs and not booked and created.type == "connection":
            return _give_way(state, created, now)
        if booked:
            raise Refusal("Booked", f"lead 4.1.1: the client is booked for another service centre {_booking_end(state)}")
    state.answer, state.discreet = ("exists", True) if stranger else ("updated", False)
    left_out = _update(state, created, now)
    return _words(created) + (f" (+{left_out})" if left_out else "")


def _booking_end(state: LeadState) -> str:
    wait = state.waits.get(BOOKING)
    if wait is not None and wait.plan is not None:
        return f"until {wait.plan.due_text}; create the lead after that"
    if state.booking is not None and state.booking.ended_at is not None:
        return f"until {state.local(state.booking.ended_at)}, which was after this enquiry"
    return "for a time that has yet to be counted; deliver it again in a minute"


def _give_way(state: LeadState, created: Created, now: datetime) -> str:
    """3.6: the booking has ended, and another centre opens its own. This lead is blocked; the other one takes the address over.

    While an invoice is being looked up its answer is waited for: paid, it completes this lead.
    """
    no_invoice_out(state)
    at = max(created.happened_at, state.taken_at or state.arrived_at or created.happened_at)
    close_lead(state, Status.BLOCKED, at, "blocked", now)
    state.successor = created
    state.answer, state.discreet = "created", True
    state.tell(centre_role(state.centre), "blocked", created.key, now)
    return _codes(created)


def succeed(state: LeadState, uid: str, now: datetime) -> LeadState:
    """3.6: the lead of the centre that takes the address over, begun by its own creation. What was counted once counts no second time."""
    if state.successor is None:
        raise LookupError("no lead waits to take this address over")
    lead = LeadState(kind=state.kind, address=state.address, uid=uid, stage=Status.NEW, revision=state.revision, seen=dict(state.seen))
    created = state.successor
    words = begin(lead, created, now)
    lead.note("Created", created.happened_at, now, key=created.key, source=created.source, note=words)
    return lead


def _update(state: LeadState, created: Created, now: datetime) -> int:
    """5.3: temperature, contacts, link and manager of the lead there is; gives the number of contacts for which there was no room."""
    temperature, before = temperature_of(created), state.temperature
    state.temperature = temperature
    if state.status is Status.NEW and HOTTER[temperature] > HOTTER[before]:
        arrived = state.arrived_at or created.happened_at
        heat(state, max(created.happened_at, arrived), now, created.key)
    known = {_reach(contact) for contact in state.contacts}
    new = [contact for contact in created.contacts if _reach(contact) not in known]
    room = max(0, MOST_CONTACTS - len(state.contacts))
    if new[:room]:
        state.contacts += new[:room]
        state.standing_wanted = True
    if created.link is not None and state.begun.link is None:
        state.created = state.begun.model_copy(update={"link": created.link})
    if created.manager is not None and state.manager is None and created.centre == state.centre:
        state.manager, state.opening_stale = created.manager, True
    return len(new[room:])


def _reach(contact: Contact) -> tuple[str, str]:
    """By what a contact is told from others: its phone and e-mail; without both, its name."""
    digits = "".join(c for c in contact.phone or "" if c.isdigit())
    if len(digits) == 11 and digits[0] == "8":
        digits = f"7{digits[1:]}"  # the same number as it is dialled within Russia
    email = (contact.email or "").casefold()
    return (digits, email) if digits or email else (contact.name.casefold(), "")


def _words(created: Created) -> str:
    """The enquiry for the trail: codes, then the words of its sender."""
    said = " ".join(filter(None, (created.temperature_reason, created.comment)))
    return f"{_codes(created)}. {said}" if said else _codes(created)


def _codes(created: Created) -> str:
    return f"{created.creator} {created.centre}: {created.type}, {created.origin}"
