"""Enquiries: how a lead begins, what a further one updates, and who is refused, told little, or takes the address over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from regulations.case import Refusal
from regulations.lead.creation import MOST_CONTACTS, OF_CLIENT, temperature_of
from regulations.lead.facts import check_start
from regulations.lead.messages import ContactMade, Created, Declined, Origin, TakenIntoWork, Temperature, TypeChanged
from regulations.lead.state import TEMPERATURES, Status
from tests.regulations.lead.course import CALL, CONTACTS, MOSCOW, Course, at, created, local

FRIDAY = at("2026-11-20 17:30")
TICK = timedelta(microseconds=1)
APPENDIX = {
    "registration": "warm",
    "connection_request": "hot",
    "demo_order": "warm",
    "consultation_order": "hot",
    "presentation_order": "warm",
    "call_order": "hot",
    "test_drive_order": "warm",
    "cold_call_list": "cold",
    "renewal_list": "cold",
    "seminar_contacts": "warm",
    "principal": "warm",
    "upsell_list": "cold",
}


def _course() -> Course:
    course = Course(FRIDAY)
    course.careful = True
    return course


def _own(course: Course, centre: str, kind: str = "connection", **fields: Any) -> str:
    """A centre's own creation."""
    return course.again(centre, creator="centre", origin="call_order", type=kind, **fields)


def _refused(course: Course, centre: str, kind: str = "connection", **fields: Any) -> Refusal:
    return course.refuses(created(course.now, centre, key=course.key(), creator="centre", origin="call_order", type=kind, **fields))


# --- the beginning --------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 5.1")
@pytest.mark.parametrize(("origin", "temperature"), APPENDIX.items())
def test_the_origin_decides_the_temperature(origin: Origin, temperature: Temperature) -> None:
    assert temperature_of(created(FRIDAY, origin=origin, creator="principal")) == temperature
    assert set(TEMPERATURES) == set(APPENDIX) == set(get_args(Origin)) - {"other"}


@pytest.mark.clause("lead 8.1.3")
def test_another_origin_brings_its_temperature_and_the_reason() -> None:
    other = created(FRIDAY, origin="other", temperature="cold", temperature_reason="знакомый клиента")
    assert temperature_of(other) == "cold"
    with pytest.raises(ValidationError, match="temperature_reason"):
        created(FRIDAY, origin="other", temperature="cold")
    with pytest.raises(ValidationError, match="leave 'temperature' out"):
        Created.model_validate(created(FRIDAY).model_dump() | {"temperature": "cold"})


