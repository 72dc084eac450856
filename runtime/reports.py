"""Reports that have been built: the file, what it was made from, and what it said of whom, kept once and for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import String, and_, cast, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, insert
from runtime.tables import accepted_clients, obligations, report_lines, reports

_OF_THE_CASE = frozenset({"address", "case_kind", "edition", "decided_at", "recorded_at"})


class ReportsCrossedError(Exception):
    """Another report told of one of these clients in the same moment: build this one anew."""


@dataclass(frozen=True)
class RegisteredClient:
    """A row of the register of accepted clients that no report has told of, and what else is known of it."""

    case_uid: str
    address: str
    columns: Mapping[str, Any]
    """The row by its register's own columns, ``seq`` among them."""
    accepted_in: str | None
    """The month of the report in which this round of the case stands as accepted."""
    duty: Mapping[str, Any] | None
    """``state``, ``due`` and ``met_at`` of the duty asked for, in this round."""


@dataclass(frozen=True)
class ReportLine:
    """What a report says of one row of the register. A row stands in one report."""

    case_uid: str
    round: int
    entry: str
    section: str


@dataclass(frozen=True)
class ReportHead:
    """A report without its file."""

    kind: str
    month: str
    """``YYYY-MM``."""
    built_at: datetime
    name: str
    digest: str
    """SHA-256 of the file, in hexadecimal."""
    summary: Mapping[str, JsonValue]
    sent_at: datetime | None


@dataclass(frozen=True)
class StoredReport(ReportHead):
    """A report with its file."""

    content: bytes


class ReportStore:
    """Reads what a report is made from, and keeps what was made. All methods raise DatabaseUnavailableError or DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine

    async def find(self, kind: str, month: str) -> StoredReport | None:
        """The report of a month; None: it has not been built."""
        with database_errors():
            async with self._engine.connect() as connection:
                return await _find(connection, kind, month)

    async def head(self, kind: str, month: str) -> ReportHead | None:
        """The same without its file."""
        wanted = select(*_HEAD).where(reports.c.kind == kind, reports.c.month == month)
        with database_errors():
            async with self._engine.connect() as connection:
                row = (await connection.execute(wanted)).one_or_none()
        return None if row is None else ReportHead(*row)

    async def heads(self, kind: str) -> list[ReportHead]:
        """All reports of a kind, the newest month first."""
        wanted = select(*_HEAD).where(reports.c.kind == kind).order_by(reports.c.month.desc())
        with database_errors():
            async with self._engine.connect() as connection:
                return [ReportHead(*row) for row in await connection.execute(wanted)]

    async def register(self, kind: str, duty: str) -> list[RegisteredClient]:
        """The rows of the register of accepted clients that no report has told of, as of one moment.

        Args:
            kind: Of the cases and of the report.
            duty: A clause; its obligation of the same round, ``<clause>/<round>``, comes along.
        """
        own, earlier = report_lines.alias("own"), report_lines.alias("earlier")
        c = accepted_clients.c
        of_duty = literal(f"{duty}/").concat(cast(c.round, String))
        wanted = (
            select(
                *accepted_clients.columns,
                earlier.c.month.label("accepted_in"),
                obligations.c.state.label("duty_state"),
                obligations.c.due.label("duty_due"),
                obligations.c.met_at.label("duty_met_at"),
            )
            .outerjoin(own, and_(_same_round(own, kind), own.c.entry == c.entry))
            .outerjoin(earlier, and_(_same_round(earlier, kind), earlier.c.entry == "accepted"))
            .outerjoin(obligations, and_(obligations.c.case_uid == c.case_uid, obligations.c.key == of_duty))
            .where(c.case_kind == kind, own.c.month.is_(None))
        )
        with database_errors():
            async with self._engine.connect() as connection:
                return [_registered(row) for row in (await connection.execute(wanted)).mappings()]

    async def freeze(self, report: StoredReport, lines: Sequence[ReportLine]) -> StoredReport:
        """Keep a report and its lines, in one transaction; where the month has one already, that one is given and nothing changes.

        Raises ReportsCrossedError when another month's report has told of one of the lines meanwhile.
        """
        kept = {
            "kind": report.kind,
            "month": report.month,
            "built_at": report.built_at,
            "name": report.name,
            "content": report.content,
            "digest": report.digest,
            "summary": dict(report.summary),
            "sent_at": None,
        }
        with database_errors():
            async with self._engine.begin() as connection:
                if (await connection.execute(insert(connection, reports).values(kept).on_conflict_do_nothing())).rowcount:
                    await _add_lines(connection, report, lines)
                found = await _find(connection, report.kind, report.month)
        if found is None:
            raise AssertionError("a report that was just kept is not there")
        return found

    async def mark_sent(self, kind: str, month: str, at: datetime) -> None:
        """Note when the report went out first; later sendings change nothing."""
        first = update(reports).where(reports.c.kind == kind, reports.c.month == month, reports.c.sent_at.is_(None))
        with database_errors():
            async with self._engine.begin() as connection:
                await connection.execute(first.values(sent_at=at))

    async def obligation(self, case_uid: str, key: str) -> tuple[str, int] | None:
        """State and ``seq`` of an obligation as last written; None: it never was."""
        wanted = select(obligations.c.state, obligations.c.seq).where(obligations.c.case_uid == case_uid, obligations.c.key == key)
        with database_errors():
            async with self._engine.connect() as connection:
                row = (await connection.execute(wanted)).one_or_none()
        return None if row is None else (row.state, row.seq)


_HEAD = (
    reports.c.kind,
    reports.c.month,
    reports.c.built_at,
    reports.c.name,
    reports.c.digest,
    reports.c.summary,
    reports.c.sent_at,
)


def _same_round(lines: Any, kind: str) -> Any:
    c = accepted_clients.c
    return and_(lines.c.kind == kind, lines.c.case_uid == c.case_uid, lines.c.round == c.round)


def _registered(found: Mapping[Any, Any]) -> RegisteredClient:
    own = [column.name for column in accepted_clients.columns if column.name not in _OF_THE_CASE and column.name != "case_uid"]
    duty = {name: found[f"duty_{name}"] for name in ("state", "due", "met_at")}
    return RegisteredClient(
        case_uid=found["case_uid"],
        address=found["address"],
        columns={name: found[name] for name in own},
        accepted_in=found["accepted_in"],
        duty=duty if duty["state"] is not None else None,
    )


async def _find(connection: AsyncConnection, kind: str, month: str) -> StoredReport | None:
    wanted = select(*_HEAD, reports.c.content).where(reports.c.kind == kind, reports.c.month == month)
    row = (await connection.execute(wanted)).one_or_none()
    return None if row is None else StoredReport(*row)


async def _add_lines(connection: AsyncConnection, report: StoredReport, lines: Sequence[ReportLine]) -> None:
    of_report = {"kind": report.kind, "month": report.month}
    rows = [{**of_report, "case_uid": x.case_uid, "round": x.round, "entry": x.entry, "section": x.section} for x in lines]
    if not rows:
        return
    try:
        await connection.execute(report_lines.insert(), rows)
    except IntegrityError:
        raise ReportsCrossedError("another report told of one of these clients in the same moment") from None
