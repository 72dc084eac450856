"""What happens to a lead: every message applied by its clause. What our own activities answer is in `answers`.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy, so that a
refused fact leaves no trace. Nothing here decides what is due: that is `decisions`. Where a clause stands behind a refusal, its text
begins with it: ``lead 8.2.3: …``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from regulations.case import UNMET, Refusal
from regulations.clocks import calendar_changed
from regulations.lead.answers import learn_invoice, learn_letter, learn_standing
from regulations.lead.creation import begin, check_start, enquire_again, succeed
from regulations.lead.duties import (
    arrive,
    close_lead,
    end_booking,
    enter,
    lapse_booking,
    no_invoice_out,
    of_round,
    open_booking,
    propose,
    propose_for_idleness,
    register_lead,
    waive_all,
)
from regulations.lead.effects import InvoiceQuestion
from regulations.lead.messages import (
    Completed,
    ContactMade,
    ContactRecord,
    ContactsChanged,
    Created,
    DayPlanned,
    Declined,
    Deleted,
    InvoiceLinked,
    ManagerAssigned,
    Moved,
    OfLead,
    Postponed,
    StageNoted,
    TakenIntoWork,
    ToLead,
    TypeChanged,
    ViolationReported,
    WithdrawOfLead,
)
from regulations.lead.standing import books_client, contradiction
from regulations.lead.state import ENDS, PRINCIPAL, SALES_SUPPORT, LeadState, Status, centre_role
from regulations.messages import CalendarChanged, CaseMessage, Message
from regulations.obligations import AHEAD, LONGEST, admit, apply_to_docket, only, taken

__all__ = ["apply", "check_start", "learn_invoice", "learn_letter", "learn_standing", "succeed"]

BEFORE_CREATION = timedelta(days=1)
"""How long before a centre's own creation of a lead the contact that led to it may lie (8.2.3)."""
INVOICED = ("connection", "renewal", "upsell")
"""The types that a linked paid invoice, or a refusal, closes (4.1.1 to 4.1.3); the others are closed with a comment."""


