"""The daily digest, the preview of a round, and what the register of notices keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from activities import errors
from activities.notices import Notices
from deploy.demo.smtp_catcher import MailFault, SmtpCatcher
from regulations.company import Company
from regulations.rounds import Gather
from runtime import tables
from runtime.effect_ledger import EffectLedger
from runtime.notices import NoticeBook
from tests.activities.attempts import failing
from tests.activities.notice_office import (
    CALENDARS,
    FRIDAY,
    KALININGRAD,
    MONDAY,
    MOSCOW,
    ROLES,
    SECOND,
    TEN,
    VLADIVOSTOK,
    Office,
    local,
    moscow,
)


@pytest.fixture
async def office(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Office]:
    async with SmtpCatcher(tmp_path / "mail") as catcher:
        yield Office(engine, catcher)


# --- the digest -----------------------------------------------------------------------------------------------------


async def test_the_digest_goes_to_owner_and_escalation_role_once_a_day(office: Office) -> None:
    await office.record(office.duty(), office.duty("met", "2.2.5/1"), office.duty("open", "2.2.1/1"))
    await office.record(office.duty(due=FRIDAY - timedelta(days=1), key="5.3 (2)/1", owner="cc_head", escalation="regional"), case="D-2")
    assert await office.round(TEN, digest=True) == ["sent", "sent"]
    assert sorted(office.mailed()) == [
        ("cc@company.example", "reglament: 1 просроченное обязательство"),
        ("head@company.example", "reglament: 2 просроченных обязательства"),
    ]
    head = next(one for one in office.catcher.letters if one.recipients[0] == "head@company.example")
    for body in (head.body(), head.body("html")):
        assert body.index("handoff/D-2") < body.index("handoff/D-1"), "the latest first"
        assert "просрочено на 1 ч 0 мин рабочего времени" in body
    await office.record(office.duty(key="2.2.3/1"), case="D-3")
    assert await office.round(TEN + timedelta(hours=1), digest=True) == []
    assert await office.round(TEN + timedelta(days=1), digest=True) == ["sent", "sent"]


@pytest.mark.parametrize("moment", ["2026-11-21 10:00", "2026-12-31 10:00", "2026-11-23 18:00"])
async def test_no_digest_on_a_day_off_or_after_closing(office: Office, moment: str) -> None:
    await office.record(office.duty())
    assert await office.round(moscow(moment), digest=True) == []


async def test_nothing_overdue_is_no_digest(office: Office) -> None:
    await office.record(office.duty("met"), office.duty("open", "2.2.5/1"), office.duty("waived", "2.2.1/1"))
    assert await office.round(TEN, digest=True) == []


async def test_a_digest_goes_with_the_zone_of_its_recipient_alone(office: Office) -> None:
    await office.record(office.duty(owner="far", escalation="near"))
    for zone, to in ((VLADIVOSTOK, "far@company.example"), (KALININGRAD, "near@company.example")):
        assert await office.round(local(zone, "2026-11-23 10:00"), zone, digest=True) == ["sent"]
        assert office.mailed()[-1][0] == to
    assert await office.round(TEN, digest=True) == []


async def test_a_digest_that_could_not_go_is_the_same_letter_for_a_second_run(office: Office) -> None:
    await office.record(office.duty())
    office.catcher.fault = MailFault.DOWN
    assert await office.round(TEN, digest=True) == [errors.UNAVAILABLE] * 2
    await office.record(office.duty(key="2.2.3/1"), case="D-3")
    office.catcher.fault = None
    assert await office.round(TEN + timedelta(hours=2), digest=True) == ["sent", "sent"]
    assert {subject for _, subject in office.mailed()} == {"reglament: 1 просроченное обязательство"}
    assert await office.round(TEN + timedelta(hours=3)) == [], "rounds have nothing to do with the letters of digests"


async def test_a_long_digest_lists_two_hundred_and_counts_the_rest(office: Office) -> None:
    for n in range(203):
        await office.record(office.duty(), case=f"D-{n:03}")
    assert await office.round(TEN, digest=True) == ["sent", "sent"]
    letter = office.catcher.letters[0]
    assert letter.subject == "reglament: 203 просроченных обязательства"
    assert letter.body().count("handoff/D-") == 200
    assert "и ещё 3 строки: они не поместились" in letter.body()


async def test_a_ukrainian_company_gets_ukrainian_letters(engine: AsyncEngine, tmp_path: Path) -> None:
    async with SmtpCatcher(tmp_path / "mail") as catcher:
        office = Office(engine, catcher, "uk")
        await office.record(office.notice(), office.duty())
        assert await office.round(MONDAY) == ["sent"]
        assert await office.round(TEN, digest=True) == ["sent", "sent"]
        round, digest = catcher.letters[0], catcher.letters[1]
        assert (round.subject, round.message["Content-Language"]) == ("reglament: 1 порушення", "uk")
        assert 'lang="uk"' in round.body("html")
        assert "Прострочено і ще не виконано" in digest.body()


# --- the preview ----------------------------------------------------------------------------------------------------


async def test_the_preview_shows_what_a_round_would_send_and_changes_nothing(office: Office) -> None:
    await office.record(office.notice(), office.notice(role="far"), office.notice("warning", key="2.2.5/1"), office.duty("met", "2.2.5/1"))
    before = await office.rows()
    assert await office.notices.preview(FRIDAY) == []
    shown = await office.notices.preview(MONDAY)
    assert [(letter.to, letter.values["subject"]) for letter in shown] == [
        (("far@company.example",), "reglament: 1 нарушение"),
        (("cc@company.example",), "reglament: 1 нарушение"),
    ]
    assert await office.rows() == before
    assert await office.round(MONDAY) == ["sent"]


async def test_what_the_preview_shows_of_a_failed_round_is_not_taken_back(office: Office) -> None:
    await office.record(office.notice())
    await office.gather(MONDAY, round="failed")
    assert len(await office.notices.preview(MONDAY)) == 1
    async with office.engine.connect() as connection:
        made = (await connection.execute(select(tables.notice_letters.c.round))).scalars().all()
        effects = (await connection.execute(select(tables.effects.c.key))).scalars().all()
    assert (list(made), list(effects)) == (["failed"], [])


# --- the register ---------------------------------------------------------------------------------------------------


async def test_a_settled_letter_keeps_nothing_of_what_it_said(office: Office) -> None:
    await office.record(office.notice())
    await office.round(MONDAY)
    async with office.engine.connect() as connection:
        [row] = (await connection.execute(select(tables.notice_letters))).all()
    assert (row.letter, row.outcome, row.settled_at, row.recipient) == (None, "sent", MONDAY, "cc@company.example")


async def test_an_attempt_that_holds_the_lease_is_left_alone(office: Office) -> None:
    """Another round is in the middle of sending: neither its rows nor its recipient are taken from it."""
    await office.record(office.notice())
    [letter] = (await office.gather(MONDAY, round="other")).letters
    ledger = EffectLedger(office.engine)
    await ledger.claim(letter.key, "letter", "hash", timedelta(minutes=1))
    await office.record(office.notice("incident", key="new"))
    assert (await office.gather(MONDAY + SECOND)).letters == (letter,)
    async with office.engine.begin() as connection:
        await connection.execute(update(tables.effects).values(lease_until=datetime(2020, 1, 1, tzinfo=UTC)))
    [both] = (await office.gather(MONDAY + 2 * SECOND)).letters
    assert both.key != letter.key
    assert both.values["subject"] == "reglament: 1 нарушение, 1 происшествие"


async def test_a_database_that_is_away_is_waited_for() -> None:
    from runtime.database import open_database

    away = open_database("postgresql://nobody@127.0.0.1:1/none")
    notices = Notices(NoticeBook(away), Company("Компания", CALENDARS, ROLES))
    error = await failing(notices.gather_notices, Gather(zone=MOSCOW, at=MONDAY, round="r"))
    await away.dispose()
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
