"""Every term of the regulation, second by second: who is reminded, when it is met, when it is a breach, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from regulations.messages import (
    ClosingDocumentsSigned,
    ContractSigned,
    EnteredIntoCrm,
    Extend,
    FirstContact,
    Message,
    TrainingDone,
    Waive,
)
from regulations.rows import BreachEntry, BreachRow, NoticeRow
from tests.regulations.course import MOSCOW, at
from tests.regulations.handoff.course import MANAGER, QUESTIONNAIRE, Course

ORDINARY, FRIDAY_EVENING, NEW_YEAR, WORKING_SATURDAY = "2026-11-16 10:00", "2026-11-20 17:30", "2026-12-30 17:00", "2027-02-19 16:00"

DUES = {
    # The start is one moment for all: sold, paid, requested, accepted, access granted. Counted by hand from the decree's calendar:
    # 31.12.2026 to 10.01.2027 are days off; Saturday 20.02.2027 works, 22.02. and 23.02. do not.
    ORDINARY: {
        "2.1.2": "2026-11-17 12:00",
        "2.2.1": "2026-11-18 18:00",
        "2.2.3": "2026-11-16 18:00",
        "2.2.4": "2026-11-18 16:00",
        "2.2.5": "2026-11-18 18:00",
        "2.2.7": "2026-11-30 18:00",
        "5.3 (2)": "2026-11-30 18:00",
    },
    FRIDAY_EVENING: {
        "2.1.2": "2026-11-23 12:00",
        "2.2.1": "2026-11-24 18:00",
        "2.2.3": "2026-11-23 16:30",
        "2.2.4": "2026-11-25 14:30",
        "2.2.5": "2026-11-24 18:00",
        "2.2.7": "2026-11-30 18:00",
        "5.3 (2)": "2026-12-04 18:00",
    },
    NEW_YEAR: {
        "2.1.2": "2027-01-11 12:00",
        "2.2.1": "2027-01-12 18:00",
        "2.2.3": "2027-01-11 16:00",
        "2.2.4": "2027-01-13 14:00",
        "2.2.5": "2027-01-12 18:00",
        "2.2.7": "2026-12-30 18:00",
        "5.3 (2)": "2027-01-22 18:00",
    },
    WORKING_SATURDAY: {
        "2.1.2": "2027-02-20 12:00",
        "2.2.1": "2027-02-24 18:00",
        "2.2.3": "2027-02-20 15:00",
        "2.2.4": "2027-02-25 13:00",
        "2.2.5": "2027-02-24 18:00",
        "2.2.7": "2027-02-26 18:00",
        "5.3 (2)": "2027-03-09 18:00",
    },
}
for dues in DUES.values():
    dues["2.1.3"] = dues["2.1.4"] = dues["2.1.2"]

TOLD = {
    "2.1.2": {"senior_regional_manager"},
    "2.1.3": {"senior_regional_manager"},
    "2.1.4": {"senior_regional_manager"},
    "2.2.1": {"cc", "cc_head"},
    "2.2.3": {"cc", "cc_head"},
    "2.2.4": {"cc", "cc_head"},
    "2.2.5": {"cc", "cc_head"},
    "2.2.7": {"cc", "cc_head"},
    "5.3 (2)": {"cc_head", "regional_directorate"},
}
OWNER = dict.fromkeys(TOLD, "cc") | {"5.3 (2)": "cc_head", "2.1.2": "partner", "2.1.3": "partner", "2.1.4": "partner"}


def _say(kind: type[Message], **fields: Any) -> Callable[[Course], object]:
    return lambda course: course.say(kind, **fields)


def _granted(course: Course) -> None:
    course.grant()
    # Billing is asked before a breach is believed; the webhook that would tell of it may never come.
    course.request() if course.state.request is None else course.run()


DO: dict[str, Callable[[Course], object]] = {
    "2.1.2": _granted,
    "2.1.3": lambda course: course.request(files=(), questionnaire={}),
    "2.1.4": lambda course: course.request(),
    "2.2.1": _say(ContractSigned),
    "2.2.3": lambda course: course.accept(),
    "2.2.4": _say(FirstContact),
    "2.2.5": _say(EnteredIntoCrm, record="z1"),
    "2.2.7": _say(ClosingDocumentsSigned),
    "5.3 (2)": _say(TrainingDone),
}


def _course(start: str, clause: str) -> Course:
    """A case in which the clause's duty is owed from the start on."""
    course = Course(at(start))
    if clause in ("2.1.2", "2.1.3", "2.1.4"):
        return course.paid()
    if clause == "2.2.7":
        course.grant()
    if clause == "2.2.5":
        course.silent.add("crm")
    course.transferred()
    if clause in ("2.2.1", "2.2.5", "2.2.7"):
        course.accept()
    return course


