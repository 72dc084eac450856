"""The life of a service plan: its beginning, its people, its end; what it says of itself, and how small it stays."""

from __future__ import annotations

import itertools
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest

from regulations.case import Refusal
from regulations.effects import Told
from regulations.long_clause_case import MOST_UNMET
from regulations.messages import CalendarChanged, PeopleChanged
from regulations.onboarding.plan_facts import check_plan, plan_address
from regulations.onboarding.plan_messages import (
    CompetitorActed,
    ContactNoted,
    NeedFound,
    PauseOfPlan,
    PlanBegun,
    PlanEnded,
    ResumeOfPlan,
    VisitMade,
    WaiveOfPlan,
)
from regulations.onboarding.plan_narration import details, read_out, result
from regulations.onboarding.plan_state import PlanStage
from tests.regulations.onboarding.plans import BEGUN, CLIENT, HEAD, MANAGER, Plan, at


def begun(**changes: Any) -> PlanBegun:
    given = {"key": "b1", "client": "c-18", "happened_at": at("2026-11-16 12:00"), "installed_at": at("2026-11-16 12:00")}
    return PlanBegun.model_validate({**given, **BEGUN, **changes})


# --- the beginning --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "type"),
    [
        ({}, None),
        ({"happened_at": at("2026-11-16 12:05"), "installed_at": at("2026-11-16 12:05")}, None),
        ({"happened_at": at("2026-11-16 12:06")}, "FromTheFuture"),
        ({"installed_at": at("2026-11-16 12:06")}, "FromTheFuture"),
        ({"installed_at": at("2025-11-15 11:59")}, "ImpossibleDate"),
        ({"client": "c-19"}, "OtherClient"),
    ],
)
def test_the_starting_checks(changes: dict[str, Any], type: str | None) -> None:
    message = begun(**changes)
    if type is None:
        check_plan(message, at("2026-11-16 12:00"))
        assert plan_address(message) == "service-plan/c-18"
    else:
        with pytest.raises(Refusal) as refusal:
            check_plan(message, at("2026-11-16 12:00"))
        assert refusal.value.type == type


def test_nothing_comes_before_the_beginning_and_nothing_of_another_client_is_taken() -> None:
    plan = Plan(begin=False)
    visit: dict[str, Any] = {"visit": "v-1", "updated": True, "by": MANAGER}
    assert plan.refused(VisitMade, **visit) == "NotBegun"
    plan.begin()
    assert plan.refused(VisitMade, **visit, client="c-19") == "OtherClient"
    assert plan.refused(VisitMade, plan.now - timedelta(days=367), **visit) == "ImpossibleDate"
    assert plan.refused(PeopleChanged) == "UnknownMessage"


def test_the_beginning_opens_the_first_duties_its_row_and_the_diary() -> None:
    plan = Plan()
    assert plan.standings() == {"4.2/1": "open", "4.1/1": "open", "4.3/2026-12": "open"}
    assert {o.owner for o in plan.state.obligations} == {"client_manager:u41"}
    assert (plan.asked[0].people, plan.asked[0].zone) == (("u21", "u41"), "Europe/Kyiv")
    row = plan.client()
    assert (row.active, row.manager, row.group_head, row.begun_at) == (True, "u41", "u21", plan.now)
    assert plan.said("client_manager:u41") == [
        "Клієнт ТОВ «Барвінок» переходить на обслуговування до вас. Комплект оновлення: повний комплект"
    ]
    (diary,) = plan.diaries
    assert (diary.address, diary.update) == ("service-diary/u41", "begun")
    assert diary.begins is not None
    assert (diary.begins.workflow, diary.begins.kind, diary.begins.stage) == ("ServiceDiary", "service-diary", "kept")
    assert diary.message["group_head"] == "u21"


def test_what_came_before_the_opening_counts_as_any() -> None:
    plan = Plan(begin=False)
    report = plan.message(CompetitorActed, learnt_at=plan.now, action="дзвонять", by=MANAGER)
    visit = plan.message(VisitMade, visit="v-1", updated=True, by=MANAGER)
    plan.deliver(plan.message(PlanBegun, **BEGUN, installed_at=plan.now), visit, report)
    assert plan.standings() == {"4.2/1": "open", "4.5/1": "met", "4.1/1": "met", "4.3/2026-12": "open", "4.1/2": "open"}


def test_the_same_again_changes_nothing_and_older_data_are_refused() -> None:
    plan = Plan().go(days=1)
    before = plan.state
    plan.again(happened=plan.now - timedelta(days=2))
    assert plan.state.begun == before.begun
    assert (plan.standings(), plan.dues("4.1")) == ({o.key: o.standing for o in before.obligations}, {"4.1/1": "2026-11-23 12:00"})
    assert (len(plan.diaries), len(plan.asked), plan.client().seq) == (1, 1, max(r.seq for r in plan.rows if r.table == "service_clients"))
    older = {**BEGUN, "installed_at": at("2026-11-16 12:00"), "payment_day": 16}
    assert plan.refused(PlanBegun, plan.now - timedelta(days=2), **older) == "Outdated"
    written = len(plan.rows)
    plan.again(update_set="інший комплект")
    assert plan.client().update_set == "інший комплект"
    assert [row.table for row in plan.rows[written:]] == ["service_clients"]


