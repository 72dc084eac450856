"""An e-mail taken apart: who sent it, what it says, what came with it. Whatever is wrong with it is a finding, never an exception."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from pathlib import PurePath

from pydantic import EmailStr, TypeAdapter, ValidationError

from runtime.documents.reader import LARGEST
from starter.mail.text import decoded, header_text, html_text, line, new_and_quoted, plain, unwrapped

MOST_PARTS = 200
DEEPEST = 20
MOST_ATTACHMENTS = 50
MOST_REFERENCES = 50
UNREADABLE_CONTAINER = "winmail"
"""The problem of a ``winmail.dat``: Outlook's own container, in which nobody can see what it holds."""

_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,240}>")
_IN_BRACKETS = re.compile(r"<\s*([^<>@\s]+@[^<>@\s]+)\s*>")
_BARE = re.compile(r"[^\s<>@,;:\"()]+@[^\s<>@,;:\"()]+")
_MACHINES = re.compile(r"(mailer[-_.]?daemon|postmaster)@", re.IGNORECASE)
_ADDRESS: TypeAdapter[str] = TypeAdapter(EmailStr)


@dataclass(frozen=True)
class Attachment:
    """A file that came with an e-mail."""

    name: str
    content: bytes | None = field(repr=False)
    """None: not kept, ``problem`` says why (a code of the catalogue's ``handoff.file``)."""
    problem: str | None = None


@dataclass(frozen=True)
class Body:
    """One text of an e-mail: plain, out of HTML, or of an e-mail inside it."""

    new: str = field(repr=False)
    quoted: str = field(repr=False)
    """What an earlier e-mail said; all of an e-mail that was forwarded as a file."""
    certain: bool
    """Whether its letters could be read for sure."""


