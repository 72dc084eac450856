"""5.3, 7.3: money on the invoice, the word to the partner, and a payment to a card.

5.3 is owed anew for each payment, from its posting time; one word to the partner answers for all that had come by then. Money above the
total opens nothing: finance has put it there.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from regulations.case import UNMET, Refusal
from regulations.clause_case import owe, prove
from regulations.obligations import AHEAD, check_instant, not_before, only
from regulations.partner.case import DIRECTOR, DIRECTOR_FOR_PARTNERS, PARTNER
from regulations.partner.money import rubles
from regulations.partner.order_execution import hand_over
from regulations.partner.sale_duties import DUTY, handed_over
from regulations.partner.sale_invoice import SUPPORT
from regulations.partner.sale_messages import Allocated, CardAsked, CardDecided, PartnerTold
from regulations.partner.sale_state import CARD, CardRequest, Invoice, SaleState, Share, paid_by

DIRECTORS = (DIRECTOR, DIRECTOR_FOR_PARTNERS)


def allocate(state: SaleState, message: Allocated, now: datetime) -> str:
    """A payment is on the account. The first one makes the deal in the CRM (5.4), the one that completes the sum hands over (5.6) or closes
    the renewal (6.3)."""
    invoice = state.invoice
    if invoice is None or invoice.number != message.invoice:
        raise Refusal("OtherInvoice", "partner 5.3: this is not the invoice of the deal; find out which deal the payment is for")
    check_instant(message.happened_at, now, "the posting time")
    above = state.paid_in_full and message.paid - message.amount >= invoice.total
    state.shares.append(
        Share(key=message.key, payment=message.payment, amount=message.amount, paid=message.paid, posted_at=message.happened_at)
    )
    note = f"{rubles(message.amount)} → {rubles(state.paid)} / {rubles(invoice.total)}"
    if above:
        return note
    o = owe(state, "5.3", message.happened_at, now)
    what = "money_came" if state.paid_in_full else "money_came_partly"
    values: dict[str, JsonValue] = {
        "clause": "5.3",
        DUTY: o.key,
        "invoice": invoice.number,
        "sum": rubles(message.amount),
        "paid": rubles(state.paid),
        "total": rubles(invoice.total),
        "open": rubles(state.open_sum),
        "kind": state.kind,
    }
    state.tell(state.manager_role, what, message.key, now, values)
    if not state.renewal:
        owe(state, "5.4", message.happened_at, now, mark="deal")
    if state.paid_in_full:
        _complete(state, now)
    return note


def _complete(state: SaleState, now: datetime) -> None:
    """All is paid, since the posting time of the last payment."""
    at = state.paid_at or now
    if state.renewal:
        owe(state, "6.3", at, now, mark="next")
    else:
        hand_over(state, at, now)


def tell_partner(state: SaleState, message: PartnerTold, now: datetime) -> str:
    """5.3: the partner was told. On a partial payment with the reason; then the manager may have what is paid executed at once (5.6)."""
    only(SUPPORT, message.by, "tell the partner of its payment")
    invoice = state.invoice
    came = [o for o in state.obligations if o.clause == "5.3" and o.started_at <= message.happened_at + AHEAD]
    if invoice is None or not came:
        raise Refusal("NothingCame", "partner 5.3: by then no money had come for this deal; send when the partner was told")
    unmet = [o for o in came if o.standing in UNMET]
    partial = paid_by(state, message.happened_at + AHEAD) < invoice.total
    if partial and not message.reason:
        raise Refusal(
            "NoReason", f"partner 5.3: {rubles(state.open_sum)} is still to be paid: say in 'reason' why the partner has not paid it all"
        )
    if message.hand_over and state.renewal:
        raise Refusal("NothingToHandOver", "partner 5.6: a renewal has nothing to hand over; leave 'hand_over' out")
    hands_over = message.hand_over and not handed_over(state)
    if not unmet and not hands_over:
        raise Refusal("Told", "partner 5.3: the partner has been told of all that had come by then")
    for o in unmet:
        prove(state, o, max(message.happened_at, o.started_at), message.key, now)
    if hands_over:
        hand_over(state, message.happened_at, now)
    return message.reason


# --- 7.3: a payment to a card ---------------------------------------------------------------------------------------


def ask_for_card(state: SaleState, message: CardAsked, now: datetime) -> str:
    """7.3: the client insists; one of the two directors is asked."""
    only(SUPPORT, message.by, "ask for a payment to a card")
    invoice = _unpaid(state)
    not_before(message.happened_at, invoice.issued_at, "the invoice")
    if state.card is not None and not state.card.decided:
        raise Refusal("Asked", "partner 7.3: the directors have been asked already, and have yet to decide")
    state.card = CardRequest(key=message.key, bank=message.bank, asked_at=message.happened_at)
    values: dict[str, JsonValue] = {
        "clause": "7.3",
        "deal": state.begun.deal,
        "invoice": invoice.number,
        "sum": rubles(state.open_sum),
        "reason": message.reason,
        "kind": state.kind,
    }
    for role in DIRECTORS:
        state.tell(role, "card_asked", message.key, now, values)
    return message.reason


def decide_card(state: SaleState, message: CardDecided, now: datetime) -> str:
    """7.3: approved, the client gets the card and the exact sum that is open; refused, the manager is told."""
    only(DIRECTORS, message.by, "decide on a payment to a card")
    card = state.card
    if card is None or card.decided:
        raise Refusal("NotAsked", "partner 7.3: no payment to a card waits for a decision")
    not_before(message.happened_at, card.asked_at, "the request")
    state.card = card.model_copy(update={"decided": True})
    if message.decision == "refused":
        values: dict[str, JsonValue] = {"clause": "7.3", "reason": message.reason or "—"}
        state.tell(state.manager_role, "card_refused", message.key, now, values)
    else:
        _unpaid(state)
        state.tell(PARTNER, CARD, message.key, now, at_once=True)
    return f"{message.decision}: {message.reason}".removesuffix(": ")


def _unpaid(state: SaleState) -> Invoice:
    if state.invoice is None or not state.open_sum:
        raise Refusal("NothingOpen", "partner 7.3: there is no invoice with something to be paid")
    return state.invoice
