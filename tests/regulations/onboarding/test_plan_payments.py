"""4.3: payment days, rolled; one payment counts for one month; billing is asked before anybody is told that one is missing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulations.onboarding.plan_messages import PlanPaymentPosted
from regulations.onboarding.plan_state import MOST_AHEAD
from regulations.time.calendar_spec import CalendarSpec
from tests.regulations.onboarding.plans import Plan, at

TICK = timedelta(microseconds=1)
DECEMBER, JANUARY = "2026-12-15 18:00", "2027-01-15 18:00"


def visited(plan: Plan, until: str) -> Plan:
    """Time passes with an update in each period."""
    while plan.now < at(until):
        plan.visit().go_to(min(plan.now + timedelta(days=3), at(until)))
    return plan


# --- the days -------------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.3")
@pytest.mark.parametrize(
    ("installed", "day", "dues"),
    [
        ("2026-11-14 12:00", 15, ["2026-11-16 18:00", "2026-12-15 18:00", "2027-01-15 18:00"]),
        ("2026-11-15 23:30", 15, ["2026-12-15 18:00", "2027-01-15 18:00", "2027-02-15 18:00"]),
        ("2026-01-30 12:00", 31, ["2026-02-02 18:00", "2026-03-02 18:00", "2026-03-31 18:00", "2026-04-30 18:00"]),
        ("2026-01-31 12:00", 31, ["2026-03-02 18:00", "2026-03-31 18:00", "2026-04-30 18:00", "2026-06-01 18:00"]),
        ("2026-07-31 12:00", 1, ["2026-08-03 18:00", "2026-09-01 18:00", "2026-10-01 18:00", "2026-11-02 18:00"]),
        ("2026-02-10 12:00", 29, ["2026-03-02 18:00", "2026-03-30 18:00"]),
        ("2026-03-28 12:00", 29, ["2026-03-30 18:00", "2026-04-29 18:00"]),
        ("2026-10-24 12:00", 25, ["2026-10-26 18:00", "2026-11-25 18:00"]),
    ],
)
def test_each_month_has_its_day_rolled_from_days_off_whatever_the_month_and_the_clock(installed: str, day: int, dues: list[str]) -> None:
    plan = Plan(installed, payment_day=day, update_every="6 calendar months")
    for due in dues:
        assert plan.local(plan.newest("4.3").due) == due
        plan.go_to(at(due) - TICK).pay()
    assert plan.entries("4.3") == []


@pytest.mark.clause("onboarding 4.3")
def test_a_holiday_is_a_working_day_while_martial_law_lasts_and_none_without_it() -> None:
    """1 January 2026 is a Thursday; the other calendar is Kazakhstan's, where it is a day off."""
    assert list(Plan("2025-12-10 12:00", payment_day=1).dues("4.3").values()) == ["2026-01-01 18:00"]
    plan = Plan("2025-12-10 12:00", begin=False)
    plan.calendar = type(plan.calendar)(CalendarSpec.simple("Europe/Kyiv", "KZ", "09:00-18:00", name="company"))
    assert plan.begin(payment_day=1).dues("4.3")["4.3/2026-01"] > "2026-01-02 00:00"


@pytest.mark.clause("onboarding 4.3")
@pytest.mark.parametrize(("late", "standing", "entries"), [(-TICK, "met", []), (TICK - TICK, "met", []), (TICK, "overdue", ["recorded"])])
def test_a_payment_posted_at_the_due_instant_is_in_time(late: timedelta, standing: str, entries: list[str]) -> None:
    """It is known to billing, which is asked before the breach."""
    plan = Plan()
    plan.booked["b-1"] = at(DECEMBER) + late
    plan.go_to(DECEMBER)
    assert (plan.standings("4.3")["4.3/2026-12"], plan.entries("4.3")) == (standing, entries)
    plan.go_to("2026-12-15 18:01").pay(plan.booked["b-1"], "b-1")
    assert plan.standings("4.3")["4.3/2026-12"] == ("met" if standing == "met" else "met_late")


