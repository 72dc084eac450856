"""Chapter 3: the first contact and the agreed time, the installation and its report, the plan that begins, the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.case import UNMET
from regulations.effects import CrmOutcome, Told
from regulations.messages import Actor
from regulations.onboarding.plan_messages import PlanBegun
from regulations.onboarding.rows import ServiceRecordRow
from regulations.onboarding.slip_messages import ExtendOfOnboarding, FirstContact, InstallationReported, Installed, PaymentPosted
from regulations.onboarding.slip_narration import result
from tests.regulations.onboarding.slips import (
    CLIENT,
    EVERYBODY,
    GROUP_HEAD,
    HEAD,
    HEAD_OF_SALES,
    INSTALLER,
    REPORT,
    SERVICE_HEAD,
    Slip,
)

MINUTE = timedelta(minutes=1)
BOUNDARY = [(-1, "met"), (0, "met"), (1, "met_late")]


def in_service(**fields: Any) -> Slip:
    """Paid and with all visas on Monday 16 November 2026 at 12:00."""
    return Slip().begin(**fields).pay().visas()


# --- 3.1 and the agreed time ------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 3.1")
@pytest.mark.parametrize(("seconds", "standing"), BOUNDARY)
def test_the_first_contact_is_due_at_the_close_of_the_next_working_day(seconds: int, standing: str) -> None:
    slip = in_service()
    slip.go_to(slip.at("2026-11-17 18:00") + timedelta(seconds=seconds)).meet("2026-11-19 10:00")
    assert slip.standings()["3.1/1"] == standing


@pytest.mark.clause("onboarding 3.1")
def test_the_head_of_the_service_group_makes_it_at_a_time_that_can_be() -> None:
    slip = in_service()
    for other in EVERYBODY:
        if other != SERVICE_HEAD:
            assert slip.refused(FirstContact, installation_at=slip.now, by=other) == "NotYours"
    for agreed in (slip.now - 6 * MINUTE, slip.now + timedelta(days=367)):
        assert slip.refused(FirstContact, installation_at=agreed, by=SERVICE_HEAD) == "ImpossibleDate"
    assert slip.refused(FirstContact, slip.now - 6 * MINUTE, installation_at=slip.now, by=SERVICE_HEAD) == "ImpossibleDate"


@pytest.mark.clause("onboarding 3.1")
def test_a_contact_before_the_payment_or_the_visas_meets_the_duty_and_its_agreement_holds() -> None:
    slip = Slip().begin().meet("2026-11-18 10:00").visas()
    slip.go_to("2026-11-17 10:00").pay()
    assert (slip.standings()["3.1/1"], slip.due_at("3.2/1")) == ("met", "2026-11-18 10:00")


@pytest.mark.clause("onboarding 3.2")
@pytest.mark.parametrize(
    ("agreed", "own_term", "due"),
    [
        (None, None, "2026-11-19 18:00"),
        ("2026-11-18 11:30", None, "2026-11-18 11:30"),
        ("2026-11-19 18:00", None, "2026-11-19 18:00"),
        ("2026-11-19 18:01", None, "2026-11-19 18:00"),  # not later than three working days
        ("2026-11-25 11:00", None, "2026-11-19 18:00"),
        (None, "10 working days", "2026-11-30 18:00"),
        (None, "1 working days", "2026-11-17 18:00"),
        ("2026-11-25 11:00", "10 working days", "2026-11-25 11:00"),
        ("2026-12-01 11:00", "10 working days", "2026-11-30 18:00"),
        (None, "4 working hours", "2026-11-16 16:00"),
    ],
)
def test_the_installation_is_due_at_the_agreed_time_within_the_term_of_the_contract(
    agreed: str | None, own_term: str | None, due: str
) -> None:
    slip = in_service(installation_term=own_term)
    if agreed is not None:
        slip.meet(agreed)
    assert slip.due_at("3.2/1") == due


@pytest.mark.clause("onboarding 3.2")
@pytest.mark.parametrize("agreed", ["2026-11-18 11:30", "2026-11-25 11:00"])
@pytest.mark.parametrize(("seconds", "standing"), BOUNDARY)
def test_the_installation_at_its_due_instant_is_in_time(agreed: str, seconds: int, standing: str) -> None:
    slip = in_service().meet(agreed)
    slip.go_to(slip.due("3.2/1") + timedelta(seconds=seconds)).install()
    assert slip.standings()["3.2/1"] == standing
    assert [said for said in slip.told("service", "warning") if "узгоджено на" in said]


@pytest.mark.clause("onboarding 3.2")
@pytest.mark.parametrize(
    ("told_at", "due", "answer"),
    [
        ("2026-11-17 11:59", "2026-11-19 10:00", ""),
        ("2026-11-17 12:00", "2026-11-19 10:00", ""),
        ("2026-11-17 12:01", "2026-11-17 12:00", "kept"),
    ],
)
def test_a_new_agreement_stands_while_the_old_time_has_not_passed(told_at: str, due: str, answer: str) -> None:
    slip = in_service().meet("2026-11-17 12:00").go_to(told_at).meet("2026-11-19 10:00")
    assert (slip.due_at("3.2/1"), slip.state.answer) == (due, answer)
    assert len([f for f in slip.state.facts if f.what == "FirstContact"]) == 2


@pytest.mark.clause("onboarding 3.2")
def test_an_agreement_that_was_made_in_time_and_told_late_undoes_the_breach() -> None:
    slip = in_service().meet("2026-11-17 12:00").go_to("2026-11-17 13:00")
    assert ("3.2", "recorded") in slip.breaches()
    slip.meet("2026-11-19 10:00", slip.at("2026-11-17 11:00"))
    assert slip.breaches() == [("3.2", "recorded"), ("3.2", "withdrawn")]
    assert (slip.standings()["3.2/1"], slip.due_at("3.2/1")) == ("open", "2026-11-19 10:00")


@pytest.mark.clause("onboarding 3.2")
def test_an_extension_sets_the_agreed_time_aside_until_another_one_is_agreed() -> None:
    slip = in_service().meet("2026-11-18 10:00")
    slip.say(ExtendOfOnboarding, clause="3.2", new_due=slip.at("2026-11-24 12:00"), reason="клієнт переїздить", by=HEAD)
    assert slip.due_at("3.2/1") == "2026-11-24 12:00"
    slip.go(hours=1).install()
    assert slip.standings()["3.2/1"] == "met"


@pytest.mark.clause("onboarding 3.1")
@settings(max_examples=25)
@given(st.data())
def test_which_agreement_stands_does_not_depend_on_the_order_of_telling(data: st.DataObject) -> None:
    made = data.draw(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=4, unique_by=lambda one: one[0]))
    stands: tuple[int, int] | None = None
    for minute, ahead in sorted(made):
        if stands is None or minute <= stands[0] + stands[1]:
            stands = (minute, ahead)
    assert stands is not None
    slip = in_service()
    start = slip.now
    slip.now = start + timedelta(hours=5)
    for minute, ahead in data.draw(st.permutations(made)):
        slip.meet(start + (minute + ahead) * MINUTE, start + minute * MINUTE)
    agreed = slip.state.agreed
    assert agreed is not None
    assert agreed.installation_at == start + sum(stands) * MINUTE
    assert slip.duty("3.1/1").met_at == start + min(minute for minute, _ in made) * MINUTE


# --- installation and report ------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 3.2")
def test_the_service_department_records_the_installation_and_the_earliest_record_counts() -> None:
    slip = in_service().go_to("2026-11-18 12:00")
    for other in EVERYBODY:
        if other not in (INSTALLER, SERVICE_HEAD):
            assert slip.refused(Installed, by=other) == "NotYours"
    assert slip.refused(Installed, slip.at("2026-11-16 11:54"), by=INSTALLER) == "ImpossibleDate"
    slip.install().install(slip.at("2026-11-17 16:00")).install()
    assert (slip.state.answer, slip.local(slip.duty("3.2/1").met_at)) == ("stands", "2026-11-17 16:00")
    assert slip.due_at("3.3/1") == "2026-11-18 18:00", "from the earliest record"


@pytest.mark.clause("onboarding 3.2")
def test_an_installation_before_the_payment_meets_the_duty_when_it_is_owed() -> None:
    slip = Slip().begin().install().report()
    assert "3.2/1" not in slip.standings()
    assert slip.go(days=1).pay().standings()["3.2/1"] == "met"


@pytest.mark.clause("onboarding 3.3")
@pytest.mark.parametrize(("seconds", "standing"), BOUNDARY)
def test_the_report_is_due_a_working_day_after_the_installation(seconds: int, standing: str) -> None:
    slip = in_service().go_to("2026-11-17 15:00").install()
    assert (slip.duty("3.3/1").owner, slip.duty("3.3/1").escalation) == ("group_head:g1", "head_of_client_department")
    slip.go_to(slip.at("2026-11-18 18:00") + timedelta(seconds=seconds)).report()
    assert slip.standings()["3.3/1"] == standing


@pytest.mark.clause("onboarding 3.3")
def test_the_group_head_reports_an_installation_that_is_recorded() -> None:
    slip = in_service()
    assert slip.refused(InstallationReported, files=[REPORT], by=GROUP_HEAD) == "NotInstalled"
    slip.go(hours=1).install()
    for other in EVERYBODY:
        if other != GROUP_HEAD:
            assert slip.refused(InstallationReported, files=[REPORT], by=other) == "NotYours"
    early = slip.now - 6 * MINUTE
    assert slip.refused(InstallationReported, early, files=[REPORT], by=GROUP_HEAD) == "ImpossibleDate"
    slip.report()
    rows = slip.of(ServiceRecordRow)
    assert [(row.what, row.id, row.client, row.manager) for row in rows] == [("installation", "C-1", "cl-7", "c1")] * 2
    assert ("e" * 64 in rows[0].text, "e" * 64 in rows[1].text) == (False, True)


# --- the plan and the end ---------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 2")
@pytest.mark.clause("onboarding 4.1")
def test_the_plan_begins_once_when_the_client_is_in_service_and_the_system_installed() -> None:
    slip = Slip().begin(update_every="14 calendar days", users=3, training_term="20 calendar days").pay().install()
    assert slip.begun == []
    slip.go(hours=2).visas()
    [told] = slip.begun
    message = PlanBegun.model_validate(told.message)
    assert (told.address, told.update, message.key) == ("service-plan/cl-7", "begun", "uid-1#plan")
    assert (message.happened_at, message.installed_at) == (slip.now, slip.now - timedelta(hours=2))
    assert (message.update_every, message.users, message.training_term, message.payment_day) == (
        *("14 calendar days", 3, "20 calendar days", 10),
    )
    assert (message.manager, message.group_head, message.person.name) == ("c1", "g1", CLIENT["name"])
    assert told.begins is not None
    assert (told.begins.workflow, told.begins.kind, told.begins.stage) == ("ServicePlan", "service-plan", "active")
    slip.install().meet(slip.now)
    assert len(slip.begun) == 1


@pytest.mark.clause("onboarding 4.1")
@pytest.mark.parametrize("answer", [Told(result="refused", type="Outdated", text="newer data"), Told(result="no_case"), None])
def test_a_plan_that_did_not_begin_is_an_incident_and_a_person_begins_it(answer: Told | None) -> None:
    slip = Slip().begin().pay().visas()
    slip.plan = answer
    slip.meet(slip.now).install().report()
    assert slip.incidents() == ["plan_not_begun"]
    assert "service-plan.begun" in slip.told("head_of_client_department")[-1]
    assert (slip.stage, result(slip.state).plan) == ("done", "failed")


@pytest.mark.clause("onboarding 3.3")
@settings(max_examples=20)
@given(st.permutations(["contact", "install", "visas", "pay", "report"]))
def test_it_is_done_when_nothing_is_owed_any_more_and_the_plan_has_been_told(order: list[str]) -> None:
    slip = Slip().begin()
    late: list[str] = []
    for what in order:
        assert not slip.state.ended
        match what:
            case "contact":
                slip.meet(slip.now)
            case "install":
                slip.install()
            case "visas":
                slip.visas()
            case "pay":
                slip.pay()
            case _ if slip.state.installed is None:
                late.append(what)
            case _:
                slip.report()
    if late:
        assert not slip.state.ended
        slip.report()
    assert (slip.stage, slip.state.ended, slip.wake_at) == ("done", True, None)
    assert len(slip.begun) == 1
    assert result(slip.state).model_dump() == {
        "met": 10,
        "met_late": 0,
        "waived": 0,
        "breaches": 0,
        "outcome": "done",
        "visas": 7,
        "plan": "begun",
    }


def test_the_end_waits_for_what_is_under_way() -> None:
    slip = Slip().begin().pay()
    slip.silent |= {"crm", "plan"}
    slip.visas().meet(slip.now).install().report()
    assert slip.stage == "in_service"
    slip.answer("plan")
    assert slip.stage == "in_service"
    slip.crm = CrmOutcome(record_id="r-1", action="updated", duplicates=("r-2",))
    slip.silent |= {"billing"}
    slip.answer("crm")
    assert (slip.stage, slip.incidents()) == ("done", ["crm_duplicates"])
    assert slip.refused(PaymentPosted, reference="p-9") == "Ended"


@pytest.mark.clause("onboarding 3.2")
def test_an_installation_that_was_let_go_is_still_waited_for() -> None:
    slip = in_service().meet("2026-11-17 12:00").waive("3.2", HEAD)
    assert slip.stage == "in_service"
    slip.go_to("2026-11-30 12:00").install().report()
    assert (slip.stage, slip.standings()["3.2/1"]) == ("done", "waived")
    assert not [o for o in slip.state.obligations if o.standing in UNMET]


@pytest.mark.clause("onboarding 3.1")
def test_a_deputy_makes_the_contact_and_only_the_register_says_who_is_one() -> None:
    slip = in_service()
    assert slip.refused(FirstContact, installation_at=slip.now, by=Actor(id="d1", role="service_group_head")) == "NotInRole"
    assert slip.refused(FirstContact, installation_at=slip.now, by=HEAD_OF_SALES) == "NotYours"