@dataclass(frozen=True)
class Mail:
    """What an e-mail says of itself. Texts are one line each, fit for events and headers."""

    id: str
    """64 hexadecimal digits: of the Message-ID and the body; without a Message-ID, of all bytes. The same e-mail, come twice, has one."""
    sender: str | None
    """The address in From; None: there is none that can be answered."""
    sender_name: str | None
    subject: str
    message_id: str | None
    references: tuple[str, ...]
    """Earlier e-mails of its thread, the one that it answers last."""
    automatic: str | None
    """Why nobody wrote it: ``auto``, ``bulk``, ``list``, ``bounce``, ``daemon``; None: somebody did."""
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    """Those that tell people what it is, decoded."""
    bodies: tuple[Body, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def forwarded(self) -> bool:
        """Whether somebody else's e-mail was passed on."""
        return bool(re.match(r"(fwd?|пер|перешл|переадр|wg|tr)\s*:", self.subject, re.IGNORECASE)) or self.encloses

    encloses: bool = False
    """An e-mail lies inside it as a file."""


_SHOWN = ("From", "To", "Cc", "Date", "Subject", "Message-ID", "In-Reply-To", "References")


def read_mail(content: bytes) -> Mail:
    """Takes an e-mail apart, its bytes as the mail server keeps them."""
    message = BytesParser(policy=compat32).parsebytes(content)
    found = _Found()
    for part, inside in _leaves(message):
        _take(part, found, inside=inside)
    sender, name = _sender(_raw(message, "From"))
    ids = _ID.findall(_raw(message, "Message-ID"))
    return Mail(
        id=_identity(content, _raw(message, "Message-ID").strip()),
        sender=sender,
        sender_name=name,
        subject=header_text(_raw(message, "Subject")),
        message_id=ids[0] if ids else None,
        references=_thread(message),
        automatic=_automatic(message, sender, _raw(message, "From")),
        headers=tuple((name, header_text(value)) for name in _SHOWN if (value := _raw(message, name))),
        bodies=tuple(found.bodies),
        attachments=tuple(found.attachments[:MOST_ATTACHMENTS]),
        encloses=found.encloses,
    )


def _identity(content: bytes, message_id: str) -> str:
    """Of what does not change on the way: the lines that servers add to the head do not count."""
    content = content.replace(b"\r\n", b"\n")
    if not message_id:
        return hashlib.sha256(content).hexdigest()
    body = content.partition(b"\n\n")[2].strip()
    return hashlib.sha256(message_id.encode("utf-8", "surrogateescape") + b"\0" + body).hexdigest()


def _raw(message: Message, name: str) -> str:
    """The first header of a name as it came, eight-bit characters included; empty: there is none."""
    return next((value for given, value in message.raw_items() if given.lower() == name.lower()), "")


def _thread(message: Message) -> tuple[str, ...]:
    ids = [*_ID.findall(_raw(message, "References")), *_ID.findall(_raw(message, "In-Reply-To"))]
    return tuple(dict.fromkeys(reversed(ids)))[:MOST_REFERENCES][::-1]


def _sender(raw: str) -> tuple[str | None, str | None]:
    found = _IN_BRACKETS.findall(raw) or _BARE.findall(raw)
    if not found:
        return None, None
    try:
        address = _ADDRESS.validate_python(found[-1])
    except ValidationError:
        return None, None
    name = header_text(raw.partition("<")[0]).strip(" \"'") if "<" in raw else ""
    return address, name or None


def _automatic(message: Message, sender: str | None, sender_raw: str) -> str | None:
    said = _raw(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if said not in ("", "no") or _raw(message, "X-Autoreply") or _raw(message, "X-Autorespond"):
        return "auto"
    if message.get_content_type() == "multipart/report" or _raw(message, "Return-Path").strip() == "<>":
        return "bounce"
    if _MACHINES.match(sender or "") or _MACHINES.search(sender_raw):
        return "daemon"
    if _raw(message, "Precedence").strip().lower() in ("bulk", "list", "junk"):
        return "bulk"
    return "list" if any(_raw(message, name) for name in ("List-Id", "List-Post", "List-Unsubscribe")) else None


# --- parts --------------------------------------------------------------------------------------------------------------


class _Found:
    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.attachments: list[Attachment] = []
        self.encloses = False


def _leaves(message: Message) -> Iterator[tuple[Message, bool]]:
    """The parts that hold something, and whether they lie in an enclosed e-mail; so deep and so many of them as any honest e-mail has."""
    waiting: list[tuple[Message, int, bool]] = [(message, 0, False)]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        part, depth, inside = waiting.pop(0)
        payload = part.get_payload()
        if isinstance(payload, list):
            if depth < DEEPEST:
                enclosed = part.get_content_maintype() == "message"
                below = [(one, depth + 1, inside or enclosed) for one in payload if isinstance(one, Message)]
                waiting = [*below, *waiting]
            if part.get_content_type() == "message/rfc822":
                yield part, True
            continue
        yield part, inside


def _take(part: Message, found: _Found, *, inside: bool) -> None:
    kind = part.get_content_type()
    if kind == "message/rfc822":
        found.encloses = True
        return
    name = _file_name(part)
    is_text = kind in ("text/plain", "text/html")
    attached = (part.get_content_disposition() == "attachment" or bool(name)) if is_text else True
    content = _content(part)
    if is_text and not attached:
        text, certain = decoded(content, _parameter(part, "Content-Type", "charset"))
        if kind == "text/html":
            text = html_text(text)
        elif _parameter(part, "Content-Type", "format").lower() == "flowed":
            text = unwrapped(text, delete_space=_parameter(part, "Content-Type", "delsp").lower() == "yes")
        text = plain(text)
        new, quoted = ("", text) if inside else new_and_quoted(text)
        if text.strip():
            found.bodies.append(Body(new, quoted, certain))
    elif part.get_content_maintype() != "message":  # the rest of a report
        found.attachments.append(_attachment(name, kind, content))


def _attachment(name: str, kind: str, content: bytes) -> Attachment:
    if kind in ("application/ms-tnef", "application/vnd.ms-tnef") or name.lower() == "winmail.dat":
        return Attachment(name or "winmail.dat", None, UNREADABLE_CONTAINER)
    name = name or f"file.{kind.partition('/')[2][:20]}"
    return Attachment(name, None, "too_large") if len(content) > LARGEST else Attachment(name, content)


def _content(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _file_name(part: Message) -> str:
    named = _parameter(part, "Content-Disposition", "filename") or _parameter(part, "Content-Type", "name")
    return line(PurePath(named.replace("\\", "/")).name, 200)


def _parameter(part: Message, header: str, name: str) -> str:
    """A parameter, as RFC 2231 writes it, or as mail programs do: encoded words, and eight-bit text as it is."""
    value = _raw(part, header)
    if not value:
        return ""
    readable = Message()
    # Only what is no ASCII is decoded before it is taken apart: an encoded word may hold what would part it.
    readable[header] = decoded(value.encode("utf-8", "surrogateescape"), None)[0]
    try:
        found = readable.get_param(name, "", header)
    except (ValueError, IndexError, AttributeError, TypeError):  # the library is at a loss with some malformed ones
        return ""
    if isinstance(found, tuple):  # RFC 2231: charset, language, text in Latin-1 for the bytes that were written
        return line(decoded(found[2].encode("latin-1", "replace"), found[0])[0])
    return header_text(found)
