"""The rows of the registers that a handoff leaves behind."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from regulations.rows import Row


class AcceptedClientRow(Row):
    """handoff 4.1, 4.2: a client accepted, or an acceptance reversed. Natural key: case uid, round, entry; the newest data stand."""

    table: Literal["accepted_clients"] = "accepted_clients"
    round: int
    entry: Literal["accepted", "reversed"]
    at: datetime
    deal: str
    partner_id: str
    partner_name: str
    client_login: str
    client_name: str
    tariff_line: str
    tariff: str | None
    access_granted_at: datetime | None
    tariff_starts_on: date | None
    payment_reference: str | None
    payment_amount: Decimal | None
    payment_currency: str | None
    payment_reached_at: datetime | None
    first_contact_at: datetime | None
    reason: str = ""


class PaymentRegisterRow(Row):
    """handoff 2.2.6: the client's login in the register of payments. Natural key: case uid, round, entry; the first one stands."""

    table: Literal["payments_register"] = "payments_register"
    round: int
    entry: Literal["entered", "reversed"]
    at: datetime
    client_login: str
    payment_reference: str | None


class SaleRow(Row):
    """A handoff by which an e-mail of its partner finds its deal. Natural key: case uid; the newest state stands."""

    table: Literal["sales"] = "sales"
    deal: str
    partner_email: str
    partner_name: str
    client_login: str
    client_name: str
    tariff_line: str
    open: bool
