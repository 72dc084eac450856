"""Enquiries: how a lead begins, what a further one updates, and who is refused, told little, or takes the address over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from regulations.case import Refusal
from regulations.lead.creation import MOST_CONTACTS, OF_CLIENT, temperature_of
from regulations.lead.facts import check_start
from regulations.lead.messages import Created, Origin, TakenIntoWork, Temperature
from regulations.lead.state import TEMPERATURES
from tests.regulations.lead.course import CALL, Course, at, created

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
    assert (row.status, row.client, row.temperature, row.due, row.created_at) == ("new", "C-1", "hot", course.newest("7.2.1").due, FRIDAY)
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
    assert course.due_of("7.2.2") == "2026-11-23 10:00"
    course.go_to(at("2026-11-18 10:00"))
    course.again()
    assert course.due_of("7.2.1") == "2026-11-18 13:00"
    assert course.standings() == {"7.2.2/1": "waived", "7.2.1/1": "open"}
    assert course.newest("7.2.2").note == "superseded"
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
    due = course.due_of("7.2.1")
    course.again(temperature="cold")
    assert course.state.temperature == "cold"
    assert (course.due_of("7.2.1"), course.standings()) == (due, {"7.2.1/1": "open"})


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
    assert course.due_of("7.2.1") == "2026-11-18 13:00"


@pytest.mark.clause("lead 3.1")
def test_an_enquiry_about_another_client_or_product_is_not_this_leads() -> None:
    course = _course().begun()
    assert course.refuses(created(course.now, key="k", product="elba")).type == "OtherLead"
    assert course.refuses(created(course.now, key="k", client=None, inn="7707083893")).type == "OtherLead"


@pytest.mark.clause("lead 5.3")
def test_enquiries_of_one_moment_open_one_term() -> None:
    course = _course().begun()
    course.again(temperature="cold")
    course.again()
    assert course.standings() == {"7.2.1/1": "open"}


@pytest.mark.clause("lead 3.4.1")
def test_a_further_enquiry_is_checked_as_the_first_one() -> None:
    course = _course().begun()
    assert course.refuses(created(course.now - timedelta(days=366) - TICK, key="k")).type == "ImpossibleDate"
    assert course.refuses(created(course.now, key="k", creator="centre", origin="principal")).type == "WrongOrigin"


@pytest.mark.clause("lead 8.2.4")
def test_contacts_that_are_added_are_judged_too() -> None:
    course = _course().begun()
    asked = len(course.looked_up)
    course.again()
    assert len(course.looked_up) == asked, "nothing was added"
    course.again(contacts=[{"name": "Петров", "phone": "+7 495 123-45-68"}])
    assert len(course.looked_up[-1].contacts) == 2


@pytest.mark.clause("lead 6.1")
def test_an_enquiry_brings_the_holder_a_manager_where_it_has_none() -> None:
    course = _course().begun()
    course.again("msk-1", creator="principal", origin="principal", manager="anna")
    assert course.state.manager is None, "somebody at another centre"
    course.again(manager="anna")
    course.again(manager="boris")
    assert course.state.manager == "anna"
