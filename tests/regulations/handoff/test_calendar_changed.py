"""What a calendar that is published anew does to a running handoff: exactly the terms that depend on a changed day are due anew."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.calendar_change import day_table, difference
from regulations.case import Hold, Obligation, Refusal, Standing
from regulations.clocks import terms_to_plan
from regulations.handoff.facts import apply
from regulations.messages import CalendarChanged, ClosingDocumentsSigned, Extend, FirstContact, Pause, Resume, TrainingDone, Waive
from regulations.rows import BreachRow, ObligationRow
from regulations.working_time import CalendarSpec, working_time
from regulations.working_time import Pause as Stretch
from tests.regulations.handoff.course import CALENDAR, CC_HEAD_PERSON, Course, at

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, SATURDAY = (date(2026, 11, day) for day in (16, 17, 18, 19, 21))
OFFICE = ((9 * 3600, 18 * 3600),)


def transferred(moment: str = "2026-11-16 10:00") -> Course:
    course = Course(at(moment))
    course.careful = True
    course.grant()
    return course.transferred()


def message(course: Course, spec: CalendarSpec) -> CalendarChanged:
    """What `reglament calendar publish` would say; the calendar of the course is the new one from now on."""
    before = day_table(course.calendar)
    course.calendar = working_time(spec)
    found = difference([before], day_table(course.calendar))
    return CalendarChanged(
        key=course.key(),
        happened_at=course.now,
        source="cli",
        calendar="company",
        version=course.calendar.version,
        changed=found.changed,
        closed=found.closed,
    )


def publish(course: Course, *, closed: tuple[date, ...] = (), opened: tuple[date, ...] = ()) -> None:
    """The company's calendar of the course with days closed, or opened; the case is told unless nothing in it depends on them."""
    spec = course.calendar.spec
    own = {**dict(spec.open), **dict.fromkeys(opened, OFFICE)}
    course.deliver(message(course, replace(spec, closed=tuple(sorted({*spec.closed, *closed})), open=tuple(sorted(own.items())))))


def refused(course: Course, *, closed: tuple[date, ...]) -> str:
    spec = course.calendar.spec
    given = message(course, replace(spec, closed=tuple(sorted({*spec.closed, *closed}))))
    fields = given.model_dump(exclude={"key", "happened_at"})
    return course.refused(CalendarChanged, **fields)


def rows(course: Course, clause: str) -> list[ObligationRow]:
    return [r for r in course.rows if isinstance(r, ObligationRow) and r.clause == clause]


def entries(course: Course, clause: str) -> list[tuple[str, datetime]]:
    return [(r.entry.value, r.due) for r in course.rows if isinstance(r, BreachRow) and r.clause == clause]


def moves(course: Course) -> list[str]:
    return [f.note for f in course.state.facts if f.what == "due_moved"]


# --- open terms -----------------------------------------------------------------------------------------------------


def test_a_holiday_inside_the_span_moves_the_due_instant_and_the_trail_says_from_what_to_what_and_why() -> None:
    course = transferred()
    publish(course, closed=(TUESDAY,))
    assert (course.due("2.2.4"), course.due("2.2.5"), course.due("5.3 (2)")) == ("2026-11-19 16:00", "2026-11-19 18:00", "2026-12-01 18:00")
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
    assert course.due("2.2.4") == due


def test_what_has_elapsed_is_kept_hours_are_counted_from_the_original_start() -> None:
    course = transferred()
    course.go_to(at("2026-11-17 12:00"))  # eleven of 24 hours are used
    publish(course, closed=(WEDNESDAY,))
    assert course.due("2.2.4") == "2026-11-19 16:00"  # thirteen were left: six on Tuesday, seven on Thursday
    assert course.duty("2.2.4").started_at == at("2026-11-16 10:00")


def test_a_day_that_works_now_moves_the_due_instant_earlier() -> None:
    course = transferred("2026-11-19 10:00")
    assert course.due("2.2.4") == "2026-11-23 16:00"
    publish(course, opened=(SATURDAY,))
    assert course.due("2.2.4") == "2026-11-21 16:00"


