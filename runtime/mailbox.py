"""Reading a mailbox over IMAP: what lies in it, taken as bytes, filed once it has been taken."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from imaplib import IMAP4
from pathlib import Path
from threading import Event
from typing import Literal, TypeVar

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError
from pydantic import BaseModel, ConfigDict, EmailStr, Field, SecretStr

from runtime import tls

T = TypeVar("T")
_SOME = 500
"""E-mails described in one answer."""
_SLICE = 1.0
"""Seconds after which a waiting thread looks whether it is to stop."""
_GOODBYE = 3.0
_UID, _SIZE = re.compile(rb"\bUID (\d+)"), re.compile(rb"\bRFC822\.SIZE (\d+)")
_RECEIVED = re.compile(rb'\bINTERNALDATE "([^"]+)"')

Purpose = Literal["replacement", "handoff"]
"""What the e-mails of a mailbox are: requests for replacements (replacement 5.1), training requests of handoffs (handoff 2.1.3)."""


class MailboxSettings(BaseModel):
    """One mailbox."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    purpose: Purpose
    address: EmailStr
    """Its own address: what comes from it is our own, and never answered."""
    host: str
    port: int = Field(993, gt=0, lt=65536)
    security: Literal["tls", "starttls", "none"] = "tls"
    """``starttls`` never falls back to plain text; ``none`` is for a server on the same machine."""
    username: str
    password: SecretStr
    ca_file: Path | None = None
    """Certificates to trust instead of the system's, PEM."""
    folder: str = "INBOX"
    taken: str = "reglament-taken"
    """Folder for what a case has taken; made where it is missing."""
    answered: str = "reglament-answered"
    """Folder for what no case could take, and was answered or left to a person."""


class MailboxError(Exception):
    """The mail server is away, or does not do what it is asked. The text names the step, and repeats no word of the server's."""

    def __init__(self, step: str, cause: BaseException) -> None:
        super().__init__(f"mailbox, {step}: {type(cause).__name__}")
        self.step = step


@dataclass(frozen=True)
class Lying:
    """An e-mail in the folder that is read."""

    uid: int
    size: int
    """Bytes, as the server counts them."""
    received_at: datetime
    """When the mail server received it (INTERNALDATE), UTC; never what its Date header says."""
    deleted: bool
    """Marked to be deleted: by us, right before we stopped, or by a person."""


@dataclass(frozen=True)
class Listing:
    """All that lies in the folder, the earliest first."""

    validity: int
    """Another one than before: the server numbers its e-mails anew."""
    letters: tuple[Lying, ...]


