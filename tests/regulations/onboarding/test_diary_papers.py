"""A diary's papers (onboarding 4.4): drafts to the manager, what is confirmed to the group head, what is not as a draft and a breach."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulations.onboarding.diary_facts import STANDS
from regulations.onboarding.diary_messages import DiaryBegun, PaperConfirmed
from tests.regulations.onboarding.diaries import HEAD, MANAGER, Diary, diary

MON, TUE, FRI = "2026-11-16", "2026-11-17", "2026-11-20"
BOTH = "Звіт за 16.11.2026; План візитів на 17.11.2026"
REPORT, PLAN = BOTH.split("; ")
R1, P1 = "4.4.1/day_report/2026-11-16", "4.4.2/day_plan/2026-11-17"
DRAFTS = (f"{MON} 17:00", "drafts", BOTH)


@pytest.mark.clause("onboarding 4.4.1")
@pytest.mark.clause("onboarding 4.4.2")
def test_report_and_plan_are_due_at_the_close_and_their_drafts_go_out_an_hour_before_in_one_letter() -> None:
    case = diary()
    assert {key: case.local(case.due(key)) for key in (R1, P1)} == {R1: f"{MON} 18:00", P1: f"{MON} 18:00"}
    assert (case.duty(R1).owner, case.duty(R1).escalation) == ("client_manager:u41", "group_head")
    assert case.go_to(f"{MON} 16:59:59").sent() == []
    assert case.go_to(f"{MON} 17:00").sent() == [DRAFTS]
    (letter,) = case.letters
    assert letter.to == ("client_manager-u41@company.example",)
    assert len(letter.files) == 2
    assert "18:00" in str(letter.values["due"])
    assert len(case.draws) == 1, "both are drawn up on one occasion"
    assert case.notices("warning") == [], "the draft is the reminder"


@pytest.mark.clause("onboarding 4.4")
def test_what_is_confirmed_goes_to_the_group_head_as_it_then_is_and_meets_the_duty() -> None:
    case = diary().go_to(f"{MON} 17:20").confirm(MON, remark="усе за планом")
    assert case.sent() == [DRAFTS, (f"{MON} 17:20", "papers", BOTH)]
    letter = case.letter("papers")
    assert letter.to == ("group_head-u21@company.example",)
    assert letter.values["confirmed"] is True
    assert [(paper["remark"], paper["confirmed"][:16]) for paper in letter.values["papers"]] == [("усе за планом", "16.11.2026 17:20")] * 2  # type: ignore[union-attr,index,call-overload]
    assert [draw.question.now for _, draw in case.draws] == [case.at(f"{MON} 17:00"), case.at(f"{MON} 17:20")]
    assert case.standings()[R1] == case.standings()[P1] == "met"
    assert case.go_to(f"{TUE} 09:00").breaches() == []
    assert len(case.letters) == 2


@pytest.mark.clause("onboarding 4.4")
@pytest.mark.parametrize(("seconds", "standing"), [(-1, "met"), (0, "met"), (1, "met_late")])
def test_what_counts_is_when_it_was_confirmed(seconds: int, standing: str) -> None:
    case = diary().go_to(f"{MON} 17:30")
    close = case.at(f"{MON} 18:00")
    case.go_to(close + timedelta(hours=1)).confirm(MON, happened=close + timedelta(seconds=seconds))
    assert case.standings()[R1] == case.standings()[P1] == standing
    entries = ["recorded", "met_late" if standing == "met_late" else "withdrawn"]
    assert case.entries(R1) == case.entries(P1) == entries
    assert ("4.4.1", "group_head:u21") in case.notices("breach")
    assert bool(case.notices("breach_withdrawn")) is (standing == "met")


@pytest.mark.clause("onboarding 4.4")
def test_what_nobody_confirmed_is_a_breach_and_goes_to_the_group_head_as_a_draft() -> None:
    case = diary().go_to(f"{MON} 17:59:59")
    assert case.breaches() == []
    case.go_to(f"{MON} 18:00")
    assert case.breaches() == [("4.4.1", "recorded"), ("4.4.2", "recorded")]
    assert case.sent()[1:] == [(f"{MON} 18:00", "papers", BOTH)]
    assert case.letter("papers").values["confirmed"] is False
    assert sorted(case.notices("breach")) == [(c, role) for c in ("4.4.1", "4.4.2") for role in ("client_manager:u41", "group_head:u21")]
    case.go_to(f"{TUE} 10:00").confirm(MON)
    assert case.sent()[-1] == (f"{TUE} 10:00", "papers", BOTH)
    assert case.letters[-1].values["confirmed"] is True
    assert case.standings()[R1] == "met_late"
    assert len({letter.key for letter in case.letters}) == 3


@pytest.mark.clause("onboarding 4.4")
def test_each_may_be_confirmed_by_itself() -> None:
    case = diary().go_to(f"{MON} 17:10").confirm(MON, "day_report")
    case.go_to(f"{MON} 18:00")
    assert case.sent() == [DRAFTS, (f"{MON} 17:10", "papers", REPORT), (f"{MON} 18:00", "papers", PLAN)]
    assert case.breaches() == [("4.4.2", "recorded")]
    assert case.standings()[R1] == "met"


@pytest.mark.clause("onboarding 4.4")
def test_a_confirmation_before_the_draft_draws_it_up_at_once_and_the_manager_gets_no_draft_of_it() -> None:
    case = diary().go_to(f"{MON} 12:00").confirm(MON, "day_report")
    assert case.sent() == [(f"{MON} 12:00", "papers", REPORT)]
    assert case.go_to(f"{MON} 17:00").sent()[1:] == [(f"{MON} 17:00", "drafts", PLAN)]
    case.go_to(f"{MON} 17:30").confirm(TUE, "day_plan")
    assert case.owed() == {"day_report 2026-11-17": f"{TUE} 17:00", "day_plan 2026-11-18": f"{TUE} 17:00"}


@pytest.mark.clause("onboarding 4.4.3")
def test_a_friday_before_a_month_has_four_papers_and_one_confirmation_is_enough() -> None:
    case = diary("2026-10-30 08:00").go_to("2026-10-30 17:05").confirm("2026-10-30")
    assert [template for _, template, _ in case.sent()] == ["drafts", "papers"]
    assert case.sent()[1][2].count(";") == 3
    assert "План візитів на місяць: листопад 2026" in case.sent()[1][2]
    assert set(case.standings().values()) == {"met", "open"}
    assert case.standings()["4.4.3/month_plan/2026-11-01"] == "met"
    assert case.go_to("2026-11-02 16:59").sent()[2:] == [], "days off have no papers"


@pytest.mark.clause("onboarding 4.4")
def test_the_same_confirmation_again_stands_and_what_is_over_cannot_be_confirmed() -> None:
    case = diary()
    case.silent.add("draw")
    case.go_to(f"{MON} 17:10").confirm(MON, "day_report").confirm(MON, "day_report", by=MANAGER)
    assert case.state.answer == STANDS
    case.back()
    assert case.refused_confirm(MON, "day_report") == "NoSuchPaper"
    assert [template for _, template, _ in case.sent()].count("papers") == 1


@pytest.mark.clause("onboarding 4.4")
def test_who_may_not_confirm_and_what_nobody_can() -> None:
    case = diary()
    assert case.refused_confirm(MON, by=HEAD) == "NotYours"
    assert case.refused_confirm(TUE) == "NoSuchPaper", "tomorrow's are not owed yet"
    assert case.refused_confirm(MON, "week_plan") == "NoSuchPaper"
    assert case.refused_confirm(MON, happened=case.at(f"{MON} 08:54:59")) == "ImpossibleDate"
    assert case.refused(PaperConfirmed, first=MON, manager="u42") == "OtherManager"
    assert Diary().refused_confirm(MON) == "NotBegun"
    assert case.refused(DiaryBegun, case.at(f"{MON} 10:06")) == "FromTheFuture"


# --- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.4")
def test_a_confirmation_while_the_draft_is_drawn_up_is_drawn_up_anew() -> None:
    """What the group head gets is never older than its confirmation, and the manager needs no draft of it any more."""
    case = diary()
    case.silent.add("draw")
    case.go_to(f"{MON} 17:00").go_to(f"{MON} 17:02").confirm(MON, "day_report")
    case.back()
    assert case.sent() == [(f"{MON} 17:02", "drafts", PLAN), (f"{MON} 17:02", "papers", REPORT)]
    assert [draw.question.now for _, draw in case.draws] == [case.at(f"{MON} 17:00"), case.at(f"{MON} 17:02")]


@pytest.mark.clause("onboarding 4.4")
def test_a_term_that_runs_out_while_the_database_is_away_gives_draft_and_paper_when_it_is_back() -> None:
    case = diary()
    case.silent.add("draw")
    case.go_to(f"{MON} 18:30").back()
    assert case.breaches() == [("4.4.1", "recorded"), ("4.4.2", "recorded")]
    assert case.sent() == [(f"{MON} 18:30", "drafts", BOTH), (f"{MON} 18:30", "papers", BOTH)]
    assert len(case.draws) == 2, "the first was asked for as a draft, and is of five o'clock"


@pytest.mark.clause("onboarding 4.4")
def test_workers_that_were_away_for_days_owe_nothing_for_the_days_between() -> None:
    """Nobody was asked for them; what was done on them stands in the next report, since it was learnt after the one before."""
    case = diary().go_to(f"{MON} 17:30").confirm(MON)
    reported = case.state.reported_at
    case.asleep_until(f"{FRI} 09:30")
    assert case.breaches() == [("4.4.1", "recorded"), ("4.4.2", "recorded")], "Tuesday's were known"
    assert list(case.owed()) == ["day_report 2026-11-17", "day_plan 2026-11-18", *(f"{p} 2026-11-{d}" for p, d in THIS_FRIDAY)]
    case.go_to(f"{FRI} 17:00")
    assert reported is not None
    assert {draw.question.reported_at for _, draw in case.draws[1:]} >= {reported}


THIS_FRIDAY = (("day_report", 20), ("day_plan", 23), ("week_plan", 23))


@pytest.mark.clause("onboarding 4.4")
def test_papers_that_cannot_be_drawn_up_are_an_incident_and_both_are_told_once() -> None:
    case = diary()
    case.draws_up = False
    case.go_to(f"{MON} 17:30")
    assert case.incidents() == ["papers_failed"]
    assert {role for _, role in case.notices("incident")} == {"client_manager:u41", "group_head:u21"}
    case.draws_up = True
    case.confirm(MON)
    assert case.sent() == [(f"{MON} 17:30", "papers", BOTH)]


@pytest.mark.clause("onboarding 4.4")
def test_a_letter_that_was_refused_and_a_role_without_an_address_are_incidents() -> None:
    case = diary()
    case.post = None
    case.go_to(f"{MON} 17:30")
    assert case.incidents() == ["letter_refused"]
    headless = Diary()
    headless.roles -= {"group_head", "group_head:u21"}
    headless.begin().go_to(f"{MON} 17:30").confirm(MON)
    assert headless.incidents() == ["role_without_address"]
    assert headless.standings()[R1] == "met"
    assert [template for _, template, _ in headless.sent()] == ["drafts"]