# --- its people -----------------------------------------------------------------------------------------------------


def test_another_manager_gets_what_is_owed_keeps_a_diary_and_both_are_told() -> None:
    plan = Plan().visit().again(manager="u42")
    assert {o.key: o.owner[-3:] for o in plan.state.obligations} == {"4.2/1": "u42", "4.1/1": "u41", "4.3/2026-12": "u42", "4.1/2": "u42"}
    for manager in ("u41", "u42"):
        assert [said for said in plan.said(f"client_manager:{manager}") if "u41 → u42" in said]
    assert [diary.address for diary in plan.diaries] == ["service-diary/u41", "service-diary/u42"]
    assert (plan.asked[-1].people, plan.client().manager) == (("u21", "u42"), "u42")
    assert plan.go_to("2026-11-30 12:00").notices("breach") == [("4.1", "client_manager:u42"), ("4.1", "group_head:u21")]


def test_without_a_manager_the_group_head_is_asked_for_one() -> None:
    plan = Plan(manager=None)
    assert plan.diaries == []
    assert len(plan.said("group_head:u21")) == 1
    assert {o.owner for o in plan.state.obligations} == {"client_manager"}
    plan.again(manager="u42")
    assert [diary.address for diary in plan.diaries] == ["service-diary/u42"]
    assert {o.owner for o in plan.state.obligations} == {"client_manager:u42"}


def test_another_group_head_hears_from_then_on_and_the_diary_is_told() -> None:
    plan = Plan().again(group_head="u22").go_to("2026-11-23 12:00")
    assert plan.notices("breach") == [("4.1", "client_manager:u41"), ("4.1", "group_head:u22")]
    assert [diary.message["group_head"] for diary in plan.diaries] == ["u21", "u22"]
    assert len({str(diary.message["key"]) for diary in plan.diaries}) == 2


@pytest.mark.clause("onboarding 4.4.1")
@pytest.mark.parametrize("answer", [None, Told(result="refused", type="Outdated", text="older"), Told(result="no_case")])
def test_a_diary_that_does_not_begin_is_begun_by_a_person(answer: Told | None) -> None:
    plan = Plan(begin=False)
    plan.kept = answer
    plan.begin()
    assert plan.incidents() == ["diary_failed"]
    assert "Розпочніть його вручну" in plan.said("group_head:u21")[0]
    assert len(plan.go(hours=1).diaries) == 1


def test_a_zone_that_changes_counts_what_is_open_anew() -> None:
    plan = Plan(update_every="5 working days").again(zone="Europe/Warsaw")
    assert plan.asked[-1].zone == "Europe/Warsaw"
    assert plan.duty("4.1/1").recount == ""


# --- decisions about its duties -------------------------------------------------------------------------------------


def test_of_several_that_are_missed_the_oldest_is_let_go() -> None:
    plan = Plan().go_to("2026-12-01 12:00").waive("4.1")
    assert plan.standings("4.1") == {"4.1/1": "waived", "4.1/2": "overdue", "4.1/3": "open"}
    assert plan.extend("4.1", "2026-12-10 12:00").dues("4.1")["4.1/3"] == "2026-12-10 12:00"
    assert plan.refused(WaiveOfPlan, clause="4.1", reason="домовлено", by=MANAGER) == "NotYours"


def test_nobody_decides_about_a_period_that_is_not_counted() -> None:
    plan = Plan().go_to("2026-11-20 12:00")
    state = plan.state.model_copy(deep=True)
    state.obligations[1].plan = None
    plan.state = state
    assert plan.refused(PauseOfPlan, clause="4.1", reason="домовлено", by=HEAD) == "NotCounted"


def test_a_calendar_change_moves_only_what_depends_on_it() -> None:
    plan = Plan()
    fields: dict[str, Any] = {"calendar": "company", "version": "v2"}
    assert plan.refused(CalendarChanged, **fields, changed=[date(2026, 12, 20)]) == "NotTouched"
    assert plan.say(CalendarChanged, **fields, changed=[date(2026, 12, 15)]).state.facts[-1].what == "CalendarChanged"


# --- the end --------------------------------------------------------------------------------------------------------


