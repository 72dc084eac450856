"""6.1 and 6.2: what each lead of a bulk action is told, decided once when its selection is frozen. Pure.

A lead that a rule excludes is refused here, with the clause; every other one still checks its own status when it is told.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

from pydantic import JsonValue

from regulations.catalogue import text
from regulations.lead.messages import BulkStarted, Quota
from regulations.lead.state import Status

CLAUSES = {"assign": "6.1", "spread": "6.2", "postpone": "6.3", "create": "3.2"}
"""The clause of each action."""
EVENTS = {"assign": "lead.manager_assigned", "spread": "lead.day_planned", "postpone": "lead.postponed", "create": "lead.created"}
"""The event that tells a lead."""
LANGUAGE = "ru"


@dataclass(frozen=True)
class Frozen:
    """One lead of a selection: what it is to be told, or, with a ``reason``, why it is not."""

    address: str
    given: dict[str, JsonValue] = field(default_factory=dict)
    """Fields of its message, besides those that say which lead is meant."""
    clause: str = ""
    reason: str = ""


def refused(address: str, clause: str, why: str, **values: object) -> Frozen:
    """A lead that is not told anything, with the words of the catalogue."""
    return Frozen(address, {}, clause, text(LANGUAGE, "bulk", "refusal", why, **values))


# --- 6.1 ------------------------------------------------------------------------------------------------------------


def assign(addresses: Sequence[str], quotas: Sequence[Quota]) -> list[Frozen]:
    """6.1: the first manager gets the first leads, as many as its quota says, then the next one; what is beyond all quotas is refused."""
    managers = [quota.manager for quota in quotas for _ in range(min(quota.leads, len(addresses)))]
    told = [Frozen(address, {"manager": manager}) for address, manager in zip(addresses, managers, strict=False)]
    beyond = addresses[len(told) :]
    return told + [refused(address, "6.1", "beyond", places=sum(q.leads for q in quotas)) for address in beyond]


# --- 6.2 ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeadToSpread:
    """What the register says of a lead."""

    address: str
    centre: str
    status: str
    temperature: str
    due_on: date | None
    """The day of its 7.2 term at the centre; None: it is not counted yet, and the lead itself will look."""


def spread(selected: Sequence[str], known: Iterable[LeadToSpread], centre: str, days: Sequence[date]) -> list[Frozen]:
    """6.2: gives each warm or cold new lead one of the days, in the order of the selection.

    Warm leads come before cold ones, and within a temperature the earlier due before the later, but no lead after its due day. The days
    are as evenly filled as the due days allow.

    Args:
        selected: Addresses, each once.
        known: What the register holds of them.
        centre: The leads of another centre are refused.
        days: The working days of the period, ascending, each once; not empty.
    """
    by_address = {lead.address: lead for lead in known}
    answers: dict[str, Frozen] = {}
    fit: list[LeadToSpread] = []
    for address in selected:
        lead = by_address.get(address)
        if lead is None:
            answers[address] = refused(address, "6.2", "unknown")
        elif (why := _unfit(lead, centre, days[0])) is not None:
            answers[address] = refused(address, "6.2", why)
        else:
            fit.append(lead)
    for lead, day in day_of_each(fit, days):
        answers[lead.address] = Frozen(lead.address, {"day": day.isoformat()})
    return [answers[address] for address in selected]


def _unfit(lead: LeadToSpread, centre: str, first: date) -> str | None:
    if lead.centre != centre:
        return "passed"
    if lead.temperature == "hot":
        return "hot"
    if lead.status != Status.NEW:
        return "not_new"
    if lead.due_on is not None and lead.due_on < first:
        return "due_before"
    return None


def day_of_each(leads: Sequence[LeadToSpread], days: Sequence[date]) -> list[tuple[LeadToSpread, date]]:
    """The days of leads that may be spread, none of them due before the first day.

    Filled from the last day backwards: each day takes as many leads as `loads` says, cold before warm and the later due before the
    earlier, of those that are not due before it. There are always enough, since the loads leave no due day behind.
    """
    per_day = loads([lead.due_on for lead in leads], days)
    left = sorted(leads, key=lambda lead: (lead.temperature == "cold", lead.due_on or date.max, lead.address))
    found: list[tuple[LeadToSpread, date]] = []
    for day, load in zip(reversed(days), reversed(per_day), strict=True):
        taken: list[LeadToSpread] = []
        kept: list[LeadToSpread] = []
        for lead in reversed(left):
            fits = len(taken) < load and (lead.due_on is None or lead.due_on >= day)
            (taken if fits else kept).append(lead)
        left = kept[::-1]
        found += ((lead, day) for lead in taken)
    return found


def loads(due: Sequence[date | None], days: Sequence[date]) -> list[int]:
    """How many leads each day gets: as even as can be, with no lead after its due day.

    With the days as abscissa, by each day at least the leads that are due before the next one must have been placed. The evenest way to
    stay above those points is the tightest string over them (their least concave majorant); rounded up, each of its straight pieces has
    loads that differ by at most one.
    """
    dated = sorted(one for one in due if one is not None)
    points = [(0, 0), *((x, bisect_left(dated, following)) for x, following in enumerate(days[1:], 1)), (len(days), len(due))]
    hull: list[tuple[int, int]] = []
    for point in points:
        while len(hull) > 1 and _not_above(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    placed = [0]
    for (x0, y0), (x1, y1) in pairwise(hull):
        placed += [y0 - (y0 - y1) * (x - x0) // (x1 - x0) for x in range(x0 + 1, x1 + 1)]
    return [after - before for before, after in pairwise(placed)]


def _not_above(left: tuple[int, int], middle: tuple[int, int], right: tuple[int, int]) -> bool:
    """Whether the middle point is not above the line from left to right."""
    return (middle[1] - left[1]) * (right[0] - left[0]) <= (right[1] - left[1]) * (middle[0] - left[0])


# --- the message of one lead ----------------------------------------------------------------------------------------


def event(started: BulkStarted, at: datetime, n: int, address: str, given: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The event that tells a lead of a bulk action: the same whenever it is made, so that a lead takes it once.

    It happens at the beginning of its page. An INN never stands in an address: what stands for it there names the lead as well.
    """
    data: dict[str, JsonValue] = dict(given)
    if started.action != "create":
        _, client, product = address.split("/", 2)
        data |= {"client": client, "product": product, "centre": started.centre}
        data["by"] = started.by.model_dump(mode="json")
    return {"id": f"bulk/{started.bulk}/{n}", "type": EVENTS[started.action], "occurred_at": at.isoformat(), "data": data}
