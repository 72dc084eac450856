"""Facts out of order, late, twice, in conflict, from the future and the past: what counts is when they happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulations.case import Refusal
from regulations.messages import (
    Accepted,
    AccessGranted,
    ContractSigned,
    EnteredIntoCrm,
    Extend,
    FirstContact,
    Message,
    Pause,
    RequestReceived,
    Returned,
    TrainingDone,
    Waive,
    Withdraw,
)
from regulations.rows import BreachRow, NoticeRow
from tests.regulations.course import at
from tests.regulations.handoff.course import CC_HEAD_PERSON, CC_PERSON, FILES, MANAGER, Course, sale

MONDAY = "2026-11-16 10:00"
DUE_OF_CONTACT = at("2026-11-18 16:00")


def _begin(when: str = MONDAY) -> Course:
    course = Course(at(when))
    course.careful = True
    return course


@pytest.mark.clause("handoff 2.1.2")
def test_access_before_the_request_and_before_the_payment_counts() -> None:
    course = _begin()
    course.deliver_sale()
    course.say(AccessGranted, reference="acc-1", tariff="bureau-12")
    course.go(hours=3)
    course.pay()
    course.look_up()
    course.request()
    assert (course.newest("2.1.2").standing, course.newest("2.1.2").met_at) == ("met", at(MONDAY))


@pytest.mark.clause("handoff 2.1.3")
def test_a_payment_learnt_last_of_all_opens_and_meets_everything_at_its_own_time() -> None:
    course = _begin()
    course.deliver_sale()
    course.say(AccessGranted, reference="acc-1", tariff="bureau-12")
    course.request()
    course.say(FirstContact)
    course.go_to(at("2026-11-18 10:00"))
    course.pay(at("2026-11-16 09:00"))
    course.look_up()
    assert {c: course.newest(c).standing.value for c in ("2.1.2", "2.1.3", "2.1.4", "2.2.4")} == dict.fromkeys(
        ("2.1.2", "2.1.3", "2.1.4", "2.2.4"), "met"
    )
    assert course.state.transfer_at == at(MONDAY)
    assert course.breaches() == [("2.2.3", "recorded")]  # the answer to the partner was due on Monday at 18:00
    assert all("узнали позже" in r.text for r in course.rows if isinstance(r, NoticeRow) and r.kind == "breach")


@pytest.mark.clause("handoff 2.2.1")
def test_a_contract_signed_and_a_contact_made_early_count_when_they_are_owed() -> None:
    course = _begin().paid()
    course.say(FirstContact)
    course.say(ContractSigned)
    course.go(hours=1)
    course.request()
    course.accept()
    for clause in ("2.2.4", "2.2.1"):
        assert (course.newest(clause).standing, course.newest(clause).met_at) == ("met", at(MONDAY))


@pytest.mark.clause("handoff 2.1.4")
@pytest.mark.parametrize("reverse", [False, True])
def test_two_halves_of_a_request_make_the_transfer_at_the_later_one_in_whatever_order_they_reach_us(reverse: bool) -> None:
    halves = [(at("2026-11-16 11:00"), (FILES[0],)), (at("2026-11-16 12:00"), (FILES[1],))]
    course = _begin().paid()
    course.go_to(at("2026-11-16 13:00"))
    for number, (received, files) in enumerate(reversed(halves) if reverse else halves):
        course.request(received, files=files, message_id=f"<{received:%H}@partner>")
        assert course.state.stage == ("checking" if number else "awaiting_transfer")
    assert course.state.transfer_at == at("2026-11-16 12:00")
    assert course.newest("2.1.4").met_at == at("2026-11-16 12:00")
    assert course.newest("2.1.3").met_at == at("2026-11-16 11:00")
    assert course.state.request is not None
    assert course.state.request.message_id == f"<{at('2026-11-16 12:00'):%H}@partner>"  # the thread that is answered is the newest


@pytest.mark.clause("handoff 2.2.4")
def test_a_contact_made_in_time_and_reported_a_day_late_withdraws_the_breach_and_tells_of_it() -> None:
    course = _begin().transferred()
    course.go_to(at("2026-11-19 16:00"))
    assert course.newest("2.2.4").standing == "overdue"
    course.say(FirstContact, DUE_OF_CONTACT - timedelta(hours=1))
    duty = course.newest("2.2.4")
    assert (duty.standing, duty.met_at, duty.breached_at) == ("met", DUE_OF_CONTACT - timedelta(hours=1), DUE_OF_CONTACT)
    recorded, withdrawn = (r for r in course.rows if isinstance(r, BreachRow) and r.clause == "2.2.4")
    assert (recorded.entry, withdrawn.entry) == ("recorded", "withdrawn")
    assert (withdrawn.due, withdrawn.at) == (DUE_OF_CONTACT, at("2026-11-19 16:00"))  # when we learnt of it
    assert withdrawn.note == "выполнено в срок: 18.11.2026 15:00 (+03:00); узнали позже"
    assert sorted(n for n in course.notices("breach_withdrawn") if n[0] == "2.2.4") == [("2.2.4", "cc"), ("2.2.4", "cc_head")]


@pytest.mark.clause("handoff 2.1.2")
def test_a_breach_withdrawn_at_night_is_told_to_the_partner_in_the_morning() -> None:
    course = _begin().paid()
    course.go_to(at("2026-11-17 21:00"))
    course.say(AccessGranted, at("2026-11-17 11:00"), reference="acc-1", tariff="bureau-12")
    assert course.templates()[-1] == "breach"
    course.go_to(at("2026-11-18 09:00"))
    assert course.templates()[-1] == "breach_withdrawn"
    assert course.letters[-1].values["learnt_late"] is True
    assert "2.1.3" not in str(course.letters[-1].values["duties"])


@pytest.mark.clause("handoff 2.2.4")
def test_a_breach_withdrawn_before_it_was_told_is_told_to_nobody() -> None:
    course = _begin("2026-11-19 10:00").paid()
    course.request()
    course.say(Extend, clause="2.1.2", new_due=at("2026-11-20 20:00"), reason="просьба партнёра", by=MANAGER)
    course.go_to(at("2026-11-20 21:00"))
    assert course.newest("2.1.2").standing == "overdue"
    course.say(AccessGranted, at("2026-11-20 19:00"), reference="acc-1", tariff="bureau-12")
    course.go_to(at("2026-11-24 09:00"))
    assert not {"breach", "breach_withdrawn"} & set(course.templates())
    rows = [r for r in course.rows if isinstance(r, NoticeRow) and r.clause == "2.1.2" and r.kind.startswith("breach")]
    assert [(r.kind, r.role) for r in rows] == [("breach", MANAGER.role), ("breach_withdrawn", MANAGER.role)]
    assert [course.mailed(r) for r in rows] == [None, None]


@pytest.mark.clause("handoff 2.2.4")
def test_met_late_and_then_an_earlier_fact() -> None:
    course = _begin().transferred()
    course.go_to(at("2026-11-19 16:00"))
    course.say(FirstContact, DUE_OF_CONTACT + timedelta(hours=2))
    assert course.newest("2.2.4").standing == "met_late"
    course.say(FirstContact, DUE_OF_CONTACT + timedelta(hours=1))
    assert (course.newest("2.2.4").standing, course.newest("2.2.4").met_at) == ("met_late", DUE_OF_CONTACT + timedelta(hours=1))
    course.say(FirstContact, DUE_OF_CONTACT)
    assert (course.newest("2.2.4").standing, course.newest("2.2.4").met_at) == ("met", DUE_OF_CONTACT)
    entries = [e for c, e in course.breaches() if c == "2.2.4"]
    assert entries == ["recorded", "met_late", "withdrawn"]


@pytest.mark.clause("handoff 2.2.4")
@pytest.mark.parametrize("hours", [(1, 2), (2, 1)])
def test_of_two_proofs_the_earlier_counts_whichever_comes_first(hours: tuple[int, int]) -> None:
    course = _begin().transferred()
    course.go(hours=4)
    for h in hours:
        course.say(FirstContact, at(MONDAY) + timedelta(hours=h))
    assert course.newest("2.2.4").met_at == at(MONDAY) + timedelta(hours=1)


# --- twice, in conflict, impossible ---------------------------------------------------------------------------------


def test_the_same_event_five_times_counts_once_and_names_its_first_revision() -> None:
    course = _begin().transferred()
    contact = FirstContact(key="evt-9", happened_at=course.now, deal="D-1")
    course.deliver(contact)
    first = course.state.revision
    before = course.state.model_dump_json()
    for source in ("event", "mailbox", "cli", "ui", "event"):
        course.go(hours=1)
        with pytest.raises(Refusal) as refusal:
            course.deliver(contact.model_copy(update={"source": source}))
        assert (refusal.value.type, str(refusal.value)) == ("Repeated", str(first))
    assert course.state.model_dump_json() == before


def test_a_repeat_after_the_end_is_still_a_repeat() -> None:
    course = _begin()
    message = sale(course.now)
    course.deliver(message)
    course.say(Withdraw, reason="ошибка продажи", by=CC_HEAD_PERSON)
    with pytest.raises(Refusal) as refusal:
        course.deliver(message)
    assert refusal.value.type == "Repeated"


def test_the_same_key_with_another_body_is_a_conflict() -> None:
    course = _begin().transferred()
    course.deliver(FirstContact(key="evt-9", happened_at=course.now, deal="D-1"))
    before = course.state.model_dump_json()
    for other in (
        FirstContact(key="evt-9", happened_at=course.now - timedelta(seconds=1), deal="D-1"),
        TrainingDone(key="evt-9", happened_at=course.now, deal="D-1"),
    ):
        with pytest.raises(Refusal) as refusal:
            course.deliver(other)
        assert refusal.value.type == "Conflict"
    assert course.state.model_dump_json() == before


@pytest.mark.parametrize(("ahead", "refused"), [(timedelta(minutes=5), False), (timedelta(minutes=5, seconds=1), True)])
def test_up_to_five_minutes_ahead_is_a_clock_and_more_is_the_future(ahead: timedelta, refused: bool) -> None:
    course = _begin().transferred()
    if refused:
        assert course.refused(FirstContact, course.now + ahead) == "FromTheFuture"
    else:
        course.say(FirstContact, course.now + ahead)
        assert course.newest("2.2.4").standing == "met"


@pytest.mark.clause("handoff 2.1.2")
@pytest.mark.parametrize(("before", "refused"), [(timedelta(days=1), False), (timedelta(days=1, seconds=1), True)])
def test_access_before_the_sale_by_more_than_a_day_is_impossible(before: timedelta, refused: bool) -> None:
    course = _begin().transferred()
    given: dict[str, Any] = {"reference": "acc-1", "tariff": "bureau-12"}
    if refused:
        assert course.refused(AccessGranted, at(MONDAY) - before, **given) == "ImpossibleDate"
    else:
        course.say(AccessGranted, at(MONDAY) - before, **given)
        assert course.newest("2.1.2").standing == "met"


def test_a_decision_of_a_person_dated_before_the_sale_is_impossible_too() -> None:
    # An extension from the year 1990 would ask for a calendar that does not exist, and stop the case for good.
    course = _begin().transferred()
    long_ago = at("1990-01-01 10:00")
    fields: dict[str, Any] = {"clause": "2.2.4", "reason": "клиент в отпуске", "by": CC_HEAD_PERSON}
    assert course.refused(Extend, long_ago, new_due=at("2026-11-20 10:00"), **fields) == "ImpossibleDate"
    assert course.refused(Pause, long_ago, **fields) == "ImpossibleDate"
    assert course.refused(Waive, long_ago, **fields) == "ImpossibleDate"


@pytest.mark.parametrize(
    ("stage", "kind", "fields", "refusal"),
    [
        ("paid", Accepted, {"by": CC_PERSON}, "WrongStage"),
        ("paid", Returned, {"by": CC_PERSON, "reasons": [{"clause": "3.3"}]}, "WrongStage"),
        ("paid", EnteredIntoCrm, {"record": "z1"}, "WrongStage"),
        ("checking", EnteredIntoCrm, {"record": "z1"}, "WrongStage"),
        ("checking", FirstContact, {"deal": "D-2"}, "OtherDeal"),
        ("accepted", Accepted, {"by": CC_PERSON}, "WrongStage"),
        ("accepted", RequestReceived, {"subject": "Обучение клиента от ИП Петров"}, "WrongStage"),
        ("returned", Accepted, {"by": CC_PERSON}, "WrongStage"),
        ("returned", Returned, {"by": CC_PERSON, "reasons": [{"clause": "3.3"}]}, "WrongStage"),
        ("checking", Waive, {"clause": "2.2.7", "reason": "не нужно", "by": CC_HEAD_PERSON}, "NoSuchObligation"),
        ("checking", Message, {}, "UnknownMessage"),
    ],
)
def test_what_does_not_fit_the_stage_is_refused_by_type_and_leaves_no_trace(
    stage: str, kind: type[Message], fields: dict[str, Any], refusal: str
) -> None:
    course = _begin().paid()
    if stage != "paid":
        course.request()
    if stage == "accepted":
        course.accept()
    if stage == "returned":
        course.give_back("3.3")
    assert course.refused(kind, **fields) == refusal


@pytest.mark.parametrize("kind", [Accepted, Returned])
def test_a_decision_before_the_transfer_it_is_about_is_impossible(kind: type[Message]) -> None:
    course = _begin().paid()
    course.go(hours=1)
    course.request()
    fields: dict[str, Any] = {"reasons": [{"clause": "3.3"}]} if kind is Returned else {}
    assert course.refused(kind, course.now - timedelta(seconds=1), by=CC_PERSON, **fields) == "ImpossibleDate"


def test_a_return_before_the_acceptance_that_it_undoes_and_a_resubmission_before_the_return_are_impossible() -> None:
    course = _begin().transferred()
    course.go(hours=2)
    course.accept()
    hour_ago = course.now - timedelta(hours=1)
    assert course.refused(Returned, hour_ago, by=CC_PERSON, reasons=[{"clause": "3.1"}]) == "ImpossibleDate"
    course.give_back("3.1")
    assert course.refused(RequestReceived, hour_ago, subject="Обучение клиента от ИП Петров") == "ImpossibleDate"


def test_nothing_begins_without_a_sale_and_no_case_begins_twice() -> None:
    course = _begin()
    assert course.refused(FirstContact) == "NotBegun"
    course.deliver_sale()
    with pytest.raises(Refusal) as refusal:
        course.deliver(sale(course.now, key="sold-2"))
    assert refusal.value.type == "AlreadyBegun"
