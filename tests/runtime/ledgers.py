"""Invoices in the register, for tests of the ledger of payments."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.partner_tables import partner_allocations, partner_payments, partner_refunds
from runtime.registers import Origin, RegisterRow, RegisterWriter

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
FLOWER = "7701234567"


async def issue(engine: AsyncEngine, number: str, total: str, *, seq: int = 1, uid: str = "", kind: str = "order", **changes: Any) -> None:
    """An invoice as its order or renewal writes it: contract LBG-1 of 01.02.2026, appendix 2, service 2.3, made out to FLOWER."""
    deal = changes.get("deal", f"D-{number}")
    plain = {
        "seq": seq,
        "number": number,
        "deal": deal,
        "what": kind,
        "partner": "p-1",
        "payer_inn": FLOWER,
        "payer_name": "ООО «Цветок»",
        "total": Decimal(total),
        "currency": "RUB",
        "purpose": "по договору оферты № LBG-1 от 01.02.2026: приложение 2, услуга 2.3. БЕЗ НДС",
        "contract_number": "LBG-1",
        "contract_date": date(2026, 2, 1),
        "places": [["2", "2.3"]],
        "city": None,
        "state": "open",
        "issued_at": NOW,
    }
    origin = Origin(
        case_uid=uid or f"uid-{deal}", address=f"partner/{deal}/{kind}", case_kind=f"partner-{kind}", edition="partner-1", decided_at=NOW
    )
    await RegisterWriter(engine).write(origin, [RegisterRow("partner_invoices", {**plain, **changes})])


async def sums(engine: AsyncEngine) -> tuple[Decimal, Decimal, Decimal]:
    """What came, what is allocated and what was returned, in all."""
    found = []
    async with engine.connect() as connection:
        for table in (partner_payments, partner_allocations, partner_refunds):
            rows = await connection.execute(select(table.c.amount))
            found.append(sum((row.amount for row in rows), Decimal(0)))
    came, allocated, returned = found
    return came, allocated, returned
