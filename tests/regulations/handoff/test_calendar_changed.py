"""What a calendar that is published anew does to a running handoff: exactly the terms that depend on a changed day are due anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from regulations.case import Refusal, Standing
from regulations.handoff.facts import apply
from regulations.messages import CalendarChanged, Extend, FirstContact, Pause, Resume
from regulations.rows import ObligationRow
from regulations.time.working_time import working_time
from tests.regulations.course import at
from tests.regulations.handoff.course import CALENDAR, CC_HEAD_PERSON, Course
from tests.regulations.handoff.published import (
    MONDAY,
    SATURDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    entries,
    message,
    moves,
    publish,
    refused,
    rows,
    transferred,
)

# --- open terms -----------------------------------------------------------------------------------------------------


def test_a_holiday_inside_the_span_moves_the_due_instant_and_the_trail_says_from_what_to_what_and_why() -> None:
    course = transferred()
    publish(course, closed=(TUESDAY,))
    assert (course.due_of("2.2.4"), course.due_of("2.2.5"), course.due_of("5.3 (2)")) == (
        "2026-11-19 16:00",
        "2026-11-19 18:00",
        "2026-12-01 18:00",
    )
    assert moves(course)[0] == (
        "2.2.4: ср 18.11.2026 16:00 (+03:00) → чт 19.11.2026 16:00 (+03:00)"
        f" (календарь «company», 17.11.2026 — выходной; версия {course.calendar.version})"
    )
    assert next(f for f in course.state.facts if f.what == "CalendarChanged").note.startswith("календарь «company», 17.11.2026 — выходной")


def test_exactly_the_terms_that_cross_the_day_move_and_their_rows_tell_the_new_version() -> None:
    course = transferred()
    old = course.calendar.version
    before = {o.key: o.due for o in course.state.obligations}
    course.rows.clear()
    publish(course, closed=(THURSDAY,))  # after 2.2.3, 2.2.4 and 2.2.5, within 5.3 (2)
    assert {o.key for o in course.state.obligations if o.due != before[o.key]} == {"5.3 (2)/1"}
    assert {(r.key, r.calendar_version) for r in course.rows if isinstance(r, ObligationRow)} == {("5.3 (2)/1", course.calendar.version)}
    assert {o.plan.calendar_version for o in course.state.obligations if o.plan and o.key != "5.3 (2)/1"} == {old}


def test_a_day_that_no_term_depends_on_is_refused_and_leaves_no_trace() -> None:
    assert refused(transferred(), closed=(date(2026, 12, 15),)) == "NotTouched"


def test_another_calendar_and_the_version_that_the_terms_were_counted_in_are_no_news() -> None:
    course = transferred()
    given: dict[str, Any] = {"calendar": "branch", "version": "v2", "changed": (TUESDAY,), "closed": (TUESDAY,)}
    assert course.refused(CalendarChanged, **given) == "NotTouched"
    assert course.refused(CalendarChanged, **{**given, "calendar": "company", "version": course.calendar.version}) == "NotTouched"


def test_told_twice_before_anything_is_counted_anew_the_second_is_no_news() -> None:
    """Two publications that reach a case in one breath: what was said to an empty room may be heard together with the next."""
    course = transferred()
    first = message(course, replace(course.calendar.spec, closed=(TUESDAY,)))
    apply(course.state, first, course.now)
    with pytest.raises(Refusal) as refusal:
        apply(course.state, first.model_copy(update={"key": "again"}), course.now)
    assert refusal.value.type == "NotTouched"


def test_told_again_the_case_answers_that_it_knows() -> None:
    course = transferred()
    publish(course, closed=(TUESDAY,))
    taken = course.state.facts[-1] if course.state.facts[-1].what == "CalendarChanged" else None
    taken = taken or next(f for f in course.state.facts if f.what == "CalendarChanged")
    again = CalendarChanged(
        key=taken.key,
        happened_at=taken.happened_at,
        calendar="company",
        version=course.calendar.version,
        changed=(TUESDAY,),
        closed=(TUESDAY,),
    )
    with pytest.raises(Exception, match=r"^\d+$") as refusal:
        course.deliver(again)
    assert refusal.value.type == "Repeated"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("closed", "due"),
    [
        (date(2026, 11, 13), None),  # the working day before the start: no term of the case depends on it
        (MONDAY, "2026-11-19 15:00"),  # the first day: its eight hours are lost, the term begins on Tuesday at opening
        (WEDNESDAY, "2026-11-19 16:00"),  # the due day itself
        (THURSDAY, "2026-11-18 16:00"),  # the day after the due instant
    ],
)
def test_the_edges_of_the_span(closed: date, due: str | None) -> None:
    course = transferred()
    if due is None:
        assert refused(course, closed=(closed,)) == "NotTouched"
        return
    publish(course, closed=(closed,))
    assert course.due_of("2.2.4") == due


def test_what_has_elapsed_is_kept_hours_are_counted_from_the_original_start() -> None:
    course = transferred()
    course.go_to(at("2026-11-17 12:00"))  # eleven of 24 hours are used
    publish(course, closed=(WEDNESDAY,))
    assert course.due_of("2.2.4") == "2026-11-19 16:00"  # thirteen were left: six on Tuesday, seven on Thursday
    assert course.newest("2.2.4").started_at == at("2026-11-16 10:00")


def test_a_day_that_works_now_moves_the_due_instant_earlier() -> None:
    course = transferred("2026-11-19 10:00")
    assert course.due_of("2.2.4") == "2026-11-23 16:00"
    publish(course, opened=(SATURDAY,))
    assert course.due_of("2.2.4") == "2026-11-21 16:00"


def test_a_due_instant_moved_into_the_past_is_a_breach_at_the_new_due_and_its_notice_says_why() -> None:
    """Rule 8 knows no exception: an open obligation is due anew. Whoever is told is told that the calendar moved it."""
    course = transferred("2026-11-19 10:00")
    course.go_to(at("2026-11-23 10:00"))
    publish(course, opened=(SATURDAY,))
    duty = course.newest("2.2.4")
    assert (duty.standing, duty.breached_at) == (Standing.OVERDUE, at("2026-11-21 16:00"))
    notice = next(r for r in course.rows if r.table == "notices" and r.clause == "2.2.4" and r.kind == "breach")
    assert "срок передвинут: календарь изменён" in notice.text


def test_what_was_done_before_a_day_became_a_working_day_stays_done_in_time() -> None:
    course = transferred("2026-11-19 10:00")
    course.go_to(at("2026-11-23 10:00"))
    course.say(FirstContact)
    publish(course, opened=(SATURDAY,))
    assert course.newest("2.2.4").standing is Standing.MET
    assert entries(course, "2.2.4") == []


def test_the_last_working_day_of_a_month_depends_on_the_days_after_it() -> None:
    """October 2026 ends on a Saturday."""
    course = transferred("2026-10-19 10:00")
    course.accept()
    assert course.due_of("2.2.7") == "2026-10-30 18:00"
    publish(course, opened=(date(2026, 10, 31),))
    assert course.due_of("2.2.7") == "2026-10-31 18:00"


@pytest.mark.parametrize(("closed", "warned"), [(WEDNESDAY, False), (THURSDAY, True)])
def test_who_was_reminded_is_reminded_again_only_of_a_later_term(closed: date, warned: bool) -> None:
    course = transferred()
    course.go_to(at("2026-11-18 12:00"))
    assert course.newest("2.2.4").warned
    publish(course, closed=(closed,))
    assert course.newest("2.2.4").warned is warned
    course.go_to(at("2026-11-19 15:00"))
    warnings = [r.due for r in course.rows if r.table == "notices" and r.clause == "2.2.4" and r.kind == "warning"]
    assert warnings == [at("2026-11-18 16:00"), *([] if warned else [at("2026-11-19 16:00")])]


def test_a_short_term_that_no_register_knows_is_counted_once_more_when_it_runs_out() -> None:
    """2.1.2 to 2.1.4 ride along with the next record: nobody tells their case, and no breach is recorded by the old calendar."""
    course = Course(at("2026-11-16 10:00")).paid()
    assert not rows(course, "2.1.3") or rows(course, "2.1.3")[-1].span_to == TUESDAY
    course.calendar = working_time(replace(CALENDAR, closed=(TUESDAY,)))
    course.go_to(at("2026-11-17 13:00"))
    assert course.newest("2.1.3").standing is Standing.OPEN
    assert course.due_of("2.1.3") == "2026-11-18 12:00"
    assert moves(course)[0].endswith(f"({course.calendar.version})")


def test_short_terms_of_a_case_that_is_told_move_with_the_others() -> None:
    course = Course(at("2026-11-16 10:00")).paid()
    publish(course, closed=(TUESDAY,))
    assert {course.due_of(c) for c in ("2.1.2", "2.1.3", "2.1.4")} == {"2026-11-18 12:00"}


# --- pauses and extensions ------------------------------------------------------------------------------------------


def test_a_paused_term_is_counted_in_the_new_calendar_when_it_goes_on_and_the_limit_of_its_pause_at_once() -> None:
    course = transferred()
    course.go_to(at("2026-11-17 12:00"))
    course.say(Pause, clause="2.2.4", reason="waiting on the client", by=CC_HEAD_PERSON)
    limit = course.newest("2.2.4").holds[-1].until
    assert limit == at("2026-12-01 18:00")
    assert (rows(course, "2.2.4")[-1].span_from, rows(course, "2.2.4")[-1].span_to) == (TUESDAY, date(2026, 12, 1))
    publish(course, closed=(THURSDAY,))
    assert course.newest("2.2.4").holds[-1].until == at("2026-12-02 18:00")
    assert rows(course, "2.2.4")[-1].calendar_version == course.calendar.version
    assert [f.note.partition(" (")[0] for f in course.state.facts if f.what == "pause_moved"] == ["2.2.4: вт 01.12.2026 18:00"]
    course.go_to(at("2026-11-18 12:00"))
    course.say(Resume, clause="2.2.4", by=CC_HEAD_PERSON)  # 13 hours are left: six on Wednesday, Thursday is off
    assert course.due_of("2.2.4") == "2026-11-20 16:00"


def test_an_extended_term_keeps_its_absolute_instant_only_its_reminder_follows_the_calendar() -> None:
    course = transferred()
    due = at("2026-11-24 12:00")
    course.say(Extend, clause="2.2.4", new_due=due, reason="as agreed", by=CC_HEAD_PERSON)
    before = course.newest("2.2.4").plan
    publish(course, closed=(MONDAY.replace(day=23),))
    after = course.newest("2.2.4").plan
    assert before is not None
    assert after is not None
    assert (before.due, after.due) == (due, due)
    assert after.warn_at is not None
    assert before.warn_at is not None
    assert after.warn_at < before.warn_at  # less working time lies between, three quarters of it end earlier
    assert rows(course, "2.2.4")[-1].calendar_version == course.calendar.version
    assert not any(note.startswith("2.2.4") for note in moves(course))


def test_the_hour_of_a_telling_to_the_partner_follows_the_calendar() -> None:
    course = Course(at("2026-11-20 17:00")).paid()
    course.go_to(at("2026-11-20 18:30"))
    course.request(files=())  # what is missing is told on Monday at opening
    assert "incomplete" not in course.templates()
    publish(course, closed=(date(2026, 11, 23),))
    course.go_to(at("2026-11-24 08:59"))
    assert "incomplete" not in course.templates()
    course.go_to(at("2026-11-24 09:00"))
    assert "incomplete" in course.templates()


def test_a_wait_is_counted_once_more_before_it_ends() -> None:
    """No register knows of a wait, so nobody tells its case of a changed calendar."""
    course = Course(at("2026-11-16 10:00"))
    course.deliver_sale()
    assert course.state.opening is not None
    wait = course.state.waits["payment"]
    wait.term, wait.plan = "2 working days", None
    course.run()
    course.calendar = working_time(replace(CALENDAR, closed=(TUESDAY,)))
    course.go_to(at("2026-11-18 18:30"))
    assert course.state.stage == "awaiting_payment"
    course.go_to(at("2026-11-19 18:30"))
    assert course.state.stage == "not_paid"
