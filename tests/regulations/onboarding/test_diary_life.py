"""The life of a diary (onboarding 4.4): who gets its papers, decisions of the group head, calendars that change, years."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Self

import pytest

from regulations.messages import CalendarChanged
from regulations.onboarding import diary_messages as m
from regulations.onboarding.diary_facts import STANDS
from regulations.onboarding.diary_narration import details, read_out, result
from regulations.time.working_time import working_time
from tests.regulations.course import KYIV_OFFICE
from tests.regulations.onboarding.diaries import HEAD, MANAGER, Diary, diary

MON, TUE, WED = "2026-11-16", "2026-11-17", "2026-11-18"
R1, P1 = "4.4.1/day_report/2026-11-16", "4.4.2/day_plan/2026-11-17"


class Published(Diary):
    """A diary whose calendar changes."""

    def publish(self, *closed: str, opened: str | None = None) -> Self:
        """The company closes these days, and opens one that was off."""
        days = tuple(date.fromisoformat(day) for day in closed)
        own = ((date.fromisoformat(opened), ((32_400, 64_800),)),) if opened else ()
        self.calendar = working_time(replace(KYIV_OFFICE, closed=days, open=own))
        changed = (*days, *(day for day, _ in own))
        return self.say(CalendarChanged, calendar="company", version=self.calendar.version, changed=changed, closed=days)


def published(start: str = f"{MON} 10:00") -> Published:
    case = Published(start)
    case.begin()
    return case


# --- begun again -------------------------------------------------------------------------------------------------------


def test_told_again_by_every_service_plan_it_goes_on_as_it_was() -> None:
    case = diary()
    before = case.owed()
    case.begin().begin(group_head=None)
    assert (case.owed(), case.state.begun.group_head, len(case.asked)) == (before, "u21", 1)
    case.begin(case.now - timedelta(days=1), group_head="u22")
    assert (case.state.answer, case.state.begun.group_head) == (STANDS, "u21")
    case.begin(zone="Europe/Warsaw")
    assert case.state.zone == "Europe/Kyiv", "the manager's days are those of the first telling"


@pytest.mark.clause("onboarding 4.4")
def test_another_group_head_gets_what_is_handed_over_from_then_on_and_hears_of_breaches() -> None:
    case = diary().go_to(f"{MON} 17:10").confirm(MON, "day_report").begin(group_head="u22")
    case.go_to(f"{MON} 18:00")
    assert [letter.to for letter in case.letters[1:]] == [("group_head-u21@company.example",), ("group_head-u22@company.example",)]
    assert {role for _, role in case.notices("breach")} == {"client_manager:u41", "group_head:u22"}


def test_a_group_head_whom_the_companys_file_does_not_know_is_whoever_has_the_role() -> None:
    case = diary(group_head="u99").go_to(f"{MON} 17:10").confirm(MON)
    assert case.letter("papers").to == ("group_head@company.example",)


@pytest.mark.clause("onboarding 4.4")
@pytest.mark.parametrize(("begins", "day"), [(f"{MON} 16:59:59", MON), (f"{MON} 17:00", TUE), ("2026-11-14 12:00", MON)])
def test_who_begins_within_the_last_hour_owes_from_the_next_working_day_on(begins: str, day: str) -> None:
    assert next(iter(diary(begins).owed())) == f"day_report {day}"


# --- decisions of the group head ---------------------------------------------------------------------------------------


def test_what_is_let_go_is_not_drawn_up() -> None:
    case = diary().say(m.WaiveOfDiary, clause="4.4.1", reason="відрядження", by=HEAD)
    case.go_to(f"{MON} 17:00")
    assert case.letter("drafts").values["titles"] == "План візитів на 17.11.2026"
    case.say(m.WaiveOfDiary, clause="4.4.2", reason="відрядження", by=HEAD)
    assert case.standings()[R1] == case.standings()[P1] == "waived"
    assert next(iter(case.owed())) == "day_report 2026-11-17", "nothing is owed any more: the next ones are"
    assert case.refused(m.WaiveOfDiary, clause="4.4.1", reason="відрядження", by=MANAGER) == "NotYours"
    assert case.go_to(f"{MON} 23:00").breaches() == []


def test_an_extended_report_has_its_time_and_the_next_day_its_own_papers() -> None:
    case = diary()
    later = case.at(f"{TUE} 12:00")
    case.say(m.ExtendOfDiary, clause="4.4.1", new_due=later, reason="звірка", by=HEAD)
    case.go_to(f"{MON} 17:05").confirm(TUE, "day_plan").go_to(f"{MON} 18:00")
    assert case.breaches() == []
    assert set(case.owed()) == {"day_report 2026-11-16", "day_report 2026-11-17", "day_plan 2026-11-18"}
    case.go_to(f"{TUE} 11:59:59")
    assert ("4.4.1", "client_manager:u41") in case.notices("warning"), "no draft reminds of the new term"
    case.confirm(MON, "day_report")
    assert case.standings()[R1] == "met"
    assert case.go_to(f"{TUE} 13:00").breaches() == []


def test_while_the_clock_stands_no_draft_goes_out() -> None:
    case = diary().say(m.PauseOfDiary, clause="4.4.1", reason="хворіє", by=HEAD)
    case.go_to(f"{MON} 20:00")
    assert case.sent()[0] == (f"{MON} 17:00", "drafts", "План візитів на 17.11.2026")
    assert case.standings()[R1] == "open"
    case.go_to(f"{TUE} 10:00").say(m.ResumeOfDiary, clause="4.4.1", by=HEAD)
    assert case.sent()[-1] == (f"{TUE} 10:00", "drafts", "Звіт за 16.11.2026")
    assert case.local(case.due(R1)) == "2026-11-18 18:00", "two working days were touched by the pause"


def test_of_several_papers_of_a_clause_one_is_named_else_it_is_that_of_today() -> None:
    case = diary("2026-11-20 10:00").go_to("2026-11-23 10:00")
    friday, week, monday = (f"4.4.2/{name}" for name in ("day_plan/2026-11-23", "week_plan/2026-11-23", "day_plan/2026-11-24"))
    assert [case.standings()[key] for key in (friday, week, monday)] == ["overdue", "overdue", "open"]
    decided: dict[str, Any] = {"clause": "4.4.2", "reason": "відрядження", "by": HEAD}
    case.say(m.WaiveOfDiary, paper="week_plan", **decided)
    assert [case.standings()[key] for key in (friday, week, monday)] == ["overdue", "waived", "open"]
    case.say(m.WaiveOfDiary, **decided)
    assert [case.standings()[key] for key in (friday, week, monday)] == ["overdue", "waived", "waived"]
    case.say(m.WaiveOfDiary, first="2026-11-20", **decided)
    assert case.standings()[friday] == "waived"
    assert case.refused(m.WaiveOfDiary, first="2026-11-20", **decided) == "NoSuchPaper"


def test_the_group_head_ends_it_and_nothing_is_owed_any_more() -> None:
    case = diary().go_to(f"{MON} 17:05")
    assert case.refused(m.DiaryEnded, reason="звільнено", by=MANAGER) == "NotYours"
    case.say(m.DiaryEnded, reason="звільнено", by=HEAD)
    assert case.state.ended
    assert (case.stage, result(case.state).outcome, result(case.state).waived) == ("ended", "ended", 2)
    assert (case.wake_at, case.breaches()) == (None, [])
    assert case.refused_confirm(MON) == "Ended"


def test_ended_while_papers_are_drawn_up_and_letters_are_on_their_way_it_waits_for_both() -> None:
    case = diary()
    case.silent |= {"draw", "post"}
    case.go_to(f"{MON} 17:05").say(m.DiaryEnded, reason="звільнено", by=HEAD)
    assert not case.state.ended
    assert case.refused_confirm(MON) == "Ended"
    case.back()
    assert (case.state.ended, case.sent()) == (True, [])
    posted = diary()
    posted.silent.add("post")
    posted.go_to(f"{MON} 17:05").say(m.DiaryEnded, reason="звільнено", by=HEAD)
    assert not posted.state.ended
    assert posted.back().state.ended


# --- calendars ---------------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.4")
def test_a_day_that_becomes_a_day_off_owes_nothing() -> None:
    case = published().publish(MON)
    assert case.standings()[R1] == case.standings()[P1] == "waived"
    assert case.owed() == {"day_report 2026-11-17": f"{TUE} 17:00", "day_plan 2026-11-18": f"{TUE} 17:00"}
    case.go_to(f"{TUE} 17:30").confirm(TUE)
    assert [when for when, *_ in case.sent()] == [f"{TUE} 17:00", f"{TUE} 17:30"]
    assert case.breaches() == []


@pytest.mark.clause("onboarding 4.4.2")
def test_the_plan_is_that_of_the_day_which_is_the_next_working_one_now() -> None:
    case = published().publish(TUE)
    assert case.standings() == {R1: "open", P1: "waived", "4.4.2/day_plan/2026-11-18": "open"}
    assert case.publish(WED).owed().keys() == {"day_report 2026-11-16", "day_plan 2026-11-17"}, "Tuesday is worked after all"
    assert case.standings()["4.4.2/day_plan/2026-11-17/2"] == "open"


@pytest.mark.clause("onboarding 4.4")
def test_a_day_off_that_is_worked_has_its_papers_before_those_that_are_known() -> None:
    case = published("2026-11-20 17:30")
    assert list(case.owed()) == ["day_report 2026-11-23", "day_plan 2026-11-24"]
    case.go_to("2026-11-21 08:00").publish(opened="2026-11-21")
    assert case.owed()["day_report 2026-11-21"] == "2026-11-21 17:00"
    case.go_to("2026-11-21 17:30").confirm("2026-11-21")
    assert list(case.owed()) == ["day_report 2026-11-23", "day_plan 2026-11-24"]
    case.go_to("2026-11-23 17:30").confirm("2026-11-23")
    assert case.breaches() == []
    assert [draw.question.papers[0].since for _, draw in case.draws][-1] == date(2026, 11, 22)


@pytest.mark.clause("onboarding 4.4")
def test_a_breach_of_a_day_that_turns_out_to_be_off_is_withdrawn_and_its_papers_are_let_go() -> None:
    case = published().go_to(f"{WED} 10:00")
    case.publish(MON)
    assert case.standings()[R1] == case.standings()[P1] == "waived"
    assert case.entries(R1) == ["recorded", "withdrawn"]
    assert {name for name in case.owed() if name.endswith("2026-11-16")} == set()
    assert case.entries("4.4.1/day_report/2026-11-17") == ["recorded"], "Tuesday's stands"
    assert case.go_to(f"{WED} 11:00").standings()["4.4.1/day_report/2026-11-18"] == "open"


@pytest.mark.clause("onboarding 4.4")
def test_a_day_off_that_nobody_told_of_is_noticed_before_a_breach_stands() -> None:
    """The term is counted once more when it runs out: it has moved, so it is asked whether the papers are owed at all."""
    case = published()
    case.calendar = working_time(replace(KYIV_OFFICE, closed=(date(2026, 11, 16),)))
    case.go_to(f"{TUE} 09:00")
    assert case.breaches() == []
    assert case.standings()[R1] == "waived"
    assert list(case.owed()) == ["day_report 2026-11-17", "day_plan 2026-11-18"]


@pytest.mark.clause("onboarding 4.4")
def test_a_calendar_that_is_away_holds_up_no_breach() -> None:
    case = diary()
    case.silent.add("calendar")
    case.go_to(f"{TUE} 12:00")
    assert case.breaches() == [("4.4.1", "recorded"), ("4.4.2", "recorded")]
    assert case.back().owed()["day_report 2026-11-17"] == f"{TUE} 17:00"


def test_another_calendar_is_none_of_its_business() -> None:
    case = diary()
    told: dict[str, Any] = {"calendar": "kyiv", "version": "2", "changed": [MON]}
    assert case.refused(CalendarChanged, **told) == "NotTouched"


# --- the clock changes -------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.4")
@pytest.mark.parametrize(("friday", "monday"), [("2026-03-27T15:00", "2026-03-30T14:00"), ("2026-10-23T14:00", "2026-10-26T15:00")])
def test_drafts_and_terms_keep_to_the_wall_clock_over_both_clock_changes(friday: str, monday: str) -> None:
    case = diary(f"{friday[:10]} 09:00").go_to(f"{friday[:10]} 17:30").confirm(friday[:10])
    case.go_to(f"{monday[:10]} 17:30").confirm(monday[:10])
    drafts = [draw.question.now.strftime("%Y-%m-%dT%H:%M") for _, draw in case.draws[::2]]
    assert drafts == [friday, monday]
    assert case.breaches() == []


# --- years -------------------------------------------------------------------------------------------------------------


def test_a_diary_that_is_never_confirmed_stays_small_and_counts_everything() -> None:
    case = diary()
    case.careful = False
    case.go_to("2026-12-15 10:00")
    assert result(case.state).breaches == 21 * 2 + 5, "21 days, four of them before a week and one before a month"
    assert len(case.state.papers) <= 42
    assert len(case.state.carried().model_dump_json()) < 120_000
    assert "long_overdue" in {o.note for o in case.state.obligations}
    shown = details(case.state)
    assert len(shown) < 10_000
    assert read_out(case.state).stage_text == "ведеться"


def test_a_diary_that_is_always_confirmed_keeps_no_paper() -> None:
    case = diary()
    case.careful = False
    for _ in range(25):
        day = case.state.day
        assert day is not None
        case.go_to(f"{day} 17:30").confirm(str(day))
    assert case.breaches() == []
    assert len(case.state.papers) == 2
    assert len(case.state.carried().model_dump_json()) < 60_000
    assert result(case.state).met == 56
