"""Rounds of notices over real registers, a real ledger and a real mail server: one e-mail a recipient, whatever fails and whenever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError

from activities import errors
from activities import notices as module
from deploy.demo.smtp_catcher import MailFault, SmtpCatcher
from regulations.notices import LeftOut
from regulations.rounds import Gathered, LettersRefused, LettersSent
from regulations.rows import BreachEntry
from runtime.effect_ledger import EffectLedger
from tests.activities.attempts import KilledError, attempt, end_leases, failing
from tests.activities.notice_office import FRIDAY, KALININGRAD, MONDAY, MOSCOW, ROLES, SECOND, VLADIVOSTOK, Office, incidents, local, moscow


@pytest.fixture
async def office(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Office]:
    async with SmtpCatcher(tmp_path / "mail") as catcher:
        yield Office(engine, catcher)


# --- when -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "zone"), [("cc", MOSCOW), ("far", VLADIVOSTOK), ("near", KALININGRAD)])
@pytest.mark.parametrize(
    ("due", "opening"), [("2026-11-20 18:00", "2026-11-23 09:00"), ("2026-12-30 18:00", "2027-01-11 09:00")], ids=["weekend", "new year"]
)
async def test_a_breach_at_closing_goes_at_the_recipients_next_opening(
    office: Office, role: str, zone: str, due: str, opening: str
) -> None:
    at, goes = local(zone, due), local(zone, opening)
    await office.record(office.notice(role=role, due=at, earliest=at))
    assert await office.round(at, zone) == []
    assert await office.round(goes - SECOND, zone) == []
    assert (await office.rows())[0][1] is None
    for other in {MOSCOW, VLADIVOSTOK, KALININGRAD} - {zone}:
        assert await office.round(goes, other) == [], "rounds of another zone must leave it alone"
    assert await office.round(goes, zone) == ["sent"]
    assert office.mailed() == [(ROLES[role].email, "reglament: 1 нарушение")]
    assert (await office.rows())[0][2] == goes
    assert await office.round(goes + timedelta(minutes=5), zone) == []
    assert len(office.mailed()) == 1


async def test_one_breach_known_everywhere_goes_to_each_in_his_own_morning(office: Office) -> None:
    await office.record(*(office.notice(role=role) for role in ("cc", "far", "near")))
    assert await office.round(FRIDAY, KALININGRAD) == ["sent"]  # 17:00 there
    moments = sorted((local(zone, "2026-11-23 09:00"), zone) for zone in (MOSCOW, VLADIVOSTOK))
    for at, zone in moments:
        assert await office.round(at, zone) == ["sent"]
    assert [to for to, _ in office.mailed()] == ["near@company.example", "far@company.example", "cc@company.example"]


async def test_what_goes_at_once_goes_at_night_and_nothing_else_with_it(office: Office) -> None:
    night = moscow("2026-11-21 03:00")
    await office.record(office.notice(), office.notice("incident", key="p", at_once=True), office.duty("open", "2.2.5/1"))
    assert await office.round(night) == ["sent"]
    assert [(text, sent is not None) for text, _, sent in await office.rows()] == [("breach 2.2.4/1", False), ("incident p", True)]


async def test_nothing_to_do_is_one_look_and_changes_nothing(office: Office) -> None:
    assert await office.gather(MONDAY) == Gathered()
    await office.record(office.notice(earliest=MONDAY + SECOND))
    assert await office.gather(MONDAY) == Gathered()


async def test_who_is_in_the_companys_file_no_more_is_told_with_the_companys_zone(office: Office) -> None:
    await office.record(office.notice(recipient="gone@company.example"))
    assert await office.round(MONDAY - SECOND) == []
    assert await office.round(MONDAY, KALININGRAD) == await office.round(MONDAY, VLADIVOSTOK) == []
    assert await office.round(MONDAY) == ["sent"]
    assert office.mailed()[0][0] == "gone@company.example"


# --- one e-mail -----------------------------------------------------------------------------------------------------


async def test_two_hundred_breaches_of_one_owner_are_one_e_mail(office: Office) -> None:
    for n in range(250):
        await office.record(office.notice(), case=f"D-{n:03}")
    assert await office.round(MONDAY) == ["sent"]
    [letter] = office.catcher.letters
    assert letter.subject == "reglament: 250 нарушений"
    for kind in ("plain", "html"):
        body = letter.body(kind)
        assert sum(f"handoff/D-{n:03}" in body for n in range(250)) == 200
        assert "и ещё 50 строк: они не поместились" in body
    assert {sent for _, _, sent in await office.rows()} == {MONDAY}


async def test_two_roles_of_one_address_get_one_e_mail(office: Office) -> None:
    await office.record(office.notice(role="cc_head"), office.notice(role="support"), office.notice("ended", "support", "end"))
    assert await office.round(MONDAY) == ["sent"]
    assert office.mailed() == [("head@company.example", "reglament: 1 нарушение, 1 завершение")]


async def test_letters_that_do_not_fit_one_answer_come_with_the_next(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1_000)
    await office.record(office.notice(role="cc"), office.notice(role="cc_head"))
    first = await office.gather(MONDAY, round="r")
    again = await office.gather(MONDAY, round="r")
    assert (len(first.letters), first.more) == (1, True)
    assert first == again
    rest = await office.gather(MONDAY, round="r", tried=(first.letters[0].key,))
    assert (len(rest.letters), rest.more) == (1, False)
    assert first.letters[0].to != rest.letters[0].to
    assert await office.round(MONDAY + timedelta(minutes=5)) == ["sent", "sent"]


async def test_a_mailbox_that_does_not_answer_keeps_nobody_else_waiting(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its letter is tried once a round, also when the letters do not fit into one answer."""
    monkeypatch.setattr(module, "LARGEST", 1_000)
    await office.record(office.notice(role="cc"), office.notice(role="cc_head"))
    office.catcher.fault = MailFault.BUSY
    assert await office.round(MONDAY) == [errors.UNAVAILABLE] * 2