@pytest.mark.clause("onboarding 4.3")
def test_a_payment_learnt_late_that_was_posted_in_time_undoes_the_breach() -> None:
    plan = Plan().go_to("2026-12-20 12:00").pay("2026-12-15 18:00")
    assert (plan.standings("4.3"), plan.entries("4.3")) == ({"4.3/2026-12": "met", "4.3/2027-01": "open"}, ["recorded", "withdrawn"])


# --- what counts for what -------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.3")
def test_one_payment_is_one_month_by_whatever_door_it_is_told() -> None:
    plan = Plan().go_to("2026-12-01 12:00")
    plan.booked["b-1"] = at("2026-12-01 10:00")
    plan.pay("2026-12-01 10:00", "b-1").pay("2026-12-01 11:00", "b-1")
    visited(plan, "2027-01-20 12:00")
    assert plan.standings("4.3") == {"4.3/2026-12": "met", "4.3/2027-01": "overdue", "4.3/2027-02": "open"}
    assert plan.duty("4.3/2026-12").met_at == at("2026-12-01 10:00")
    assert plan.client().paid_at == at("2026-12-01 10:00")


@pytest.mark.clause("onboarding 4.3")
def test_what_is_paid_ahead_counts_for_the_months_to_come_and_opens_none_before_its_time() -> None:
    plan = Plan().go_to("2026-12-02 12:00").pay(reference="a").pay(reference="b").pay(reference="c")
    assert plan.met_by("4.3") == {"4.3/2026-12": "a", "4.3/2027-01": "b", "4.3/2027-02": "c"}
    assert plan.client().next_payment_due is None
    visited(plan, "2027-01-01 11:59")
    assert plan.client().next_payment_due is None
    visited(plan, "2027-01-01 12:00")
    assert plan.client().next_payment_due == at("2027-03-15 18:00")
    assert (plan.entries("4.3"), plan.questions) == ([], [])


@pytest.mark.clause("onboarding 4.3")
def test_a_payment_learnt_late_moves_the_others_on() -> None:
    plan = visited(Plan(), "2026-12-20 12:00").pay("2026-12-18 12:00", "b")
    assert plan.entries("4.3") == ["recorded", "met_late"]
    plan.pay("2026-12-10 12:00", "a")
    assert plan.met_by("4.3") == {"4.3/2026-12": "a", "4.3/2027-01": "b", "4.3/2027-02": None}
    assert plan.entries("4.3") == ["recorded", "met_late", "withdrawn"]


@pytest.mark.clause("onboarding 4.3")
def test_after_a_month_that_is_missed_the_next_payment_is_for_it() -> None:
    plan = visited(Plan(), "2027-01-10 12:00").pay()
    assert plan.standings("4.3") == {"4.3/2026-12": "met_late", "4.3/2027-01": "open"}
    assert visited(plan, "2027-01-16 12:00").standings("4.3")["4.3/2027-01"] == "overdue"


@pytest.mark.clause("onboarding 4.3")
def test_a_month_that_is_let_go_takes_no_payment() -> None:
    plan = visited(Plan(), "2026-12-20 12:00").waive("4.3").pay()
    assert plan.standings("4.3") == {"4.3/2026-12": "waived", "4.3/2027-01": "met", "4.3/2027-02": "open"}


@pytest.mark.clause("onboarding 4.3")
def test_what_was_posted_before_the_installation_belongs_to_the_onboarding() -> None:
    plan = Plan("2026-12-01 12:00", installed_at=at("2026-11-30 12:00"))
    plan.booked = {"first": at("2026-11-30 12:00"), "second": at("2026-11-30 12:00") + TICK}
    plan.pay("2026-11-30 12:00", "first").go_to(DECEMBER)
    assert plan.met_by("4.3")["4.3/2026-12"] == "second"


@pytest.mark.clause("onboarding 4.3")
def test_so_many_months_may_be_paid_ahead() -> None:
    plan = Plan()
    for _ in range(MOST_AHEAD + 2):
        plan.go(minutes=1).pay()
    assert plan.refused(PlanPaymentPosted, reference="more") == "PaidAhead"
    plan.pay(reference=plan.state.payments[0].reference)
    assert plan.standings("4.3") == {"4.3/2026-12": "met", "4.3/2027-01": "met"}


