"""The billing database, written to as its own programs do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.replacement_tables import billing_account_tariffs, billing_accounts, billing_debts

BEGAN = datetime(2026, 7, 1, tzinfo=UTC)


class Books:
    """Rows of billing's tables, each an ordinary one but for what is said."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def add(self, table: Table, plain: dict[str, Any], changes: dict[str, Any]) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(insert(table).values(plain | changes))

    async def account(self, **changes: Any) -> None:
        await self.add(billing_accounts, {"account": "A-7", "login": "romashka@client.example", "zone": "Asia/Omsk"}, changes)

    async def tariff(self, **changes: Any) -> None:
        plain = {"account": "A-7", "period": "2026-07", "mode": "ours", "identifications": 1000, "balance": 250, "began_at": BEGAN}
        await self.add(billing_account_tariffs, plain, changes)

    async def debt(self, **changes: Any) -> None:
        plain = {"account": "A-7", "reference": "inv-1", "amount": Decimal("100.00"), "currency": "RUB"}
        await self.add(billing_debts, plain, changes)
