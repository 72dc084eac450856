"""The doors of replacements: what is refused before anything is kept, with the clause, also once Temporal has forgotten the case."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from regulations.editions import load_editions
from regulations.replacement.messages import Requested, ToppedUp
from regulations.replacement.state import ENDS, Stage
from runtime.files import FileStore
from runtime.registers import Origin, RegisterRow, RegisterWriter
from starter.doors.door import LookUps, example_event
from starter.doors.look_ups import CompanyLookUps
from starter.doors.replacement_checks import USED
from starter.doors.table import DOORS
from starter.inbox.delivery import look_up, read_event
from starter.inbox.files import take_files
from starter.inbox.outcome import DeliveryError
from tests.activities.centres import COMPANY
from tests.databases import sqlite_in
from tests.starter.inbox_world import Desk, Sender
from tests.starter.test_lead_doors import Registers

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OPEN = sorted(set(Stage) - ENDS)


def event(what: str, **data: Any) -> dict[str, Any]:
    """The example of a type with other data."""
    given = example_event(DOORS[f"replacement.{what}"])
    assert isinstance(given["data"], dict)
    return {**given, "data": {**given["data"], **data}}


def wrong_fields(raw: Any) -> dict[str, str]:
    with pytest.raises(DeliveryError) as wrong:
        read_event(raw, "event")
    assert wrong.value.kind == "invalid"
    return {e.field: e.message for e in wrong.value.errors}


# --- addresses ------------------------------------------------------------------------------------------------------


def test_a_request_is_its_account_its_period_and_its_number() -> None:
    assert read_event(event("requested", n=1), "event")[2] == "replacement/a-2071/2026-10/1"
    assert read_event(event("requested", account="a-1", period="2026-11", n=7), "event")[2] == "replacement/a-1/2026-11/7"
    assert read_event(event("topped_up"), "event")[2] == "replacement/a-2071/2026-10/0"
    without = event("decided")
    del without["data"]["n"]
    assert read_event(without, "event")[2] == "replacement/a-2071/2026-10/1", "the ordinary request of a period"


@pytest.mark.parametrize("n", [0, -1, 100, "first"])
def test_the_number_of_a_request(n: Any) -> None:
    assert wrong_fields(event("requested", n=n)).keys() == {"data.n"}


@pytest.mark.clause("replacement 5.1")
@pytest.mark.parametrize("asked", [0, -3, "0"])
def test_nobody_asks_for_nothing(asked: Any) -> None:
    assert "ask for at least one identification" in wrong_fields(event("requested", asked=asked))["data.asked"]


def test_neither_login_nor_address_is_in_id_or_search_attributes() -> None:
    raw = event("requested", login="kanareyka@example.org", franchisee={"email": "kanareyka@example.org"})
    for type in ("requested", "topped_up"):
        door, message, address = read_event(raw if type == "requested" else event("topped_up"), "event")
        first = {pair.key.name: pair.value for pair in door.kind.attributes(message, "")}
        assert first == {"Stage": "checking", "Client": "a-2071"}
        assert "kanareyka" not in address + door.kind.summary(message)
        assert "a-2071" in door.kind.summary(message)


def test_an_address_is_used_again_after_an_end_without_result_only() -> None:
    kind = DOORS["replacement.requested"].kind
    again = {stage for stage in ENDS if kind.again(stage)}
    assert again == {Stage.REFUSED, Stage.WITHDRAWN} == ENDS - USED
    assert "6.3" in kind.after_end


# --- look-ups -------------------------------------------------------------------------------------------------------


class Known(Registers):
    """What the registers know of the period."""

    def __init__(self, numbers: dict[int, str], credited: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.numbers, self.credited = numbers, credited

    async def replacement_numbers(self, account: str, period: str) -> dict[int, str]:
        return self.numbers if (account, period) == ("a-2071", "2026-10") else {}

    async def tariff_credited(self, account: str, period: str) -> bool:
        return account == "a-2071" and period in self.credited


async def looked_up(raw: dict[str, Any], registers: LookUps) -> tuple[str, str] | None:
    """Name and words of the refusal; None: none. It names the field it is about."""
    door, message, address = read_event(raw, "event")
    [error] = await asyncio.gather(look_up(door, message, address, registers), return_exceptions=True)
    if error is None:
        return None
    assert isinstance(error, DeliveryError), error
    assert (error.kind, error.case) == ("refused", address)
    assert [(e.field.removeprefix("data.") in raw["data"], e.message) for e in error.errors] == [(True, str(error))]
    return error.type, str(error)


@pytest.mark.clause("replacement 6.3")
@pytest.mark.parametrize("stage", sorted(ENDS))
async def test_a_period_that_was_replaced_is_not_replaced_again(stage: Stage) -> None:
    found = await looked_up(event("requested"), Known({1: stage}))
    if stage in USED:
        assert found is not None
        assert found[0] == "Replaced"
        assert "6.3" in found[1]
        assert "n = 2" in found[1]
    else:
        assert found is None
    assert await looked_up(event("requested", period="2026-11"), Known({1: stage})) is None, "another period is another matter"


@pytest.mark.clause("replacement 6.3")
async def test_the_next_number_is_the_one_after_the_last() -> None:
    known = Known({0: "not_due", 1: "credited", 2: "nothing_confirmed", 3: "refused"})
    found = await looked_up(event("requested", n=2, prolongation="2026-11"), known)
    assert found is not None
    assert "n = 4" in found[1]
    assert await looked_up(event("requested", n=4, prolongation="2026-11"), known) is None


@pytest.mark.parametrize("stage", OPEN)
async def test_while_one_request_of_a_period_is_open_another_number_is_told_so(stage: Stage) -> None:
    found = await looked_up(event("requested", n=2, prolongation="2026-11"), Known({1: stage}))
    assert found is not None
    assert found[0] == "Open"
    assert "replacement/a-2071/2026-10/1" in found[1]
    assert await looked_up(event("requested"), Known({1: stage})) is None, "its own case says what becomes of it"
    assert await looked_up(event("requested"), Known({0: stage})) is None, "a top-up is no request"


@pytest.mark.clause("replacement 6.3")
async def test_a_prolongation_is_credited_with_one_request() -> None:
    known = Known({1: "credited", 2: "credited"}, credited=("2026-11",))
    found = await looked_up(event("requested", n=3, prolongation="2026-11"), known)
    assert found is not None
    assert found[0] == "Prolonged"
    assert await looked_up(event("requested", n=3, prolongation="2026-12"), known) is None


@pytest.mark.clause("replacement 6.1")
@pytest.mark.parametrize("stage", sorted(Stage))
async def test_a_top_up_comes_once(stage: Stage) -> None:
    found = await looked_up(event("topped_up"), Known({0: stage, 1: Stage.AUDITING}))
    assert (found is not None) is (stage in USED)
    if found is not None:
        assert found[0] == "Replaced"
        assert "6.1" in found[1]


async def test_the_registers_themselves_are_asked(engine: AsyncEngine) -> None:
    registers = CompanyLookUps(engine, lambda: COMPANY, load_editions)
    assert await looked_up(event("requested"), registers) is None
    origin = Origin("uid-1", "replacement/a-2071/2026-10/1", "replacement", "replacement-1", NOW)
    row = {"account": "a-2071", "period": "2026-10", "n": 1, "stage": "credited", "asked": 9, "requested_at": NOW, "capped": False}
    rest = {"seq": 1, "accepted": 9, "credited": 9, "ruled_at": NOW, "closed_at": NOW, "clauses": []}
    credit = {"account": "a-2071", "of_period": "2026-10", "identifications": 9, "reference": "c", "at": NOW}
    await RegisterWriter(engine).write(
        origin,
        [
            RegisterRow("replacements", row | rest),
            RegisterRow("credits", {**credit, "seq": 2, "entry": "replacement", "period": "2026-10"}),
            RegisterRow("credits", {**credit, "seq": 3, "entry": "tariff", "period": "2026-11"}),
        ],
    )
    found = [
        await looked_up(raw, registers)
        for raw in (
            event("requested"),
            event("requested", n=2, prolongation="2026-11"),
            event("requested", n=2, prolongation="2026-10"),
            event("requested", account="a-1"),
        )
    ]
    assert [one and one[0] for one in found] == ["Replaced", "Prolonged", None, None]


# --- files ----------------------------------------------------------------------------------------------------------

CONTENT = b"record,lead\ncard,kanareyka\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def file(**fields: Any) -> dict[str, Any]:
    return {"name": "export.csv", "content": base64.b64encode(CONTENT).decode(), **fields}


def test_an_export_comes_whole() -> None:
    after, contents = take_files(event("export_received", files=[file()]))
    assert contents == [CONTENT]
    message = read_event(after, "event")[1]
    assert message.model_dump()["files"] == ({"name": "export.csv", "sha256": SHA256, "problem": None},)
    for missing in ({"name": "export.csv"}, {"name": "export.csv", "problem": "too_large"}):
        words = " ".join(wrong_fields(event("export_received", files=[missing])).values())
        assert "content" in words
        assert "command line" in words


@pytest.mark.parametrize("given", [{"sha256": SHA256}, {"problem": "too_large"}, {"sha256": None, "problem": None}])
def test_what_the_door_finds_nobody_sends(given: dict[str, Any]) -> None:
    with pytest.raises(DeliveryError) as wrong:
        take_files(event("export_received", files=[file(**given)]))
    assert [e.field for e in wrong.value.errors] == [f"data.files.0.{name}" for name in sorted(given)]


def test_whoever_kept_a_file_may_name_it_and_no_other() -> None:
    """The command line keeps large exports itself."""
    named = event("export_received", files=[{"name": "export.csv", "sha256": SHA256}])
    assert take_files(named, [SHA256]) == (named, [])
    for kept in ((), ["0" * 64]):
        with pytest.raises(DeliveryError):
            take_files(named, kept)
    both = event("export_received", files=[file(sha256=SHA256)])
    with pytest.raises(DeliveryError):
        take_files(both, [SHA256])
    strange = event("export_received", files=[{"name": "export.csv", "sha256": [SHA256]}])
    with pytest.raises(DeliveryError):
        take_files(strange, [SHA256])


@pytest.mark.parametrize(
    ("data", "good"),
    [
        ({"accept_clear": True}, True),
        ({"accept_clear": False}, False),
        ({"accept_clear": False, "files": [file()]}, True),
        ({"accept_clear": True, "files": [file()]}, False),
        ({"accept_clear": False, "files": [file(), file()]}, False),
    ],
)
def test_a_decision_comes_one_way(data: dict[str, Any], good: bool) -> None:
    raw = take_files(event("decided", **data))[0]
    if good:
        read_event(raw, "event")
    else:
        assert wrong_fields(raw)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with sqlite_in(tmp_path) as engine:
        yield engine


async def test_a_file_of_any_message_is_kept_with_its_event(database: AsyncEngine) -> None:
    desk = Desk(database)
    desk.cases.begun.add("replacement/a-2071/2026-10/1")
    export = event("export_received", files=[file()]) | {"occurred_at": datetime.now(UTC).isoformat()}
    async with desk.works(loop=False):
        answer = await Sender(desk).post(export)
        assert (answer.status_code, answer.json()["state"]) == (202, "delivered")
        named = await Sender(desk).post(export | {"id": "e-2", "data": {**export["data"], "files": [{"name": "x", "sha256": SHA256}]}})
        assert named.status_code == 422
    store = FileStore(database, desk.store._keys)
    assert await store.get(SHA256) == CONTENT


def test_what_is_described_is_what_is_taken() -> None:
    for what in ("export_received", "decided"):
        described = DOORS[f"replacement.{what}"].schema()["$defs"]["SentFile"]
        assert described["properties"].keys() == {"name", "content"} == set(described["required"])
    asked = DOORS["replacement.requested"].schema()
    assert asked["properties"]["asked"]["exclusiveMinimum"] == 0
    assert "password" in asked["$defs"]["OwnCrm"]["properties"]
    assert "secret" not in asked["$defs"]["OwnCrm"]["properties"]


def test_both_ways_to_begin_are_ways_to_one_kind_of_case() -> None:
    begins = {door.message for door in DOORS.values() if door.starts and door.kind.kind == "replacement"}
    assert begins == {Requested, ToppedUp}
