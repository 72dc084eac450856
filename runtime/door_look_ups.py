"""All that a door asks the registers before it keeps an event."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import database_errors
from runtime.lead_look_ups import LeadLookUps
from runtime.partner_tables import partners
from runtime.replacement_tables import credits
from runtime.replacements import ReplacementRegister

TARIFF = "tariff"
"""The entry of `credits` for the new tariff of a prolongation (replacement 6.3)."""


class DoorLookUps(LeadLookUps):
    """Reads the registers and the inbox. All methods raise DatabaseUnavailableError or DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        super().__init__(engine)
        self._replacements = ReplacementRegister(engine)

    async def replacement_numbers(self, account: str, period: str) -> Mapping[int, str]:
        """The requests of a tariff period by their number, each with the stage of its newest case."""
        return await self._replacements.numbers(account, period)

    async def tariff_credited(self, account: str, period: str) -> bool:
        """Whether the tariff of this period was credited as a prolongation."""
        c = credits.c
        mine = select(c.seq).where(c.account == account, c.period == period, c.entry == TARIFF).limit(1)
        with database_errors():
            async with self._engine.connect() as connection:
                return (await connection.execute(mine)).first() is not None

    async def edition_of(self, address: str) -> str | None:
        """The edition of the newest account of a partner at this address (partner 4.1); None: the register knows none."""
        newest = select(partners.c.edition).where(partners.c.address == address).order_by(partners.c.decided_at.desc()).limit(1)
        with database_errors():
            async with self._engine.connect() as connection:
                return (await connection.execute(newest)).scalar_one_or_none()
