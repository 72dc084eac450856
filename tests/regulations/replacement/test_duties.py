"""5.1, 5.2, 5.3: by when, reminders, breaches, who lets go of what; and the password, destroyed at every end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from regulations.effects import LetterOutcome
from regulations.messages import CalendarChanged, Sold
from regulations.replacement.effects import SecretToDestroy
from regulations.replacement.facts import learn_destroyed
from regulations.replacement.messages import (
    Barred,
    ExtendOfReplacement,
    PauseOfReplacement,
    ResumeOfReplacement,
    WaiveOfReplacement,
    WithdrawOfReplacement,
)
from regulations.rows import NoticeRow
from tests.regulations.course import at, local
from tests.regulations.replacement.course import CONTROL_PERSON, DECIDED, FINE, OFFICE_PERSON, OWN_CRM, TECHNICAL_PERSON, Course

SECOND = timedelta(seconds=1)
DUE = at("2026-11-19 18:00")
"""Of a request of Monday, 16 November 2026."""


# --- 5.2, 5.3: terms ------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 5.2")
@pytest.mark.parametrize(
    ("receipt", "due"),
    [
        ("2026-11-16 10:00", "2026-11-19 18:00"),
        ("2026-11-16 23:59", "2026-11-19 18:00"),
        ("2026-11-20 17:59", "2026-11-25 18:00"),
        ("2026-11-21 12:00", "2026-11-25 18:00"),  # a Saturday
        ("2026-06-11 10:00", "2026-06-17 18:00"),  # over the holiday of 12 June
    ],
)
def test_the_decision_is_due_three_working_days_after_the_receipt(receipt: str, due: str) -> None:
    course = Course(at(receipt) + timedelta(hours=1))
    course.request(at(receipt))
    assert local(course.duty("5.2/1").due or course.now) == due
    assert course.duty("5.2/1").owner == "quality_control"


@pytest.mark.clause("replacement 5.3")
@pytest.mark.parametrize(("ruled", "due"), [("2026-11-17 12:00", "2026-11-18 18:00"), ("2026-11-20 19:00", "2026-11-23 18:00")])
def test_the_credit_is_due_one_working_day_after_the_decision(ruled: str, due: str) -> None:
    course = Course()
    course.silent = {"credit"}
    course.audited().go_to(ruled).decide()
    assert local(course.duty("5.3/1").due or course.now) == due
    assert course.duty("5.3/1").owner == "technical"


@pytest.mark.clause("replacement 5.2")
def test_both_are_reminded_while_there_is_no_export_and_then_quality_control_alone() -> None:
    without, with_export = Course().request(), Course().audited()
    for course in (without, with_export):
        course.go_to(DUE - SECOND)
    assert without.notices("warning") == [("5.2", "technical"), ("5.2", "quality_control"), ("5.2", "technical")]
    assert with_export.notices("warning") == [("5.2", "technical"), ("5.2", "quality_control")]
    course = Course().request()
    course.go_to("2026-11-20 10:00")
    assert len(course.notices("warning")) == 3


@pytest.mark.clause("replacement 5.2")
def test_a_decision_at_the_due_instant_is_in_time_and_one_after_it_is_late() -> None:
    in_time, late = Course().audited(), Course().audited()
    in_time.go_to(DUE - SECOND)
    in_time.now = DUE
    in_time.decide()
    assert (in_time.standings()["5.2/1"], in_time.breaches()) == ("met", [])
    late.go_to(DUE + SECOND).decide()
    assert (late.standings()["5.2/1"], late.breaches()) == ("met_late", [("5.2", "recorded"), ("5.2", "met_late")])


@pytest.mark.clause("replacement 5.2")
def test_a_breach_is_told_to_quality_control_and_the_head_office() -> None:
    course = Course().audited().go_to(DUE)
    assert course.notices("breach") == [("5.2", "head_office"), ("5.2", "quality_control")]
    assert [r.earliest for r in course.rows if isinstance(r, NoticeRow) and r.kind == "breach"] == [DUE, DUE]


@pytest.mark.clause("replacement 5.2")
def test_a_decision_made_in_time_and_learnt_late_withdraws_the_breach() -> None:
    course = Course().audited().go_to(DUE + timedelta(hours=2))
    course.decide(DUE - timedelta(hours=1))
    assert course.breaches() == [("5.2", "recorded"), ("5.2", "withdrawn")]
    assert course.notices("breach_withdrawn") == [("5.2", "head_office"), ("5.2", "quality_control")]


@pytest.mark.clause("replacement 5.2")
@pytest.mark.parametrize(("problems", "breaches"), [((), []), (("строка 1",), [("5.2", "recorded")])])
def test_a_decision_that_is_being_read_when_the_term_runs_out_is_waited_for(
    problems: tuple[str, ...], breaches: list[tuple[str, str]]
) -> None:
    course = Course()
    course.silent = {"decision"}
    course.audited().go_to(DUE - SECOND).decide()
    course.go_to(DUE + timedelta(hours=1))
    assert course.breaches() == []
    course.decision = DECIDED.model_copy(update={"problems": problems})
    course.answer()
    assert course.breaches() == breaches


@pytest.mark.clause("replacement 5.3")
def test_a_credit_that_is_not_confirmed_in_time_is_a_breach_and_then_met_late() -> None:
    course = Course()
    course.silent = {"credit"}
    course.audited().decide().go_to("2026-11-17 18:00")
    assert course.breaches() == [("5.3", "recorded")]
    assert course.notices("breach") == [("5.3", "head_office"), ("5.3", "technical")]
    course.go(seconds=1).answer()
    assert (course.standings()["5.3/1"], course.stage) == ("met_late", "credited")


@pytest.mark.clause("replacement 3.6")
def test_a_term_that_had_run_out_before_the_end_is_a_breach_all_the_same() -> None:
    course = Course().audited()
    course.go_to(DUE - SECOND)
    course.now = DUE + timedelta(hours=1)  # a worker was away
    course.say(WithdrawOfReplacement, by=OFFICE_PERSON, reason="по ошибке")
    assert course.breaches() == [("5.2", "recorded")]


# --- who lets go ----------------------------------------------------------------------------------------------------


def test_the_head_office_alone_waives_extends_pauses_and_withdraws() -> None:
    course = Course().audited()
    fields: dict[str, Any] = {"clause": "5.2", "reason": "выгрузка задержана"}
    for person in (CONTROL_PERSON, TECHNICAL_PERSON):
        by: dict[str, Any] = {"by": person}
        assert course.refused(WaiveOfReplacement, **fields, **by) == "NotYours"
        assert course.refused(ExtendOfReplacement, **fields, new_due=DUE + timedelta(days=1), **by) == "NotYours"
        assert course.refused(PauseOfReplacement, **fields, **by) == "NotYours"
        assert course.refused(ResumeOfReplacement, clause="5.2", **by) == "NotYours"
        assert course.refused(WithdrawOfReplacement, reason="по ошибке", **by) == "NotYours"
    course.say(PauseOfReplacement, **fields, by=OFFICE_PERSON)
    assert course.duty("5.2/1").paused
    course.go(hours=1)
    course.say(ResumeOfReplacement, clause="5.2", by=OFFICE_PERSON)
    course.say(ExtendOfReplacement, **fields, new_due=DUE + timedelta(days=7), by=OFFICE_PERSON)
    assert course.duty("5.2/1").due == DUE + timedelta(days=7)
    course.say(WaiveOfReplacement, **fields, by=OFFICE_PERSON)
    assert course.standings() == {"5.2/1": "waived"}
    assert course.decide().stage == "credited", "what nobody owes may be done all the same"


@pytest.mark.clause("replacement 5.2")
def test_a_calendar_change_touches_only_what_depends_on_it() -> None:
    course = Course().request()
    fields: dict[str, Any] = {"calendar": "company", "version": "v2"}
    assert course.refused(CalendarChanged, **fields, changed=[date(2026, 11, 20)]) == "NotTouched"
    course.say(CalendarChanged, **fields, changed=[date(2026, 11, 18)])
    assert course.state.facts[-1].what == "CalendarChanged"
    assert course.duty("5.2/1").due == DUE


@pytest.mark.clause("replacement 5.2")
def test_a_message_of_another_regulation_is_refused() -> None:
    sale: dict[str, Any] = {
        "deal": "D-1",
        "partner": {"id": "p", "name": "П", "email": "p@romashka.ru", "collects_payments": False},
        "client": {"login": "c@romashka.ru", "name": "К", "inn": "7707083893"},
        "tariff_line": "bureau",
        "contract": "offer",
    }
    assert Course().request().refused(Sold, **sale) == "UnknownMessage"


# --- the post -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "incident"),
    [
        (None, ["letter_refused"]),
        (LetterOutcome(result="held", message_id="<m>", subject="s"), ["letter_held"]),
        (LetterOutcome(result="sent", message_id="<m>", subject="s", repeated=True), ["letter_doubtful"]),
    ],
)
def test_a_letter_that_did_not_go_well_is_an_incident_also_at_the_end(outcome: LetterOutcome | None, incident: list[str]) -> None:
    course = Course()
    course.account = FINE.model_copy(update={"balance": 9_000})
    course.silent = {"post"}
    course.request()
    assert (course.stage, course.state.ended) == ("refused", False)
    course.post = outcome
    course.answer()
    assert (course.incidents(), course.state.ended) == (incident, True)
    told = [("", "head_office")] if incident != ["letter_doubtful"] else []
    assert course.notices("incident") == told


# --- 5.1: the password ----------------------------------------------------------------------------------------------


def integrated() -> Course:
    course = Course()
    course.account = FINE.model_copy(update={"mode": "integrated"})
    course.silent = {"secret"}
    return course


def _credited(course: Course) -> None:
    course.audited(crm=OWN_CRM).decide()


def _nothing(course: Course) -> None:
    course.decision = DECIDED.model_copy(update={"amount": 0})
    course.audited(crm=OWN_CRM).decide()


def _refused(course: Course) -> None:
    course.account = FINE
    course.request(crm=OWN_CRM)


def _barred(course: Course) -> None:
    course.audited(crm=OWN_CRM)
    course.say(Barred, by=CONTROL_PERSON, reason="не принимает замечаний")


def _withdrawn(course: Course) -> None:
    course.silent |= {"account"}
    course.request(crm=OWN_CRM)
    course.say(WithdrawOfReplacement, by=OFFICE_PERSON, reason="по ошибке")


def _given_up(course: Course) -> None:
    course.audited(crm=OWN_CRM)
    course.account = course.account.model_copy(update={"past_due_since": at("2026-11-01 00:00")})
    course.decide().go(days=31)


@pytest.mark.clause("replacement 5.1")
@pytest.mark.parametrize(
    ("way", "outcome"),
    [
        (_credited, "credited"),
        (_nothing, "nothing_confirmed"),
        (_refused, "refused"),
        (_barred, "refused"),
        (_withdrawn, "withdrawn"),
        (_given_up, "refused"),
    ],
)
def test_the_password_is_destroyed_at_every_end_and_the_case_ends_only_then(way: Any, outcome: str) -> None:
    course = integrated()
    way(course)
    assert (course.stage, course.destroyed, course.state.ended) == (outcome, ["secret-1"], False)
    course.run()
    assert course.destroyed == ["secret-1"], "it is under way"
    course.answer("secret")
    assert (course.state.ended, course.state.secret_destroyed, course.state.outcome) == (True, True, outcome)


@pytest.mark.clause("replacement 5.1")
def test_a_password_destroyed_twice_is_destroyed_once() -> None:
    course = integrated()
    _refused(course)
    course.answer()
    before = course.state.model_dump_json()
    learn_destroyed(course.state, SecretToDestroy(secret="secret-1", case=course.state.address, now=course.now), course.now)
    assert course.state.model_dump_json() == before


@pytest.mark.clause("replacement 5.1")
def test_without_a_password_there_is_nothing_to_destroy() -> None:
    assert Course().audited().decide().destroyed == []
