"""An event that no case took: an incident, and a notice to the head of the contact centre, without a word of the event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from regulations.catalogue import text
from regulations.company import Company, CompanyError, load_company
from runtime.inbox import Entry, InboxState
from runtime.register_reader import RegisterReader
from runtime.registers import RegisterWriter
from runtime.tables import incidents, notices
from starter.doors.table import DOORS, ESCALATION
from starter.inbox.incidents import Incidents

COMPANY = load_company(Path(__file__).resolve().parents[2] / "deploy/demo/company.toml")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def entry(seq: int = 17) -> Entry:
    return Entry(seq, "kanareyka", "handoff.accepted", "handoff/D-1", "event", InboxState.RECEIVED, None, 1, NOW, NOW, None)


async def rows(engine: AsyncEngine, table: Any) -> list[Any]:
    async with engine.connect() as connection:
        return list((await connection.execute(select(table).order_by(table.c.seq))).all())


@pytest.mark.parametrize(("what", "words"), [("event_refused", "не приняло: Incomplete"), ("event_without_case", "не дождалось дела")])
async def test_an_incident_and_its_notice_once(engine: AsyncEngine, what: Any, words: str) -> None:
    alarm = Incidents(RegisterWriter(engine), lambda: COMPANY)
    for _ in range(2):
        await alarm.write(entry(), what, "Incomplete")
    (incident,) = await rows(engine, incidents)
    (notice,) = await rows(engine, notices)
    assert (incident.case_uid, incident.key, incident.what) == ("inbox", "inbox/17", what)
    assert (incident.address, incident.case_kind) == ("handoff/D-1", "handoff")
    assert incident.text == "handoff.accepted, inbox 17: Incomplete"
    assert (notice.kind, notice.role, notice.recipient) == ("incident", "cc_head", COMPANY.roles["cc_head"].email)
    assert words in notice.text
    assert "17" in notice.text
    assert "kanareyka" not in incident.text + notice.text
    assert notice.earliest == incident.at


async def test_the_notice_is_in_the_language_of_its_recipient(engine: AsyncEngine) -> None:
    company = replace(COMPANY, languages={COMPANY.roles["cc_head"].email: "uk"})
    await Incidents(RegisterWriter(engine), lambda: company).write(entry(), "event_refused", "Incomplete")
    (notice,) = await rows(engine, notices)
    values = {"type": "handoff.accepted", "seq": 17, "address": "handoff/D-1", "reason": "Incomplete"}
    assert notice.language == "uk"
    assert notice.text == text("uk", "notice", "event_refused", **values) != text("ru", "notice", "event_refused", **values)


async def test_without_an_address_the_incident_stands_all_the_same(engine: AsyncEngine) -> None:
    def wrong() -> Company:
        raise CompanyError("no file")

    await Incidents(RegisterWriter(engine), wrong).write(entry(1), "event_refused", "Incomplete")
    nobody = Company(COMPANY.name, COMPANY.calendars, {})
    await Incidents(RegisterWriter(engine), lambda: nobody).write(entry(2), "event_refused", "Incomplete")
    assert [r.seq for r in await rows(engine, incidents)] == [1, 2]
    assert await rows(engine, notices) == []


async def test_an_event_without_a_case_makes_no_case_of_its_address(engine: AsyncEngine) -> None:
    """Otherwise the next fact would be taken for the correction of a case that never was."""
    await Incidents(RegisterWriter(engine), lambda: COMPANY).write(entry(), "event_without_case", "NoCase")
    assert await RegisterReader(engine).case_at("handoff/D-1") is None


def test_every_kind_of_case_has_somebody_to_be_told() -> None:
    assert ESCALATION.keys() == {door.event.partition(".")[0] for door in DOORS.values()}
    assert set(ESCALATION.values()) <= COMPANY.roles.keys()
