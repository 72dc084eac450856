"""The rows of an export: cards, calls, recordings, tickets (5.2). Plain and small: an export has a hundred thousand of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Card:
    """The card of a lead."""

    lead: str
    appeared_at: datetime
    status: str
    comment: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call to a lead's number."""

    call: str
    lead: str
    at: datetime
    """When it began."""
    answered: bool
    comment: str
    """Status or comment set after it (3.1)."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The recording of a call (3.2)."""

    call: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """6.4: telephony is out of order on the supplier's side."""

    ticket: str
    since: datetime
    until: datetime | None
    """None: still open."""
    by_client: bool
    """Opened from the requester's own cabinet."""
    confirmed: bool
    """The technical department confirms that telephony cannot be connected."""


Row = Card | Call | Recording | Ticket
