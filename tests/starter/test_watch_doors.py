"""The doors of lead watches: where their events go, and what is refused before anything is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regulations.company import Company
from starter.doors.door import recent_example
from starter.doors.table import DOORS
from starter.doors.watches import WATCH, WATCH_DOORS
from starter.inbox.delivery import check_start, look_up, read_event
from starter.inbox.outcome import DeliveryError
from starter.schedules import wanted
from tests.activities.centres import COMPANY
from workflows import attributes


def started(**data: Any) -> dict[str, Any]:
    event: dict[str, Any] = recent_example(DOORS["lead-watch.started"])
    return {**event, "data": {**event["data"], **data}}


class Nothing:
    """No register is asked."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


@pytest.mark.clause("replacement 3.3")
@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../etc/passwd", "Moscow"])
async def test_a_zone_in_which_no_time_can_be_counted_is_refused_by_its_field(zone: str) -> None:
    door, message, address = read_event(started(zone=zone), "event")
    with pytest.raises(DeliveryError) as wrong:
        await look_up(door, message, address, Nothing())
    assert (wrong.value.kind, wrong.value.type) == ("refused", "UnknownZone")
    assert [error.field for error in wrong.value.errors] == ["data.zone"]
    assert zone not in str(wrong.value)


async def test_a_tariff_that_can_be_watched_is_taken_and_shown_by_its_account() -> None:
    door, message, address = read_event(started(account="a-1"), "event")
    check_start(door, message, address)
    await look_up(door, message, address, Nothing())
    assert address == "lead-watch/a-1/2026-10"
    pairs = {pair.key.name: pair.value for pair in WATCH.attributes(message, "")}
    assert pairs == {attributes.STAGE.name: "running", attributes.CLIENT.name: "a-1"}
    summary = WATCH.summary(message)
    assert "a-1" in summary
    assert "@" not in summary


def test_a_start_from_another_year_is_refused_at_the_door() -> None:
    event = {**started(), "occurred_at": (datetime.now(UTC) - timedelta(days=367)).isoformat()}
    with pytest.raises(DeliveryError) as wrong:
        check_start(*read_event(event, "event"))
    assert wrong.value.type == "ImpossibleDate"


@pytest.mark.parametrize(
    ("event", "field"), [("lead-watch.leads_appeared", "leads"), ("lead-watch.calls_made", "calls"), ("lead-watch.cards_changed", "cards")]
)
@pytest.mark.parametrize(("items", "taken"), [(0, False), (1, True), (500, True), (501, False)])
def test_an_event_brings_one_to_five_hundred(event: str, field: str, items: int, taken: bool) -> None:
    many: dict[str, Any] = recent_example(DOORS[event])
    many["data"] = {**many["data"], field: many["data"][field] * items}
    if taken:
        read_event(many, "event")
    else:
        with pytest.raises(DeliveryError) as wrong:
            read_event(many, "event")
        assert f"data.{field}" in str(wrong.value)


def test_only_a_watch_that_was_withdrawn_may_begin_again() -> None:
    assert [WATCH.again(outcome) for outcome in ("withdrawn", "done", None)] == [True, False, False]
    assert {door.event for door in WATCH_DOORS if door.starts} == {"lead-watch.started"}
    assert not WATCH.corrects


# --- schedules ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 3.3")
def test_the_zones_of_watched_clients_have_rounds_and_nothing_else() -> None:
    company: Company = replace(COMPANY)
    plain = set(wanted(company, "queue"))
    zones = ["Asia/Vladivostok", "Europe/Moscow"]
    assert set(wanted(company, "queue", (), zones)) - plain == {"reglament/notices/Asia.Vladivostok"}
    with_centre = set(wanted(company, "queue", ["Asia/Vladivostok"]))
    assert set(wanted(company, "queue", ["Asia/Vladivostok"], zones)) == with_centre
