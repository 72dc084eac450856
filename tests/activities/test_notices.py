"""Rounds of notices over real registers, a real ledger and a real mail server: one e-mail a recipient, whatever fails and whenever."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError

from activities import errors
from activities import notices as module
from activities.email import Correspondence
from activities.notices import Notices
from activities.record import Registers
from deploy.demo.smtp_catcher import MailFault, SmtpCatcher
from regulations.calendar_spec import CalendarSpec
from regulations.company import Company
from regulations.notices import LeftOut
from regulations.plans import Address
from regulations.rounds import Gather, Gathered, LettersRefused, LettersSent
from regulations.rows import AnyRow, BreachEntry, BreachRow, NoticeRow, ObligationRow, RecordBatch
from runtime import tables
from runtime.effect_ledger import EffectLedger
from runtime.letters import Letters
from runtime.mail import Mailer, MailSettings
from runtime.notices import NoticeBook
from runtime.registers import RegisterWriter
from tests.activities.attempts import KilledError, attempt, end_leases, failing

LETTERS = Path(__file__).parents[2] / "regulations" / "letters"
MOSCOW, VLADIVOSTOK, KALININGRAD = "Europe/Moscow", "Asia/Vladivostok", "Europe/Kaliningrad"
ZONES = {"company": MOSCOW, "vladivostok": VLADIVOSTOK, "kaliningrad": KALININGRAD}
CALENDARS = {name: CalendarSpec.simple(tz, "RU", name=name) for name, tz in ZONES.items()}
ROLES = {
    "cc": Address(email="cc@company.example"),
    "cc_head": Address(email="head@company.example"),
    "support": Address(email="head@company.example"),
    "far": Address(email="far@company.example", calendar="vladivostok"),
    "near": Address(email="near@company.example", calendar="kaliningrad"),
}
SECOND = timedelta(seconds=1)
_rounds = itertools.count(1)


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def moscow(text: str) -> datetime:
    return local(MOSCOW, text)


FRIDAY = moscow("2026-11-20 18:00")
MONDAY = moscow("2026-11-23 09:00")
DUE = moscow("2026-11-27 15:00")


class Office:
    """Writes into the registers as cases do, and holds rounds as their workflow does."""

    def __init__(self, engine: AsyncEngine, catcher: SmtpCatcher, language: Any = "ru") -> None:
        self.engine, self.catcher = engine, catcher
        self.registers = Registers(RegisterWriter(engine))
        self.notices = Notices(NoticeBook(engine), Company("Компания", CALENDARS, ROLES, language))
        mailer = Mailer(MailSettings(host="127.0.0.1", port=catcher.port, security="none", sender="robot@company.example"))
        self.post = Correspondence(EffectLedger(engine), Letters([LETTERS], "robot@company.example"), mailer)
        self._seq = itertools.count(1)

    async def record(self, *rows: AnyRow, case: str = "D-1") -> None:
        batch = RecordBatch(case_uid=f"uid-{case}", address=f"handoff/{case}", kind="handoff", edition="e", now=FRIDAY, rows=rows)
        await self.registers.record(batch)

    def notice(self, kind: str = "breach", role: str = "cc", key: str = "2.2.4/1", **changes: Any) -> NoticeRow:
        plain: dict[str, Any] = {
            "seq": next(self._seq),
            "key": key,
            "clause": key.partition("/")[0],
            "kind": kind,
            "role": role,
            "recipient": ROLES[role].email,
            "language": "ru",
            "due": {"breach": FRIDAY, "breach_withdrawn": FRIDAY, "warning": DUE}.get(kind),
            "earliest": FRIDAY,
            "text": f"{kind} {key}",
        }
        return NoticeRow.model_validate({**plain, **changes})

    def duty(self, state: str = "overdue", key: str = "2.2.4/1", **changes: Any) -> ObligationRow:
        plain: dict[str, Any] = {
            "seq": next(self._seq),
            "key": key,
            "clause": key.partition("/")[0],
            "owner": "cc",
            "escalation": "cc_head",
            "duty": "d",
            "term": "t",
            "state": state,
            "started_at": FRIDAY - timedelta(days=2),
            "due": FRIDAY if state == "overdue" else DUE,
        }
        return ObligationRow.model_validate({**plain, **changes})

    def entry(self, entry: BreachEntry, key: str = "2.2.4/1") -> BreachRow:
        return BreachRow(seq=next(self._seq), key=key, clause="2.2.4", owner="cc", due=FRIDAY, entry=entry, at=FRIDAY)

    async def gather(self, at: datetime, zone: str = MOSCOW, round: str = "", tried: tuple[str, ...] = ()) -> Gathered:
        return await self.notices.gather_notices(Gather(zone=zone, at=at, round=round or f"r{next(_rounds)}", tried=tried))

    async def round(self, at: datetime, zone: str = MOSCOW, *, digest: bool = False, round: str = "") -> list[str]:
        """One round to its end; the outcome of each letter."""
        return await self.carry(self.notices.gather_digest if digest else self.notices.gather_notices, at, zone, round)

    async def carry(self, ask: Callable[[Gather], Awaitable[Gathered]], at: datetime, zone: str, round: str = "") -> list[str]:
        """A round of whatever is asked for, as its workflow holds it."""
        id, tried, more, outcomes = round or f"r{next(_rounds)}", tuple[str, ...](), True, list[str]()
        while more:
            gathered = await ask(Gather(zone=zone, at=at, round=id, tried=tried))
            for letter in gathered.letters:
                tried = (*tried, letter.key)
                try:
                    outcomes.append((await attempt(self.post.send_letter, letter)).result)
                    await self.notices.notices_sent(LettersSent(keys=(letter.key,), at=at))
                except ApplicationError as e:
                    outcomes.append(str(e.type))
                    if e.type == errors.REFUSED:
                        await self.notices.notices_refused(LettersRefused(keys=(letter.key,), at=at, address="round"))
            more = gathered.more
        return outcomes

    def mailed(self) -> list[tuple[str, str]]:
        """Recipient and subject of each letter that the mail server took."""
        return [(one.recipients[0], one.subject) for one in self.catcher.letters]

    async def rows(self) -> list[tuple[str, str | None, datetime | None]]:
        asked = select(tables.notices.c.text, tables.notices.c.sent_in, tables.notices.c.sent_at).order_by(tables.notices.c.text)
        async with self.engine.connect() as connection:
            return [tuple(row) for row in (await connection.execute(asked)).all()]


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


async def incidents(office: Office) -> list[tuple[str, str, str]]:
    asked = select(tables.incidents.c.what, tables.incidents.c.address, tables.incidents.c.text)
    async with office.engine.connect() as connection:
        return [tuple(row) for row in (await connection.execute(asked)).all()]


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


# --- the digest -----------------------------------------------------------------------------------------------------

TEN = moscow("2026-11-23 10:00")


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
