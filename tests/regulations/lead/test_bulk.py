"""6.1 and 6.2: what each lead of a bulk action is told."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.lead.bulk import LeadToSpread, assign, event, spread
from regulations.lead.messages import BulkStarted, DayPlanned, Quota

MONDAY = date(2026, 11, 23)
AT = datetime(2026, 11, 22, 6, tzinfo=UTC)


def days(count: int) -> list[date]:
    """Working days: after every third one two days off."""
    return [MONDAY + timedelta(days=n + n // 3 * 2) for n in range(count)]


def lead(n: int, temperature: str = "warm", due: int | None = None, **other: str) -> LeadToSpread:
    """``due``: days after Monday."""
    due_on = None if due is None else MONDAY + timedelta(days=due)
    return LeadToSpread(f"lead/c-{n}/bureau", other.get("centre", "v"), other.get("status", "new"), temperature, due_on)


def planned(leads: list[LeadToSpread], count: int) -> dict[str, date]:
    """Address → day, of those that got one."""
    answers = spread([one.address for one in leads], leads, "v", days(count))
    assert [answer.address for answer in answers] == [one.address for one in leads]
    return {answer.address: date.fromisoformat(str(answer.given["day"])) for answer in answers if not answer.reason}


# --- 6.1 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 6.1")
def test_managers_get_their_numbers_in_the_order_given_and_the_rest_is_refused() -> None:
    addresses = [f"lead/c-{n}/bureau" for n in range(6)]
    told = assign(addresses, [Quota(manager="m1", leads=2), Quota(manager="m2", leads=3)])
    assert [one.address for one in told] == addresses
    assert [one.given.get("manager") for one in told] == ["m1", "m1", "m2", "m2", "m2", None]
    assert [one.clause for one in told if one.reason] == ["6.1"]


@pytest.mark.clause("lead 6.1")
@given(st.integers(0, 40), st.lists(st.integers(1, 30), min_size=1, max_size=5))
def test_nobody_gets_more_than_the_quota_and_no_lead_is_lost(count: int, numbers: list[int]) -> None:
    addresses = [f"lead/c-{n}/bureau" for n in range(count)]
    told = assign(addresses, [Quota(manager=f"m{n}", leads=number) for n, number in enumerate(numbers)])
    assert [one.address for one in told] == addresses
    got = Counter(one.given["manager"] for one in told if not one.reason)
    assert all(got[f"m{n}"] <= number for n, number in enumerate(numbers))
    assert sum(got.values()) == min(count, sum(numbers))


# --- 6.2 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 6.2")
def test_warm_goes_to_the_nearest_days_cold_to_the_end_and_every_day_gets_the_same() -> None:
    leads = [lead(1, "cold", 29), lead(2, "warm", 6), lead(3, "cold", 20), lead(4, "warm", 5)]
    got = planned(leads, 4)
    assert [got[leads[n].address] for n in (3, 1, 2, 0)] == days(4)


@pytest.mark.clause("lead 6.2")
@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (lead(1, "hot"), "горячие"),
        (lead(1, status="in_progress"), "только новые"),
        (lead(1, centre="other"), "другого"),
        (lead(1, due=-1), "раньше"),
    ],
)
def test_what_may_not_be_spread_is_refused_with_the_clause(odd: LeadToSpread, words: str) -> None:
    answers = spread([odd.address, "lead/unknown/bureau"], [odd], "v", days(3))
    assert [(answer.clause, answer.given) for answer in answers] == [("6.2", {})] * 2
    assert words in answers[0].reason


@pytest.mark.clause("lead 6.2")
@pytest.mark.parametrize("due", [0, 1, 2])
def test_a_day_is_never_after_the_due_day_and_the_due_day_itself_will_do(due: int) -> None:
    got = planned([lead(n, due=due) for n in range(6)], 3)
    assert set(got.values()) == set(days(due + 1))


@pytest.mark.clause("lead 6.2")
def test_leads_due_on_days_off_are_placed_before_them() -> None:
    """Five leads due on the first day off: three working days come before it, and a fourth one after."""
    got = planned([lead(n, due=3) for n in range(5)], 4)
    assert sorted(Counter(got.values()).values()) == [1, 2, 2]


LEADS = st.lists(st.tuples(st.sampled_from(["warm", "cold"]), st.none() | st.sampled_from([0, 2, 3, 4, 6, 9])), max_size=14)


@pytest.mark.clause("lead 6.2")
@given(LEADS, st.integers(1, 7))
def test_no_lead_is_lost_doubled_or_late_and_warm_comes_before_cold(kinds: list[tuple[str, int | None]], count: int) -> None:
    leads = [lead(n, temperature, due) for n, (temperature, due) in enumerate(kinds)]
    got = planned(leads, count)
    assert got.keys() == {one.address for one in leads}
    assert all(one.due_on is None or got[one.address] <= one.due_on for one in leads)
    for earlier, later in product(leads, leads):
        swapped = got[earlier.address] > got[later.address]
        could_swap = later.due_on is None or later.due_on >= got[earlier.address]
        if (earlier.temperature, later.temperature) == ("warm", "cold"):
            assert not (swapped and could_swap), "a cold lead stands before a warm one, and its due day did not ask for that"
        if earlier.temperature == later.temperature and (earlier.due_on or date.max) < (later.due_on or date.max):
            assert not swapped, "of one temperature the earlier due comes first"


def evenest(leads: list[LeadToSpread], count: int) -> list[int]:
    """By trying: the loads with the least sum of squares, sorted."""
    options = [[day for day in days(count) if one.due_on is None or day <= one.due_on] for one in leads]
    tried = (Counter(choice) for choice in product(*options))
    best = min(tried, key=lambda loads: sum(load**2 for load in loads.values()))
    return sorted(best.get(day, 0) for day in days(count))


@pytest.mark.clause("lead 6.2")
@settings(max_examples=60)
@given(st.lists(st.none() | st.integers(0, 7), max_size=6), st.integers(1, 5))
def test_the_load_is_as_even_as_the_due_days_allow(dues: list[int | None], count: int) -> None:
    leads = [lead(n, due=due) for n, due in enumerate(dues)]
    got = Counter(planned(leads, count).values())
    assert sorted(got.get(day, 0) for day in days(count)) == evenest(leads, count)


@pytest.mark.clause("lead 6.2")
@given(st.integers(0, 3_000), st.integers(1, 60))
def test_without_pressing_due_days_loads_differ_by_at_most_one(number: int, count: int) -> None:
    got = Counter(planned([lead(n, "cold") for n in range(number)], count).values())
    loads = [got.get(day, 0) for day in days(count)]
    assert sum(loads) == number
    assert max(loads) - min(loads) <= 1


# --- what a lead is told --------------------------------------------------------------------------------------------


def test_the_event_of_an_item_is_always_the_same_and_is_one_that_a_lead_takes() -> None:
    started = BulkStarted.model_validate(
        {
            "key": "k",
            "happened_at": AT,
            "bulk": "b-1",
            "action": "spread",
            "by": {"id": "u1", "role": "principal"},
            "centre": "v",
            "leads": ["lead/h-0123456789abcdef0123/bureau"],
            "first": MONDAY,
            "last": MONDAY,
        }
    )
    said = event(started, AT, 17, started.leads[0], {"day": MONDAY.isoformat()})
    assert said == event(started, AT, 17, started.leads[0], {"day": MONDAY.isoformat()})
    assert (said["id"], said["type"]) == ("bulk/b-1/17", "lead.day_planned")
    assert isinstance(said["data"], dict)
    message = DayPlanned.model_validate({**said["data"], "key": said["id"], "happened_at": said["occurred_at"]})
    assert (message.client, message.product, message.centre, message.day) == ("h-0123456789abcdef0123", "bureau", "v", MONDAY)
