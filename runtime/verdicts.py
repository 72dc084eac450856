"""The verdicts of audits, and what quality control decided on each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, reading
from runtime.replacement_tables import verdicts

_AT_ONCE = 500
"""Rows of one statement."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict on a lead."""

    lead: str
    verdict: str
    clauses: Sequence[str]
    evidence: str
    """In words."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision on a lead."""

    lead: str
    decision: str
    wrong: bool
    remark: str


class VerdictWriter:
    """One transaction in which an audit, or a decision, is written; its errors are turned at its end."""

    def __init__(self, connection: AsyncConnection, case_uid: str, export: str) -> None:
        self.connection = connection
        """For what has to be kept together with it."""
        self._of = {"case_uid": case_uid, "export": export}
        self._place = 0

    async def clear(self) -> None:
        """Forget the verdicts of the case, also those of another export: a newer one takes its place."""
        await self.connection.execute(delete(verdicts).where(verdicts.c.case_uid == self._of["case_uid"]))

    async def add(self, found: Sequence[Verdict]) -> None:
        """Further verdicts, in their order."""
        rows = [
            {
                **self._of,
                "place": place,
                "lead": one.lead,
                "verdict": one.verdict,
                "clauses": list(one.clauses),
                "evidence": one.evidence,
                "decision": None,
                "wrong": False,
                "remark": "",
                "decided_at": None,
            }
            for place, one in enumerate(found, self._place)
        ]
        self._place += len(rows)
        if rows:
            await self.connection.execute(verdicts.insert(), rows)

    async def decide(self, rulings: Sequence[Ruling], at: datetime) -> None:
        """Decisions on leads of the audit."""
        c = verdicts.c
        statement = (
            update(verdicts)
            .where(c.case_uid == self._of["case_uid"], c.export == self._of["export"], c.lead == bindparam("of_lead"))
            .values(decision=bindparam("now_decision"), wrong=bindparam("now_wrong"), remark=bindparam("now_remark"), decided_at=at)
        )
        rows = [{"of_lead": r.lead, "now_decision": r.decision, "now_wrong": r.wrong, "now_remark": r.remark} for r in rulings]
        if rows:
            await self.connection.execute(statement, rows)


class VerdictStore:
    """The table ``verdicts``. All methods raise DatabaseUnavailableError or DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine

    @asynccontextmanager
    async def writing(self, case_uid: str, export: str) -> AsyncIterator[VerdictWriter]:
        """A transaction on the verdicts of a case: all of it counts, or nothing."""
        with database_errors():
            async with self._engine.begin() as connection:
                yield VerdictWriter(connection, case_uid, export)

    async def of(self, case_uid: str, export: str) -> AsyncIterator[Sequence[Verdict]]:
        """The verdicts of an audit in its order, some at a time; none where another export has been audited since."""
        c, last = verdicts.c, -1
        while True:
            chosen = select(c.place, c.lead, c.verdict, c.clauses, c.evidence)
            chosen = chosen.where(c.case_uid == case_uid, c.export == export, c.place > last).order_by(c.place).limit(_AT_ONCE)
            with database_errors():
                async with reading(self._engine).connect() as connection:
                    rows = (await connection.execute(chosen)).all()
            if rows:
                yield [Verdict(*row[1:]) for row in rows]
                last = rows[-1].place
            if len(rows) < _AT_ONCE:
                return
