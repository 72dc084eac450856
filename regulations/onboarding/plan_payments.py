"""4.3: the client pays in time, by the contract's day of each month, rolled.

Payments count in the order of their posting times, each for the oldest month that is not paid yet: so one counts once, and one that is paid
ahead counts for a month to come. Billing is asked when the reminder comes, and once more before a breach stands; while it does not answer
there is no breach, but the reminder goes out. What was posted before the installation belongs to the onboarding.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Literal

from regulations.breaches import reminder_due
from regulations.case import Evidence, Obligation, Refusal, Standing
from regulations.clocks import ran_out
from regulations.effects import BillingAnswer, BillingQuestion
from regulations.onboarding.plan_messages import PlanPaymentPosted
from regulations.onboarding.plan_rhythm import follows, open_period
from regulations.onboarding.plan_state import MOST_AHEAD, MOST_PAYMENTS, PAYMENT, UPDATE, Paid, PlanState, month_of

DAY, MONTH = timedelta(days=1), timedelta(days=31)


def payment_term(day: int) -> str:
    """The term of one month, from the noon of a day of it on."""
    return f"day {day} of month, rolled"


# --- what was paid --------------------------------------------------------------------------------------------------


def payment_posted(state: PlanState, message: PlanPaymentPosted) -> str:
    """Somebody tells of a payment; billing may have told of it before."""
    if _take(state, message.reference, message.happened_at) == "too_many":
        raise Refusal("PaidAhead", "onboarding 4.3: so many months are paid ahead that no more are kept; tell of this payment later")
    return message.reference


def learn_billing(state: PlanState, answer: BillingAnswer, now: datetime) -> None:
    """Takes all the payments that billing knows. More than are kept ahead are seen again in a later answer."""
    state.asking, state.asked_at, state.asking_since = "", state.asking_since, None
    for payment in answer.payments:
        if _take(state, payment.reference, payment.reached_at) == "new":
            key = f"payment#{payment.reference}"
            state.note("payment", payment.reached_at, now, key=key, source="billing", note=payment.reference)


def _take(state: PlanState, reference: str, at: datetime) -> Literal["new", "known", "too_many"]:
    """Takes a payment, once; the earliest posting time that is told of it stands."""
    known = next((paid for paid in state.payments if paid.reference == reference), None)
    if known is not None and (known.spent or known.at <= at):
        return "known"
    if known is None:
        if state.paid_before is None or at <= state.paid_before:
            return "known"
        if _unspent(state) - len(state.periods(PAYMENT)) >= MOST_AHEAD:
            return "too_many"
    others = [paid for paid in state.payments if paid is not known]
    state.payments = sorted([*others, Paid(reference=reference, at=at)], key=lambda paid: (paid.at, paid.reference))
    state.paid_at = max(paid.at for paid in state.payments)
    return "new" if known is None else "known"


def _unspent(state: PlanState) -> int:
    return sum(not paid.spent for paid in state.payments)


# --- the months -----------------------------------------------------------------------------------------------------


def keep_months(state: PlanState, now: datetime) -> None:
    """There is always a month that is known: the first whose payment day comes after the day of the installation, then each other one."""
    newest = state.newest(PAYMENT)
    if newest is None and UPDATE in state.marks:  # the zone's offset is known
        after = state.begun.installed_at.astimezone(timezone(state.offset)).date() + DAY
        passed = after.day > min(state.begun.payment_day, monthrange(after.year, after.month)[1])
        _open_month(state, _next_month(after) if passed else after, now)
    elif newest is not None and follows(state, newest, now) is not None:
        _open_month(state, _next_month(month_of(newest)), now)


def _open_month(state: PlanState, day: date, now: datetime) -> None:
    """Counted from the noon of a day: its term looks at the local date alone."""
    noon = datetime.combine(day, time(12), timezone(state.offset)).astimezone(UTC)
    if state.ended_at is None or noon < state.ended_at:
        open_period(state, f"{PAYMENT}/{day:%Y-%m}", payment_term(state.begun.payment_day), noon, now)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + MONTH).replace(day=1)


def match_payments(state: PlanState) -> None:
    """Gives every month the payment that meets it, from scratch: one that is learnt late moves the others on."""
    unspent = (paid for paid in state.payments if not paid.spent)
    for o, paid in zip(state.periods(PAYMENT), unspent, strict=False):
        state.evidence[o.key] = Evidence(happened_at=paid.at, key=paid.reference)


def forget_payments(state: PlanState, references: set[str]) -> None:
    """Their months are forgotten: they count for no other. Of the oldest of them an instant stays, before which nothing counts."""
    state.payments = [paid.model_copy(update={"spent": True}) if paid.reference in references else paid for paid in state.payments]
    spent = [paid for paid in state.payments if paid.spent]
    for old in spent[: max(0, len(spent) - MOST_PAYMENTS)]:
        state.payments.remove(old)
        state.paid_before = max(old.at, state.paid_before or old.at)


# --- billing --------------------------------------------------------------------------------------------------------


def ask_billing(state: PlanState, now: datetime) -> BillingQuestion | None:
    """What billing is to be asked now; None: nothing, or it is being asked."""
    if state.asking or state.opening is None or not any(_asked_for(state, o, now) for o in state.periods(PAYMENT)):
        return None
    state.asking, state.asking_since = "asked", now
    begun = state.begun
    return BillingQuestion(deal=begun.contract, login=begun.person.email or "", zone=state.opening.zone)


def billing_is_slow(state: PlanState, now: datetime) -> None:
    """Billing did not answer at once: nothing waits for it any more but a breach."""
    if state.asking == "asked":
        state.asking = "slow"


def _asked_for(state: PlanState, o: Obligation, now: datetime) -> bool:
    paid = state.proof(o)
    if o.standing is not Standing.OPEN or (paid is not None and o.due is not None and paid.happened_at <= o.due):
        return False
    if ran_out(o, min(state.ended_at or now, now)):
        return not state.sure(o)
    at = reminder_due(state, o, now) if state.ended_at is None else None
    return at is not None and (state.asked_at is None or state.asked_at < at)
