"""1.1 and the ends: who hands which client over, whom the hand-over names, who serves the client, the withdrawal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulations.case import UNMET
from regulations.messages import Actor, CalendarChanged, PeopleChanged
from regulations.onboarding.slip_messages import (
    ExtendOfOnboarding,
    HandedOver,
    Installed,
    ManagerAssigned,
    PaymentPosted,
    VisaGiven,
    WaiveOfOnboarding,
    WithdrawOfOnboarding,
)
from regulations.onboarding.slip_narration import result
from regulations.partner.intake_messages import IntakePaid
from regulations.rows import IncidentRow
from tests.regulations.onboarding.slips import (
    ACCOUNTANT,
    DEPUTY,
    GROUP_HEAD,
    HEAD,
    HEAD_OF_SALES,
    LAWYER,
    SALES,
    SERVICE_HEAD,
    Slip,
    away,
    handed_over,
    register,
    visa,
)

REASON = "клієнт передумав"


# --- the start ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 1.1")
@pytest.mark.parametrize("by", [SALES, GROUP_HEAD, HEAD, LAWYER])
def test_only_the_head_of_sales_hands_a_client_over(by: Actor) -> None:
    assert Slip().refused(HandedOver, **handed_over(by=by)) == "NotYours"


@pytest.mark.clause("onboarding 2")
def test_only_a_regular_client_goes_with_a_slip() -> None:
    refusal = Slip().refusal(HandedOver, **handed_over(regular=False))
    assert (refusal.type, "onboarding 2" in str(refusal)) == ("NotRegular", True)


@pytest.mark.clause("onboarding 1.1")
def test_an_onboarding_begins_once_with_a_hand_over_that_can_be() -> None:
    slip = Slip()
    assert slip.refused(VisaGiven, **visa("2.1")) == "NotBegun"
    assert slip.refused(HandedOver, slip.now + timedelta(minutes=6), **handed_over()) == "FromTheFuture"
    assert slip.refused(HandedOver, slip.now - timedelta(days=367), **handed_over()) == "ImpossibleDate"
    assert slip.refused(HandedOver, **handed_over(), contract="C-2") == "OtherContract"
    assert slip.begin().refused(HandedOver, **handed_over()) == "Open"
    assert slip.refused(IntakePaid, deal="D-1") == "UnknownMessage"
    assert slip.refused(PaymentPosted, contract="C-2", reference="p-1") == "OtherContract"


@pytest.mark.clause("onboarding 1.1")
@pytest.mark.parametrize(
    ("named", "roles"),
    [
        ({}, []),
        ({"by": Actor(id=SALES.id, role="head_of_sales")}, ["head_of_sales"]),
        ({"group_head": "nobody", "client_manager": "c9"}, ["group_head", "client_manager"]),
        ({"sales_manager": None, "client_manager": None}, []),
    ],
)
def test_whoever_the_register_does_not_know_in_a_role_is_told_of_and_the_case_goes_on(named: dict[str, Any], roles: list[str]) -> None:
    slip = Slip().begin(**named)
    assert {row.key for row in slip.of(IncidentRow)} == {f"not-in-role#{role}" for role in roles}
    assert len(slip.told("head_of_client_department", "incident")) == len(roles)
    assert slip.standings()["2.1/1"] == "open"
    slip.go(hours=1).visas()
    assert slip.stage == "in_service"
    assert len(slip.incidents()) == len(roles), "told once"


@pytest.mark.clause("onboarding 1.1")
@pytest.mark.parametrize(("last", "incidents"), [("2026-11-16", []), ("2026-11-15", ["not_in_role"])])
def test_a_deputy_of_the_head_of_sales_hands_over_while_that_one_is_absent(last: str, incidents: list[str]) -> None:
    slip = Slip()
    slip.roster = register({HEAD_OF_SALES.id: away("2026-11-10", last)})
    slip.begin(by=Actor(id=DEPUTY, role="head_of_sales"))
    assert slip.incidents() == incidents


@pytest.mark.clause("onboarding 1.1")
def test_everybody_who_owes_something_hears_of_it_at_the_start() -> None:
    slip = Slip().begin()
    [contract, price] = slip.told("lawyer", "warning")
    assert "договір прийнято" in contract
    assert "додаткова угода" in price
    assert "17.11.2026 18:00" in contract
    assert [len(slip.told(role, "warning")) for role in ("accountant", "group_head:g1")] == [1, 3]
    assert slip.told("service") == [], "nothing is owed yet"


def test_a_group_head_whom_the_file_does_not_know_is_told_through_the_role() -> None:
    slip = Slip()
    slip.roles -= {"group_head:g1"}
    slip.begin()
    assert len(slip.told("group_head:g1", "warning")) == 3
    assert slip.incidents() == []


# --- the register of people -----------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 2")
def test_before_the_register_is_known_and_while_it_is_read_anew_a_visa_is_to_be_delivered_again() -> None:
    slip = Slip().say(HandedOver, **handed_over(), settle=False)
    assert slip.refused(VisaGiven, **visa("2.1")) == "NotCounted"
    slip.run().say(PeopleChanged, settle=False)
    assert slip.refused(VisaGiven, **visa("2.1")) == "NotCounted"
    assert slip.run().visa("2.1").states()["2.1"] == "given"


@pytest.mark.clause("onboarding 2")
def test_a_changed_register_counts_from_its_telling_on() -> None:
    slip = Slip().begin()
    newcomer = Actor(id=DEPUTY, role="lawyer")
    assert slip.refused(VisaGiven, **visa("2.1", by=newcomer)) == "NotInRole"
    slip.roster = register({LAWYER.id: away("2026-11-16", "2026-11-16")})
    assert slip.refused(VisaGiven, **visa("2.1", by=newcomer)) == "NotInRole"
    slip.say(PeopleChanged).visa("2.1", by=newcomer)
    assert slip.states()["2.1"] == "given"
    assert len(slip.asked) == 2


@pytest.mark.clause("onboarding 3.2")
def test_a_role_that_nobody_in_the_register_has_is_taken_at_its_word_but_never_for_a_visa() -> None:
    slip = Slip()
    slip.roster = tuple(holder for holder in register() if holder.person in (LAWYER.id, HEAD_OF_SALES.id))
    slip.begin()
    slip.say(Installed, by=Actor(id="anybody", role="service"))
    assert slip.state.installed is not None
    assert slip.refused(VisaGiven, **visa("2.3")) == "NotInRole"
    assert slip.refused(WaiveOfOnboarding, clause="2.1", reason=REASON, by=Actor(id="anybody", role="head_of_sales")) == "NotInRole"


# --- who serves the client ------------------------------------------------------------------------------------------


def test_the_group_head_says_who_serves_the_client_until_its_plan_runs() -> None:
    slip = Slip()
    slip.roles |= {"client_manager:c1"}
    slip.begin(client_manager=None)
    assert slip.refused(ManagerAssigned, manager="c1", by=HEAD) == "NotYours"
    assert slip.refused(ManagerAssigned, manager="nobody", by=GROUP_HEAD) == "NotInRole"
    slip.say(ManagerAssigned, manager="c1", by=GROUP_HEAD)
    assert slip.state.opening is not None
    assert "client_manager:c1" in slip.state.opening.roles
    slip.pay().visas().install()
    assert slip.begun[0].message["manager"] == "c1"
    assert slip.refused(ManagerAssigned, manager="c1", by=GROUP_HEAD) == "PlanBegun"


# --- the withdrawal -------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 1.1")
@pytest.mark.parametrize("by", [HEAD_OF_SALES, HEAD])
@pytest.mark.parametrize("in_service", [False, True])
def test_an_onboarding_may_be_withdrawn_at_any_stage_and_whoever_owed_something_is_told(by: Actor, in_service: bool) -> None:
    slip = Slip().begin().pay()
    if in_service:
        slip.visas()
    for other in (SALES, ACCOUNTANT, SERVICE_HEAD):
        assert slip.refused(WithdrawOfOnboarding, by=other, reason=REASON) == "NotYours"
    slip.say(WithdrawOfOnboarding, by=by, reason=REASON)
    assert (slip.stage, slip.state.ended, slip.state.waits, slip.wake_at) == ("withdrawn", True, {}, None)
    assert not any(o.standing in UNMET for o in slip.state.obligations)
    owed = ["lawyer", "accountant", "group_head:g1", "sales_manager:s1", "service", *(["service_group_head"] if in_service else [])]
    assert {role for _, role in slip.notices("ended")} == set(owed)
    assert REASON in slip.told("lawyer", "ended")[0]
    assert slip.refused(PaymentPosted, reference="p-2") == "Ended"
    assert result(slip.state).model_dump() == {
        "met": 6 + in_service,
        "met_late": 0,
        "waived": 2,
        "breaches": 0,
        "outcome": "withdrawn",
        "visas": 7,
        "plan": "",
        **({} if in_service else {"met": 0, "waived": 7, "visas": 0}),
    }


@pytest.mark.clause("onboarding 3.1")
def test_what_billing_says_after_the_withdrawal_opens_nothing() -> None:
    slip = Slip().begin()
    slip.silent |= {"crm"}
    slip.visa("2.5").say(WithdrawOfOnboarding, by=HEAD, reason=REASON)
    slip.bank_says(("p-1", slip.now))
    assert (slip.state.paid, "3.2/1" in slip.standings(), slip.state.ended) == (None, False, False)


@pytest.mark.clause("onboarding 2.1")
def test_a_term_that_had_run_out_before_the_withdrawal_is_a_breach_all_the_same() -> None:
    slip = Slip().begin().visas(("2.2", "2.3", "2.4", "2.5", "2.6", "2.7"))
    slip.now = slip.at("2026-11-17 19:00")  # a worker was away
    slip.say(WithdrawOfOnboarding, by=HEAD, reason=REASON)
    assert slip.breaches() == [("2.1", "recorded")]
    assert slip.standings()["2.1/1"] == "waived"


def test_a_withdrawal_waits_for_what_is_under_way_and_a_plan_that_was_begun_goes_on() -> None:
    slip = Slip().begin().pay()
    slip.silent |= {"crm", "plan"}
    slip.visas().install().say(WithdrawOfOnboarding, by=HEAD, reason=REASON)
    assert (slip.stage, slip.state.ended) == ("withdrawn", False)
    assert slip.refused(PaymentPosted, reference="p-2") == "Ended"
    slip.answer("crm")
    assert not slip.state.ended
    slip.answer("plan")
    assert slip.state.ended
    assert [said for said in slip.told("group_head:g1", "ended") if "service-plan.ended" in said]


# --- decisions of people --------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 2.1")
def test_the_escalation_role_decides_about_a_duty_and_the_visa_is_still_missing() -> None:
    slip = Slip().begin()
    new_due = slip.at("2026-11-20 12:00")
    slip.say(ExtendOfOnboarding, clause="2.1", new_due=new_due, reason=REASON, by=HEAD_OF_SALES)
    assert slip.due("2.1/1") == new_due
    assert slip.refused(WaiveOfOnboarding, clause="2.2", reason=REASON, by=HEAD) == "NotYours"
    slip.waive("2.2", HEAD_OF_SALES).visas(("2.1", "2.3", "2.4", "2.5", "2.6"))
    assert (slip.stage, slip.standings()["2.2/1"]) == ("collecting_visas", "waived")
    assert slip.go(days=1).visas(("2.2", "2.7")).stage == "in_service"


def test_a_changed_calendar_moves_what_is_open() -> None:
    slip = Slip().begin()
    changed = [slip.at("2026-11-17 12:00").date()]
    slip.say(CalendarChanged, calendar="company", version="new", changed=changed, closed=changed)
    assert slip.refused(CalendarChanged, calendar="other", version="new", changed=changed) == "NotTouched"
