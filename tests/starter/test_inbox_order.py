"""Whatever comes in whichever order, with Temporal coming and going and starters dying: every event once, in the order of its case."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete

from runtime.database import open_database
from runtime.inbox import UNDELIVERED, InboxState
from runtime.tables import inbox, metadata
from starter.inbox.inbox import LEASE, WAITS_AT_MOST
from starter.inbox.outcome import DeliveryError
from tests.starter.inbox_world import Desk, event

DEALS = ("D-1", "D-2")
DEAL = st.sampled_from(DEALS)
Step = tuple[Any, ...]

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fact"), DEAL),
        st.tuples(st.just("sale"), DEAL),
        st.tuples(st.just("repeat"), st.integers(0, 40)),
        st.tuples(st.just("begins elsewhere"), DEAL),
        st.tuples(st.just("temporal"), st.booleans()),
        st.tuples(st.just("a starter dies")),
        st.tuples(st.just("deliver")),
        st.tuples(st.just("time"), st.sampled_from([1, 29, 31, 70, 400])),
    ),
    max_size=30,
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("order") / "inbox.db"
    engine = create_engine(f"sqlite:///{file}")
    metadata.create_all(engine)
    engine.dispose()
    return file


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
def test_every_event_once_and_in_order(database: Path, steps: list[Step]) -> None:
    asyncio.run(_play(database, steps))


async def _play(database: Path, steps: Sequence[Step]) -> None:
    engine = open_database(f"sqlite:///{database}")
    try:
        async with engine.begin() as connection:
            await connection.execute(delete(inbox))
        desk = Desk(engine)
        desk.clock.stands_at = datetime.now(UTC)
        came: list[dict[str, Any]] = []
        for step in steps:
            await _step(desk, came, step)
        desk.cases.up = True
        for _ in range(12):  # half an hour each: whatever waits is looked at, long before a week is over
            desk.clock.ahead += timedelta(minutes=30)
            await desk.deliver_due()
        assert desk.clock.ahead < WAITS_AT_MOST
        for deal in DEALS:
            await _judge(desk, deal, [one for one in came if one["data"]["deal"] == deal])
    finally:
        await engine.dispose()


async def _step(desk: Desk, came: list[dict[str, Any]], step: Step) -> None:
    match step:
        case ("fact" | "sale" as what, deal):
            one = event("sold" if what == "sale" else "first_contact", deal)
            came.append(one)
            desk.inbox.connect(desk.cases.deliver)
            assert not (await desk.inbox.accept(one, "event")).duplicate
            await asyncio.gather(*desk.inbox._chains)
        case ("repeat", number) if came:
            desk.inbox.connect(desk.cases.deliver)
            assert (await desk.inbox.accept(came[number % len(came)], "event")).duplicate
            await asyncio.gather(*desk.inbox._chains)
        case ("begins elsewhere", deal):
            desk.cases.begun.add(f"handoff/{deal}")
        case ("temporal", up):
            desk.cases.up = up
        case ("a starter dies",):
            claims = await desk.store.claim(10, LEASE)
            if claims and desk.cases.up:  # the first one was even delivered, but not marked
                body = await desk.store.event(claims[0].entry.seq)
                assert body is not None
                with suppress(DeliveryError):
                    await desk.cases.deliver(json.loads(body), "event")
        case ("deliver",):
            await desk.deliver_due()
        case ("time", seconds):
            desk.clock.ahead += timedelta(seconds=seconds)


async def _judge(desk: Desk, deal: str, came: list[dict[str, Any]]) -> None:
    order = desk.cases.order(deal)
    assert len(order) == len(set(order)), "an event counted twice"
    states = {one["id"]: await desk.state(one["id"]) for one in came}
    begun = f"handoff/{deal}" in desk.cases.begun
    sales = {one["id"] for one in came if one["type"] == "handoff.sold"}
    for id, state in states.items():
        if id in sales:
            assert state in (InboxState.DELIVERED, InboxState.REFUSED)
            assert (id in order) is (state is InboxState.DELIVERED)
        elif begun:
            assert state is InboxState.DELIVERED, "a fact of a case that is there was not delivered"
            assert id in order
        else:
            assert state in UNDELIVERED
    # In the order in which they came, but for a sale that the facts before it waited for.
    expected = [one["id"] for one in came if one["id"] in order]
    first = [id for id in order if id in sales]
    assert len(first) <= 1
    assert [id for id in order if id not in sales] == [id for id in expected if id not in sales]
    for sale in first:
        assert set(order[: order.index(sale)]) <= set(expected[: expected.index(sale)]), "a later fact passed the sale"