def _rows(course: Course, clause: str) -> list[BreachRow]:
    return [r for r in course.rows if isinstance(r, BreachRow) and r.clause == clause]


CASES = [
    pytest.param(start, clause, id=f"{clause} from {start}", marks=pytest.mark.clause(f"handoff {clause}"))
    for start, dues in DUES.items()
    for clause in dues
]


@pytest.mark.parametrize(("start", "clause"), CASES)
@pytest.mark.parametrize("seconds", [-60, -1, 0, 1, 60])
def test_done_up_to_the_due_instant_is_met_and_after_it_is_a_breach_that_carries_the_due_instant(
    start: str, clause: str, seconds: int
) -> None:
    due = at(DUES[start][clause])
    course = _course(start, clause)
    assert course.due_of(clause) == DUES[start][clause]

    # A fact of the due instant itself is in time; it comes here together with the timer.
    course.go_to(due + timedelta(seconds=seconds, microseconds=-1))
    course.now = due + timedelta(seconds=seconds)
    DO[clause](course)

    duty = course.newest(clause)
    assert duty.met_at == due + timedelta(seconds=seconds)
    if seconds <= 0:
        assert (duty.standing, duty.breached_at, _rows(course, clause)) == ("met", None, [])
    else:
        assert (duty.standing, duty.breached_at) == ("met_late", due)
        recorded, late = _rows(course, clause)
        assert (recorded.entry, recorded.due, recorded.at) == (BreachEntry.RECORDED, due, due)
        assert (late.entry, late.due, late.late_seconds) == (BreachEntry.MET_LATE, due, seconds)


@pytest.mark.parametrize("clause", [pytest.param(c, marks=pytest.mark.clause(f"handoff {c}")) for c in OWNER if c != "2.1.2"])
def test_a_timer_that_comes_just_before_a_fact_of_the_due_instant_is_corrected(clause: str) -> None:
    due = at(DUES[ORDINARY][clause])
    course = _course(ORDINARY, clause)
    course.go_to(due)
    DO[clause](course)
    assert course.newest(clause).standing == "met"
    assert [r.entry for r in _rows(course, clause)] == [BreachEntry.RECORDED, BreachEntry.WITHDRAWN]


@pytest.mark.parametrize(("start", "clause"), CASES)
def test_a_breach_is_told_once_to_owner_and_escalation_role_within_working_time(start: str, clause: str) -> None:
    due = at(DUES[start][clause])
    course = _course(start, clause)
    course.go_to(due + timedelta(days=1))

    told = [r for r in course.rows if isinstance(r, NoticeRow) and r.kind == "breach" and r.clause == clause]
    assert {r.role for r in told} == TOLD[clause]
    assert len(told) == len(TOLD[clause])
    for row in told:
        assert row.due == row.earliest == due
        mailed = course.mailed(row)
        assert mailed == course.calendar.next_open(due)
        assert mailed.astimezone(ZoneInfo(MOSCOW)).hour in range(9, 18)
    if clause.startswith("2.1"):
        (letter,) = [x for x in course.letters if x.template == "handoff/breach" and clause in str(x.values["duties"])]
        assert letter.to == ("partner@example.org",)
        assert letter.now == due


