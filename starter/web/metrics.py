"""What the door can be watched by: Prometheus metrics of one process, and of the inbox that all processes share."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
from runtime.inbox import Entry, InboxState
from runtime.mailbox import Purpose
from starter.doors.table import DOORS
from starter.inbox.inbox import Inbox

_SECONDS = (0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 86400)


class Metrics:
    """The metrics. Labels come from our own tables only: nothing from outside can make a new one."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._events = Counter("reglament_events", "Events by type and answer", ("type", "answer"), registry=self._registry)
        self._rows = Gauge("reglament_inbox_rows", "Rows of the inbox by state", ("state",), registry=self._registry)
        self._oldest = Gauge(
            "reglament_inbox_oldest_undelivered_seconds", "Age of the oldest undelivered row; 0: none", registry=self._registry
        )
        self._readable = Gauge("reglament_inbox_readable", "Whether the inbox could be read for these metrics", registry=self._registry)
        self._delay = Histogram("reglament_delivery_delay_seconds", "From receipt to delivery", buckets=_SECONDS, registry=self._registry)
        self._in_flight = Gauge("reglament_deliveries_in_flight", "Deliveries under way in this process", registry=self._registry)
        self._starts = Gauge("reglament_starts_in_flight", "Starts of cases under way in this process", registry=self._registry)
        self._mails = Counter(
            "reglament_mails", "E-mails that were filed, or could not be read", ("purpose", "fate"), registry=self._registry
        )
        self._connected = Gauge("reglament_mailbox_connected", "Whether a mailbox answers", ("mailbox",), registry=self._registry)
        self._lying = Gauge(
            "reglament_mailbox_lying", "E-mails in a mailbox that have yet to be filed", ("mailbox",), registry=self._registry
        )

    def filed(self, purpose: Purpose, fate: Literal["taken", "answered", "unreadable"]) -> None:
        """An e-mail has its end, or needs a person."""
        self._mails.labels(purpose, fate).inc()

    def mailbox(self, name: str, lying: int | None) -> None:
        """How many e-mails lie in a mailbox; None: it does not answer."""
        self._connected.labels(name).set(lying is not None)
        if lying is not None:
            self._lying.labels(name).set(lying)

    def answered(self, type: object, answer: str) -> None:
        """An event was answered; a type that is none of ours counts as ``unknown``."""
        known = type if isinstance(type, str) and type in DOORS else "unknown"
        self._events.labels(known, answer).inc()

    def settled(self, entry: Entry, delay: timedelta) -> None:
        """A row has its end."""
        if entry.state is InboxState.DELIVERED:
            self._delay.observe(delay.total_seconds())

    async def text(self, inbox: Inbox) -> bytes:
        """All metrics in Prometheus' text format; without the inbox's own where it cannot be read."""
        self._in_flight.set(inbox.in_flight)
        self._starts.set(inbox.starts_in_flight)
        try:
            tallies = await inbox.store.tallies()
        except (DatabaseUnavailableError, DatabaseRefusedError):
            self._readable.set(0)
            self._rows.clear()
            self._oldest.set(float("nan"))
        else:
            self._readable.set(1)
            for state, number in tallies.rows.items():
                self._rows.labels(state.value).set(number)
            self._oldest.set(tallies.oldest.total_seconds() if tallies.oldest is not None else 0)
        return generate_latest(self._registry)
