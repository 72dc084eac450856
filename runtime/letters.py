"""Composing letters: templates rendered to the exact bytes that will be sent, with nothing from outside able to add a header."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, UndefinedError, select_autoescape

_TEMPLATE_NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*")
_CONTENT_TYPE = re.compile(r"(?!multipart/|message/)[a-z]+/[a-z0-9][a-z0-9.+-]*")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]")
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,248}>")
_REPLY_PREFIX = re.compile(r"\s*re\s*(\[\d+\])?\s*:", re.IGNORECASE)
# The oldest and the newest of a long thread: enough for every client to find it, and no header without end.
_REFERENCES_KEPT = 20
_LINE = 66
"""Characters of a subject that fit its first line."""
_ENCODED_BYTES = 42
"""Of UTF-8 in one encoded word: with its frame it has no more than 75 characters, and fits the first line too."""
# Mail servers need not take eight-bit bodies, so everything is sent as seven-bit text.
_POLICY = policy.SMTP.clone(cte_type="7bit")


class LetterRefusedError(Exception):
    """The letter cannot be composed from these values, now or later. The text names the place and never a value."""


@dataclass(frozen=True)
class File:
    """A file that goes with a letter."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class InReplyTo:
    """The e-mail that is answered."""

    message_id: str
    references: Sequence[str]
    subject: str


@dataclass(frozen=True)
class Composition:
    """All that a letter is made of."""

    key: str
    template: str
    language: str
    recipients: Sequence[str]
    values: Mapping[str, Any]
    date: datetime
    thread: InReplyTo | None = None
    files: Sequence[File] = field(default=())


@dataclass(frozen=True)
class Composed:
    """A letter ready to be sent: the same composition gives the same bytes."""

    message_id: str
    subject: str
    content: bytes


def checked_address(address: str) -> str:
    """The address with its domain in ASCII.

    Raises LetterRefusedError unless it is exactly one plain mailbox: no display name, list, group, route, comment or quotes.
    """
    local, at, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii") if not domain.isascii() else domain
    except UnicodeError:
        raise LetterRefusedError("an address has an impossible domain") from None
    if not at or not _LOCAL_PART.fullmatch(local) or not _DOMAIN.fullmatch(domain) or "=?" in local:
        raise LetterRefusedError("an address is not one plain mailbox")
    if len(local) > 64 or len(local) + 1 + len(domain) > 254:
        raise LetterRefusedError("an address is too long")
    return f"{local}@{domain}"


def checked_recipients(addresses: Sequence[str]) -> tuple[str, ...]:
    """Every address once, in order. Raises LetterRefusedError for none at all and for any that is not one plain mailbox."""
    recipients = tuple(dict.fromkeys(checked_address(address) for address in addresses))
    if not recipients:
        raise LetterRefusedError("a letter has no recipient")
    return recipients


def _header_value(value: str, name: str) -> str:
    """Refuse whatever could end a header or begin another, encoded words included (CVE-2024-6923)."""
    if "=?" in value:
        raise LetterRefusedError(f"{name}: an encoded word in a header")
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in value):
        raise LetterRefusedError(f"{name}: a control character in a header")
    if not value.strip():
        raise LetterRefusedError(f"{name}: empty")
    return value.strip()


