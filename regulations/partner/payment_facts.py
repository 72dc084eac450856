"""What happens to an incoming payment: messages from outside, and what its own activities answered.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy. Nothing here
decides what is due: that is `payment_decisions`.
"""

from __future__ import annotations

from datetime import datetime

from regulations.amounts import money
from regulations.case import Refusal
from regulations.catalogue import text
from regulations.clause_case import owe, prove
from regulations.clocks import calendar_changed
from regulations.effects import CaseMessageToTell, Told
from regulations.messages import CalendarChanged, CaseMessage, Message
from regulations.obligations import admit, apply_to_docket, check_instant, incident, not_before, only, taken
from regulations.partner.case import FINANCE, HEAD_OF_FINANCE
from regulations.partner.effects import RETURNED, AssignAnswer, PaymentMatch, RefundAnswer, Share
from regulations.partner.payment_messages import Assigned, OfPayment, PaymentArrived, Refunded
from regulations.partner.payment_state import ENDS, KIND, Allocation, PaymentStage, PaymentState, Returned
from regulations.partner.services import ZERO

LEFT = "payment_left"
"""The telling of what is left: it names the term of 7.2, and waits until that is counted."""


def payment_address(message: OfPayment) -> str:
    """The workflow id that a message goes to."""
    return f"{KIND}/{message.reference}"