@pytest.mark.clause("lead 3.4")
@pytest.mark.parametrize("fields", [{"origin": "unheard_of"}, {"type": "gift"}, {"contacts": ()}, {"contacts": [{"name": "Иванов"}]}])
def test_an_unknown_origin_or_type_and_contacts_that_reach_nobody_are_refused_at_the_door(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        created(FRIDAY, **fields)


@pytest.mark.clause("lead 3.4.1")
@pytest.mark.parametrize(
    ("off", "refusal"),
    [
        (timedelta(minutes=5), None),
        (timedelta(minutes=5) + TICK, "FromTheFuture"),
        (-timedelta(days=366), None),
        (-timedelta(days=366) - TICK, "ImpossibleDate"),
    ],
)
def test_an_enquiry_lies_neither_in_the_future_nor_more_than_a_year_back(off: timedelta, refusal: str | None) -> None:
    enquiry = created(FRIDAY + off)
    if refusal is None:
        check_start(enquiry, FRIDAY)
    else:
        with pytest.raises(Refusal) as refused:
            check_start(enquiry, FRIDAY)
        assert refused.value.type == refusal


@pytest.mark.clause("lead 5.1")
@pytest.mark.parametrize("origin", sorted(set(get_args(Origin)) - {"other"}))
def test_a_list_of_a_principal_is_no_action_of_a_client(origin: Origin) -> None:
    enquiry = created(FRIDAY, origin=origin, creator="client")
    if origin in OF_CLIENT:
        check_start(enquiry, FRIDAY)
    else:
        with pytest.raises(Refusal, match=r"App\. 1"):
            check_start(enquiry, FRIDAY)


@pytest.mark.clause("lead 5.1")
def test_a_centres_own_lead_does_not_come_from_the_principal() -> None:
    with pytest.raises(Refusal) as refused:
        check_start(created(FRIDAY, creator="centre", origin="principal"), FRIDAY)
    assert refused.value.type == "WrongOrigin"


@pytest.mark.clause("lead 3.2")
@pytest.mark.parametrize("creator", ["client", "principal", "centre"])
def test_the_first_enquiry_begins_a_new_lead_at_its_centre(creator: str) -> None:
    course = _course()
    course.deliver(created(FRIDAY, creator=creator, origin="call_order", manager="anna"), settle=False)
    assert (course.state.answer, course.state.discreet) == ("created", False)
    course.run()
    state = course.state
    assert (state.status, state.centre, state.manager, state.round, state.arrived_at) == ("new", "vlad-1", "anna", 1, FRIDAY)
    row = course.register()[1]
    assert (row.status, row.client, row.temperature, row.due, row.created_at) == ("new", "C-1", "hot", course.duty("7.2.1").due, FRIDAY)
    assert (row.arrived_at, row.manager, row.link) == (FRIDAY, "anna", "https://crm.example.org/leads/1")


@pytest.mark.clause("lead 3.1")
def test_nothing_happens_to_a_lead_before_its_creation() -> None:
    course = _course()
    assert course.refused(TakenIntoWork, centre="vlad-1", contact=CALL) == "NotBegun"


@pytest.mark.clause("lead 3.1")
def test_the_same_enquiry_counts_once_and_another_with_its_key_is_a_conflict() -> None:
    course = _course().begun()
    assert course.refuses(created(FRIDAY)).type == "Repeated"
    assert course.refuses(created(FRIDAY, comment="другое")).type == "Conflict"


# --- 5.3: a further enquiry -----------------------------------------------------------------------------------------


@pytest.mark.clause("lead 5.3")
@pytest.mark.parametrize(
    ("creator", "centre"), [("client", "vlad-1"), ("principal", "vlad-1"), ("principal", "msk-1"), ("centre", "vlad-1")]
)
def test_a_further_enquiry_updates_the_lead_there_is(creator: str, centre: str) -> None:
    course = _course().begun(temperature="warm", link=None)
    answer = course.again(
        centre,
        creator=creator,
        origin="consultation_order",
        contacts=[{"name": "Петров", "email": "petrov@romashka.ru"}],
        comment="просит перезвонить",
        type="renewal",
        link="https://crm.example.org/leads/2",
    )
    state = course.state
    assert (answer, state.discreet) == ("updated", False)
    assert (state.centre, state.type, state.temperature, state.round) == ("vlad-1", "connection", "hot", 1)
    assert [c.name for c in state.contacts] == ["Иванов Иван", "Петров"]
    assert [f.note for f in state.facts if f.what == "Created"][-1] == (
        f"{creator} {centre}: renewal, consultation_order. просит перезвонить"
    )
    assert course.register()[1].link == "https://crm.example.org/leads/2"


@pytest.mark.clause("lead 5.3")
def test_a_contact_that_is_known_already_is_not_added_again() -> None:
    course = _course().begun()
    course.again(contacts=[{"name": "Иванов", "phone": "8 (495) 123-45-67"}])
    assert len(course.state.contacts) == 1
    course.again(contacts=[{"name": "Иванов", "phone": "8 (495) 123-45-68"}])
    assert len(course.state.contacts) == 2


@pytest.mark.clause("lead 5.3")
def test_contacts_do_not_pile_up_without_end() -> None:
    course = _course().begun()
    for n in range(4):
        course.again(contacts=[{"name": f"Лицо {n}-{i}"} for i in range(19)] + [{"name": "x", "phone": f"+7 495 000-00-0{n}"}])
    assert len(course.state.contacts) == MOST_CONTACTS
    assert [f.note for f in course.state.facts if f.what == "Created"][-1].endswith(" (+20)")


@pytest.mark.clause("lead 5.3")
def test_a_hotter_enquiry_brings_the_earlier_of_both_terms() -> None:
    course = _course()
    course.now = at("2026-11-16 10:00")
    course.begun(temperature="warm")
    assert course.due("7.2.2") == "2026-11-23 10:00"
    course.go_to(at("2026-11-18 10:00"))
    course.again()
    assert course.due("7.2.1") == "2026-11-18 13:00"
    assert course.standings() == {"7.2.2/1": "waived", "7.2.1/1": "open"}
    assert course.duty("7.2.2").note == "superseded"
    assert course.templates() == ["assigned"]


@pytest.mark.clause("lead 5.3")
def test_a_hotter_enquiry_shortly_before_the_old_term_leaves_the_old_term() -> None:
    course = _course()
    course.now = at("2026-11-16 10:00")
    course.begun(temperature="warm")
    course.go_to(at("2026-11-23 09:00"))
    course.again()
    assert course.standings() == {"7.2.2/1": "open", "7.2.1/1": "waived"}
    assert course.register()[1].due == at("2026-11-23 10:00")
    course.go(hours=2)
    assert course.breaches() == [("7.2.2", "recorded")]


@pytest.mark.clause("lead 5.3")
def test_a_colder_enquiry_changes_nothing_but_the_colour() -> None:
    course = _course().begun()
    due = course.due("7.2.1")
    course.again(temperature="cold")
    assert course.state.temperature == "cold"
    assert (course.due("7.2.1"), course.standings()) == (due, {"7.2.1/1": "open"})


@pytest.mark.clause("lead 5.3")
def test_a_lead_that_cools_down_and_gets_hot_again_keeps_its_first_hot_term() -> None:
    course = _course().begun()
    course.again(temperature="cold")
    course.go(hours=12)
    course.again()
    assert course.standings() == {"7.2.1/1": "open", "7.2.1/1/2": "waived"}


@pytest.mark.clause("lead 5.3")
def test_a_lead_in_progress_that_gets_hotter_owes_nothing_more() -> None:
    course = _course().begun(temperature="cold").take()
    course.again()
    assert (course.state.temperature, course.standings()) == ("hot", {"7.2.3/1": "met"})
    assert course.templates() == []


@pytest.mark.clause("lead 5.3")
def test_an_enquiry_older_than_the_arrival_heats_from_the_arrival_on() -> None:
    course = _course()
    course.now = at("2026-11-18 10:00")
    course.begun(temperature="warm")
    course.again(happened=course.now - timedelta(days=2))
    assert course.due("7.2.1") == "2026-11-18 13:00"


@pytest.mark.clause("lead 3.1")
def test_an_enquiry_about_another_client_or_product_is_not_this_leads() -> None:
    course = _course().begun()
    assert course.refuses(created(course.now, key="k", product="elba")).type == "OtherLead"
    assert course.refuses(created(course.now, key="k", client=None, inn="7707083893")).type == "OtherLead"


# --- the order of checks: bookings ----------------------------------------------------------------------------------


@pytest.mark.clause("lead 4.1.1")
@pytest.mark.parametrize("kind", ["connection", "renewal", "service"])
def test_while_a_booking_runs_another_centre_is_refused_with_its_end_and_no_data_of_the_client(kind: str) -> None:
    course = _course().begun()
    refusal = _refused(course, "msk-1", kind)
    assert refusal.type == "Booked"
    assert "20.12.2026 17:30 (+10:00)" in str(refusal)
    assert not {"Ромашка", "Иванов", "495", "vlad-1", "hot"} & set(str(refusal).replace(":", " ").split())


@pytest.mark.clause("lead 4.1.1")
@pytest.mark.parametrize(("off", "ended"), [(-TICK, False), (timedelta(0), True), (TICK, True)])
def test_the_booking_ends_after_thirty_days_at_the_same_local_time(off: timedelta, ended: bool) -> None:
    course = _course().begun().take()
    course.go_to(at("2026-12-20 17:30") + off)
    assert (course.state.booking is not None and course.state.booking.why) == ("term" if ended else "")
    if ended:
        assert _own(course, "vlad-2") == "created"
        assert course.state.status is Status.BLOCKED
    else:
        assert _refused(course, "vlad-2").type == "Booked"


@pytest.mark.clause("lead 4.1.1")
def test_the_booking_keeps_the_local_time_of_its_centre() -> None:
    course = Course(at("2026-11-20 17:30", MOSCOW))
    course.begun("msk-1")
    end = course.register()[1].booked_until
    assert end is not None
    assert local(end, MOSCOW) == "2026-12-20 17:30"


@pytest.mark.clause("lead 4.1.1")
def test_what_counts_is_when_the_other_centre_came_not_when_we_heard_of_it() -> None:
    course = _course().begun().take()
    course.go_to(at("2026-12-20 18:00"))
    came = at("2026-12-20 17:29")
    late = created(came, "vlad-2", key="k", creator="centre", origin="call_order")
    refusal = course.refuses(late)
    assert refusal.type == "Booked"
    assert "20.12.2026 17:30" in str(refusal)


@pytest.mark.clause("lead 4.1.1")
def test_a_clock_that_runs_ahead_ends_no_booking() -> None:
    course = _course().begun().take()
    course.go_to(at("2026-12-20 17:28"))
    assert course.refuses(created(at("2026-12-20 17:31"), "vlad-2", key="k", creator="centre", origin="call_order")).type == "Booked"


@pytest.mark.clause("lead 4.1.1")
def test_before_its_centre_is_known_a_booking_runs_all_the_same() -> None:
    course = Course(FRIDAY)
    course.known = {}
    course.begun()
    assert course.state.opening is None
    assert _refused(course, "msk-1").type == "Booked"


@pytest.mark.clause("lead 5.3")
@pytest.mark.parametrize("kind", ["renewal", "service", "connection"])
def test_without_a_booking_another_centre_updates_the_holders_lead_and_learns_only_that_there_is_one(kind: str) -> None:
    course = _course().begun(type="renewal", temperature="warm")
    assert _own(course, "msk-1", kind) == "exists"
    assert course.state.discreet
    assert (course.state.centre, course.state.temperature, course.state.type) == ("vlad-1", "hot", "renewal")


@pytest.mark.clause("lead 5.3")
def test_after_the_booking_only_a_connection_of_another_centre_blocks() -> None:
    course = _course().begun().take()
    course.go(days=31)
    assert _own(course, "msk-1", "service") == "exists"
    assert course.again("msk-1", creator="principal", origin="principal") == "updated"
    assert _own(course, "vlad-1") == "updated"
    assert course.state.status is Status.IN_PROGRESS


# --- 3.6: the takeover ----------------------------------------------------------------------------------------------


def _blocked(*, taken: bool = True) -> Course:
    course = _course().begun(temperature="cold")
    if taken:
        course.take()
    course.go(days=31)
    assert _own(course, "msk-1", contacts=CONTACTS) == "created"
    return course


@pytest.mark.clause("lead 3.6")
def test_the_old_lead_is_blocked_its_centre_is_told_and_the_other_centre_learns_nothing_of_it() -> None:
    course = _blocked()
    state = course.state
    assert (state.status, state.ended, state.outcome, state.discreet) == ("blocked", True, "blocked", True)
    assert state.closed_at == course.now
    assert ("", "centre:vlad-1") in course.notices("ended")
    assert course.register()[1].status == "blocked"


@pytest.mark.clause("lead 3.6")
def test_a_booking_that_ran_out_while_no_worker_was_there_has_ended_in_time() -> None:
    course = _course().begun().take()
    course.now = at("2026-12-22 10:00")
    assert _own(course, "msk-1") == "created"
    assert course.state.booking is not None
    assert (course.state.booking.why, course.state.booking.ended_at) == ("term", at("2026-12-20 17:30"))


@pytest.mark.clause("lead 3.6")
def test_the_other_centres_lead_begins_anew_under_the_same_address() -> None:
    course = _blocked()
    before = course.state
    course.succeeded()
    state = course.state
    assert (state.address, state.kind) == (before.address, before.kind)
    assert state.uid != before.uid
    assert (state.centre, state.status, state.round, state.temperature) == ("msk-1", "new", 1, "hot")
    assert (state.contact, state.proposals, state.manager, state.successor) == (None, [], None, None)
    assert state.booked
    assert state.booking is not None
    assert state.booking.started_at == course.now
    assert course.templates()[-1] == "assigned"
    assert course.due("7.2.1", MOSCOW) == "2026-12-21 13:30"


@pytest.mark.clause("lead 3.6")
def test_every_message_to_a_lead_that_waits_for_its_successor_is_refused() -> None:
    course = _course().begun().take()
    course.go(days=31)
    course.deliver(created(course.now, "msk-1", key="b", creator="centre", origin="call_order"), settle=False)
    assert course.state.status is Status.BLOCKED
    assert not course.state.ended
    assert course.refused(ContactMade, contact=CALL) == "Ended"
    assert course.refuses(created(course.now, "kgd-1", key="c")).type == "Ended"
    assert course.refuses(created(course.now, "msk-1", key="b", creator="centre", origin="call_order")).type == "Repeated"


@pytest.mark.clause("lead 3.6")
def test_what_was_meant_for_the_old_lead_is_never_applied_to_the_new_one() -> None:
    course = _blocked()
    course.succeeded()
    both: list[dict[str, Any]] = [{"centre": "vlad-1"}, {"uid": "uid-1"}]
    for meant in both:
        refusal = course.refusal(Declined, reason="не нужно", **meant)
        assert (refusal.type, str(refusal)) == ("Passed", "this lead has passed to another centre")
    course.say(TypeChanged, uid=course.state.uid, type="renewal")
    assert course.state.type == "renewal"


@pytest.mark.clause("lead 3.6")
def test_what_the_old_lead_counted_the_new_one_does_not_count_again() -> None:
    course = _blocked()
    course.succeeded()
    assert course.refuses(created(FRIDAY, temperature="cold")).type == "Repeated"
    assert course.refuses(course.state.begun).type == "Repeated"


@pytest.mark.clause("lead 3.6")
def test_a_new_lead_is_blocked_too_and_what_it_had_missed_by_then_stays_recorded() -> None:
    course = _blocked(taken=False)
    assert course.standings()["7.2.3/1"] == "waived"
    assert course.breaches() == [("7.2.3", "recorded")]
    assert course.register()[1].breached
