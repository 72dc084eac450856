"""Replacements as the registers have them, for people who look: how each stands, what the audit said, what was credited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, reading
from runtime.replacement_tables import credits, replacements, verdicts


@dataclass(frozen=True)
class ReplacementLine:
    """A replacement as lists show it; the names are those of the register's columns."""

    case_uid: str
    address: str
    stage: str
    asked: int | None
    accepted: int | None
    credited: int | None
    capped: bool
    requested_at: datetime
    ruled_at: datetime | None
    closed_at: datetime | None
    clauses: Sequence[str]


@dataclass(frozen=True)
class CreditLine:
    """A credit that billing confirmed."""

    entry: str
    period: str
    of_period: str
    identifications: int
    reference: str
    at: datetime


@dataclass(frozen=True)
class ReplacementView:
    """One replacement with its numbers."""

    line: ReplacementLine
    verdicts: dict[str, int]
    """Leads by the audit's verdict."""
    decisions: dict[str, int]
    """Leads by quality control's decision, where there is one."""
    wrong: int
    """6.2: leads whose status or comment was found wrong."""
    credits: Sequence[CreditLine]


class ReplacementReader:
    """Reads the registers; waits for no writer. All methods raise DatabaseUnavailableError or DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = reading(engine)

    async def at(self, address: str) -> ReplacementView | None:
        """The newest replacement of an address; None: there is none, or its first row is not written yet."""
        with database_errors():
            async with self._engine.connect() as connection:
                found = await _lines(connection, replacements.c.address == address, 1)
                return await _view(connection, found[0]) if found else None

    async def page(self, *, account: str | None, over: Sequence[str], only_open: bool, limit: int) -> tuple[list[ReplacementLine], int]:
        """Replacements, the newest first, at most ``limit``; and how many there are.

        Args:
            account: Of this account; None: of every one.
            over: The stages that are ends.
            only_open: Leave out what has ended.
            limit: At most so many.
        """
        chosen: list[ColumnElement[bool]] = [] if account is None else [replacements.c.account == account]
        chosen += [not_(replacements.c.stage.in_(over))] if only_open else []
        with database_errors():
            async with self._engine.connect() as connection:
                total = (await connection.execute(select(func.count()).select_from(replacements).where(*chosen))).scalar_one()
                return await _lines(connection, and_(True, *chosen), limit), total


async def _lines(connection: AsyncConnection, chosen: ColumnElement[bool], limit: int) -> list[ReplacementLine]:
    c = replacements.c
    asked = select(*(c[name] for name in ReplacementLine.__dataclass_fields__)).where(chosen)
    asked = asked.order_by(c.requested_at.desc(), c.decided_at.desc(), c.address).limit(limit)
    return [ReplacementLine(**row) for row in (await connection.execute(asked)).mappings()]


async def _view(connection: AsyncConnection, line: ReplacementLine) -> ReplacementView:
    async def counted(by: ColumnElement[Any], *only: ColumnElement[bool]) -> dict[Any, int]:
        counting = select(by, func.count()).where(verdicts.c.case_uid == line.case_uid, *only).group_by(by).order_by(by)
        return {row[0]: row[1] for row in await connection.execute(counting)}

    booked = select(*(credits.c[name] for name in CreditLine.__dataclass_fields__)).where(credits.c.case_uid == line.case_uid)
    rows = (await connection.execute(booked.order_by(credits.c.seq))).mappings().all()
    return ReplacementView(
        line,
        verdicts=await counted(verdicts.c.verdict),
        decisions=await counted(verdicts.c.decision, verdicts.c.decision.is_not(None)),
        wrong=(await counted(verdicts.c.wrong)).get(True, 0),
        credits=[CreditLine(**row) for row in rows],
    )
