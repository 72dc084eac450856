"""The errors that activities raise: one place for their type names, texts and retry behaviour.

Three kinds. *Transient*: the same call may succeed later, Temporal repeats it. *Permanent*: it never will, a person must look.
*Refused*: the other side answered, and the answer is no: a fact for the case, not a fault.

Texts hold stages and codes, never an address, name, login or token: they stand in the history and in the logs.
"""

from __future__ import annotations

import re
from datetime import timedelta

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

UNAVAILABLE = "Unavailable"
"""Transient: the other side is away, busy, or asks us to wait."""
IN_PROGRESS = "InProgress"
"""Transient: another attempt is acting under the same key."""
DELIVERY_UNKNOWN = "DeliveryUnknown"
"""Transient: the mail server may have taken the letter; the same bytes will be handed over again."""
NOT_YET = "NotYet"
"""Transient and expected: what is waited for has not happened."""

CONFLICT = "Conflict"
"""Permanent: a key was used before with another input."""
MISCONFIGURED = "Misconfigured"
"""Permanent: credentials, rights, addresses or the mapping are wrong on our side."""
INVALID = "Invalid"
"""Permanent: the input cannot be turned into the effect."""

REFUSED = "Refused"
"""The business answer of the other side is no."""

TRANSIENT_TYPES = frozenset({UNAVAILABLE, IN_PROGRESS, DELIVERY_UNKNOWN, NOT_YET})
PERMANENT_TYPES = frozenset({CONFLICT, MISCONFIGURED, INVALID, REFUSED})

_LONGEST = 200
# A second line of defence: whoever raises already leaves values out.
_ADDRESS = re.compile(r"\S+@\S+")
_SECRET = re.compile(r"[A-Za-z0-9+/_=.-]{32,}")
_NUMBER = re.compile(r"\+?\d[\d\s()-]{8,}\d")


def safe_text(text: str) -> str:
    """The text on one line, cut to 200 characters, without anything that looks like an address, a number of a person or a token."""
    text = " ".join(text.split())
    for pattern in (_ADDRESS, _SECRET, _NUMBER):
        text = pattern.sub("…", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def transient(text: str, *, type: str = UNAVAILABLE, after: timedelta | None = None, expected: bool = False) -> ApplicationError:
    """An error to be repeated: after ``after`` when given, else as the retry policy says. An expected one raises no alarm."""
    return ApplicationError(
        safe_text(text),
        type=type,
        next_retry_delay=after,
        category=ApplicationErrorCategory.BENIGN if expected else ApplicationErrorCategory.UNSPECIFIED,
    )


def permanent(text: str, *, type: str) -> ApplicationError:
    """An error that no repeat can cure."""
    return ApplicationError(safe_text(text), type=type, non_retryable=True)


def refused(text: str, *, code: str) -> ApplicationError:
    """The other side's no; ``code``, its own word for it, is the first detail of the error."""
    return ApplicationError(safe_text(text), safe_text(code), type=REFUSED, non_retryable=True)
