"""What happens to an onboarding: messages from outside. What its own activities answered stands with its chapter.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy.
"""

from __future__ import annotations

from datetime import datetime

from regulations.case import Refusal
from regulations.clocks import calendar_changed
from regulations.messages import CalendarChanged, CaseMessage, Message, PeopleChanged
from regulations.obligations import admit, apply_to_docket, check_instant, not_before, only, taken, waive_all
from regulations.onboarding.case import GROUP_HEAD, HEAD_OF_CLIENT_DEPARTMENT, HEAD_OF_SALES, ITEMS, SALES_MANAGER
from regulations.onboarding.slip_messages import (
    FirstContact,
    HandedOver,
    InstallationReported,
    Installed,
    ItemMended,
    ManagerAssigned,
    OfOnboarding,
    PaymentPosted,
    VisaGiven,
    VisaRefused,
    VisaWithdrawn,
    WithdrawOfOnboarding,
)
from regulations.onboarding.slip_service import (
    assign,
    contact,
    install,
    learn_crm,
    learn_payment,
    learn_plan,
    owe_service,
    post_payment,
    report,
)
from regulations.onboarding.slip_state import ENDS, ENTRY, SlipStage, SlipState, Visa
from regulations.onboarding.slip_visas import close_when_complete, give, mend, refuse, tell_crm_of_withdrawal, withdraw

__all__ = ["apply", "check_slip", "learn_crm", "learn_payment", "learn_plan", "slip_address"]


def slip_address(message: OfOnboarding) -> str:
    """The workflow id that a message goes to."""
    return f"onboarding/{message.contract}"


def check_slip(message: HandedOver, now: datetime) -> None:
    """The starting checks that door and workflow make alike. Whether that person has the role is known once the case has begun.

    Raises:
        Refusal: ``NotYours`` (1.1), ``NotRegular`` (2), ``FromTheFuture`` or ``ImpossibleDate``.
    """
    only((HEAD_OF_SALES,), message.by, "hand a client over (onboarding 1.1)")
    if not message.regular:
        raise Refusal("NotRegular", "onboarding 2: only a regular client goes with a visa slip; serve others without one")
    check_instant(message.happened_at, now, "happened_at")


def apply(state: SlipState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.started is None and not isinstance(message, HandedOver):
        raise Refusal("NotBegun", "this client has not been handed over; deliver onboarding.handed_over first")
    admit(state, message, now)
    if state.at in ENDS:
        raise Refusal("Ended", f"the onboarding has ended as {state.stage}")
    if isinstance(message, OfOnboarding) and state.address != slip_address(message):
        raise Refusal("OtherContract", "the contract of the message is not that of this onboarding")
    taken(state, message, type(message).__name__, now, _take(state, message, now))
    close_when_complete(state, now)
    owe_service(state, now)


def _take(state: SlipState, message: Message, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case HandedOver():
            return _begin(state, message, now)
        case VisaGiven():
            return give(state, message, now)
        case VisaRefused():
            return refuse(state, message, now)
        case VisaWithdrawn():
            return withdraw(state, message, now)
        case ItemMended():
            return mend(state, message, now)
        case PaymentPosted():
            return post_payment(state, message, now)
        case FirstContact():
            return contact(state, message)
        case Installed():
            return install(state, message)
        case InstallationReported():
            return report(state, message)
        case ManagerAssigned():
            return assign(state, message)
        case WithdrawOfOnboarding():
            return _withdraw(state, message, now)
        case PeopleChanged():
            state.opening_stale = state.opening is not None
            return ""
        case CalendarChanged():
            return calendar_changed(state, message, now)
        case CaseMessage():
            state.may((message.by.role,), message.by, message.happened_at)
            return apply_to_docket(state, message, now)
    raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of an onboarding")


def _begin(state: SlipState, message: HandedOver, now: datetime) -> str:
    """1.1: all seven visas are missing."""
    if state.started is not None:
        raise Refusal("Open", "onboarding 1.1: this client has been handed over already; what is new comes with messages of its own")
    check_slip(message, now)
    state.started = message
    state.visas = {item: Visa(since=message.happened_at) for item in ITEMS}
    return message.client.id


def _withdraw(state: SlipState, message: WithdrawOfOnboarding, now: datetime) -> str:
    """At any stage. Whoever owed something is told; a service plan that was begun goes on, and the group head hears that it does."""
    state.may((HEAD_OF_SALES, HEAD_OF_CLIENT_DEPARTMENT), message.by, message.happened_at)
    not_before(message.happened_at, state.begun.happened_at, "the hand-over")
    roles = {state.role(SALES_MANAGER), state.role(GROUP_HEAD), *(o.owner for o in state.obligations)}
    waive_all(state, message.happened_at, "withdrawn")
    state.stage = SlipStage.WITHDRAWN
    if state.stands(ENTRY) and not state.served:
        tell_crm_of_withdrawal(state, message.key)
    for role in sorted(roles):
        state.tell(role, "ended", message.key, now, {"reason": message.reason})
    if state.served:
        state.tell(state.role(GROUP_HEAD), "plan_goes_on", message.key, now, {"clause": "4", "client": state.begun.client.id})
    return message.reason
