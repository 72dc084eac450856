"""4.1, 4.7: visits. The client's system is updated once in each period of the contract.

A period begins after the due instant of the one before (the first one with the installation) and ends with its own. An update meets the
oldest period in which it lies; where that is met already it makes up, late, for the oldest one that was missed. What lies in no such
period, an update made ahead of time above all, is extra. No update meets two periods.
"""

from __future__ import annotations

from datetime import datetime

from regulations.case import Evidence, Obligation, Refusal
from regulations.catalogue import text
from regulations.obligations import only
from regulations.onboarding.plan_messages import VisitMade
from regulations.onboarding.plan_rhythm import follows, open_period
from regulations.onboarding.plan_rows import record
from regulations.onboarding.plan_state import KIND, MOST_VISITS, SERVES, UPDATE, PlanState, Update


def visit_made(state: PlanState, message: VisitMade) -> str:
    """A visit, once; an update is judged when the periods have been counted."""
    only(SERVES, message.by, "report a visit")
    if message.visit in state.visits:
        raise Refusal("KnownVisit", "onboarding 4.1: this visit was told of before; give every visit an id of its own")
    state.visits = [*state.visits, message.visit][-MOST_VISITS:]
    if message.updated:
        state.updates.append(Update(visit=message.visit, at=message.happened_at))
        state.last_update_at = max(message.happened_at, state.last_update_at or message.happened_at)
    words = [text(state.language, KIND, "record", "visit")]
    if message.updated:
        words.append(text(state.language, KIND, "record", "updated", set=message.update_set or state.begun.update_set))
    if message.materials:
        words.append(text(state.language, KIND, "record", "materials", materials=", ".join(message.materials)))
    record(state, "visit", message.visit, message, [*words, message.remark], minutes=message.minutes)
    return message.visit


def keep_rhythm(state: PlanState, now: datetime) -> None:
    """There is always a period that is known: the first from the installation on, each other one from the due instant before it."""
    newest, every = state.newest(UPDATE), state.begun.update_every
    if newest is None:
        open_period(state, f"{UPDATE}/1", every, state.begun.installed_at, now)
    elif (start := follows(state, newest, now)) is not None:
        open_period(state, f"{UPDATE}/{_number(newest) + 1}", every, start, now)


def match_updates(state: PlanState, now: datetime) -> None:
    """Gives every period the update that meets it, from scratch: one that is learnt late may move the others."""
    periods, newest = state.periods(UPDATE), state.newest(UPDATE)
    if newest is None or not state.updates or any(o.plan is None for o in periods):
        return
    end = newest.due
    known = sorted((u for u in state.updates if end is None or u.at <= end), key=lambda u: (u.at, u.visit))
    given: dict[str, Update] = {}
    for o in periods:
        if (found := next((u for u in known if _lies_in(u, o)), None)) is not None:
            known.remove(found)
            given[o.key] = found
    for update in list(known):
        missed = next((o for o in periods if o.key not in given and o.due is not None and o.due < update.at), None)
        if missed is not None:
            known.remove(update)
            given[missed.key] = update
    for key, update in given.items():
        state.evidence[key] = Evidence(happened_at=update.at, key=update.visit)
    for extra in known:
        state.updates.remove(extra)
        state.note("update_extra", extra.at, now, key=f"extra#{extra.visit}", note=extra.visit)


def forget_updates(state: PlanState, visits: set[str]) -> None:
    """Their periods are forgotten."""
    state.updates = [u for u in state.updates if u.visit not in visits]


def _lies_in(update: Update, o: Obligation) -> bool:
    begun = update.at > o.started_at or (_number(o) == 1 and update.at == o.started_at)
    return begun and (o.due is None or update.at <= o.due)


def _number(o: Obligation) -> int:
    return int(o.key.partition("/")[2])
