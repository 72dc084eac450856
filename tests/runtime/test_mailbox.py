"""The conversation with real IMAP servers: Dovecot, and pymap as the demo runs it."""

from __future__ import annotations

import asyncio
import imaplib
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from deploy.demo.imap_server import ImapServer
from deploy.demo.stage import free_port
from runtime.mailbox import Mailbox, MailboxError, MailboxSettings
from tests.dovecot import DOVECOT, PASSWORD, WHY_NOT, Dovecot
from tests.patience import patiently

pytestmark = pytest.mark.xdist_group("imap")

MAIL = b"From: a@b.example\r\nMessage-ID: <z@b.example>\r\nSubject: x\r\n\r\nbody\r\n"
RECEIVED = datetime(2026, 7, 17, 9, 44, 25, tzinfo=UTC)
TAKEN, ANSWERED = "reglament-taken", "reglament-answered"
_LONG = timedelta(seconds=30)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def dovecot() -> AsyncIterator[Dovecot]:
    if DOVECOT is None:
        pytest.skip(WHY_NOT)
    async with Dovecot(free_port()) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pymap(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MailboxSettings]:
    async with ImapServer(tmp_path_factory.mktemp("pymap") / "log", free_port()) as server:
        yield MailboxSettings(
            purpose="replacement",
            address="zamena@company.example",
            host="127.0.0.1",
            port=server.port,
            security="none",
            username=server.username,
            password=SecretStr(server.password),
        )


@pytest.fixture(params=["dovecot", "pymap"])
def settings(request: pytest.FixtureRequest) -> MailboxSettings:
    """An empty mailbox of each kind of server in turn."""
    server = request.getfixturevalue(request.param)
    given: MailboxSettings = server if isinstance(server, MailboxSettings) else server.settings(user="requests")
    with imap(given) as talk:
        for folder in ("INBOX", TAKEN, ANSWERED):
            if talk.select(folder)[0] == "OK":
                talk.uid("STORE", "1:*", "+FLAGS", "\\Deleted")
                talk.expunge()
    return given


@pytest_asyncio.fixture
async def mailbox(settings: MailboxSettings) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(settings)
    yield mailbox
    await mailbox.close()


def imap(settings: MailboxSettings) -> imaplib.IMAP4:
    talk = imaplib.IMAP4(settings.host, settings.port)
    talk.login(settings.username, settings.password.get_secret_value())
    return talk


def arrive(settings: MailboxSettings, content: bytes = MAIL, at: str = "17-Jul-2026 02:44:25 -0700", folder: str = "INBOX") -> None:
    with imap(settings) as talk:
        assert talk.append(folder, "", f'"{at}"', content)[0] == "OK"


def contents(settings: MailboxSettings, folder: str) -> list[tuple[bytes, bytes]]:
    """Each e-mail of a folder, with its flags and its time of receipt as the server writes them."""
    with imap(settings) as talk:
        talk.select(folder, readonly=True)
        numbers = talk.search(None, "ALL")[1][0].split()
        found = []
        for number in numbers:
            said = talk.fetch(number.decode(), "(FLAGS INTERNALDATE BODY.PEEK[])")[1]
            parts = [one for one in said if isinstance(one, tuple)]
            rest = b" ".join(one for one in said if isinstance(one, bytes))
            found.append((parts[0][1], parts[0][0] + rest))
        return found


async def test_what_lies_there_is_listed_by_its_time_of_receipt_and_read_unseen(settings: MailboxSettings, mailbox: Mailbox) -> None:
    arrive(settings, MAIL, "17-Jul-2026 02:44:25 -0700")
    arrive(settings, MAIL + b"second", " 7-Jul-2026 23:30:00 +0300")
    listing = await mailbox.listing()
    assert listing.validity > 0
    second, first = listing.letters
    assert (first.received_at, second.received_at) == (RECEIVED, datetime(2026, 7, 7, 20, 30, tzinfo=UTC))
    assert (first.size, first.deleted) == (len(MAIL), False)
    assert await mailbox.content(first.uid) == MAIL
    assert await mailbox.content(second.uid) == MAIL + b"second"
    assert await mailbox.head(first.uid) == MAIL.partition(b"body")[0]
    assert await mailbox.content(999_999) is None
    assert all(b"Seen" not in flags for _, flags in contents(settings, "INBOX"))


async def test_an_e_mail_is_moved_with_its_bytes_and_its_time_of_receipt(settings: MailboxSettings, mailbox: Mailbox) -> None:
    arrive(settings)
    arrive(settings, MAIL + b"second")
    letters = (await mailbox.listing()).letters
    await mailbox.move(letters[0].uid, TAKEN)
    await mailbox.move(letters[0].uid, TAKEN)  # somebody has moved it: nothing is lost, nothing is doubled
    assert await mailbox.counts() == {"INBOX": 1, TAKEN: 1, ANSWERED: 0}
    ((content, said),) = contents(settings, TAKEN)
    assert content == MAIL
    assert b"17-Jul-2026 02:44:25 -0700" in said or b"17-Jul-2026 09:44:25 +0000" in said
    assert [one for one, _ in contents(settings, "INBOX")] == [MAIL + b"second"]


@pytest.mark.clause("replacement 5.1")
async def test_other_bytes_take_the_place_of_an_e_mail(settings: MailboxSettings, mailbox: Mailbox) -> None:
    arrive(settings)
    arrive(settings, MAIL + b"second")
    letters = (await mailbox.listing()).letters
    await mailbox.replace(letters[0].uid, ANSWERED, b"Subject: copy\r\n\r\ncopy\r\n", letters[0].received_at)
    ((content, said),) = contents(settings, ANSWERED)
    assert content == b"Subject: copy\r\n\r\ncopy\r\n"
    assert b"17-Jul-2026 09:44:25 +0000" in said
    assert [one for one, _ in contents(settings, "INBOX")] == [MAIL + b"second"]


