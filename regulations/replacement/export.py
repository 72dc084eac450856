"""The rows of an export: cards, calls, recordings, tickets (5.2). Tuples, since an export has hundreds of thousands of them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Card(NamedTuple):
    """The card of a lead."""

    lead: str
    appeared_at: datetime
    status: str
    comment: str


class Call(NamedTuple):
    """A call to a lead's number."""

    call: str
    lead: str
    at: datetime
    """When it began."""
    answered: bool
    comment: str
    """Status or comment set after it (3.1)."""


class Recording(NamedTuple):
    """The recording of a call (3.2)."""

    call: str


class Ticket(NamedTuple):
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
