"""How a handoff takes what happened: messages from outside, and what billing, the post and the CRM answered.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a
copy, so that a refused fact leaves no trace. Nothing here decides what is due: that is `decisions`.
"""

from __future__ import annotations

from datetime import datetime

from regulations import correspondence
from regulations.case import Refusal, Wait
from regulations.clocks import calendar_changed
from regulations.effects import AccessGrant, BillingAnswer, CrmOutcome, CrmRecord, Letter, LetterOutcome
from regulations.handoff.checks import (
    check_not_before_sale,
    check_start,
    judge_access,
    judge_payment,
    missing_fields,
)
from regulations.handoff.duties import OWNERS, advance, on_acceptance, on_payment, reverse_acceptance, waive_all, waive_round
from regulations.handoff.requests import take_request
from regulations.handoff.state import CC_HEAD, ENDS, PARTNER, HandoffState, Stage
from regulations.messages import (
    Accepted,
    AccessGranted,
    CalendarChanged,
    CaseMessage,
    ClosingDocumentsSigned,
    ContractSigned,
    EnteredIntoCrm,
    FirstContact,
    HandoffMessage,
    Message,
    PaymentReceived,
    RequestReceived,
    Returned,
    Sold,
    TrainingDone,
    Withdraw,
)
from regulations.obligations import admit, apply_to_docket, incident, taken

PLAIN_DUTIES = {FirstContact: "2.2.4", ContractSigned: "2.2.1", TrainingDone: "5.3 (2)", ClosingDocumentsSigned: "2.2.7"}
"""Messages that do nothing but prove a duty done."""
WITHDRAWERS = frozenset(escalation for _, escalation in OWNERS.values())
"""The roles to which duties of a handoff escalate: these may end the case."""