def test_a_due_instant_moved_into_the_past_is_a_breach_at_the_new_due_and_its_notice_says_why() -> None:
    """Rule 8 knows no exception: an open obligation is due anew. Whoever is told is told that the calendar moved it."""
    course = transferred("2026-11-19 10:00")
    course.go_to(at("2026-11-23 10:00"))
    publish(course, opened=(SATURDAY,))
    duty = course.duty("2.2.4")
    assert (duty.standing, duty.breached_at) == (Standing.OVERDUE, at("2026-11-21 16:00"))
    notice = next(r for r in course.rows if r.table == "notices" and r.clause == "2.2.4" and r.kind == "breach")
    assert "срок передвинут: календарь изменён" in notice.text


def test_what_was_done_before_a_day_became_a_working_day_stays_done_in_time() -> None:
    course = transferred("2026-11-19 10:00")
    course.go_to(at("2026-11-23 10:00"))
    course.say(FirstContact)
    publish(course, opened=(SATURDAY,))
    assert course.duty("2.2.4").standing is Standing.MET
    assert entries(course, "2.2.4") == []


def test_the_last_working_day_of_a_month_depends_on_the_days_after_it() -> None:
    """October 2026 ends on a Saturday."""
    course = transferred("2026-10-19 10:00")
    course.accept()
    assert course.due("2.2.7") == "2026-10-30 18:00"
    publish(course, opened=(date(2026, 10, 31),))
    assert course.due("2.2.7") == "2026-10-31 18:00"


@pytest.mark.parametrize(("closed", "warned"), [(WEDNESDAY, False), (THURSDAY, True)])
def test_who_was_reminded_is_reminded_again_only_of_a_later_term(closed: date, warned: bool) -> None:
    course = transferred()
    course.go_to(at("2026-11-18 12:00"))
    assert course.duty("2.2.4").warned
    publish(course, closed=(closed,))
    assert course.duty("2.2.4").warned is warned
    course.go_to(at("2026-11-19 15:00"))
    warnings = [r.due for r in course.rows if r.table == "notices" and r.clause == "2.2.4" and r.kind == "warning"]
    assert warnings == [at("2026-11-18 16:00"), *([] if warned else [at("2026-11-19 16:00")])]


def test_a_short_term_that_no_register_knows_is_counted_once_more_when_it_runs_out() -> None:
    """2.1.2 to 2.1.4 ride along with the next record: nobody tells their case, and no breach is recorded by the old calendar."""
    course = Course(at("2026-11-16 10:00")).paid()
    assert not rows(course, "2.1.3") or rows(course, "2.1.3")[-1].span_to == TUESDAY
    course.calendar = working_time(replace(CALENDAR, closed=(TUESDAY,)))
    course.go_to(at("2026-11-17 13:00"))
    assert course.duty("2.1.3").standing is Standing.OPEN
    assert course.due("2.1.3") == "2026-11-18 12:00"
    assert moves(course)[0].endswith(f"({course.calendar.version})")


def test_short_terms_of_a_case_that_is_told_move_with_the_others() -> None:
    course = Course(at("2026-11-16 10:00")).paid()
    publish(course, closed=(TUESDAY,))
    assert {course.due(c) for c in ("2.1.2", "2.1.3", "2.1.4")} == {"2026-11-18 12:00"}


# --- pauses and extensions ------------------------------------------------------------------------------------------


def test_a_paused_term_is_counted_in_the_new_calendar_when_it_goes_on_and_the_limit_of_its_pause_at_once() -> None:
    course = transferred()
    course.go_to(at("2026-11-17 12:00"))
    course.say(Pause, clause="2.2.4", reason="waiting on the client", by=CC_HEAD_PERSON)
    limit = course.duty("2.2.4").holds[-1].until
    assert limit == at("2026-12-01 18:00")
    assert (rows(course, "2.2.4")[-1].span_from, rows(course, "2.2.4")[-1].span_to) == (TUESDAY, date(2026, 12, 1))
    publish(course, closed=(THURSDAY,))
    assert course.duty("2.2.4").holds[-1].until == at("2026-12-02 18:00")
    assert rows(course, "2.2.4")[-1].calendar_version == course.calendar.version
    assert [f.note.partition(" (")[0] for f in course.state.facts if f.what == "pause_moved"] == ["2.2.4: вт 01.12.2026 18:00"]
    course.go_to(at("2026-11-18 12:00"))
    course.say(Resume, clause="2.2.4", by=CC_HEAD_PERSON)  # 13 hours are left: six on Wednesday, Thursday is off
    assert course.due("2.2.4") == "2026-11-20 16:00"