@pytest.mark.clause("handoff 2.2.5")
def test_a_breach_at_fridays_closing_is_recorded_then_and_told_on_monday_at_opening() -> None:
    course = Course(at("2026-11-18 10:00"))
    course.silent.add("crm")
    course.transferred()
    course.go_to(at("2026-11-20 18:00"))
    course.go(seconds=1)
    (row,) = _rows(course, "2.2.5")
    assert row.due == row.at == at("2026-11-20 18:00")
    told = [r for r in course.rows if isinstance(r, NoticeRow) and r.clause == "2.2.5" and r.kind == "breach"]
    assert [(r.earliest, course.mailed(r)) for r in told] == [(at("2026-11-20 18:00"), at("2026-11-23 09:00"))] * 2


@pytest.mark.parametrize(("start", "clause"), [c for c in CASES if c.values[:2] != (NEW_YEAR, "2.2.7")])
def test_the_owner_is_reminded_once_at_three_quarters_of_the_working_time(start: str, clause: str) -> None:
    due = at(DUES[start][clause])
    course = _course(start, clause)
    begun = course.newest(clause).started_at
    whole = course.calendar.elapsed(begun, due)
    reminded = []
    while course.now < due:
        before = course.newest(clause).warned
        course.go_to(min(course.wake_at or due, due))
        if course.newest(clause).warned and not before:
            reminded.append(course.now)
    (when,) = reminded
    # The spread of reminders is at most five minutes of working time, and never leaves working time.
    assert 0 <= course.calendar.elapsed(begun, when) - whole * 3 // 4 <= 300
    assert course.calendar.next_open(when) == when
    if OWNER[clause] == "partner":
        assert course.templates().count("reminder") == 1
    else:
        assert [n for n in course.notices("warning") if n[0] == clause] == [(clause, OWNER[clause])]


@pytest.mark.clause("handoff 2.1.3")
def test_a_payment_with_a_date_alone_reminds_the_partner_next_morning_and_not_after_closing() -> None:
    # 75 % of 12 working hours is 9 hours: the closing of the payment's own day, when nobody may be written to any more.
    course = Course(at("2026-11-16 14:00"))
    course.pay(at("2026-11-16 00:00"), date_only=True)
    course.deliver_sale()
    course.go_to(at("2026-11-17 08:59"))
    assert course.letters == []
    course.go_to(at("2026-11-17 09:05"))
    assert course.templates() == ["reminder"]
    assert [d["clause"] for d in course.letters[0].values["duties"]] == ["2.1.2", "2.1.3", "2.1.4"]  # type: ignore[index,union-attr,call-overload]


@pytest.mark.clause("handoff 2.2.3")
def test_a_duty_met_before_its_reminder_wakes_nobody() -> None:
    course = Course(at(ORDINARY)).transferred()
    course.accept()
    course.go_to(at("2026-11-17 09:00"))
    assert ("2.2.3", "cc") not in course.notices("warning")


@pytest.mark.clause("handoff 2.1.2")
def test_a_payment_learnt_on_a_day_off_after_its_term_is_a_breach_at_the_true_due_told_in_working_time() -> None:
    course = Course(at("2026-11-18 10:00"))
    course.careful = True
    course.deliver_sale()
    course.pay(at("2026-11-19 10:00"))
    course.go_to(at("2026-11-21 15:00"))  # a Saturday
    course.look_up()
    assert {r.due for r in course.rows if isinstance(r, BreachRow)} == {at("2026-11-20 12:00")}
    course.go_to(at("2026-11-23 08:59"))
    assert "breach" not in course.templates()
    course.go_to(at("2026-11-23 09:00"))
    assert course.templates().count("breach") == 1
    assert course.letters[-1].values["learnt_late"] is True
    rows = [r for r in course.rows if isinstance(r, NoticeRow) and r.kind == "breach"]
    assert {r.earliest for r in rows} == {at("2026-11-20 12:00")}
    assert {(r.clause, r.role, course.mailed(r, since=at("2026-11-21 15:00"))) for r in rows} == {
        (clause, "senior_regional_manager", at("2026-11-23 09:00")) for clause in ("2.1.2", "2.1.3", "2.1.4")
    }
    assert all("узнали позже" in r.text for r in rows)