def apply(state: HandoffState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.sale is None and not isinstance(message, Sold):
        raise Refusal("NotBegun", "this handoff has not begun; deliver handoff.sold first")
    admit(state, message, now)
    if state.stage in ENDS:
        raise Refusal("Ended", f"the case has ended as {state.stage}; what happens now is a correction of the registers")
    if isinstance(message, HandoffMessage) and message.deal != state.sold.deal:
        raise Refusal("OtherDeal", "the deal of the message is not the deal of this case")
    if not isinstance(message, Sold | CalendarChanged):  # a calendar may have been published before the sale
        check_not_before_sale(state.sold, message.happened_at)
    note = _take(state, message, now)
    taken(state, message, type(message).__name__, now, note)
    advance(state, now)


def _take(state: HandoffState, message: Message, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case Sold():
            return _begin(state, message, now)
        case PaymentReceived():
            state.look_up_wanted = state.look_up_wanted or state.payment is None
        case AccessGranted():
            grant = AccessGrant(
                reference=message.reference, granted_at=message.happened_at, tariff=message.tariff, starts_on=message.starts_on
            )
            _access(state, grant, message.key)
        case RequestReceived():
            return take_request(state, message, now)
        case Accepted():
            return _accept(state, message, now)
        case Returned():
            return _return(state, message, now)
        case EnteredIntoCrm():
            if state.stage != Stage.ACCEPTED:
                raise Refusal("WrongStage", f"a client is entered into the CRM once accepted; the case is {state.stage}")
            state.prove(f"2.2.5/{state.round}", message.happened_at, message.key)
        case FirstContact() | ContractSigned() | TrainingDone() | ClosingDocumentsSigned():
            state.prove(PLAIN_DUTIES[type(message)], message.happened_at, message.key)
        case Withdraw():
            return _withdraw(state, message, now)
        case CalendarChanged():
            return calendar_changed(state, message, now)
        case CaseMessage():
            return apply_to_docket(state, message, now)
        case _:
            raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a handoff")
    return ""


def _begin(state: HandoffState, sale: Sold, now: datetime) -> str:
    if state.sale is not None:
        raise Refusal("AlreadyBegun", "this handoff has begun already; a second sale of the deal needs a deal of its own")
    check_start(sale, now)
    state.sale = sale
    state.stage = Stage.AWAITING_PAYMENT
    state.look_up_wanted = True
    if sale.told_client:
        state.prove("2.1.1", sale.happened_at, sale.key)
    return f"{sale.tariff_line}, {sale.contract}"


def _access(state: HandoffState, grant: AccessGrant, key: str) -> None:
    """2.1.2: billing's own time counts, whenever we hear of it; the earliest grant stands. A later word may add the start of the tariff."""
    known = state.access
    if known is None or grant.granted_at < known.granted_at:
        state.access = grant
        state.prove("2.1.2", grant.granted_at, key)
    elif grant.granted_at == known.granted_at and known.starts_on is None and grant.starts_on is not None:
        state.access = known.model_copy(update={"starts_on": grant.starts_on})


def _decision_time(state: HandoffState, at: datetime) -> None:
    if state.transfer_at is None or at < state.transfer_at:
        raise Refusal("ImpossibleDate", "the decision lies before the transfer that it is about")


def _accept(state: HandoffState, message: Accepted, now: datetime) -> str:
    if state.stage != Stage.CHECKING:
        raise Refusal("WrongStage", f"only a case in checking is accepted; this one is {state.stage}")
    _decision_time(state, message.happened_at)
    missing = missing_fields(state)
    if missing and message.despite is None:
        raise Refusal(
            "Incomplete",
            f"handoff 3.3: the questionnaire lacks {', '.join(missing)}; "
            "return the client, or say in 'despite' why it is accepted all the same",
        )
    on_acceptance(state, message, now)
    undeclared = "2.1.1" not in state.evidence
    state.tell(
        PARTNER,
        "handoff/accepted",
        message.key,
        now,
        {"ask_told_client": undeclared, "access_missing": state.access is None},
        at_once=True,
    )
    return message.despite or ""


def _return(state: HandoffState, message: Returned, now: datetime) -> str:
    clauses = ", ".join(r.clause for r in message.reasons)
    if state.stage == Stage.ACCEPTED:
        if any(r.clause not in ("3.1", "3.4") for r in message.reasons):
            raise Refusal("WrongStage", "after the acceptance only a client who declines the terms (3.1, 3.4) can be returned")
        if state.accepted_at is not None and message.happened_at < state.accepted_at:
            raise Refusal("ImpossibleDate", "the return lies before the acceptance that it undoes")
        reverse_acceptance(state, message.happened_at, message.key, f"{clauses} {message.comment}".strip(), now)
    elif state.stage == Stage.CHECKING:
        _decision_time(state, message.happened_at)
        state.prove(f"2.2.2/{state.round}", message.happened_at, message.key)
        state.prove(f"2.2.3/{state.round}", message.happened_at, message.key)
    else:
        raise Refusal("WrongStage", f"only a case in checking or accepted is returned; this one is {state.stage}")
    named = missing_fields(state) if any(r.clause == "3.3" for r in message.reasons) else []
    waive_round(state, message.happened_at, "returned")
    state.stage = Stage.RETURNED
    state.returned_at = message.happened_at
    if state.request is not None:
        state.request.complete_at, state.request.anew = None, []  # the next transfer is a new request's
    state.waits[f"resubmission/{state.round}"] = Wait(term=state.settings.resubmission_wait, start=message.happened_at)
    state.tell(
        PARTNER,
        "handoff/returned",
        message.key,
        now,
        {
            "reasons": [{"clause": r.clause, "text": r.text, "details": list(named) if r.clause == "3.3" else []} for r in message.reasons],
            "comment": message.comment,
        },
        at_once=True,
    )
    return clauses


def _withdraw(state: HandoffState, message: Withdraw, now: datetime) -> str:
    if message.by.role not in WITHDRAWERS:
        raise Refusal("NotYours", f"only these roles may withdraw a case: {', '.join(sorted(WITHDRAWERS))}")
    if state.stage == Stage.ACCEPTED:
        reverse_acceptance(state, message.happened_at, message.key, message.reason, now)
    waive_all(state, message.happened_at, "withdrawn", now)
    state.stage = Stage.WITHDRAWN
    state.tell(PARTNER, "handoff/withdrawn", message.key, now, {"reason": message.reason})
    state.tell(CC_HEAD, "ended", message.key, now, {"reason": message.reason})
    return message.reason


# --- what our own activities answered -------------------------------------------------------------------------------


def learn_billing(state: HandoffState, answer: BillingAnswer, now: datetime) -> None:
    """Takes what billing knows: the first payment that counts (3.2), the access grant (2.1.2).

    A payment or a grant that does not count is an incident for a person, once; a payment that billing has corrected since counts.
    """
    state.looked_up_at = state.asked_at if state.looking_up and state.asked_at else now
    state.looking_up = False
    if state.stage in ENDS:
        return  # the question was on its way when the case ended: nothing opens any more
    state.price = answer.price or state.price
    for payment in sorted(answer.payments, key=lambda p: (p.reached_at, p.reference)):
        if state.payment is not None:
            break
        wrong = judge_payment(payment, state.price, now)
        if wrong is None:
            state.payment = payment
            state.note("payment", payment.reached_at, now, key=payment.reference, source="billing")
            on_payment(state, now)
        else:
            _doubt(state, payment.reference, wrong, "3.2", now)
    if answer.access is not None and (wrong := judge_access(state.sold, answer.access, now)) is not None:
        _doubt(state, answer.access.reference, wrong, "2.1.2", now)
    elif answer.access is not None:
        if state.access is None or answer.access.granted_at < state.access.granted_at:
            state.note("access", answer.access.granted_at, now, key=answer.access.reference, source="billing")
        _access(state, answer.access, answer.access.reference)
    advance(state, now)


def _doubt(state: HandoffState, reference: str, wrong: str, clause: str, now: datetime) -> None:
    """Something in billing that does not count: an incident, and a word to the head of the contact centre, once each."""
    if reference not in state.judged:
        state.judged.append(reference)
        incident(state, reference, wrong, now, f"handoff {clause}: {reference}")
        state.tell(CC_HEAD, wrong, reference, now, {"reference": reference})


def learn_letter(state: HandoffState, letter: Letter, outcome: LetterOutcome | None, now: datetime) -> None:
    """Takes what became of a letter; None: the post refused it for good."""
    correspondence.learn_letter(state, letter, outcome, CC_HEAD, now)


def learn_crm(state: HandoffState, record: CrmRecord, outcome: CrmOutcome | None, now: datetime) -> None:
    """2.2.5: the CRM accepted the record; None: it refused it for good, and a person is told."""
    state.record_out = None
    if outcome is None:
        incident(state, record.key, "crm_refused", now, "handoff 2.2.5")
        state.tell(CC_HEAD, "crm_refused", record.key, now)
        return
    state.note("crm", now, now, key=record.key, source="crm", note=f"{outcome.action} {outcome.record_id}")
    if outcome.duplicates:
        incident(state, f"{record.key}#duplicates", "crm_duplicates", now, f"{outcome.record_id}: {', '.join(outcome.duplicates)}")
    if record.key.split("#")[1] == f"2.2.5/{state.round}":
        state.prove(f"2.2.5/{state.round}", now, record.key)
