"""Reading a mailbox: list, take, file; without end, whatever the mail server, the database or Temporal do.

Order: an e-mail is filed only after its event is kept and its case has taken it, or after its answer was begun. Whatever dies in between,
the e-mail still lies in the folder and is read again, and `starter.mail.door` knows it. The folder is the only memory of this loop: what
it keeps itself only spares it from reading the same e-mail every second.
"""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
from runtime.mailbox import Listing, Lying, MailboxError, MailboxSettings, Purpose
from starter.mail.answers import AnswerUnavailableError
from starter.mail.door import LARGEST_MAIL, Fate, MailDoor
from starter.mail.redaction import RedactionError, redacted

log = logging.getLogger("reglament.mail")

IDLE = timedelta(minutes=1)
"""How long we wait for the server to tell of something new before we look all the same."""
POLL = timedelta(seconds=5)
"""How often we look where the server tells of nothing."""
SOON = timedelta(seconds=1)
"""How soon an e-mail is looked at again whose event has yet to be delivered."""
LATER = timedelta(minutes=5)
"""The same of one that waits for its case, or for a setting."""
MUCH_LATER = timedelta(hours=1)
"""The same of one with which nothing can be done but by a person."""
_LONGEST_PAUSE = 300.0


class Conversation(Protocol):
    """`runtime.mailbox.Mailbox`."""

    @property
    def settings(self) -> MailboxSettings: ...
    async def listing(self) -> Listing: ...
    async def content(self, uid: int) -> bytes | None: ...
    async def head(self, uid: int) -> bytes | None: ...
    async def move(self, uid: int, folder: str) -> None: ...
    async def replace(self, uid: int, folder: str, content: bytes, received_at: datetime) -> None: ...
    async def remove(self, uid: int) -> None: ...
    async def wait(self, at_most: timedelta, polling: timedelta) -> None: ...
    async def close(self) -> None: ...


class Watch(Protocol):
    """`starter.web.metrics.Metrics`."""

    def filed(self, purpose: Purpose, fate: Literal["taken", "answered", "unreadable"]) -> None: ...
    def mailbox(self, name: str, lying: int | None) -> None: ...


class MailboxReading:
    """Reads one mailbox."""

    def __init__(self, name: str, mailbox: Conversation, door: MailDoor, watch: Watch, draw: random.Random | None = None) -> None:
        """``name`` stands in logs and metrics; the mailbox is closed at the end of `run`."""
        self._name, self._mailbox, self._door, self._watch = name, mailbox, door, watch
        self._purpose = mailbox.settings.purpose
        self._draw = draw or random.Random()  # noqa: S311 - jitter
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._validity = 0
        self._not_before: dict[int, float] = {}
        self._kept: dict[int, str] = {}
        """E-mails whose event is kept and not delivered yet: their ids."""

    async def run(self) -> None:
        """Reads until it is cancelled."""
        failures = 0
        try:
            while True:
                try:
                    hurry = await self.round()
                    failures = 0
                    await self._mailbox.wait(SOON if hurry else IDLE, SOON if hurry else POLL)
                except (MailboxError, DatabaseUnavailableError, DatabaseRefusedError) as e:
                    if isinstance(e, MailboxError):
                        self._watch.mailbox(self._name, None)
                    log.warning("%s: %s; its e-mails wait there meanwhile", self._name, e)
                except Exception as e:  # nothing that one mailbox does may end the reading of it
                    log.error("%s: %s at %s", self._name, type(e).__name__, _place(e))
                else:
                    continue
                await asyncio.sleep(min(2.0**failures, _LONGEST_PAUSE) * self._draw.uniform(0.8, 1.2))
                failures = min(failures + 1, 10)
        finally:
            await self._mailbox.close()

    async def round(self) -> bool:
        """Looks once at everything that lies there and is due.

        Returns:
            Whether something is expected to come to its end soon.

        Raises:
            MailboxError, DatabaseUnavailableError, DatabaseRefusedError: the rest is for another round.
        """
        listing = await self._mailbox.listing()
        self._watch.mailbox(self._name, len(listing.letters))
        if listing.validity != self._validity:
            self._not_before, self._kept, self._validity = {}, {}, listing.validity
        there = {lying.uid for lying in listing.letters}
        self._not_before = {uid: at for uid, at in self._not_before.items() if uid in there}
        self._kept = {uid: mail for uid, mail in self._kept.items() if uid in there}
        for lying in listing.letters:
            if self._not_before.get(lying.uid, 0.0) <= self._clock():
                await self._look_at(lying)
        return bool(self._kept)

    async def _look_at(self, lying: Lying) -> None:
        kept = self._kept.get(lying.uid)
        if kept is not None and await self._door.undelivered(kept):
            return self._again(lying, SOON)
        self._kept.pop(lying.uid, None)
        large = lying.size > LARGEST_MAIL
        content = await (self._mailbox.head(lying.uid) if large else self._mailbox.content(lying.uid))
        if content is None:  # somebody has filed it meanwhile
            return None
        try:
            if lying.deleted:
                return await self._finish(lying, content)
            take = self._door.too_large if large else self._door.take
            fate = await take(content, lying.received_at, self._purpose)
        except AnswerUnavailableError as e:
            log.info("%s: an answer waits: %s", self._name, e)
            return self._again(lying, POLL)
        except (DatabaseUnavailableError, DatabaseRefusedError):
            raise
        except Exception as e:  # an e-mail that nobody foresaw must not stand in the way of others
            log.error("%s: an e-mail cannot be read: %s at %s", self._name, type(e).__name__, _place(e))
            self._watch.filed(self._purpose, "unreadable")
            await self._door.tell(content, self._purpose, "mail_unreadable")
            return self._again(lying, MUCH_LATER)
        if fate.place != "stays":
            return await self._file(lying, fate, content)
        if fate.mail is not None and not fate.waits:
            self._kept[lying.uid] = fate.mail.id
        return self._again(lying, LATER if fate.waits else SOON)

    async def _finish(self, lying: Lying, content: bytes) -> None:
        """Marked to be deleted: the copy is filed, and we died before the original was gone; or a person has marked it."""
        if await self._door.finished(content):
            await self._mailbox.remove(lying.uid)
        else:
            self._again(lying, MUCH_LATER)

    async def _file(self, lying: Lying, fate: Fate, content: bytes) -> None:
        folder = self._mailbox.settings.taken if fate.place == "taken" else self._mailbox.settings.answered
        if fate.secrets and fate.mail is not None:
            try:
                copy = redacted(fate.mail, fate.secrets)
            except RedactionError as e:
                log.error("%s: a password stays in the mailbox: %s", self._name, e)
                await self._door.tell(content, self._purpose, "mail_not_redacted")
                return self._again(lying, MUCH_LATER)
            await self._mailbox.replace(lying.uid, folder, copy, lying.received_at)
        else:
            await self._mailbox.move(lying.uid, folder)
        log.info("%s: an e-mail is filed as %s (%s)", self._name, fate.place, fate.why)
        self._watch.filed(self._purpose, "taken" if fate.place == "taken" else "answered")

    def _again(self, lying: Lying, after: timedelta) -> None:
        self._not_before[lying.uid] = self._clock() + after.total_seconds()


def _place(error: Exception) -> str:
    """Where an error was raised; its words may hold values, so the log does without."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
