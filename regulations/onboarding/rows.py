"""The rows of the registers about visas, service and planned visits."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from regulations.rows import Row


class ServiceClientRow(Row):
    """A client that is served, as its service plan stands (onboarding 4). Natural key: case uid; the newest state stands."""

    table: Literal["service_clients"] = "service_clients"
    client: str
    name: str
    contract: str
    manager: str
    """The client manager's id; empty: nobody has been named."""
    group_head: str
    """Likewise."""
    zone: str
    active: bool
    begun_at: datetime
    installed_at: datetime
    update_set: str
    next_update_due: datetime | None = None
    last_update_at: datetime | None = None
    next_payment_due: datetime | None = None
    paid_at: datetime | None = None
    """The posting time of the last payment."""
    certified: int = 0
    to_certify: int = 0
    users: int | None = None
    monthly_sum: Decimal | None = None
    loyalty: int | None = None


class ServiceRecordRow(Row):
    """Something that a manager did for a client, or learnt (4.1, 4.2, 4.5 to 4.9): the lines of the daily report.

    Natural key: case uid, kind, id; the newest state stands."""

    table: Literal["service_records"] = "service_records"
    what: Literal["visit", "certificate", "competitor", "need", "contact", "document", "installation"]
    id: str
    client: str
    client_name: str
    manager: str
    at: datetime
    minutes: int | None = None
    text: str
    """In words."""


class PlannedVisitRow(Row):
    """A visit that a manager has planned (4.4.2). Natural key: case uid, visit; the newest state stands."""

    table: Literal["planned_visits"] = "planned_visits"
    visit: str
    manager: str
    client: str
    at: datetime
    minutes: int | None = None
    purpose: str = ""
    state: Literal["planned", "cancelled"] = "planned"


class VisaRow(Row):
    """A visa as it stands (2.1 to 2.7): who gave or refused it, when, on which documents. Natural key: case uid, item; newest state."""

    table: Literal["visas"] = "visas"
    contract: str
    item: str
    state: Literal["missing", "given", "refused", "withdrawn"]
    person: str
    """In whose right, by id; empty: nobody has spoken."""
    by: str
    """Who acted: the person, or its deputy."""
    at: datetime | None = None
    documents: tuple[tuple[str, str], ...] = ()
    """Name and SHA-256 of each."""
    remark: str = ""
