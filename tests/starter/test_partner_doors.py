"""The doors of partner support: where events go, what is shown of a case, who may begin again, and the seven days of 4.1."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from regulations.company import Company, CompanyError
from regulations.editions import EditionFile, Editions, load_editions
from regulations.partner.account_state import AccountStage
from regulations.partner.intake_state import IntakeStage
from regulations.partner.meeting_state import MeetingStage
from regulations.partner.payment_state import PaymentStage
from regulations.partner.sale_state import SaleStage
from regulations.time.calendar_spec import CalendarSpec
from runtime.registers import Origin, RegisterRow, RegisterWriter
from starter.doors.door import Door, example_event, recent_example
from starter.doors.look_ups import CompanyLookUps
from starter.doors.partner_sales import SALE_DOORS
from starter.doors.partners import PARTNER_DOORS
from starter.doors.table import DOORS
from starter.inbox.delivery import check_start, look_up, read_event
from starter.inbox.outcome import DeliveryError, Source
from tests.activities.centres import COMPANY
from tests.databases import sqlite_in

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
ALL = (*PARTNER_DOORS, *SALE_DOORS)
STARTS = [door for door in ALL if door.starts]
BERLIN = replace(COMPANY, calendars={"company": CalendarSpec.simple("Europe/Berlin", None, "10:00-19:00", name="company")})


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with sqlite_in(tmp_path) as engine:
        yield engine


# --- addresses, attributes, ends ------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", STARTS, ids=lambda door: door.event)
def test_a_case_is_begun_by_its_example_and_shows_no_person(door: Door) -> None:
    door, message, address = read_event(recent_example(door), "event")
    check_start(door, message, address)
    first = {pair.key.name: pair.value for pair in door.kind.attributes(message, "")}
    assert first["Stage"] in {"awaiting_acceptance", "active", "awaiting_form", "invoicing", "matching", "scheduled"}
    assert first.keys() == ({"Stage"} if door.kind.kind in ("partner-payment", "partner-meetings") else {"Stage", "Partner"})
    summary = door.kind.summary(message)
    assert summary
    for hidden in ("@", "+7999", "7707083893", "Ромашка"):
        assert hidden not in f"{address} {first}"
    for hidden in ("@", "+7999", "7707083893"):
        assert hidden not in summary


def test_the_example_of_now_is_a_case_of_its_own_throughout() -> None:
    _, message, address = read_event(recent_example(DOORS["partner-account.begun"]), "event")
    assert address == f"partner/{message.model_dump()['person']['id']}/account"
    assert message.model_dump()["person"]["contact"] == "c-77"


@pytest.mark.parametrize(
    ("event", "stages", "again"),
    [
        ("partner-intake.moved_to_work", IntakeStage, {"withdrawn"}),
        ("partner-account.begun", AccountStage, {"ended"}),
        ("partner-order.consented", SaleStage, {"withdrawn"}),
        ("partner-renewal.consented", SaleStage, {"withdrawn"}),
        ("partner-payment.arrived", PaymentStage, set()),
        ("partner-meetings.scheduled", MeetingStage, {"withdrawn"}),
    ],
)
def test_after_which_ends_an_address_is_used_again(event: str, stages: Any, again: set[str]) -> None:
    kind = DOORS[event].kind
    assert {stage.value for stage in stages if kind.again(stage.value)} == again
    assert not kind.again(None)
    assert not kind.corrects


def test_order_and_renewal_of_one_deal_are_two_cases_and_what_was_allocated_has_no_door() -> None:
    told = example_event(DOORS["partner-order.told"])
    assert read_event(told, "event")[2] == "partner/D-402/order"
    assert read_event({**told, "type": "partner-renewal.told"}, "event")[2] == "partner/D-402/renewal"
    assert not any(door.update == "allocated" for door in ALL)


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        ("partner-payment.arrived", "amount", 59000.5),
        ("partner-payment.arrived", "amount", "59000.505"),
        ("partner-payment.arrived", "amount", "0.00"),
        ("partner-account.state_noted", "renewal_sum", 120000.0),
        ("partner-renewal.consented", "discount_percent", 5.0),
        ("partner-meetings.scheduled", "at", "24:00"),
        ("partner-intake.moved_to_work", "sales_manager", "Павел Ким"),
    ],
)
def test_a_value_that_is_not_exact_or_not_right_is_refused_by_its_field(event: str, field: str, value: object) -> None:
    raw: dict[str, Any] = example_event(DOORS[event])
    with pytest.raises(DeliveryError) as wrong:
        read_event({**raw, "data": {**raw["data"], field: value}}, "event")
    assert wrong.value.kind == "invalid"
    assert any(error.field.startswith(f"data.{field}") for error in wrong.value.errors)
    assert str(value) not in str(wrong.value)


# --- 4.1 ------------------------------------------------------------------------------------------------------------


class Office:
    """A company before whose doors activities are set; it is asked at an instant at which each of them can be told."""

    def __init__(self, engine: AsyncEngine, company: Company = COMPANY, editions: Editions | None = None) -> None:
        self.look_ups = CompanyLookUps(engine, lambda: company, lambda: editions or load_editions())

    async def refusal(self, set_at: datetime, planned_at: datetime, source: Source = "cli", **data: Any) -> str | None:
        """The type of the refusal; None: it is taken."""
        raw: dict[str, Any] = example_event(DOORS["partner-account.activity_set"])
        given = {**raw["data"], "planned_at": planned_at.isoformat(), **data}
        door, message, address = read_event({**raw, "occurred_at": set_at.isoformat(), "data": given}, source)
        assert door.look_up is not None
        try:
            await door.look_up(message, address, self.look_ups, set_at)
        except DeliveryError as e:
            return e.type if e.kind == "refused" and e.case == address else "wrong"
        return None


SETTINGS = [
    (COMPANY, "2026-11-16T10:00:00+03:00", "2026-11-23T10:00:00+03:00"),
    (COMPANY, "2026-11-14T23:30:00+03:00", "2026-11-21T23:30:00+03:00"),  # set and planned on a Saturday
    (COMPANY, "2026-06-10T12:00:00+03:00", "2026-06-17T12:00:00+03:00"),  # over the holiday of 12 June
    (COMPANY, "2026-12-30T12:00:00+03:00", "2027-01-06T12:00:00+03:00"),  # to a holiday
    (BERLIN, "2026-10-23T12:00:00+02:00", "2026-10-30T12:00:00+01:00"),  # the clock goes back on the 25th: an hour more
    (BERLIN, "2026-03-27T12:00:00+01:00", "2026-04-03T12:00:00+02:00"),  # and forward on the 29th: an hour less
]


@pytest.mark.clause("partner 4.1")
@pytest.mark.parametrize(("company", "set_at", "limit"), SETTINGS)
async def test_an_activity_lies_seven_days_ahead_to_the_minute(engine: AsyncEngine, company: Company, set_at: str, limit: str) -> None:
    office, begin, end = Office(engine, company), datetime.fromisoformat(set_at), datetime.fromisoformat(limit)
    assert await office.refusal(begin, end - MINUTE) is None
    assert await office.refusal(begin, end) is None
    assert await office.refusal(begin, end + MINUTE - SECOND) is None
    assert await office.refusal(begin, end + MINUTE) == "TooFarAhead"
    assert await office.refusal(begin, end + MINUTE, reason="партнёр в отпуске") is None
    assert await office.refusal(begin, end + MINUTE, reason="   ") == "TooFarAhead"
    assert await office.refusal(begin, end + MINUTE, "ui") == "TooFarAhead"
    assert await office.refusal(begin, end + MINUTE, "event") is None, "what the CRM tells has been done: it is a breach"


@pytest.mark.clause("partner 4.1")
async def test_the_edition_of_the_account_counts_and_not_the_one_in_force(engine: AsyncEngine) -> None:
    set_at = datetime(2026, 11, 16, 10, tzinfo=UTC)
    [old] = [file for file in load_editions().files if file.regulation == "partner"]
    new = {"id": "partner-2", "in_force": datetime(2026, 11, 1, tzinfo=UTC), "terms": {**old.terms, "4.1": "3 calendar days"}}
    without = {"id": "partner-3", "terms": {clause: term for clause, term in old.terms.items() if clause != "4.1"}}
    office = Office(engine, editions=Editions([old, EditionFile.model_validate({**old.model_dump(), **new})]))
    assert await office.refusal(set_at, set_at + timedelta(days=5)) == "TooFarAhead", "nobody knows the account: as a new one"
    await account_row(engine, "uid-1", "partner-1", set_at - timedelta(days=90))
    assert await office.refusal(set_at, set_at + timedelta(days=5)) is None
    await account_row(engine, "uid-2", "partner-2", set_at - timedelta(days=1))
    assert await office.refusal(set_at, set_at + timedelta(days=5)) == "TooFarAhead", "the account that has begun again"
    termless = Office(engine, editions=Editions([EditionFile.model_validate({**old.model_dump(), **without, "id": "partner-2"})]))
    assert await termless.refusal(set_at, set_at + timedelta(days=300)) is None


async def account_row(engine: AsyncEngine, uid: str, edition: str, begun_at: datetime) -> None:
    said = {"problem": "", "urgent": False, "answer": "", "next_step": "", "outlook": "", "additional": ""}
    row = {"seq": 1, "partner": "p-77", "name": "Ромашка", "manager": "u12", "active": True, "begun_at": begun_at, **said}
    row |= {"calls": 0, "poor_comments": 0}
    await RegisterWriter(engine).write(
        Origin(uid, "partner/p-77/account", "partner-account", edition, begun_at), [RegisterRow("partners", row)]
    )


@pytest.mark.clause("partner 4.1")
async def test_a_date_that_cannot_be_and_a_company_that_cannot_be_read(engine: AsyncEngine) -> None:
    def unread() -> NoReturn:
        raise CompanyError("company.toml does not exist")

    office, now = Office(engine), datetime.now(UTC)
    raw: dict[str, Any] = recent_example(DOORS["partner-account.activity_set"])
    long_ago = {**raw, "occurred_at": (now - timedelta(days=400)).isoformat()}
    with pytest.raises(DeliveryError) as wrong:
        await look_up(*read_event(long_ago, "cli"), office.look_ups)
    assert (wrong.value.kind, wrong.value.type) == ("refused", "ImpossibleDate")
    with pytest.raises(DeliveryError) as wrong:
        await look_up(*read_event(raw, "cli"), CompanyLookUps(engine, unread, load_editions))
    assert (wrong.value.kind, wrong.value.type) == ("unavailable", "Company")
