"""The doors of leads, centres and bulk actions: addresses that name nobody, and what is refused before anything is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from regulations.lead.address import lead_address
from regulations.lead.messages import Created
from runtime.database import DatabaseUnavailableError
from starter.doors import lead_checks
from starter.doors.door import Door, example_event
from starter.doors.table import DOORS
from starter.inbox.delivery import look_up, read_event
from starter.inbox.outcome import DeliveryError
from tests.databases import sqlite_in
from tests.starter.inbox_world import Desk, Sender

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
INN = "7707083893"
KEY = "a hash key of tests"


def event(what: str, *without: str, **data: Any) -> dict[str, Any]:
    """The example of a type with other data."""
    given = example_event(DOORS[what])
    assert isinstance(given["data"], dict)
    given["data"] = {name: value for name, value in {**given["data"], **data}.items() if name not in without}
    return dict(given)


def recent(what: str, **data: Any) -> dict[str, Any]:
    return {**event(what, **data), "id": "e-1", "occurred_at": datetime.now(UTC).isoformat()}


def refused(raw: dict[str, Any], hash_key: str = KEY) -> DeliveryError:
    with pytest.raises(DeliveryError) as error:
        read_event(raw, "event", hash_key)
    assert error.value.kind == "invalid"
    return error.value


# --- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 5.3")
def test_a_client_and_a_product_are_one_address() -> None:
    for what in ("lead.created", "lead.declined"):
        assert read_event(event(what), "event", KEY)[2] == "lead/c-311/bureau"
    assert read_event(event("lead.created", product="reports"), "event", KEY)[2] == "lead/c-311/reports"


def test_where_only_an_inn_is_known_its_keyed_hash_is_the_address() -> None:
    _, message, address = read_event(event("lead.created", "client", inn=INN), "event", KEY)
    assert address.startswith("lead/h-")
    assert address.endswith("/bureau")
    assert INN not in address
    assert read_event(event("lead.declined", "client", inn=INN), "event", KEY)[2] == address, "every message finds the same lead"
    assert read_event(event("lead.created", "client", inn=INN), "event", "another key")[2] != address
    assert read_event(event("lead.created", "client", inn="7736050003"), "event", KEY)[2] != address
    assert isinstance(message, Created)
    assert lead_address(message, KEY) == address, "whoever else addresses leads finds the same one"
    shown = address.split("/")[1]
    assert read_event(event("lead.declined", client=shown), "event", KEY)[2] == address, "the hash itself is a name for the client"


def test_the_hash_stands_for_the_client_in_search_attributes_too() -> None:
    door, message, address = read_event(event("lead.created", "client", inn=INN), "event", KEY)
    first = {pair.key.name: pair.value for pair in door.kind.attributes(message, KEY)}
    assert first == {"Stage": "new", "ServiceCentre": "vlad-1", "Client": address.split("/")[1]}
    assert "Ромашка" in door.kind.summary(message)


def test_without_a_hash_key_an_inn_alone_is_refused_and_never_said_again() -> None:
    error = refused(event("lead.created", "client", inn=INN), hash_key="")
    assert "REGLAMENT_HASH_KEY" in str(error)
    assert INN not in str(error)
    assert read_event(event("lead.created"), "event", "")[2] == "lead/c-311/bureau", "a number needs no key"


@pytest.mark.parametrize(
    ("without", "data"),
    [(("client",), {}), ((), {"inn": INN}), (("client",), {"inn": "7707083890"}), ((), {"client": "kanareyka@example.org"})],
)
def test_a_client_is_named_once_and_rightly(without: tuple[str, ...], data: dict[str, Any]) -> None:
    error = refused(event("lead.created", *without, **data))
    assert not any(value in str(error) for value in data.values())


# --- what no sender gives -------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 9.4")
def test_nobody_outside_says_that_a_measure_moves_or_deletes_a_lead() -> None:
    error = refused(event("lead.moved", measure="uid/7.2.1/1"))
    assert [e.field for e in error.errors] == ["data.measure"]
    assert "measure" not in DOORS["lead.moved"].schema()["properties"]
    assert refused({**event("lead.declined"), "type": "lead.deleted"}).type == "UnknownType"


@pytest.mark.parametrize("door", [d for d in DOORS.values() if d.event.startswith("lead.") and not d.starts], ids=lambda d: d.event)
def test_every_message_but_the_creation_says_whose_lead_it_means(door: Door) -> None:
    assert "whose lead" in str(refused(event(door.event, "centre")))
    assert read_event(event(door.event, "centre", uid="1f0c7a52-0b5c-4b0e-9f57-3c2d1e5a7b90"), "event", KEY)[0] is door


# --- look-ups -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ACentre:
    code: str
    products: tuple[str, ...] = ("bureau",)
    left_out: bool = False
    left_out_until: datetime | None = None
    disconnected: bool = False


@dataclass(frozen=True)
class AProposal:
    centre: str
    product: str = "bureau"


class Registers:
    """What the registers hold."""

    def __init__(self, *centres: ACentre) -> None:
        self.centres = {centre.code: centre for centre in centres}
        self.coming: set[str] = set()
        self.leads: set[str] = set()
        self.proposals: dict[str, AProposal] = {}

    async def centre(self, code: str) -> ACentre | None:
        return self.centres.get(code)

    async def announced(self, address: str) -> bool:
        return address in self.coming

    async def open_lead(self, address: str) -> bool:
        return address in self.leads

    async def proposal(self, key: str) -> AProposal | None:
        return self.proposals.get(key)

    async def replacement_numbers(self, account: str, period: str) -> dict[int, str]:
        return {}

    async def tariff_credited(self, account: str, period: str) -> bool:
        return False

    async def due(self, address: str, regulation: str, clause: str, start: datetime) -> datetime | None:
        return None

    async def serves(self, zone: str) -> bool:
        return False


VLAD, KGD = ACentre("vlad-1"), ACentre("kgd-2")


async def looked_up(raw: dict[str, Any], registers: Registers) -> str | None:
    """The name of the refusal; None: none. A refusal names the field, the remedy, and no value from outside."""
    door, message, address = read_event(raw, "event", KEY)
    [error] = await asyncio.gather(look_up(door, message, address, registers), return_exceptions=True)
    if error is None:
        return None
    assert isinstance(error, DeliveryError), error
    assert (error.kind, error.case) == ("refused", address)
    [field] = error.errors
    assert field.field.removeprefix("data.") in raw["data"]
    assert field.message == str(error)
    return error.type


LATER, EARLIER = timedelta(days=1), timedelta(seconds=-1)
CREATED = {
    "principal": event("lead.created"),
    "client": event("lead.created", creator="client"),
    "centre": event("lead.created", creator="centre"),
}


def left_out(until: timedelta | None) -> ACentre:
    return replace(VLAD, left_out=True, left_out_until=None if until is None else datetime.now(UTC) + until)


@pytest.mark.clause("lead 9.1.2")
@pytest.mark.clause("lead 9.1.3")
@pytest.mark.clause("lead 9.1.5")
@pytest.mark.clause("lead 9.2")
@pytest.mark.parametrize(
    ("centre", "given", "own"),
    [
        (VLAD, None, None),
        (left_out(LATER), "LeftOut", None),
        (left_out(None), "LeftOut", None),
        (left_out(EARLIER), None, None),
        (replace(VLAD, products=("reports",)), "NotSold", "NotSold"),
        (replace(VLAD, disconnected=True), "Disconnected", "Disconnected"),
        (ACentre("another"), "UnknownCentre", "UnknownCentre"),
    ],
    ids=["free", "quarter", "for good", "quarter over", "product closed", "disconnected", "unknown"],
)
async def test_who_may_get_a_lead(centre: ACentre, given: str | None, own: str | None) -> None:
    registers = Registers(centre)
    assert await looked_up(CREATED["principal"], registers) == given
    assert await looked_up(CREATED["client"], registers) == given
    assert await looked_up(CREATED["centre"], registers) == own
    assert await looked_up(event("lead.moved", to="vlad-1", centre="kgd-2"), registers) == given


@pytest.mark.clause("lead 5.3")
async def test_a_further_enquiry_goes_into_the_history_whatever_is_in_force_against_the_centre() -> None:
    registers = Registers(left_out(None))
    registers.leads.add("lead/c-311/bureau")
    assert await looked_up(CREATED["client"], registers) is None
    assert await looked_up(event("lead.created", product="reports"), registers) == "NotSold", "of this product there is no lead"
    registers.centres = {"vlad-1": replace(VLAD, disconnected=True)}
    assert await looked_up(CREATED["principal"], registers) is None
    assert await looked_up(CREATED["centre"], registers) == "Disconnected"
    assert await looked_up(event("lead.created", centre="nowhere"), registers) == "UnknownCentre"


async def test_a_centre_whose_definition_has_come_in_is_known() -> None:
    """The register follows the event by a moment: the next line of the same file must not be refused."""
    registers = Registers()
    registers.coming.add(lead_checks.centre_address("vlad-1"))
    for creation in CREATED.values():
        assert await looked_up(creation, registers) is None


@pytest.mark.clause("lead 3.4")
@pytest.mark.parametrize(("zone", "refusal"), [("Asia/Vladivostok", None), ("Europe/Kaliningrad", None), ("Asia/Nowhere", "UnknownZone")])
async def test_a_centre_lies_in_a_zone_that_there_is(zone: str, refusal: str | None) -> None:
    assert await looked_up(event("centre.defined", zone=zone), Registers()) == refusal


PROPOSAL = "uid/7.2.1/1"


@pytest.mark.clause("lead 9.4")
@pytest.mark.clause("lead 10.1")
@pytest.mark.parametrize("what", ["measure_decided", "objected", "objection_decided", "measure_lifted"])
async def test_measures_are_decided_on_a_proposal_about_this_centre(what: str) -> None:
    registers, raw = Registers(VLAD), event(f"centre.{what}", proposal=PROPOSAL)
    assert await looked_up(raw, registers) == "UnknownProposal"
    registers.proposals[PROPOSAL] = AProposal("kgd-2")
    assert await looked_up(raw, registers) == "UnknownProposal"
    registers.proposals[PROPOSAL] = AProposal("vlad-1")
    assert await looked_up(raw, registers) is None


@pytest.mark.clause("lead 9.1.1")
async def test_a_measure_moves_a_lead_to_a_centre_that_may_get_it() -> None:
    registers = Registers(VLAD, KGD)
    registers.proposals[PROPOSAL] = AProposal("vlad-1")
    raw = event("centre.measure_decided", proposal=PROPOSAL, measures=["move"], to="kgd-2")
    assert await looked_up(raw, registers) is None
    registers.centres["kgd-2"] = replace(KGD, left_out=True)
    assert await looked_up(raw, registers) == "LeftOut"
    del registers.centres["kgd-2"]
    assert await looked_up(raw, registers) == "UnknownCentre"


async def test_a_bulk_action_names_a_centre_that_there_is() -> None:
    assert await looked_up(event("bulk.started"), Registers(VLAD)) is None
    assert await looked_up(event("bulk.started"), Registers(KGD)) == "UnknownCentre"


# --- at the doors ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with sqlite_in(tmp_path) as engine:
        yield Desk(engine)


async def defined(desk: Desk) -> None:
    """A centre that may get leads, as its definition announces it."""
    await desk.inbox.accept({**recent("centre.defined"), "id": "definition"}, "event")


async def test_the_sender_is_told_what_came_of_its_enquiry_and_no_more_than_it_may_know(desk: Desk) -> None:
    async with desk.works(loop=False):
        await defined(desk)
        desk.cases.discreet = True
        raw = recent("lead.created")
        answer = await Sender(desk).post(raw)
        assert answer.status_code == 202
        expected = {"case": "lead/c-311/bureau", "duplicate": False, "state": "delivered", "answer": "exists"}
        assert answer.json() == expected
        assert (await Sender(desk).post(raw)).json() == {**expected, "duplicate": True}


async def test_what_the_registers_do_not_allow_is_a_problem_of_one_field_and_is_not_kept(desk: Desk) -> None:
    async with desk.works(loop=False):
        raw = recent("lead.created", centre="kanareyka-1")
        answer = await Sender(desk).post(raw)
        said = answer.json()
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert said["type"] == "urn:reglament:problem:UnknownCentre"
        [wrong] = said["errors"]
        assert wrong["field"] == "data.centre"
        assert "centre.defined" in wrong["message"]
        assert "anareyka" not in answer.text
        assert await desk.store.find(raw["id"]) is None


async def test_a_repeat_is_a_repeat_also_when_the_registers_allow_it_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk.works(loop=False):
        await defined(desk)
        raw = recent("lead.created")
        await desk.inbox.accept(raw, "event")
        monkeypatch.setattr(desk.inbox, "_registers", Registers(replace(VLAD, disconnected=True)))
        assert (await desk.inbox.accept(raw, "event")).duplicate
        with pytest.raises(DeliveryError, match="disconnected"):
            await desk.inbox.accept({**raw, "id": "another"}, "event")


async def test_without_the_registers_nothing_is_taken_and_the_sender_comes_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(code: str) -> None:
        raise DatabaseUnavailableError("OperationalError")

    monkeypatch.setattr(desk.registers, "centre", away)
    answer = await Sender(desk).post(recent("lead.created"))
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:reglament:problem:unavailable")


async def test_the_inbox_keeps_no_inn_where_people_see_it(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    async with desk.works(loop=False):
        await defined(desk)
        raw = event("lead.created", "client", inn=INN)
        answer = await Sender(desk).post({**recent("lead.created"), "data": raw["data"]})
        assert answer.json()["case"].startswith("lead/h-")
        entry = await desk.store.find("e-1")
    assert entry is not None
    assert INN not in answer.text + str(entry) + caplog.text