@pytest.mark.clause("handoff 2.1.3")
def test_a_breach_outside_working_time_that_is_made_good_before_it_is_told_is_told_all_the_same() -> None:
    course = Course(at("2026-11-19 10:00")).paid()
    course.grant()
    course.say(Extend, clause="2.1.3", new_due=at("2026-11-20 20:00"), reason="просьба партнёра", by=MANAGER)
    course.go_to(at("2026-11-20 20:30"))
    course.request(files=())
    assert course.newest("2.1.3").standing == "met_late"
    assert "2.1.3" not in str([x.values.get("duties") for x in course.letters if x.template == "handoff/breach"])
    course.go_to(at("2026-11-23 09:00"))
    assert "2.1.3" in str([x.values.get("duties") for x in course.letters if x.template == "handoff/breach"])
    assert ("2.1.3", "senior_regional_manager") in course.notices("breach")


@pytest.mark.clause("handoff 2.2.4")
def test_what_a_busy_worker_comes_to_late_is_told_in_working_time_and_carries_its_due_instant() -> None:
    course = Course(at("2026-11-18 10:00")).transferred()
    course.now = at("2026-11-21 12:00")  # asleep from Wednesday to Saturday; 2.2.4 ran out on Friday at 16:00
    course.run()
    (row,) = _rows(course, "2.2.4")
    assert row.due == at("2026-11-20 16:00")
    told = [r for r in course.rows if isinstance(r, NoticeRow) and r.clause == "2.2.4" and r.kind == "breach"]
    assert {r.earliest for r in told} == {at("2026-11-20 16:00")}
    assert [course.mailed(r, since=course.now) for r in told] == [at("2026-11-23 09:00")] * 2
    assert [n for n in course.notices("warning") if n[0] == "2.2.4"] == []  # a reminder after the term reminds of nothing


@pytest.mark.clause("handoff 5.3 (2)")
def test_the_questionnaire_of_the_tests_is_complete() -> None:
    course = Course(at(ORDINARY)).transferred()
    assert set(course.state.settings.questionnaire) == set(QUESTIONNAIRE)
    course.accept()
    assert course.state.stage == "accepted"


@pytest.mark.clause("handoff 2.2.5")
def test_nobody_is_woken_only_to_tell_people_inside_of_a_breach() -> None:
    course = Course(at("2026-11-18 10:00"))
    course.silent.add("crm")
    course.grant()
    course.transferred()
    course.go_to(at("2026-11-20 18:00"))
    assert len(course.notices("breach")) == len(set(course.notices("breach")))
    assert ("2.2.5", "cc_head") in course.notices("breach")
    assert course.wake_at is not None
    assert course.wake_at > at("2026-11-23 09:00"), "the round of Monday morning needs no case awake"


@pytest.mark.clause("handoff 2.1.3")
@pytest.mark.parametrize("handled", [True, False])
def test_people_inside_hear_of_a_breach_that_was_let_go_whichever_came_first(handled: bool) -> None:
    """The timer or the waiver: a breach is a record, and the notice of it does not hang on who was quicker."""
    course = Course(at("2026-11-19 10:00")).paid()
    course.grant()
    course.go_to(at("2026-11-20 11:00"))
    late = at("2026-11-20 12:00") + timedelta(seconds=5)
    if handled:
        course.go_to(late)
    else:
        course.now = late
    course.say(Waive, clause="2.1.3", reason="просьба партнёра", by=MANAGER)
    assert course.notices("breach").count(("2.1.3", "senior_regional_manager")) == 1


@pytest.mark.clause("handoff 2.2.4")
def test_a_duty_met_after_its_reminder_is_filed_at_once_so_that_nobody_is_reminded_of_it() -> None:
    course = Course(at(ORDINARY)).transferred()
    while not course.newest("2.2.4").warned:
        assert course.wake_at is not None
        course.go_to(course.wake_at)
    course.state.pressing = False
    course.say(FirstContact)
    assert course.newest("2.2.4").standing == "met"
    assert course.state.pressing
    (row,) = [r for r in course.rows if isinstance(r, NoticeRow) and (r.clause, r.kind) == ("2.2.4", "warning")]
    assert course.mailed(row) is None
