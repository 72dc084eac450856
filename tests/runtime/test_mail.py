"""The mail client against a real server: where a delivery failed, and whether the letter may have been taken."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr, ValidationError

from deploy.demo.smtp_catcher import MailFault, SmtpCatcher
from runtime.mail import Mailer, MailFailedError, MailSettings

LETTER = b"From: a@company.example\r\nSubject: x\r\n\r\n.a line that begins with a dot\r\n"
TO = ("one@partner.example", "two@partner.example")


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[SmtpCatcher]:
    async with SmtpCatcher(tmp_path / "mail") as catcher:
        yield catcher


def mailer(catcher: SmtpCatcher, **changes: object) -> Mailer:
    settings: dict[str, object] = {
        "host": "127.0.0.1",
        "port": catcher.port,
        "security": "none",
        "sender": "robot@company.example",
        "timeout": timedelta(seconds=20),
    }
    return Mailer(MailSettings.model_validate(settings | changes))


class Steps:
    """Counts how often DATA was about to begin."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = 0
        self.error = error

    async def __call__(self) -> None:
        self.begun += 1
        if self.error is not None:
            raise self.error


async def test_the_bytes_arrive_as_they_were_given(catcher: SmtpCatcher) -> None:
    steps = Steps()
    delivery = await mailer(catcher).deliver(TO, LETTER, steps)
    assert (delivery.refused, steps.begun) == (0, 1)
    [caught] = catcher.letters
    assert (caught.recipients, caught.content) == (TO, LETTER)


async def test_letters_are_listed_in_the_order_in_which_they_came(catcher: SmtpCatcher) -> None:
    for number in range(12):
        await mailer(catcher).deliver(TO, b"Subject: %d\r\n\r\n" % number, Steps())
    assert [caught.subject for caught in catcher.letters] == [str(number) for number in range(12)]


@pytest.mark.parametrize(
    ("fault", "kind", "stage", "code", "begun", "taken"),
    [
        (MailFault.DOWN, "transient", "connect", "SMTPConnectError", 0, 0),
        (MailFault.BUSY, "transient", "recipients", "451 4.7.1", 0, 0),
        (MailFault.NO_SUCH_USER, "permanent", "recipients", "550 5.1.1", 0, 0),
        (MailFault.GONE_OR_BUSY, "transient", "recipients", "451 4.7.1", 0, 0),
        (MailFault.DATA_BUSY, "transient", "data", "451 4.3.0", 1, 0),
        (MailFault.DATA_REFUSED, "permanent", "data", "554 5.6.0", 1, 0),
        (MailFault.TAKEN_THEN_CUT, "unknown", "data", "SMTPServerDisconnected", 1, 1),
        (MailFault.LOST_THEN_CUT, "unknown", "data", "SMTPServerDisconnected", 1, 0),
    ],
)
async def test_each_failure_says_where_it_was_and_what_may_have_happened(
    catcher: SmtpCatcher, fault: MailFault, kind: str, stage: str, code: str, begun: int, taken: int
) -> None:
    catcher.fault = fault
    steps = Steps()
    with pytest.raises(MailFailedError) as caught:
        await mailer(catcher).deliver(TO, LETTER, steps)
    error = caught.value
    assert (error.kind, error.stage, error.code) == (kind, stage, code)
    assert (steps.begun, len(catcher.letters)) == (begun, taken)
    assert "@" not in str(error)


async def test_nobody_listening_is_transient(catcher: SmtpCatcher) -> None:
    await catcher.stop()
    with pytest.raises(MailFailedError) as caught:
        await mailer(catcher).deliver(TO, LETTER, Steps())
    assert (caught.value.kind, caught.value.stage) == ("transient", "connect")


async def test_a_refused_recipient_among_others_is_counted(catcher: SmtpCatcher) -> None:
    catcher.fault = MailFault.NO_SUCH_FIRST_USER
    assert (await mailer(catcher).deliver(TO, LETTER, Steps())).refused == 1
    assert [caught.recipients for caught in catcher.letters] == [(TO[1],)]


@pytest.mark.parametrize("error", [RuntimeError("lease lost"), OSError("disk"), TimeoutError()])
async def test_when_the_stage_cannot_be_written_down_nothing_is_sent(catcher: SmtpCatcher, error: Exception) -> None:
    with pytest.raises((RuntimeError, MailFailedError)) as caught:
        await mailer(catcher).deliver(TO, LETTER, Steps(error))
    if isinstance(caught.value, MailFailedError):
        assert (caught.value.kind, caught.value.stage) == ("transient", "before data")
    assert catcher.letters == []


