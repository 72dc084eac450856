"""What holds for a lead as for every case: who lets go and withdraws, calendars, letters, a centre that nobody has defined yet."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from regulations.effects import LetterOutcome
from regulations.lead.effects import ClientStanding
from regulations.lead.messages import (
    Created,
    Declined,
    ExtendOfLead,
    PauseOfLead,
    ResumeOfLead,
    TypeChanged,
    WaiveOfLead,
    WithdrawOfLead,
)
from regulations.messages import CalendarChanged, Sold
from tests.regulations.lead.course import CENTRE_PERSON, PRINCIPAL_PERSON, SUPPORT_PERSON, Course, at

MONDAY = at("2026-11-16 10:00")


def _course(kind: str = "connection", **fields: Any) -> Course:
    course = Course(MONDAY)
    course.careful = True
    if kind == "upsell":
        course.standing = ClientStanding(paid_until=MONDAY + timedelta(days=100))
    return course.begun(type=kind, **fields)


@pytest.mark.clause("lead 9.4")
def test_only_the_sales_support_service_waives_extends_pauses_and_withdraws() -> None:
    course = _course(temperature="warm")
    fields: dict[str, Any] = {"clause": "7.2.2", "reason": "клиент в отпуске"}
    for person in (CENTRE_PERSON, PRINCIPAL_PERSON):
        assert course.refused(WaiveOfLead, **fields, by=person) == "NotYours"
        assert course.refused(ExtendOfLead, **fields, new_due=MONDAY + timedelta(days=9), by=person) == "NotYours"
        assert course.refused(PauseOfLead, **fields, by=person) == "NotYours"
        assert course.refused(WithdrawOfLead, reason="ошибка", by=person) == "NotYours"
    course.say(PauseOfLead, **fields, by=SUPPORT_PERSON)
    assert course.newest("7.2.2").paused
    course.go(hours=1)
    course.say(ResumeOfLead, clause="7.2.2", by=SUPPORT_PERSON)
    course.say(ExtendOfLead, **fields, new_due=MONDAY + timedelta(days=20), by=SUPPORT_PERSON)
    assert course.newest("7.2.2").due == MONDAY + timedelta(days=20)
    course.say(WaiveOfLead, **fields, by=SUPPORT_PERSON)
    assert (course.standings(), course.state.status) == ({"7.2.2/1": "waived"}, "new")


@pytest.mark.clause("lead 9.2")
def test_a_lead_is_withdrawn_in_an_orderly_way() -> None:
    course = _course()
    course.say(WithdrawOfLead, reason="создана по ошибке", by=SUPPORT_PERSON)
    state = course.state
    assert (state.status, state.ended, state.outcome) == ("withdrawn", True, "withdrawn")
    assert (course.standings(), course.newest("7.2.1").note) == ({"7.2.1/1": "waived"}, "withdrawn")
    assert state.booking is not None
    assert state.booking.why == "withdrawn"
    assert course.notices("ended") == [("", "centre:vlad-1")]


@pytest.mark.clause("lead 7.2")
def test_a_calendar_change_touches_only_what_depends_on_it() -> None:
    course = _course()
    assert course.state.opening is not None
    fields: dict[str, Any] = {"calendar": course.state.opening.calendar, "version": "v2"}
    assert course.refused(CalendarChanged, **fields, changed=[date(2026, 11, 20)]) == "NotTouched"
    assert course.refused(CalendarChanged, **{**fields, "calendar": "company"}, changed=[date(2026, 11, 16)]) == "NotTouched"
    course.say(CalendarChanged, **fields, changed=[date(2026, 11, 16)])
    assert (course.due_of("7.2.1"), course.state.facts[-1].what) == ("2026-11-16 13:00", "CalendarChanged")


@pytest.mark.clause("lead 3.1")
def test_a_message_of_another_regulation_is_refused() -> None:
    course = _course()
    sale: dict[str, Any] = {
        "deal": "D-1",
        "partner": {"id": "p", "name": "П", "email": "p@romashka.ru", "collects_payments": False},
        "client": {"login": "c@romashka.ru", "name": "К", "inn": "7707083893"},
        "tariff_line": "bureau",
        "contract": "offer",
    }
    assert course.refused(Sold, **sale) == "UnknownMessage"


@pytest.mark.clause("lead 5.2.1")
@pytest.mark.parametrize(
    ("outcome", "incident"),
    [
        (None, ["letter_refused"]),
        (LetterOutcome(result="held", message_id="<m>", subject="s"), ["letter_held"]),
        (LetterOutcome(result="sent", message_id="<m>", subject="s"), []),
        (LetterOutcome(result="sent", message_id="<m>", subject="s", repeated=True), ["letter_doubtful"]),
        (LetterOutcome(result="sent", message_id="<m>", subject="s", refused=1), ["letter_doubtful"]),
    ],
)
def test_a_letter_that_did_not_go_well_is_an_incident(outcome: LetterOutcome | None, incident: list[str]) -> None:
    course = Course(MONDAY)
    course.careful = True
    course.post = outcome
    course.begun()
    assert course.templates() == ["assigned"]
    assert course.incidents() == incident
    assert course.state.letters_out == []


@pytest.mark.clause("lead 3.2")
def test_a_lead_whose_centre_nobody_has_defined_keeps_all_that_happens_until_it_is() -> None:
    course = Course(MONDAY)
    course.known = {}
    course.begun(temperature="warm")
    course.go(hours=1)
    course.again()
    course.go(hours=1)
    course.take()
    course.say(Declined, reason="не нужно")
    assert (course.state.status, course.state.ended) == ("declined", False)
    course.known = {"vlad-1": "Asia/Vladivostok"}
    course.run()
    assert course.standings() == {"7.2.2/1": "met", "7.2.1/1": "met"}
    assert course.state.ended
    assert Created.__name__ in {f.what for f in course.state.facts}


@pytest.mark.clause("lead 4.1.4")
def test_the_type_that_a_lead_has_already_is_no_change() -> None:
    assert _course().refused(TypeChanged, type="connection") == "SameType"
