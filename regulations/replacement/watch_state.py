"""What the watch over one tariff knows: its data, what waits to be written, the next instant. Leads and calls are rows in registers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from regulations.long_case import LongCase
from regulations.plans import OpeningRequest
from regulations.replacement.effects import WatchBatch, WatchSettings
from regulations.replacement.messages import WatchStarted
from regulations.replacement.rows import WatchRow
from regulations.replacement.state import FRANCHISEE, ReplacementSettings
from regulations.replacement.state import KIND as REPLACEMENT

KIND = "lead-watch"
MANAGER = "client_manager"
"""The role in which the client's manager is reminded."""
PAGE = 500
"""Leads that one step looks at."""
MOST_IN_A_ROW = 40
"""Batches that a watch takes without a pause: a pause is when a long history continues as new, and batches make it long."""


class WatchStage(StrEnum):
    """Where a watch stands."""

    RUNNING = "running"
    RUN_OUT = "run_out"
    """The tariff has ended; the terms of its last leads still run."""
    DONE = "done"
    WITHDRAWN = "withdrawn"


ENDS = frozenset({WatchStage.DONE, WatchStage.WITHDRAWN})


class WatchState(LongCase):
    """The whole durable state of a `LeadWatch`; far under 256 KB when handed over, however many leads it has."""

    started: WatchStarted | None = None
    pending: list[WatchBatch] = []
    """What came and has yet to be written; empty when the run continues as new."""
    in_a_row: int = 0
    """Batches taken since nothing was left to be written."""
    stepping: bool = False
    recount: bool = False
    """Zone or calendar have changed: every lead is to be looked at anew."""
    next_at: datetime | None = None
    """When a lead needs to be looked at; the one timer of the watch."""
    leads: int = 0
    calls: int = 0
    reminded: int = 0
    missed: int = 0
    balance: int | None = None
    balance_at: datetime | None = None
    possible_wanted: bool = False
    """1: the balance is low enough, and the franchisee has yet to be told how many cards would pass."""
    counting: bool = False
    possible_told: bool = False
    row: WatchRow | None = None
    """The register row as last written."""

    @property
    def at(self) -> WatchStage:
        return WatchStage(self.stage)

    @property
    def begun(self) -> WatchStarted:
        if self.started is None:
            raise LookupError("the watch has not begun")
        return self.started

    @property
    def settings(self) -> ReplacementSettings:
        """The watch keeps to the edition of replacements."""
        if self.opening is None:
            raise LookupError("the watch has not been opened")
        return ReplacementSettings.model_validate(self.opening.edition.settings)

    @property
    def watch_settings(self) -> WatchSettings:
        """What its leads are watched by."""
        given = self.settings
        return WatchSettings(
            zone=self.begun.zone,
            first_call=given.first_call,
            warn_fraction=given.warn_fraction,
            attempts=given.attempts,
            first_day_attempts=given.first_day_attempts,
            gap_minutes=given.gap_minutes,
            least_left_minutes=given.least_left_minutes,
        )

    @property
    def outside(self) -> frozenset[str]:
        return frozenset({FRANCHISEE})

    def opening_request(self, now: datetime) -> OpeningRequest:
        return super().opening_request(now).model_copy(update={"regulation": REPLACEMENT})
