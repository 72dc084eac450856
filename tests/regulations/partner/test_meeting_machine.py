"""Whatever is set, moved and cancelled in whatever order: a meeting of the schedule is known, and each that takes place has its pack."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.case import UNMET, Refusal
from regulations.partner.meeting_messages import WEEKDAYS, MeetingCancelled, MeetingMoved, MeetingsScheduled
from tests.regulations.partner.meetings_course import Meetings, scheduled

STEPS = st.one_of(
    st.tuples(st.just("pass"), st.integers(1, 12 * 24), st.just(0)),
    st.tuples(st.just("away"), st.integers(1, 20 * 24), st.just(0)),
    st.tuples(st.just("move"), st.integers(0, 2), st.integers(-24, 20 * 24)),
    st.tuples(st.just("cancel"), st.integers(0, 2), st.just(0)),
    st.tuples(st.just("schedule"), st.integers(0, 4), st.integers(9, 20)),
    st.tuples(st.just("post"), st.just(0), st.just(0)),
)


def step(case: Meetings, what: str, first: int, second: int) -> None:
    """One thing that happens; what the rules refuse happens not."""
    day = case.state.meetings[first % len(case.state.meetings)].day
    match what:
        case "pass":
            case.go_to(case.now + timedelta(hours=first))
        case "away":
            case.now += timedelta(hours=first)
            case.run()
        case "post":
            if "post" in case.silent:
                case.back("post")
            else:
                case.silent.add("post")
        case "schedule":
            case.say(MeetingsScheduled, weekday=WEEKDAYS[first], at=f"{second:02d}:30")
        case "move":
            case.say(MeetingMoved, meeting=day, to=case.now + timedelta(hours=second))
        case "cancel":
            case.say(MeetingCancelled, meeting=day, reason="отпуск")


@pytest.mark.clause("partner 8.1")
@settings(max_examples=25)
@given(st.lists(STEPS, min_size=1, max_size=9))
def test_each_meeting_has_its_pack_or_a_reason_why_not(steps: list[tuple[str, int, int]]) -> None:
    case = scheduled()
    case.careful = False
    for what, first, second in steps:
        try:
            step(case, what, first, second)
        except Refusal as refusal:
            if refusal.type not in ("PastMeeting", "NoSuchMeeting"):
                raise
        assert any(meeting.at > case.now and not meeting.moved for meeting in case.state.meetings), "one of the schedule is known"
        assert case.wake_at is not None
        days = [meeting.day for meeting in case.state.meetings]
        assert len(days) == len(set(days))
        for meeting in case.state.meetings:
            assert case.state.duty_of(meeting).started_at == meeting.at or meeting.moved
    if "post" in case.silent:
        case.back("post")
    packs = [letter.key for letter in case.letters if len(letter.to) == 2]
    assert len(packs) == len(set(packs)), "a pack goes once"
    known = {meeting.duty for meeting in case.state.meetings}
    for duty in case.state.obligations:
        assert duty.key in known or duty.standing not in UNMET, "nothing is owed for a meeting that is over"
        gone = any(key.endswith(f"#{duty.key}") for key in packs)
        assert gone or duty.note or duty.key in known, "without a pack there is a reason"
