"""4.2, 4.5, 4.6, 4.8 to 4.13: training, competitors, needs, and what is recorded of the service of a client."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from regulations.case import Refusal
from regulations.effects import CrmOutcome
from regulations.onboarding import plan_training
from regulations.onboarding.plan_messages import (
    CertificateIssued,
    CompetitorActed,
    ContactNoted,
    FiguresNoted,
    NeedFound,
)
from regulations.onboarding.plan_state import MOST_NEEDS
from regulations.rows import NoticeRow
from tests.regulations.onboarding.plans import HEAD, LAWYER, MANAGER, Plan, at

TICK = timedelta(microseconds=1)
TRAINED_BY = "2026-12-16 12:00"
"""Thirty calendar days after the installation."""


# --- 4.2 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.2")
@pytest.mark.parametrize(("late", "standing"), [(-TICK, "met"), (TICK - TICK, "met"), (TICK, "met_late")])
def test_the_last_user_is_certified_in_time_or_late(late: timedelta, standing: str) -> None:
    plan = Plan(users=2).certify("a").go_to("2026-12-17 12:00")
    assert (plan.standings("4.2"), plan.entries("4.2")) == ({"4.2/1": "overdue"}, ["recorded"])
    plan.certify("b", at(TRAINED_BY) + late)
    assert plan.standings("4.2") == {"4.2/1": standing}


@pytest.mark.clause("onboarding 4.2")
def test_a_user_counts_once_by_the_first_certificate() -> None:
    plan = Plan(users=2).certify("a").go(days=1).certify("a")
    assert (plan.standings("4.2")["4.2/1"], plan.client().certified, plan.client().to_certify) == ("open", 1, 2)
    assert plan.go_to(TRAINED_BY).told("client_manager:u41", "breach")[-1].endswith("сертифіковано 1 з 2)")


@pytest.mark.clause("onboarding 4.2")
def test_a_certificate_learnt_late_of_another_user_undoes_the_breach() -> None:
    plan = Plan().go_to("2026-12-20 12:00").certify("late").certify("early", at("2026-12-01 12:00"))
    assert plan.entries("4.2") == ["recorded", "met_late", "withdrawn"]


@pytest.mark.clause("onboarding 4.2")
@pytest.mark.parametrize(("fields", "due"), [({}, TRAINED_BY), ({"training_term": "10 working days"}, "2026-11-30 18:00")])
def test_the_contracts_term_and_number_come_before_the_editions(fields: dict[str, Any], due: str) -> None:
    plan = Plan(**fields)
    assert (plan.dues("4.2"), plan.state.to_certify) == ({"4.2/1": due}, 1)
    assert plan.again(users=3).state.to_certify == 3


@pytest.mark.clause("onboarding 4.2")
def test_more_users_than_are_kept_change_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_training, "MOST_USERS", 5)
    plan = Plan()
    plan.deliver(*(plan.message(CertificateIssued, certificate=f"s-{n}", user=f"u-{n}") for n in range(8)))
    assert (plan.client().certified, len(plan.records())) == (5, 8)


# --- 4.5 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.5")
@pytest.mark.parametrize(
    ("learnt", "told", "standing"),
    [
        ("2026-11-16 10:00", "2026-11-16 11:00", "met"),
        ("2026-11-16 10:00", "2026-11-16 11:00:01", "met_late"),
        ("2026-11-13 17:30", "2026-11-16 09:30", "met"),
        ("2026-11-13 17:30", "2026-11-16 09:31", "met_late"),
        ("2026-11-14 12:00", "2026-11-15 03:00", "met"),
        ("2026-10-23 17:30", "2026-10-26 09:30", "met"),
    ],
)
def test_a_competitors_action_is_told_within_a_working_hour(learnt: str, told: str, standing: str) -> None:
    plan = Plan("2026-10-20 12:00").visit()
    plan.now = at("2026-11-16 12:00")
    plan.report(learnt, told)
    assert plan.standings("4.5") == {"4.5/1": standing}
    assert plan.entries("4.5") == ([] if standing == "met" else ["recorded", "met_late"])


@pytest.mark.clause("onboarding 4.5")
def test_the_group_head_hears_of_it_at_once_whatever_the_hour() -> None:
    plan = Plan().go_to("2026-11-21 23:00").report("2026-11-21 22:50")
    (row,) = [row for row in plan.of(NoticeRow) if row.clause == "4.5"]
    assert (row.role, row.at_once, row.earliest, row.kind) == ("group_head:u21", True, plan.now, "incident")
    assert row.text == "4.5 Клієнт ТОВ «Барвінок»: дії конкурента. пропонують знижку"
    plan.report("2026-11-21 22:55")
    assert plan.standings("4.5") == {"4.5/1": "met", "4.5/2": "met"}
    assert plan.records() == {"1": "Дії конкурента. пропонують знижку", "2": "Дії конкурента. пропонують знижку"}


@pytest.mark.clause("onboarding 4.5")
def test_a_report_before_the_action_was_learnt_of_is_refused() -> None:
    plan = Plan()
    action: dict[str, Any] = {"action": "пропонують знижку"}
    assert plan.refused(CompetitorActed, learnt_at=plan.now, **action, by=LAWYER) == "NotYours"
    assert plan.refused(CompetitorActed, learnt_at=plan.now + timedelta(minutes=6), **action, by=MANAGER) == "FromTheFuture"
    earlier = plan.now - timedelta(hours=1)
    assert plan.refused(CompetitorActed, earlier, learnt_at=plan.now, **action, by=MANAGER) == "ImpossibleDate"
    assert plan.refused(CompetitorActed, learnt_at=plan.now - timedelta(days=367), **action, by=MANAGER) == "ImpossibleDate"


# --- 4.6 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.6")
def test_a_need_is_one_deal_in_the_crm() -> None:
    plan = Plan().need(sum="1500.50")
    (deal,) = plan.deals
    assert (deal.what, deal.external_id) == ("deal", "service-plan/c-18#n-1")
    assert deal.fields == {
        "title": "Допродаж ТОВ «Барвінок»: судова практика",
        "direction": "Допродаж",
        "status": "Потреба виявлена",
        "client": "c-18",
        "contract": "K-204",
        "services": "судова практика",
        "manager": "u41",
        "contact": "z-77",
        "sum": "1500.50",
    }
    assert plan.records() == {"n-1": "Виявлено потребу. судова практика. 1\u00a0500,50\u00a0грн"}
    assert plan.state.needs == []


@pytest.mark.clause("onboarding 4.6")
def test_the_crm_takes_needs_one_by_one_and_of_each_the_newest() -> None:
    plan = Plan()
    plan.silent = {"crm"}
    plan.need("n-1").need("n-2", what="бланки").need("n-1", what="практика й бланки").need("n-2", what="бланки й форми")
    assert [deal.external_id[-3:] for deal in plan.deals] == ["n-1"]
    plan.back()
    assert [(deal.external_id[-3:], deal.fields["services"]) for deal in plan.deals] == [
        ("n-1", "судова практика"),
        ("n-1", "практика й бланки"),
        ("n-2", "бланки й форми"),
    ]
    assert len({deal.key for deal in plan.deals}) == 3


@pytest.mark.clause("onboarding 4.6")
def test_what_the_crm_refuses_the_manager_enters_by_hand() -> None:
    plan = Plan()
    plan.crm = None
    plan.need()
    assert plan.incidents() == ["crm_refused"]
    assert plan.said("client_manager:u41")[-1].endswith("CRM не прийняла продаж за потребою n-1 (судова практика). Заведіть його вручну")
    plan.crm = CrmOutcome(record_id="d-2", action="inserted", duplicates=("d-3",))
    assert plan.need("n-2").incidents() == ["crm_refused", "crm_duplicates"]


@pytest.mark.clause("onboarding 4.6")
def test_no_need_is_lost_while_the_crm_is_away_and_the_service_ends() -> None:
    plan = Plan()
    plan.silent = {"crm"}
    for n in range(MOST_NEEDS + 1):
        plan.need(f"n-{n}")
    assert plan.refused(NeedFound, need="more", what="ще", by=MANAGER) == "Busy"
    plan.end()
    assert not plan.state.ended
    plan.back()
    assert (plan.state.ended, len(plan.deals)) == (True, MOST_NEEDS + 1)


# --- 4.8 to 4.13 ----------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.8")
@pytest.mark.clause("onboarding 4.9")
def test_contacts_and_documents_are_lines_of_the_daily_report() -> None:
    plan = Plan().say(ContactNoted, contact="t-1", topics=["use", "news", "use"], remark="телефоном", by=MANAGER)
    plan.document("17", kind="act", direction="to_client", by=HEAD)
    plan.document("18", kind="letter", direction="from_client")
    plan.document("19", kind="other", direction="internal", remark="на підпис")
    assert plan.records() == {
        "t-1": "Консультація: робота із системою, новини. телефоном",
        "17": "Клієнтові передано: акт 17",
        "18": "Від клієнта отримано: лист 18",
        "19": "Усередині компанії передано: документ 19. на підпис",
    }
    assert plan.refused(ContactNoted, contact="t-2", topics=["use"], by=LAWYER) == "NotYours"
    with pytest.raises(Refusal, match="client_manager or group_head"):
        plan.document("20", kind="act", direction="internal", by=LAWYER)


@pytest.mark.clause("onboarding 4.10")
@pytest.mark.clause("onboarding 4.11")
@pytest.mark.clause("onboarding 4.12")
@pytest.mark.clause("onboarding 4.13")
def test_the_newest_figures_stand_and_what_is_left_out_stays() -> None:
    plan = Plan().say(FiguresNoted, users=5, monthly_sum="1200.00", by=MANAGER).go(hours=1).say(FiguresNoted, loyalty=8, users=6, by=HEAD)
    row = plan.client()
    assert (row.users, row.monthly_sum, row.loyalty) == (6, Decimal("1200.00"), 8)
    assert plan.state.facts[-1].note == "користувачів: 6, лояльність: 8"
    assert plan.refused(FiguresNoted, plan.now - timedelta(minutes=1), users=1, by=MANAGER) == "Outdated"
    assert plan.refused(FiguresNoted, users=1, by=LAWYER) == "NotYours"
