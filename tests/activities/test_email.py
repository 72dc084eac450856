"""Letters: sent once under their key, whatever fails and whenever it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities import errors
from activities.email import Correspondence
from deploy.demo.smtp_catcher import MailFault, SmtpCatcher
from regulations.effects import Attachment, Letter, LetterOutcome, OnUnknown, Thread
from runtime.database import open_database
from runtime.effect_ledger import EffectLedger
from runtime.letters import Letters
from runtime.mail import Delivery, Mailer, MailSettings
from runtime.tables import effects
from tests.activities.attempts import KilledError, attempt, end_leases, failing

LETTERS = Path(__file__).parents[2] / "regulations" / "letters"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[SmtpCatcher]:
    async with SmtpCatcher(tmp_path / "mail") as catcher:
        yield catcher


@pytest.fixture
def mailer(catcher: SmtpCatcher) -> Mailer:
    return Mailer(MailSettings(host="127.0.0.1", port=catcher.port, security="none", sender="robot@company.example"))


@pytest.fixture
def letters() -> Letters:
    return Letters([LETTERS], "robot@company.example")


@pytest.fixture
def correspondence(engine: AsyncEngine, letters: Letters, mailer: Mailer) -> Correspondence:
    return Correspondence(EffectLedger(engine), letters, mailer)


def letter(**changes: Any) -> Letter:
    plain: dict[str, Any] = {
        "key": "uid#handoff 2.2.3#round-1",
        "template": "handoff/accepted",
        "language": "ru",
        "to": ("partner@partner.example",),
        "values": {
            "deal": "4711",
            "partner": "ИП Иванов",
            "client": "ООО «Ромашка»",
            "login": "romashka@client.example",
            "company": "Компания",
            "ask_told_client": False,
            "access_missing": False,
        },
        "now": NOW,
    }
    return Letter.model_validate(plain | changes)


async def test_a_letter_goes_out_once_however_often_it_is_asked_for(correspondence: Correspondence, catcher: SmtpCatcher) -> None:
    first = await attempt(correspondence.send_letter, letter())
    second = await attempt(correspondence.send_letter, letter(now=NOW + timedelta(days=3), on_unknown=OnUnknown.HOLD))
    assert first == second
    [caught] = catcher.letters
    assert first == LetterOutcome(
        result="sent", message_id=str(caught.message["Message-ID"]), subject="Принят: ООО «Ромашка» (сделка 4711)"
    )
    assert caught.message["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert "Принят." in caught.body()


async def test_an_answer_with_a_file_reaches_the_thread(correspondence: Correspondence, catcher: SmtpCatcher) -> None:
    thread = Thread(message_id="<a@partner.example>", subject="Обучение клиента от ИП Иванов")
    file = Attachment.model_validate({"name": "Отчёт.xlsx", "content_type": "application/octet-stream", "content": "AAEC"})
    outcome = await attempt(correspondence.send_letter, letter(thread=thread, attachments=(file,)))
    [caught] = catcher.letters
    assert outcome.subject == caught.subject == "Re: Обучение клиента от ИП Иванов"
    assert caught.message["In-Reply-To"] == "<a@partner.example>"
    [attached] = list(caught.message.iter_attachments())
    assert (attached.get_filename(), attached.get_content()) == ("Отчёт.xlsx", b"\x00\x01\x02")


async def test_the_same_key_with_another_letter_is_a_conflict(correspondence: Correspondence, catcher: SmtpCatcher) -> None:
    await attempt(correspondence.send_letter, letter())
    error = await failing(correspondence.send_letter, letter(to=("other@partner.example",)))
    assert (error.type, error.non_retryable) == (errors.CONFLICT, True)
    assert len(catcher.letters) == 1


@pytest.mark.parametrize("fault", [MailFault.DOWN, MailFault.BUSY, MailFault.DATA_BUSY])
@pytest.mark.parametrize("on_unknown", list(OnUnknown))
async def test_a_plain_failure_is_repeated_at_once_with_the_same_bytes(
    correspondence: Correspondence, catcher: SmtpCatcher, fault: MailFault, on_unknown: OnUnknown
) -> None:
    catcher.fault = fault
    error = await failing(correspondence.send_letter, letter(on_unknown=on_unknown))
    assert (error.type, error.non_retryable, "@" in str(error)) == (errors.UNAVAILABLE, False, False)
    assert catcher.letters == []
    catcher.fault = None
    outcome = await attempt(correspondence.send_letter, letter(on_unknown=on_unknown, now=NOW + timedelta(hours=9)))
    assert (outcome.result, outcome.repeated, len(catcher.letters)) == ("sent", False, 1)
    assert catcher.letters[0].message["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"


@pytest.mark.parametrize("fault", [MailFault.NO_SUCH_USER, MailFault.DATA_REFUSED])
async def test_a_no_is_an_answer_and_no_fault(correspondence: Correspondence, catcher: SmtpCatcher, fault: MailFault) -> None:
    catcher.fault = fault
    error = await failing(correspondence.send_letter, letter())
    assert (error.type, error.non_retryable) == (errors.REFUSED, True)
    assert error.details[0] in {"550 5.1.1", "554 5.6.0"}


async def test_a_recipient_refused_among_others_is_counted(correspondence: Correspondence, catcher: SmtpCatcher) -> None:
    catcher.fault = MailFault.NO_SUCH_FIRST_USER
    outcome = await attempt(correspondence.send_letter, letter(to=("gone@partner.example", "here@partner.example")))
    assert (outcome.result, outcome.refused) == ("sent", 1)


async def test_a_refused_sign_in_is_a_matter_of_configuration(engine: AsyncEngine, letters: Letters, tmp_path: Path) -> None:
    async with SmtpCatcher(tmp_path / "signed", users={"robot": "right"}) as catcher:
        settings = MailSettings(
            host="127.0.0.1",
            port=catcher.port,
            security="none",
            sender="robot@company.example",
            username="robot",
            password=SecretStr("wrong"),
        )
        correspondence = Correspondence(EffectLedger(engine), letters, Mailer(settings))
        error = await failing(correspondence.send_letter, letter())
    assert (error.type, error.non_retryable) == (errors.MISCONFIGURED, True)


@pytest.mark.parametrize("fault", [MailFault.TAKEN_THEN_CUT, MailFault.LOST_THEN_CUT])
async def test_an_unknown_end_of_a_notice_is_repeated_with_the_same_bytes(
    correspondence: Correspondence, catcher: SmtpCatcher, fault: MailFault
) -> None:
    catcher.fault = fault
    error = await failing(correspondence.send_letter, letter())
    assert (error.type, error.non_retryable) == (errors.DELIVERY_UNKNOWN, False)
    catcher.fault = None
    outcome = await attempt(correspondence.send_letter, letter(now=NOW + timedelta(hours=1)))
    assert (outcome.result, outcome.repeated) == ("sent", True)
    assert len({caught.content for caught in catcher.letters}) == 1
    assert len(catcher.letters) == (2 if fault is MailFault.TAKEN_THEN_CUT else 1)


async def test_a_plain_failure_after_an_unknown_end_does_not_hide_it(correspondence: Correspondence, catcher: SmtpCatcher) -> None:
    for fault in (MailFault.TAKEN_THEN_CUT, MailFault.DATA_BUSY, MailFault.BUSY):
        catcher.fault = fault
        await failing(correspondence.send_letter, letter())
    catcher.fault = None
    assert (await attempt(correspondence.send_letter, letter())).repeated


@pytest.mark.parametrize("fault", [MailFault.TAKEN_THEN_CUT, MailFault.LOST_THEN_CUT])
async def test_an_unknown_end_of_an_acceptance_is_left_to_a_person(
    correspondence: Correspondence, catcher: SmtpCatcher, fault: MailFault
) -> None:
    catcher.fault = fault
    first = await attempt(correspondence.send_letter, letter(on_unknown=OnUnknown.HOLD))
    catcher.fault = None
    second = await attempt(correspondence.send_letter, letter(on_unknown=OnUnknown.HOLD))
    assert first == second
    assert (first.result, first.subject) == ("held", "Принят: ООО «Ромашка» (сделка 4711)")
    assert len(catcher.letters) == (1 if fault is MailFault.TAKEN_THEN_CUT else 0)


class DyingMailer(Mailer):
    """A mail client whose process is killed at one moment of a delivery."""

    def __init__(self, mailer: Mailer, moment: str) -> None:
        self._mailer = mailer
        self._moment = moment

    async def deliver(
        self,
        recipients: Sequence[str],
        content: bytes,
        before_data: Callable[[], Awaitable[None]],
        within: timedelta | None = None,
    ) -> Delivery:
        if self._moment == "before data":
            raise KilledError
        if self._moment == "in data":
            await before_data()
            raise KilledError
        await self._mailer.deliver(recipients, content, before_data, within)
        raise KilledError


@pytest.mark.parametrize(
    ("moment", "on_unknown", "result", "repeated", "copies"),
    [
        ("before data", OnUnknown.REPEAT, "sent", False, 1),
        ("before data", OnUnknown.HOLD, "sent", False, 1),
        ("in data", OnUnknown.REPEAT, "sent", True, 1),
        ("in data", OnUnknown.HOLD, "held", False, 0),
        ("after 250", OnUnknown.REPEAT, "sent", True, 2),
        ("after 250", OnUnknown.HOLD, "held", False, 1),
    ],
)
async def test_a_killed_worker_loses_nothing_and_doubles_no_acceptance(
    engine: AsyncEngine,
    letters: Letters,
    mailer: Mailer,
    correspondence: Correspondence,
    catcher: SmtpCatcher,
    moment: str,
    on_unknown: OnUnknown,
    result: str,
    repeated: bool,
    copies: int,
) -> None:
    dying = Correspondence(EffectLedger(engine), letters, DyingMailer(mailer, moment))
    with pytest.raises(KilledError):
        await attempt(dying.send_letter, letter(on_unknown=on_unknown))

    # While the dead attempt's lease lives, the next one waits for it.
    error = await failing(correspondence.send_letter, letter(on_unknown=on_unknown))
    assert (error.type, error.category) == (errors.IN_PROGRESS, ApplicationErrorCategory.BENIGN)
    assert error.next_retry_delay is not None
    assert timedelta(0) < error.next_retry_delay < timedelta(minutes=1)

    await end_leases(engine)
    outcome = await attempt(correspondence.send_letter, letter(on_unknown=on_unknown, now=NOW + timedelta(hours=1)))
    assert (outcome.result, outcome.repeated, len(catcher.letters)) == (result, repeated, copies)
    assert len({caught.content for caught in catcher.letters}) <= 1


async def test_five_attempts_at_once_send_one_letter(correspondence: Correspondence, catcher: SmtpCatcher) -> None:
    answers = await asyncio.gather(*(attempt(correspondence.send_letter, letter()) for _ in range(5)), return_exceptions=True)
    done = [answer for answer in answers if isinstance(answer, LetterOutcome)]
    waiting = [answer for answer in answers if isinstance(answer, ApplicationError)]
    assert len(done) >= 1
    assert len(done) + len(waiting) == 5
    assert {error.type for error in waiting} <= {errors.IN_PROGRESS}
    assert await attempt(correspondence.send_letter, letter()) == done[0]
    assert len(catcher.letters) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"to": ("a@b.example, c@d.example",)},
        {"to": ()},
        {"template": "handoff/unknown"},
        {"values": {}},
        {"thread": Thread(message_id="<a@b.example>", subject="=?utf-8?q?hi=0ABcc=3A_evil=40e?=")},
    ],
    ids=["list of recipients", "no recipient", "no template", "no values", "forged subject"],
)
async def test_what_is_no_letter_is_invalid_for_good(correspondence: Correspondence, catcher: SmtpCatcher, changes: dict[str, Any]) -> None:
    error = await failing(correspondence.send_letter, letter(**changes))
    assert (error.type, error.non_retryable) == (errors.INVALID, True)
    assert "@" not in str(error)
    assert catcher.letters == []


async def test_without_its_ledger_nothing_is_sent(letters: Letters, mailer: Mailer, catcher: SmtpCatcher) -> None:
    away = open_database("postgresql://nobody@127.0.0.1:1/none")
    error = await failing(Correspondence(EffectLedger(away), letters, mailer).send_letter, letter())
    await away.dispose()
    assert (error.type, error.non_retryable, catcher.letters) == (errors.UNAVAILABLE, False, [])


async def test_the_frozen_bytes_are_those_that_were_sent(correspondence: Correspondence, catcher: SmtpCatcher, engine: AsyncEngine) -> None:
    await attempt(correspondence.send_letter, letter())
    async with engine.connect() as connection:
        row = (await connection.execute(select(effects))).one()
    assert (row.payload, row.message_id, row.stage) == (
        catcher.letters[0].content,
        str(catcher.letters[0].message["Message-ID"]),
        "done",
    )
