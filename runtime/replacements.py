"""Reading the registers of replacements: which requests of a tariff period there are, and what was credited for it."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import database_errors, reading
from runtime.replacement_tables import credits, replacements

REPLACEMENT, TARIFF = "replacement", "tariff"
"""Entries of `credits`: only the first counts as replaced; a tariff (6.3) is bought, a top-up (6.1) comes instead of replacements."""


class ReplacementRegister:
    """Reads what replacements have written. All methods raise DatabaseUnavailableError or DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = reading(engine)

    async def replaced(self, account: str, period: str) -> int:
        """Identifications credited so far as replacements of this tariff period, by all requests together (6.2: "in all")."""
        c = credits.c
        total = select(func.coalesce(func.sum(c.identifications), 0))
        mine = total.where(c.account == account, c.of_period == period, c.entry == REPLACEMENT)
        with database_errors():
            async with self._engine.connect() as connection:
                return int((await connection.execute(mine)).scalar_one())

    async def tariff_credited(self, account: str, period: str) -> bool:
        """Whether a request has credited the tariff of this period already (6.3): once is enough."""
        c = credits.c
        mine = select(c.seq).where(c.account == account, c.period == period, c.entry == TARIFF)
        with database_errors():
            async with self._engine.connect() as connection:
                return (await connection.execute(mine.limit(1))).first() is not None

    async def numbers(self, account: str, period: str) -> dict[int, str]:
        """The requests of a tariff period by their number (0: the top-up), each with the stage of its newest case.

        A case stands here once its first rows are written, moments after it began; the stage is the newest that was written down.
        """
        c = replacements.c
        chosen = select(c.n, c.stage).where(c.account == account, c.period == period)
        with database_errors():
            async with self._engine.connect() as connection:
                rows = await connection.execute(chosen.order_by(c.n, c.requested_at, c.decided_at, c.seq))
                return {row.n: row.stage for row in rows}  # the newest case of a number comes last
