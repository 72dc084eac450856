"""E-mails as mail programs write them, byte by byte."""

from __future__ import annotations

import base64
import quopri
from itertools import count

from tests.regulations.replacement.test_form import LONG, SHORT

__all__ = ["LONG", "SHORT", "attached", "eml", "forwarded", "mixed", "part"]

_numbers = count(1)
FRANCHISEE = "ivanov@franchise.example"


def part(text: str, charset: str = "utf-8", encoding: str = "base64", kind: str = "text/plain", *, declared: str | None = None) -> bytes:
    """A text part, head and body; ``declared`` names another charset than it is in."""
    raw = text.encode(charset, "replace")
    encoded = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(encoding, bytes)(raw)
    return f'Content-Type: {kind}; charset="{declared or charset}"\nContent-Transfer-Encoding: {encoding}\n\n'.encode() + encoded


def attached(name: str, content: bytes, kind: str = "application/octet-stream") -> bytes:
    """A file; ``name`` is the parameter as it stands in the head."""
    head = f"Content-Type: {kind}\nContent-Disposition: attachment; {name}\nContent-Transfer-Encoding: base64\n\n"
    return head.encode("utf-8", "surrogateescape") + base64.encodebytes(content)


def mixed(*parts: bytes, kind: str = "mixed", boundary: str = "=_b") -> bytes:
    """Parts in one part."""
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n'.encode()
    return head + b"".join(b"--" + boundary.encode() + b"\n" + one + b"\n" for one in parts) + b"--" + boundary.encode() + b"--\n"


def forwarded(mail: bytes) -> bytes:
    """An e-mail as a part of another."""
    return b"Content-Type: message/rfc822\n\n" + mail


def eml(
    body: bytes | str = SHORT,
    *,
    sender: str = f"Ivanov <{FRANCHISEE}>",
    subject: str | bytes = "request",
    message_id: str | None = "",
    **headers: str,
) -> bytes:
    """A whole e-mail with a Message-ID of its own; None: without one. Header names are written with ``_`` for ``-``."""
    own = f"<m-{next(_numbers)}@franchise.example>" if message_id == "" else message_id
    said: dict[str, str | bytes] = {"From": sender, "To": "zamena@company.example", "Date": "Thu, 01 Jan 1970 00:00:00 +0000"}
    said |= {
        "Subject": subject,
        **({"Message-ID": own} if own else {}),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()) for name, value in said.items()]
    content = b"\n".join(lines) + b"\nMIME-Version: 1.0\n" + (body if isinstance(body, bytes) else part(body))
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