@pytest.mark.parametrize("settings", ["dovecot"], indirect=True)
async def test_what_is_marked_is_told_and_only_what_we_delete_is_deleted(settings: MailboxSettings, mailbox: Mailbox) -> None:
    arrive(settings)
    arrive(settings, MAIL + b"second")
    first, second = (await mailbox.listing()).letters
    with imap(settings) as talk:
        talk.select("INBOX")
        talk.uid("STORE", str(second.uid), "+FLAGS", "\\Deleted")
    assert [one.deleted for one in (await mailbox.listing()).letters] == [False, True]
    await mailbox.remove(first.uid)
    assert [one.uid for one in (await mailbox.listing()).letters] == [second.uid]


async def test_what_comes_wakes_who_waits(settings: MailboxSettings, mailbox: Mailbox) -> None:
    await mailbox.listing()
    waiting = asyncio.create_task(mailbox.wait(_LONG, timedelta(milliseconds=200)))
    await asyncio.sleep(0.1)
    await asyncio.to_thread(arrive, settings)
    async with patiently():
        await waiting
    assert len((await mailbox.listing()).letters) == 1


@pytest.mark.parametrize("settings", ["dovecot"], indirect=True)
async def test_closing_ends_the_waiting_at_once(settings: MailboxSettings) -> None:
    mailbox = Mailbox(settings)
    await mailbox.listing()
    waiting = asyncio.create_task(mailbox.wait(timedelta(minutes=20), timedelta(minutes=20)))
    await asyncio.sleep(0.1)
    async with patiently():
        await mailbox.close()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_server_without_move_uidplus_and_idle_is_served_as_well(dovecot: Dovecot) -> None:
    """Copied, marked, deleted; and looked at from time to time."""
    settings = dovecot.settings(user="plain")
    mailbox = Mailbox(settings)
    arrive(settings)
    letters = (await mailbox.listing()).letters
    assert mailbox._box is not None
    mailbox._box.client.capabilities = ("IMAP4REV1",)
    await mailbox.move(letters[0].uid, TAKEN)
    async with patiently():
        await mailbox.wait(timedelta(minutes=20), timedelta(milliseconds=10))
    assert await mailbox.counts() == {"INBOX": 0, TAKEN: 1, ANSWERED: 0}
    await mailbox.close()


@pytest.mark.parametrize("settings", ["dovecot"], indirect=True)
async def test_after_a_lost_connection_the_next_call_begins_another_one(settings: MailboxSettings, mailbox: Mailbox) -> None:
    arrive(settings)
    await mailbox.listing()
    assert mailbox._box is not None
    mailbox._box.client.sock.shutdown(socket.SHUT_RDWR)
    with pytest.raises(MailboxError):
        await mailbox.listing()
    assert len((await mailbox.listing()).letters) == 1


async def test_a_connection_that_ends_while_we_wait_ends_the_waiting_and_the_next_one_is_good(dovecot: Dovecot) -> None:
    settings = dovecot.settings(user="ends")
    mailbox = Mailbox(settings)
    await mailbox.listing()
    assert mailbox._box is not None
    connection = mailbox._box.client.sock
    waiting = asyncio.create_task(mailbox.wait(timedelta(minutes=20), timedelta(minutes=20)))
    await asyncio.sleep(0.2)
    connection.shutdown(socket.SHUT_RDWR)
    async with patiently():
        with pytest.raises(MailboxError, match="waiting"):
            await waiting
    assert (await mailbox.listing()).letters == ()
    await mailbox.close()


@pytest.mark.parametrize(
    "wrong", [{"password": SecretStr("kanareyka")}, {"port": 1}, {"security": "starttls"}, {"security": "tls"}, {"folder": "kanareyka"}]
)
async def test_what_fails_names_the_step_and_no_word_of_servers_or_settings(dovecot: Dovecot, wrong: dict[str, Any]) -> None:
    """``starttls`` never goes on in plain text where the server has no TLS."""
    mailbox = Mailbox(dovecot.settings(user="kanareyka@x", **wrong), timedelta(seconds=5))
    with pytest.raises(MailboxError) as failed:
        await mailbox.counts()
    step = {"password": "signing in", "folder": "opening its folders"}.get(next(iter(wrong)), "connecting")
    assert failed.value.step == step
    assert "kanareyka" not in str(failed.value)
    assert PASSWORD not in str(failed.value)
    await mailbox.close()


async def test_a_server_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings = MailboxSettings(
            purpose="handoff",
            address="a@b.example",
            host="127.0.0.1",
            port=silent.getsockname()[1],
            security="none",
            username="u",
            password=SecretStr("p"),
        )
        mailbox = Mailbox(settings, timedelta(milliseconds=300))
        with pytest.raises(MailboxError, match="connecting"):
            await mailbox.listing()
        await mailbox.close()


async def test_names_of_folders_and_passwords_may_be_russian(dovecot: Dovecot) -> None:
    settings = dovecot.settings(user="russian", taken="Принято", answered="Отвечено")
    mailbox = Mailbox(settings)
    arrive(settings)
    await mailbox.move((await mailbox.listing()).letters[0].uid, "Принято")
    assert await mailbox.counts() == {"INBOX": 0, "Принято": 1, "Отвечено": 0}
    await mailbox.close()
    other = Mailbox(dovecot.settings(user="russian", password=SecretStr("пароль")))
    with pytest.raises(MailboxError, match="signing in"):
        await other.counts()
    await other.close()
