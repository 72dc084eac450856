"""What a door asks the registers before it keeps an event about leads: which centres, proposals and open leads there are."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.centres import Centre, CentreReader
from runtime.database import database_errors, reading
from runtime.inbox import UNDELIVERED, InboxState
from runtime.lead_tables import leads, measures
from runtime.tables import inbox

_OPEN = ("new", "in_progress")
_COMING = (*UNDELIVERED, InboxState.DELIVERED)


@dataclass(frozen=True)
class KnownProposal:
    """Whose proposal it is, and about which product."""

    centre: str
    product: str


class LeadLookUps:
    """Reads the registers of leads, and the inbox. All methods raise DatabaseUnavailableError or DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = reading(engine)
        self._centres = CentreReader(self._engine)

    async def centre(self, code: str) -> Centre | None:
        """A centre as it stands in the register; None: nobody has defined it, or it is not written down yet."""
        return await self._centres.centre(code)

    async def announced(self, address: str) -> bool:
        """Whether an event that defines the centre of this address has come in: its row in the register follows."""
        return await self._any(select(inbox.c.seq).where(inbox.c.address == address, inbox.c.state.in_(_COMING)))

    async def open_lead(self, address: str) -> bool:
        """Whether some centre works on a lead of this address."""
        return await self._any(select(leads.c.seq).where(leads.c.address == address, leads.c.status.in_(_OPEN)))

    async def proposal(self, key: str) -> KnownProposal | None:
        """A proposal of measures; None: there is none of this key."""
        chosen = select(measures.c.centre, measures.c.product).where(measures.c.key == key)
        with database_errors():
            async with self._engine.connect() as connection:
                row = (await connection.execute(chosen)).one_or_none()
        return None if row is None else KnownProposal(row.centre, row.product)

    async def _any(self, chosen: Select[tuple[int]]) -> bool:
        with database_errors():
            async with self._engine.connect() as connection:
                return (await connection.execute(chosen.limit(1))).first() is not None
