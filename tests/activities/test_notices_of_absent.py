"""Letters to somebody who is absent go to whoever stands in: each notice to one reader, whenever an absence begins, ends or is entered."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from activities import errors
from activities.notices import Notices
from deploy.demo.smtp_catcher import MailFault, SmtpCatcher
from regulations.company import Company, Person
from regulations.rows import BreachEntry
from runtime.absences import AbsenceLine, AbsenceRegister
from runtime.notices import NoticeBook
from runtime.onboarding_tables import absences
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
from tests.databases import sqlite_in

CC, HEAD, FAR, NEAR = (f"{name}@company.example" for name in ("cc", "head", "far", "near"))
PEOPLE = {
    "u1": Person("u1", "Ольга Сергеева", CC, "company", ("cc",)),
    "u2": Person("u2", "Павел Ким", HEAD, "company", ("cc_head",)),
    "u3": Person("u3", "Лидия Цой", FAR, "vladivostok", ()),
    "u4": Person("u4", "Анна Шульц", NEAR, "kaliningrad", ()),
}
COMPANY = Company("Компания", CALENDARS, ROLES, people=PEOPLE)
BREACH = "reglament: 1 нарушение"
INSTEAD = "(вместо: Ольга Сергеева)"
TODAY = date(2026, 11, 23)
MINUTES = timedelta(minutes=5)


class Firm(Office):
    """An office whose people may be absent."""

    def __init__(self, engine: AsyncEngine, catcher: SmtpCatcher) -> None:
        super().__init__(engine, catcher)
        self.register = AbsenceRegister(engine)
        self.notices = Notices(NoticeBook(engine), COMPANY, absences=self.register)

    async def absent(self, person: str, deputy: str, first: date = TODAY, last: date = TODAY) -> None:
        async with self.register.open() as register:
            await register.enter(AbsenceLine(person, first, last, deputy), FRIDAY)

    async def back(self) -> None:
        """Nobody is absent any more."""
        async with self.engine.begin() as connection:
            await connection.execute(delete(absences))

    async def rounds(self, at: datetime) -> list[tuple[str, str]]:
        """The rounds of all zones at an instant; what they mailed."""
        before = len(self.catcher.letters)
        for zone in (MOSCOW, VLADIVOSTOK, KALININGRAD):
            await self.round(at, zone)
        return self.mailed()[before:]

    async def digests(self, at: datetime, zone: str = MOSCOW) -> list[tuple[str, str]]:
        before = len(self.catcher.letters)
        await self.round(at, zone, digest=True)
        return self.mailed()[before:]


@pytest.fixture
async def firm(tmp_path: Path) -> AsyncIterator[Firm]:
    async with sqlite_in(tmp_path) as engine, SmtpCatcher(tmp_path / "mail") as catcher:
        yield Firm(engine, catcher)


# --- rounds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "reader"),
    [(-3, -1, CC), (-3, 0, HEAD), (0, 0, HEAD), (0, 9, HEAD), (1, 9, CC)],
    ids=lambda v: str(v).partition("@")[0],
)
async def test_on_the_days_of_an_absence_and_on_no_other_the_deputy_is_told(firm: Firm, first: int, last: int, reader: str) -> None:
    await firm.absent("u1", "u2", TODAY + timedelta(days=first), TODAY + timedelta(days=last))
    await firm.record(firm.notice())
    assert await firm.rounds(MONDAY) == [(reader, BREACH)]
    for form in ("plain", "html"):
        assert (INSTEAD in firm.catcher.letters[0].body(form)) == (reader == HEAD)
    assert await firm.rounds(MONDAY + MINUTES) == []
    assert (await firm.rows())[0][2] == MONDAY


async def test_what_is_meant_for_the_absent_stands_in_the_deputys_own_letter(firm: Firm) -> None:
    await firm.absent("u1", "u2")
    await firm.record(firm.notice(), firm.notice(key="2.2.5/1"), firm.notice(key="2.2.5/1", role="cc_head"), firm.notice(role="far"))
    assert await firm.rounds(MONDAY) == [(HEAD, "reglament: 2 нарушения"), (FAR, BREACH)]
    body = firm.catcher.letters[0].body()
    assert f"breach 2.2.4/1 {INSTEAD}" in body
    assert (body.count("breach 2.2.5/1"), f"breach 2.2.5/1 {INSTEAD}" in body) == (1, False), "told in its own right"
    assert [sent for _, _, sent in await firm.rows()] == [MONDAY] * 4


async def test_a_deputy_reads_in_its_own_working_time_and_who_is_back_reads_itself(firm: Firm) -> None:
    """Noon in Moscow is evening in Vladivostok: the deputy has it the next morning, unless the absence is over by then."""
    noon, morning = moscow("2026-11-23 12:00"), local(VLADIVOSTOK, "2026-11-24 09:00")
    for last, reads_at, reader in ((TODAY, moscow("2026-11-24 09:00"), CC), (TODAY + timedelta(days=1), morning, FAR)):
        await firm.back()
        await firm.absent("u1", "u3", TODAY, last)
        await firm.record(firm.notice(earliest=noon), case=f"D-{last}")
        for at in (noon, noon + MINUTES, morning - SECOND, reads_at - SECOND):
            assert await firm.rounds(at) == []
        assert await firm.rounds(reads_at) == [(reader, BREACH)]


async def test_what_goes_at_once_goes_to_the_deputy_at_night(firm: Firm) -> None:
    await firm.absent("u1", "u3", date(2026, 11, 21))
    await firm.record(firm.notice("incident", at_once=True), firm.notice(key="2.2.5/1"))
    assert await firm.rounds(moscow("2026-11-21 20:00")) == [(FAR, "reglament: 1 происшествие")]


async def test_a_chain_of_deputies_is_read_by_its_end_and_nothing_is_lost_in_a_ring(firm: Firm) -> None:
    await firm.absent("u1", "u2", last=TODAY + timedelta(days=1))
    await firm.absent("u2", "u4")
    await firm.record(firm.notice())
    assert await firm.rounds(MONDAY) == []
    nine = local(KALININGRAD, "2026-11-23 09:00")
    assert await firm.rounds(nine) == [(NEAR, BREACH)]
    await firm.absent("u2", "u1", TODAY + timedelta(days=1), TODAY + timedelta(days=1))
    await firm.record(firm.notice(key="2.2.5/1"))
    assert await firm.rounds(MONDAY + timedelta(days=1)) == [(CC, BREACH)]


async def test_a_deputy_who_has_left_the_company_is_told_nothing(firm: Firm) -> None:
    await firm.absent("u1", "gone")
    await firm.record(firm.notice())
    assert await firm.rounds(MONDAY) == [(CC, BREACH)]


async def test_a_letter_that_never_left_goes_to_whoever_reads_by_then(firm: Firm) -> None:
    """The mail server is away while the absence is entered, and again while it is cancelled."""
    await firm.record(firm.notice())
    firm.catcher.fault = MailFault.DOWN
    assert await firm.round(MONDAY) == [errors.UNAVAILABLE]
    await firm.absent("u1", "u2")
    assert await firm.round(MONDAY + MINUTES) == [errors.UNAVAILABLE]
    await firm.back()
    await firm.absent("u1", "u4")
    firm.catcher.fault = None
    assert await firm.round(MONDAY + 2 * MINUTES) == [], "taken back, and nobody's in this zone any more"
    assert await firm.rounds(local(KALININGRAD, "2026-11-23 09:00")) == [(NEAR, BREACH)]
    assert await firm.rounds(TEN + MINUTES) == []
    assert len(firm.mailed()) == 1


@pytest.mark.parametrize("absent_before", [False, True])
async def test_a_letter_that_may_have_arrived_is_repeated_to_the_same_reader(firm: Firm, absent_before: bool) -> None:
    if absent_before:
        await firm.absent("u1", "u2")
    await firm.record(firm.notice())
    firm.catcher.fault = MailFault.TAKEN_THEN_CUT
    assert await firm.round(MONDAY) == [errors.DELIVERY_UNKNOWN]
    firm.catcher.fault = None
    await (firm.back() if absent_before else firm.absent("u1", "u2"))
    assert await firm.round(MONDAY + MINUTES) == ["sent"]
    first, second = firm.catcher.letters
    assert first.content == second.content
    assert first.recipients[0] == (HEAD if absent_before else CC)
    assert await firm.rounds(MONDAY + 2 * MINUTES) == []


async def test_what_is_new_for_the_absent_waits_while_the_deputys_last_letter_is_under_way(firm: Firm) -> None:
    await firm.absent("u1", "u2")
    await firm.record(firm.notice())
    firm.catcher.fault = MailFault.TAKEN_THEN_CUT
    await firm.round(MONDAY)
    firm.catcher.fault = None
    await firm.record(firm.notice("incident", key="new"))
    assert await firm.rounds(MONDAY + MINUTES) == [(HEAD, BREACH)]
    assert await firm.rounds(MONDAY + 2 * MINUTES) == [(HEAD, "reglament: 1 происшествие")]


async def test_a_breach_that_the_deputy_was_told_of_is_withdrawn_to_whoever_reads_then(firm: Firm) -> None:
    await firm.absent("u1", "u2")
    await firm.record(firm.duty(), firm.entry(BreachEntry.RECORDED), firm.notice())
    assert await firm.rounds(MONDAY) == [(HEAD, BREACH)]
    await firm.back()
    await firm.record(firm.duty("met"), firm.entry(BreachEntry.WITHDRAWN), firm.notice("breach_withdrawn"))
    assert await firm.rounds(MONDAY + MINUTES) == [(CC, "reglament: 1 снятое нарушение")]


@pytest.mark.parametrize("seed", range(2))
async def test_however_absences_come_and_go_each_notice_is_told_once(firm: Firm, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a course that can be repeated
    zones = (MOSCOW, VLADIVOSTOK, KALININGRAD)
    known = [f"<{number}>" for number in range(16)]
    for number, name in enumerate(known):
        at = MONDAY + timedelta(hours=2 * number)
        await firm.back()
        for person in dice.sample(sorted(PEOPLE), dice.randint(1, 3)):
            first, deputy = (at + timedelta(days=dice.randint(-1, 0))).date(), dice.choice(sorted(set(PEOPLE) - {person}))
            await firm.absent(person, deputy, first, first + timedelta(days=dice.randint(0, 1)))
        await firm.record(firm.notice("incident", dice.choice(("cc", "cc_head", "far", "near")), key=name, text=name, earliest=at))
        firm.catcher.fault = dice.choice((None, None, MailFault.DOWN))
        for zone in dice.sample(zones, 3):
            await firm.round(at, zone)
    firm.catcher.fault = None
    await firm.back()
    for zone in zones:
        await firm.round(local(zone, "2026-11-25 09:00"), zone)
    bodies = [letter.body() for letter in firm.catcher.letters]
    assert Counter(name for body in bodies for name in known for _ in range(body.count(name))) == Counter(known)
    assert any("вместо" in body for body in bodies), "the course has shown nobody in another's place"


async def test_the_preview_shows_who_would_read_it(firm: Firm) -> None:
    await firm.absent("u1", "u2")
    await firm.record(firm.notice())
    (letter,) = await firm.notices.preview(MONDAY)
    assert (letter.to, INSTEAD in str(letter.values["groups"])) == ((HEAD,), True)
    assert (await firm.rows())[0][1] is None


# --- digests --------------------------------------------------------------------------------------------------------

LATE = "reglament: 1 просроченное обязательство"


async def test_the_digest_of_the_absent_is_a_letter_of_its_own_to_the_deputy_once_a_day(firm: Firm) -> None:
    await firm.absent("u1", "u2", last=TODAY + timedelta(days=1))
    await firm.record(firm.duty(), firm.duty(key="2.2.5/1", owner="far", escalation="cc_head"))
    assert await firm.digests(TEN) == [(HEAD, LATE), (HEAD, "reglament: 2 просроченных обязательства")]
    of_cc, own = (letter.body() for letter in firm.catcher.letters)
    assert f"Просрочено и ещё не выполнено {INSTEAD}" in of_cc
    assert "вместо" not in own
    await firm.back()
    assert await firm.digests(TEN + MINUTES) == [], "who is back has been read for today"
    assert await firm.digests(TEN + timedelta(days=1)) == [(CC, LATE), (HEAD, "reglament: 2 просроченных обязательства")]


async def test_the_digest_goes_with_the_zone_of_who_reads_it(firm: Firm) -> None:
    await firm.absent("u1", "u3")
    await firm.record(firm.duty(escalation="support_of_nobody"))
    assert await firm.digests(local(VLADIVOSTOK, "2026-11-23 10:00"), VLADIVOSTOK) == [(FAR, LATE)]
    assert await firm.digests(TEN) == []
    assert "срок сб 21.11.2026 01:00 (+10:00)" in firm.catcher.letters[0].body()


@pytest.mark.parametrize(("reader", "works"), [("u3", True), ("u4", False)])
async def test_an_absence_entered_after_the_deputys_morning_is_told_with_the_absents_own_while_the_deputy_works(
    firm: Firm, reader: str, works: bool
) -> None:
    """10:00 in Moscow is 17:00 in Vladivostok, and 09:00 in Kaliningrad: before its own digest, which tells it then."""
    await firm.record(firm.duty(escalation="support_of_nobody"))
    assert await firm.digests(local(VLADIVOSTOK, "2026-11-23 10:00"), VLADIVOSTOK) == []
    await firm.absent("u1", reader)
    at = TEN if works else local(KALININGRAD, "2026-11-23 08:59:59")
    assert await firm.digests(at) == ([(FAR, LATE)] if works else [])
    assert await firm.digests(local(KALININGRAD, "2026-11-23 10:00"), KALININGRAD) == ([] if works else [(NEAR, LATE)])


async def test_a_digest_that_could_not_go_goes_to_the_same_reader(firm: Firm) -> None:
    await firm.absent("u1", "u2")
    await firm.record(firm.duty(escalation="support_of_nobody"))
    firm.catcher.fault = MailFault.DOWN
    assert await firm.digests(TEN) == []
    firm.catcher.fault = None
    await firm.back()
    assert await firm.digests(TEN + timedelta(hours=1)) == [(HEAD, LATE)]