def apply(state: LeadState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.created is None and not isinstance(message, Created):
        raise Refusal("NotBegun", "this lead has not begun; deliver lead.created first")
    admit(state, message, now)
    if state.status in ENDS:
        raise Refusal("Ended", f"the lead has ended as {state.stage}; a further enquiry opens a new one: deliver lead.created again")
    _check_address(state, message)
    lapse_booking(state, now)
    note = _take(state, message, now)
    taken(state, message, type(message).__name__, now, note)


def _check_address(state: LeadState, message: Message) -> None:
    """The message is about this client and product, and means the centre that holds the lead."""
    if state.created is None or not isinstance(message, OfLead):
        return
    # What stands for an INN in the address names the client as well: so do our own workflows, which know the address alone.
    named = message.client == state.address.split("/")[1] if message.client is not None else message.inn == state.begun.inn
    if not named or message.product != state.begun.product:
        raise Refusal("OtherLead", "client and product of the message are not those of this lead")
    if isinstance(message, ToLead):
        other_uid = message.uid is not None and message.uid != state.uid
        if other_uid or (message.centre is not None and message.centre != state.centre):
            raise Refusal("Passed", "this lead has passed to another centre")


def _take(state: LeadState, message: Message, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case Created():
            return begin(state, message, now) if state.created is None else enquire_again(state, message, now)
        case ContactMade():
            _contact(state, message.contact, message.happened_at, now)
            return _words(message.contact)
        case CalendarChanged():
            return calendar_changed(state, message, now)
    at = _moment(state, message)
    match message:
        case TakenIntoWork():
            return _take_into_work(state, message, at, now)
        case Postponed():
            return _postpone(state, message, at, now)
        case StageNoted():
            state.stages += 1
            return f"{message.stage}. {message.comment}".strip(" .")
        case InvoiceLinked():
            return _link(state, message, now)
        case Completed():
            return _complete(state, message, at, now)
        case Declined():
            return _decline(state, message, at, now)
        case TypeChanged():
            return _change_type(state, message, at, now)
        case ContactsChanged():
            state.contacts = list(message.contacts)
            state.standing_wanted = True
        case ManagerAssigned():
            state.opening_stale = state.opening_stale or state.manager != message.manager
            state.manager = message.manager
            return message.manager
        case DayPlanned():
            return _plan_day(state, message, now)
        case Moved():
            return _move(state, message, at, now)
        case Deleted():
            return _delete(state, message, at, now)
        case ViolationReported():
            only((SALES_SUPPORT,), message.by, "report a violation to the machine")
            propose(state, message.clause, message.evidence, at, now, again=True)
            return f"{message.clause}: {message.evidence}"
        case WithdrawOfLead():
            only((SALES_SUPPORT,), message.by, "withdraw a lead")
            return _withdraw(state, message.key, message.reason, at, now, "ended")
        case CaseMessage():
            return apply_to_docket(state, message, now)
        case _:
            raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a lead")
    return ""


def _moment(state: LeadState, message: Message) -> datetime:
    """When something happened to the lead as it stands: not before its arrival, nor before it was taken into work.

    Clocks outside may differ a little: what lies before by no more than that counts as the same moment.
    """
    since = max(filter(None, (state.arrived_at, state.taken_at)))
    if message.happened_at < since - AHEAD:
        raise Refusal("ImpossibleDate", f"happened_at lies before the lead {'was taken into work' if state.taken_at else 'arrived'}")
    return max(message.happened_at, since)


# --- statuses: 3.5, 3.6 ---------------------------------------------------------------------------------------------


def _no_transition(state: LeadState, target: Status, why: str) -> Refusal:
    return Refusal("Transition", f"lead {why.partition(':')[0]}: from {state.status} to {target}: {why.partition(':')[2].strip()}")


def _contact(state: LeadState, record: ContactRecord, said_at: datetime, now: datetime) -> None:
    """8.2.3: keeps a contact with the client: at this centre, and not one that is yet to be."""
    at = record.at or said_at
    if at > now + AHEAD:
        raise Refusal("FromTheFuture", "lead 8.2.3: the contact lies in the future by more than 5 minutes; record it once it was made")
    own = state.round == 1 and state.begun.creator == "centre"
    arrived = state.arrived_at or at
    if at < arrived - (BEFORE_CREATION if own else AHEAD):
        raise Refusal("ImpossibleDate", "lead 8.2.3: the contact lies before the lead arrived at this centre; correct its date")
    if state.contact is None or state.contact.at is None or at >= state.contact.at:
        state.contact = record.model_copy(update={"at": at})
    state.contacted_at = min(at, state.contacted_at or at)
    state.postponements = 0


def _need_contact(state: LeadState, at: datetime, what: str) -> None:
    if state.contacted_at is None:
        raise Refusal(
            "NoContact", f"lead 8.2.3: {what} needs a contact with the client: give 'contact', or record it first with lead.contact_made"
        )
    if state.contacted_at > at + AHEAD:
        raise Refusal("NoContact", f"lead 8.2.3: {what} comes after the contact with the client, not before it; correct the dates")


def _words(record: ContactRecord) -> str:
    return f"{record.channel}: {record.with_whom}. {record.outcome}"


def _take_into_work(state: LeadState, message: TakenIntoWork, at: datetime, now: datetime) -> str:
    if state.status is not Status.NEW:
        raise _no_transition(state, Status.IN_PROGRESS, "3.5.2: it is taken into work already")
    if message.contact is not None:
        _contact(state, message.contact, message.happened_at, now)
    _need_contact(state, at, "taking into work")
    enter(state, Status.IN_PROGRESS, at, message.key, now)
    return _words(message.contact) if message.contact is not None else ""


def _postpone(state: LeadState, message: Postponed, at: datetime, now: datetime) -> str:
    """6.3: a new lead is taken into work by it. 8.2.2: postponing again and again without a contact is proposed to be answered."""
    if message.until <= now:
        raise Refusal("PastDate", "lead 6.3: a lead is put off to a future date; 'until' lies in the past")
    if message.until > now + LONGEST:
        raise Refusal("TooFar", f"lead 6.3: a lead is put off by at most {LONGEST.days} days")
    if message.contact is not None:
        _contact(state, message.contact, message.happened_at, now)
    if state.status is Status.NEW:
        _need_contact(state, at, "postponing a new lead")
        enter(state, Status.IN_PROGRESS, at, message.key, now)
    state.postponed_until = message.until
    state.postponements += 1
    propose_for_idleness(state, at, now)
    return state.local(message.until) + (f". {_words(message.contact)}" if message.contact is not None else "")


# --- closing: 4.1 ---------------------------------------------------------------------------------------------------


def _link(state: LeadState, message: InvoiceLinked, now: datetime) -> str:
    if state.type not in INVOICED:
        raise Refusal("NoInvoice", f"lead 4.1.4, 4.1.5: a lead of the type {state.type} has no invoice; complete it with a comment")
    if state.status is not Status.IN_PROGRESS:
        raise _no_transition(state, Status.COMPLETED, "3.5.3: a new lead is taken into work before an invoice completes it")
    _no_contradiction(state)
    if any(question.invoice == message.invoice for question in state.invoices):
        raise Refusal("InvoicePending", "lead 4.1: this invoice waits to be looked up in billing already")
    begun = state.begun
    state.invoices.append(
        InvoiceQuestion(
            key=f"{state.uid}#4.1#{message.key}",
            invoice=message.invoice,
            client=begun.client,
            inn=begun.inn,
            product=begun.product,
            case_uid=state.uid,
            address=state.address,
            now=now,
        )
    )
    return message.invoice


def _no_contradiction(state: LeadState) -> None:
    if state.type_contradicted:
        raise Refusal(
            "BillingContradicts", f"lead 8.1.3: billing contradicts the type {state.type}; set it right first with lead.type_changed"
        )


def _complete(state: LeadState, message: Completed, at: datetime, now: datetime) -> str:
    if state.type in INVOICED:
        raise _no_transition(
            state, Status.COMPLETED, f"4.1: the type {state.type} is completed by a linked paid invoice: use lead.invoice_linked"
        )
    if state.type == "service" and state.status is Status.NEW:
        raise _no_transition(state, Status.COMPLETED, "4.1.4: a service lead is taken into work before it is completed")
    enter(state, Status.COMPLETED, at, message.key, now)
    return message.comment


def _decline(state: LeadState, message: Declined, at: datetime, now: datetime) -> str:
    if state.type not in INVOICED:
        raise _no_transition(
            state, Status.DECLINED, f"4.1.4, 4.1.5: the type {state.type} is closed with a comment on what was done: use lead.completed"
        )
    no_invoice_out(state)
    end_booking(state, at, "declined", now)
    enter(state, Status.DECLINED, at, message.key, now)
    return message.reason


def _change_type(state: LeadState, message: TypeChanged, at: datetime, now: datetime) -> str:
    """8.1.3: within 4.1, as far as billing has said. A change to *connection* opens the booking, a change away from it ends it."""
    before = state.type
    if message.type == before:
        raise Refusal("SameType", f"lead 8.1.3: the lead has the type {before} already")
    no_invoice_out(state)
    if state.standing is not None and state.opening is not None:
        months = state.settings.unused_months
        if why := contradiction(message.type, state.standing, at, months, state.offset):
            raise Refusal("BillingContradicts", f"{why}; choose another type")
    state.type, state.typed_at = message.type, at
    state.type_contradicted = False
    state.standing_wanted = True
    if before == "connection":
        end_booking(state, at, "retyped", now)
    if message.type == "connection":
        open_booking(state, at, now)
    return message.type


# --- planning, moving, ending ---------------------------------------------------------------------------------------


def _plan_day(state: LeadState, message: DayPlanned, now: datetime) -> str:
    """6.2: only a warm or cold new lead, and never after its term, which this does not move."""
    if state.status is not Status.NEW:
        raise Refusal("NotNew", f"lead 6.2: only new leads are spread over days; this one is {state.status}")
    if state.temperature == "hot":
        raise Refusal("HotLead", "lead 6.2: a hot lead is not spread over days: it is due within hours")
    owed = [o for o in of_round(state) if o.standing in UNMET]
    if state.opening is None or state.opening_stale or any(o.plan is None for o in owed):
        raise Refusal("NotCounted", "lead 6.2: the term of the lead has yet to be counted; deliver this again in a minute")
    if message.day < (now + state.offset).date():
        raise Refusal("PastDate", "lead 6.2: the day lies in the past; name one from today on")
    last = min((o.plan.due_day for o in owed if o.plan is not None), default=None)
    if last is not None and message.day > last:
        raise Refusal("AfterDue", f"lead 6.2: the day lies after the term of the lead; name one up to {last:%d.%m.%Y}")
    state.planned_on = message.day
    return f"{message.day:%d.%m.%Y}"


def _move(state: LeadState, message: Moved, at: datetime, now: datetime) -> str:
    """5.2: arrival and term start anew at the other centre, and so does a booking; the row of this one stays.

    What bars an ordinary move, a cold temperature or a client who is booked by billing, does not bar a measure: its decision is a person's.
    """
    if message.measure is None:
        only((PRINCIPAL, SALES_SUPPORT), message.by, "move a lead")
        _may_move(state, at)
    else:
        only((SALES_SUPPORT,), message.by, "move a lead by a measure")
        _by_measure(state, message.measure, {"move", "move_client"})
    if message.to == state.centre:
        raise Refusal("SameCentre", "lead 5.2: the lead is at this centre already; name another one")
    no_invoice_out(state)
    before = state.centre
    end_booking(state, at, "moved", now)
    waive_all(state, at, "moved", now)
    register_lead(state, "moved")
    state.tell(centre_role(before), "passed", message.key, now, {"reason": message.reason})
    state.round += 1
    state.centre, state.manager, state.opening_stale = message.to, None, True
    state.stage = Status.NEW
    state.contact = state.contacted_at = state.taken_at = state.planned_on = state.postponed_until = state.row = None
    state.postponements = 0
    arrive(state, at, now, message.key)
    if state.type == "connection" and not state.type_contradicted:
        open_booking(state, at, now)
    return f"{before} → {message.to}: {message.reason}"


def _may_move(state: LeadState, at: datetime) -> None:
    """5.2: what bars an ordinary move."""
    if state.temperature == "cold":
        raise Refusal("ColdLead", "lead 5.2.3: a cold lead does not move to another centre, unless by a measure decided under 9.4")
    if state.standing is None:
        raise Refusal("BillingUnheard", "lead 5.2.1, 5.2.2: billing has yet to say whether it books the client; deliver this again later")
    if books_client(state.standing, at):
        raise Refusal("Booked", "lead 5.2.1, 5.2.2: an invoice or a paid period books the client: the lead stays at its centre")


def _by_measure(state: LeadState, key: str, measures: set[str]) -> None:
    """9.4: a measure carries out what this lead has proposed against the centre that holds it."""
    proposal = next((p for p in state.proposals if p.key == key), None)
    if proposal is None or not measures & set(proposal.allows):
        raise Refusal("NoSuchProposal", "lead 9.4: this lead has made no proposal with this key that allows the measure")
    if proposal.centre != state.centre:
        raise Refusal("Passed", "this lead has passed to another centre")


def _delete(state: LeadState, message: Deleted, at: datetime, now: datetime) -> str:
    only((SALES_SUPPORT,), message.by, "have a lead deleted")
    _by_measure(state, message.measure, {"delete"})
    return _withdraw(state, message.key, message.reason, at, now, "deleted")


def _withdraw(state: LeadState, key: str, reason: str, at: datetime, now: datetime, telling: str) -> str:
    """9.2, or a decision of the sales support service: closed as withdrawn, the history stays."""
    end_booking(state, at, "withdrawn", now)
    close_lead(state, Status.WITHDRAWN, at, telling if telling == "deleted" else "withdrawn", now)
    state.tell(centre_role(state.centre), telling, key, now, {"reason": reason})
    return reason
