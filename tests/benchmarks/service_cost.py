"""What it costs to serve many clients: `python -m tests.benchmarks service_cost [CLIENTS]`.

History events and what Temporal Cloud bills as actions, per client and month, measured from real histories (`service_months`): (a) each
plan and each diary with durable timers of its own, as built; (b) with Temporal Schedules, each of which starts a short run at every
occasion. Prints the whole arithmetic, line by line.

(b) is given every benefit: its messages and its effects cost what they cost in (a), terms need no counting and cases no search
attributes; making and changing its Schedules is free.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from runtime.process import leave
from tests.benchmarks.service_months import Spent, diary_month, occasion, plan_months
from tests.databases import sqlite_in
from tests.workflows.conftest import real_time, time_skipping
from workflows.docket import MOST_EVENTS

CLIENTS_OF_A_MANAGER = 100
MONTHS = 3
HOURS = 730.5
"""Of a month."""
LOOKS = 2
"""Occasions of a term: its reminder and its end. A Schedule cannot know that there is nothing to do any more."""
ROUNDS = 12 * HOURS
"""Of notices in a month: every five minutes, for a zone."""
EFFECTS = ("update", "activity", "retry")
"""Actions that messages and effects take, however one waits for terms."""
CLOCKS = ("TIMER_STARTED", "TIMER_FIRED", "TIMER_CANCELED", "MARKER_RECORDED", "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES")
"""Events that come of waiting for terms; with each timer that fires comes a workflow task of three more."""
PRICES = ((5, 50), (10, 45), (20, 40), (50, 35), (100, 30), (200, 25))
"""Up to so many millions of actions in a month → dollars for each of them (docs.temporal.io/evaluate/cloud/pricing, 2026)."""
GIGABYTE_HOUR = 0.042
"""Dollars for a gigabyte of open histories in an hour."""
SUGGESTED = 4_096
"""Events after which a server suggests to continue as new."""


@dataclass(frozen=True)
class Measured:
    """What was measured."""

    plan: Spent
    """One client over `MONTHS` months."""
    plan_happened: Counter[str]
    diary: Spent
    """One manager over a month."""
    diary_happened: Counter[str]
    run: Spent
    """What a Schedule starts."""
    schedule: Spent
    """What the Schedule's own run adds for it."""


@dataclass(frozen=True)
class Month:
    """What one client costs in a month."""

    actions: float
    events: float


def dollars(actions: float) -> float:
    """The price of so many actions in a month."""
    total, below = 0.0, 0.0
    for millions, price in PRICES:
        part = min(actions, millions * 1e6) - below
        if part <= 0:
            return total
        total, below = total + part / 1e6 * price, millions * 1e6
    return total + max(0.0, actions - below) / 1e6 * PRICES[-1][1]


def effects(spent: Spent) -> Month:
    """The messages and effects alone, without what waits for terms."""
    clocks = sum(spent.events[kind] for kind in CLOCKS) + 3 * spent.events["TIMER_FIRED"]
    return Month(sum(spent.actions[kind] for kind in EFFECTS), sum(spent.events.values()) - clocks)


def whole(spent: Spent) -> Month:
    return Month(sum(spent.actions.values()), sum(spent.events.values()))


def with_timers(m: Measured) -> Month:
    """(a): a client with its share of its manager's diary."""
    plan, diary = whole(m.plan), whole(m.diary)
    share = CLIENTS_OF_A_MANAGER
    return Month(plan.actions / MONTHS + diary.actions / share, plan.events / MONTHS + diary.events / share)


def occasions(m: Measured) -> tuple[float, float]:
    """In a month, of a client and of a manager."""
    terms = m.plan_happened["visits"] + m.plan_happened["payments"]
    return LOOKS * terms / MONTHS, LOOKS * m.diary_happened["days"]


def with_schedules(m: Measured) -> Month:
    """(b): the same client."""
    plan, diary, share = effects(m.plan), effects(m.diary), CLIENTS_OF_A_MANAGER
    of_client, of_manager = occasions(m)
    each = Month(whole(m.run).actions, whole(m.run).events + whole(m.schedule).events)
    number = of_client + of_manager / share
    return Month(
        plan.actions / MONTHS + diary.actions / share + number * each.actions,
        plan.events / MONTHS + diary.events / share + number * each.events,
    )