def check_payment(message: PaymentArrived, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: ``FromTheFuture`` or ``ImpossibleDate``, of the posting.
    """
    check_instant(message.happened_at, now, "happened_at, the bank's posting time,")


def apply(state: PaymentState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.started is None and not isinstance(message, PaymentArrived):
        raise Refusal("NotBegun", "this payment is not known; deliver partner-payment.arrived first")
    admit(state, message, now)
    if state.at in ENDS:
        raise Refusal("Ended", f"the payment has ended as {state.stage}: nothing of it is left")
    if isinstance(message, OfPayment) and state.address != payment_address(message):
        raise Refusal("OtherPayment", "the reference of the message is not that of this payment")
    note = _take(state, message, now)
    taken(state, message, type(message).__name__, now, note)


def _take(state: PaymentState, message: Message, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case PaymentArrived():
            return _begin(state, message, now)
        case Assigned():
            _step(state, message, "allocate a payment")
            amount = text(state.language, KIND, "case", "rest") if message.amount is None else _money(state, message)
            return f"{message.invoice}: {amount} ({message.reason})"
        case Refunded():
            _step(state, message, "return a payment")
            return f"{message.refund}: {_money(state, message)}"
        case CalendarChanged():
            return calendar_changed(state, message, now)
        case CaseMessage():
            return apply_to_docket(state, message, now)
        case _:
            raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a payment")


def _money(state: PaymentState, message: Assigned | Refunded) -> str:
    return money(message.amount or ZERO, state.begun.currency)


def _begin(state: PaymentState, message: PaymentArrived, now: datetime) -> str:
    if state.started is not None:
        raise Refusal("Open", "partner 7.2: a payment with this reference came before; every payment has a reference of its own")
    check_payment(message, now)
    state.started = message
    return money(message.amount, message.currency)


# --- 7.2: what finance does -----------------------------------------------------------------------------------------


def _step(state: PaymentState, message: Assigned | Refunded, what: str) -> None:
    """Finance allocates or returns: taken by the ledger one after the other; never more than is left."""
    only((FINANCE, HEAD_OF_FINANCE), message.by, what)
    not_before(message.happened_at, state.begun.happened_at, "the payment")
    if state.match is None:
        raise Refusal("Matching", "partner 7.2: the payment is still being matched with the invoices; deliver this again in a minute")
    free = state.left - sum((step.amount or ZERO for step in state.steps), ZERO)
    if free <= 0 or (message.amount or ZERO) > free:
        raise Refusal("TooMuch", f"partner 7.2: only {free} {state.begun.currency} of this payment is left; name no more than that")
    if isinstance(message, Refunded) and message.refund in _known_refunds(state):
        raise Refusal("RefundKnown", "partner 7.2: a return with this reference is entered already; every return has one of its own")
    state.steps.append(message)


def _known_refunds(state: PaymentState) -> set[str]:
    return {r.refund for r in state.refunds} | {step.refund for step in state.steps if isinstance(step, Refunded)}


# --- what the ledger answered ---------------------------------------------------------------------------------------


def learn_match(state: PaymentState, answer: PaymentMatch | None, now: datetime) -> None:
    """Takes what the rules found; None: the ledger refuses it for good, since it has another payment under this reference."""
    state.matching = False
    if answer is None:
        state.stage = PaymentStage.REFUSED
        incident(state, "match", "payment_refused", now, f"partner 7.2: {state.begun.reference}")
        for role in (FINANCE, HEAD_OF_FINANCE):
            state.tell(role, "payment_refused", "match", now, {"clause": "7.2", "reference": state.begun.reference})
        return
    state.match = answer
    state.note("match", now, now, key="match", note=text(state.language, KIND, "verdict", answer.verdict))
    for share in answer.shares:
        _allocate(state, "match", share)
    if answer.left:
        state.stage = PaymentStage.RETURNING if answer.verdict in RETURNED else PaymentStage.UNDECIDED
        owe(state, "7.2", state.begun.happened_at, now)
        state.tell(FINANCE, LEFT, "match", now)
    else:
        state.stage = PaymentStage.SETTLED


def learn_step(state: PaymentState, answer: AssignAnswer | RefundAnswer | None, now: datetime) -> None:
    """Takes what the ledger said of the step of finance that was under way; None: refused for good.

    What the ledger does not take is told to finance, with the reason. 7.2 is met once nothing is left, at the time of the last step.
    """
    step, state.step_out = state.steps.pop(0), False
    if answer is None or answer.result not in ("assigned", "entered"):
        _not_taken(state, step, "conflict" if answer is None else answer.result, now)
        return
    if isinstance(step, Refunded):
        state.refunds.append(Returned(refund=step.refund, amount=step.amount))
    elif isinstance(answer, AssignAnswer) and answer.share is not None:
        _allocate(state, step.key, answer.share)
    if state.stepped_at is None or step.happened_at >= state.stepped_at:
        state.stepped_at, state.stepped_key = step.happened_at, step.key
    state.note("taken", step.happened_at, now, key=f"taken#{step.key}", source="billing", note=money(state.left, state.begun.currency))
    if not state.left:
        state.stage = PaymentStage.SETTLED
        prove(state, state.newest("7.2"), state.stepped_at, state.stepped_key, now)


def _allocate(state: PaymentState, step: str, share: Share) -> None:
    allocation = Allocation(step=step, share=share)
    state.allocations.append(allocation)
    state.to_tell.append(allocation)


def _not_taken(state: PaymentState, step: Assigned | Refunded, result: str, now: datetime) -> None:
    what = step.invoice if isinstance(step, Assigned) else step.refund
    kind = "assign" if isinstance(step, Assigned) else "refund"
    why = text(state.language, KIND, kind, result)
    incident(state, f"step#{step.key}", f"payment_not_{kind}ed", now, f"partner 7.2: {what}: {result}")
    state.tell(FINANCE, f"payment_not_{kind}ed", f"step#{step.key}", now, {"clause": "7.2", "what": what, "why": why})


# --- what the cases of the invoices answered ------------------------------------------------------------------------


def learn_told(state: PaymentState, message: CaseMessageToTell, told: Told | None, now: datetime) -> None:
    """Takes what the case of an invoice said to its share; None: it could not be reached for a day.

    One that is over or refuses it leaves the share where it is, in the ledger: what becomes of that money is for people to say.
    """
    state.telling -= 1
    key = str(message.message["key"])
    if told is not None and told.result in ("done", "repeated"):
        state.note("told", now, now, key=f"told#{key}", note=message.address)
        return
    why = "no_answer" if told is None else told.result
    incident(state, f"told#{key}", "allocation_not_told", now, f"{message.address}: {why}{f' {told.type}' if told and told.type else ''}")
    values = {"case": message.address, "invoice": str(message.message["invoice"]), "why": text(state.language, KIND, "told", why)}
    state.tell(FINANCE, "allocation_not_told", f"told#{key}", now, {"clause": "7.2", **values})
