"""A service centre: its definition, who decides, what is in force and until when, what leads and people are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.case import Refusal
from regulations.lead import messages as lm
from regulations.lead.centre import CentreState
from regulations.lead.centre_facts import check_centre
from regulations.lead.rows import CentreRow
from tests.regulations.lead.centres import CODE, PROPOSAL, SUPPORT, Course, at, definition, proposed

NOON = at("2026-11-20 12:00")
NEW_YEAR = at("2027-01-01 00:00")
SECOND = timedelta(seconds=1)


def course(*keys: str, now: datetime = NOON) -> Course:
    return Course(now, *(proposed(key=key) for key in keys or (PROPOSAL,)))


# --- the definition -------------------------------------------------------------------------------------------------


def test_the_first_definition_begins_the_centre_and_a_later_one_replaces_it() -> None:
    played = course()
    assert (played.row().code, played.row().zone, played.row().products, played.versions()) == (
        CODE,
        "Asia/Vladivostok",
        ("bureau", "elba"),
        [1],
    )
    assert played.row().managers == (("m4", "Ольга", "olga@vlad.example.org"),)
    played.deliver(definition(NOON, "d2", products=["bureau"], managers=[]))
    assert (played.row().products, played.row().managers, played.versions()) == (("bureau",), (), [1, 2])


def test_the_same_definition_again_changes_nothing() -> None:
    played = course()
    played.deliver(definition(NOON, "d2"))
    assert played.versions() == [1]
    assert played.state.revision == 2


def test_an_older_definition_does_not_replace_a_later_one() -> None:
    played = course()
    with pytest.raises(Refusal, match="later definition") as refused:
        played.deliver(definition(NOON - SECOND, "d2"))
    assert refused.value.type == "Outdated"


def test_what_comes_before_the_definition_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        Course(NOON, proposed(), defined=False).object()
    assert refused.value.type == "NotBegun"


def test_a_message_for_another_centre_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        course().tell(lm.Objected, code="kgd-1", proposal=PROPOSAL, text="чужое", by={"id": "u", "role": "centre"})
    assert refused.value.type == "OtherCentre"


@pytest.mark.parametrize(
    ("fields", "at_", "type"),
    [
        ({}, NOON + timedelta(minutes=5), None),
        ({}, NOON + timedelta(minutes=5, seconds=1), "FromTheFuture"),
        ({}, NOON - timedelta(days=366), None),
        ({}, NOON - timedelta(days=366, seconds=1), "ImpossibleDate"),
        ({"managers": [{"id": f"m{n}", "name": "Я" * 300, "email": "m@example.org"} for n in range(200)]}, NOON, "TooLarge"),
        ({"managers": [{"id": f"m{n}", "name": "Имя Отчество Фамилия", "email": "m@example.org"} for n in range(300)]}, NOON, None),
    ],
)
def test_a_definition_is_checked_before_it_begins_anything(fields: dict[str, Any], at_: datetime, type: str | None) -> None:
    refusal = None
    try:
        check_centre(definition(at_, **fields), NOON)
    except Refusal as r:
        refusal = r.type
    assert refusal == type


# --- who decides ----------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 9.4")
@pytest.mark.parametrize("role", ["centre", "centre_head", "principal", "cc_head"])
def test_only_the_sales_support_service_decides(role: str) -> None:
    played = course()
    by = {"id": "u1", "role": role}
    for kind, more in (
        (lm.MeasureDecided, {"measures": ["disconnect"], "reason": "потому"}),
        (lm.ObjectionDecided, {"upheld": True, "reason": "потому"}),
        (lm.MeasureLifted, {"reason": "потому"}),
    ):
        with pytest.raises(Refusal) as refused:
            played.tell(kind, proposal=PROPOSAL, by=by, **more)
        assert refused.value.type == "NotYours"
    assert played.state.questions == []


@pytest.mark.clause("lead 10.1")
def test_only_the_centre_objects() -> None:
    with pytest.raises(Refusal) as refused:
        course().tell(lm.Objected, proposal=PROPOSAL, text="возражение", by=SUPPORT)
    assert refused.value.type == "NotYours"


def test_a_lead_is_not_moved_to_the_centre_that_has_it() -> None:
    with pytest.raises(Refusal) as refused:
        course().decide("move", to=CODE)
    assert refused.value.type == "SameCentre"


# --- measures in force ----------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 9.1.2")
def test_a_centre_is_left_out_until_its_quarter_ends_where_it_stands() -> None:
    played = course()
    played.decide("left_out_for_quarter")
    assert (played.state.stage, played.row().left_out, played.row().left_out_until) == ("left_out", True, NEW_YEAR)
    assert played.wake_at == NEW_YEAR
    played.pass_to(NEW_YEAR - SECOND)
    assert played.row().left_out
    played.pass_to(NEW_YEAR)
    assert (played.state.stage, played.row().left_out, played.row().left_out_until) == ("active", False, None)
    assert played.register[PROPOSAL].state == "lapsed"
    assert not played.state.measures
    assert not played.state.waits
    assert played.now == NEW_YEAR
    assert [n.text for n in played.noticed("centre:vlad-1")][-1].startswith("9.1.2 Квартал закончился")


@pytest.mark.clause("lead 9.1.2")
def test_a_centre_that_changes_its_zone_is_left_out_until_midnight_there() -> None:
    played = course()
    played.decide("left_out_for_quarter")
    played.deliver(definition(NOON, "d2", zone="Europe/Kaliningrad"))
    assert played.row().left_out_until == NEW_YEAR + timedelta(hours=8)
    assert played.versions() == [1, 2, 3]
    played.pass_to(NEW_YEAR + timedelta(hours=8))
    assert not played.row().left_out


@pytest.mark.clause("lead 9.1.3")
def test_a_centre_is_left_out_for_good() -> None:
    played = course(PROPOSAL, "other")
    played.decide("left_out_for_quarter")
    played.decide("left_out_for_good", proposal="other")
    assert (played.row().left_out, played.row().left_out_until) == (True, None)
    played.pass_to(NEW_YEAR)
    assert (played.row().left_out, played.row().left_out_until) == (True, None)
    assert played.register[PROPOSAL].state == "lapsed"


@pytest.mark.clause("lead 9.1.5")
def test_a_closed_product_is_not_sold_even_where_a_new_definition_names_it() -> None:
    played = course()
    played.decide("close_product")
    assert played.row().products == ("elba",)
    played.deliver(definition(NOON, "d2", products=["bureau", "elba", "extern"]))
    assert played.row().products == ("elba", "extern")
    played.lift()
    assert played.row().products == ("bureau", "elba", "extern")


@pytest.mark.clause("lead 9.2")
def test_a_disconnected_centre() -> None:
    played = Course(NOON, proposed(clause="8.2.4", allows=("delete", "left_out_for_quarter", "left_out_for_good", "disconnect")))
    played.decide("disconnect", "left_out_for_quarter")
    assert (played.state.stage, played.row().disconnected, played.row().left_out) == ("disconnected", True, True)
    played.pass_to(NEW_YEAR)
    assert (played.state.stage, played.row().disconnected, played.row().left_out) == ("disconnected", True, False)
    assert played.register[PROPOSAL].state == "decided"


@pytest.mark.clause("lead 9.4")
def test_a_lifted_measure_is_gone() -> None:
    played = course()
    played.decide("left_out_for_quarter")
    played.lift()
    assert (played.state.stage, played.row().left_out, played.wake_at) == ("active", False, None)
    assert played.state.counts == {"decided": 1, "lifted": 1}


@pytest.mark.clause("lead 9.4")
def test_declining_changes_nothing_and_tells_nobody() -> None:
    played = course()
    played.decide()
    assert (played.versions(), played.noticed(), played.state.counts) == ([1], [], {"declined": 1})


@pytest.mark.clause("lead 10.1")
def test_an_objection_suspends_a_measure_until_it_is_decided() -> None:
    played = course()
    played.decide("left_out_for_quarter", "close_product")
    played.object()
    assert (played.state.stage, played.row().left_out, played.row().products) == ("active", False, ("bureau", "elba"))
    assert played.incidents() == ["objection"]
    assert PROPOSAL in [n.text for n in played.noticed("sales_support")][-1]
    played.rule(upheld=False)
    assert (played.state.stage, played.row().left_out_until, played.row().products) == ("left_out", NEW_YEAR, ("elba",))


@pytest.mark.clause("lead 10.1")
def test_an_upheld_objection_ends_a_measure() -> None:
    played = course()
    played.decide("left_out_for_good")
    played.object()
    played.rule(upheld=True)
    played.pass_to(NEW_YEAR)
    assert (played.row().left_out, played.state.measures, played.register[PROPOSAL].state) == (False, {}, "withdrawn")


@pytest.mark.clause("lead 10.1")
def test_a_quarter_that_ends_under_an_objection_is_over_when_the_objection_is_rejected() -> None:
    played = course()
    played.decide("left_out_for_quarter")
    played.object()
    assert played.wake_at is None
    played.pass_to(NEW_YEAR + timedelta(days=3))
    assert played.register[PROPOSAL].state == "decided"
    rows = len(played.rows)
    played.rule(upheld=False)
    assert (played.row().left_out, played.register[PROPOSAL].state) == (False, "lapsed")
    assert not any(r.left_out for r in played.rows[rows:] if isinstance(r, CentreRow)), "not for a moment"


@pytest.mark.clause("lead 10.1")
def test_a_proposal_under_an_objection_cannot_be_decided() -> None:
    played = course()
    played.object()
    played.decide("left_out_for_good")
    assert (played.row().left_out, played.incidents()) == (False, ["objection", "measure_objection_open"])
    played.rule(upheld=False)
    played.decide("left_out_for_good")
    assert played.row().left_out


# --- the register of measures ---------------------------------------------------------------------------------------


def test_messages_are_settled_one_at_a_time_in_their_order() -> None:
    played = course()
    played.silent = {"register"}
    played.decide("left_out_for_good")
    played.object()
    played.rule(upheld=False)
    assert [q.what for q in played.state.questions] == ["decide", "object", "reject"]
    assert played.versions() == [1], "nothing takes effect before the register has it"
    played.back()
    assert [q.what for q in played.state.questions] == []
    assert played.register[PROPOSAL].history == ("decide", "object", "reject")
    assert played.row().left_out


def test_a_quarter_does_not_lapse_ahead_of_an_objection_that_came_before_its_end() -> None:
    played = course()
    played.decide("left_out_for_quarter")
    played.pass_to(NEW_YEAR - SECOND)
    played.silent = {"register"}
    played.object()
    played.pass_to(NEW_YEAR)
    played.back()
    assert played.register[PROPOSAL].history == ("decide", "object")


@pytest.mark.clause("lead 9.1.2")
def test_a_quarter_is_over_also_where_the_register_says_otherwise() -> None:
    played = course()
    played.decide("left_out_for_quarter", "close_product")
    played.register[PROPOSAL] = played.register[PROPOSAL].model_copy(update={"state": "lifted"})  # by hand
    played.pass_to(NEW_YEAR)
    assert (played.incidents(), played.row().left_out) == (["measure_not_in_force"], False)
    played.deliver(definition(NEW_YEAR, "d2", products=["bureau", "extern"]))
    assert played.row().products == ("extern",), "the centre lives on"


@pytest.mark.clause("lead 9.4")
@pytest.mark.parametrize(
    ("act", "incident"),
    [
        (lambda c: c.decide("disconnect"), "measure_not_allowed"),
        (lambda c: c.decide("close_product", proposal="nobody/knows"), "measure_unknown"),
        (lambda c: c.decide("move", to="nowhere"), "measure_unknown_centre"),
        (lambda c: c.decide("move", to="kgd-2"), "measure_unfit_centre"),
        (lambda c: c.lift(), "measure_not_in_force"),
        (lambda c: c.rule(upheld=True), "measure_no_objection"),
        (lambda c: (c.decide(), c.decide()), "measure_already_decided"),
        (lambda c: (c.object(), c.rule(upheld=False), c.object()), "measure_already_objected"),
    ],
)
def test_a_decision_that_comes_to_nothing_is_an_incident_with_its_reason(act: Callable[[Course], object], incident: str) -> None:
    played = course()
    act(played)
    assert played.incidents()[-1] == incident
    told = played.noticed("sales_support")[-1].text
    assert CODE in told
    assert incident not in told, "the catalogue has words for it"
    assert played.state.counts["refused"] == 1
    assert played.versions() == [1]


# --- a long life ----------------------------------------------------------------------------------------------------


def test_a_centre_that_lives_for_years_stays_small() -> None:
    played = course()
    for n in range(1, 511):
        played.register[f"p{n}"] = proposed(key=f"p{n}")
        played.decide(proposal=f"p{n}", reason="я" * 1000)
    carried = played.state.carried()
    assert len(carried.facts) == CentreState.most_facts
    assert carried.forgotten_facts == 1 + 2 * 510 - CentreState.most_facts
    assert len(carried.seen) == CentreState.most_seen
    assert list(carried.seen)[-1] == "k510"
    assert carried.counts == {"declined": 510}
    assert len(carried.model_dump_json().encode()) < 150_000
    again = CentreState.model_validate_json(carried.model_dump_json())
    assert again == carried
    assert list(again.seen) == list(carried.seen)


ACTS = st.sampled_from(["quarter", "good", "close", "decline", "object", "uphold", "reject", "lift", "days", "define"])


@pytest.mark.clause("lead 9.4")
@pytest.mark.clause("lead 10.1")
@settings(max_examples=60)
@given(st.lists(st.tuples(ACTS, st.sampled_from(["p1", "p2"])), max_size=12))
def test_the_register_of_centres_always_says_what_the_register_of_measures_has_in_force(acts: list[tuple[str, str]]) -> None:
    played = course("p1", "p2")
    for n, (act, proposal) in enumerate(acts):
        match act:
            case "quarter":
                played.decide("left_out_for_quarter", proposal=proposal)
            case "good":
                played.decide("left_out_for_good", proposal=proposal)
            case "close":
                played.decide("close_product", proposal=proposal)
            case "decline":
                played.decide(proposal=proposal)
            case "object":
                played.object(proposal)
            case "uphold" | "reject":
                played.rule(act == "uphold", proposal)
            case "lift":
                played.lift(proposal)
            case "days":
                played.pass_to(played.now + timedelta(days=25))
            case "define":
                played.deliver(definition(played.now, f"d{n + 2}"))
        in_force = {kind for p in played.register.values() for kind in p.in_force}
        left_out, row = in_force & {"left_out_for_quarter", "left_out_for_good"}, played.row()
        assert row.left_out == bool(left_out)
        assert row.products == (("elba",) if "close_product" in in_force else ("bureau", "elba"))
        assert (row.left_out_until is not None) == (left_out == {"left_out_for_quarter"})
        assert row.left_out_until is None or row.left_out_until > played.now
        assert played.state.questions == []
        assert played.versions() == sorted(set(played.versions()))
