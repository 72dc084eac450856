"""Chapter 2: the seven visas and their order, refusals and their mending, withdrawals, the setting that stops the rest."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.onboarding.case import AUTHORS, ITEMS
from regulations.onboarding.slip_messages import ItemMended, VisaGiven, VisaRefused, VisaWithdrawn, WithdrawOfOnboarding
from tests.regulations.onboarding.slips import (
    ACCOUNTANT,
    CARD,
    EVERYBODY,
    GROUP_HEAD,
    HEAD_OF_SALES,
    LAWYER,
    OTHER_CARD,
    OWNER,
    REASON,
    SALES,
    Slip,
    visa,
)

CLAUSES = [pytest.param(item, marks=pytest.mark.clause(f"onboarding {item}")) for item in ITEMS]
FIRST_SIX = ITEMS[:6]
ANOTHER_REASON = "не та редакція договору"
HANDED_OVER, TAKEN_BACK = "Передано на обслуговування", "Передачу скасовано"
"""How the CRM shows the client."""


def slip_for(item: str, on_refusal: str = "collect") -> Slip:
    """A slip on which an item is owed."""
    slip = Slip(on_refusal=on_refusal).begin()
    return slip.visa("2.2") if item == "2.7" else slip


# --- a visa ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("item", CLAUSES)
def test_a_visa_is_its_roles_within_a_working_day_and_is_registered(item: str) -> None:
    slip = slip_for(item)
    duty = slip.newest(item)
    assert (duty.owner.partition(":")[0], duty.escalation) == (OWNER[item].role, "head_of_sales")
    assert slip.due_at(f"{item}/1") == "2026-11-17 18:00"
    for other in EVERYBODY:
        if other.role != OWNER[item].role:
            assert slip.refused(VisaGiven, **visa(item, by=other)) == "NotYours"
    slip.go(hours=1).visa(item, remark="усе на місці")
    assert (duty.key, slip.standings()[f"{item}/1"]) == (f"{item}/1", "met")
    row = slip.visa_row(item)
    assert (row.contract, row.state, row.person, row.by, row.at, row.remark) == (
        *("C-1", "given", OWNER[item].id, OWNER[item].id, slip.now, "усе на місці"),
    )
    assert row.documents == ((("картка.pdf", "c" * 64),) if item in ("2.6", "2.7") else ())


@pytest.mark.parametrize("item", CLAUSES)
@pytest.mark.parametrize(
    ("seconds", "standing", "entries"),
    [(-1, "met", []), (0, "met", ["recorded", "withdrawn"]), (1, "met_late", ["recorded", "met_late"])],
)
def test_a_visa_at_the_due_instant_is_in_time_though_the_timer_was_first(
    item: str, seconds: int, standing: str, entries: list[str]
) -> None:
    slip = slip_for(item)
    slip.go_to(slip.due(f"{item}/1") + timedelta(seconds=seconds)).visa(item)
    assert slip.standings()[f"{item}/1"] == standing
    assert [entry for clause, entry in slip.breaches() if clause == item] == entries


@pytest.mark.clause("onboarding 2.1")
def test_the_breach_of_a_visa_is_told_to_its_owner_and_to_the_head_of_sales() -> None:
    slip = Slip().begin().visas(("2.2", "2.3", "2.4", "2.5", "2.6", "2.7")).go_to("2026-11-17 18:00")
    assert sorted(slip.notices("breach")) == [("2.1", "head_of_sales"), ("2.1", "lawyer")]
    slip.visa("2.1", slip.at("2026-11-17 17:59"))
    assert slip.breaches() == [("2.1", "recorded"), ("2.1", "withdrawn")]


@pytest.mark.clause("onboarding 2.6")
@pytest.mark.clause("onboarding 2.7")
@pytest.mark.parametrize("item", ["2.6", "2.7"])
def test_two_visas_stand_on_their_document(item: str) -> None:
    slip = slip_for(item)
    assert slip.refused(VisaGiven, **visa(item, files=[])) == "NoDocument"
    assert "потрібен сам документ" in slip.told("group_head:g1", "warning")[-1]
    slip.visa(item)
    assert slip.states()[item] == "given"


@pytest.mark.clause("onboarding 2.6")
def test_what_the_author_sends_after_a_refusal_is_the_document_of_the_next_visa() -> None:
    slip = Slip().begin().refuse("2.6").mend("2.6", files=[OTHER_CARD])
    slip.visa("2.6", files=[])
    assert slip.visa_row("2.6").documents == (("картка-2.pdf", "d" * 64),)
    slip.take_back("2.6")
    assert slip.refused(VisaGiven, **visa("2.6", files=[])) == "NoDocument"


# --- the order ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 2.7")
def test_the_copy_comes_after_the_agreement() -> None:
    slip = Slip().begin()
    assert slip.refused(VisaGiven, **visa("2.7")) == "OutOfOrder"
    assert slip.refused(VisaRefused, item="2.7", reason=REASON, by=GROUP_HEAD) == "OutOfOrder"
    assert "2.7/1" not in slip.standings()
    slip.go_to("2026-11-17 10:00").visa("2.2")
    assert slip.due_at("2.7/1") == "2026-11-18 18:00", "owed from the visa of 2.2 on"
    assert slip.refused(VisaGiven, slip.at("2026-11-17 09:54"), **visa("2.7")) == "ImpossibleDate"
    slip.visa("2.7", slip.at("2026-11-17 09:56"))
    assert slip.refused(VisaWithdrawn, item="2.2", reason=REASON, by=LAWYER) == "OutOfOrder"
    slip.take_back("2.7").take_back("2.2")
    assert slip.states() == {**dict.fromkeys(ITEMS, "missing"), "2.2": "withdrawn", "2.7": "withdrawn"}


@pytest.mark.clause("onboarding 2.7")
def test_while_the_agreement_is_withdrawn_its_copy_is_not_owed() -> None:
    slip = Slip().begin().visa("2.2").take_back("2.2")
    assert (slip.standings()["2.7/1"], slip.duty("2.7/1").note) == ("waived", "price_withdrawn")
    slip.go_to("2026-11-17 10:00").visa("2.2")
    assert (slip.standings()["2.7/2"], slip.due_at("2.7/2")) == ("open", "2026-11-18 18:00")


@pytest.mark.clause("onboarding 2")
@settings(max_examples=15)
@given(st.permutations(ITEMS))
def test_the_slip_is_complete_with_the_last_visa_in_whatever_order_they_come(order: list[str]) -> None:
    slip = Slip().begin()
    waiting = list(order)
    while waiting:
        for item in list(waiting):
            if item == "2.7" and slip.states()["2.2"] != "given":
                assert slip.refused(VisaGiven, **visa(item)) == "OutOfOrder"
                continue
            slip.visa(item)
            waiting.remove(item)
            assert slip.stage == ("collecting_visas" if waiting else "in_service")
    assert set(slip.standings().values()) == {"met"}
    assert len(slip.standings()) == 7


@pytest.mark.clause("onboarding 2")
def test_a_complete_slip_is_closed() -> None:
    slip = Slip().begin().visas()
    for item in ITEMS:
        assert slip.refused(VisaGiven, **visa(item)) == "SlipClosed"
        assert slip.refused(VisaRefused, item=item, reason=REASON, by=OWNER[item]) == "SlipClosed"
        assert slip.refused(VisaWithdrawn, item=item, reason=REASON, by=OWNER[item]) == "SlipClosed"
        assert slip.refused(ItemMended, item=item, by=ACCOUNTANT if item == "2.4" else SALES) == "NotRefused"


# --- the same again -------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 2.6")
def test_the_same_visa_again_is_one_visa_and_another_document_is_none() -> None:
    slip = Slip().begin().visa("2.6")
    given_at = slip.now
    slip.go(hours=1)
    for files in ([CARD], [], [{**CARD, "name": "та сама картка.pdf"}]):
        slip.visa("2.6", files=files)
        assert slip.state.answer == "stands"
    assert slip.refused(VisaGiven, **visa("2.6", files=[OTHER_CARD])) == "VisaStands"
    assert (slip.visa_row("2.6").at, slip.duty("2.6/1").met_at) == (given_at, given_at)
    assert [key for key in slip.standings() if key.startswith("2.6")] == ["2.6/1"]


@pytest.mark.clause("onboarding 2.1")
def test_two_visas_at_once_are_one() -> None:
    slip = Slip().begin()
    slip.deliver(slip.message(VisaGiven, **visa("2.1")), slip.message(VisaGiven, **visa("2.1")))
    assert slip.standings()["2.1/1"] == "met"
    assert slip.state.answer == "stands"


@pytest.mark.clause("onboarding 2.1")
def test_a_visa_that_was_given_in_time_and_told_late_withdraws_the_breach() -> None:
    slip = Slip().begin().go_to("2026-11-18 10:00").visa("2.1")
    assert slip.standings()["2.1/1"] == "met_late"
    slip.visa("2.1", slip.at("2026-11-17 15:00"))
    assert (slip.standings()["2.1/1"], slip.local(slip.visa_row("2.1").at)) == ("met", "2026-11-17 15:00")
    assert slip.refused(VisaGiven, slip.at("2026-11-16 11:00"), **visa("2.1")) == "ImpossibleDate"


# --- refusal and mending --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("item", CLAUSES)
def test_a_refusal_is_an_opinion_in_time_and_the_item_goes_back_to_its_author(item: str) -> None:
    slip = slip_for(item).go(hours=1).refuse(item)
    author = {"sales_manager": "sales_manager:s1"}.get(AUTHORS[item], AUTHORS[item])
    mending = slip.duty(f"{item}/mend/1")
    assert (slip.standings()[f"{item}/1"], mending.owner, mending.escalation) == ("met", author, "head_of_sales")
    assert (slip.states()[item], slip.due_at(mending.key)) == ("refused", "2026-11-17 18:00")
    [told] = [said for said in slip.told(author, "warning") if "Відмовлено" in said]
    assert REASON in told
    assert slip.visa_row(item).remark == REASON
    assert slip.refused(VisaGiven, **visa(item)) == "NotMended"
    for other in EVERYBODY:
        if other.role != AUTHORS[item]:
            assert slip.refused(ItemMended, item=item, by=other) == "NotYours"
    slip.go_to("2026-11-17 10:00").mend(item, remark="додали підпис")
    assert slip.standings()[mending.key] == "met"
    assert (slip.states()[item], slip.due_at(f"{item}/2")) == ("missing", "2026-11-18 18:00")
    slip.visa(item)
    assert slip.standings()[f"{item}/2"] == "met"


@pytest.mark.clause("onboarding 2.1")
@pytest.mark.parametrize(("seconds", "standing"), [(-1, "met"), (0, "met"), (1, "met_late")])
def test_mending_has_a_term_of_its_own(seconds: int, standing: str) -> None:
    slip = Slip().begin().refuse("2.1")
    slip.go_to(slip.due("2.1/mend/1") + timedelta(seconds=seconds))
    [reminder] = [said for said in slip.told("sales_manager:s1", "warning") if "наближається" in said]
    assert f"повернуто: {REASON}" in reminder
    slip.mend("2.1")
    assert slip.standings()["2.1/mend/1"] == standing


@pytest.mark.clause("onboarding 2.1")
def test_a_second_refusal_changes_nothing_but_another_reason_is_told() -> None:
    slip = Slip().begin().refuse("2.1").refuse("2.1").refuse("2.1", reason=ANOTHER_REASON)
    refusals = [said for said in slip.told("sales_manager:s1", "warning") if "Відмовлено" in said]
    assert [REASON in said for said in refusals] == [True, False]
    assert ANOTHER_REASON in refusals[1]
    assert (slip.state.answer, slip.visa_row("2.1").remark) == ("stands", REASON)
    assert [key for key in slip.standings() if "mend" in key] == ["2.1/mend/1"]


@pytest.mark.clause("onboarding 2.7")
def test_an_opinion_at_the_moment_at_which_it_is_owed_is_in_time() -> None:
    slip = Slip().begin()
    words = (slip.message(VisaGiven, **visa("2.2")), slip.message(VisaRefused, item="2.7", reason=REASON, by=GROUP_HEAD))
    slip.deliver(*words)
    assert (slip.standings()["2.7/1"], slip.standings()["2.7/mend/1"]) == ("met", "open")


@pytest.mark.clause("onboarding 2.1")
def test_what_stands_is_not_refused_and_what_is_not_refused_is_not_mended() -> None:
    slip = Slip().begin().visa("2.1")
    assert slip.refused(VisaRefused, item="2.1", reason=REASON, by=LAWYER) == "VisaStands"
    assert slip.refused(ItemMended, item="2.1", by=SALES) == "NotRefused"
    assert slip.refused(ItemMended, item="2.2", by=SALES) == "NotRefused"
    slip.refuse("2.2")
    assert slip.refused(ItemMended, slip.now - timedelta(minutes=6), item="2.2", by=SALES) == "ImpossibleDate"


@pytest.mark.clause("onboarding 2.1")
def test_any_sales_manager_mends_where_the_hand_over_names_none() -> None:
    slip = Slip().begin(sales_manager=None).refuse("2.1")
    assert slip.duty("2.1/mend/1").owner == "sales_manager"
    assert slip.mend("2.1").states()["2.1"] == "missing"


# --- withdrawal -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("item", CLAUSES)
def test_a_withdrawn_visa_is_owed_anew(item: str) -> None:
    slip = slip_for(item).visa(item).go_to("2026-11-17 10:00")
    assert slip.refused(VisaWithdrawn, item=item, reason=REASON, by=HEAD_OF_SALES) == "NotYours"
    assert slip.refused(VisaWithdrawn, slip.at("2026-11-16 11:54"), item=item, reason=REASON, by=OWNER[item]) == "ImpossibleDate"
    slip.take_back(item)
    assert (slip.states()[item], slip.visa_row(item).remark) == ("withdrawn", REASON)
    assert (slip.standings()[f"{item}/1"], slip.due_at(f"{item}/2")) == ("met", "2026-11-18 18:00")
    assert slip.refused(VisaWithdrawn, item=item, reason=REASON, by=OWNER[item]) == "NoVisa"
    assert slip.visa(item).standings()[f"{item}/2"] == "met"


@pytest.mark.clause("onboarding 2.5")
def test_the_visa_of_the_entry_enters_the_client_each_time_under_one_external_id() -> None:
    slip = Slip().begin()
    slip.silent |= {"crm"}
    slip.visa("2.5").visa("2.5").take_back("2.5").visa("2.5")
    assert len(slip.entered) == 1, "the second waits for the first"
    slip.answer("crm", rest=False)
    slip.run()
    first, second = slip.entered
    assert (first.external_id, second.external_id) == ("onboarding/C-1", "onboarding/C-1")
    assert first.key != second.key
    assert (first.fields["status"], first.fields["client_name"], first.what) == ("Передано на обслуговування", "ТОВ «Липа»", "client")


@pytest.mark.clause("onboarding 2.5")
def test_the_crm_hears_that_the_visa_of_the_entry_was_withdrawn_and_given_again() -> None:
    slip = Slip().begin().visa("2.5").take_back("2.5").visa("2.5")
    assert [record.fields["status"] for record in slip.entered] == [HANDED_OVER, TAKEN_BACK, HANDED_OVER]
    assert len({record.key for record in slip.entered}) == 3


@pytest.mark.clause("onboarding 2.5")
def test_what_the_crm_is_told_while_it_is_silent_is_how_things_stand_in_the_end() -> None:
    slip = Slip().begin()
    slip.silent |= {"crm"}
    slip.visa("2.5").take_back("2.5")
    assert [record.fields["status"] for record in slip.entered] == [HANDED_OVER]
    slip.answer("crm")
    assert slip.entered[-1].fields["status"] == TAKEN_BACK


@pytest.mark.clause("onboarding 2.5")
@pytest.mark.parametrize("taken_back", [True, False])
def test_the_crm_hears_of_a_hand_over_that_is_withdrawn_once_and_the_case_waits_for_that(taken_back: bool) -> None:
    slip = Slip().begin().visa("2.5")
    if taken_back:
        slip.take_back("2.5")
    slip.silent |= {"crm"}
    slip.say(WithdrawOfOnboarding, by=HEAD_OF_SALES, reason=REASON)
    assert [record.fields["status"] for record in slip.entered] == [HANDED_OVER, TAKEN_BACK]
    assert slip.state.ended is taken_back
    if not taken_back:
        assert slip.answer("crm").state.ended


def test_a_withdrawal_says_nothing_to_the_crm_of_a_client_whom_it_does_not_know_or_who_is_served() -> None:
    assert Slip().begin().visas(("2.1", "2.6")).say(WithdrawOfOnboarding, by=HEAD_OF_SALES, reason=REASON).entered == []
    served = Slip().begin().pay().visas().install()
    served.say(WithdrawOfOnboarding, by=HEAD_OF_SALES, reason=REASON)
    assert (served.stage, [record.fields["status"] for record in served.entered]) == ("withdrawn", [HANDED_OVER])


@pytest.mark.clause("onboarding 2.5")
def test_a_client_whom_the_crm_does_not_take_is_an_incident() -> None:
    slip = Slip().begin()
    slip.crm = None
    slip.visa("2.5")
    assert slip.incidents() == ["client_not_entered"]
    assert "вручну" in slip.told("group_head:g1", "incident")[0]
    slip.take_back("2.5")
    assert [status in said for status, said in zip((HANDED_OVER, TAKEN_BACK), slip.told("group_head:g1", "incident"), strict=True)]


# --- the setting ----------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 2")
def test_every_opinion_comes_in_where_the_setting_collects_them() -> None:
    slip = Slip().begin().refuse("2.1").refuse("2.4").visas(("2.2", "2.3", "2.5", "2.6", "2.7"))
    assert slip.states() == {**dict.fromkeys(ITEMS, "given"), "2.1": "refused", "2.4": "refused"}
    slip.mend("2.1").mend("2.4").visas(("2.1", "2.4"))
    assert slip.stage == "in_service"


@pytest.mark.clause("onboarding 2")
def test_a_refusal_lets_the_rest_wait_where_the_setting_stops() -> None:
    slip = Slip(on_refusal="stop").begin().visa("2.3").refuse("2.1")
    rest = ("2.2/1", "2.4/1", "2.5/1", "2.6/1")
    assert {slip.standings()[key] for key in rest} == {"waived"}
    assert {slip.duty(key).note for key in rest} == {"stopped"}
    assert slip.refused(VisaGiven, **visa("2.2")) == "Stopped"
    slip.visa("2.3").refuse("2.4")
    slip.take_back("2.3").go_to("2026-11-17 10:00").mend("2.1")
    assert slip.refused(VisaGiven, **visa("2.1")) == "Stopped", "2.4 is refused still"
    assert not [key for key, standing in slip.standings().items() if standing == "open" and "mend" not in key]
    slip.go_to("2026-11-18 10:00").mend("2.4")
    owed = {key: slip.due_at(key) for key, standing in slip.standings().items() if standing == "open"}
    assert owed == dict.fromkeys(("2.1/2", "2.2/2", "2.3/2", "2.4/2", "2.5/2", "2.6/2"), "2026-11-19 18:00")
    assert slip.visas().stage == "in_service"


@pytest.mark.clause("onboarding 2")
def test_a_visa_that_was_late_when_the_rest_stopped_is_a_breach_all_the_same() -> None:
    slip = Slip(on_refusal="stop").begin().go_to("2026-11-17 18:01").refuse("2.1")
    assert {clause for clause, entry in slip.breaches() if entry == "recorded"} == set(FIRST_SIX)
    assert slip.standings()["2.2/1"] == "waived"