class Mailbox:
    """A conversation with one mailbox, in a thread of its own. Nothing is marked as seen.

    All methods but `close` raise MailboxError; the connection is then gone, and the next call begins another one.
    """

    def __init__(self, settings: MailboxSettings, timeout: timedelta = timedelta(seconds=30)) -> None:
        """Reads the certificates at once; connects only when used. ``timeout`` is for each answer of the server."""
        self.settings = settings
        self._timeout = timeout.total_seconds()
        self._tls = tls.for_mail(settings.ca_file)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mailbox")
        self._box: BaseMailBox | None = None
        self._validity = 0
        self._closing = Event()

    async def listing(self) -> Listing:
        """What lies in the folder now."""
        return await self._do("listing", self._list)

    async def content(self, uid: int) -> bytes | None:
        """A whole e-mail; None: it lies there no more."""
        return await self._do("reading", self._fetch, uid, "BODY.PEEK[]")

    async def head(self, uid: int) -> bytes | None:
        """The headers of an e-mail alone; None: it lies there no more."""
        return await self._do("reading", self._fetch, uid, "BODY.PEEK[HEADER]")

    async def move(self, uid: int, folder: str) -> None:
        """Files an e-mail in another folder."""
        await self._do("moving", self._move, uid, folder)

    async def replace(self, uid: int, folder: str, content: bytes, received_at: datetime) -> None:
        """Files other bytes in the folder instead of an e-mail, with its time of receipt; the original is then deleted for good."""
        await self._do("replacing", self._replace, uid, folder, content, received_at)

    async def remove(self, uid: int) -> None:
        """Deletes an e-mail for good."""
        await self._do("deleting", self._remove, uid)

    async def wait(self, at_most: timedelta, polling: timedelta) -> None:
        """Until the server tells of something new, where it can (IDLE); else ``polling``. It may end early for no reason."""
        await self._do("waiting", self._wait, at_most.total_seconds(), polling.total_seconds())

    async def counts(self) -> dict[str, int]:
        """How many e-mails lie in each of the three folders, by name."""
        return await self._do("counting", self._counts)

    async def close(self) -> None:
        """Ends the conversation, within moments whatever the server does. Nothing may be asked afterwards."""
        self._closing.set()
        with suppress(MailboxError, TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await self._do("closing", lambda box: box.logout())
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _do(self, step: str, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answered, step, work, arguments)

    # --- in the thread ------------------------------------------------------------------------------------------------

    def _answered(self, step: str, work: Callable[..., T], arguments: tuple[object, ...]) -> T:
        try:
            if self._box is None and step == "closing":
                raise ConnectionError("there is none")
            if self._box is None:
                self._box = self._connected()
            return work(self._box, *arguments)
        except (ImapToolsError, IMAP4.error, OSError, ValueError, EOFError) as e:
            self._drop()
            raise (e if isinstance(e, MailboxError) else MailboxError(step, e)) from None

    def _drop(self) -> None:
        box, self._box = self._box, None
        if box is not None:
            with suppress(OSError, IMAP4.error):
                box.client.shutdown()

    def _connected(self) -> BaseMailBox:
        given = self.settings
        try:
            box: BaseMailBox
            if given.security == "tls":
                box = MailBox(given.host, given.port, timeout=self._timeout, ssl_context=self._tls)
            elif given.security == "starttls":
                box = MailBoxStartTls(given.host, given.port, timeout=self._timeout, ssl_context=self._tls)
            else:
                box = MailBoxUnencrypted(given.host, given.port, timeout=self._timeout)
        except (ImapToolsError, IMAP4.error, OSError, ValueError, EOFError) as e:
            raise MailboxError("connecting", e) from None
        step = "signing in"
        try:
            password = given.password.get_secret_value()
            plain = given.username.isascii() and password.isascii()
            (box.login if plain else box.login_utf8)(given.username, password, initial_folder=None)
            # What a server can do it often tells only those who have signed in.
            box.client.capabilities = tuple(box.client.capability()[1][0].decode("ascii", "replace").upper().split())
            step = "opening its folders"
            for folder in (given.taken, given.answered):
                if not box.folder.exists(folder):
                    box.folder.create(folder)
            box.folder.set(given.folder)
            said = box.client.response("UIDVALIDITY")[1][0]
            self._validity = int(said) if said else 0
        except (ImapToolsError, IMAP4.error, OSError, ValueError, EOFError) as e:
            with suppress(OSError, IMAP4.error):
                box.client.shutdown()
            raise MailboxError(step, e) from None
        return box

    def _list(self, box: BaseMailBox) -> Listing:
        box.client.noop()
        uids = sorted(int(uid) for uid in box.uids("ALL", charset=None))
        found = [lying for start in range(0, len(uids), _SOME) for lying in _described(box, uids[start : start + _SOME])]
        return Listing(self._validity, tuple(sorted(found, key=lambda one: (one.received_at, one.uid))))

    def _fetch(self, box: BaseMailBox, uid: int, what: str) -> bytes | None:
        _, answers = box.client.uid("FETCH", str(uid), f"({what})")
        return next((bytes(one[1]) for one in answers if isinstance(one, tuple) and b"BODY[" in one[0]), None)

    def _move(self, box: BaseMailBox, uid: int, folder: str) -> None:
        if "MOVE" in box.client.capabilities:
            box.move(str(uid), folder)
        else:
            box.copy(str(uid), folder)
            self._remove(box, uid)

    def _replace(self, box: BaseMailBox, uid: int, folder: str, content: bytes, received_at: datetime) -> None:
        box.append(content, folder, received_at)
        self._remove(box, uid)

    def _remove(self, box: BaseMailBox, uid: int) -> None:
        _good(box.client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)"))
        if "UIDPLUS" in box.client.capabilities:
            _good(box.client.uid("EXPUNGE", str(uid)))
        else:  # such a server deletes whatever is marked
            box.expunge()

    def _wait(self, box: BaseMailBox, at_most: float, polling: float) -> None:
        if "IDLE" not in box.client.capabilities:
            self._closing.wait(polling)
            return
        box.idle.start()  # type: ignore[no-untyped-call]
        until = time.monotonic() + at_most
        while not self._closing.is_set() and (left := until - time.monotonic()) > 0:
            begun = time.monotonic()
            if box.idle.poll(min(left, _SLICE)) or time.monotonic() - begun < min(left, _SLICE) / 2:
                break  # news; or the connection has ended, as the next command will find
        box.idle.stop()  # type: ignore[no-untyped-call]

    def _counts(self, box: BaseMailBox) -> dict[str, int]:
        folders = (self.settings.folder, self.settings.taken, self.settings.answered)
        return {folder: box.folder.status(folder, ["MESSAGES"])["MESSAGES"] for folder in folders}


def _good(answer: tuple[str, object]) -> None:
    if answer[0] != "OK":
        raise ConnectionError("the server refused")


def _described(box: BaseMailBox, uids: list[int]) -> list[Lying]:
    status, answers = box.client.uid("FETCH", ",".join(map(str, uids)), "(UID INTERNALDATE RFC822.SIZE FLAGS)")
    _good((status, None))
    found = []
    for one in answers:
        said = b" ".join(part for part in one if isinstance(part, bytes)) if isinstance(one, tuple) else one
        if not isinstance(said, bytes):
            continue
        uid, size, at = _UID.search(said), _SIZE.search(said), _RECEIVED.search(said)
        if uid and size and at:
            received_at = parsedate_to_datetime(at[1].decode("ascii", "replace").strip()).astimezone(UTC)
            found.append(Lying(int(uid[1]), int(size[1]), received_at, rb"\Deleted" in said))
    return found
