"""Clients that are served, as the command line shows them: what is due next for each, the soonest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from runtime.service_reader import ServedClient, ServiceReader
from starter.registers import opened

_NEVER = datetime.max.replace(tzinfo=UTC)


async def listed(url: str, manager: str | None) -> list[ServedClient]:
    """The clients that are served now, by what is due first. Raises Unavailable."""
    async with opened(url) as engine:
        found = await ServiceReader(engine).served(manager)
    return sorted(found, key=lambda one: (next_due(one) or _NEVER, one.client))


def next_due(one: ServedClient) -> datetime | None:
    """When the next update or payment of a client is due, whichever is sooner."""
    return min((due for due in (one.next_update_due, one.next_payment_due) if due is not None), default=None)


def client_json(one: ServedClient) -> dict[str, Any]:
    """A client for programs; instants in UTC."""
    said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in vars(one).items()}
    due = next_due(one)
    return {**said, "next_due": due and due.isoformat()}


def print_clients(found: Sequence[ServedClient], now: datetime) -> None:
    """A table of clients; what has run out is marked."""
    table = Table(
        *(Column("client", no_wrap=True), "name", "manager", "last update (UTC)", "next update due (UTC)", "paid (UTC)"),
        *("next payment due (UTC)", Column("certified", justify="right")),
    )
    for one in found:
        update = (_at(one.last_update_at), _due(one.next_update_due, now))
        payment = (_at(one.paid_at), _due(one.next_payment_due, now))
        table.add_row(one.client, one.name, one.manager, *update, *payment, f"{one.certified} of {one.to_certify}")
    Console().print(table if found else "no such clients are served")


def _due(value: datetime | None, now: datetime) -> str:
    return _at(value) + (" overdue" if value is not None and value < now else "")


def _at(value: datetime | None) -> str:
    return "–" if value is None else f"{value:%Y-%m-%d %H:%M}"
