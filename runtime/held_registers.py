"""The registers of one ended case, read and written in one transaction: two corrections of a case never decide on the same rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime import tables
from runtime.database import database_errors
from runtime.effect_ledger import Stage
from runtime.register_reader import RegisterColumns, RegisteredCase, newest_case, rows_of
from runtime.registers import Origin, RegisterRow, write_rows

_REGISTERS = (
    tables.obligations,
    tables.breaches,
    tables.notices,
    tables.accepted_clients,
    tables.payments_register,
    tables.incidents,
    tables.corrections,
)


@dataclass(frozen=True)
class SentLetter:
    """A letter that the mail server has taken, as it went out."""

    key: str
    message_id: str
    subject: str
    recipients: tuple[str, ...]


class HeldCase:
    """One case of the registers, while the transaction lasts."""

    def __init__(self, connection: AsyncConnection, case: RegisteredCase) -> None:
        self._connection = connection
        self.case = case

    async def rows(self, register: str) -> list[RegisterColumns]:
        """All rows of the case in one register, in the order in which they were decided. Raises KeyError for no such register."""
        return await rows_of(self._connection, tables.metadata.tables[register], self.case.case_uid)

    async def highest_seq(self) -> int:
        """The highest number among all rows of the case; 0: none. What is written next needs a higher one."""
        seqs = union_all(*(select(table.c.seq).where(table.c.case_uid == self.case.case_uid) for table in _REGISTERS)).subquery()
        highest: int = (await self._connection.execute(select(func.coalesce(func.max(seqs.c.seq), 0)))).scalar_one()
        return highest

    async def letters(self, template: str) -> list[SentLetter]:
        """The letters of the case from one template that have gone out, the last one first."""
        effects = tables.effects
        wanted = select(effects.c.key, effects.c.message_id, effects.c.payload).where(
            effects.c.key.startswith(f"{self.case.case_uid}#{template}#", autoescape=True), effects.c.stage == Stage.DONE
        )
        found = (await self._connection.execute(wanted.order_by(effects.c.changed_at.desc(), effects.c.key))).all()
        return [_read(row.key, row.message_id, row.payload) for row in found if row.payload is not None]

    async def write(self, rows: Sequence[RegisterRow]) -> int:
        """Write rows of the case; returns how many changed something.

        They keep the case's own time of its last decision: what is learnt later is no decision of the case, and by these times the
        newest case of an address is found.
        """
        case = self.case
        origin = Origin(case.case_uid, case.address, case.case_kind, case.edition, case.decided_at)
        return await write_rows(self._connection, origin, rows)


class HeldRegisters:
    """Gives out one case at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine

    @asynccontextmanager
    async def case_at(self, address: str, *, until: datetime | None = None) -> AsyncIterator[HeldCase | None]:
        """The newest case of the address that had decided anything by ``until``; None: there is none.

        Whoever asks for the same address meanwhile waits. All that is written is there at the end, or, after an exception, none of it.
        Raises DatabaseUnavailableError, DatabaseRefusedError.
        """
        with database_errors():
            async with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":  # SQLite's transactions wait for each other anyway
                    lock = func.pg_advisory_xact_lock(func.hashtextextended(literal(f"registers/{address}"), 0))
                    await connection.execute(select(lock))
                case = await newest_case(connection, address, until)
                yield None if case is None else HeldCase(connection, case)


def _read(key: str, message_id: str, content: bytes) -> SentLetter:
    message = message_from_bytes(content, policy=policy.default)
    return SentLetter(key, message_id, str(message["Subject"]), tuple(a.addr_spec for a in message["To"].addresses))
