"""What service centres are sent: over real registers, a real ledger and a real mail server, at the minutes around each hour."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from activities import centre_rounds as module
from activities import errors
from activities.centre_rounds import CentreRounds
from deploy.demo.smtp_catcher import MailFault, SmtpCatcher
from regulations.lead import watch
from regulations.rounds import Gather, Gathered, LettersSent
from runtime import tables
from runtime.centres import CentreReader
from runtime.database import open_database
from runtime.effect_ledger import EffectLedger
from runtime.leads import CentreLetters, LeadReader
from tests.activities.attempts import KilledError, attempt, end_leases, failing
from tests.activities.centres import FAR, NEAR, UI, CentreOffice, centre
from tests.activities.notice_office import KALININGRAD, VLADIVOSTOK, incidents, local
from tests.databases import sqlite_in

ZONES = {FAR: VLADIVOSTOK, NEAR: KALININGRAD}
MINUTE = timedelta(minutes=1)


def far(text: str) -> datetime:
    return local(VLADIVOSTOK, text)


SATURDAY = far("2026-11-21 09:00")
MONDAY = far("2026-11-23 09:00")


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[CentreOffice]:
    async with sqlite_in(tmp_path) as engine, SmtpCatcher(tmp_path / "mail") as catcher:
        office = CentreOffice(engine, catcher)
        await office.define()
        yield office


@pytest.fixture
async def anywhere(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[CentreOffice]:
    """On each kind of database: what the SQL says."""
    async with SmtpCatcher(tmp_path / "mail") as catcher:
        office = CentreOffice(engine, catcher)
        await office.define()
        yield office


# --- the digest: when -----------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 3.3")
@pytest.mark.clause("lead 5.2.2")
@pytest.mark.parametrize("code", [FAR, NEAR])
@pytest.mark.parametrize("day", ["2026-11-23", "2026-11-21", "2027-01-01"], ids=["Monday", "Saturday", "New Year"])
async def test_the_digest_goes_at_nine_local_on_every_calendar_day_and_once(office: CentreOffice, code: str, day: str) -> None:
    zone = ZONES[code]
    nine = local(zone, f"{day} 09:00")
    await office.lead(code=code, zone=zone)
    assert await office.sent(nine - MINUTE, zone) == []
    assert await office.told() == {"lead/C-1/extern": None}
    for other in {VLADIVOSTOK, KALININGRAD} - {zone}:
        assert await office.sent(nine, other) == [], "the round of another zone leaves it alone"
    assert await office.sent(nine, zone) == ["sent"]
    assert await office.sent(nine + MINUTE, zone) == []
    assert office.mailed() == [(f"info@{code}.example", "reglament: 1 новая ПП, 1 ПП не взята в работу")]
    assert await office.told() == {"lead/C-1/extern": f"centre-digest#{day}#{code}"}


@pytest.mark.parametrize("code", [FAR, NEAR])
async def test_a_digest_missed_at_nine_goes_a_minute_later(office: CentreOffice, code: str) -> None:
    await office.lead(code=code, zone=ZONES[code])
    assert await office.sent(local(ZONES[code], "2026-11-23 09:01"), ZONES[code]) == ["sent"]


async def test_where_there_is_nothing_no_letter_goes(anywhere: CentreOffice) -> None:
    assert await anywhere.ask(Gather(zone=VLADIVOSTOK, at=MONDAY, round="r")) == Gathered()
    await anywhere.lead(1, status="completed", closed_at=SATURDAY)
    await anywhere.lead(2, status="moved")
    await anywhere.lead(3, temperature="hot")
    await anywhere.lead(4, code=NEAR, zone=KALININGRAD)
    await anywhere.lead(5, code="unknown")
    assert await anywhere.sent(MONDAY) == []
    assert anywhere.mailed() == []


# --- the digest: what -----------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 5.2.2")
@pytest.mark.clause("lead 5.2.3")
async def test_a_lead_is_told_of_once_and_watched_every_day_until_it_is_taken(anywhere: CentreOffice) -> None:
    await anywhere.lead(1, temperature="warm")
    await anywhere.lead(2, temperature="cold", due=MONDAY + timedelta(days=20))
    assert await anywhere.sent(SATURDAY) == ["sent"]
    await anywhere.lead(3, temperature="warm", status="in_progress")
    await anywhere.lead(2, temperature="cold", status="in_progress")
    assert await anywhere.sent(SATURDAY + timedelta(days=1)) == ["sent"]
    await anywhere.lead(1, temperature="warm", status="in_progress")
    assert await anywhere.sent(SATURDAY + timedelta(days=2)) == []
    assert [subject for _, subject in anywhere.mailed()] == [
        "reglament: 2 новые ПП, 2 ПП не взяты в работу",
        "reglament: 1 новая ПП, 1 ПП не взята в работу",
    ]
    first, second = (letter.body() for letter in anywhere.letters())
    assert "1 тёплая, 1 холодная" in first
    assert second.count("lead/C-3/extern") == 1
    assert "lead/C-2/extern" not in second


async def test_a_lead_that_moves_to_another_centre_is_new_there(anywhere: CentreOffice) -> None:
    await anywhere.lead(1)
    await anywhere.sent(SATURDAY)
    await anywhere.lead(1, status="moved")
    await anywhere.lead(1, code=NEAR, zone=KALININGRAD, round=2)
    assert await anywhere.sent(MONDAY) == []
    assert await anywhere.sent(local(KALININGRAD, "2026-11-23 09:00"), KALININGRAD) == ["sent"]
    assert anywhere.mailed()[-1] == ("info@kal-1.example", "reglament: 1 новая ПП, 1 ПП не взята в работу")


async def test_a_rewritten_row_keeps_that_it_was_told(anywhere: CentreOffice) -> None:
    await anywhere.lead(1)
    await anywhere.sent(SATURDAY)
    await anywhere.lead(1, planned_on=date(2026, 11, 25))
    await anywhere.sent(MONDAY)
    assert anywhere.mailed()[-1][1] == "reglament: 1 ПП не взята в работу"
    assert "по плану 25.11.2026" in anywhere.letters()[-1].body()


async def test_the_most_urgent_fifty_are_listed_the_soonest_first_warm_and_cold_together(anywhere: CentreOffice) -> None:
    await anywhere.many(range(1, 71), lambda n: {"temperature": "cold" if n % 2 else "warm", "due": MONDAY + timedelta(hours=n)})
    await anywhere.lead(99, due=None)
    await anywhere.sent(SATURDAY)
    await anywhere.sent(MONDAY)
    body = anywhere.letters()[-1].body()
    listed = [n for n in range(1, 100) if f"\n  lead/C-{n}/extern" in body]
    places = [body.index(f"\n  lead/C-{n}/extern") for n in listed]
    assert (listed, places) == (list(range(1, 51)), sorted(places))
    assert "36 тёплых, 35 холодных" in body
    assert "и ещё 21 ПП" in body


async def test_a_thousand_arrivals_are_one_letter_that_lists_a_hundred_and_counts_the_rest(anywhere: CentreOffice) -> None:
    await anywhere.many(range(130), lambda _: {"status": "in_progress"})
    assert await anywhere.sent(MONDAY) == ["sent"]
    body = anywhere.letters()[0].body()
    assert anywhere.mailed()[0][1] == "reglament: 130 новых ПП"
    assert body.count("\n  lead/C-") == watch.ARRIVALS_LISTED == 100
    assert "и ещё 30 ПП" in body
    assert set((await anywhere.told()).values()) == {"centre-digest#2026-11-23#vlad-1"}


async def test_each_lead_has_its_links_its_due_instant_and_whether_it_is_late(office: CentreOffice) -> None:
    await office.lead(1, link="https://crm.example.org/leads/1", due=SATURDAY - timedelta(hours=1))
    await office.lead(2, type="renewal", temperature="cold")
    await office.sent(SATURDAY)
    text, html = office.letters()[0].body(), office.letters()[0].body("html")
    assert "просрочена, следовало взять в работу до сб 21.11.2026 08:00 (+10:00)" in text
    assert "ООО «Клиент 2»: extern, продление, 🔵 холодная; взять в работу до пт 27.11.2026 18:00" not in text
    for form in text, html:
        assert "https://crm.example.org/leads/1" in form
        assert f"{UI}/workflows/lead%2FC-2%2Fextern" in form
    assert text.count("CRM: ") == 2  # the first lead, in both lists


@pytest.mark.clause("lead 7.2.2")
async def test_the_breaches_of_the_quarter_stand_in_the_digest(anywhere: CentreOffice) -> None:
    first, last = far("2026-10-01 00:00"), far("2027-01-01 00:00")
    for n, due in enumerate((first - MINUTE, first, last - MINUTE, last), 10):
        await anywhere.lead(n, status="completed", breached=True, due=due)
    await anywhere.lead(20, status="moved", breached=True, due=MONDAY)
    await anywhere.lead(21, status="completed", breached=False, due=MONDAY)
    await anywhere.lead(22, code=NEAR, zone=KALININGRAD, breached=True, status="in_progress", due=MONDAY)
    await anywhere.lead(1)
    await anywhere.sent(MONDAY)
    assert "В этом квартале у центра 3 пропущенных срока." in anywhere.letters()[0].body()


async def test_a_centre_whose_people_share_one_address_gets_one_letter(office: CentreOffice) -> None:
    one = "boss@vlad-1.example"
    await office.define(centre(seq=2, email=one, head=one, managers=(("m1", "Анна", one),)))
    await office.lead(1)
    await office.lead(2, temperature="hot")
    assert await office.sent(MONDAY) == ["sent"]
    assert await office.sent(MONDAY, hot=True) == ["sent"]
    assert [to for to, _ in office.mailed()] == [one, one]
    assert [letter.recipients for letter in office.letters()] == [(one,), (one,)]


async def test_two_centres_of_one_address_get_a_letter_each(office: CentreOffice) -> None:
    await office.define(centre("vlad-2", email="info@vlad-1.example"))
    await office.lead(1)
    await office.lead(2, code="vlad-2")
    assert await office.sent(MONDAY) == ["sent", "sent"]
    assert [to for to, _ in office.mailed()] == ["info@vlad-1.example"] * 2


# --- the watch of hot leads -----------------------------------------------------------------------------------------


@pytest.mark.clause("lead 5.2.1")
@pytest.mark.parametrize("code", [FAR, NEAR])
async def test_hot_leads_are_watched_every_hour_from_nine_to_eighteen(office: CentreOffice, code: str) -> None:
    zone = ZONES[code]
    await office.lead(code=code, zone=zone, temperature="hot")
    assert await office.sent(local(zone, "2026-11-23 08:59"), zone, hot=True) == []
    for hour in range(9, 19):
        at = local(zone, f"2026-11-23 {hour:02}:00")
        assert await office.sent(at, zone, hot=True) == ["sent"]
        assert await office.sent(at + MINUTE, zone, hot=True) == [], "one letter an hour"
    assert await office.sent(local(zone, "2026-11-23 18:10"), zone, hot=True) == []
    assert await office.sent(local(zone, "2026-11-23 19:00"), zone, hot=True) == []
    assert office.mailed() == [(f"info@{code}.example", "reglament: 1 горячая ПП не взята в работу")] * 10


@pytest.mark.clause("lead 5.2.1")
@pytest.mark.parametrize(
    ("day", "watched"),
    [
        ("2026-11-21", False),  # a Saturday
        ("2026-11-04", False),  # National Unity Day
        ("2026-11-03", True),  # its eve is no shorter
        ("2026-12-31", False),  # a day off by decree
        ("2027-01-11", True),
        ("2024-04-27", True),  # a Saturday that worked
        ("2024-04-29", False),  # the Monday that it stood in for
    ],
)
async def test_hot_leads_are_watched_on_the_working_days_of_the_production_calendar(office: CentreOffice, day: str, watched: bool) -> None:
    await office.lead(temperature="hot")
    for hour in (9, 18):
        assert await office.sent(far(f"{day} {hour:02}:00"), hot=True) == (["sent"] if watched else [])


async def test_no_hot_lead_no_letter(office: CentreOffice) -> None:
    await office.lead(1, temperature="hot", status="in_progress")
    await office.lead(2, temperature="warm")
    await office.lead(3, temperature="hot", status="moved")
    assert await office.sent(MONDAY, hot=True) == []


async def test_a_hundred_hot_leads_are_listed_the_soonest_due_first_and_the_rest_counted(anywhere: CentreOffice) -> None:
    await anywhere.many(range(103), lambda n: {"temperature": "hot", "due": MONDAY + timedelta(minutes=n)})
    assert await anywhere.sent(MONDAY, hot=True) == ["sent"]
    body = anywhere.letters()[0].body()
    assert anywhere.mailed()[0][1] == "reglament: 103 горячие ПП не взяты в работу"
    assert [n for n in range(103) if f"\n  lead/C-{n}/extern" in body] == list(range(100))
    assert "и ещё 3 ПП" in body
    assert await anywhere.told() == dict.fromkeys((f"lead/C-{n}/extern" for n in range(103)), None)


async def test_a_watch_that_its_hour_could_not_send_is_never_sent_later(office: CentreOffice) -> None:
    await office.lead(1, temperature="hot")
    office.catcher.fault = MailFault.DOWN
    assert await office.sent(MONDAY, hot=True) == [errors.UNAVAILABLE]
    office.catcher.fault = None
    await office.lead(1, temperature="hot", status="in_progress")
    assert await office.sent(MONDAY + timedelta(hours=1), hot=True) == []
    await office.lead(2, temperature="hot")
    assert await office.sent(MONDAY + timedelta(hours=2), hot=True) == ["sent"]
    assert "lead/C-1/" not in office.letters()[0].body()


# --- whatever fails -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hot", [False, True], ids=["digest", "watch"])
@pytest.mark.parametrize("where", ["gather", "send", "mark"])
async def test_killed_between_its_steps_it_sends_one_e_mail(
    office: CentreOffice, where: str, hot: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.lead(1, temperature="hot" if hot else "warm")
    question = Gather(zone=VLADIVOSTOK, at=MONDAY, round="r")
    first = await office.ask(question, hot=hot)
    [letter] = first.letters
    if where == "gather":  # the answer was lost
        assert await office.ask(question, hot=hot) == first
    if where == "send":  # handed over, and killed before that was noted

        async def dying(*_: Any) -> None:
            raise KilledError

        with monkeypatch.context() as killed:
            killed.setattr(EffectLedger, "finish", dying)
            with pytest.raises(KilledError):
                await attempt(office.post.send_letter, letter)
        await end_leases(office.engine)
    await attempt(office.post.send_letter, letter)
    if where == "mark":  # noted, and the answer was lost
        await office.notices.notices_sent(LettersSent(keys=(letter.key,), at=MONDAY))
    await office.notices.notices_sent(LettersSent(keys=(letter.key,), at=MONDAY))
    assert await office.sent(MONDAY, hot=hot) == []
    assert len({letter.message["Message-ID"] for letter in office.letters()}) == 1


async def test_a_digest_that_could_not_go_is_the_same_letter_for_a_second_run_of_the_day(office: CentreOffice) -> None:
    await office.lead(1)
    office.catcher.fault = MailFault.DOWN
    assert await office.sent(MONDAY) == [errors.UNAVAILABLE]
    await office.lead(2)
    office.catcher.fault = None
    assert await office.sent(MONDAY + timedelta(hours=2)) == ["sent"]
    assert office.mailed()[0][1] == "reglament: 1 новая ПП, 1 ПП не взята в работу"
    assert await office.sent(MONDAY + timedelta(days=1)) == ["sent"]
    assert office.mailed()[1][1] == "reglament: 1 новая ПП, 2 ПП не взяты в работу"


async def test_the_leads_of_a_digest_that_never_left_us_stand_in_the_next_days(anywhere: CentreOffice) -> None:
    await anywhere.lead(1)
    anywhere.catcher.fault = MailFault.DOWN
    assert await anywhere.sent(SATURDAY) == [errors.UNAVAILABLE]
    await end_leases(anywhere.engine)
    anywhere.catcher.fault = None
    await anywhere.lead(2)
    assert await anywhere.sent(MONDAY) == ["sent"]
    assert anywhere.mailed() == [("info@vlad-1.example", "reglament: 2 новые ПП, 2 ПП не взяты в работу")]
    assert set((await anywhere.told()).values()) == {"centre-digest#2026-11-23#vlad-1"}


async def test_a_digest_that_may_have_gone_is_sent_again_as_it_was_beside_the_new_one(office: CentreOffice) -> None:
    await office.lead(1)
    office.catcher.fault = MailFault.TAKEN_THEN_CUT
    assert await office.sent(SATURDAY) == [errors.DELIVERY_UNKNOWN]
    await end_leases(office.engine)
    office.catcher.fault = None
    await office.lead(2)
    assert await office.sent(MONDAY) == ["sent", "sent"]
    first, again, new = office.letters()
    assert first.message["Message-ID"] == again.message["Message-ID"]
    assert new.subject == "reglament: 1 новая ПП, 2 ПП не взяты в работу"


async def test_a_digest_whose_round_died_after_sending_it_is_settled_by_the_next(office: CentreOffice) -> None:
    await office.lead(1)
    [letter] = (await office.ask(Gather(zone=VLADIVOSTOK, at=SATURDAY, round="r"))).letters
    await attempt(office.post.send_letter, letter)
    await office.lead(1, status="in_progress")
    assert await office.sent(MONDAY) == []
    async with office.engine.connect() as connection:
        [row] = (await connection.execute(tables.notice_letters.select())).all()
    assert (row.outcome, row.letter) == ("sent", None)


async def test_an_address_that_refuses_for_good_is_an_incident(office: CentreOffice) -> None:
    await office.lead(1)
    office.catcher.fault = MailFault.NO_SUCH_USER
    assert await office.sent(MONDAY) == [errors.REFUSED]
    [(what, _, _)] = await incidents(office)
    assert what == "notices_refused"
    assert await office.sent(MONDAY + timedelta(hours=1)) == []


async def test_letters_that_do_not_fit_one_answer_come_with_the_next(office: CentreOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1_500)
    await office.define(centre("vlad-2"), centre("vlad-3"))
    for n, code in enumerate((FAR, "vlad-2", "vlad-3")):
        await office.lead(n, code=code)
    first = await office.ask(Gather(zone=VLADIVOSTOK, at=MONDAY, round="r"))
    assert (len(first.letters), first.more) == (1, True)
    assert await office.ask(Gather(zone=VLADIVOSTOK, at=MONDAY, round="r")) == first
    assert await office.sent(MONDAY, round="r") == ["sent"] * 3
    assert [to for to, _ in office.mailed()] == ["info@vlad-1.example", "info@vlad-2.example", "info@vlad-3.example"]


async def test_a_mailbox_that_does_not_answer_is_tried_once_a_round(office: CentreOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1_500)
    await office.define(centre("vlad-2"))
    await office.lead(1)
    await office.lead(2, code="vlad-2")
    office.catcher.fault = MailFault.BUSY
    assert await office.sent(MONDAY) == [errors.UNAVAILABLE] * 2


async def test_an_attempt_that_is_sending_a_watch_is_let_be(office: CentreOffice) -> None:
    """The next hour does not send the old list once more, and has its own."""
    await office.lead(1, temperature="hot")
    [letter] = (await office.ask(Gather(zone=VLADIVOSTOK, at=MONDAY, round="r"), hot=True)).letters
    await EffectLedger(office.engine).claim(letter.key, "letter", "hash", timedelta(minutes=1))
    [next_one] = (await office.ask(Gather(zone=VLADIVOSTOK, at=MONDAY + timedelta(hours=1), round="s"), hot=True)).letters
    assert next_one.key != letter.key
    async with office.engine.begin() as connection:
        await connection.execute(update(tables.effects).values(lease_until=datetime(2020, 1, 1, tzinfo=UTC)))
    assert (await office.ask(Gather(zone=VLADIVOSTOK, at=MONDAY + timedelta(hours=1), round="t"), hot=True)).letters == (next_one,)


async def test_a_database_that_is_away_is_waited_for() -> None:
    away = open_database("postgresql://nobody@127.0.0.1:1/none")
    rounds = CentreRounds(LeadReader(away), CentreLetters(away), CentreReader(away), company="Компания")
    for ask in (rounds.gather_centre_digest, rounds.gather_hot_watch):
        error = await failing(ask, Gather(zone=VLADIVOSTOK, at=MONDAY, round="r"))
        assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
    await away.dispose()
