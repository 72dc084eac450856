"""4.1, 4.7: visits and periods: what meets what, to the microsecond; the rhythm through clock changes and extensions."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError

from regulations.onboarding.plan_messages import PauseOfPlan, ResumeOfPlan, VisitMade
from tests.regulations.onboarding.plans import BEGUN, HEAD, LAWYER, MANAGER, OTHER, Plan, at

TICK = timedelta(microseconds=1)
FIRST, SECOND = "2026-11-23 12:00", "2026-11-30 12:00"
"""Where the first periods end."""


@pytest.mark.clause("onboarding 4.1")
@pytest.mark.parametrize(
    ("happened", "standing", "entries"),
    [(at(FIRST) - TICK, "met", []), (at(FIRST), "met", []), (at(FIRST) + TICK, "overdue", ["recorded"])],
)
def test_an_update_at_the_end_of_a_period_is_in_time_and_one_after_it_is_of_the_next(
    happened: datetime, standing: str, entries: list[str]
) -> None:
    """The timer is late: visit and due instant are learnt together."""
    plan = Plan()
    plan.now = at(FIRST) + timedelta(minutes=1)
    plan.visit("v-1", happened)
    assert (plan.standings("4.1")["4.1/1"], plan.entries("4.1")) == (standing, entries)
    second = {"met": "open", "overdue": "met"}[standing]
    assert plan.standings("4.1")["4.1/2"] == second


@pytest.mark.clause("onboarding 4.1")
def test_a_breach_stands_at_the_due_instant_and_the_next_period_runs_from_there() -> None:
    plan = Plan().go_to(at(FIRST) - TICK)
    assert plan.breaches() == []
    plan.go_to(FIRST)
    assert plan.breaches() == [("4.1", "recorded")]
    assert plan.dues("4.1") == {"4.1/1": FIRST, "4.1/2": SECOND}
    assert plan.notices("breach") == [("4.1", "client_manager:u41"), ("4.1", "group_head:u21")]
    assert plan.client().next_update_due == at(SECOND)


@pytest.mark.clause("onboarding 4.1")
def test_the_rhythm_follows_the_due_instants_and_not_the_visits() -> None:
    plan = Plan()
    for day in (17, 24):
        plan.go_to(f"2026-11-{day} 09:00").visit()
    plan.go_to("2026-12-07 11:59").visit()
    assert plan.dues("4.1") == {"4.1/1": FIRST, "4.1/2": SECOND, "4.1/3": "2026-12-07 12:00", "4.1/4": "2026-12-14 12:00"}
    assert plan.entries("4.1") == []


@pytest.mark.clause("onboarding 4.1")
@pytest.mark.parametrize("happened", ["2026-11-18 10:00", "2026-11-20 10:00", FIRST])
def test_an_update_before_its_period_begins_is_extra_and_meets_nothing(happened: str) -> None:
    plan = Plan().go_to("2026-11-18 09:00").visit("v-1").asleep_until("2026-11-23 12:00").visit("v-2", happened)
    assert plan.met_by("4.1") == {"4.1/1": "v-1", "4.1/2": None}
    assert plan.extras() == ["v-2"]
    assert plan.go_to(SECOND).entries("4.1/2") == ["recorded"]


@pytest.mark.clause("onboarding 4.1")
def test_an_update_in_the_first_instant_of_service_meets_the_first_period() -> None:
    assert Plan().visit("v-1").met_by("4.1") == {"4.1/1": "v-1", "4.1/2": None}


@pytest.mark.clause("onboarding 4.1")
def test_a_second_update_of_a_period_makes_up_late_for_the_oldest_that_was_missed() -> None:
    plan = Plan().go_to("2026-12-08 09:00").visit("v-1")
    assert plan.standings("4.1") == {"4.1/1": "overdue", "4.1/2": "overdue", "4.1/3": "overdue", "4.1/4": "met", "4.1/5": "open"}
    plan.go(hours=1).visit("v-2")
    assert (plan.standings("4.1")["4.1/1"], plan.standings("4.1")["4.1/2"]) == ("met_late", "overdue")
    assert plan.entries("4.1/1") == ["recorded", "met_late"]
    assert plan.extras() == []


@pytest.mark.clause("onboarding 4.1")
def test_an_update_learnt_late_undoes_the_breach_and_frees_the_one_that_made_up_for_it() -> None:
    """v-2 and v-3 lie in the third period; v-3 made up for the first one, until v-1 is learnt, which lay in it."""
    plan = Plan().go_to("2026-12-01 09:00").visit("v-2").go(hours=1).visit("v-3")
    assert plan.met_by("4.1") == {"4.1/1": "v-3", "4.1/2": None, "4.1/3": "v-2", "4.1/4": None}
    plan.visit("v-1", "2026-11-20 10:00")
    assert plan.met_by("4.1") == {"4.1/1": "v-1", "4.1/2": "v-3", "4.1/3": "v-2", "4.1/4": None}
    assert plan.entries("4.1/1") == ["recorded", "met_late", "withdrawn"]
    assert plan.entries("4.1/2") == ["recorded", "met_late"]
    assert plan.notices("breach_withdrawn") == [("4.1", "client_manager:u41"), ("4.1", "group_head:u21")]


@pytest.mark.clause("onboarding 4.1")
def test_an_extension_is_for_one_period_and_does_not_move_the_rhythm() -> None:
    plan = Plan().extend("4.1", "2026-11-26 10:00").go_to("2026-11-25 10:00").visit("v-1")
    assert plan.met_by("4.1") == {"4.1/1": "v-1", "4.1/2": None}
    assert plan.dues("4.1") == {"4.1/1": "2026-11-26 10:00", "4.1/2": SECOND}
    plan.visit("v-2")
    assert plan.met_by("4.1") == {"4.1/1": "v-1", "4.1/2": "v-2", "4.1/3": None}, "it lies in the second period as well"


@pytest.mark.clause("onboarding 4.1")
def test_a_period_whose_clock_stands_ends_later_and_the_next_follows_it() -> None:
    plan = Plan().say(PauseOfPlan, clause="4.1", reason="клієнт переїжджає", by=HEAD).go(days=3)
    plan.say(ResumeOfPlan, clause="4.1", by=HEAD)
    plan.go_to("2026-11-25 10:00").visit("v-1")
    assert plan.standings("4.1") == {"4.1/1": "met", "4.1/2": "open"}
    assert plan.duty("4.1/2").started_at == plan.due("4.1/1") > at(FIRST)


@pytest.mark.clause("onboarding 4.1")
def test_an_update_while_the_clock_stands_ends_the_pause() -> None:
    plan = Plan().say(PauseOfPlan, clause="4.1", reason="клієнт переїжджає", by=HEAD).go(days=3).visit("v-1")
    assert plan.standings("4.1") == {"4.1/1": "met", "4.1/2": "open"}


@pytest.mark.clause("onboarding 4.1")
def test_a_period_that_is_let_go_is_met_by_nothing_and_the_next_waits_until_it_has_begun() -> None:
    plan = Plan().waive("4.1").go(hours=1).visit("v-1")
    assert plan.standings("4.1") == {"4.1/1": "waived", "4.1/2": "open"}
    assert plan.extras() == ["v-1"]
    plan.waive("4.1")
    assert plan.wake_at is not None
    assert plan.standings("4.1") == {"4.1/1": "waived", "4.1/2": "waived"}, "the third is not opened before the second would have begun"
    plan.go_to(FIRST)
    assert plan.dues("4.1")["4.1/3"] == "2026-12-07 12:00"


@pytest.mark.clause("onboarding 4.1")
@pytest.mark.parametrize(
    ("start", "every", "dues"),
    [
        ("2026-03-24 12:00", "7 calendar days", ["2026-03-31 12:00", "2026-04-07 12:00"]),
        ("2026-10-20 12:00", "7 calendar days", ["2026-10-27 12:00", "2026-11-03 12:00"]),
        ("2026-03-27 10:00", "1 working days", ["2026-03-30 18:00", "2026-03-31 18:00"]),
        ("2026-10-23 10:00", "2 working days", ["2026-10-27 18:00", "2026-10-29 18:00"]),
        ("2026-01-31 12:00", "1 calendar months", ["2026-02-28 12:00", "2026-03-28 12:00"]),
        ("2026-12-28 12:00", "5 working days", ["2027-01-04 18:00", "2027-01-11 18:00"]),
        ("2026-11-16 12:00", "every 14 calendar days", ["2026-11-30 12:00", "2026-12-14 12:00"]),
    ],
)
def test_the_local_hour_stays_through_clock_changes_and_short_months(start: str, every: str, dues: list[str]) -> None:
    plan = Plan(start, update_every=every).visit().go_to(at(dues[0]))
    assert list(plan.dues("4.1").values()) == dues
    assert plan.go_to(at(dues[1])).entries("4.1") == ["recorded"]


@pytest.mark.clause("onboarding 4.1")
@pytest.mark.parametrize(
    "every", ["1 hour", "day 5 of month", "7 calendar days, rolled", "2 working days, first included", "187 calendar days", "at once", "x"]
)
def test_a_period_that_would_not_lead_on_is_refused_by_name(every: str) -> None:
    with pytest.raises(ValidationError, match="update_every"):
        Plan(update_every=every)


@pytest.mark.clause("onboarding 4.1")
def test_a_changed_period_holds_from_the_next_one() -> None:
    plan = Plan().go(days=1).again(update_every="14 calendar days")
    assert plan.dues("4.1") == {"4.1/1": FIRST}
    plan.visit()
    assert plan.dues("4.1") == {"4.1/1": FIRST, "4.1/2": "2026-12-07 12:00"}
    plan.again(update_every="7 calendar days")
    assert plan.dues("4.1")["4.1/2"] == SECOND, "it has not begun"
    plan.go_to("2026-11-24 10:00").again(update_every="10 calendar days")
    assert plan.dues("4.1")["4.1/2"] == SECOND


@pytest.mark.clause("onboarding 4.1")
def test_what_was_missed_before_the_plan_began_is_owed_from_the_installation() -> None:
    plan = Plan("2026-12-01 12:00", installed_at=at("2026-11-16 12:00"))
    assert plan.standings("4.1") == {"4.1/1": "overdue", "4.1/2": "overdue", "4.1/3": "open"}
    plan.visit("v-2", "2026-11-29 12:00").visit("v-1", "2026-11-20 12:00")
    assert plan.standings("4.1") == {"4.1/1": "met", "4.1/2": "met", "4.1/3": "open"}


@pytest.mark.clause("onboarding 4.7")
def test_a_visit_is_told_once_by_whoever_serves_the_client() -> None:
    plan = Plan().visit("v-1", updated=False, materials=["буклет", "огляд змін"], remark="усе гаразд", minutes=45)
    assert plan.standings("4.1") == {"4.1/1": "open"}
    assert plan.records() == {"v-1": "Візит. Передано матеріали: буклет, огляд змін. усе гаразд"}
    assert plan.refused(VisitMade, visit="v-2", updated=True, by=LAWYER) == "NotYours"
    assert plan.refused(VisitMade, visit="v-1", updated=True, by=MANAGER) == "KnownVisit"
    plan.visit("v-2", by=OTHER, update_set="лише оновлення")
    assert plan.records()["v-2"] == "Візит. Систему оновлено: лише оновлення"
    assert plan.client().last_update_at == plan.now


def test_the_update_set_of_the_contract_stands_where_the_visit_names_none() -> None:
    assert Plan().visit("v-1").records() == {"v-1": f"Візит. Систему оновлено: {BEGUN['update_set']}"}