# --- the arithmetic in words --------------------------------------------------------------------------------------------


def words(m: Measured, clients: int) -> Iterator[str]:
    """Everything, line by line."""
    yield from _measured(m)
    yield from _timers(m, clients)
    yield from _schedules(m, clients)
    yield from _compared(m, clients)


def _measured(m: Measured) -> Iterator[str]:
    happened, share = m.plan_happened, CLIENTS_OF_A_MANAGER
    yield "MEASURED (events and bytes of real histories; actions by the list of Temporal Cloud)"
    yield f"  a client over {MONTHS} months: {happened['visits']} visits with an update, one in four after its reminder;"
    yield f"    {happened['contacts']} contacts; {happened['payments']} payments that billing knows of when it is asked"
    yield f"  a manager over a month: {m.diary_happened['days']} working days, each with its papers confirmed in one message;"
    yield f"    {m.diary_happened['visits']} visits planned, one message each"
    yield ""
    yield f"  {'in a month':<26}{'a client':>12}{'a manager':>12}{f'manager/{share}':>14}"
    kinds = ("update", "activity", "retry", "local activities", "timer", "search attributes", "start")
    names = (
        "messages taken",
        "activities",
        "further attempts",
        "local activities",
        "timers started",
        "search attributes set",
        "runs begun",
    )
    for kind, name in zip(kinds, names, strict=True):
        yield _row(name, m.plan.actions[kind] / MONTHS, m.diary.actions[kind])
    yield _row("= actions", whole(m.plan).actions / MONTHS, whole(m.diary).actions)
    yield _row("history events", whole(m.plan).events / MONTHS, whole(m.diary).events)
    yield _row("kilobytes of history", m.plan.size / MONTHS / 1e3, m.diary.size / 1e3)
    yield ""


def _row(name: str, client: float, manager: float) -> str:
    return f"  {name:<26}{client:>12.2f}{manager:>12.0f}{manager / CLIENTS_OF_A_MANAGER:>14.2f}"


def _timers(m: Measured, clients: int) -> Iterator[str]:
    cost, plan, diary, share = with_timers(m), whole(m.plan), whole(m.diary), CLIENTS_OF_A_MANAGER
    yield "(a) DURABLE TIMERS, AS BUILT: per client and month"
    yield f"  actions  {plan.actions / MONTHS:.2f} + {diary.actions:.0f} / {share} = {cost.actions:.2f}"
    yield f"  events   {plan.events / MONTHS:.2f} + {diary.events:.0f} / {share} = {cost.events:.2f}"
    yield _sum(clients, cost)
    yield from _kept("plan", m.plan, MONTHS, clients, MOST_EVENTS)
    yield from _kept("plan, if it waited for the server's word,", m.plan, MONTHS, clients, SUGGESTED)
    yield from _kept("diary", m.diary, 1, clients / share, SUGGESTED)
    yield ""


def _kept(name: str, spent: Spent, months: int, count: float, longest: int) -> Iterator[str]:
    """What it costs that a history stays open, until it continues as new."""
    a_month, size = whole(spent).events / months, spent.size / whole(spent).events
    average = spent.carried + longest / 2 * size
    hours = count * average / 1e9 * HOURS
    yield f"  a {name} continues as new every {longest / a_month:.1f} months ({a_month / longest:.2f} actions a month);"
    state = f"{spent.carried / 1e3:.0f} KB of state + " if spent.carried else ""
    yield f"    its open history is {state}{longest / 2:.0f} x {size:.0f} bytes = {average / 1e3:.0f} KB on average:"
    yield f"    {count:,.0f} of them {hours:,.0f} GBh a month, ${hours * GIGABYTE_HOUR:,.2f}"