def test_an_extended_term_keeps_its_absolute_instant_only_its_reminder_follows_the_calendar() -> None:
    course = transferred()
    due = at("2026-11-24 12:00")
    course.say(Extend, clause="2.2.4", new_due=due, reason="as agreed", by=CC_HEAD_PERSON)
    before = course.duty("2.2.4").plan
    publish(course, closed=(MONDAY.replace(day=23),))
    after = course.duty("2.2.4").plan
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


# --- what ran out ---------------------------------------------------------------------------------------------------


def overdue(until: str = "2026-11-18 17:00") -> Course:
    course = transferred()
    course.go_to(at(until))
    assert course.duty("2.2.4").standing is Standing.OVERDUE
    return course


def test_a_breach_whose_day_is_off_now_is_withdrawn_with_a_note_and_the_duty_is_open_again() -> None:
    course = overdue()
    publish(course, closed=(WEDNESDAY,))
    duty = course.duty("2.2.4")
    assert (duty.standing, duty.breached_at, course.due("2.2.4")) == (Standing.OPEN, None, "2026-11-19 16:00")
    assert entries(course, "2.2.4") == [("recorded", at("2026-11-18 16:00")), ("withdrawn", at("2026-11-18 16:00"))]
    withdrawn = next(r for r in course.rows if isinstance(r, BreachRow) and r.entry == "withdrawn")
    assert withdrawn.note.startswith("день срока стал выходным: календарь «company», 18.11.2026 — выходной")
    assert (rows(course, "2.2.4")[-1].state, rows(course, "2.2.4")[-1].breached_at) == ("open", None)
    assert any(note.startswith("2.2.4: ср 18.11.2026 16:00 (+03:00) → чт 19.11.2026 16:00") for note in moves(course))


def test_who_was_told_of_a_breach_is_told_that_it_is_withdrawn_and_until_when_the_duty_runs_now() -> None:
    course = overdue()
    publish(course, closed=(WEDNESDAY,))
    assert sorted(course.notices("breach_withdrawn")) == [("2.2.4", "cc"), ("2.2.4", "cc_head")]
    told = next(r for r in course.rows if r.table == "notices" and r.kind == "breach_withdrawn")
    assert told.text.endswith("срок теперь чт 19.11.2026 16:00 (+03:00)")


@pytest.mark.parametrize(("done", "standing"), [("2026-11-19 15:59", Standing.MET), ("2026-11-19 16:01", Standing.MET_LATE)])
def test_after_a_withdrawn_breach_the_clocks_of_the_duty_run_again(done: str, standing: Standing) -> None:
    course = overdue()
    publish(course, closed=(WEDNESDAY,))
    course.go_to(at(done))
    course.say(FirstContact)
    assert course.duty("2.2.4").standing is standing
    again = [("recorded", at("2026-11-19 16:00")), ("met_late", at("2026-11-19 16:00"))]
    assert entries(course, "2.2.4")[2:] == ([] if standing is Standing.MET else again)


def test_a_breach_withdrawn_after_the_new_due_is_recorded_anew_with_it() -> None:
    course = overdue("2026-11-20 12:00")
    publish(course, closed=(WEDNESDAY,))
    duty = course.duty("2.2.4")
    assert (duty.standing, duty.breached_at) == (Standing.OVERDUE, at("2026-11-19 16:00"))
    assert [e for e, _ in entries(course, "2.2.4")] == ["recorded", "withdrawn", "recorded"]
    assert course.notices("breach").count(("2.2.4", "cc")) == 2


