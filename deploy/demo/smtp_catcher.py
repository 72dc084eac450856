"""A mail server that delivers nowhere: every letter it takes is a file in a Maildir. It fails on demand.

In a process of its own: ``python -m deploy.demo.smtp_catcher --port 2525 --maildir DIR``. A file ``fault`` beside ``new`` in the
Maildir, holding the name of a fault, switches that fault on for as long as it is there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

_ENVELOPE_TO = b"X-Envelope-To: "


class MailFault(StrEnum):
    """How the server fails."""

    DOWN = "down"
    """The connection is cut before the greeting."""
    BUSY = "busy"
    """451 to every recipient."""
    NO_SUCH_USER = "no_such_user"
    """550 to every recipient."""
    NO_SUCH_FIRST_USER = "no_such_first_user"
    """550 to the first recipient of a letter, 250 to the others."""
    GONE_OR_BUSY = "gone_or_busy"
    """550 to the first recipient of a letter, 451 to the others."""
    DATA_BUSY = "data_busy"
    """The letter is read and answered 451: it is not taken."""
    DATA_REFUSED = "data_refused"
    """The letter is read and answered 554: it is not taken."""
    TAKEN_THEN_CUT = "taken_then_cut"
    """The letter is taken, and the connection is cut before 250."""
    LOST_THEN_CUT = "lost_then_cut"
    """The letter is read and lost, and the connection is cut before 250."""
    SIGN_IN_REFUSED = "sign_in_refused"
    """535 to every sign-in."""
    SIGN_IN_BUSY = "sign_in_busy"
    """454 to every sign-in."""


@dataclass(frozen=True)
class Caught:
    """A letter as it was taken."""

    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The letter, parsed."""
        return message_from_bytes(self.content, policy=policy.default)

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.message["Subject"])

    def body(self, kind: str = "plain") -> str:
        """The text (``plain``) or ``html`` of the letter."""
        part = self.message.get_body((kind,))
        if part is None:
            raise LookupError(f"the letter has no {kind} part")
        return str(part.get_content())


def letters_in(maildir: Path) -> list[Caught]:
    """All letters in the order in which they were taken."""
    caught = []
    for path in sorted((maildir / "new").glob("*")):
        first, _, content = path.read_bytes().partition(b"\r\n")
        caught.append(Caught(tuple(first.removeprefix(_ENVELOPE_TO).decode().split(", ")), content))
    return caught


class SmtpCatcher:
    """The server. Used as an asynchronous context manager, or with ``start`` and ``stop``; can be started again on its port."""

    def __init__(
        self,
        maildir: Path,
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        users: dict[str, str] | None = None,
    ) -> None:
        """Port 0 is a free one. ``users`` (name → password) makes signing in a duty."""
        self.maildir = maildir
        self.port = port
        self.fault: MailFault | None = None
        self.after_taken: Callable[[Caught], Awaitable[None]] | None = None
        """Awaited when a letter has been taken and 250 not yet answered: the moment for a test to kill something."""
        self._tls = tls
        self._starttls = starttls
        self._users = users
        self._server: asyncio.Server | None = None
        for name in ("tmp", "new", "cur"):
            (maildir / name).mkdir(parents=True, exist_ok=True)

    async def __aenter__(self) -> SmtpCatcher:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def letters(self) -> list[Caught]:
        """All letters in the order in which they were taken."""
        return letters_in(self.maildir)

    async def start(self) -> None:
        """Listen on the loopback address."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def active_fault(self) -> MailFault | None:
        """The fault that is switched on, in this process or by the file."""
        if self.fault is not None:
            return self.fault
        with contextlib.suppress(FileNotFoundError):
            return MailFault((self.maildir / "fault").read_text().strip())
        return None

    def _protocol(self) -> asyncio.Protocol:
        sign_in = self._users is not None
        return _Connection(
            self,
            hostname="catcher.test",
            ident="catcher",
            tls_context=self._starttls,
            require_starttls=self._starttls is not None,
            authenticator=self._authenticate if sign_in else None,
            auth_required=sign_in,
            auth_require_tls=self._starttls is not None,
        )

    def _authenticate(self, server: object, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        if self.active_fault() is MailFault.SIGN_IN_BUSY:
            return AuthResult(success=False, handled=False, message="454 4.7.0 Try later")
        known = isinstance(data, LoginPassword) and (self._users or {}).get(data.login.decode()) == data.password.decode()
        if not known or self.active_fault() is MailFault.SIGN_IN_REFUSED:
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True)

    def keep(self, envelope: Envelope) -> None:
        """Write the letter down, so that it is complete or not there at all."""
        taken = sorted((self.maildir / "new").glob("*"))
        number = int(taken[-1].name.partition(".")[0]) + 1 if taken else 1
        name = f"{number:09d}.{os.getpid()}.catcher"
        content = envelope.original_content or b""
        recipients = ", ".join(envelope.rcpt_tos).encode()
        path = self.maildir / "tmp" / name
        with path.open("wb") as file:
            file.write(_ENVELOPE_TO + recipients + b"\r\n" + content)
            file.flush()
            os.fsync(file.fileno())
        path.rename(self.maildir / "new" / name)


class _Connection(SMTP):
    def __init__(self, catcher: SmtpCatcher, **settings: Any) -> None:
        super().__init__(_Answers(catcher), **settings)
        self._catcher = catcher

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._catcher.active_fault() is MailFault.DOWN:
            _cut(transport)
            return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport is not None:
            super().connection_lost(error)


class _Answers:
    def __init__(self, catcher: SmtpCatcher) -> None:
        self._catcher = catcher

    async def handle_RCPT(  # noqa: N802  # the name that aiosmtpd looks for
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._catcher.active_fault()
        first = not session.__dict__.get("asked_before", False)
        session.__dict__["asked_before"] = True
        if fault is MailFault.BUSY or (fault is MailFault.GONE_OR_BUSY and not first):
            return f"451 4.7.1 <{address}> greylisted"
        if fault is MailFault.NO_SUCH_USER or (fault in {MailFault.NO_SUCH_FIRST_USER, MailFault.GONE_OR_BUSY} and first):
            return f"550 5.1.1 <{address}> no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._catcher.active_fault()
        if fault is MailFault.DATA_BUSY:
            return "451 4.3.0 Try later"
        if fault is MailFault.DATA_REFUSED:
            return "554 5.6.0 Not taken"
        if fault is not MailFault.LOST_THEN_CUT:
            self._catcher.keep(envelope)
            if self._catcher.after_taken is not None:
                await self._catcher.after_taken(self._catcher.letters[-1])
        if fault in {MailFault.TAKEN_THEN_CUT, MailFault.LOST_THEN_CUT}:
            _cut(server.transport)
        return "250 2.0.0 Taken"


def _cut(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


async def _serve(port: int, maildir: Path) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with SmtpCatcher(maildir, port) as catcher:
        print(f"listening on {catcher.port}", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A mail server that writes every letter into a Maildir.")
    parser.add_argument("--port", type=int, default=0, help="0 is a free one; it is printed")
    parser.add_argument("--maildir", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.port, arguments.maildir))
