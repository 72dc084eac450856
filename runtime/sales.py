"""Reading the register of handoffs by which an e-mail of a partner finds its deal."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import database_errors, reading
from runtime.replacement_tables import sales


@dataclass(frozen=True)
class Sale:
    """A deal that a partner hands over, by the newest of its cases."""

    deal: str
    partner_email: str
    partner_name: str
    client_login: str
    client_name: str
    open: bool
    """It takes requests: nobody has accepted it, and it has not ended."""


class SaleReader:
    """Reads the register ``sales``. All methods raise DatabaseUnavailableError or DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = reading(engine)

    async def of_partner(self, email: str) -> list[Sale]:
        """The deals of the partner who writes from this address, compared without regard to case."""
        return await self._read(func.lower(sales.c.partner_email) == email.lower())

    async def takes_requests(self) -> list[Sale]:
        """All deals that take requests, of every partner."""
        return [sale for sale in await self._read(sales.c.open) if sale.open]

    async def _read(self, chosen: ColumnElement[bool]) -> list[Sale]:
        columns = [sales.c[name] for name in Sale.__dataclass_fields__]
        wanted = select(*columns).where(chosen).order_by(sales.c.decided_at, sales.c.seq)
        with database_errors():
            async with self._engine.connect() as connection:
                newest = {row.deal: Sale(*row) for row in (await connection.execute(wanted)).all()}
        return list(newest.values())
