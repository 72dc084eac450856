"""Waive, extend, pause, resume: who may, until when, and what it does to the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulations.messages import Actor, Extend, FirstContact, Message, Pause, Resume, Waive
from regulations.rows import ObligationRow
from tests.regulations.course import at
from tests.regulations.handoff.course import CC_HEAD_PERSON, CC_PERSON, MANAGER, Course

MONDAY = "2026-11-16 10:00"
WHY: dict[str, Any] = {"clause": "2.2.4", "reason": "клиент в отпуске", "by": CC_HEAD_PERSON}
DUE = at("2026-11-18 16:00")


def _course() -> Course:
    course = Course(at(MONDAY))
    course.careful = True
    return course.transferred()


@pytest.mark.parametrize(
    ("clause", "role"),
    [("2.1.3", "senior_regional_manager"), ("2.2.3", "cc_head"), ("2.2.4", "cc_head"), ("5.3 (2)", "regional_directorate")],
)
@pytest.mark.parametrize("kind", [Waive, Extend, Pause])
def test_only_the_escalation_role_of_the_clause_decides(clause: str, role: str, kind: type[Message]) -> None:
    course = Course(at(MONDAY)).paid()
    if clause != "2.1.3":
        course.request()
    fields: dict[str, Any] = {"clause": clause, "reason": "клиент в отпуске"}
    if kind is Extend:
        fields["new_due"] = "2026-12-11T18:00:00+03:00"
    for other in {"cc", "partner", "cc_head", "senior_regional_manager", "regional_directorate"} - {role}:
        assert course.refused(kind, **fields, by=Actor(id="u9", role=other)) == "NotYours"
    course.say(kind, **fields, by=Actor(id="u9", role=role))
    assert course.state.facts[-1].by == f"{role}:u9"


# --- waive ----------------------------------------------------------------------------------------------------------


def test_a_waived_duty_is_closed_with_its_reason_and_its_clock_stops() -> None:
    course = _course()
    course.say(Waive, **WHY)
    course.go(days=5)
    duty = course.newest("2.2.4")
    assert (duty.standing, duty.note, duty.breached_at) == ("waived", "клиент в отпуске", None)
    assert ("2.2.4", "cc") not in course.notices("warning")
    assert course.refused(Waive, **WHY) == "NoSuchObligation"


def test_a_breach_stays_when_the_duty_is_waived_afterwards() -> None:
    course = _course()
    course.go_to(DUE + timedelta(hours=1))
    course.say(Waive, **WHY)
    assert course.newest("2.2.4").standing == "waived"
    assert course.newest("2.2.4").breached_at == DUE
    assert [e for c, e in course.breaches() if c == "2.2.4"] == ["recorded"]
    row = [r for r in course.rows if isinstance(r, ObligationRow) and r.clause == "2.2.4"][-1]
    assert (row.state, row.breached_at) == ("waived", DUE)


def test_a_waiver_handled_before_a_timer_that_was_due_hides_no_breach() -> None:
    course = _course()
    course.go_to(DUE - timedelta(minutes=1))
    course.now = DUE + timedelta(minutes=1)
    course.say(Waive, **WHY)
    assert [e for c, e in course.breaches() if c == "2.2.4"] == ["recorded"]
    assert course.newest("2.2.4").standing == "waived"


@pytest.mark.clause("handoff 2.1.2")
def test_a_waiver_of_access_records_no_breach_that_billing_has_not_confirmed() -> None:
    course = Course(at(MONDAY)).paid()
    course.silent.add("billing")
    course.go_to(at("2026-11-17 13:00"))
    course.say(Waive, clause="2.1.2", reason="биллинг недоступен", by=MANAGER)
    assert ("2.1.2", "recorded") not in course.breaches()


def test_what_is_proven_already_is_not_waived() -> None:
    course = _course()
    course.say(FirstContact, settle=False)
    assert course.refused(Waive, **WHY) == "NoSuchObligation"


# --- extend ---------------------------------------------------------------------------------------------------------


def test_an_extension_is_absolute_and_reminds_again() -> None:
    course = _course()
    course.go_to(at("2026-11-18 15:00"))
    warned = course.notices("warning").count(("2.2.4", "cc"))
    course.say(Extend, **WHY, new_due=at("2026-11-25 13:17:05"))
    assert course.newest("2.2.4").due == at("2026-11-25 13:17:05")
    course.go_to(at("2026-11-25 13:17:04"))
    assert course.notices("warning").count(("2.2.4", "cc")) == warned + 1 == 2
    assert course.newest("2.2.4").standing == "open"
    course.go(seconds=1)
    assert course.newest("2.2.4").breached_at == at("2026-11-25 13:17:05")


def test_an_extension_over_a_weekend_evening_is_told_of_on_monday() -> None:
    course = _course()
    course.say(Extend, **WHY, new_due=at("2026-11-21 22:00"))
    course.go_to(at("2026-11-21 22:00"))
    assert course.newest("2.2.4").breached_at == at("2026-11-21 22:00")
    assert course.newest("2.2.4").plan is not None
    assert course.newest("2.2.4").plan.tell_at == at("2026-11-23 09:00")  # type: ignore[union-attr]


@pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=1), timedelta(days=2)])
@pytest.mark.parametrize("handled", [True, False])
def test_an_extension_after_the_term_is_refused_and_the_breach_stands(after: timedelta, handled: bool) -> None:
    course = _course()
    course.go_to(DUE - timedelta(seconds=1))
    if handled:
        course.go_to(DUE + after)
    course.now = DUE + after
    assert course.refused(Extend, **WHY, new_due=at("2026-12-01 10:00")) == "TermPassed"
    course.run()
    assert course.newest("2.2.4").standing == "overdue"


def test_a_second_extension_needs_an_edition_that_allows_it() -> None:
    course = _course()
    course.say(Extend, **WHY, new_due=at("2026-11-20 10:00"))
    assert course.refused(Extend, **WHY, new_due=at("2026-11-21 10:00")) == "NoExtensionLeft"
    assert course.state.opening is not None
    settings = {**course.state.opening.edition.settings, "extensions": 2}
    edition = course.state.opening.edition.model_copy(update={"settings": settings})
    course.state.opening = course.state.opening.model_copy(update={"edition": edition})
    course.say(Extend, **WHY, new_due=at("2026-11-21 10:00"))
    assert course.newest("2.2.4").due == at("2026-11-21 10:00")


@pytest.mark.parametrize(
    ("new_due", "refusal"),
    [("2026-11-18 16:00", "NotLater"), ("2026-11-17 10:00", "NotLater"), ("2027-11-18 10:00", "TooFar"), ("9999-12-31 10:00", "TooFar")],
)
def test_an_extension_leads_to_a_later_instant_within_reach_of_the_calendars(new_due: str, refusal: str) -> None:
    assert _course().refused(Extend, **WHY, new_due=at(new_due)) == refusal


def test_a_duty_without_a_term_has_nothing_to_extend_or_to_pause() -> None:
    course = _course()
    why = {**WHY, "clause": "2.2.2"}
    assert course.refused(Extend, **why, new_due=at("2026-12-01 10:00")) == "NoClock"
    assert course.refused(Pause, **why) == "NoClock"


# --- pause and resume -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "due"),
    [
        # Two seconds across a minute; nothing on a weekend; a night counts only its working hours.
        ("2026-11-16 11:00:59", "2026-11-16 11:01:01", "2026-11-18 16:00:02"),
        ("2026-11-17 17:00", "2026-11-18 10:00", "2026-11-18 18:00"),
        ("2026-11-16 18:00", "2026-11-17 09:00", "2026-11-18 16:00"),
        ("2026-11-18 12:00", "2026-11-23 12:00", "2026-11-23 16:00"),
    ],
)
def test_a_pause_keeps_the_used_working_time_to_the_second(start: str, end: str, due: str) -> None:
    course = _course()
    course.go_to(at(start))
    course.say(Pause, **WHY)
    assert course.newest("2.2.4").due is None
    course.go_to(at(end))
    course.say(Resume, clause="2.2.4", by=CC_HEAD_PERSON)
    assert course.newest("2.2.4").due == at(due)


def test_while_paused_nothing_is_due_and_nobody_is_reminded() -> None:
    course = _course()
    course.go_to(at("2026-11-16 11:00"))
    course.say(Pause, **WHY)
    course.go_to(at("2026-11-27 12:00"))
    assert course.newest("2.2.4").standing == "open"
    assert ("2.2.4", "cc") not in course.notices("warning") + course.notices("breach")


def test_a_pause_ends_at_the_editions_limit_and_the_trail_says_so() -> None:
    course = _course()
    course.go_to(at("2026-11-16 12:00"))
    course.say(Pause, **WHY)
    course.go_to(at("2026-11-30 18:00"))  # the close of the 10th working day after
    duty = course.newest("2.2.4")
    assert (duty.paused, duty.holds[-1].end) == (False, at("2026-11-30 18:00"))
    assert duty.due == at("2026-12-03 13:00")  # 2 of 24 hours were used: 22 are left from Tuesday on
    assert [f.happened_at for f in course.state.facts if f.what == "pause_ended"] == [at("2026-11-30 18:00")]


def test_a_resumption_handled_after_the_limit_stretches_no_pause() -> None:
    course = _course()
    course.go_to(at("2026-11-16 12:00"))
    course.say(Pause, **WHY)
    course.now = at("2026-12-02 12:00")  # a worker away
    course.say(Resume, clause="2.2.4", by=CC_HEAD_PERSON)
    assert course.newest("2.2.4").holds[-1].end == at("2026-11-30 18:00")


def test_a_second_pause_needs_an_edition_that_allows_it_and_cannot_overlap_the_first() -> None:
    course = _course()
    course.say(Pause, **WHY)
    course.go(hours=2)
    course.say(Resume, clause="2.2.4", by=CC_HEAD_PERSON)
    assert course.refused(Pause, **WHY) == "NoPauseLeft"
    assert course.state.opening is not None
    settings = {**course.state.opening.edition.settings, "pauses": 2}
    edition = course.state.opening.edition.model_copy(update={"settings": settings})
    course.state.opening = course.state.opening.model_copy(update={"edition": edition})
    assert course.refused(Pause, course.now - timedelta(hours=1), **WHY) == "TooEarly"
    course.say(Pause, **WHY)
    assert course.newest("2.2.4").paused


def test_a_paused_duty_may_be_met_and_its_pause_ends_there() -> None:
    course = _course()
    course.go_to(at("2026-11-18 15:00"))  # one hour is left
    course.say(Pause, **WHY)
    course.go_to(at("2026-11-20 11:00"))
    course.say(FirstContact)
    duty = course.newest("2.2.4")
    assert (duty.standing, duty.met_at, duty.paused) == ("met", at("2026-11-20 11:00"), False)
    assert duty.due == at("2026-11-20 12:00")
    assert ("2.2.4", "recorded") not in course.breaches()


def test_a_fact_from_before_the_pause_meets_the_term_as_it_was() -> None:
    course = _course()
    course.go_to(at("2026-11-17 10:00"))
    course.say(Pause, **WHY)
    course.go(days=1)
    course.say(FirstContact, at("2026-11-17 09:30"))
    duty = course.newest("2.2.4")
    assert (duty.standing, duty.due, duty.paused) == ("met", DUE, False)


def test_an_owner_reminded_before_the_pause_is_not_reminded_again() -> None:
    course = _course()
    course.go_to(at("2026-11-18 11:00"))
    assert course.notices("warning").count(("2.2.4", "cc")) == 1
    course.say(Pause, **WHY)
    course.go(days=1)
    course.say(Resume, clause="2.2.4", by=CC_HEAD_PERSON)
    course.go_to(at("2026-11-30 10:00"))
    assert course.notices("warning").count(("2.2.4", "cc")) == 1


def test_the_reminder_after_a_pause_counts_only_the_time_in_which_the_clock_ran() -> None:
    course = _course()
    course.go_to(at("2026-11-16 13:00"))  # 3 of 24 hours used
    course.say(Pause, **WHY)
    course.go_to(at("2026-11-19 13:00"))
    course.say(Resume, clause="2.2.4", by=CC_HEAD_PERSON)
    assert course.newest("2.2.4").due == at("2026-11-23 16:00")
    assert course.newest("2.2.4").plan is not None
    # 18 hours used: 3 before the pause, 5 on Thursday, 9 on Friday, 1 on Monday
    assert course.newest("2.2.4").plan.warn_at == at("2026-11-23 10:00")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("when", "refusal"), [("2026-11-16 09:59", "TermPassed"), ("2026-11-18 16:00", "TermPassed"), ("2026-11-19 10:00", "TermPassed")]
)
def test_a_pause_begins_within_the_running_term(when: str, refusal: str) -> None:
    course = _course()
    course.go_to(at("2026-11-19 10:00"))
    assert course.refused(Pause, at(when), **WHY) == refusal


def test_an_extended_duty_is_not_paused_and_a_paused_one_not_extended() -> None:
    course = _course()
    course.say(Extend, **WHY, new_due=at("2026-11-20 10:00"))
    assert course.refused(Pause, **WHY) == "Extended"
    course.say(Pause, **{**WHY, "clause": "2.2.5"})
    assert course.refused(Extend, **{**WHY, "clause": "2.2.5"}, new_due=at("2026-12-01 10:00")) == "Paused"
    assert course.refused(Pause, **{**WHY, "clause": "2.2.5"}) == "NoClock"


def test_only_a_paused_clock_resumes_and_not_before_it_stopped() -> None:
    course = _course()
    assert course.refused(Resume, clause="2.2.4", by=CC_HEAD_PERSON) == "NotPaused"
    course.say(Pause, **WHY)
    assert course.refused(Resume, course.now - timedelta(seconds=1), clause="2.2.4", by=CC_HEAD_PERSON) == "TooEarly"
    assert course.refused(Resume, clause="2.2.4", by=CC_PERSON) == "NotYours"


def test_a_paused_duty_may_be_waived_and_its_clock_stands_no_more() -> None:
    course = _course()
    course.say(Pause, **WHY)
    course.go(hours=1)
    course.say(Waive, **WHY)
    assert (course.newest("2.2.4").standing, course.newest("2.2.4").paused) == ("waived", False)