def test_the_group_head_ends_the_service_and_its_rows_are_final() -> None:
    plan = Plan().visit().certify("a").go(days=2)
    assert plan.refused(PlanEnded, reason="кінець", by=MANAGER) == "NotYours"
    assert plan.refused(PlanEnded, plan.now - timedelta(days=3), reason="кінець", by=HEAD) == "ImpossibleDate"
    plan.end()
    assert (plan.state.ended, plan.state.outcome, plan.wake_at) == (True, PlanStage.ENDED, None)
    assert plan.standings() == {"4.2/1": "met", "4.1/1": "met", "4.3/2026-12": "waived", "4.1/2": "waived"}
    row = plan.client()
    assert (row.active, row.next_update_due, row.next_payment_due) == (False, None, None)
    assert plan.notices("ended") == [("", "client_manager:u41")]
    assert plan.refused(ContactNoted, contact="t", topics=["use"], by=MANAGER) == "Ended"
    ended = result(plan.state)
    assert (ended.outcome, ended.met, ended.waived, ended.breaches, ended.certified) == ("ended", 2, 2, 0, 1)


@pytest.mark.parametrize(
    ("ended", "entries"),
    [("2026-11-23 11:59", []), ("2026-11-23 12:00", ["recorded"]), ("2026-11-30 12:01", ["recorded", "recorded"])],
)
def test_what_was_missed_before_the_end_is_a_breach_and_what_was_not_is_none(ended: str, entries: list[str]) -> None:
    """The end is learnt with every worker away."""
    plan = Plan()
    plan.now = at("2026-12-02 12:00")
    plan.end(at(ended))
    assert (plan.state.ended, plan.entries("4.1")) == (True, entries)


def test_the_end_waits_for_the_diary_that_is_being_told() -> None:
    plan = Plan(begin=False)
    plan.silent = {"diary"}
    plan.begin().end()
    assert not plan.state.ended
    plan.kept = None
    plan.back()
    assert (plan.state.ended, plan.incidents()) == (True, ["diary_failed"])


# --- what it says of itself -----------------------------------------------------------------------------------------


def test_the_read_out_and_the_details_tell_who_has_it_and_what_is_next() -> None:
    plan = Plan().visit("v-1").visit("v-2").go_to("2026-12-16 12:00").pay().need().report("2026-12-16 11:00").certify("a")
    read = read_out(plan.state)
    assert (read.kind, read.stage, read.stage_text, read.round) == ("service-plan", "active", "обслуговується", 1)
    assert {o.clause for o in read.obligations} == {f"onboarding 4.{n}" for n in (1, 2, 3, 5)}
    shown = details(plan.state)
    for words in ("ТОВ «Барвінок»", "K-204", "u41", "u21", "1 з 1", "4.1 Оновлення понад план", "21.12.2026 12:00"):
        assert words in shown, words
    for word in ("update_extra", "VisitMade", "active", "service-plan"):
        assert word not in shown, "a word without its Ukrainian text"
    assert details(Plan(begin=False).state) == "### service-plan/c-18"


def test_the_state_stays_small_however_much_there_is() -> None:
    """As much of everything as is kept, with the longest texts, and ids as long as the CRM's."""
    long = "щ" * 1_000
    plan = Plan(update_every="1 calendar days", users=1_000, person={**CLIENT, "name": "Щ" * 300, "contact": "Щ" * 300})
    plan.careful, plan.silent = False, {"crm"}
    keys = (f"{n:0200}" for n in itertools.count())
    for n in range(70):
        plan.go(days=1)
        number = str(n).rjust(60, "0")
        said: list[tuple[Any, dict[str, Any]]] = [
            (VisitMade, {"visit": f"v-{number}", "updated": n % 3 == 0}),
            (ContactNoted, {"contact": f"t-{number}", "topics": ["use"], "remark": long}),
            (CompetitorActed, {"learnt_at": plan.now - timedelta(days=1), "action": long}),
            *([(NeedFound, {"need": f"n-{number}", "what": "щ" * 300})] if n < 20 else []),
        ]
        plan.deliver(*(plan.message(kind, **fields, key=next(keys), by=MANAGER) for kind, fields in said))
        for kind in (PauseOfPlan, WaiveOfPlan) if n % 2 else (PauseOfPlan,):
            with suppress(Refusal):
                plan.say(kind, clause="4.1", reason=long, by=HEAD, key=next(keys))
        if n < 25:
            plan.pay(reference=f"p-{number}")
    for _ in range(45):  # periods that are paused, and missed
        plan.go_to(plan.newest("4.1").started_at + timedelta(hours=1))
        plan.say(PauseOfPlan, clause="4.1", reason=long, by=HEAD, key=next(keys))
        plan.go(hours=1).say(ResumeOfPlan, clause="4.1", by=HEAD, key=next(keys)).go_to(plan.due(plan.newest("4.1").key))
    plan.state.certified = {f"{n:012}": plan.now for n in range(1_000)}
    assert len(plan.state.carried().model_dump_json().encode()) < 256 * 1024
    assert sum(1 for _ in plan.state.unmet()) == MOST_UNMET
