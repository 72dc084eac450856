"""5.6: what was sold is handed over for execution, and each executor confirms.

All is handed over with the payment that completes the sum; of a partial payment what is paid, when the manager says so. A duty is met
when the last of its executors has confirmed; a confirmation answers for all that was handed over by then.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from regulations.case import Refusal
from regulations.clause_case import owe, prove
from regulations.obligations import AHEAD, only
from regulations.partner.case import SUPPORT_MANAGER
from regulations.partner.money import rubles
from regulations.partner.sale_duties import DUTY, handed_over, services_in_words
from regulations.partner.sale_messages import Executed
from regulations.partner.sale_state import HandOver, SaleState


def hand_over(state: SaleState, at: datetime, now: datetime) -> None:
    """Hands over what is paid by now, once; the executors are told at once, those of support itself through the manager."""
    if handed_over(state):
        return
    o = owe(state, "5.6", at, now)
    state.handed_over.append(HandOver(duty=o.key, paid=state.paid, executors=state.executors))
    values: dict[str, JsonValue] = {
        "clause": "5.6",
        DUTY: o.key,
        "deal": state.begun.deal,
        "services": services_in_words(state),
        "open": rubles(state.open_sum),
        "kind": state.kind,
    }
    what = "handed_over" if state.paid_in_full else "handed_over_partly"
    for executor in state.executors:
        state.tell(state.manager_role if executor == SUPPORT_MANAGER else executor, what, f"{what}#{o.key}", now, values)


def execute(state: SaleState, message: Executed, now: datetime) -> str:
    """An executor confirms: the access is open, or the service is taken over."""
    if not state.handed_over:
        raise Refusal("NotHandedOver", "partner 5.6: nothing has been handed over for execution yet")
    only(tuple(dict.fromkeys(e for h in state.handed_over for e in h.executors)), message.by, "confirm the execution")
    waiting = [n for n, h in enumerate(state.handed_over) if message.by.role in h.executors and message.by.role not in h.confirmed]
    if not waiting:
        raise Refusal("Confirmed", "partner 5.6: this executor has confirmed all that was handed over")
    by_then = [n for n in waiting if _started(state, n) <= message.happened_at + AHEAD]
    if not by_then:
        raise Refusal("NotHandedOver", "partner 5.6: by then nothing had been handed over; send when it was executed")
    for n in by_then:
        over = state.handed_over[n]
        confirmed = {**over.confirmed, message.by.role: max(message.happened_at, _started(state, n))}
        state.handed_over[n] = over = over.model_copy(update={"confirmed": confirmed})
        if set(over.executors) <= set(confirmed):
            prove(state, state.obligation(over.duty), max(confirmed.values()), message.key, now)
    return message.note


def _started(state: SaleState, n: int) -> datetime:
    """When something was handed over."""
    o = state.obligation(state.handed_over[n].duty)
    assert o is not None  # noqa: S101 - it was opened with it
    return o.started_at
