"""What happens to an order or a renewal: every message applied by its clause. What our own activities answer is in `sale_answers`.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy, so that a
refused fact leaves no trace. Nothing here decides what is due: that is `sale_decisions`. Where a clause stands behind a refusal, its text
begins with it: ``partner 5.3: …``.
"""

from __future__ import annotations

from datetime import datetime

from regulations.case import Refusal
from regulations.clocks import calendar_changed
from regulations.messages import CalendarChanged, CaseMessage, Message
from regulations.obligations import admit, apply_to_docket, check_instant, not_before, only, settle_open, taken
from regulations.partner.case import HEAD_OF_SUPPORT, PARTNER
from regulations.partner.messages import Ordered
from regulations.partner.order_execution import execute
from regulations.partner.renewal_next_deal import name_next_deal
from regulations.partner.sale_duties import finish, stage_of, withdraw
from regulations.partner.sale_invoice import correct, make_by_hand, receive_form, want_invoice
from regulations.partner.sale_messages import (
    Allocated,
    CardAsked,
    CardDecided,
    Corrected,
    Executed,
    FormReceived,
    InvoiceMade,
    NextDealOpened,
    OfSale,
    OrderConsented,
    PartnerTold,
    RenewalConsented,
    WithdrawOfSale,
)
from regulations.partner.sale_payments import allocate, ask_for_card, decide_card, tell_partner
from regulations.partner.sale_state import ENDS, FORM, SaleState, Withdrawal


def order_address(message: OfSale) -> str:
    """The workflow id of the order that a message goes to."""
    return f"partner/{message.deal}/order"


def renewal_address(message: OfSale) -> str:
    """The workflow id of the renewal that a message goes to."""
    return f"partner/{message.deal}/renewal"


def check_sale(message: OrderConsented | RenewalConsented, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: with the type and the words for the sender.
    """
    check_instant(message.happened_at, now, "the consent")


def apply(state: SaleState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.started is None and not isinstance(message, OrderConsented | RenewalConsented):
        raise Refusal("NotBegun", "this deal has not begun; deliver partner-order.consented or partner-renewal.consented first")
    admit(state, message, now)
    if state.at in ENDS:
        raise Refusal("Ended", f"the case has ended as {state.stage}; what is sold now is another deal")
    address = renewal_address if state.renewal else order_address
    if isinstance(message, OfSale) and state.address != address(message):
        raise Refusal("OtherDeal", "the deal of the message is not that of this case")
    if state.withdrawal is not None and not isinstance(message, CalendarChanged):
        raise Refusal("Withdrawn", "this deal is withdrawn already; it ends once billing has said what became of its invoice")
    note = _take(state, message, now)
    if state.at not in ENDS:
        state.stage = stage_of(state)
        settle_open(state, now)
        finish(state, now)
    taken(state, message, type(message).__name__, now, note)


def _take(state: SaleState, message: Message, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case OrderConsented() | RenewalConsented():
            return _begin(state, message, now)
        case FormReceived() if not state.renewal:
            return receive_form(state, message, now)
        case Corrected():
            return correct(state, message, now)
        case InvoiceMade():
            return make_by_hand(state, message, now)
        case Allocated():
            return allocate(state, message, now)
        case PartnerTold():
            return tell_partner(state, message, now)
        case Executed() if not state.renewal:
            return execute(state, message, now)
        case NextDealOpened() if state.renewal:
            return name_next_deal(state, message, now)
        case CardAsked():
            return ask_for_card(state, message, now)
        case CardDecided():
            return decide_card(state, message, now)
        case WithdrawOfSale():
            return _withdraw(state, message, now)
        case CalendarChanged():
            return calendar_changed(state, message, now)
        case CaseMessage():
            return apply_to_docket(state, message, now)
        case _:
            raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of this case")


def _begin(state: SaleState, message: OrderConsented | RenewalConsented, now: datetime) -> str:
    if state.started is not None:
        raise Refusal("Open", "the partner has consented already, and the deal is under way: wait for its end, or have it withdrawn")
    if isinstance(message, RenewalConsented) is not state.renewal:
        raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of this case")
    check_sale(message, now)
    state.started, state.contract, state.city = message, message.contract, message.city
    if isinstance(message, OrderConsented):
        state.services = message.services
        state.tell(PARTNER, FORM, "form", now)
        return ""
    state.payer = message.payer
    state.services = (Ordered(service=message.package, quantity=message.quantity, discount_percent=message.discount_percent),)
    want_invoice(state, message.key)
    return message.package


def _withdraw(state: SaleState, message: WithdrawOfSale, now: datetime) -> str:
    """By the head of support, at any stage. While billing makes the invoice its answer is waited for."""
    only((HEAD_OF_SUPPORT,), message.by, "withdraw a deal of a partner")
    not_before(message.happened_at, state.begun.happened_at, "the consent")
    withdrawal = Withdrawal(key=message.key, reason=message.reason, at=message.happened_at)
    state.tell(state.manager_role, "ended", message.key, now, {"reason": message.reason})
    if state.issuing:
        state.withdrawal = withdrawal
    else:
        withdraw(state, withdrawal, now)
    return message.reason
