"""Rows of the registers for packs and reports: partners, deals, and money of the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from regulations.partner.pack_words import Heading
from regulations.partner.report import Deal, Receipt
from regulations.partner.rows import DealRow, PartnerRow

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 23, 7, 55, tzinfo=UTC)
"""10:55 in Moscow."""
MEETING, BEFORE = NOW + timedelta(minutes=65), NOW - timedelta(days=7) + timedelta(minutes=65)


def local(at: datetime) -> datetime:
    return at.astimezone(MOSCOW)


def heading(meeting: datetime | None = MEETING) -> Heading:
    return Heading("Ольга Сергеева", meeting, NOW, "ru", local)


def partner(number: int = 1, **fields: Any) -> PartnerRow:
    """A partner for whom everything is prepared."""
    given = {
        "seq": 1,
        "partner": f"p-{number}",
        "name": f"Партнёр {number:03d}",
        "manager": "u12",
        "active": True,
        "begun_at": NOW - timedelta(days=400),
        "noted_at": NOW - timedelta(days=1),
        "next_step": "позвонить в среду",
        "next_activity_at": NOW + timedelta(days=2),
        "last_contact_at": NOW - timedelta(days=2),
    }
    return PartnerRow.model_validate({**given, **fields})


def deal(number: int = 1, **fields: Any) -> Deal:
    """An open order of 45 000 roubles that is invoiced and not paid."""
    given = {
        "seq": 1,
        "deal": f"D-{number}",
        "what": "order",
        "partner": "p-1",
        "partner_name": "Партнёр 001",
        "manager": "u12",
        "stage": "invoiced",
        "services": "Настройка CRM",
        "total": Decimal("45000.00"),
        "invoice": f"I-{number}",
        "invoiced_at": NOW - timedelta(days=3),
        "begun_at": NOW - timedelta(days=4),
    }
    return Deal(uid=f"uid-{number}", row=DealRow.model_validate({**given, **fields}))


def receipt(number: int, amount: str, posted_at: datetime = NOW, reference: str = "bank-1") -> Receipt:
    """Money on the invoice of the deal of this number."""
    return Receipt(deal=f"uid-{number}", invoice=f"I-{number}", reference=reference, amount=Decimal(amount), posted_at=posted_at)
