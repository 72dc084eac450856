"""Notices and overdue digests of the people of service centres: known from the register, told in the working time of the centre's zone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from activities.directory import answered_for, roles_of, with_registers
from deploy.demo.smtp_catcher import SmtpCatcher
from regulations.plans import Address
from regulations.rows import NoticeRow, ObligationRow
from runtime.centres import CentreReader
from runtime.registers import Origin, RegisterRow, write_rows
from tests.activities.centres import COMPANY, FAR, NEAR, CentreOffice, centre
from tests.activities.notice_office import KALININGRAD, MOSCOW, SECOND, VLADIVOSTOK, local
from tests.databases import sqlite_in

FRIDAY = local(VLADIVOSTOK, "2026-11-20 18:00")
MONDAY = local(VLADIVOSTOK, "2026-11-23 09:00")
MANAGER = f"manager:{FAR}/m1"
HEAD = f"centre_head:{FAR}"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[CentreOffice]:
    async with sqlite_in(tmp_path) as engine, SmtpCatcher(tmp_path / "mail") as catcher:
        office = CentreOffice(engine, catcher)
        await office.define()
        yield office


def breach(office: CentreOffice, role: str, recipient: str, at: datetime = FRIDAY, **changes: Any) -> NoticeRow:
    plain = {"seq": next(office._seq), "key": "7.2.1/1", "clause": "7.2.1", "kind": "breach", "role": role, "recipient": recipient}
    return NoticeRow.model_validate({**plain, "language": "ru", "due": at, "earliest": at, "text": "срок пропущен", **changes})


def overdue(office: CentreOffice, owner: str, key: str = "7.2.1/1") -> ObligationRow:
    plain = {"seq": next(office._seq), "key": key, "clause": "7.2.1", "owner": owner, "escalation": "sales_support", "duty": "lead 7.2.1"}
    return ObligationRow.model_validate({**plain, "term": "t", "state": "overdue", "started_at": FRIDAY, "due": FRIDAY})


@pytest.mark.clause("lead 7.2.1")
@pytest.mark.clause("lead 7.1")
async def test_a_breach_at_fridays_closing_reaches_the_manager_on_monday_at_nine_of_his_zone(office: CentreOffice) -> None:
    await office.record(breach(office, MANAGER, "m1@vlad-1.example"), case="L")
    for zone in (MOSCOW, KALININGRAD):
        assert await office.round(MONDAY, zone) == [], "rounds of another zone leave it alone"
    assert await office.round(FRIDAY, VLADIVOSTOK) == []
    assert await office.round(local(VLADIVOSTOK, "2026-11-22 12:00"), VLADIVOSTOK) == []
    assert await office.round(MONDAY - SECOND, VLADIVOSTOK) == []
    assert await office.round(MONDAY, VLADIVOSTOK) == ["sent"]
    assert await office.round(MONDAY + timedelta(minutes=5), VLADIVOSTOK) == []
    assert office.mailed() == [("m1@vlad-1.example", "reglament: 1 нарушение")]


async def test_who_hears_of_one_breach_is_told_each_in_his_own_morning(office: CentreOffice) -> None:
    people = {MANAGER: "m1@vlad-1.example", HEAD: "head@vlad-1.example", "sales_support": "sales@company.example"}
    await office.record(*(breach(office, role, to) for role, to in people.items()), case="L")
    assert await office.round(MONDAY, VLADIVOSTOK) == ["sent", "sent"]
    assert await office.round(MONDAY, MOSCOW) == []
    assert await office.round(local(MOSCOW, "2026-11-23 09:00"), MOSCOW) == ["sent"]
    assert [to for to, _ in office.mailed()] == ["head@vlad-1.example", "m1@vlad-1.example", "sales@company.example"]


async def test_a_head_who_is_the_centres_address_too_gets_one_letter(office: CentreOffice) -> None:
    one = "boss@vlad-1.example"
    await office.define(centre(seq=2, email=one, head=one))
    await office.record(breach(office, f"centre:{FAR}", one), breach(office, HEAD, one, key="7.2.2/1", clause="7.2.2"), case="L")
    assert await office.round(MONDAY, VLADIVOSTOK) == ["sent"]
    assert office.mailed() == [(one, "reglament: 2 нарушения")]


async def test_a_holiday_of_the_production_calendar_is_nobodys_working_time_at_a_centre(office: CentreOffice) -> None:
    closing = local(VLADIVOSTOK, "2026-12-30 18:00")
    await office.record(breach(office, MANAGER, "m1@vlad-1.example", closing), case="L")
    assert await office.round(local(VLADIVOSTOK, "2027-01-08 12:00"), VLADIVOSTOK) == []
    assert await office.round(local(VLADIVOSTOK, "2027-01-11 09:00"), VLADIVOSTOK) == ["sent"]


async def test_somebody_whom_the_register_knows_no_more_is_told_with_the_companys_zone(office: CentreOffice) -> None:
    await office.record(breach(office, f"manager:{FAR}/gone", "gone@vlad-1.example"), case="L")
    assert await office.round(MONDAY, VLADIVOSTOK) == []
    assert await office.round(local(MOSCOW, "2026-11-23 09:00"), MOSCOW) == ["sent"]


# --- the digest of 10:00 --------------------------------------------------------------------------------------------


async def test_what_is_overdue_stands_in_the_digest_of_the_manager_and_of_the_head_of_the_centre(office: CentreOffice) -> None:
    await office.record(overdue(office, MANAGER), case="L-1")
    await office.record(overdue(office, f"centre:{FAR}"), case="L-2")
    ten = local(VLADIVOSTOK, "2026-11-23 10:00")
    assert await office.round(ten, VLADIVOSTOK, digest=True) == ["sent"] * 3
    assert await office.round(ten + timedelta(hours=1), VLADIVOSTOK, digest=True) == []
    assert office.mailed() == [
        ("head@vlad-1.example", "reglament: 2 просроченных обязательства"),
        ("info@vlad-1.example", "reglament: 1 просроченное обязательство"),
        ("m1@vlad-1.example", "reglament: 1 просроченное обязательство"),
    ]
    assert await office.round(local(KALININGRAD, "2026-11-23 10:00"), KALININGRAD, digest=True) == []
    assert await office.round(local(MOSCOW, "2026-11-23 10:00"), MOSCOW, digest=True) == ["sent"]
    assert office.mailed()[-1] == ("sales@company.example", "reglament: 2 просроченных обязательства")


async def test_a_thousand_overdue_leads_are_one_letter_of_two_hundred_lines_and_a_number(office: CentreOffice) -> None:
    row = overdue(office, f"centre:{NEAR}").model_dump(exclude={"table"})
    async with office.engine.begin() as connection:
        for n in range(1_000):
            await write_rows(connection, Origin(f"u{n}", f"lead/C-{n}/p", "lead", "e", FRIDAY), [RegisterRow("obligations", row)])
    assert await office.round(local(KALININGRAD, "2026-11-23 10:00"), KALININGRAD, digest=True) == ["sent", "sent"]
    letter = office.catcher.letters[0]
    assert letter.subject == "reglament: 1000 просроченных обязательств"
    assert (letter.body().count("- lead/C-"), "и ещё 800 строк" in letter.body()) == (200, True)


# --- the directory --------------------------------------------------------------------------------------------------


async def test_the_directory_is_the_companys_file_and_the_register(office: CentreOffice) -> None:
    everybody = await with_registers(COMPANY, CentreReader(office.engine), None)
    assert everybody.zones == (VLADIVOSTOK, KALININGRAD, MOSCOW)
    assert everybody.recipients()["m2@kal-1.example"] == (f"manager:{NEAR}/m2",)
    assert everybody.calendar_of("m2@kal-1.example").tz == KALININGRAD
    assert everybody.calendar_of("nobody@example.org").tz == MOSCOW
    assert set(answered_for(everybody)["head@vlad-1.example"]) == {HEAD, f"centre:{FAR}", MANAGER, f"manager:{FAR}/m2"}
    assert answered_for(everybody)["sales@company.example"] == ("sales_support",)
    assert await with_registers(COMPANY, None, None) == COMPANY


async def test_an_address_that_the_file_knows_keeps_the_working_time_of_the_file(office: CentreOffice) -> None:
    await office.define(centre(seq=2, head="sales@company.example"))
    everybody = await with_registers(COMPANY, CentreReader(office.engine), None)
    assert everybody.calendar_of("sales@company.example").tz == MOSCOW
    assert everybody.recipients()["sales@company.example"] == (HEAD, "sales_support")


async def test_roles_of_centres_are_those_that_a_case_is_opened_with(office: CentreOffice) -> None:
    [far] = await CentreReader(office.engine).in_zone(VLADIVOSTOK)
    assert roles_of([far])[MANAGER] == Address(email="m1@vlad-1.example", calendar=f"control/{VLADIVOSTOK}")
    assert await CentreReader(office.engine).zones() == [VLADIVOSTOK, KALININGRAD]
