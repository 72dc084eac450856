"""The door for e-mails: each is understood, handed to the inbox or answered; whoever reads the mailbox then files it.

An e-mail is known again by its id (Message-ID and body), so that one that was read before a crash counts once: what the inbox has kept of
it, and whether it was answered, stand in the database.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from pydantic import JsonValue

from regulations.catalogue import text
from runtime.documents.reader import LARGEST
from runtime.inbox import UNDELIVERED, Entry, InboxConflictError, InboxState
from runtime.mailbox import Purpose
from starter.inbox.inbox import Answer, Inbox
from starter.inbox.incidents import OfMail
from starter.inbox.outcome import DeliveryError
from starter.mail.answers import Answers
from starter.mail.meaning import LANGUAGE, Ask, Meaning, Say
from starter.mail.parts import Mail, read_mail
from starter.mail.redaction import secrets_of

LARGEST_MAIL = 30 * 1024 * 1024
"""Bytes of an e-mail that is read; of a larger one only its head is."""
PATIENCE = timedelta(seconds=5)
"""How long an e-mail waits for its case's answer before the next one is read."""
KEPT_FOR = timedelta(days=30)
"""How long an e-mail without a case waits for it (handoff, interpretations)."""
NO_KEYS = "NoEncryptionKeys"

Place = Literal["taken", "answered", "stays"]


