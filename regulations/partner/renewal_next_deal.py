"""6.3: the deal that follows a paid renewal, exactly one.

The CRM's own automation opens it once ours is closed: it is looked for, again and again while the automation may take its time, then once
a working day after the manager has been told. A person may name it too.
"""

from __future__ import annotations

from datetime import datetime

from regulations.case import Refusal, Wait
from regulations.clause_case import prove
from regulations.obligations import incident
from regulations.partner.effects import NextDealAnswer, NextDealQuestion
from regulations.partner.sale_duties import owed
from regulations.partner.sale_messages import NextDealOpened
from regulations.partner.sale_state import ENDS, SaleState

SEEK, LIMIT = "seek", "next_deal"
"""The waits: until it is looked for again, and until the automation has taken too long."""
OFTEN, DAILY = "30 working minutes", "10:00 next working day"


def await_next_deal(state: SaleState, now: datetime) -> None:
    """Our deal is closed in the CRM: the automation opens the next one, where it is the one to do so; a person may have named it before."""
    if state.next_deal is not None:
        _prove(state, now, "named", now)
    elif state.settings.crm_opens_next:
        state.waits[LIMIT] = Wait(term=state.settings.next_deal_wait, start=now)


def next_search(state: SaleState, now: datetime) -> NextDealQuestion | None:
    """What is to be looked for now: at the closing, again in a while, and when the automation's time is over."""
    sought = "closed" in state.entered and owed(state, "6.3") is not None and state.settings.crm_opens_next
    if state.at in ENDS or state.seeking or not sought:
        return None
    wait = state.waits.get(SEEK)
    if wait is not None and (wait.plan is None or now < wait.plan.due) and not _late(state, now):
        return None
    state.waits.pop(SEEK, None)
    state.seeking = True
    partner = state.begun.partner
    return NextDealQuestion(
        partner=partner.id,
        contact=partner.contact,
        direction=state.settings.renewal_direction,
        status=state.settings.next_status,
        since=state.paid_at or now,
    )


def _late(state: SaleState, now: datetime) -> bool:
    """Whether the automation's time has just run out."""
    wait = state.waits.get(LIMIT)
    return wait is not None and wait.plan is not None and now >= wait.plan.due


def learn_next_deal(state: SaleState, answer: NextDealAnswer | None, now: datetime) -> None:
    """Takes what was found; None: the CRM refuses the search, which a person has to sort out. Of several deals the oldest is the one."""
    state.seeking = False
    if state.at in ENDS or state.next_deal is not None:
        return
    if answer is not None and answer.deals:
        deal, *others = answer.deals
        if others:
            incident(state, f"next_deal#{deal}", "next_deals", now, f"partner 6.3: {deal}; {', '.join(others)}")
            state.tell(state.manager_role, "next_deals", deal, now, {"clause": "6.3", "deal": deal, "others": ", ".join(others)})
        found(state, deal, now, f"next_deal#{deal}", now)
        return
    if (answer is None or _late(state, now)) and not state.sought_in_vain:
        what = "next_deal_missing" if answer is not None else "next_deal_unsought"
        state.sought_in_vain = True
        incident(state, what, what, now, "partner 6.3")
        state.tell(state.manager_role, what, what, now, {"clause": "6.3", "kind": state.kind, "status": state.settings.next_status})
    if state.sought_in_vain:
        state.waits.pop(LIMIT, None)
    state.waits[SEEK] = Wait(term=DAILY if state.sought_in_vain else OFTEN, start=now)


def name_next_deal(state: SaleState, message: NextDealOpened, now: datetime) -> str:
    """The CRM, or a person, names the next deal."""
    if not state.paid_in_full:
        raise Refusal("NotPaid", "partner 6.3: the renewal is not paid in full, so that nothing follows it yet")
    if state.next_deal is not None and state.next_deal != message.next_deal:
        raise Refusal("AnotherDeal", f"partner 6.3: deal {state.next_deal} follows this renewal already; one of the two is too much")
    if state.entering == "next":
        raise Refusal("Opening", "partner 6.3: the next deal is being opened in the CRM; deliver this again in a minute")
    found(state, message.next_deal, message.happened_at, message.key, now)
    return message.next_deal


def found(state: SaleState, deal: str, at: datetime, key: str, now: datetime) -> None:
    """The next deal is there; with our deal closed, 6.3 is met."""
    state.next_deal = deal
    state.waits.pop(SEEK, None)
    state.waits.pop(LIMIT, None)
    state.note("next_deal", at, now, key=f"next_deal#{key}", source="crm", note=deal)
    if "closed" in state.entered:
        _prove(state, at, key, now)


def _prove(state: SaleState, at: datetime, key: str, now: datetime) -> None:
    o = state.newest("6.3")
    if o is not None:
        prove(state, o, max(at, o.started_at), key, now)
