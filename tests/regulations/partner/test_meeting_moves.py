"""Meetings that are moved, cancelled, or set anew (partner 8.1), and a case that keeps them for years."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from regulations.long_clause_case import MOST_CLOSED
from regulations.messages import CalendarChanged
from regulations.partner.case import DIRECTOR_FOR_PARTNERS
from regulations.partner.meeting_messages import MeetingsScheduled, WithdrawOfMeetings
from regulations.partner.meeting_narration import details, read_out, result
from regulations.rows import NoticeRow
from regulations.time.working_time import working_time
from tests.regulations.course import OFFICE, at
from tests.regulations.partner.intakes import HEAD_OF_SUPPORT, SALES
from tests.regulations.partner.meetings_course import Meetings, scheduled

FIRST, SECOND, THIRD = "2026-11-23", "2026-11-30", "2026-12-07"


# --- moved ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 8.1")
def test_a_moved_meeting_keeps_its_day_as_its_name_and_has_its_own_term() -> None:
    case = scheduled().move(FIRST, "2026-11-24 16:00")
    assert case.known() == {FIRST: "2026-11-24 16:00", SECOND: "2026-11-30 12:00"}
    assert case.standings() == {FIRST: "waived", f"{FIRST}/2": "open", SECOND: "open"}
    assert case.duty(f"{FIRST}/2").due == at("2026-11-24 15:00")
    case.move(FIRST, "2026-11-25 10:00").go_to("2026-12-01 10:00")
    assert case.packs_sent() == ["2026-11-24 17:55", "2026-11-30 10:55"]
    assert case.breaches() == []


@pytest.mark.clause("partner 8.1")
def test_a_meeting_cannot_be_moved_into_the_past_nor_beyond_a_year() -> None:
    case = scheduled().go_to("2026-11-20 12:00")
    assert case.refused_move(FIRST, "2026-11-20 11:59") == "PastMeeting"
    assert case.refused_move(FIRST, "2026-11-20 12:00") == "PastMeeting"
    assert case.refused_move(FIRST, "2028-01-01 12:00") == "TooFar"
    assert case.refused_move("2026-11-24", "2026-11-25 12:00") == "NoSuchMeeting"
    case.go_to("2026-11-23 12:00")
    assert case.refused_move(FIRST, "2026-11-25 12:00") == "NoSuchMeeting", "it has begun"
    assert case.refused_move(SECOND, "2026-11-25 12:00", by=SALES) == "NotYours"


@pytest.mark.clause("partner 8.1")
def test_a_meeting_moved_behind_the_next_one_stands_beside_it() -> None:
    case = scheduled().move(FIRST, "2026-12-01 12:00").go_to("2026-12-08 12:00")
    assert case.packs_sent() == ["2026-11-30 10:55", "2026-12-01 10:55", "2026-12-07 10:55"]
    since = [build.question.since for _, build in case.builds if build.letter == "partner/pack"]
    assert since == [None, at("2026-11-30 12:00"), at("2026-12-01 12:00")]


@pytest.mark.clause("partner 8.1")
def test_a_meeting_moved_at_short_notice_is_owed_by_nobody_and_has_its_pack_at_once() -> None:
    case = scheduled().go_to("2026-11-23 10:30").move(FIRST, "2026-11-23 11:20")
    assert case.packs_sent() == ["2026-11-23 10:30"]
    assert (case.duty(f"{FIRST}/2").standing, case.duty(f"{FIRST}/2").note) == ("waived", "short_notice")
    assert case.breaches() == []


@pytest.mark.clause("partner 8.1")
def test_a_later_meeting_gets_a_new_pack_and_an_earlier_one_keeps_what_has_gone_out() -> None:
    later = scheduled().go_to("2026-11-23 11:10").move(FIRST, "2026-11-23 17:00").go_to("2026-11-23 18:00")
    assert later.packs_sent() == ["2026-11-23 10:55", "2026-11-23 15:55"]
    assert later.standings() == {FIRST: "met", f"{FIRST}/2": "met", SECOND: "open"}
    earlier = scheduled().go_to("2026-11-23 11:10").move(FIRST, "2026-11-23 11:40")
    assert earlier.known()[FIRST] == "2026-11-23 11:40"
    assert earlier.go_to("2026-11-24 12:00").packs_sent() == ["2026-11-23 10:55"]
    assert earlier.standings() == {FIRST: "met", SECOND: "open"}
    earlier_by_post = scheduled()
    earlier_by_post.silent.add("post")
    earlier_by_post.go_to("2026-11-23 10:58").move(FIRST, "2026-11-23 11:40").back("post")
    assert len(earlier_by_post.packs_sent()) == 1
    assert earlier_by_post.standings()[FIRST] == "met"


@pytest.mark.clause("partner 8.1")
def test_moving_after_the_term_was_missed_leaves_the_breach() -> None:
    case = scheduled()
    case.silent.add("post")
    case.go_to("2026-11-23 11:30").move(FIRST, "2026-11-23 17:00")
    assert case.breaches() == [("8.1", "recorded")]
    assert case.standings()[FIRST] == "waived"
    case.back("post").go_to("2026-11-23 16:30")
    assert case.packs_sent() == ["2026-11-23 10:55", "2026-11-23 15:55"]
    assert case.standings()[f"{FIRST}/2"] == "met"


@pytest.mark.clause("partner 8.1")
def test_a_pack_that_was_being_built_for_the_old_hour_is_left() -> None:
    case = scheduled()
    case.silent.add("pack")
    case.go_to("2026-11-23 10:56").move(FIRST, "2026-11-23 17:00").back("pack")
    assert case.letters == []
    assert case.go_to("2026-11-23 17:00").packs_sent() == ["2026-11-23 15:55"]


def test_moved_to_its_own_hour_it_stays_as_it_is() -> None:
    case = scheduled().move(FIRST, "2026-11-23 12:00")
    assert (case.known(), case.standings()) == ({FIRST: "2026-11-23 12:00"}, {FIRST: "open"})


# --- cancelled --------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 8.1")
def test_a_cancelled_meeting_has_no_pack_and_its_duty_is_let_go_with_the_reason() -> None:
    case = scheduled().cancel(FIRST)
    assert (case.duty(FIRST).standing, case.duty(FIRST).note) == ("waived", "отпуск менеджера")
    assert case.known() == {SECOND: "2026-11-30 12:00"}, "the next one is known at once"
    case.cancel(SECOND)
    assert case.known() == {THIRD: "2026-12-07 12:00"}
    assert case.go_to("2026-12-07 12:00").packs_sent() == ["2026-12-07 10:55"]
    assert case.breaches() == []


@pytest.mark.clause("partner 8.1")
def test_a_moved_meeting_can_be_cancelled_by_its_name() -> None:
    case = scheduled().move(FIRST, "2026-11-24 16:00").cancel(FIRST)
    assert case.go_to("2026-11-26 12:00").letters == []
    assert case.known() == {SECOND: "2026-11-30 12:00"}


# --- another schedule, another calendar ---------------------------------------------------------------------------------


@pytest.mark.clause("partner 8.1")
def test_a_new_schedule_holds_from_now_on_and_leaves_what_was_moved_by_hand() -> None:
    case = scheduled().move(FIRST, "2026-11-26 12:00").schedule("wed", "15:00")
    assert case.known() == {"2026-11-25": "2026-11-25 15:00", FIRST: "2026-11-26 12:00"}
    assert case.duty(SECOND).note == "not_by_schedule"
    same_day = scheduled().schedule(hour="16:00")
    assert same_day.known() == {FIRST: "2026-11-23 16:00"}
    assert same_day.go_to("2026-11-24 12:00").packs_sent() == ["2026-11-23 14:55"]


def test_the_same_schedule_again_changes_nothing() -> None:
    case = scheduled(every_weeks=2).go_to("2026-11-24 12:00")
    assert case.schedule(every_weeks=2).known() == {THIRD: "2026-12-07 12:00"}, "its weeks count on"
    assert case.standings() == {FIRST: "met", THIRD: "open"}


def test_an_older_schedule_and_an_impossible_one_are_refused() -> None:
    case = scheduled()
    fields: dict[str, Any] = {"weekday": "tue", "at": "10:00"}
    assert case.refused(MeetingsScheduled, case.now - timedelta(hours=1), **fields) == "Outdated"
    assert case.refused(MeetingsScheduled, first=date(2026, 11, 23), **fields) == "WrongDay"
    assert case.refused(MeetingsScheduled, first=date(2028, 11, 21), **fields) == "TooFar"
    assert case.refused(MeetingsScheduled, by=SALES, **fields) == "NotYours"
    assert case.refused(MeetingsScheduled, manager="u13", **fields) == "OtherManager"


@pytest.mark.clause("partner 8.1")
def test_a_schedule_on_a_day_off_has_no_meetings_and_people_are_told() -> None:
    case = scheduled(weekday="sun")
    assert case.known() == {}
    assert case.wake_at is None
    assert {row.role for row in case.of(NoticeRow)} == {"support_manager:u12", "head_of_support"}
    assert case.schedule().known() == {FIRST: "2026-11-23 12:00"}


@pytest.mark.clause("partner 8.1")
def test_a_day_that_becomes_a_day_off_loses_its_meeting() -> None:
    case = scheduled()
    case.calendar = working_time(replace(OFFICE, closed=(date(2026, 11, 23),)))
    change: dict[str, Any] = {
        "calendar": "company",
        "version": case.calendar.version,
        "changed": [FIRST],
        "closed": [FIRST],
        "source": "cli",
    }
    case.say(CalendarChanged, **change)
    assert case.known() == {SECOND: "2026-11-30 12:00"}
    assert case.duty(FIRST).note == "not_by_schedule"
    assert case.refused(CalendarChanged, **{**change, "version": "v3", "changed": ["2026-06-01"], "closed": []}) == "NotTouched"


# --- for years, and the end ---------------------------------------------------------------------------------------------


def test_years_of_meetings_leave_numbers_and_a_small_state() -> None:
    case = scheduled()
    case.careful = False
    case.go_to("2027-12-20 13:00")
    held = len(case.packs_sent())
    assert held > 50
    assert len(case.state.obligations) <= MOST_CLOSED + 2
    assert len(case.state.facts) <= case.state.most_facts
    assert (case.state.counts().met, case.state.counts().breaches) == (held, 0)
    case.state.seen = {f"k{number}": (number, "d" * 32) for number in range(1_500)}
    carried = case.state.carried()
    assert len(carried.seen) == case.state.most_seen
    assert "k1499" in carried.seen
    assert len(carried.model_dump_json()) < 128 * 1024
    before = case.known()
    case.state = carried
    assert case.run().known() == before


def test_the_head_of_support_ends_the_meetings() -> None:
    case = scheduled()
    director = case.message(WithdrawOfMeetings, reason="уходит", by={"id": "d1", "role": DIRECTOR_FOR_PARTNERS})
    assert case.refused(WithdrawOfMeetings, reason="уходит", by=director.by) == "NotYours"
    case.silent.add("post")
    case.go_to("2026-11-23 10:57").say(WithdrawOfMeetings, reason="уволен", by=HEAD_OF_SUPPORT)
    assert not case.state.ended, "a letter is on its way"
    assert case.refused(MeetingsScheduled, weekday="mon", at="12:00") == "Ended"
    case.back("post")
    assert (case.state.ended, case.state.outcome, case.wake_at) == (True, "withdrawn", None)
    assert result(case.state).model_dump() == {"outcome": "withdrawn", "met": 0, "met_late": 0, "waived": 1, "breaches": 0}


def test_nothing_is_taken_before_the_first_schedule() -> None:
    assert Meetings().refused(WithdrawOfMeetings, reason="уволен", by=HEAD_OF_SUPPORT) == "NotBegun"


def test_people_read_schedule_meetings_and_packs() -> None:
    case = scheduled(every_weeks=2).move(FIRST, "2026-11-24 16:00")
    shown = details(case.state)
    assert "понедельник в 12:00, раз в 2 нед." in shown
    assert "24.11.2026 16:00 (+03:00) (перенесена с 23.11.2026): пакет ещё не передан" in shown
    case.go_to("2026-11-24 15:30")
    assert "пакет передан" in details(case.state)
    assert [o.clause for o in read_out(case.state).obligations] == ["partner 8.1"] * 3
    assert "u12" in shown