@pytest.mark.parametrize("where", ["gather", "send", "mark"])
async def test_a_round_that_dies_between_its_steps_sends_one_e_mail(office: Office, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The activity is repeated by the same round, as Temporal does after a kill."""
    await office.record(office.notice(), office.notice("incident", key="x"))
    first = await office.gather(MONDAY, round="r")
    if where == "gather":  # assigned, but the answer was lost
        assert await office.gather(MONDAY, round="r") == first
    [letter] = first.letters
    if where == "send":  # handed over, and killed before that was noted

        async def dying(*_: Any) -> None:
            raise KilledError

        with monkeypatch.context() as killed:
            killed.setattr(EffectLedger, "finish", dying)
            with pytest.raises(KilledError):
                await attempt(office.post.send_letter, letter)
        await end_leases(office.engine)
    outcome = await attempt(office.post.send_letter, letter)
    assert outcome.repeated == (where == "send")
    await office.notices.notices_sent(LettersSent(keys=(letter.key,), at=MONDAY))
    if where == "mark":
        await office.notices.notices_sent(LettersSent(keys=(letter.key,), at=MONDAY + SECOND))
    # The same bytes and Message-ID where nobody could know better: a mail program shows them once.
    assert len({str(one.message["Message-ID"]) for one in office.catcher.letters}) == 1
    assert len(office.catcher.letters) == (2 if where == "send" else 1)
    assert {(key, sent) for _, key, sent in await office.rows()} == {(letter.key, MONDAY)}
    assert await office.round(MONDAY + timedelta(minutes=5)) == []


@pytest.mark.parametrize("how_far", ["gathered", "tried", "sent"])
async def test_what_a_round_that_was_ended_left_behind_the_next_one_finds(office: Office, how_far: str) -> None:
    await office.record(office.notice())
    [letter] = (await office.gather(MONDAY, round="ended")).letters
    if how_far == "tried":
        office.catcher.fault = MailFault.DOWN
        assert (await failing(office.post.send_letter, letter)).type == errors.UNAVAILABLE
        office.catcher.fault = None
    if how_far == "sent":
        await attempt(office.post.send_letter, letter)
    await office.record(office.notice("incident", key="new"))
    assert await office.round(MONDAY + timedelta(minutes=5)) == ["sent"]
    subjects = [subject for _, subject in office.mailed()]
    both = ["reglament: 1 нарушение, 1 происшествие"]
    assert subjects == (both if how_far != "sent" else ["reglament: 1 нарушение", "reglament: 1 происшествие"])
    assert all(sent is not None for _, _, sent in await office.rows())
    # The round was not dead after all: what it still tries is stopped by the ledger, and counts as nothing.
    if how_far == "gathered":
        assert (await failing(office.post.send_letter, letter)).type == errors.CONFLICT
    else:
        assert (await attempt(office.post.send_letter, letter)).result == ("sent" if how_far == "sent" else "held")
    await office.notices.notices_refused(LettersRefused(keys=(letter.key,), at=MONDAY, address="late"))
    assert len(office.mailed()) == len(subjects)
    assert await incidents(office) == []


async def test_two_rounds_at_once_make_one_letter(office: Office) -> None:
    for n in range(20):
        await office.record(office.notice(), case=f"D-{n}")
    answers = await asyncio.gather(*(office.gather(MONDAY, round=f"at-once-{n}") for n in range(4)))
    last = [letter for answer in answers for letter in answer.letters]
    outcomes: list[str] = []
    for letter in last:
        try:
            outcomes.append((await attempt(office.post.send_letter, letter)).result)
        except ApplicationError as e:
            outcomes.append(str(e.type))
    assert outcomes.count("sent") == 1
    assert office.mailed() == [("cc@company.example", "reglament: 20 нарушений")]


async def test_with_the_mail_server_away_for_a_day_each_gets_one_e_mail_afterwards(office: Office) -> None:
    office.catcher.fault = MailFault.DOWN
    for n in range(0, 9 * 60, 45):
        at = MONDAY + timedelta(minutes=n)
        await office.record(
            office.notice(role="cc", due=at, earliest=at), office.notice(role="cc_head", due=at, earliest=at), case=f"D-{n}"
        )
        assert set(await office.round(at)) == {errors.UNAVAILABLE}
    assert await office.round(moscow("2026-11-23 18:00")) == []
    office.catcher.fault = None
    assert await office.round(moscow("2026-11-23 20:00")) == [], "not at night, though the server is back"
    assert await office.round(moscow("2026-11-24 09:00")) == ["sent", "sent"]
    assert sorted(office.mailed()) == [(to, "reglament: 12 нарушений") for to in ("cc@company.example", "head@company.example")]
    assert await office.round(moscow("2026-11-24 09:05")) == []


async def test_a_letter_with_an_unknown_end_is_repeated_and_keeps_what_is_new_waiting(office: Office) -> None:
    await office.record(office.notice())
    office.catcher.fault = MailFault.TAKEN_THEN_CUT
    assert await office.round(MONDAY) == [errors.DELIVERY_UNKNOWN]
    await office.record(office.notice("incident", key="new"))
    office.catcher.fault = None
    assert await office.round(moscow("2026-11-23 18:00")) == [], "people do not get the double at night"
    assert await office.round(moscow("2026-11-24 09:00")) == ["sent"]
    first, second = office.catcher.letters
    assert first.content == second.content
    assert await office.round(moscow("2026-11-24 09:05")) == ["sent"]
    assert office.mailed()[-1] == ("cc@company.example", "reglament: 1 происшествие")


async def test_a_letter_refused_for_good_is_an_incident_once_and_holds_up_nothing(office: Office) -> None:
    await office.record(office.notice(), office.notice("ended", key="end"))
    office.catcher.fault = MailFault.NO_SUCH_USER
    assert await office.round(MONDAY) == [errors.REFUSED]
    assert await incidents(office) == [("notices_refused", "round", "round: 2")]
    for _, key, sent in await office.rows():
        assert (str(key).startswith("notices#"), sent) == (True, None)
        await office.notices.notices_refused(LettersRefused(keys=(str(key),), at=MONDAY, address="again"))
    assert len(await incidents(office)) == 1
    assert await office.round(MONDAY + timedelta(minutes=5)) == [], "not in a loop"
    office.catcher.fault = None
    await office.record(office.notice("incident", key="new"))
    assert await office.round(MONDAY + timedelta(minutes=10)) == ["sent"]


# --- nothing untrue -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "changes", "reason"),
    [
        ("met", {}, LeftOut.CLOSED),
        ("waived", {}, LeftOut.CLOSED),
        ("overdue", {}, LeftOut.CLOSED),
        ("open", {"due": MONDAY}, LeftOut.PASSED),
    ],
)
async def test_a_reminder_that_came_to_nothing_is_left_out(office: Office, state: str, changes: dict[str, Any], reason: LeftOut) -> None:
    await office.record(office.duty("open"), office.notice("warning"))
    await office.record(office.duty(state, **changes))
    assert await office.round(MONDAY) == []
    assert await office.rows() == [("warning 2.2.4/1", reason, None)]


async def test_a_reminder_of_an_open_duty_is_told(office: Office) -> None:
    await office.record(office.duty("open"), office.notice("warning"))
    assert await office.round(MONDAY) == ["sent"]
    assert "— пт 27.11.2026 15:00 (+03:00)" in office.catcher.letters[0].body()


async def test_a_reminder_before_a_term_in_closed_hours_goes_at_night(office: Office) -> None:
    due = moscow("2026-11-23 06:00")
    await office.record(office.duty("open", due=due), office.notice("warning", due=due))
    assert await office.round(FRIDAY + SECOND) == ["sent"]


async def test_a_breach_withdrawn_before_it_was_told_is_told_to_nobody(office: Office) -> None:
    await office.record(office.duty(), office.entry(BreachEntry.RECORDED), office.notice(), office.notice("breach", key="2.2.5/1"))
    await office.record(office.duty("met"), office.entry(BreachEntry.WITHDRAWN), office.notice("breach_withdrawn"))
    assert await office.round(MONDAY) == ["sent"]
    assert office.mailed() == [("cc@company.example", "reglament: 1 нарушение")]
    assert "2.2.5/1" in office.catcher.letters[0].body()
    left = {text: why for text, why, sent in await office.rows() if sent is None}
    assert left == {"breach 2.2.4/1": LeftOut.WITHDRAWN, "breach_withdrawn 2.2.4/1": LeftOut.NOT_TOLD}


async def test_who_was_told_of_a_breach_hears_that_it_was_none(office: Office) -> None:
    await office.record(office.duty(), office.entry(BreachEntry.RECORDED), office.notice())
    assert await office.round(MONDAY) == ["sent"]
    await office.record(office.duty("met"), office.entry(BreachEntry.WITHDRAWN), office.notice("breach_withdrawn"))
    assert await office.round(MONDAY + timedelta(minutes=5)) == ["sent"]
    assert office.mailed()[-1][1] == "reglament: 1 снятое нарушение"


async def test_a_breach_of_the_new_term_is_told_though_the_one_of_the_old_term_was_withdrawn(office: Office) -> None:
    """A day off declared late moves a term: the second breach of the same obligation is one."""
    moved = FRIDAY + timedelta(days=3)
    await office.record(office.notice(), office.entry(BreachEntry.WITHDRAWN), office.notice("breach_withdrawn", text="moved"))
    await office.record(office.duty(due=moved), office.notice(due=moved, earliest=moved, text="second"))
    assert await office.round(moved + timedelta(hours=15)) == ["sent"]
    body = office.catcher.letters[0].body()
    assert office.mailed() == [("cc@company.example", "reglament: 1 нарушение")]
    assert "second — пн 23.11.2026 18:00" in body


async def test_a_breach_withdrawn_while_the_mail_server_was_away_is_told_to_nobody(office: Office) -> None:
    await office.record(office.duty(), office.entry(BreachEntry.RECORDED), office.notice())
    office.catcher.fault = MailFault.DOWN
    assert await office.round(MONDAY) == [errors.UNAVAILABLE]
    await office.record(office.duty("met"), office.entry(BreachEntry.WITHDRAWN), office.notice("breach_withdrawn"))
    office.catcher.fault = None
    assert await office.round(MONDAY + timedelta(minutes=5)) == []
    assert office.mailed() == []


async def test_a_value_from_outside_stays_text(office: Office) -> None:
    await office.record(office.notice("ended", text='<script>alert("x")</script> {{ 7 * 7 }}\r\nBcc: x@y.example'))
    assert await office.round(MONDAY) == ["sent"]
    [letter] = office.catcher.letters
    assert "<script>" not in letter.body("html")
    assert "&lt;script&gt;" in letter.body("html")
    assert "49" not in letter.body()
    assert letter.message["Bcc"] is None