@pytest.mark.parametrize("closed", [TUESDAY, MONDAY, THURSDAY])
def test_a_breach_stands_when_another_day_than_its_own_became_a_day_off(closed: date) -> None:
    course = overdue()
    publish(course, closed=(closed,))  # within its span even; other terms of the case move
    duty = course.duty("2.2.4")
    assert (duty.standing, duty.breached_at, duty.due) == (Standing.OVERDUE, at("2026-11-18 16:00"), at("2026-11-18 16:00"))
    assert entries(course, "2.2.4") == [("recorded", at("2026-11-18 16:00"))]


def test_a_breach_stands_when_its_term_does_not_end_later_for_the_day_off() -> None:
    course = transferred()
    course.duty("2.2.4").term, course.duty("2.2.4").plan = "24 hours", None
    course.run()
    course.go_to(at("2026-11-17 11:00"))
    publish(course, closed=(TUESDAY,))
    duty = course.duty("2.2.4")
    assert (duty.standing, duty.breached_at, duty.due) == (Standing.OVERDUE, at("2026-11-17 10:00"), at("2026-11-17 10:00"))
    assert [entry for entry, _ in entries(course, "2.2.4")] == ["recorded"]
    assert rows(course, "2.2.4")[-1].calendar_version == course.calendar.version  # it was looked at: nobody asks again
    assert not any(note.startswith("2.2.4") for note in moves(course))


@pytest.mark.parametrize(("done", "standing"), [("2026-11-19 16:00", Standing.MET), ("2026-11-19 16:01", Standing.MET_LATE)])
def test_what_was_met_late_is_held_against_the_new_due(done: str, standing: Standing) -> None:
    course = overdue()
    course.go_to(at(done))
    course.say(FirstContact)
    assert course.duty("2.2.4").standing is Standing.MET_LATE
    course.go_to(at("2026-11-20 10:00"))
    publish(course, closed=(WEDNESDAY,))
    duty = course.duty("2.2.4")
    assert (duty.standing, duty.met_at) == (standing, at(done))
    first = [("recorded", at("2026-11-18 16:00")), ("met_late", at("2026-11-18 16:00")), ("withdrawn", at("2026-11-18 16:00"))]
    again = [("recorded", at("2026-11-19 16:00")), ("met_late", at("2026-11-19 16:00"))]
    assert entries(course, "2.2.4") == first + ([] if standing is Standing.MET else again)
    said = [r.text for r in course.rows if r.table == "notices" and r.kind == "breach_withdrawn" and (r.clause, r.role) == ("2.2.4", "cc")]
    assert [("выполнено в срок" in text) for text in said] == [standing is Standing.MET]


def test_a_duty_of_a_returned_round_that_was_met_late_is_put_right_by_what_is_known_of_it() -> None:
    course = overdue()
    course.say(FirstContact)
    course.give_back()
    course.request()
    assert course.state.round == 2
    publish(course, closed=(WEDNESDAY,))
    first = course.state.obligation("2.2.4/1")
    assert first is not None
    assert first.standing is Standing.MET


@pytest.mark.parametrize("kind", [Waive, None])
def test_met_and_waived_duties_are_not_touched(kind: type[Waive] | None) -> None:
    course = transferred()
    course.go_to(at("2026-11-17 12:00"))
    if kind is None:
        course.say(FirstContact)
    else:
        course.say(kind, clause="2.2.4", reason="not needed", by=CC_HEAD_PERSON)
    before = course.duty("2.2.4").model_dump()
    publish(course, closed=(WEDNESDAY,))
    assert course.duty("2.2.4").model_dump() == before
    assert course.due("2.2.5") == "2026-11-19 18:00"


def test_the_partner_who_was_told_of_a_breach_gets_one_letter_that_it_is_withdrawn() -> None:
    course = Course(at("2026-11-16 10:00"))
    course.grant()
    course.paid()
    course.go_to(at("2026-11-17 12:30"))
    assert "breach" in course.templates()
    publish(course, closed=(TUESDAY,))
    course.go_to(at("2026-11-18 09:00"))
    letter = next(sent for sent in course.letters if sent.template == "handoff/breach_moved")
    assert [(d["clause"], d["due"]) for d in letter.values["duties"]] == [  # type: ignore[index, union-attr, call-overload]
        ("2.1.3", "ср 18.11.2026 12:00 (+03:00)"),
        ("2.1.4", "ср 18.11.2026 12:00 (+03:00)"),
    ]
    course.request()
    assert {course.duty(c).standing for c in ("2.1.3", "2.1.4")} == {Standing.MET}


