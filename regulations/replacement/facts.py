"""What happens to a replacement: every message applied by its clause. What our own activities answer is in `answers` and `crediting`.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy, so that a
refused fact leaves no trace. Nothing here decides what is due: that is `decisions`. Where a clause stands behind a refusal, its text
begins with it: ``replacement 5.2: …``.
"""

from __future__ import annotations

from datetime import datetime

from regulations.case import Refusal
from regulations.clocks import calendar_changed
from regulations.messages import CalendarChanged, CaseMessage, Message
from regulations.obligations import admit, apply_to_docket, not_before, only, taken
from regulations.replacement.answers import learn_account, learn_audit, learn_decision, learn_destroyed, learn_letter, learn_links
from regulations.replacement.checks import check_start
from regulations.replacement.crediting import learn_credit, withdraw
from regulations.replacement.duties import prove, refuse
from regulations.replacement.effects import DecisionQuestion
from regulations.replacement.messages import (
    AccountChanged,
    Barred,
    Decided,
    ExportReceived,
    OfReplacement,
    Requested,
    ToppedUp,
    WithdrawOfReplacement,
)
from regulations.replacement.state import (
    ENDS,
    HEAD_OFFICE,
    QUALITY_CONTROL,
    TECHNICAL,
    Ground,
    ReplacementState,
    Stage,
    Withdrawal,
)

__all__ = [
    "apply",
    "check_start",
    "learn_account",
    "learn_audit",
    "learn_credit",
    "learn_decision",
    "learn_destroyed",
    "learn_letter",
    "learn_links",
]

UNDECIDED = (Stage.AWAITING_EXPORT, Stage.AUDITING, Stage.AWAITING_DECISION)
"""The stages in which an export is taken: in order, and nothing decided."""
RULED = (Stage.CREDITING, Stage.HELD)
"""The stages after a decision that counts."""


