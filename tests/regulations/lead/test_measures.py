"""8.2, 9: what is missed or forbidden is proposed to be answered by a measure, with its evidence; a person decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulations.lead.effects import ClientStanding
from regulations.lead.messages import ContactMade, ContactsChanged, InvoiceLinked, Postponed, StageNoted, ViolationReported
from regulations.lead.rows import MeasureRow
from regulations.rows import NoticeRow
from tests.regulations.lead.course import CALL, SUPPORT_PERSON, Course, at

WEDNESDAY = "2026-11-18 10:00"
MISSED = ("move", "left_out_for_quarter", "left_out_for_good", "move_client", "close_product")
REMOVAL = ("delete", "left_out_for_quarter", "left_out_for_good", "disconnect")


def begun(**fields: Any) -> Course:
    course = Course(at(WEDNESDAY))
    course.careful = True
    return course.begun(**fields)


def proposed(course: Course) -> MeasureRow:
    """The one proposal. It stands in the register, in the trail, and is told to the sales support service with its key and evidence."""
    (row,) = course.measures()
    told = [r for r in course.rows if isinstance(r, NoticeRow) and r.kind == "incident" and r.role == "sales_support"]
    assert [(r.key, r.clause) for r in told] == [(row.key, row.clause)]
    assert row.key in told[0].text
    assert row.evidence in told[0].text
    assert "centre.measure_decided" in told[0].text
    assert [f.note for f in course.state.facts if f.what == "proposed"] == [f"{row.clause}: {row.evidence}"]
    assert [p.key for p in course.state.proposals] == [row.key]
    return row


@pytest.mark.clause("lead 9.1")
@pytest.mark.parametrize(("temperature", "clause", "due"), [("hot", "7.2.1", "18.11.2026 13:00"), ("warm", "7.2.2", "25.11.2026 10:00")])
def test_a_missed_term_is_proposed_with_its_due_instant(temperature: str, clause: str, due: str) -> None:
    course = begun(temperature=temperature)
    course.go(days=8)
    row = proposed(course)
    assert (row.key, row.clause, row.centre, row.product, row.allows) == (f"uid-1/{clause}/1", clause, "vlad-1", "extern", MISSED)
    assert f"{due} (+10:00)" in row.evidence
    assert row.proposed_at == course.newest(clause).breached_at


@pytest.mark.clause("lead 9.1")
@pytest.mark.clause("lead 5.2.3")
def test_a_cold_lead_may_move_by_a_measure() -> None:
    course = begun(temperature="cold", type="renewal")
    course.go(days=31)
    assert proposed(course).allows == MISSED


@pytest.mark.clause("lead 9.1")
def test_a_duty_done_in_time_proposes_nothing() -> None:
    course = begun().take()
    course.say(StageNoted, stage="предложение отправлено")
    course.go(days=60)
    assert course.measures() == []


def test_a_proposal_without_ground_is_said_to_have_none() -> None:
    course = begun()
    course.go(hours=5)
    row = proposed(course)
    course.take(at("2026-11-18 12:00"))
    told = [r.text for r in course.rows if isinstance(r, NoticeRow) and r.role == "sales_support"]
    assert [row.key in text and "нет основания" in text for text in told].count(True) == 1
    assert len(course.measures()) == 1


@pytest.mark.clause("lead 8.2.1")
def test_a_booking_without_any_work_is_proposed_at_its_end() -> None:
    course = begun().take()
    end = at("2026-12-18 10:00")
    course.go_to(end - timedelta(seconds=1))
    assert course.measures() == []
    course.go_to(end)
    row = proposed(course)
    assert (row.clause, row.allows, row.proposed_at) == ("8.2.1", REMOVAL, end)
    assert "с 18.11.2026 10:00 (+10:00) по 18.12.2026 10:00 (+10:00)" in row.evidence
    course.go(days=60)
    assert len(course.measures()) == 1


@pytest.mark.clause("lead 8.2.1")
@pytest.mark.parametrize("work", ["stage", "invoice"])
def test_a_booking_with_a_stage_or_an_invoice_under_way_is_no_idle_one(work: str) -> None:
    course = begun().take()
    if work == "stage":
        course.say(StageNoted, stage="предложение отправлено")
    else:
        course.silent = {"billing"}
        course.say(InvoiceLinked, invoice="inv-1")
    course.go(days=40)
    assert not course.state.booked
    assert course.measures() == []


@pytest.mark.clause("lead 8.2.2")
def test_postponing_again_and_again_without_a_contact_is_proposed_once() -> None:
    course = begun(type="renewal").take()
    for number in (1, 2):
        course.say(Postponed, until=course.now + timedelta(days=number))
    assert course.measures() == []
    course.say(Postponed, until=course.now + timedelta(days=3))
    row = proposed(course)
    assert (row.clause, row.allows) == ("8.2.2", ("move",))
    assert "3" in row.evidence
    course.say(Postponed, until=course.now + timedelta(days=4))
    assert len(course.measures()) == 1


@pytest.mark.clause("lead 8.2.2")
def test_a_contact_in_between_starts_the_count_anew() -> None:
    course = begun(type="renewal").take()
    for _ in range(4):
        course.say(Postponed, until=course.now + timedelta(days=1))
        course.say(ContactMade, contact=CALL)
    assert course.measures() == []


@pytest.mark.clause("lead 8.2.4")
def test_made_up_contacts_are_proposed_by_their_number_alone() -> None:
    course = Course(at(WEDNESDAY))
    course.careful = True
    course.standing = ClientStanding(made_up=("0:phone", "1:email"))
    contacts = ({"name": "Иванов", "phone": "+7 111 111-11-11"}, {"name": "Петров", "email": "a@example.com"})
    course.begun(contacts=contacts, creator="centre", origin="demo_order")
    row = proposed(course)
    assert (row.clause, row.allows) == ("8.2.4", REMOVAL)
    assert "телефон контакта № 1, e-mail контакта № 2" in row.evidence
    assert "сервисный центр" in row.evidence
    assert not any(said in row.evidence for said in ("111", "example", "Иванов", "Петров"))
    course.standing = ClientStanding()
    course.say(ContactsChanged, contacts=({"name": "Иванов", "phone": "+7 495 123-45-67"},))
    assert len(course.measures()) == 1


@pytest.mark.clause("lead 8.2.3")
@pytest.mark.clause("lead 9.3")
@pytest.mark.parametrize(
    ("clause", "allows"),
    [("8.2.1", REMOVAL), ("8.2.2", ("move",)), ("8.2.3", ("move",)), ("8.2.4", REMOVAL)],
)
def test_what_somebody_reports_is_proposed_with_their_words(clause: str, allows: tuple[str, ...]) -> None:
    course = begun(type="renewal")
    course.say(ViolationReported, clause=clause, evidence="клиент говорит, что с ним не связывались", by=SUPPORT_PERSON)
    row = proposed(course)
    assert (row.clause, row.allows, row.evidence) == (clause, allows, "клиент говорит, что с ним не связывались")


@pytest.mark.clause("lead 9.4")
def test_a_proposal_alone_changes_nothing() -> None:
    course = begun()
    before = course.state.centre, course.state.stage
    course.go(days=40)
    assert {m.clause for m in course.measures()} == {"7.2.1", "8.2.1"}
    assert (course.state.centre, course.state.stage) == before


@pytest.mark.clause("lead 9.4")
def test_what_the_machine_says_of_a_proposal_fits_a_line_of_the_round() -> None:
    """A round cuts a notice after 300 characters: the key, the event and the evidence come first, and the whole fits."""
    course = Course(at(WEDNESDAY))
    course.state.uid = "0198a4a2-1111-7000-8000-123456789012"
    course.begun()
    course.go(days=31)
    told = [r.text for r in course.rows if isinstance(r, NoticeRow) and r.kind == "incident" and r.role == "sales_support"]
    assert len(told) == 2
    assert max(map(len, told)) <= 300