def test_an_ended_case_takes_no_calendar() -> None:
    course = transferred()
    course.accept()
    for kind in (FirstContact, TrainingDone, ClosingDocumentsSigned):
        course.say(kind)
    course.say(Waive, clause="2.2.1", reason="no contract after all", by=CC_HEAD_PERSON)
    assert course.state.ended
    assert refused(course, closed=(WEDNESDAY,)) == "Ended"


# --- any change -----------------------------------------------------------------------------------------------------

TERMS = (
    "3 working hours",
    "24 working hours",
    "90 working minutes",
    "2 working days",
    "3 working days, first included",
    "close of business",
    "12:00 next working day",
    "00:00 2nd working day",
    "24 hours",
    "next day",
    "7 calendar days",
    "30 calendar days, rolled",
    "1 calendar months, rolled",
    "first working day of month",
    "first working day of month at 10:00",
    "last working day of month",
    "last working day before week",
    "last working day before month",
    "day 15 of month, rolled",
    "every 1 working hours",
    "every last working day of month",
    "earliest of 5 working days; last working day of month",
    "end of quarter",
)
WEEKS = (
    CALENDAR.weekly,
    (((9 * 3600, 13 * 3600), (14 * 3600, 18 * 3600)),) * 4 + (((9 * 3600, 16 * 3600),), (), ()),
    (((0, 86_400),),) * 7,
)
YEARS = (2026, 2027)
DAYS = st.integers(-20, 60).map(lambda shift: MONDAY + timedelta(days=shift))


@settings(max_examples=300, deadline=None)
@given(
    term=st.sampled_from(TERMS),
    week=st.sampled_from(WEEKS),
    minutes=st.integers(-10 * 1440, 20 * 1440),
    old=st.tuples(st.sets(DAYS, max_size=6), st.sets(DAYS, max_size=3)),
    new=st.tuples(st.sets(DAYS, max_size=6), st.sets(DAYS, max_size=3)),
    pause=st.none() | st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
)
def test_after_any_change_each_open_term_is_due_as_if_counted_afresh(
    term: str,
    week: tuple[tuple[tuple[int, int], ...], ...],
    minutes: int,
    old: tuple[set[date], set[date]],
    new: tuple[set[date], set[date]],
    pause: tuple[int, int] | None,
) -> None:
    """Told or not: a case that refuses the change has no term that it moves. So the spans are never too narrow."""
    before, after = (
        working_time(
            replace(CALENDAR, country=None, weekly=week, closed=tuple(sorted(shut)), open=tuple((day, OFFICE) for day in sorted(own)))
        )
        for shut, own in (old, new)
    )
    start = at("2026-11-16 00:00") + timedelta(minutes=minutes)
    course = Course(start)
    course.calendar = before
    course.deliver_sale()
    held = []
    o = Obligation(key="x", clause="2.2.4", owner="cc", escalation="cc_head", term=term, started_at=start, opened_at=start)
    if pause is not None:
        begin = start + timedelta(minutes=pause[0])
        held = [Hold(start=begin, end=begin + timedelta(minutes=pause[1]), reason="test")]
    o.holds = held
    course.state.obligations.append(o)
    course._open_and_count()
    course.calendar = after
    found = difference([day_table(before, YEARS)], day_table(after, YEARS))
    if found.changed:
        given = CalendarChanged(
            key="c", happened_at=start, calendar="company", version=after.version, changed=found.changed, closed=found.closed
        )
        state = course.state.model_copy(deep=True)
        with suppress(Refusal):  # nothing is touched
            apply(state, given, start)
            course.state = state
        course._open_and_count()
    (counted,) = [known for known in course.state.obligations if known.key == "x"]
    assert counted.plan is not None
    fresh = after.due(term, start, [Stretch(h.start, h.end) for h in held if h.end is not None])
    assert counted.plan.due == fresh.at.astimezone(UTC)
    assert not counted.recount
    assert not list(terms_to_plan(course.state, start - timedelta(days=40)))
