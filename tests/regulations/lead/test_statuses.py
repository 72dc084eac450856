"""The statuses of a lead: taking into work with a contact, putting off, what is set right and planned."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from regulations.lead.messages import (
    ContactMade,
    ContactRecord,
    ContactsChanged,
    DayPlanned,
    Declined,
    ManagerAssigned,
    Postponed,
    StageNoted,
    TakenIntoWork,
    WaiveOfLead,
)
from regulations.lead.state import Status
from tests.regulations.lead.course import CALL, MONDAY, SUPPORT_PERSON, Course, at, created, on_monday

TICK = timedelta(microseconds=1)
FIVE = timedelta(minutes=5)


def _call(when: Any) -> ContactRecord:
    return CALL.model_copy(update={"at": when})


# --- 8.2.3: taking into work ----------------------------------------------------------------------------------------


@pytest.mark.clause("lead 8.2.3")
def test_taking_into_work_without_a_contact_is_refused() -> None:
    course = on_monday()
    course.go(hours=1)
    refusal = course.refusal(TakenIntoWork)
    assert refusal.type == "NoContact"
    assert str(refusal).startswith("lead 8.2.3: ")


@pytest.mark.clause("lead 3.5.2")
@pytest.mark.parametrize("before", [True, False])
def test_a_contact_before_or_with_it_takes_it_into_work_and_meets_its_term(before: bool) -> None:
    course = on_monday()
    course.go(hours=1)
    if before:
        course.say(ContactMade, contact=CALL)
        assert course.state.status is Status.NEW
    course.say(TakenIntoWork, contact=None if before else CALL)
    assert (course.state.status, course.state.taken_at) == ("in_progress", course.now)
    assert course.standings() == {"7.2.1/1": "met"}
    row = course.register()[1]
    assert (row.status, row.taken_at, row.due, row.breached) == ("in_progress", course.now, at("2026-11-16 13:00"), False)


@pytest.mark.clause("lead 8.2.3")
@pytest.mark.parametrize(
    ("contact", "refusal"),
    [(timedelta(0), None), (FIVE, None), (FIVE + TICK, "NoContact")],
)
def test_the_contact_is_not_later_than_the_taking(contact: timedelta, refusal: str | None) -> None:
    course = on_monday()
    course.go(hours=2)
    taken = course.now - timedelta(hours=1)
    fields: dict[str, Any] = {"contact": _call(taken + contact)}
    if refusal is None:
        course.say(TakenIntoWork, taken, **fields)
        assert course.state.status is Status.IN_PROGRESS
    else:
        assert course.refused(TakenIntoWork, taken, **fields) == refusal


@pytest.mark.clause("lead 8.2.3")
def test_the_first_contact_counts_whatever_came_after_it() -> None:
    course = on_monday()
    course.go(hours=1)
    course.say(ContactMade, contact=CALL)
    course.go(hours=1)
    course.say(ContactMade, contact=CALL)
    course.go(minutes=10)
    course.say(TakenIntoWork, course.now - timedelta(minutes=40))
    assert course.state.taken_at == at("2026-11-16 11:30")
    assert course.state.contact is not None
    assert course.state.contact.at == at("2026-11-16 12:00")


@pytest.mark.clause("lead 8.2.3")
@pytest.mark.parametrize(("off", "refusal"), [(FIVE, None), (FIVE + TICK, "FromTheFuture")])
def test_a_contact_is_not_one_that_is_yet_to_be(off: timedelta, refusal: str | None) -> None:
    course = on_monday()
    if refusal is None:
        course.say(ContactMade, contact=_call(course.now + off))
    else:
        assert course.refused(ContactMade, contact=_call(course.now + off)) == refusal


@pytest.mark.clause("lead 8.2.3")
@pytest.mark.parametrize(
    ("creator", "before", "refusal"),
    [
        ("client", FIVE, None),
        ("client", FIVE + TICK, "ImpossibleDate"),
        ("centre", timedelta(days=1), None),
        ("centre", timedelta(days=1) + TICK, "ImpossibleDate"),
    ],
)
def test_a_contact_before_the_arrival_counts_only_where_it_led_to_the_centres_own_lead(
    creator: str, before: timedelta, refusal: str | None
) -> None:
    course = on_monday(creator=creator, origin="call_order")
    if refusal is None:
        course.say(TakenIntoWork, contact=_call(MONDAY - before))
        assert course.state.status is Status.IN_PROGRESS
    else:
        assert course.refused(ContactMade, contact=_call(MONDAY - before)) == refusal


@pytest.mark.clause("lead 7.2")
@pytest.mark.parametrize(("off", "standing"), [(-TICK, "met"), (timedelta(0), "met"), (TICK, "met_late")])
def test_what_counts_is_when_it_was_taken_not_when_we_heard_of_it(off: timedelta, standing: str) -> None:
    course = on_monday()
    course.go_to(at("2026-11-16 17:00"))
    assert course.standings() == {"7.2.1/1": "overdue"}
    course.take(at("2026-11-16 13:00") + off)
    assert course.standings() == {"7.2.1/1": standing}
    assert course.register()[1].breached == (standing == "met_late")
    assert ("7.2.1", "withdrawn" if standing == "met" else "met_late") in course.breaches()
    told = {role for _, role in course.notices("breach_withdrawn")}
    assert told == ({"centre:vlad-1", "centre_head:vlad-1", "sales_support"} if standing == "met" else set())


@pytest.mark.clause("lead 3.5.2")
@pytest.mark.parametrize(("before", "refusal"), [(FIVE, None), (FIVE + TICK, "ImpossibleDate")])
def test_nothing_is_done_to_a_lead_before_it_arrived(before: timedelta, refusal: str | None) -> None:
    course = on_monday(creator="centre", origin="call_order")
    course.say(ContactMade, contact=_call(MONDAY - timedelta(hours=1)))
    if refusal is None:
        course.say(TakenIntoWork, MONDAY - before)
        assert course.state.taken_at == MONDAY, "clocks outside may differ a little: it counts as the arrival itself"
    else:
        assert course.refused(TakenIntoWork, MONDAY - before) == refusal


# --- 6.3, 8.2.2: putting off ----------------------------------------------------------------------------------------


@pytest.mark.clause("lead 6.3")
def test_putting_a_new_lead_off_takes_it_into_work() -> None:
    course = on_monday()
    until = course.now + timedelta(days=3)
    assert course.refusal(Postponed, until=until).args[0].startswith("lead 8.2.3")
    assert course.refused(Postponed, until=until) == "NoContact"
    course.say(Postponed, until=until, contact=CALL)
    assert (course.state.status, course.standings()) == ("in_progress", {"7.2.1/1": "met"})
    assert course.register()[1].postponed_until == until


@pytest.mark.clause("lead 6.3")
@pytest.mark.parametrize(
    ("off", "refusal"),
    [(timedelta(0), "PastDate"), (TICK, None), (timedelta(days=366), None), (timedelta(days=366) + TICK, "TooFar")],
)
def test_a_lead_is_put_off_to_a_future_date_within_a_year(off: timedelta, refusal: str | None) -> None:
    course = on_monday().take()
    if refusal is None:
        course.say(Postponed, until=course.now + off)
        assert course.state.postponed_until == course.now + off
    else:
        assert course.refused(Postponed, until=course.now + off) == refusal


@pytest.mark.clause("lead 8.2.2")
def test_three_postponements_without_a_contact_in_between_are_proposed_to_be_answered_once() -> None:
    course = on_monday().take()
    for n in (1, 2, 3, 4):
        course.go(days=1)
        course.say(Postponed, until=course.now + timedelta(days=1))
        assert [m.clause for m in course.measures()] == (["8.2.2"] if n >= 3 else [])
    proposal = course.measures()[0]
    assert (proposal.key, proposal.allows, proposal.centre, proposal.product) == ("uid-1/8.2.2/1", ("move",), "vlad-1", "extern")
    assert ("8.2.2", "sales_support") in course.notices("incident")


@pytest.mark.clause("lead 8.2.2")
@pytest.mark.parametrize("with_it", [True, False])
def test_a_contact_in_between_begins_the_row_anew(with_it: bool) -> None:
    course = on_monday().take()
    for n in range(5):
        course.go(days=1)
        if n == 2 and not with_it:
            course.say(ContactMade, contact=CALL)
        course.say(Postponed, until=course.now + timedelta(days=1), contact=CALL if with_it and n == 2 else None)
        assert bool(course.measures()) == (n == 4)


# --- details --------------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 8.1.2")
def test_stages_of_the_work_stand_in_the_history() -> None:
    course = on_monday().take()
    course.say(StageNoted, stage="предложение", comment="на год")
    assert course.state.stages == 1
    assert course.state.facts[-1].note == "предложение. на год"


@pytest.mark.clause("lead 8.2.4")
def test_the_contacts_are_set_right_and_judged_anew() -> None:
    course = on_monday()
    asked = len(course.looked_up)
    course.say(ContactsChanged, contacts=[{"name": "Петров", "email": "petrov@romashka.ru"}])
    assert [c.name for c in course.state.contacts] == ["Петров"]
    assert [c.name for c in course.looked_up[asked].contacts] == ["Петров"]


@pytest.mark.clause("lead 6.1")
@pytest.mark.parametrize("taken", [False, True])
def test_a_manager_of_the_centre_is_assigned_and_an_earlier_one_is_replaced(taken: bool) -> None:
    course = on_monday(temperature="warm", manager="anna")
    assert course.newest("7.2.2").owner == "manager:vlad-1/anna"
    if taken:
        course.take()
    course.say(ManagerAssigned, manager="boris")
    assert course.state.manager == "boris"
    assert course.register()[1].manager == "boris"
    assert course.newest("7.2.2").owner == ("manager:vlad-1/anna" if taken else "manager:vlad-1/boris")


@pytest.mark.clause("lead 6.1")
def test_a_manager_whom_the_centre_does_not_know_owes_nothing_and_a_person_is_told_once() -> None:
    course = on_monday(temperature="warm")
    course.say(ManagerAssigned, manager="nobody")
    course.go(days=1)
    assert course.newest("7.2.2").owner == "centre:vlad-1"
    assert course.incidents() == ["manager_unknown"]


@pytest.mark.clause("lead 6.1")
def test_whether_the_centre_knows_the_manager_is_seen_once_the_centre_has_been_asked() -> None:
    course = on_monday(temperature="warm")
    course.say(ManagerAssigned, manager="boris", settle=False)
    course.again()  # hot, before anybody was asked
    assert course.newest("7.2.1").owner == "manager:vlad-1/boris"
    assert course.incidents() == []


@pytest.mark.clause("lead 3.4.3")
def test_the_register_shows_the_term_that_is_owed_and_that_one_was_missed() -> None:
    course = on_monday("renewal", temperature="warm")
    course.go(days=8)
    missed = course.newest("7.2.2").breached_at
    assert (course.register()[1].due, course.register()[1].breached) == (missed, True)
    course.say(WaiveOfLead, clause="7.2.2", reason="клиент в отпуске", by=SUPPORT_PERSON)
    assert (course.register()[1].due, course.register()[1].breached) == (missed, True)
    course.again()
    assert (course.register()[1].due, course.register()[1].breached) == (course.newest("7.2.1").due, True)


@pytest.mark.clause("lead 5.3")
def test_what_ended_before_its_term_was_counted_is_met_by_its_end() -> None:
    course = on_monday(temperature="warm")
    course.deliver(created(course.now, key="hot"), settle=False)
    course.say(Declined, reason="не нужно", settle=False)
    course.run()
    assert course.standings() == {"7.2.2/1": "met", "7.2.1/1": "met"}
    assert course.state.ended


@pytest.mark.clause("lead 6.2")
@pytest.mark.parametrize(
    ("day", "refusal"),
    [("2026-11-15", "PastDate"), ("2026-11-16", None), ("2026-11-23", None), ("2026-11-24", "AfterDue")],
)
def test_a_day_is_planned_between_today_and_the_term_which_it_does_not_move(day: str, refusal: str | None) -> None:
    course = on_monday(temperature="warm")
    due = course.due_of("7.2.2")
    if refusal is not None:
        assert course.refused(DayPlanned, day=date.fromisoformat(day)) == refusal
        return
    course.say(DayPlanned, day=date.fromisoformat(day))
    assert course.register()[1].planned_on == date.fromisoformat(day)
    assert (course.due_of("7.2.2"), course.state.temperature) == (due, "warm")


@pytest.mark.clause("lead 6.2")
def test_today_is_the_day_in_the_zone_of_the_centre() -> None:
    course = Course(at("2026-11-16 23:30"))  # the 16th in Moscow, too
    course.begun("vlad-1", temperature="warm")
    course.go(hours=1)
    assert course.refused(DayPlanned, day=date(2026, 11, 16)) == "PastDate"
    course.say(DayPlanned, day=date(2026, 11, 17))


@pytest.mark.clause("lead 6.2")
def test_hot_leads_leads_in_progress_and_uncounted_ones_are_not_spread() -> None:
    course = on_monday()
    assert course.refused(DayPlanned, day=date(2026, 11, 16)) == "HotLead"
    course.take()
    assert course.refused(DayPlanned, day=date(2026, 11, 16)) == "NotNew"
    waiting = Course(MONDAY)
    waiting.known = {}
    waiting.begun(temperature="cold")
    assert waiting.refused(DayPlanned, day=date(2026, 11, 16)) == "NotCounted"


@pytest.mark.clause("lead 6.2")
def test_a_lead_whose_term_was_let_go_may_be_planned_for_any_day() -> None:
    course = on_monday(temperature="warm")
    course.say(WaiveOfLead, clause="7.2.2", reason="клиент в отпуске", by=SUPPORT_PERSON)
    course.say(DayPlanned, day=date(2026, 12, 24))
    assert course.state.planned_on == date(2026, 12, 24)