@pytest.mark.clause("onboarding 4.3")
def test_a_changed_day_holds_from_the_next_month_and_asks_for_no_second_payment() -> None:
    plan = visited(Plan(), "2026-12-10 12:00").again(payment_day=20)
    assert plan.dues("4.3") == {"4.3/2026-12": DECEMBER}
    plan.pay()
    assert plan.dues("4.3") == {"4.3/2026-12": DECEMBER, "4.3/2027-01": "2027-01-20 18:00"}
    plan.again(payment_day=5)
    assert plan.dues("4.3")["4.3/2027-01"] == "2027-01-05 18:00", "it has not begun"
    assert visited(plan, "2027-01-02 12:00").again(payment_day=25).dues("4.3")["4.3/2027-01"] == "2027-01-05 18:00"


@pytest.mark.clause("onboarding 4.3")
def test_an_extension_is_for_one_month() -> None:
    plan = visited(Plan(), "2026-12-14 12:00").extend("4.3", "2027-01-25 12:00")
    visited(plan, "2026-12-15 17:00")
    assert plan.dues("4.3") == {"4.3/2026-12": "2027-01-25 12:00"}
    plan.go_to(DECEMBER)
    assert plan.dues("4.3") == {"4.3/2026-12": "2027-01-25 12:00", "4.3/2027-01": JANUARY}
    visited(plan, "2027-01-25 12:00")
    assert plan.standings("4.3") == {"4.3/2026-12": "overdue", "4.3/2027-01": "overdue", "4.3/2027-02": "open"}


# --- billing --------------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.3")
def test_billing_is_asked_when_the_reminder_comes_and_before_the_breach_and_not_otherwise() -> None:
    plan = visited(Plan(person={"id": "c-18", "name": "Н", "contact": "К", "email": "c@x.example.org"}), DECEMBER)
    assert [(q.deal, q.login, q.zone) for q in plan.questions] == [("K-204", "c@x.example.org", "Europe/Kyiv")] * 2
    assert [role for clause, role in plan.notices("warning") if clause == "4.3"] == ["client_manager:u41"]
    assert plan.entries("4.3") == ["recorded"]


@pytest.mark.clause("onboarding 4.3")
def test_a_payment_that_billing_knows_spares_the_reminder() -> None:
    plan = Plan()
    plan.booked["b-1"] = at("2026-12-02 10:00")
    visited(plan, "2026-12-31 12:00")
    assert len(plan.questions) == 1
    assert [clause for clause, _ in plan.notices("warning") if clause == "4.3"] == []
    assert plan.standings("4.3") == {"4.3/2026-12": "met", "4.3/2027-01": "open"}


@pytest.mark.clause("onboarding 4.3")
def test_while_billing_is_away_the_reminder_goes_out_and_no_breach_stands() -> None:
    plan = Plan()
    plan.silent = {"billing"}
    visited(plan, "2026-12-17 12:00")
    assert [clause for clause, _ in plan.notices("warning") if clause == "4.3"] == ["4.3"]
    assert (plan.entries("4.3"), plan.standings("4.3")) == ([], {"4.3/2026-12": "open", "4.3/2027-01": "open"})
    plan.booked["b-1"] = at("2026-12-16 10:00")
    plan.answer()
    assert len(plan.questions) == 2, "the first one was asked before the term ran out"
    assert plan.entries("4.3") == []
    plan.back()
    assert (plan.standings("4.3"), plan.entries("4.3")) == ({"4.3/2026-12": "met_late", "4.3/2027-01": "open"}, ["recorded", "met_late"])


@pytest.mark.clause("onboarding 4.3")
def test_a_plan_that_ends_while_billing_is_away_waits_for_nothing() -> None:
    plan = Plan()
    plan.silent = {"billing"}
    visited(plan, "2026-12-17 12:00").end()
    assert (plan.state.ended, plan.standings("4.3"), plan.entries("4.3")) == (True, {"4.3/2026-12": "waived", "4.3/2027-01": "waived"}, [])


@pytest.mark.clause("onboarding 4.3")
def test_a_payment_told_by_an_event_needs_no_look_up() -> None:
    plan = visited(Plan(), "2026-12-01 12:00").pay()
    visited(plan, "2026-12-31 12:00")
    assert plan.questions == []
    assert not [fact for fact in plan.state.facts if fact.what == "payment"]
