"""4.1: activities are set no more than seven days ahead, or with a reason, and an account is never long without one.

A setting too far ahead is a breach at the instant of setting. It is withdrawn when the earliest fact that amends it, a reason, a setting of
the same activity in order, or the activity's end, happens within the time for reasons; later, the duty is met late.

An account without an open activity owes the next one seven days after its last contact; whoever ends the last activity has for the next
one at least the time for reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from regulations.case import Evidence, Obligation, Refusal, Standing, Wait
from regulations.catalogue import text
from regulations.obligations import AHEAD, open_obligation, put_obligation, settle, withdraw_breach
from regulations.partner.account_duties import FAR, GRACE, REASON, RHYTHM, owe, prove
from regulations.partner.account_messages import ActivityDone, ActivityReasonGiven, ActivitySet
from regulations.partner.account_state import KIND, MOST_ACTIVITIES, AccountState, Activity, Setting
from regulations.partner.case import OWNERS

MINUTE = timedelta(minutes=1)
"""The limit is kept to the minute: less than one more is none."""
MOST_AMENDS = 3
"""Facts that are kept of an activity for settings of it that are learnt late."""


# --- what happens ---------------------------------------------------------------------------------------------------


def set_activity(state: AccountState, message: ActivitySet, now: datetime) -> None:
    """An activity is set, or moved: the newest setting stands, and each is judged by itself."""
    name, at = message.activity, message.happened_at
    known, over = state.activities.get(name), state.over.get(name)
    amends = list(known.amends) if known is not None else []
    if over is not None and at <= over:  # it was over by the time we learn of it
        amends.append(Evidence(happened_at=over, key=f"over/{name}"))
        if _meet(state, at, message.key, lambda began, unmet: began <= at or (unmet and began <= over)):
            _lapse(state, over, now)
    else:
        state.over.pop(name, None)
        if known is None or at >= known.set_at:
            state.activities[name] = Activity(set_at=at, planned_at=message.planned_at, amends=tuple(amends))
            _keep_newest(state)
        _meet(state, at, message.key, lambda began, unmet: began <= at or unmet)
    if message.reason:
        _amend(state, name, at, message.key)
        return
    amended = min((a for a in amends if a.happened_at >= at), key=lambda a: a.happened_at, default=None)
    setting = Setting(activity=name, set_at=at, planned_at=message.planned_at, key=message.key, amended=amended)
    state.judging[f"far/{name}/{at.isoformat()}"] = setting


def give_reason(state: AccountState, message: ActivityReasonGiven) -> None:
    """The reason of a setting, added to its comment."""
    if message.activity not in state.activities and message.activity not in state.over:
        raise Refusal("NoSuchActivity", "partner 4.1: no such activity is known; deliver first that it was set")
    _amend(state, message.activity, message.happened_at, message.key)


def end_activity(state: AccountState, message: ActivityDone, now: datetime) -> None:
    """An activity is over. Of one that nobody knows it is kept, in case its setting is learnt later; one set again since is open."""
    name, at = message.activity, message.happened_at
    known = state.activities.get(name)
    _amend(state, name, at, message.key)
    if known is not None and at < known.set_at - AHEAD:
        return
    last = state.over.pop(name, at)
    state.over[name] = max(at, last, known.set_at) if known is not None else max(at, last)
    for old in list(state.over)[: max(0, len(state.over) - MOST_ACTIVITIES)]:
        del state.over[old]
    if known is not None:
        del state.activities[name]
        if not state.activities:
            _lapse(state, at, now)


def contact(state: AccountState, at: datetime, by: str, now: datetime) -> None:
    """There was a contact with the partner: where no activity is open, the next one is owed from now on anew."""
    newest = state.last_contact_at is None or at > state.last_contact_at
    _meet(state, at, by, lambda began, unmet: began < at or (unmet and newest))
    if newest:
        state.last_contact_at = at
        if not state.activities:
            _lapse(state, None, now)


def end_rhythm(state: AccountState, at: datetime, by: str) -> None:
    """An account that has ended needs no next activity: had it ended before the term ran out, nothing was missed."""
    _meet(state, at, by, lambda began, unmet: unmet)


def _amend(state: AccountState, activity: str, at: datetime, by: str) -> None:
    """A fact that amends every setting of the activity before it that was too far ahead; the earliest one counts."""
    fact = Evidence(happened_at=at, key=by)
    if (known := state.activities.get(activity)) is not None:
        state.activities[activity] = known.model_copy(update={"amends": (*known.amends, fact)[-MOST_AMENDS:]})
    for held in (state.judging, state.far):
        for key, setting in held.items():
            if setting.activity == activity and setting.set_at <= at and (setting.amended is None or at < setting.amended.happened_at):
                held[key] = setting.model_copy(update={"amended": fact})


def _keep_newest(state: AccountState) -> None:
    while len(state.activities) > MOST_ACTIVITIES:
        del state.activities[min(state.activities, key=lambda name: state.activities[name].set_at)]


# --- the next activity ----------------------------------------------------------------------------------------------


def _lapse(state: AccountState, lost_at: datetime | None, now: datetime) -> None:
    """No activity is open: the next one is owed from the last contact on."""
    assert state.last_contact_at is not None  # noqa: S101 - the beginning is one
    state.lapses += 1
    owe(state, "4.1", f"next/{state.lapses}", state.last_contact_at, now, lost_at)


def _rhythms(state: AccountState) -> Iterator[tuple[str, datetime]]:
    yield from ((o.key, o.started_at) for o in state.obligations if o.key.startswith(RHYTHM))
    yield from ((owed.key, owed.started_at) for owed in state.owed if owed.key.startswith(RHYTHM))


def _meet(state: AccountState, at: datetime, by: str, meant: Callable[[datetime, bool], bool]) -> bool:
    """A setting or a contact at ``at`` meets the duties to set the next activity that are meant, by when each began and whether it is
    unmet; whether any of them was unmet."""
    met = False
    for key, began in list(_rhythms(state)):
        unmet = state.owes(key) and key not in state.evidence
        if meant(began, unmet):
            met = met or unmet
            prove(state, key, at, by)
    return met


def later_of(state: AccountState) -> None:
    """Who ends the last activity shortly before, or after, the seven days are over has the time for reasons to set the next one."""
    for name in [name for name in state.waits if name.startswith(GRACE)]:
        o, wait = state.obligation(name.removeprefix(GRACE)), state.waits[name]
        if o is None or o.plan is None or wait.plan is None:
            continue
        del state.waits[name]
        if o.standing is Standing.OPEN and o.extended_to is None and not o.holds and o.plan.due < wait.plan.due:
            o.started_at, o.term, o.plan, o.verified = wait.start, wait.term, None, False
            put_obligation(state, o)


# --- too far ahead --------------------------------------------------------------------------------------------------


def judge(state: AccountState, now: datetime) -> None:
    """Holds every setting without a reason against the limit, once that is counted."""
    for name, setting in list(state.judging.items()):
        term = state.term("4.1")
        if term is None:
            del state.judging[name]
        elif (wait := state.waits.get(name)) is None:
            state.waits[name] = Wait(term=term, start=setting.set_at)
        elif wait.plan is not None:
            del state.judging[name], state.waits[name]
            if setting.planned_at < wait.plan.due + MINUTE:
                _amend(state, setting.activity, setting.set_at, setting.key)
            else:
                _too_far(state, setting, now)


def _too_far(state: AccountState, setting: Setting, now: datetime) -> None:
    owner, escalation = OWNERS["4.1"]
    key = f"{FAR}{setting.activity}/{setting.set_at.isoformat()}"
    open_obligation(
        state,
        key,
        clause="4.1",
        owner=state.role(owner),
        escalation=escalation,
        started_at=setting.set_at,
        now=now,
        term="at once",
    )
    state.far[key] = setting
    state.waits[f"{REASON}{key}"] = Wait(term=state.settings.reason_limit, start=setting.set_at)
    state.note("too_far", setting.set_at, now, key=key, note=setting.activity)


def amend_breaches(state: AccountState, now: datetime) -> list[Obligation]:
    """What amends a setting too far ahead withdraws its breach within the time for reasons, and meets it late after that; gives those
    withdrawn."""
    withdrawn = []
    for key, setting in state.far.items():
        o, wait = state.obligation(key), state.waits.get(f"{REASON}{key}")
        fact = setting.amended
        if fact is None or o is None or o.standing in (Standing.MET, Standing.WAIVED) or wait is None or wait.plan is None:
            continue
        in_time = fact.happened_at <= wait.plan.due
        if in_time and o.breached_at is not None:
            note = text(state.language, KIND, "amended", at=state.local(fact.happened_at))
            withdraw_breach(state, o, fact.happened_at, fact.key, now, note)
            withdrawn.append(o)
        elif not in_time or (o.due is not None and fact.happened_at <= o.due):
            prove(state, key, fact.happened_at, fact.key)
            settle(state, o, state.proof(o), now)
    return withdrawn
