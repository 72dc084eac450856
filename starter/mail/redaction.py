"""An e-mail without the password that it brought: what stays on the mail server in place of the original (replacement 5.1)."""

from __future__ import annotations

from email.header import Header
from email.mime.text import MIMEText

from regulations.catalogue import text
from regulations.replacement.form import passwords
from starter.mail.parts import Mail, read_mail

MASK = "••••••"
_SHORTEST = 3
"""Characters of a password that is looked for elsewhere than behind its label: a shorter one stands in any text by chance."""


class RedactionError(Exception):
    """No copy can be made of which it is certain that the password is not in it; the text says why, and nothing else."""


def secrets_of(mail: Mail) -> tuple[str, ...]:
    """The passwords that an e-mail names behind their label, in any of its texts; the longest first."""
    texts = [mail.subject, *(part for body in mail.bodies for part in (body.new, body.quoted))]
    found = {one[start:end] for one in texts for start, end in passwords(one)}
    return tuple(sorted(found, key=lambda secret: (-len(secret), secret)))


def masked(said: str, secrets: tuple[str, ...]) -> str:
    """The text with a mask in place of each password, behind its label and wherever else it stands."""
    for start, end in reversed(passwords(said)):
        said = said[:start] + MASK + said[end:]
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            said = said.replace(secret, MASK)
    return said


def redacted(mail: Mail, secrets: tuple[str, ...], language: str = "ru") -> bytes:
    """A copy for the mail server: head and texts with a mask in place of each password; files are named and left out, since nobody can
    see what they show.

    Raises:
        RedactionError: a text could not be read for sure, or a password would still stand in the copy.
    """
    if not all(body.certain for body in mail.bodies):
        raise RedactionError("a text of the e-mail is in no known charset")
    said = [text(language, "mail", "redacted")]
    for body in mail.bodies:
        said += [body.new, text(language, "mail", "quoted"), body.quoted] if body.quoted.strip() else [body.new]
    said += [text(language, "mail", "left_out", name=file.name) for file in mail.attachments]
    # Masked as one text: of a label that ends a part, whatever follows it is hidden too.
    copy = MIMEText(masked("\n\n".join(said), secrets), "plain", "utf-8")
    for name, value in mail.headers:
        hidden = masked(value, secrets)
        copy[name] = Header(hidden, "us-ascii" if hidden.isascii() else "utf-8", header_name=name).encode()
    content = copy.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    _verify(content, secrets)
    return content


def _verify(content: bytes, secrets: tuple[str, ...]) -> None:
    """Reads the copy as whoever looks for a password would."""
    again = read_mail(content)
    texts = [*(part for body in again.bodies for part in (body.new, body.quoted)), *(value for _, value in again.headers)]
    if any(secret in one for secret in secrets if len(secret) >= _SHORTEST for one in texts):
        raise RedactionError("a password would still stand in the copy")
    if any(one[start:end] not in ("", MASK) for one in texts for start, end in passwords(one)):
        raise RedactionError("a password would still stand in the copy")
