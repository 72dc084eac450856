"""5.3, 6.1, 6.3: the credits of a replacement, in order, each once; a debt holds them (2).

Before the first credit billing is looked up again. Of a prolongation the replacement is credited first and the new tariff only once that is
confirmed. A debt stops a replacement and a top-up; the new tariff, which is paid for, it does not.
"""

from __future__ import annotations

from datetime import datetime

from regulations.case import Wait
from regulations.obligations import incident, waive_all
from regulations.replacement.duties import (
    HELD,
    RETRY,
    credited,
    end,
    newest,
    open_duty,
    prove,
    refuse,
    tell_franchisee,
)
from regulations.replacement.effects import AccountAnswer, CreditOrder, CreditOutcome, Entry
from regulations.replacement.rows import CreditRow
from regulations.replacement.state import HEAD_OFFICE, TECHNICAL, Booked, Ground, ReplacementState, Stage

AGAIN = "10:00 next working day"
"""2: when a credit that a debt holds is tried again."""
CLAUSES: dict[Entry, str] = {"replacement": "5.3", "tariff": "6.3", "top_up": "6.1"}
_LONGEST_REASON = 200


# --- what is to be credited -----------------------------------------------------------------------------------------


def amount_of(state: ReplacementState, entry: Entry) -> int:
    """How much an entry comes to by what billing said last.

    6.2 counts in all: where quality control found a wrong card, what was replaced since the decision is counted too.
    """
    account = state.account
    assert account is not None  # noqa: S101 - looked up before anything is credited
    cap = account.identifications * state.settings.cap_percent // 100
    match entry:
        case "top_up":
            return cap
        case "tariff":
            return account.prolonged_identifications
        case "replacement":
            decision = state.decision
            amount = decision.amount if decision is not None else 0
            wrong = decision is not None and decision.wrong_count > 0
            return min(amount, max(0, cap - account.replaced)) if wrong else amount


def next_entry(state: ReplacementState) -> Entry | None:
    """The entry that is to be credited next; None: everything is."""
    entries: list[Entry] = ["top_up"]
    if state.requested is not None:
        entries = ["replacement", "tariff"] if state.requested.prolongation is not None else ["replacement"]
    booked = {b.entry for b in state.booked}
    wanted = (e for e in entries if e not in booked and (amount_of(state, e) > 0 or _unanswered(state, e) is not None))
    return next(wanted, None)


def _unanswered(state: ReplacementState, entry: Entry) -> CreditOrder | None:
    """An order of this entry that billing has neither confirmed nor refused: nobody knows, so it keeps its key and what it says."""
    last = next((o for o in reversed(state.orders) if o.entry == entry), None)
    return None if last is None or last.key in state.refused_orders else last


def next_order(state: ReplacementState, now: datetime) -> CreditOrder | None:
    """Orders the next credit, one at a time, once billing has been looked up; with everything credited it ends the replacement."""
    if state.at is not Stage.CREDITING or not state.cleared or state.order_out is not None:
        return None
    if state.account_wanted or state.asking_account:
        return None  # something has changed in billing: it is heard first
    entry = next_entry(state)
    if entry is None:
        finish(state, now)
        return None
    order = _unanswered(state, entry) or _order(state, entry, now)
    state.order_out = order.key
    return order


def _order(state: ReplacementState, entry: Entry, now: datetime) -> CreditOrder:
    begun = state.begun
    number = sum(o.entry == entry for o in state.orders) + 1
    into = state.request.prolongation if entry == "tariff" else begun.period
    # A new tariff is credited once, whichever request comes first: two of them that name it have one key.
    whose = f"{begun.account}/{into}" if entry == "tariff" else state.uid
    order = CreditOrder(
        key=f"{whose}#{CLAUSES[entry]}#{entry}/{number}",
        account=begun.account,
        period=into or begun.period,
        entry=entry,
        identifications=amount_of(state, entry),
        of_period=into if entry == "tariff" and into is not None else begun.period,
        case=state.address,
        now=now,
    )
    state.orders.append(order)
    return order


# --- before a credit: 2 ---------------------------------------------------------------------------------------------


def want_credit(state: ReplacementState) -> None:
    """The decision is there: billing is looked up before anything is credited."""
    state.stage, state.cleared, state.account_wanted = Stage.CREDITING, False, True


def hear_before_credit(state: ReplacementState, account: AccountAnswer, now: datetime) -> None:
    """Takes what billing says before a credit: a debt holds it; an account or a prolongation that is gone is a person's to sort out."""
    if state.at not in (Stage.CREDITING, Stage.HELD) or state.account_wanted:
        return  # the account has changed meanwhile: the next answer counts
    prolongs = state.requested is not None and state.requested.prolongation is not None
    if not account.known or (prolongs and not account.prolonged):
        _release(state, now)
        state.cleared = False
        clause = CLAUSES["replacement" if state.requested is not None else "top_up"]
        _alarm(state, "prolongation_gone" if account.known else "account_gone", f"#{now.isoformat()}", clause, "", now)
    elif account.past_due_since is not None and next_entry(state) in ("replacement", "top_up"):
        _hold(state, account.past_due_since, now)
    else:
        _release(state, now)
        state.cleared = True