@dataclass(frozen=True)
class Fate:
    """What became of an e-mail."""

    place: Place
    """Where it belongs: ``stays`` where it lies, to be looked at again."""
    why: str
    """In a word or two, for logs and metrics; nothing of the e-mail."""
    mail: Mail | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Passwords in it: it must not be filed as it is."""
    case: str | None = None
    waits: bool = False
    """It stays for long: nothing is known to come soon."""


class Reader(Protocol):
    """Understands the e-mails of one purpose."""

    async def understand(self, mail: Mail, event_id: str, received_at: datetime) -> Meaning: ...


class Alarm(Protocol):
    """Tells a person inside of an e-mail."""

    async def write_of_mail(self, kind: str, mail: str, what: OfMail) -> None: ...


class MailDoor:
    """Takes e-mails. Safe to share by the mailboxes of one process."""

    def __init__(
        self,
        inbox: Inbox,
        readers: Mapping[Purpose, Reader],
        answers: Answers,
        alarm: Alarm,
        own: Collection[str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``own`` are our own addresses: what comes from them is never taken and never answered."""
        self._inbox, self._readers, self._answers, self._alarm = inbox, readers, answers, alarm
        self._own = frozenset(address.lower() for address in own)
        self._clock = clock

    async def take(self, content: bytes, received_at: datetime, purpose: Purpose) -> Fate:
        """Takes one e-mail as it lies on the server; ``received_at`` is when that received it. Again and again: it counts once.

        Raises:
            AnswerUnavailableError, DatabaseUnavailableError, DatabaseRefusedError: come again; nothing may be filed.
        """
        mail = await asyncio.to_thread(read_mail, content)
        fate = await self._fate(mail, min(received_at, self._clock()), purpose)
        return Fate(fate.place, fate.why, mail, secrets_of(mail), fate.case, fate.waits)

    async def undelivered(self, mail: str) -> bool:
        """Whether what the inbox has kept of an e-mail, by its id, has yet to be delivered. Raises DatabaseUnavailableError,
        DatabaseRefusedError."""
        entry = await self._inbox.store.find(_event_id(mail))
        return entry is not None and entry.state in UNDELIVERED

    async def finished(self, content: bytes) -> bool:
        """Whether this e-mail was taken or answered before. Raises DatabaseUnavailableError, DatabaseRefusedError."""
        mail = await asyncio.to_thread(read_mail, content)
        entry = await self._inbox.store.find(_event_id(mail.id))
        return entry.state not in UNDELIVERED if entry is not None else await self._answers.begun(mail)

    async def too_large(self, head: bytes, received_at: datetime, purpose: Purpose) -> Fate:
        """What becomes of an e-mail of which only the head was read. One that may hold a password stays: nobody can hide it.

        Raises:
            As `take`.
        """
        mail = await asyncio.to_thread(read_mail, head)
        if self._nobody_wrote(mail) is None:
            sizes: dict[str, JsonValue] = {"megabytes": LARGEST_MAIL >> 20, "file_megabytes": LARGEST >> 20}
            await self._answer(mail, purpose, "mail/too_large", sizes)
        await self._alarm.write_of_mail(purpose, mail.id, "mail_too_large")
        return Fate("stays" if purpose == "replacement" else "answered", "too large", mail, waits=True)

    async def tell(self, content: bytes, purpose: Purpose, what: OfMail) -> None:
        """Tells a person of an e-mail with which nothing more can be done. Raises DatabaseUnavailableError, DatabaseRefusedError."""
        await self._alarm.write_of_mail(purpose, hashlib.sha256(content).hexdigest(), what)

    async def _fate(self, mail: Mail, received_at: datetime, purpose: Purpose) -> Fate:
        if (why := self._nobody_wrote(mail)) is not None:
            return Fate("answered", why)
        known = await self._inbox.store.find(_event_id(mail.id))
        if known is not None:
            return await self._of_row(known, mail, purpose)
        if mail.sender is None:  # nobody to act for, nobody to answer
            await self._alarm.write_of_mail(purpose, mail.id, "mail_without_answer")
            return Fate("answered", "no sender")
        meaning = await self._readers[purpose].understand(mail, _event_id(mail.id), received_at)
        if isinstance(meaning, Say):
            return await self._say(meaning, mail, purpose)
        return await self._ask(meaning, mail, received_at, purpose)

    def _nobody_wrote(self, mail: Mail) -> str | None:
        """Why an e-mail is neither taken nor answered."""
        return "own" if mail.sender is not None and mail.sender.lower() in self._own else mail.automatic

    async def _say(self, meaning: Say, mail: Mail, purpose: Purpose) -> Fate:
        try:
            answer: Answer = await self._inbox.accept(meaning.event, "mailbox", PATIENCE)
        except DeliveryError as e:
            return await self._not_kept(e, mail, purpose)
        except InboxConflictError:  # read at the same moment by another process, which understood it another way: theirs is kept
            return Fate("stays", "kept elsewhere")
        return await self._of_row(answer.entry, mail, purpose)

    async def _not_kept(self, error: DeliveryError, mail: Mail, purpose: Purpose) -> Fate:
        if error.type == NO_KEYS:  # ours to mend: whoever wrote has done nothing wrong
            await self._alarm.write_of_mail(purpose, mail.id, "mail_no_keys")
            return Fate("stays", "no encryption keys", waits=True)
        return await self._refused(error.type, error.case, mail, purpose)

    async def _of_row(self, entry: Entry, mail: Mail, purpose: Purpose) -> Fate:
        match entry.state:
            case InboxState.DELIVERED:
                return Fate("taken", "taken", case=entry.address)
            case InboxState.REFUSED:
                return await self._refused(str((entry.outcome or {}).get("type", "")), entry.address, mail, purpose)
            case InboxState.DROPPED:
                return Fate("answered", "dropped", case=entry.address)
            case _:
                return Fate("stays", "undelivered", case=entry.address)

    async def _refused(self, type: str, case: str | None, mail: Mail, purpose: Purpose) -> Fate:
        reason = text(LANGUAGE, "mail", "refusal", type)
        if reason == type:  # what no rule of ours has foreseen: a person writes to the sender
            await self._alarm.write_of_mail(purpose, mail.id, "mail_not_taken")
            reason = text(LANGUAGE, "mail", "refusal", "other")
        await self._answer(mail, purpose, "mail/refused", {"reason": reason, "case": case or ""})
        return Fate("answered", f"refused {type}", case=case)

    async def _ask(self, meaning: Ask, mail: Mail, received_at: datetime, purpose: Purpose) -> Fate:
        if meaning.tell is not None:
            await self._alarm.write_of_mail(purpose, mail.id, meaning.tell)
        await self._answer(mail, purpose, meaning.template, meaning.values)
        waits = meaning.wait and self._clock() - received_at < KEPT_FOR
        return Fate("stays" if waits else "answered", meaning.why, waits=waits)

    async def _answer(self, mail: Mail, purpose: Purpose, template: str, values: Mapping[str, JsonValue]) -> None:
        if not await self._answers.send(mail, template, values, self._clock()):
            await self._alarm.write_of_mail(purpose, mail.id, "mail_without_answer")


def _event_id(mail: str) -> str:
    return f"mail-{mail}"