def apply(state: ReplacementState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.requested is None and state.topped_up is None and not isinstance(message, Requested | ToppedUp):
        raise Refusal("NotBegun", "this replacement has not begun; deliver replacement.requested first")
    admit(state, message, now)
    if state.at in ENDS:
        raise Refusal("Ended", f"the case has ended as {state.stage}; what is asked for now is another request")
    if isinstance(message, OfReplacement) and state.address != f"{state.kind}/{message.account}/{message.period}/{message.n}":
        raise Refusal("OtherReplacement", "account, period and number of the message are not those of this case")
    note = _take(state, message, now)
    taken(state, message, type(message).__name__, now, note)


def _take(state: ReplacementState, message: Message, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case Requested() | ToppedUp():
            return _begin(state, message, now)
        case ExportReceived():
            return _export(state, message)
        case Decided():
            return _decide(state, message)
        case Barred():
            return _bar(state, message, now)
        case AccountChanged():
            state.account_wanted = state.account_wanted or state.at in (Stage.CHECKING, *RULED)
        case WithdrawOfReplacement():
            return _withdraw(state, message, now)
        case CalendarChanged():
            return calendar_changed(state, message, now)
        case CaseMessage():
            only((HEAD_OFFICE,), message.by, "change what is owed")
            return apply_to_docket(state, message, now)
        case _:
            raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a replacement")
    return ""


def _begin(state: ReplacementState, message: Requested | ToppedUp, now: datetime) -> str:
    if state.requested is not None or state.topped_up is not None:
        raise Refusal("Open", "a request with this number is open already: wait for its end, or have the head office withdraw it")
    check_start(message, now)
    state.account_wanted = True
    if isinstance(message, ToppedUp):
        state.topped_up = message
        return ""
    state.requested = message
    return str(message.asked) + (f" → {message.prolongation}" if message.prolongation is not None else "")


# --- 5.2: export, decision ------------------------------------------------------------------------------------------


def _of_request(state: ReplacementState) -> None:
    """What concerns the check of leads concerns no top-up."""
    if state.requested is None:
        raise Refusal("TopUp", "replacement 6.1: a top-up has no export, no decision and no bar: its 30 % come with it")


def _not_ruled(state: ReplacementState) -> None:
    """A decision that counts is not made again; one that is being read is waited for."""
    if state.at is Stage.DECIDING:
        raise Refusal("Deciding", "replacement 5.2: a decision of quality control is being read; deliver this again in a minute")
    if state.at in RULED:
        raise Refusal("Decided", "replacement 5.2: quality control has decided, and what was confirmed is being credited")


def _export(state: ReplacementState, message: ExportReceived) -> str:
    """5.2: a later export takes the place of an earlier one; the same again is nothing new."""
    _of_request(state)
    only((TECHNICAL, QUALITY_CONTROL), message.by, "bring an export")
    _not_ruled(state)
    if state.at not in UNDECIDED:
        raise Refusal("Checking", "replacement 5.1: the request is still being checked; deliver this again in a minute")
    state.export, state.exported_at = message.files[0], message.happened_at
    state.stage = Stage.AWAITING_DECISION if state.export.sha256 == state.audited else Stage.AUDITING
    return (state.export.sha256 or "")[:12]


def _decide(state: ReplacementState, message: Decided) -> str:
    _of_request(state)
    only((QUALITY_CONTROL,), message.by, "decide on a replacement")
    _not_ruled(state)
    if state.at is not Stage.AWAITING_DECISION or state.audit is None or state.audited is None or state.account is None:
        raise Refusal("NotAudited", "replacement 5.2: there is nothing to decide on yet: the export has to be there and audited first")
    not_before(message.happened_at, state.audited_at, "the audit that it decides on")
    if message.accept_clear and state.audit.listen:
        raise Refusal(
            "Undecided",
            f"replacement 4.2: {state.audit.listen} leads have to be listened to: send the sheet with a decision on each of them",
        )
    sheet = message.files[0].sha256 if message.files else None
    state.deciding = DecisionQuestion(
        case_uid=state.uid,
        export=state.audited,
        sheet=sheet,
        by=message.by.id,
        at=message.happened_at,
        asked=state.request.asked,
        identifications=state.account.identifications,
        replaced=state.account.replaced,
        cap_percent=state.settings.cap_percent,
        language=state.language,
    )
    state.deciding_key = message.key
    state.stage = Stage.DECIDING
    return (sheet or "")[:12]


def _bar(state: ReplacementState, message: Barred, now: datetime) -> str:
    """3.6: a person's decision, with its reason; it is the decision that 5.2 asks for."""
    _of_request(state)
    only((QUALITY_CONTROL, HEAD_OFFICE), message.by, "bar a request")
    _not_ruled(state)
    not_before(message.happened_at, state.begun.happened_at, "the request")
    prove(state, "5.2", message.happened_at, message.key, now)
    ground = Ground(clause="3.6", code="feedback", values={"reason": message.reason})
    refuse(state, [ground], message.happened_at, message.key, now)
    return message.reason


# --- the end --------------------------------------------------------------------------------------------------------


def _withdraw(state: ReplacementState, message: WithdrawOfReplacement, now: datetime) -> str:
    """By the head office, at any stage. A credit that is under way is waited for: what billing books stays booked."""
    only((HEAD_OFFICE,), message.by, "withdraw a replacement")
    not_before(message.happened_at, state.begun.happened_at, "the request")
    if state.withdrawal is not None:
        raise Refusal("Withdrawn", "this replacement is withdrawn already; it ends once billing has said what became of its credit")
    for role in (TECHNICAL, QUALITY_CONTROL):
        state.tell(role, "ended", message.key, now, {"reason": message.reason})
    if state.order_out is not None:
        state.withdrawal = Withdrawal(key=message.key, reason=message.reason)
    else:
        withdraw(state, message.reason, message.happened_at, message.key, now)
    return message.reason
