"""E-mails on a real IMAP server (Dovecot), read by the starter as a process: to the case, to the answer, and through kill -9."""

from __future__ import annotations

import asyncio
import imaplib
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.demo.documents import questionnaire
from deploy.demo.handoffs import QUESTIONNAIRE
from deploy.demo.smtp_catcher import Caught
from deploy.demo.stage import Stage, free_port
from runtime.database import open_database
from runtime.sales import SaleReader
from starter.mail.parts import read_mail
from starter.mail.redaction import MASK
from tests.dovecot import DOVECOT, PASSWORD, WHY_NOT, Dovecot
from tests.end_to_end.deals import Deal, Sender
from tests.end_to_end.replacements import Replacement, traces
from tests.end_to_end.warm import Warm
from tests.patience import PATIENCE, patiently
from tests.starter.mails import LONG, eml
from tests.starter.test_mail_redaction import everywhere

pytestmark = [pytest.mark.xdist_group("end_to_end"), pytest.mark.skipif(DOVECOT is None, reason=WHY_NOT)]

CANARY = "Kanareyka-77"
TAKEN, ANSWERED = "reglament-taken", "reglament-answered"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def dovecot() -> AsyncIterator[Dovecot]:
    async with Dovecot(free_port()) as server:
        yield server


class Post:
    """Mailboxes of a server, and a starter that reads them: a user of the server each, with what its e-mails are."""

    def __init__(self, stage: Stage, dovecot: Dovecot, folder: Path, **purposes: str) -> None:
        self.stage, self.dovecot, self.folder = stage, dovecot, folder
        self.log = folder / "starter.log"
        where = {"host": "127.0.0.1", "port": dovecot.port, "security": "none", "password": PASSWORD}
        self.mailboxes = json.dumps(
            [{"purpose": what, "address": f"{user}@company.example", "username": user, **where} for user, what in purposes.items()]
        )
        self._processes: list[Warm] = []

    def start(self, script: str | None = None) -> None:
        """As `python -m starter`, or as a script that dies."""
        own = {"REGLAMENT_HTTP_PORT": str(free_port()), "REGLAMENT_MAILBOXES": self.mailboxes}
        command = [sys.executable, *([str(Path(__file__).with_name(script))] if script else ["-m", "starter"])]
        environment = {**self.stage.environment, **own}
        self._processes.append(Warm(command, cwd=self.folder, env=environment, out=self.log))

    async def dies(self, moment: str) -> None:
        """Until it is dead, at that moment and of nothing else."""
        assert await asyncio.to_thread(self._processes[-1].wait, PATIENCE) == -9, self.log.read_text("utf-8")
        assert (self.folder / f"died-at-{moment}").exists()

    async def stop(self) -> int:
        self._processes[-1].terminate()
        return await asyncio.to_thread(self._processes[-1].wait, PATIENCE)

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()

    def imap(self, user: str) -> imaplib.IMAP4:
        talk = imaplib.IMAP4("127.0.0.1", self.dovecot.port)
        talk.login(user, PASSWORD)
        return talk

    def arrive(self, user: str, content: bytes, ago: timedelta = timedelta(0)) -> datetime:
        """An e-mail comes in; when the server received it."""
        at = (datetime.now(UTC) - ago).replace(microsecond=0)
        with self.imap(user) as talk:
            assert talk.append("INBOX", "", imaplib.Time2Internaldate(at), content)[0] == "OK"
        return at

    def contents(self, user: str, folder: str) -> list[bytes]:
        with self.imap(user) as talk:
            if talk.select(folder, readonly=True)[0] != "OK":
                return []
            found = []
            for number in talk.search(None, "ALL")[1][0].split():
                found += [one[1] for one in talk.fetch(number.decode(), "(BODY.PEEK[])")[1] if isinstance(one, tuple)]
            return found

    async def until_filed(self, user: str, taken: int, answered: int) -> None:
        """Until the folder is empty and at least so many lie in the others."""
        async with patiently():
            while True:
                lying = [len(await asyncio.to_thread(self.contents, user, folder)) for folder in ("INBOX", TAKEN, ANSWERED)]
                if lying[0] == 0 and lying[1] >= taken and lying[2] >= answered:
                    return
                await asyncio.sleep(0.1)

    async def letters(self, to: str, least: int = 1) -> list[Caught]:
        """What this address was sent, once there is so much."""
        async with patiently():
            while True:
                found = [one for one in self.stage.mail.letters if one.recipients == (to,)]
                if len(found) >= least:
                    return found
                await asyncio.sleep(0.1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def post(stage: Stage, dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Post]:
    """A mailbox of each purpose, and a starter that lives until the end, which is an orderly one."""
    post = Post(stage, dovecot, tmp_path_factory.mktemp("post"), zamena="replacement", sopr="handoff")
    try:
        post.start()
        yield post
        assert await post.stop() == 0
        assert "Traceback" not in post.log.read_text("utf-8")
    finally:
        post.close()


def long_form(replacement: Replacement) -> str:
    return LONG.replace("Sesam-1", replacement.password).replace("romashka", f"login-{replacement.account}")


@pytest.mark.clause("replacement 5.1")
async def test_a_request_with_a_password_reaches_its_case_and_the_password_lies_nowhere(stage: Stage, dovecot: Dovecot, post: Post) -> None:
    replacement = Replacement(stage, "m-canary", CANARY)
    await replacement.bill()
    received = post.arrive("zamena", eml(long_form(replacement), sender="canary@franchise.example"), timedelta(hours=1))
    await post.until_filed("zamena", 1, 0)
    read = await replacement.read()
    asked = next(fact for fact in read.facts if fact.what == "Requested")
    assert (asked.source, asked.happened_at) == ("mailbox", received)  # not the Date header, which says 1970
    (copy,) = post.contents("zamena", TAKEN)
    assert MASK in read_mail(copy).bodies[0].new
    for kept in (copy, *dovecot.files("zamena")):
        assert not everywhere(kept, CANARY)
    assert await traces(stage, [replacement.case], CANARY) == []
    assert CANARY not in post.log.read_text("utf-8")


@pytest.mark.clause("replacement 5.1")
async def test_a_malformed_request_is_answered_in_its_thread(post: Post) -> None:
    mail = eml("Прошу замены\nЛогин клиента x", sender="malformed@franchise.example", message_id="<q@x.example>", subject="Замены")
    post.arrive("zamena", mail)
    (answer,) = await post.letters("malformed@franchise.example")
    await post.until_filed("zamena", 0, 1)
    assert (answer.subject, answer.message["In-Reply-To"]) == ("Re: Замены", "<q@x.example>")
    assert answer.message["Auto-Submitted"] == "auto-generated"
    assert "«Скрипт»: не указано" in answer.body()
    post.arrive("zamena", answer.content)  # our own answer comes back: nobody answers it
    await post.until_filed("zamena", 0, 2)
    assert len(await post.letters("malformed@franchise.example")) == 1


async def test_a_stored_e_mail_goes_through_the_same_door_by_hand(stage: Stage, tmp_path: Path) -> None:
    replacement = Replacement(stage, "m-stored", CANARY)
    await replacement.bill()
    file = tmp_path / "stored.eml"
    file.write_bytes(eml(long_form(replacement), sender="stored@franchise.example"))
    command = ("-m", "starter.cli", "mailbox", "read", str(file), "--purpose", "replacement")
    for _ in range(2):  # the second time nothing more
        assert await stage.run(*command) == f"{replacement.case} → taken\n"
    assert [fact.what for fact in (await replacement.read()).facts].count("Requested") == 1


async def is_findable(stage: Stage, deal: Deal) -> None:
    """Until the register has the deal."""
    engine = open_database(stage.database_url)
    try:
        async with patiently():
            while not await SaleReader(engine).of_partner(deal.partner):  # noqa: ASYNC110 - the worker writes it
                await asyncio.sleep(0.1)
    finally:
        await engine.dispose()


@pytest.mark.clause("handoff 2.1.3")
@pytest.mark.clause("handoff 2.1.4")
async def test_a_partners_e_mail_brings_the_request_of_its_deal(stage: Stage, post: Post) -> None:
    deal = Deal(Sender(stage), "M-1", contract="offer")
    await deal.bill()
    await deal.sell()
    await is_findable(stage, deal)
    mail = EmailMessage()
    mail["From"], mail["Subject"] = f"ИП Петров <{deal.partner}>", "Обучение клиента от ИП Петров"
    mail["Message-ID"] = "<r@partner.example>"
    mail.set_content("Прошу обучить клиента.", charset="koi8-r")
    form = questionnaire({**QUESTIONNAIRE, "login": deal.login, "email": deal.login})
    mail.add_attachment(form, maintype="application", subtype="octet-stream", filename=f"Анкета клиента {deal.login}.docx")
    post.arrive("sopr", mail.as_bytes())
    await post.until_filed("sopr", 1, 0)
    read = await deal.until("RequestReceived", "documents")
    assert read.stage == "checking"
    await deal.sender.send(deal.accepted())
    (answer,) = await post.letters(deal.partner)
    assert answer.message["In-Reply-To"] == "<r@partner.example>"


async def test_wherever_kill_9_hits_the_starter_each_e_mail_counts_once(stage: Stage, dovecot: Dovecot, tmp_path: Path) -> None:
    """Killed in turn: a request kept and not filed; filed as a copy with the original still there; an answer not begun, and begun."""
    post = Post(stage, dovecot, tmp_path, mortal="replacement")
    replacement = Replacement(stage, "m-mortal", CANARY)
    await replacement.bill()
    post.arrive("mortal", eml(long_form(replacement), sender="mortal@franchise.example"), timedelta(minutes=2))
    post.arrive("mortal", eml("hello", sender="asks@franchise.example"), timedelta(minutes=1))
    moments = ("accepted", "copied", "admitted", "answered")
    for moment in moments:
        (tmp_path / f"die-at-{moment}").touch()
    try:
        for moment in moments:
            post.start("mortal_starter.py")
            await post.dies(moment)
        post.start()
        await post.until_filed("mortal", 1, 1)
    finally:
        post.close()
    read = await replacement.read()
    assert [fact.what for fact in read.facts].count("Requested") == 1
    assert len(await post.letters("asks@franchise.example")) == 1
    assert not any(everywhere(kept, CANARY) for kept in (*post.contents("mortal", TAKEN), *dovecot.files("mortal")))