class Letters:
    """Composes letters from templates: ``<language>/<template>.subject.j2``, ``.txt.j2`` and ``.html.j2``."""

    def __init__(
        self, directories: Sequence[Path], sender: str, sender_name: str | None = None, cards: Mapping[str, str] | None = None
    ) -> None:
        """The first directory that holds a template wins, so a company can replace single letters.

        ``sender`` is one plain address; its domain is also that of the Message-IDs. ``cards`` are the numbers of the company's cards by
        bank: templates know them, so that a case names the bank and never holds a number.
        """
        self._sender = checked_address(sender)
        self._sender_name = None if sender_name is None else _header_value(sender_name, "the sender's name")
        self._templates = Environment(
            loader=FileSystemLoader([str(directory) for directory in directories]),
            undefined=StrictUndefined,
            autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["cards"] = dict(cards or {})

    def message_id(self, key: str) -> str:
        """The Message-ID of the effect with this key: always the same."""
        return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{self._sender.rpartition('@')[2]}>"

    def compose(self, composition: Composition) -> Composed:
        """Render the letter. Raises LetterRefusedError for a missing template or value and for a value unfit for a header."""
        recipients = checked_recipients(composition.recipients)
        subject = self._subject(composition)
        text = self._render(composition, "txt")
        html = self._render(composition, "html")

        message = EmailMessage(_POLICY)
        message["From"] = f"{_quoted(self._sender_name)} <{self._sender}>" if self._sender_name else self._sender
        message["To"] = ", ".join(recipients)
        message["Date"] = format_datetime(composition.date)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        message.add_alternative(html, subtype="html")
        for file in composition.files:
            _attach(message, file)
        message["Content-Language"] = composition.language  # set earlier it would move into the first part
        message_id = self.message_id(composition.key)
        for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
            part.set_boundary(f"={message_id[1:33]}.{number}")

        threading = _threading(composition.thread)
        names = [*message.keys(), "Message-ID", "Subject", *threading]
        content = _header("Message-ID", [message_id]) + _header("Subject", _encoded(subject))
        content += b"".join(_header(name, ids) for name, ids in threading.items())
        content += message.as_bytes()
        _verify(content, names, recipients, subject)
        return Composed(message_id, subject, content)

    def _subject(self, composition: Composition) -> str:
        if composition.thread is None:
            return _header_value(self._render(composition, "subject").removesuffix("\n"), "the subject")
        subject = _header_value(composition.thread.subject, "the subject of the thread")
        return subject if _REPLY_PREFIX.match(subject) else f"Re: {subject}"

    def _render(self, composition: Composition, part: str) -> str:
        if not _TEMPLATE_NAME.fullmatch(composition.template) or not _TEMPLATE_NAME.fullmatch(composition.language):
            raise LetterRefusedError("a template's name is malformed")
        name = f"{composition.language}/{composition.template}.{part}.j2"
        try:
            return self._templates.get_template(name).render(composition.values)
        except TemplateNotFound:
            raise LetterRefusedError(f"there is no template {name}") from None
        except UndefinedError as error:  # names the variable, which is ours
            raise LetterRefusedError(f"{name}: {error.message}") from None
        except (TemplateError, TypeError, ValueError, AttributeError) as error:
            raise LetterRefusedError(f"{name}: {type(error).__name__}") from None


def subject_of(content: bytes) -> str:
    """The subject of composed bytes, decoded."""
    return str(message_from_bytes(content, policy=policy.default)["Subject"])


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _attach(message: EmailMessage, file: File) -> None:
    name = _header_value(file.name, "the name of an attachment")
    if "/" in name or "\\" in name:
        raise LetterRefusedError("the name of an attachment holds a path")
    content_type = file.content_type.lower()
    if not _CONTENT_TYPE.fullmatch(content_type):
        raise LetterRefusedError("the type of an attachment is malformed")
    maintype, _, subtype = content_type.partition("/")
    message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=name)


def _threading(thread: InReplyTo | None) -> dict[str, list[str]]:
    """The headers that keep a reply in its thread.

    An id that only looks odd is left out: better a letter outside its thread than none. One that could forge is refused.
    """
    if thread is None:
        return {}
    ids = [_header_value(value, "an id of the thread") for value in (*thread.references, thread.message_id)]
    known = list(dict.fromkeys(value for value in ids if _MESSAGE_ID.fullmatch(value)))
    if len(known) > _REFERENCES_KEPT:
        known = [known[0], *known[1 - _REFERENCES_KEPT :]]
    headers: dict[str, list[str]] = {}
    if _MESSAGE_ID.fullmatch(ids[-1]):
        headers["In-Reply-To"] = [ids[-1]]
    if known:
        headers["References"] = known
    return headers


def _header(name: str, parts: Sequence[str]) -> bytes:
    # Written by hand: the email package folds long ids into encoded words, and no client finds the thread again; and where it folds a long
    # subject it loses spaces.
    return f"{name}: ".encode("ascii") + "\r\n ".join(parts).encode("ascii") + b"\r\n"


def _encoded(words: str) -> list[str]:
    """A text as encoded words (RFC 2047) of whole characters, its spaces inside them; one short line of ASCII as it is."""
    if words.isascii() and len(words) <= _LINE:
        return [words]
    parts = [""]
    for char in words:
        if len((parts[-1] + char).encode()) > _ENCODED_BYTES:
            parts.append("")
        parts[-1] += char
    return [f"=?utf-8?b?{b64encode(part.encode()).decode('ascii')}?=" for part in parts]


def _verify(content: bytes, names: Sequence[str], recipients: Sequence[str], subject: str) -> None:
    """Read the bytes as a receiver will, and refuse them when they say anything that was not intended."""
    try:
        read = message_from_bytes(content, policy=policy.default)
        same_names = sorted(name.lower() for name in read) == sorted(name.lower() for name in names)
        addresses = tuple(address.addr_spec for address in read["To"].addresses)
        same_subject = str(read["Subject"]).split() == subject.split()
    except (MessageError, ValueError, AttributeError, TypeError, IndexError):
        raise LetterRefusedError("the composed letter cannot be read again") from None
    if not same_names or addresses != tuple(recipients) or not same_subject or read.defects:
        raise LetterRefusedError("the composed letter says more than was intended")
