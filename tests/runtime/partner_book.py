"""The registers of partner support and the ledger of payments, written as their cases and activities write them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from regulations.partner.rows import DealRow, InvoiceRow
from regulations.rows import ObligationRow, Row
from runtime.partner_tables import partner_allocations, partner_payments, partner_refunds
from runtime.registers import Origin, RegisterRow, RegisterWriter
from tests.regulations.partner.portfolios import deal, partner

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Book:
    """Registers and ledger, written as cases and payment activities write them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def write(self, uid: str, address: str, *rows: Row) -> None:
        dumped = [RegisterRow(str(fields.pop("table")), fields) for fields in (row.model_dump() for row in rows)]
        await RegisterWriter(self.engine).write(Origin(uid, address, "partner", "partner-1", NOW), dumped)

    async def partner(self, uid: str, **fields: Any) -> None:
        row = partner(**fields)
        await self.write(uid, f"partner/{row.partner}/account", row)

    async def deal(self, number: int, issued_at: datetime = NOW, uid: str = "", **fields: Any) -> None:
        """A deal with its invoice, `I-number`."""
        row: DealRow = deal(number, **fields).row
        invoice = InvoiceRow(
            seq=2,
            number=f"I-{number}",
            deal=row.deal,
            what=row.what,
            partner=row.partner,
            payer_inn="7707083893",
            payer_name="ООО",
            total=row.total or Decimal(1),
            currency="RUB",
            purpose="p",
            contract_number="1",
            contract_date=NOW.date(),
            places=(("2", "2.3"),),
            issued_at=issued_at,
        )
        await self.write(uid or f"uid-{number}", f"partner/{row.deal}/{row.what}", row, invoice)

    async def payment(self, reference: str, amount: str, at: datetime = NOW, **fields: Any) -> None:
        row = {
            "reference": reference,
            "case_uid": f"pay-{reference}",
            "amount": Decimal(amount),
            "currency": "RUB",
            "purpose": "по счёту",
            "method": "bank",
            "posted_at": at,
            "verdict": "exact",
            "why": [],
            "candidates": [],
            "recorded_at": NOW,
        }
        await self._insert(partner_payments, {**row, **fields})

    async def allocate(self, reference: str, invoice: str, amount: str, address: str) -> None:
        row = {"reference": reference, "key": "match", "invoice": invoice, "address": address, "deal": address.split("/")[1]}
        await self._insert(partner_allocations, {**row, "amount": Decimal(amount), "paid": Decimal(amount), "recorded_at": NOW})

    async def refund(self, reference: str, amount: str) -> None:
        row = {"reference": reference, "refund": "r-1", "amount": Decimal(amount), "returned_at": NOW, "by": "u70", "recorded_at": NOW}
        await self._insert(partner_refunds, row)

    async def _insert(self, table: Any, row: dict[str, Any]) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(insert(table).values(row))

    async def overdue(self, uid: str, clause: str, state: str = "overdue") -> None:
        duty = ObligationRow(
            seq=5,
            key=f"{clause}/1",
            clause=clause,
            owner="support_manager:u12",
            escalation="head_of_support",
            duty=f"partner {clause}",
            term="7 calendar days",
            state=state,
            started_at=NOW,
        )
        await self.write(uid, "partner/p-1/account", duty)
