"""What happens to a partner's account: messages from outside, and what its own activities answered.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy.
"""

from __future__ import annotations

from datetime import datetime

from regulations.case import Refusal
from regulations.clocks import calendar_changed
from regulations.messages import CalendarChanged, CaseMessage, Message
from regulations.obligations import admit, apply_to_docket, check_instant, not_before, only, taken
from regulations.partner.account_calls import call_made, commented, learn_comment
from regulations.partner.account_duties import owe, tell
from regulations.partner.account_exchange import (
    CAMPAIGN,
    SUPPORT,
    answer_need,
    answer_wish,
    note_wish,
    report_need,
    report_wish,
    tell_campaign,
)
from regulations.partner.account_messages import (
    AccountBegun,
    AccountEnded,
    ActivityDone,
    ActivityReasonGiven,
    ActivitySet,
    CallMade,
    CampaignTold,
    Commented,
    NeedAnswered,
    NeedReported,
    OfAccount,
    StateNoted,
    WishAnswered,
    WishNoted,
    WishReported,
)
from regulations.partner.account_rhythm import contact, end_activity, end_rhythm, give_reason, set_activity
from regulations.partner.account_state import AccountStage, AccountState, Noted
from regulations.partner.case import HEAD_OF_SUPPORT, SUPPORT_MANAGER
from regulations.plans import role_of

__all__ = ["account_address", "apply", "check_account", "learn_comment"]


def account_address(message: OfAccount) -> str:
    """The workflow id that a message goes to."""
    return f"partner/{message.partner}/account"


def check_account(message: AccountBegun, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: ``FromTheFuture``, ``ImpossibleDate``, ``OtherPartner``.
    """
    check_instant(message.happened_at, now, "happened_at")
    if message.person.id != message.partner:
        raise Refusal("OtherPartner", "'partner' and 'person.id' name two partners; send the data of the partner whose account it is")


def apply(state: AccountState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.started is None and not isinstance(message, AccountBegun):
        raise Refusal("NotBegun", "this partner is not supported yet: its account begins when it is accepted into work (partner 3.1)")
    admit(state, message, now)
    if state.at is AccountStage.ENDED:
        raise Refusal("Ended", "the account has ended; what happens now is of another one")
    if isinstance(message, OfAccount) and account_address(message) != state.address:
        raise Refusal("OtherPartner", "the partner of the message is not that of this account")
    check_instant(message.happened_at, now, "happened_at")
    taken(state, message, type(message).__name__, now, _take(state, message, now))


def _take(state: AccountState, message: Message, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case AccountBegun():
            return _begin(state, message, now)
        case ActivitySet():
            set_activity(state, message, now)
            return message.activity
        case ActivityReasonGiven():
            give_reason(state, message)
            return f"{message.activity}: {message.reason}"
        case ActivityDone():
            end_activity(state, message, now)
            return message.activity
        case CallMade():
            call_made(state, message, now)
            return message.call
        case Commented():
            commented(state, message)
            return message.call or ""
        case StateNoted():
            return _note_state(state, message)
        case AccountEnded():
            return _end(state, message, now)
        case CalendarChanged():
            return calendar_changed(state, message, now)
        case CaseMessage():
            return apply_to_docket(state, message, now)
    return _exchange(state, message, now)


def _exchange(state: AccountState, message: Message, now: datetime) -> str:
    """2.1, 2.2."""
    match message:
        case WishNoted():
            return f"{message.wish}: {note_wish(state, message, now)}"
        case WishReported():
            return f"{message.wish}: {report_wish(state, message, now)}"
        case WishAnswered():
            return f"{message.wish}: {answer_wish(state, message, now)}"
        case NeedReported():
            return f"{message.need}: {report_need(state, message, now)}"
        case NeedAnswered():
            return f"{message.need}: {answer_need(state, message, now)}"
        case CampaignTold():
            return tell_campaign(state, message, now)
    raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a partner's account")


def _begin(state: AccountState, message: AccountBegun, now: datetime) -> str:
    """Begins the account; told again, the newest data stand. Another manager gets what is owed, and both are told."""
    check_account(message, now)
    before, state.started = state.started, message
    if before is None:
        state.begun_at = message.happened_at
        owe(state, "2.1", CAMPAIGN, message.happened_at, now)
        contact(state, message.happened_at, message.key, now)
    elif message.happened_at < before.happened_at:
        raise Refusal("Outdated", "later data of this partner are known; send these with the time at which they were made, or not at all")
    elif before.manager != message.manager:
        state.opening_stale = state.opening is not None
        for manager in (before.manager, message.manager):
            role, values = role_of(SUPPORT_MANAGER, manager), {"old": before.manager, "new": message.manager}
            tell(state, role, "account_passed", f"{message.key}#{manager}", now, {**values})
    return message.manager


def _note_state(state: AccountState, message: StateNoted) -> str:
    """8.1: what is left out stays as it was."""
    only(SUPPORT, message.by, "note the state of a partner")
    before = state.noted
    if before is not None and message.happened_at < before.noted_at:
        raise Refusal("Outdated", "partner 8.1: a later state of this partner is known; send this one with the time at which it was noted")
    said = {name: value for name in Noted.model_fields if (value := getattr(message, name, None)) is not None}
    known = before or Noted(noted_at=message.happened_at)
    state.noted = known.model_copy(update={**said, "noted_at": message.happened_at})
    return ", ".join(said)


def _end(state: AccountState, message: AccountEnded, now: datetime) -> str:
    """By the head of support: nothing is owed any more once what was done has been counted."""
    only((HEAD_OF_SUPPORT,), message.by, "end the account of a partner")
    not_before(message.happened_at, state.begun_at, "the beginning of the account")
    state.stage, state.ended_at = AccountStage.ENDED, message.happened_at
    end_rhythm(state, message.happened_at, message.key)
    tell(state, SUPPORT_MANAGER, "account_ended", message.key, now, {"reason": message.reason})
    return message.reason
