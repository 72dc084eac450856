"""The rows of the registers about replacements, credits and watched tariffs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from regulations.rows import Row


class ReplacementRow(Row):
    """A replacement as it stands. Natural key: case uid; the newest state stands."""

    table: Literal["replacements"] = "replacements"
    account: str
    period: str
    n: int
    stage: str
    asked: int | None
    """None: a top-up (6.1)."""
    requested_at: datetime
    accepted: int | None = None
    credited: int | None = None
    capped: bool = False
    ruled_at: datetime | None = None
    """When quality control decided."""
    closed_at: datetime | None = None
    clauses: tuple[str, ...] = ()
    """Why it was refused."""


class CreditRow(Row):
    """Identifications credited to an account. Natural key: case uid, entry; the first one stands."""

    table: Literal["credits"] = "credits"
    entry: Literal["replacement", "tariff", "top_up"]
    account: str
    period: str
    """The period whose balance grew."""
    of_period: str
    """The tariff to which it belongs."""
    identifications: int
    reference: str
    at: datetime


class WatchRow(Row):
    """The watch over one tariff: who is reminded, in which zone. Natural key: case uid; the newest state stands."""

    table: Literal["watches"] = "watches"
    account: str
    period: str
    zone: str
    manager: str
    """E-mail address of the client's manager."""
    identifications: int
    running: bool