def _hold(state: ReplacementState, since: datetime, now: datetime) -> None:
    """2: the credit waits for the debt to be paid, and is tried again each working day, until the edition's wait is over.

    The technical specialists cannot credit meanwhile: 5.3 is let go, and owed anew once nothing holds the credit.
    """
    state.cleared = False
    if state.at is not Stage.HELD:
        state.stage = Stage.HELD
        waive_all(state, now, "debt")
        state.note("held", now, now, key=f"held#{now.isoformat()}", source="billing", note=state.local(since))
        state.waits[HELD] = Wait(term=state.settings.held_wait, start=now)
        tell_franchisee(state, "replacement/held", now.isoformat(), now, {"since": state.local(since)})
        state.tell(TECHNICAL, "credit_held", f"held#{now.isoformat()}", now, {"clause": "2", "since": state.local(since)})
    wait = state.waits[HELD]
    if wait.plan is not None and now >= wait.plan.due:
        _give_up(state, since, wait.plan.due, wait.plan.due_text, now)
    else:
        state.waits[RETRY] = Wait(term=AGAIN, start=now)


def _give_up(state: ReplacementState, since: datetime, at: datetime, until: str, now: datetime) -> None:
    refuse(state, [Ground(clause="2", code="not_paid", values={"since": state.local(since), "until": until})], at, "not_paid", now)
    for role in (TECHNICAL, HEAD_OFFICE):
        state.tell(role, "credit_given_up", "not_paid", now, {"clause": "2", "until": until})


def _release(state: ReplacementState, now: datetime) -> None:
    """Nothing holds the credit any more: 5.3 runs from now on."""
    if state.at is Stage.HELD:
        state.stage = Stage.CREDITING
        state.waits.pop(HELD, None)
        state.waits.pop(RETRY, None)
        state.note("released", now, now, key=f"released#{now.isoformat()}", source="billing")
        if state.requested is not None:
            open_duty(state, "5.3", now, now)


def wants_look_up(state: ReplacementState, now: datetime) -> bool:
    """2: whether a credit that is held is to be tried again now, or for the last time."""
    if state.at is not Stage.HELD or state.asking_account:
        return False
    plans = [w.plan for name in (RETRY, HELD) if (w := state.waits.get(name)) is not None]
    return any(plan is not None and now >= plan.due for plan in plans)


# --- after a credit -------------------------------------------------------------------------------------------------


def learn_credit(state: ReplacementState, order: CreditOrder, outcome: CreditOutcome | None, now: datetime) -> None:
    """Takes what billing said of a credit; None: refused for good.

    A credit that billing refuses is an incident: the case stays, 5.3 runs on, and `replacement.account_changed` orders it again.
    """
    state.order_out = None
    if outcome is not None and outcome.result == "credited":
        _book(state, order, outcome, now)
        if next_entry(state) is None:
            finish(state, now)
            return
    else:
        state.cleared = False
        if outcome is not None:
            state.refused_orders.append(order.key)
        reason = outcome.reason[:_LONGEST_REASON] if outcome is not None else ""
        _alarm(state, "credit_refused", f"#{order.key}#{now.isoformat()}", CLAUSES[order.entry], reason, now)
    if state.withdrawal is not None:
        withdraw(state, state.withdrawal.reason, now, state.withdrawal.key, now)


def _alarm(state: ReplacementState, what: str, key: str, clause: str, reason: str, now: datetime) -> None:
    """Something that a person must sort out before the credit can be tried again."""
    incident(state, f"{what}{key}", what, now, f"replacement {clause}: {reason}".removesuffix(": "))
    for role in (TECHNICAL, HEAD_OFFICE):
        state.tell(role, what, f"{what}{key}", now, {"clause": clause, "reason": reason or "—"})


def _book(state: ReplacementState, order: CreditOrder, outcome: CreditOutcome, now: datetime) -> None:
    booked = Booked(entry=order.entry, identifications=order.identifications, period=order.period, reference=outcome.reference, at=now)
    state.booked.append(booked)
    state.note(f"credited_{order.entry}", now, now, key=order.key, source="billing", note=f"{order.identifications}: {outcome.reference}")
    state.put(
        CreditRow(
            seq=state.next_seq(),
            entry=order.entry,
            account=order.account,
            period=order.period,
            of_period=order.of_period,
            identifications=order.identifications,
            reference=outcome.reference,
            at=now,
        )
    )


def finish(state: ReplacementState, now: datetime) -> None:
    """Everything that was to be credited is; the franchisee hears the outcome."""
    at = now
    if state.booked:
        at = state.booked[-1].at
        if newest(state, "5.3") is not None:
            prove(state, "5.3", at, f"{state.booked[-1].entry}#{state.booked[-1].reference}", now)
    replaced = credited(state) > 0
    end(state, Stage.CREDITED if replaced else Stage.NOTHING_CONFIRMED, at, "nothing_to_credit")
    tell_franchisee(state, "replacement/credited" if replaced else "replacement/nothing_confirmed", "outcome", now)


def withdraw(state: ReplacementState, reason: str, at: datetime, key: str, now: datetime) -> None:
    """Ends the case in an orderly way. What has been credited stays credited: such a case ends as that, so that its number is used up."""
    end(state, Stage.CREDITED if state.booked else Stage.WITHDRAWN, at, "withdrawn")
    tell_franchisee(state, "replacement/withdrawn", key, now, {"reason": reason})