class Mute(asyncio.Protocol):
    """A server that answers a number of times and then never again."""

    def __init__(self, answers: int) -> None:
        self._answers = ["220 mute ESMTP", "250 mute", "250 OK", "250 OK", "354 go on"][:answers]
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._answer()

    def data_received(self, data: bytes) -> None:
        self._answer()

    def _answer(self) -> None:
        if self._answers and self._transport is not None:
            self._transport.write(self._answers.pop(0).encode() + b"\r\n")


@pytest.mark.parametrize(
    ("answers", "kind", "stage"),
    [
        (0, "transient", "connect"),
        (1, "transient", "greeting"),
        (2, "transient", "sender"),
        (3, "transient", "recipients"),
        (4, "unknown", "data"),
        (5, "unknown", "data"),
    ],
)
async def test_a_server_that_falls_silent_is_given_up_at_every_stage(answers: int, kind: str, stage: str) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Mute(answers), "127.0.0.1", 0)
    settings = MailSettings(host="127.0.0.1", port=server.sockets[0].getsockname()[1], security="none", sender="robot@company.example")
    with pytest.raises(MailFailedError) as caught:
        await Mailer(settings).deliver(TO[:1], LETTER, Steps(), within=timedelta(seconds=1))
    server.close()
    assert (caught.value.kind, caught.value.stage) == (kind, stage)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


_USER: dict[str, object] = {"username": "robot", "password": SecretStr("secret")}


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_secured_server_takes_the_letter_after_sign_in(
    tmp_path: Path, server_tls: ssl.SSLContext, ca_file: Path, security: str
) -> None:
    tls, starttls = (server_tls, None) if security == "tls" else (None, server_tls)
    async with SmtpCatcher(tmp_path / "mail", tls=tls, starttls=starttls, users={"robot": "secret"} if starttls else None) as catcher:
        user = _USER if security == "starttls" else {}
        client = mailer(catcher, security=security, ca_file=ca_file, **user)
        await client.check()
        await client.deliver(TO, LETTER, Steps())
        assert len(catcher.letters) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path, server_tls: ssl.SSLContext, security: str) -> None:
    tls, starttls = (server_tls, None) if security == "tls" else (None, server_tls)
    async with SmtpCatcher(tmp_path / "mail", tls=tls, starttls=starttls) as catcher:
        with pytest.raises(MailFailedError) as caught:
            await mailer(catcher, security=security).deliver(TO, LETTER, Steps())
        assert (caught.value.kind, caught.value.stage) == ("transient", "connect")
        assert catcher.letters == []


async def test_a_server_without_starttls_gets_nothing_in_plain_text(catcher: SmtpCatcher) -> None:
    with pytest.raises(MailFailedError) as caught:
        await mailer(catcher, security="starttls").deliver(TO, LETTER, Steps())
    assert (caught.value.kind, caught.value.stage) == ("transient", "connect")
    assert catcher.letters == []


@pytest.mark.parametrize(
    ("password", "fault", "kind", "code"),
    [
        ("wrong", None, "permanent", "535 5.7.8"),
        ("secret", MailFault.SIGN_IN_REFUSED, "permanent", "535 5.7.8"),
        ("secret", MailFault.SIGN_IN_BUSY, "transient", "454 4.7.0"),
    ],
)
async def test_a_failed_sign_in_is_told_apart(
    tmp_path: Path, server_tls: ssl.SSLContext, ca_file: Path, password: str, fault: MailFault | None, kind: str, code: str
) -> None:
    async with SmtpCatcher(tmp_path / "mail", starttls=server_tls, users={"robot": "secret"}) as catcher:
        catcher.fault = fault
        client = mailer(catcher, security="starttls", ca_file=ca_file, username="robot", password=SecretStr(password))
        for attempt in (client.check(), client.deliver(TO, LETTER, Steps())):
            with pytest.raises(MailFailedError) as caught:
                await attempt
            assert (caught.value.kind, caught.value.stage, caught.value.code) == (kind, "sign-in", code)
            assert password not in str(caught.value)


def test_settings_show_no_password_and_take_no_half_a_sign_in() -> None:
    with pytest.raises(ValidationError) as caught:
        MailSettings(host="h", port=25, sender="robot@company.example", password=SecretStr("canary"))
    assert "canary" not in str(caught.value)
    whole = MailSettings(host="h", port=25, sender="robot@company.example", username="robot", password=SecretStr("canary"))
    assert "canary" not in repr(whole)
