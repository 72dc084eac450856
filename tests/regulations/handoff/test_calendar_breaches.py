"""A calendar published anew, and terms that had run out by then; any change leaves every term as if it were counted afresh."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.case import Hold, Obligation, Refusal, Standing
from regulations.clocks import terms_to_plan
from regulations.handoff.facts import apply
from regulations.messages import CalendarChanged, ClosingDocumentsSigned, FirstContact, TrainingDone, Waive
from regulations.rows import BreachRow
from regulations.time.calendar_change import day_table, difference
from regulations.time.working_time import Pause as Stretch
from regulations.time.working_time import working_time
from tests.regulations.course import at
from tests.regulations.handoff.course import CALENDAR, CC_HEAD_PERSON, Course
from tests.regulations.handoff.published import (
    MONDAY,
    OFFICE,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    entries,
    moves,
    publish,
    refused,
    rows,
    transferred,
)

# --- what ran out ---------------------------------------------------------------------------------------------------


def overdue(until: str = "2026-11-18 17:00") -> Course:
    course = transferred()
    course.go_to(at(until))
    assert course.newest("2.2.4").standing is Standing.OVERDUE
    return course


def test_a_breach_whose_day_is_off_now_is_withdrawn_with_a_note_and_the_duty_is_open_again() -> None:
    course = overdue()
    publish(course, closed=(WEDNESDAY,))
    duty = course.newest("2.2.4")
    assert (duty.standing, duty.breached_at, course.due_of("2.2.4")) == (Standing.OPEN, None, "2026-11-19 16:00")
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
    assert course.newest("2.2.4").standing is standing
    again = [("recorded", at("2026-11-19 16:00")), ("met_late", at("2026-11-19 16:00"))]
    assert entries(course, "2.2.4")[2:] == ([] if standing is Standing.MET else again)


def test_a_breach_withdrawn_after_the_new_due_is_recorded_anew_with_it() -> None:
    course = overdue("2026-11-20 12:00")
    publish(course, closed=(WEDNESDAY,))
    duty = course.newest("2.2.4")
    assert (duty.standing, duty.breached_at) == (Standing.OVERDUE, at("2026-11-19 16:00"))
    assert [e for e, _ in entries(course, "2.2.4")] == ["recorded", "withdrawn", "recorded"]
    assert course.notices("breach").count(("2.2.4", "cc")) == 2


@pytest.mark.parametrize("closed", [TUESDAY, MONDAY, THURSDAY])
def test_a_breach_stands_when_another_day_than_its_own_became_a_day_off(closed: date) -> None:
    course = overdue()
    publish(course, closed=(closed,))  # within its span even; other terms of the case move
    duty = course.newest("2.2.4")
    assert (duty.standing, duty.breached_at, duty.due) == (Standing.OVERDUE, at("2026-11-18 16:00"), at("2026-11-18 16:00"))
    assert entries(course, "2.2.4") == [("recorded", at("2026-11-18 16:00"))]


def test_a_breach_stands_when_its_term_does_not_end_later_for_the_day_off() -> None:
    course = transferred()
    course.newest("2.2.4").term, course.newest("2.2.4").plan = "24 hours", None
    course.run()
    course.go_to(at("2026-11-17 11:00"))
    publish(course, closed=(TUESDAY,))
    duty = course.newest("2.2.4")
    assert (duty.standing, duty.breached_at, duty.due) == (Standing.OVERDUE, at("2026-11-17 10:00"), at("2026-11-17 10:00"))
    assert [entry for entry, _ in entries(course, "2.2.4")] == ["recorded"]
    assert rows(course, "2.2.4")[-1].calendar_version == course.calendar.version  # it was looked at: nobody asks again
    assert not any(note.startswith("2.2.4") for note in moves(course))


@pytest.mark.parametrize(("done", "standing"), [("2026-11-19 16:00", Standing.MET), ("2026-11-19 16:01", Standing.MET_LATE)])
def test_what_was_met_late_is_held_against_the_new_due(done: str, standing: Standing) -> None:
    course = overdue()
    course.go_to(at(done))
    course.say(FirstContact)
    assert course.newest("2.2.4").standing is Standing.MET_LATE
    course.go_to(at("2026-11-20 10:00"))
    publish(course, closed=(WEDNESDAY,))
    duty = course.newest("2.2.4")
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
    before = course.newest("2.2.4").model_dump()
    publish(course, closed=(WEDNESDAY,))
    assert course.newest("2.2.4").model_dump() == before
    assert course.due_of("2.2.5") == "2026-11-19 18:00"


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
    assert {course.newest(c).standing for c in ("2.1.3", "2.1.4")} == {Standing.MET}


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


@settings(max_examples=300)
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