def _schedules(m: Measured, clients: int) -> Iterator[str]:
    cost, plan, diary, share = with_schedules(m), effects(m.plan), effects(m.diary), CLIENTS_OF_A_MANAGER
    of_client, of_manager = occasions(m)
    run, own = whole(m.run), whole(m.schedule)
    number = of_client + of_manager / share
    terms = (m.plan_happened["visits"] / MONTHS, m.plan_happened["payments"] / MONTHS)
    by_kind = " + ".join(f"{count} {kind}" for kind, count in m.run.actions.items())
    yield "(b) TEMPORAL SCHEDULES: per client and month"
    yield f"  one occasion: {by_kind} = {run.actions} actions; {run.events} events of the run + {own.events} of the Schedule's own run"
    yield f"  occasions: {LOOKS} x ({terms[0]:.2f} updates + {terms[1]:.2f} payments) = {of_client:.2f} of a client;"
    yield f"    {LOOKS} x {m.diary_happened['days']} days = {of_manager:.0f} of a manager / {share} = {of_manager / share:.2f};"
    yield f"    together {number:.2f}"
    yield f"  messages and effects as in (a): actions {plan.actions / MONTHS:.2f} + {diary.actions:.0f} / {share}"
    yield f"    = {plan.actions / MONTHS + diary.actions / share:.2f}; events {plan.events / MONTHS + diary.events / share:.2f}"
    yield f"  actions  {plan.actions / MONTHS + diary.actions / share:.2f} + {number:.2f} x {run.actions} = {cost.actions:.2f}"
    yield f"  events   {plan.events / MONTHS + diary.events / share:.2f} + {number:.2f} x {run.events + own.events} = {cost.events:.2f}"
    yield _sum(clients, cost)
    yield f"  and {2 * clients + 2 * clients // share:,} Schedules to be kept in step with every contract, manager and calendar"
    yield ""


def _sum(clients: int, cost: Month) -> str:
    actions = clients * cost.actions
    return f"  {clients:,} clients: {actions:,.0f} actions, {clients * cost.events:,.0f} events, ${dollars(actions):,.2f} for the actions"


def _compared(m: Measured, clients: int) -> Iterator[str]:
    a, b = with_timers(m), with_schedules(m)
    messages = effects(m.plan).actions / MONTHS + effects(m.diary).actions / CLIENTS_OF_A_MANAGER
    cheaper, times = ("(a)", b.actions / a.actions) if a.actions <= b.actions else ("(b)", a.actions / b.actions)
    looks = ROUNDS * whole(m.run).actions
    yield f"CHEAPER: {cheaper}; the other takes {times:.2f} times its actions. (b) takes {b.events / a.events:.2f} times the events of (a)."
    yield f"  Waiting for terms costs {a.actions - messages:.2f} actions in (a), {b.actions - messages:.2f} in (b): a timer is one action"
    yield "  whether it fires or not, and a duty that is met wakes nobody; a Schedule takes three at every occasion, done or not."
    yield "  Nor does a Schedule know working time: it would have to be changed for each term that a calendar moves."
    yield f"  The rounds of notices are the same for both: {ROUNDS:,.0f} in a month and zone, {looks:,.0f} actions,"
    yield f"  {looks / clients:.2f} a client."


async def measure(folder: Path) -> Measured:
    """Plays all of it, each on a server of its own."""
    async with sqlite_in(folder) as engine:
        async with time_skipping() as env:
            plan, plan_happened = await plan_months(env, engine, MONTHS)
        async with time_skipping() as env:
            diary, diary_happened = await diary_month(env, engine)
    async with real_time(continue_at=SUGGESTED) as env:
        run, schedule = await occasion(env)
    return Measured(plan, plan_happened, diary, diary_happened, run, schedule)


def main(clients: int = 10_000, say: Callable[[str], None] = print) -> int:
    """Measures, and prints the arithmetic for so many clients."""
    with tempfile.TemporaryDirectory(prefix="reglament-service-", ignore_cleanup_errors=True) as folder:
        measured = asyncio.run(measure(Path(folder)))
    for line in words(measured, clients):
        say(line)
    return 0


if __name__ == "__main__":
    leave(main(int(sys.argv[1])) if len(sys.argv) > 1 else main())
