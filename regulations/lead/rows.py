"""The rows of the registers about leads, service centres and measures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from regulations.rows import Row


class LeadRow(Row):
    """A lead at one centre, as it stands. Natural key: case uid, round (its arrivals at centres); the newest state stands."""

    table: Literal["leads"] = "leads"
    round: int
    client: str
    """The CRM's number, or the keyed hash of the INN, as in the address."""
    client_name: str
    product: str
    type: str
    temperature: str
    status: str
    """The lead's status; ``moved``: another centre has it."""
    centre: str
    manager: str | None = None
    created_at: datetime
    arrived_at: datetime
    due: datetime | None = None
    """3.4.3: by when it is to be taken into work."""
    due_text: str = ""
    taken_at: datetime | None = None
    planned_on: date | None = None
    postponed_until: datetime | None = None
    closed_at: datetime | None = None
    booked_until: datetime | None = None
    breached: bool = False
    """7.2 was missed at this centre, and the breach stands."""
    link: str | None = None


class CentreRow(Row):
    """A service centre as it stands. Natural key: case uid, and its code."""

    table: Literal["centres"] = "centres"
    code: str
    name: str
    zone: str
    email: str
    head: str
    managers: tuple[tuple[str, str, str], ...]
    """Id, name, e-mail."""
    products: tuple[str, ...]
    """What it may sell, closed products (9.1.5) left out."""
    left_out: bool = False
    """Left out of distribution, for a quarter or for good (9.1.2, 9.1.3)."""
    left_out_until: datetime | None = None
    """End of the quarter; None with ``left_out``: for good."""
    disconnected: bool = False
    """9.2."""
    version: int


class MeasureRow(Row):
    """A proposal of measures against a centre (9.1 to 9.3), as a lead made it. Natural key: key; the first one stands, and the
    centre's own workflow writes its further life into the same row."""

    table: Literal["measures"] = "measures"
    key: str
    clause: str
    centre: str
    product: str
    allows: tuple[str, ...]
    evidence: str
    proposed_at: datetime
