"""The table of messages: every Update of a workflow has one door, every door says what it takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from temporalio import workflow

from regulations import messages as m
from regulations.lead import messages as lm
from regulations.onboarding import diary_messages, plan_messages, slip_messages
from regulations.partner import account_messages, intake_messages, meeting_messages, payment_messages, sale_messages
from regulations.replacement import messages as rm
from starter.doors.door import EXAMPLE_TIME, Door, example_event
from starter.doors.table import DOORS, ESCALATION, STARTS
from starter.inbox.delivery import read_event
from starter.inbox.outcome import DeliveryError
from tests.starter.inbox_world import as_kept
from workflows import WORKFLOWS

CANARY = "kanareyka@example.org"
ALL = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())
ADDRESSES = {
    "handoff": "handoff/D-1041",
    "lead": "lead/c-311/bureau",
    "centre": "service-centre/vlad-1",
    "bulk": "bulk/b-2026-11-20",
    "replacement": "replacement/a-2071/2026-10/1",
    "lead-watch": "lead-watch/a-2071/2026-10",
    "partner-intake": "partner/D-310/intake",
    "partner-account": "partner/p-77/account",
    "partner-order": "partner/D-402/order",
    "partner-renewal": "partner/D-310/renewal",
    "partner-payment": "partner-payment/bank-9001",
    "partner-meetings": "partner-meetings/u12",
    "onboarding": "onboarding/K-204",
    "service-plan": "service-plan/c-18",
    "service-diary": "service-diary/u41",
}


def updates(kind: type[Any]) -> set[str]:
    definition = workflow._Definition.must_from_class(kind)
    return {name for name in definition.updates if name}


PUBLISHED = "calendar_changed"
"""No sender may send it: `reglament calendar publish` does."""
OURS = {PUBLISHED, "deleted", "allocated", "people_changed"}
"""Nor these: a centre's workflow tells a lead that a measure has deleted it (9.2, 9.4); a payment tells what it paid for (partner 7.2);
`reglament people` tells who has which role now."""
PARTNER = (account_messages, intake_messages, meeting_messages, payment_messages, sale_messages)
ONBOARDING = (slip_messages, plan_messages, diary_messages)
WRITTEN_IN = {module.__name__ for module in (m, lm, rm, *PARTNER, *ONBOARDING)}


def test_every_update_has_exactly_one_door_and_every_door_an_update() -> None:
    for kind in WORKFLOWS:
        served = [d.update for d in DOORS.values() if d.workflow is kind]
        assert sorted(served) == sorted(updates(kind) - OURS)
    assert {d.workflow for d in DOORS.values()} == {kind for kind in WORKFLOWS if updates(kind) - OURS}


def test_every_workflow_that_keeps_terms_hears_of_a_changed_calendar() -> None:
    keeping = [kind for kind in WORKFLOWS if "extend" in updates(kind)]
    assert {kind.__name__ for kind in keeping} >= {"ClientHandoff", "PotentialSale"}
    assert all(PUBLISHED in updates(kind) for kind in keeping)


def test_every_message_model_has_a_door() -> None:
    def below(model: type[m.Message]) -> set[type[m.Message]]:
        return {model}.union(*(below(s) for s in model.__subclasses__() if s.__module__ in WRITTEN_IN))

    messages = below(m.Message)
    leaves = {one for one in messages if not any(s.__module__ == one.__module__ for s in messages & set(one.__subclasses__()))}
    assert {d.message for d in DOORS.values()} == leaves - {m.CalendarChanged, m.PeopleChanged, lm.Deleted, sale_messages.Allocated}


def test_what_begins_a_case_and_who_is_told_of_what_no_case_takes() -> None:
    assert {
        "handoff.sold",
        "lead.created",
        "centre.defined",
        "bulk.started",
        "replacement.requested",
        "replacement.topped_up",
        "lead-watch.started",
        "partner-intake.moved_to_work",
        "partner-account.begun",
        "partner-order.consented",
        "partner-renewal.consented",
        "partner-payment.arrived",
        "partner-meetings.scheduled",
        "onboarding.handed_over",
        "service-plan.begun",
        "service-diary.begun",
    } == STARTS
    assert ESCALATION == {
        "handoff": "cc_head",
        "lead": "sales_support",
        "centre": "sales_support",
        "bulk": "sales_support",
        "replacement": "head_office",
        "lead-watch": "head_office",
        "partner-intake": "head_of_support",
        "partner-account": "head_of_support",
        "partner-order": "head_of_support",
        "partner-renewal": "head_of_support",
        "partner-payment": "head_of_finance",
        "partner-meetings": "head_of_support",
        "onboarding": "head_of_client_department",
        "service-plan": "group_head",
        "service-diary": "group_head",
    }
    assert all(d.event.startswith(f"{d.kind.kind}.") for d in DOORS.values())


@ALL
def test_the_example_is_taken_and_goes_to_its_case(door: Door) -> None:
    found, message, address = read_event(as_kept(example_event(door)), "event")
    top_up = door.event == "replacement.topped_up"
    assert (found, address) == (door, "replacement/a-2071/2026-10/0" if top_up else ADDRESSES[door.kind.kind])
    assert type(message) is door.message
    assert (message.key, message.source) == (f"example-{door.event}", "event")


@ALL
def test_the_schema_describes_the_example(door: Door) -> None:
    """Checked with the schema alone: known names, required names, types, patterns, constants."""
    schema = door.schema()
    conforms(door.example, schema, schema)
    assert {"key", "happened_at", "source"}.isdisjoint(schema["properties"])
    assert door.kind.name in schema["properties"]
    json.dumps(schema)


def conforms(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "data") -> None:
    """A small reader of the part of JSON Schema that our models use."""
    if "$ref" in schema:
        return conforms(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    if "anyOf" in schema:
        wrong = []
        for one in schema["anyOf"]:
            try:
                return conforms(value, one, root, at)
            except AssertionError as e:
                wrong.append(e)
        raise AssertionError(f"{at}: none of anyOf: {wrong}")
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int, "number": float}
    if "type" in schema:
        assert isinstance(value, kinds[schema["type"]]), at
    if "enum" in schema:
        assert value in schema["enum"], at
    if "const" in schema:
        assert value == schema["const"], at
    if schema.get("type") == "object" and "properties" in schema:
        assert set(schema.get("required", [])) <= value.keys() <= schema["properties"].keys(), at
        for name, given in value.items():
            conforms(given, schema["properties"][name], root, f"{at}.{name}")
    for i, item in enumerate(value if schema.get("type") == "array" else ()):
        conforms(item, schema.get("items", {}), root, f"{at}.{i}")
    return None


@ALL
def test_an_error_names_the_field_and_never_the_value(door: Door) -> None:
    for name in door.example:
        event: dict[str, Any] = as_kept(example_event(door))
        event["data"] = {**event["data"], name: {CANARY: CANARY}}
        with pytest.raises(DeliveryError) as wrong:
            read_event(event, "event")
        assert (wrong.value.kind, wrong.value.type) == ("invalid", "InvalidEvent")
        assert f"data.{name}" in str(wrong.value)
        assert "anareyka" not in str(wrong.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "two words"}, "id"),
        ({"id": None}, "id"),
        ({"occurred_at": "2026-11-20T15:00:00"}, "occurred_at"),
        ({"more": CANARY}, "more"),
        ({"data": [CANARY]}, "data"),
        ({"type": "handoff.nothing"}, "type: no such event type; known: handoff.accepted"),
        ({"type": CANARY}, "type: no such event type"),
        ({"data": {"deal": "D-1", "key": CANARY}}, "data.key: comes from the event itself"),
        ({"data": {"deal": "D-1", "source": CANARY}}, "data.source: comes from the event itself"),
        ({"data": {"deal": CANARY}}, "data.deal"),
        ({"data": {}}, "data.deal"),
    ],
)
def test_a_wrong_event_is_refused_by_the_name_of_what_is_wrong(change: dict[str, Any], words: str) -> None:
    event = {"id": "e-1", "type": "handoff.first_contact", "occurred_at": EXAMPLE_TIME, "data": {"deal": "D-1"}, **change}
    with pytest.raises(DeliveryError) as wrong:
        read_event(event, "event")
    assert wrong.value.kind == "invalid"
    assert words in str(wrong.value)
    assert "anareyka" not in str(wrong.value)


@pytest.mark.parametrize("event", [None, [], "event", 7, {}])
def test_what_is_no_event_is_refused(event: object) -> None:
    with pytest.raises(DeliveryError) as wrong:
        read_event(event, "event")
    assert wrong.value.kind == "invalid"
