"""The inbox at work: what was answered 2xx is never lost, never counted twice, and never delivered out of order."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.encryption import KeyRing
from runtime.inbox import InboxConflictError, InboxState, InboxStore
from starter.doors.door import example_event
from starter.doors.table import DOORS, STARTS
from starter.inbox.delivery import PATIENCE
from starter.inbox.inbox import AT_ONCE, LEASE, LOOK_AGAIN, MOST_IN_FLIGHT, WAITS_AT_MOST, Inbox
from starter.inbox.outcome import DeliveryError
from tests.starter.inbox_world import Desk, as_kept, event

RECEIVED, WAITING, DELIVERED, REFUSED, DROPPED = InboxState
SECOND = timedelta(seconds=1)


@pytest.fixture
def desk(engine: AsyncEngine) -> Desk:
    return Desk(engine)


def refusal(type: str = "Incomplete", kind: Any = "refused") -> DeliveryError:
    return DeliveryError(kind, type, "3.3: fill in the questionnaire")


def test_the_times() -> None:
    """A sender is answered after 80 ms; a lease outlives every delivery; a fact waits seven days for its case."""
    assert (AT_ONCE.total_seconds(), WAITS_AT_MOST.days) == (0.08, 7)
    assert LEASE.total_seconds() > PATIENCE


# --- taking -------------------------------------------------------------------------------------------------------------


async def test_an_event_is_delivered_within_its_answer(desk: Desk) -> None:
    async with desk.works(loop=False):
        sold = event("sold")
        answer = await desk.inbox.accept(sold, "event")
    assert (answer.entry.state, answer.duplicate, answer.entry.address) == (DELIVERED, False, "handoff/D-1")
    assert answer.entry.outcome == {"duplicate": False, "stage": "checking", "revision": 1, "next_due": "2026-12-01T15:00:00+00:00"}
    assert desk.cases.order() == [sold["id"]]


async def test_a_slow_case_is_answered_for_after_80_ms_and_goes_on(desk: Desk) -> None:
    desk.cases.answering.clear()
    async with desk.works(loop=False):
        sold = event("sold")
        answer = await desk.inbox.accept(sold, "event", AT_ONCE)
        assert answer.entry.state is RECEIVED
        desk.cases.answering.set()
        await desk.until(sold["id"], DELIVERED)
    assert desk.cases.asked[sold["id"]] == 1, "the attempt was not cut off and made again"


async def test_nothing_is_kept_of_an_event_that_is_not_valid(desk: Desk) -> None:
    too_early = event("sold", occurred_at="2030-01-01T00:00:00+00:00")
    outside = event("sold", data={"partner": {**DOORS["handoff.sold"].example["partner"], "collects_payments": True}})  # type: ignore[dict-item]
    async with desk.works(loop=False):
        for wrong, type in (
            (event("sold", data={"deal": "no deal"}), "InvalidEvent"),
            (event("sold", type="handoff.nothing"), "UnknownType"),
            (too_early, "FromTheFuture"),
            (outside, "OutsideRegulation"),
        ):
            with pytest.raises(DeliveryError) as error:
                await desk.inbox.accept(wrong, "event")
            assert error.value.type == type
            assert await desk.store.find(wrong["id"]) is None


async def test_a_repeat_that_has_become_too_old_to_begin_a_case_is_a_repeat(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk.works(loop=False):
        sold = event("sold")
        await desk.inbox.accept(sold, "event")

        def too_old(*_: object) -> None:
            raise refusal("ImpossibleDate")

        monkeypatch.setattr("starter.inbox.inbox.check_start", too_old)
        assert (await desk.inbox.accept(sold, "event")).duplicate
        with pytest.raises(DeliveryError, match="questionnaire"):
            await desk.inbox.accept(event("sold"), "event")


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())
async def test_every_type_of_event_goes_through_the_inbox_unchanged(tmp_path: Any, door: Any) -> None:
    """What is kept says the same message as what came, and gives the same digest again."""
    from starter.inbox.delivery import read_event

    _, message, address = read_event(as_kept(example_event(door)), "event")
    kept = door.event_of(message, address)
    again_door, again, same_address = read_event(kept, "event")
    assert (again_door, again, same_address) == (door, message, address)
    assert again.digest() == message.digest()
    assert door.event_of(again, same_address) == kept


@pytest.mark.parametrize(
    "change",
    [
        {"occurred_at": "2026-11-20T15:00:00+03:00"},
        {"occurred_at": "2026-11-20T12:00:00Z"},
        {"occurred_at": "2026-11-20T14:00:00.000+02:00"},
    ],
)
async def test_the_same_said_otherwise_is_the_same(desk: Desk, change: dict[str, str]) -> None:
    first = event("first_contact", id="same", occurred_at="2026-11-20T12:00:00+00:00")
    async with desk.works(connected=False):
        await desk.inbox.accept(first, "event")
        again = {**first, **change, "data": dict(reversed(first["data"].items()))}
        assert (await desk.inbox.accept(again, "mailbox")).duplicate


@pytest.mark.parametrize(
    "change",
    [
        {"occurred_at": "2026-11-20T12:00:01+00:00"},
        {"type": "handoff.training_done"},
        {"data": {"deal": "D-2", "by": {"id": "u17", "role": "cc"}}},
        {"data": {"deal": "D-1"}},
    ],
    ids=["time", "type", "deal", "person"],
)
async def test_the_same_id_with_another_content_is_a_conflict(desk: Desk, change: dict[str, Any]) -> None:
    first = event("first_contact", id="same", occurred_at="2026-11-20T12:00:00+00:00")
    async with desk.works(connected=False):
        await desk.inbox.accept(first, "event")
        with pytest.raises(InboxConflictError):
            await desk.inbox.accept({**first, **change}, "event")


async def test_twenty_at_once_are_one(desk: Desk) -> None:
    sold = event("sold")
    async with desk.works():
        answers = await asyncio.gather(*(desk.inbox.accept(sold, "event") for _ in range(20)))
        await desk.until(sold["id"], DELIVERED)
        assert len({a.entry.seq for a in answers}) == 1
        assert [a.duplicate for a in answers].count(False) == 1
        assert desk.cases.told == [("handoff/D-1", sold["id"])]


async def test_a_repeat_of_what_is_not_delivered_yet_tries_it_at_once(desk: Desk) -> None:
    async with desk.works(loop=False):
        desk.cases.up = False
        sold = event("sold")
        assert (await desk.inbox.accept(sold, "event")).entry.state is RECEIVED
        desk.cases.up = True
        again = await desk.inbox.accept(sold, "event")
        assert (again.duplicate, again.entry.state) == (True, DELIVERED)


# --- delivering ---------------------------------------------------------------------------------------------------------


async def test_events_are_kept_before_temporal_is_there_and_delivered_once_it_is(desk: Desk) -> None:
    sold, contact = event("sold"), event("first_contact")
    async with desk.works(connected=False):
        for one in (sold, contact):
            assert (await desk.inbox.accept(one, "event")).entry.state is RECEIVED
        desk.inbox.connect(desk.cases.deliver)
        await desk.until(contact["id"], DELIVERED)
    assert desk.cases.order() == [sold["id"], contact["id"]]


async def test_what_cannot_be_delivered_now_is_tried_again_later_and_later(desk: Desk) -> None:
    desk.cases.up = False
    desk.clock.stands_at = datetime.now(UTC)
    sold = event("sold")
    pauses = []
    async with desk.works(loop=False):
        await desk.inbox.accept(sold, "event")
        for _ in range(9):
            entry = await desk.store.find(sold["id"])
            assert entry is not None
            assert entry.outcome == {"type": "Temporal", "text": "the Temporal server said UNAVAILABLE"}
            pauses.append((entry.next_attempt_at - desk.clock()).total_seconds())
            desk.clock.ahead += timedelta(seconds=pauses[-1])
            await desk.deliver_due()
        desk.cases.up = True
        desk.clock.ahead += timedelta(minutes=2)
        await desk.deliver_due()
    assert await desk.state(sold["id"]) is DELIVERED
    for pause, base in zip(pauses, (1, 2, 4, 8, 16, 32, 60, 60, 60), strict=True):
        assert 0.8 * base <= pause <= 1.2 * base


async def test_a_case_that_took_the_event_before_a_crash_makes_it_delivered(desk: Desk) -> None:
    """Killed between the Update and the mark: the row is still leased, its lease ends, the case answers a repeat."""
    sold = event("sold")
    async with desk.works(connected=False):
        await desk.inbox.accept(sold, "event")
    (dead,) = await desk.store.claim(10, LEASE)
    await desk.cases.deliver(sold, "event")
    desk.clock.ahead = LEASE
    await desk.deliver_due(desk.another_inbox())
    entry = await desk.store.find(sold["id"])
    assert entry is not None
    assert (entry.state, entry.attempts) == (DELIVERED, dead.attempt + 1)
    assert entry.outcome is not None
    assert entry.outcome["duplicate"] is True
    assert desk.cases.order() == [sold["id"]]


async def test_ten_thousand_hands_are_ten(desk: Desk) -> None:
    """However much is due, no more than ten are delivered at a time, one of an address."""
    desk.cases.pace = 0.01
    sales = [event("sold", f"D-{n}") for n in range(40)]
    facts = [event("first_contact", f"D-{n}") for n in range(40)]
    async with desk.works(connected=False):
        for one in (*sales, *facts):
            await desk.inbox.accept(one, "event")
        desk.inbox.connect(desk.cases.deliver)
        for one in facts:
            await desk.until(one["id"], DELIVERED)
    assert desk.cases.most_at_a_time == MOST_IN_FLIGHT
    assert len(desk.cases.told) == 80


async def test_a_row_that_nobody_can_deliver_stands_in_the_way_of_its_own_address_only(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    poison, after, other = event("sold"), event("first_contact"), event("sold", "D-2")
    desk.cases.errors[poison["id"]] = KeyError("kanareyka@example.org")
    async with desk.works():
        assert (await desk.inbox.accept(poison, "event")).entry.state is RECEIVED
        await desk.inbox.accept(after, "event")
        assert (await desk.inbox.accept(other, "event")).entry.state is DELIVERED
        entry = await desk.store.find(poison["id"])
        assert entry is not None
        assert entry.outcome is not None
        assert entry.outcome["type"] == "KeyError"
        assert "kanareyka" not in caplog.text + str(entry.outcome)
        assert "KeyError at inbox_world.py" in caplog.text
        desk.cases.errors.clear()
        await desk.until(after["id"], DELIVERED)
    assert desk.cases.order() == [poison["id"], after["id"]]


async def test_a_body_whose_key_is_gone_waits_for_the_key(desk: Desk, engine: AsyncEngine) -> None:
    sold = event("sold")
    async with desk.works(connected=False):
        await desk.inbox.accept(sold, "event")
    stranger = Inbox(InboxStore(engine, KeyRing([os.urandom(32)]), STARTS, desk.clock), desk.person, desk.registers, "")
    await desk.deliver_due(stranger)
    entry = await desk.store.find(sold["id"])
    assert entry is not None
    assert (entry.state, desk.cases.told) == (RECEIVED, [])
    assert "REGLAMENT_ENCRYPTION_KEYS" in str(entry.outcome)
    desk.clock.ahead = timedelta(minutes=1)
    await desk.deliver_due(desk.another_inbox())
    assert await desk.state(sold["id"]) is DELIVERED


async def test_who_is_told_to_stop_finishes_what_runs_and_leases_nothing(desk: Desk) -> None:
    desk.cases.answering.clear()
    running, queued = event("sold"), event("first_contact")
    async with desk.works():
        for one in (running, queued):
            await desk.inbox.accept(one, "event", timedelta(0))
        stopping = asyncio.create_task(desk.inbox.stop(timedelta(minutes=1)))
        await asyncio.sleep(0)
        desk.cases.answering.set()
        await stopping
    assert await desk.state(running["id"]) is DELIVERED
    assert await desk.state(queued["id"]) is RECEIVED, "nothing new is begun"

    desk.cases.answering.clear()
    hanging = desk.another_inbox()
    hanging.connect(desk.cases.deliver)
    await hanging._claim_due()
    await asyncio.sleep(0)
    await hanging.stop(timedelta(milliseconds=10))
    assert [c.entry.event_id for c in await desk.store.claim(10, LEASE)] == [queued["id"]], "its lease was given back"


# --- refused ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "told"), [("event", True), ("mailbox", True), ("cli", False), ("ui", False)])
async def test_what_a_case_refuses_is_answered_kept_and_told_to_a_person_unless_one_reads_the_answer(
    desk: Desk, source: Any, told: bool
) -> None:
    accepted = event("accepted")
    desk.cases.begun.add("handoff/D-1")
    desk.cases.errors[accepted["id"]] = refusal()
    async with desk.works(loop=False):
        answer = await desk.inbox.accept(accepted, source)
        again = await desk.inbox.accept(accepted, source)
    assert desk.cases.sources[accepted["id"]] == source
    for one in (answer, again):
        assert one.entry.state is REFUSED
        assert one.entry.outcome == {"type": "Incomplete", "text": "3.3: fill in the questionnaire"}
    assert desk.person.told == ([(accepted["id"], "event_refused", "Incomplete")] if told else [])
    assert await desk.store.event(answer.entry.seq) is not None, "its body is kept"


async def test_a_refusal_whose_incident_cannot_be_written_is_not_settled(desk: Desk) -> None:
    from runtime.database import DatabaseUnavailableError

    accepted = event("accepted")
    desk.cases.errors[accepted["id"]] = refusal()
    write = desk.person.write

    async def away(*_: Any) -> None:
        raise DatabaseUnavailableError("OperationalError")

    desk.person.write = away  # type: ignore[method-assign, assignment]
    async with desk.works(loop=False):
        assert (await desk.inbox.accept(accepted, "event")).entry.state is RECEIVED
        desk.person.write = write  # type: ignore[method-assign]
        desk.clock.ahead = LEASE
        assert (await desk.inbox.accept(accepted, "event")).entry.state is REFUSED
    assert desk.person.told == [(accepted["id"], "event_refused", "Incomplete")]


# --- waiting for a case -------------------------------------------------------------------------------------------------


async def test_facts_wait_for_their_case_and_are_delivered_after_its_beginning_in_order(desk: Desk) -> None:
    facts = [event("request_received"), event("first_contact"), event("training_done")]
    sold = event("sold")
    async with desk.works():
        states = [(await desk.inbox.accept(one, "event")).entry.state for one in facts]
        assert states == [WAITING, RECEIVED, RECEIVED], "the first waits for the case, the others queue behind it"
        assert (await desk.inbox.accept(sold, "event")).entry.state is DELIVERED
        await desk.until(facts[-1]["id"], DELIVERED)
    assert desk.cases.order() == [sold["id"], *(one["id"] for one in facts)]


async def test_a_waiting_fact_is_looked_at_every_few_minutes(desk: Desk) -> None:
    """Its case may begin by another way."""
    desk.clock.stands_at = datetime.now(UTC)
    fact = event("first_contact")
    async with desk.works(loop=False):
        await desk.inbox.accept(fact, "event")
        entry = await desk.store.find(fact["id"])
        assert entry is not None
        assert 0.8 * LOOK_AGAIN <= entry.next_attempt_at - desk.clock() <= 1.2 * LOOK_AGAIN
        desk.cases.begun.add("handoff/D-1")
        desk.clock.ahead = 1.2 * LOOK_AGAIN
        await desk.deliver_due()
    assert desk.cases.order() == [fact["id"]]


@pytest.mark.parametrize(
    ("after", "state"),
    [(WAITS_AT_MOST - SECOND, WAITING), (WAITS_AT_MOST, REFUSED), (WAITS_AT_MOST + SECOND, REFUSED)],
    ids=["just before", "at", "just after"],
)
async def test_a_fact_waits_seven_days_then_a_person_is_told(desk: Desk, after: timedelta, state: InboxState) -> None:
    desk.clock.stands_at = datetime.now(UTC)
    fact = event("first_contact")
    async with desk.works(loop=False):
        await desk.inbox.accept(fact, "event")
        desk.clock.ahead = after
        await desk.deliver_due()
    entry = await desk.store.find(fact["id"])
    assert entry is not None
    assert entry.state is state
    if state is WAITING:
        assert entry.next_attempt_at == entry.received_at + WAITS_AT_MOST, "looked at once more when its time is over"
        assert desk.person.told == []
    else:
        assert (entry.outcome or {})["type"] == "NoCase"
        assert desk.person.told == [(fact["id"], "event_without_case", "NoCase")]


async def test_a_beginning_that_is_refused_wakes_what_waits_too(desk: Desk) -> None:
    """A second sale of a running deal is refused: the case is there all the same."""
    fact, sold = event("first_contact"), event("sold")
    async with desk.works():
        assert (await desk.inbox.accept(fact, "event")).entry.state is WAITING
        desk.cases.begun.add("handoff/D-1")
        desk.cases.errors[sold["id"]] = refusal("AlreadyBegun")
        assert (await desk.inbox.accept(sold, "event")).entry.state is REFUSED
        await desk.until(fact["id"], DELIVERED)
