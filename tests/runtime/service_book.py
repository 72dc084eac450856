"""The registers of service, written as its cases write them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from regulations.rows import Row
from runtime.registers import Origin, RegisterRow, RegisterWriter
from tests.regulations.onboarding.kept import NOW, client, record, visit


class ServiceBook:
    """Rows of service plans and diaries."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def write(self, uid: str, address: str, row: Row, decided_at: datetime = NOW) -> None:
        fields = row.model_dump()
        origin = Origin(uid, address, address.partition("/")[0], "onboarding-1", decided_at)
        await RegisterWriter(self.engine).write(origin, [RegisterRow(str(fields.pop("table")), fields)])

    async def client(self, id: str = "c-1", due: str | None = "2026-11-20 18:00", uid: str = "", **fields: Any) -> None:
        await self.write(uid or f"uid-{id}", f"service-plan/{id}", client(id, due, **fields))

    async def done(self, when: str, what: str = "visit", id: str = "v-1", decided_at: datetime = NOW, **fields: Any) -> None:
        row = record(when, what, id, **fields)
        await self.write(f"uid-{row.client}", f"service-plan/{row.client}", row, decided_at)

    async def visit(self, when: str, id: str = "v-1", **fields: Any) -> None:
        row = visit(when, id, **fields)
        await self.write(f"uid-{row.manager}", f"service-diary/{row.manager}", row)
