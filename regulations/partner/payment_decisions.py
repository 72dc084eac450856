"""What an incoming payment does now: the pure decision over its state and the time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from regulations.amounts import money
from regulations.breaches import earliest_wake, hold_terms, tell_inside, tell_of_terms, uncounted
from regulations.catalogue import text
from regulations.effects import CaseMessageToTell
from regulations.obligations import notice
from regulations.partner.case import FINANCE
from regulations.partner.effects import AssignQuestion, PaymentQuestion, RefundQuestion
from regulations.partner.payment_facts import LEFT
from regulations.partner.payment_messages import Assigned
from regulations.partner.payment_state import ENDS, KIND, Allocation, PaymentStage, PaymentState
from regulations.partner.payment_words import candidates, finding
from regulations.partner.sale_messages import Allocated


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: PaymentState
    match: PaymentQuestion | None = None
    step: AssignQuestion | RefundQuestion | None = None
    tell: list[CaseMessageToTell] = field(default_factory=list)
    """For the cases of the invoices."""
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return self.match is not None or self.step is not None or bool(self.tell)


def decide(before: PaymentState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is.

    All terms must have been counted (`regulations.clocks.terms_to_plan` gives none).
    """
    state = before.model_copy(deep=True)
    decision = Decision(state)
    tell_of_terms(state, hold_terms(state, now), now)
    _ask_ledger(state, decision)
    decision.tell = [_message(state, allocation) for allocation in state.to_tell]
    state.telling += len(state.to_tell)
    state.to_tell = []
    _say(state, now)
    if state.at in ENDS:
        unfinished = state.steps or state.telling or state.tells or uncounted(state)
        state.ended, state.outcome = not unfinished, outcome(state)
    if (wake := earliest_wake(state, now)) is not None:
        decision.wake_at, decision.wake_for = wake
    return decision


def outcome(state: PaymentState) -> str:
    """How it ended: ``allocated``, ``returned``, ``divided`` between both, ``refused``."""
    if state.at is PaymentStage.REFUSED:
        return "refused"
    if state.refunds and state.allocations:
        return "divided"
    return "returned" if state.refunds else "allocated"


# --- what is asked of the ledger ------------------------------------------------------------------------------------


def _ask_ledger(state: PaymentState, decision: Decision) -> None:
    """One step at a time: the payment itself, then what finance does with what is left."""
    begun = state.begun
    if state.at is PaymentStage.MATCHING and not state.matching:
        state.matching = True
        decision.match = PaymentQuestion(
            case_uid=state.uid,
            reference=begun.reference,
            amount=begun.amount,
            currency=begun.currency,
            purpose=begun.purpose,
            payer_inn=begun.payer_inn,
            payer_name=begun.payer_name,
            method=begun.method,
            posted_at=begun.happened_at,
        )
    if not state.steps or state.step_out:
        return
    state.step_out = True
    step = state.steps[0]
    if isinstance(step, Assigned):
        decision.step = AssignQuestion(
            key=f"{state.uid}#{step.key}", reference=begun.reference, invoice=step.invoice, deal=step.deal, amount=step.amount
        )
    else:
        decision.step = RefundQuestion(
            reference=begun.reference, refund=step.refund, amount=step.amount, returned_at=step.happened_at, by=step.by.id
        )


# --- what is told ---------------------------------------------------------------------------------------------------


def _message(state: PaymentState, allocation: Allocation) -> CaseMessageToTell:
    """5.3, 6.3: the order or the renewal hears of its share; its key is the same however often it is told."""
    share, begun = allocation.share, state.begun
    step = allocation.step if allocation.step == "match" else hashlib.sha256(allocation.step.encode()).hexdigest()[:16]
    message = Allocated(
        key=f"allocated#{begun.reference}#{step}#{share.invoice}",
        happened_at=begun.happened_at,
        deal=share.deal,
        payment=begun.reference,
        invoice=share.invoice,
        amount=share.amount,
        paid=share.paid,
    )
    return CaseMessageToTell(address=share.address, update="allocated", message=message.model_dump(mode="json", exclude_unset=True))


def _say(state: PaymentState, now: datetime) -> None:
    """Hands every telling on to the rounds; that of what is left, once its term is counted."""
    waiting = []
    for tell in state.tells:
        if tell.what != LEFT:
            tell_inside(state, tell, now)
        elif uncounted(state):
            waiting.append(tell)
        else:
            _say_left(state, now)
    state.tells = waiting


def _say_left(state: PaymentState, now: datetime) -> None:
    """7.2: finance hears what is left, why, which invoices it may be meant for, and what it can do."""
    duty = state.newest("7.2")
    if duty is None or not state.left:
        return
    say, begun = state.language, state.begun
    which = candidates(state)
    said = text(
        say,
        "notice",
        LEFT,
        reference=begun.reference,
        left=money(state.left, begun.currency),
        amount=money(begun.amount, begun.currency),
        finding=finding(state),
        candidates=text(say, KIND, "case", "candidates", numbers=which) if which else "",
        todo=text(say, KIND, "todo", state.stage),
        due=duty.due_text or text(say, "case", "no_term"),
    )
    notice(state, FINANCE, "warning", said, key=LEFT, clause="7.2", due=duty.due, earliest=now)
