"""The doors of onboarding and service: where events go, what is shown of a case, who may begin again, zones, visas with their files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest

from regulations.catalogue import text
from regulations.company import Company, CompanyError, calendar_in
from regulations.editions import load_editions
from regulations.onboarding import diary_facts, slip_service, slip_visas
from regulations.onboarding.case import AUTHORS, ITEMS, OWNERS
from regulations.onboarding.diary_state import DiaryStage
from regulations.onboarding.messages import KYIV
from regulations.onboarding.plan_state import PlanStage
from regulations.onboarding.slip_state import SlipStage
from regulations.time.calendar_spec import CalendarSpec
from runtime.database import open_database
from runtime.files import FileStore
from starter.doors.door import Door, example_event, recent_example
from starter.doors.look_ups import CompanyLookUps
from starter.doors.onboarding import ONBOARDING_DOORS
from starter.doors.table import DOORS
from starter.inbox.delivery import check_start, look_up, read_event
from starter.inbox.files import MOST
from starter.inbox.outcome import DeliveryError
from starter.web.openapi import TakenEvent
from tests.activities.centres import COMPANY
from tests.starter.inbox_world import Desk, Sender

STARTS = [door for door in ONBOARDING_DOORS if door.starts]
BEGINS = pytest.mark.parametrize("door", STARTS, ids=lambda door: door.event)
OF_KYIV = CalendarSpec.simple(KYIV, "UA", name="kyiv")
UKRAINIAN = replace(COMPANY, calendars={**COMPANY.calendars, "kyiv": OF_KYIV})
DOCUMENT = b"%PDF-1.7 signed"
SHA256 = hashlib.sha256(DOCUMENT).hexdigest()


def recent(type: str, **data: Any) -> dict[str, Any]:
    """The example as of now, of a contract of its own, with other data."""
    raw: dict[str, Any] = recent_example(DOORS[type])
    return {**raw, "data": {**raw["data"], **data}}


def document(name: str = "Картка.pdf") -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(DOCUMENT).decode()}


# --- addresses, attributes, ends ------------------------------------------------------------------------------------


@BEGINS
def test_a_case_is_begun_by_its_example_and_shows_no_person(door: Door) -> None:
    door, message, address = read_event(recent_example(door), "event")
    check_start(door, message, address)
    first = {pair.key.name: pair.value for pair in door.kind.attributes(message, "")}
    assert first["Stage"] in {"collecting_visas", "active", "kept"}
    assert first.keys() == ({"Stage"} if door.kind.kind == "service-diary" else {"Stage", "Client"})
    summary = door.kind.summary(message)
    for hidden in ("@", "+380", "Барвінок", "Коваль"):
        assert hidden not in f"{address} {first}"
    for hidden in ("@", "+380", "Коваль"):
        assert hidden not in summary


@BEGINS
def test_it_is_named_in_ukrainian(door: Door) -> None:
    kind = door.kind.kind
    said = door.kind.summary(read_event(example_event(door), "event")[1])
    assert said != kind
    assert said.split(" ")[0] == text("uk", "door", "summary", kind).split(" ")[0]
    assert not set("ыэёъ") & set(said.lower()), "no Russian"


@pytest.mark.parametrize(
    ("event", "stages", "again"),
    [
        ("onboarding.handed_over", SlipStage, {"withdrawn"}),
        ("service-plan.begun", PlanStage, {"ended"}),
        ("service-diary.begun", DiaryStage, {"ended"}),
    ],
)
def test_after_which_ends_an_address_is_used_again(event: str, stages: Any, again: set[str]) -> None:
    kind = DOORS[event].kind
    assert {stage.value for stage in stages if kind.again(stage.value)} == again
    assert not kind.again(None)
    assert not kind.corrects


@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize("what", ["visa_given", "visa_refused", "visa_withdrawn", "item_mended"])
def test_every_item_of_the_slip_has_its_owner_and_its_author_among_the_roles(item: str, what: str) -> None:
    role = AUTHORS[item] if what == "item_mended" else OWNERS[item][0]
    raw = recent(f"onboarding.{what}", item=item, by={"id": "u9", "role": role})
    _, message, _ = read_event({**raw, "data": {name: value for name, value in raw["data"].items() if name != "files"}}, "event")
    assert message.model_dump()["item"] == item


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        ("onboarding.handed_over", "update_every", "щотижня"),
        ("onboarding.handed_over", "installation_term", "1 working hours before"),
        ("onboarding.handed_over", "payment_day", 32),
        ("onboarding.handed_over", "payment_day", 0),
        ("onboarding.handed_over", "zone", "Європа/Київ"),
        ("onboarding.handed_over", "group_head", "Олена Петренко"),
        ("onboarding.visa_given", "item", "2.8"),
        ("onboarding.visa_refused", "reason", "  "),
        ("service-plan.payment_posted", "amount", 2400.5),
        ("service-plan.figures_noted", "monthly_sum", "2400.005"),
        ("service-plan.figures_noted", "loyalty", 11),
        ("service-plan.contact_noted", "topics", []),
        ("service-diary.visit_planned", "minutes", 0),
        ("service-diary.paper_confirmed", "paper", "year_plan"),
        ("service-diary.paper_confirmed", "first", "20.11.2026"),
    ],
)
def test_a_value_that_is_not_exact_or_not_right_is_refused_by_its_field(event: str, field: str, value: object) -> None:
    raw: dict[str, Any] = recent(event, **{field: value})
    raw["data"].pop("files", None)
    with pytest.raises(DeliveryError) as wrong:
        read_event(raw, "event")
    assert wrong.value.kind == "invalid"
    assert all(error.field.startswith(f"data.{field}") for error in wrong.value.errors)
    assert wrong.value.errors


# --- the starting checks --------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 1.1")
@pytest.mark.clause("onboarding 2")
@pytest.mark.parametrize(
    ("data", "type"),
    [({"regular": False}, "NotRegular"), ({"by": {"id": "u31", "role": "sales_manager"}}, "NotYours")],
)
def test_a_client_that_is_not_regular_or_not_handed_over_by_the_head_of_sales_begins_nothing(data: dict[str, Any], type: str) -> None:
    with pytest.raises(DeliveryError) as refused:
        check_start(*read_event(recent("onboarding.handed_over", **data), "event"))
    assert (refused.value.kind, refused.value.type) == ("refused", type)


def asking(company: Callable[[], Company]) -> CompanyLookUps:
    """The look-ups of a company; the registers are not asked."""
    return CompanyLookUps(open_database("sqlite://"), company, load_editions)


@BEGINS
@pytest.mark.parametrize(
    ("zone", "company", "served"),
    [
        (None, UKRAINIAN, True),
        (KYIV, UKRAINIAN, True),
        ("Europe/Moscow", UKRAINIAN, True),
        (KYIV, replace(COMPANY, calendars={"company": OF_KYIV}), True),
        (None, COMPANY, False),
        ("Europe/Warsaw", UKRAINIAN, False),
        ("Europe/Nowhere", UKRAINIAN, False),
        ("company", UKRAINIAN, False),
    ],
)
async def test_terms_are_counted_only_in_zones_of_which_the_company_has_a_calendar(
    door: Door, zone: str | None, company: Company, served: bool
) -> None:
    raw = recent(door.event, **({} if zone is None else {"zone": zone}))
    if served:
        await look_up(*read_event(raw, "event"), asking(lambda: company))
        return
    with pytest.raises(DeliveryError) as refused:
        await look_up(*read_event(raw, "event"), asking(lambda: company))
    assert (refused.value.kind, refused.value.type) == ("refused", "UnknownZone")
    assert [error.field for error in refused.value.errors] == ["data.zone"]


@BEGINS
async def test_while_the_companys_file_cannot_be_read_the_sender_comes_again(door: Door) -> None:
    def unread() -> NoReturn:
        raise CompanyError("company.toml does not exist")

    with pytest.raises(DeliveryError) as away:
        await look_up(*read_event(recent(door.event), "event"), asking(unread))
    assert (away.value.kind, away.value.type) == ("unavailable", "Company")


def test_the_companys_own_calendar_goes_before_others_of_its_zone() -> None:
    own, other = CalendarSpec.simple(KYIV, "UA", name="company"), CalendarSpec.simple("Europe/Warsaw", None, name="company")
    assert calendar_in(KYIV, {"a": OF_KYIV, "company": own}) == "company"
    assert calendar_in(KYIV, {"b": OF_KYIV, "a": OF_KYIV, "company": other}) == "a"
    assert calendar_in(KYIV, {"company": other}) is None


async def test_what_cannot_be_counted_is_a_problem_of_one_field_and_is_not_kept(desk: Desk) -> None:
    """The company of these tests works in Moscow alone."""
    wrong = recent("onboarding.handed_over")
    answer = await Sender(desk).post(wrong)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:reglament:problem:UnknownZone")
    assert [error["field"] for error in answer.json()["errors"]] == ["data.zone"]
    assert await desk.store.find(wrong["id"]) is None
    right = recent("onboarding.handed_over", zone="Europe/Moscow")
    answer = await Sender(desk).post(right)
    assert (answer.status_code, answer.json()["state"]) == (202, "delivered")


# --- the documents of visas -----------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 2.6")
@pytest.mark.parametrize("what", ["visa_given", "item_mended", "installation_reported"])
async def test_a_document_is_kept_by_its_content_and_never_named_from_afar(desk: Desk, what: str) -> None:
    desk.cases.begun.add("onboarding/K-204")
    raw = recent(f"onboarding.{what}", files=[document()])
    answer = await Sender(desk).post(raw)
    assert (answer.status_code, answer.json()["state"]) == (202, "delivered")
    assert await FileStore(desk.store._engine, desk.store._keys).get(SHA256) == DOCUMENT
    for number, given in enumerate(({}, {"sha256": SHA256}, {"content": "?"})):
        answer = await Sender(desk).post({**raw, "id": f"e-{number}", "data": {**raw["data"], "files": [{"name": "Картка.pdf", **given}]}})
        assert answer.status_code == 422


@pytest.mark.parametrize(("number", "code"), [(MOST, 202), (MOST + 1, 422)])
async def test_a_visa_stands_on_at_most_ten_documents(desk: Desk, number: int, code: int) -> None:
    desk.cases.begun.add("onboarding/K-204")
    answer = await Sender(desk).post(recent("onboarding.visa_given", files=[document(f"{n}.pdf") for n in range(number)]))
    assert answer.status_code == code


def test_what_is_described_is_what_is_taken() -> None:
    for what in ("visa_given", "item_mended", "installation_reported"):
        schema = DOORS[f"onboarding.{what}"].schema()
        assert schema["$defs"]["SentFile"]["properties"].keys() == {"name", "content"}
    assert "files" in DOORS["onboarding.installation_reported"].schema()["required"]
    assert "files" not in DOORS["onboarding.visa_given"].schema()["required"]


def test_every_answer_of_the_rules_is_described() -> None:
    assert {slip_visas.STANDS, slip_service.KEPT, diary_facts.STANDS} <= set(TakenEvent.model_json_schema()["properties"]["answer"]["enum"])


@pytest.mark.clause("onboarding 3.1")
def test_the_same_instant_written_with_another_offset_says_the_same() -> None:
    at = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # the clock goes back in Kyiv: 03:30 comes twice
    said = [
        read_event(recent("onboarding.first_contact", installation_at=given) | {"id": "e-1", "occurred_at": at.isoformat()}, "event")[1]
        for given in ("2026-10-25T03:30:00+02:00", "2026-10-25T04:30:00+03:00", "2026-10-25T01:30:00Z")
    ]
    assert len({message.digest() for message in said}) == 1
