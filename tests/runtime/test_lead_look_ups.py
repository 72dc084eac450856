"""What a door learns of the registers of leads before it keeps an event."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.encryption import KeyRing
from runtime.inbox import InboxStore, Incoming
from runtime.lead_look_ups import KnownProposal, LeadLookUps
from runtime.registers import Origin, RegisterRow, RegisterWriter

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CENTRE: dict[str, Any] = {
    "seq": 1,
    "code": "vlad-1",
    "name": "СЦ",
    "zone": "Asia/Vladivostok",
    "email": "leads@vlad.example.org",
    "head": "head@vlad.example.org",
    "managers": [["m4", "Ольга", "olga@vlad.example.org"]],
    "products": ["bureau"],
    "left_out": True,
    "left_out_until": NOW,
    "disconnected": False,
    "version": 1,
}
LEAD: dict[str, Any] = {
    "seq": 1,
    "round": 1,
    "client": "c-311",
    "client_name": "ООО Ромашка",
    "product": "bureau",
    "type": "connection",
    "temperature": "hot",
    "status": "new",
    "centre": "vlad-1",
    "created_at": NOW,
    "arrived_at": NOW,
    "due_text": "",
    "breached": False,
}
MEASURE: dict[str, Any] = {
    "seq": 1,
    "key": "uid/7.2.1/1",
    "clause": "7.2.1",
    "centre": "vlad-1",
    "product": "bureau",
    "allows": ["move"],
    "evidence": "7.2.1",
    "proposed_at": NOW,
}


async def write(engine: AsyncEngine, address: str, table: str, columns: dict[str, Any]) -> None:
    origin = Origin(case_uid=address, address=address, case_kind="lead", edition="lead-1", decided_at=NOW)
    assert await RegisterWriter(engine).write(origin, [RegisterRow(table, columns)]) == 1


async def test_a_centre_is_known_with_what_is_in_force_against_it(engine: AsyncEngine) -> None:
    look_ups = LeadLookUps(engine)
    assert await look_ups.centre("vlad-1") is None
    await write(engine, "service-centre/vlad-1", "centres", CENTRE)
    found = await look_ups.centre("vlad-1")
    assert found is not None
    assert (found.products, found.left_out, found.left_out_until, found.disconnected) == (["bureau"], True, NOW, False)
    assert await look_ups.centre("vlad-2") is None


async def test_a_lead_is_open_while_some_centre_works_on_it(engine: AsyncEngine) -> None:
    look_ups, address = LeadLookUps(engine), "lead/c-311/bureau"
    assert not await look_ups.open_lead(address)
    for number, (status, is_open) in enumerate(
        [("new", True), ("in_progress", True), ("completed", False), ("declined", False), ("blocked", False), ("withdrawn", False)], 1
    ):
        await write(engine, address, "leads", {**LEAD, "seq": number, "status": status})
        assert await look_ups.open_lead(address) is is_open, status
    await write(engine, address, "leads", {**LEAD, "seq": 20, "status": "moved"})
    await write(engine, address, "leads", {**LEAD, "seq": 21, "round": 2, "centre": "kgd-2"})
    assert await look_ups.open_lead(address), "after a move the next centre works on it"
    assert not await look_ups.open_lead("lead/c-311/reports")


async def test_a_proposal_is_known_by_its_key(engine: AsyncEngine) -> None:
    look_ups = LeadLookUps(engine)
    await write(engine, "lead/c-311/bureau", "measures", MEASURE)
    assert await look_ups.proposal("uid/7.2.1/1") == KnownProposal("vlad-1", "bureau")
    assert await look_ups.proposal("uid/7.2.1/2") is None


@pytest.mark.parametrize("given_up", [False, True])
async def test_a_definition_that_came_in_announces_its_centre(engine: AsyncEngine, given_up: bool) -> None:
    look_ups, store = LeadLookUps(engine), InboxStore(engine, KeyRing([os.urandom(32)]), ["centre.defined"])
    assert not await look_ups.announced("service-centre/vlad-1")
    taken = await store.take(Incoming("e-1", "centre.defined", "service-centre/vlad-1", "event", b"{}", "d"), None)
    if given_up:
        await store.drop(taken.entry.seq, "entered twice")
    assert await look_ups.announced("service-centre/vlad-1") is not given_up
