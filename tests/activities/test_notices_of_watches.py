"""Reminders to the managers of clients whose leads are watched: known from the register, told in the working time of the client's zone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from activities.directory import managers_of, with_registers
from activities.notices import Notices
from deploy.demo.smtp_catcher import SmtpCatcher
from regulations.plans import Address
from regulations.record_batch import RecordBatch
from regulations.replacement.rows import WatchRow
from regulations.rows import NoticeRow
from runtime.notices import NoticeBook
from runtime.watches import RunningWatch, WatchReader
from tests.activities.centres import COMPANY
from tests.activities.notice_office import FRIDAY, KALININGRAD, MOSCOW, SECOND, VLADIVOSTOK, Office, local
from tests.databases import sqlite_in

MANAGER, OTHER = "manager@client.example", "other@client.example"
REMIND = local(VLADIVOSTOK, "2026-11-20 15:00")
CLOSE = local(VLADIVOSTOK, "2026-11-20 18:00")


class WatchOffice(Office):
    """A company with two clients whose leads are watched, in Vladivostok and in Kaliningrad."""

    async def watch(self, account: str = "a-1", zone: str = VLADIVOSTOK, manager: str = MANAGER, **changes: Any) -> None:
        given = {"account": account, "period": "2026-10", "zone": zone, "manager": manager, "identifications": 1_000, "running": True}
        row = WatchRow.model_validate({"seq": next(self._seq), **given, **changes})
        await self._write(account, row)

    async def remind(self, account: str = "a-1", recipient: str = MANAGER, due: datetime = CLOSE, earliest: datetime = REMIND) -> None:
        row = NoticeRow(
            seq=0,
            key="L-1#3.4#2026-11-20#3",
            clause="3.4",
            kind="warning",
            role="client_manager",
            recipient=recipient,
            language="ru",
            due=due,
            earliest=earliest,
            text="3.4 Лид L-1: до пт 20.11.2026 18:00 (+10:00) нужно ещё: 3 попытки",
        )
        await self._write(account, row)

    async def _write(self, account: str, row: WatchRow | NoticeRow) -> None:
        address = f"lead-watch/{account}/2026-10"
        batch = RecordBatch(case_uid=f"uid-{account}", address=address, kind="lead-watch", edition="replacement-1", now=FRIDAY, rows=(row,))
        await self.registers.record(batch)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[WatchOffice]:
    async with sqlite_in(tmp_path) as engine, SmtpCatcher(tmp_path / "mail") as catcher:
        office = WatchOffice(engine, catcher)
        office.notices = Notices(NoticeBook(engine), COMPANY, None, WatchReader(engine))
        await office.watch()
        await office.watch("a-2", KALININGRAD, OTHER)
        yield office


@pytest.mark.clause("replacement 3.4")
async def test_a_reminder_reaches_the_manager_in_a_round_of_the_clients_zone(office: WatchOffice) -> None:
    await office.remind()
    for zone in (MOSCOW, KALININGRAD):
        assert await office.round(REMIND, zone) == [], "rounds of another zone leave it alone"
    assert await office.round(REMIND - SECOND, VLADIVOSTOK) == []
    assert await office.round(REMIND, VLADIVOSTOK) == ["sent"]
    assert await office.round(CLOSE - SECOND, VLADIVOSTOK) == []
    [letter] = office.catcher.letters
    assert (letter.recipients, letter.subject) == ((MANAGER,), "reglament: 1 напоминание")
    assert "3.4 Лид L-1: до пт 20.11.2026 18:00 (+10:00) нужно ещё: 3 попытки" in letter.body()
    assert "lead-watch/a-1/2026-10" in letter.body()


@pytest.mark.clause("replacement 3.3")
async def test_a_reminder_waits_for_the_managers_working_time_and_never_comes_after_the_term(office: WatchOffice) -> None:
    due = local(KALININGRAD, "2026-11-20 10:30")
    await office.remind("a-2", OTHER, due=due, earliest=local(KALININGRAD, "2026-11-19 18:00"))
    assert await office.round(local(KALININGRAD, "2026-11-20 08:59"), KALININGRAD) == []
    assert await office.round(local(KALININGRAD, "2026-11-20 09:00"), KALININGRAD) == ["sent"]
    await office.remind("a-3", OTHER, due=due)
    assert await office.round(due, KALININGRAD) == []
    assert [recipient for recipient, _ in office.mailed()] == [OTHER]


async def test_of_a_watch_that_has_ended_nobody_is_a_recipient_of_its_own_zone(office: WatchOffice) -> None:
    await office.watch(running=False)
    await office.remind()
    assert await office.round(REMIND, VLADIVOSTOK) == []
    assert [w.account for w in await WatchReader(office.engine).running()] == ["a-2"]


async def test_the_directory_knows_the_managers_of_running_watches(office: WatchOffice) -> None:
    reader = WatchReader(office.engine)
    everybody = await with_registers(COMPANY, None, reader)
    assert everybody.zones == (VLADIVOSTOK, KALININGRAD, MOSCOW)
    assert everybody.calendar_of(MANAGER).tz == VLADIVOSTOK
    assert everybody.recipients()[OTHER] == ("client_manager:a-2/2026-10",)
    assert await reader.zones() == [VLADIVOSTOK, KALININGRAD]
    assert await reader.addresses(VLADIVOSTOK) == ["lead-watch/a-1/2026-10"]
    given = RunningWatch("a-1", "2026-10", VLADIVOSTOK, MANAGER)
    assert managers_of([given]) == {"client_manager:a-1/2026-10": Address(email=MANAGER, calendar=f"control/{VLADIVOSTOK}")}


async def test_an_address_that_the_companys_file_has_keeps_the_working_time_of_the_file(office: WatchOffice) -> None:
    await office.watch(manager="sales@company.example")
    everybody = await with_registers(COMPANY, None, WatchReader(office.engine))
    assert everybody.calendar_of("sales@company.example").tz == MOSCOW
