"""The register of notices as the rounds work on it: what is pending, which letter carries it, what became of the letter.

A round takes everything in one transaction, and rounds take turns. A letter is kept whole until it is settled: it can be asked for again,
and a letter of a round that died is found again by the next one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import JsonValue
from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, insert
from runtime.effect_ledger import Stage, stage_of, withdraw
from runtime.registers import Origin, RegisterRow, write_rows
from runtime.tables import breaches, notice_letters, notices, obligations

# One transaction of a round at a time: two rounds must not take the same rows, nor make two letters for one recipient. Any constant.
_ROUND_LOCK = 7_204_511_964
_ROUND_KEYS = "notices#%"
"""What the keys of the letters of rounds begin with; anything else in ``sent_in`` is a reason."""


@dataclass(frozen=True)
class Whose:
    """The recipients of a zone, by whether it is their working time."""

    open: Sequence[str]
    closed: Sequence[str]


@dataclass(frozen=True)
class StoredLetter:
    """A letter that was made and is not settled."""

    key: str
    recipient: str
    round: str
    letter: Mapping[str, Any]


@dataclass(frozen=True)
class PendingRow:
    """A notice that no letter carries yet; the names are those of the registers' columns."""

    case_uid: str
    address: str
    key: str
    kind: str
    due_key: str
    recipient: str
    text: str
    due: datetime | None
    earliest: datetime
    at_once: bool
    state: str | None
    state_due: datetime | None
    withdrawn: bool
    told: bool


@dataclass(frozen=True)
class OverdueRow:
    """An obligation that is overdue."""

    address: str
    case_kind: str
    clause: str
    owner: str
    due: datetime


class NoticeBook:
    """Opens the register of notices for one round at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine

    @asynccontextmanager
    async def open(self, *, keep: bool = True) -> AsyncIterator[OpenBook]:
        """One transaction over the register; without ``keep`` all that was done in it is undone at the end.

        Raises DatabaseUnavailableError, DatabaseRefusedError.
        """
        with database_errors():
            async with self._engine.connect() as connection, connection.begin() as transaction:
                if connection.dialect.name == "postgresql":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ROUND_LOCK})
                yield OpenBook(connection)
                if not keep:
                    await transaction.rollback()


class OpenBook:
    """The register within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @property
    def connection(self) -> AsyncConnection:
        """For other registers that must change together with this one."""
        return self._connection

    async def recipients(self, at: datetime) -> list[str]:
        """Everybody for whom something waits that no letter carries yet, in any zone, in a fixed order."""
        waiting = select(notices.c.recipient).where(notices.c.sent_in.is_(None), notices.c.earliest <= at).distinct()
        return sorted((await self._connection.execute(waiting)).scalars())

    async def pending(self, at: datetime, whose: Whose) -> list[PendingRow]:
        """What could go out at an instant: of recipients who do not work now only reminders and what goes at once. The earliest first."""
        told = notices.alias("told")
        withdrawn = exists().where(
            breaches.c.case_uid == notices.c.case_uid,
            breaches.c.key == notices.c.key,
            breaches.c.due == notices.c.due,
            breaches.c.entry == "withdrawn",
        )
        was_told = exists().where(
            told.c.case_uid == notices.c.case_uid,
            told.c.key == notices.c.key,
            told.c.due_key == notices.c.due_key,
            told.c.recipient == notices.c.recipient,
            told.c.kind == "breach",
            told.c.sent_in.like(_ROUND_KEYS),
        )
        own = ("case_uid", "address", "key", "kind", "due_key", "recipient", "text", "due", "earliest", "at_once")
        asked = (
            select(
                *(notices.c[name] for name in own),
                obligations.c.state,
                obligations.c.due.label("state_due"),
                withdrawn.label("withdrawn"),
                was_told.label("told"),
            )
            .outerjoin(obligations, and_(obligations.c.case_uid == notices.c.case_uid, obligations.c.key == notices.c.key))
            .where(notices.c.sent_in.is_(None), notices.c.earliest <= at, _of(whose))
            .order_by(notices.c.earliest, notices.c.recipient, notices.c.case_uid, notices.c.key, notices.c.kind)
        )
        return [PendingRow(**row) for row in (await self._connection.execute(asked)).mappings()]

    async def leave_out(self, rows: Collection[tuple[PendingRow, str]]) -> None:
        """These are never sent; the reason stands in their place."""
        await self._carried([{**_key_of(row), "carried": reason} for row, reason in rows])

    async def make(
        self, key: str, kind: str, recipient: str, round: str, letter: Mapping[str, Any], at: datetime, rows: Sequence[PendingRow] = ()
    ) -> None:
        """Keep a new letter, and note in its rows that it carries them."""
        made = {"key": key, "kind": kind, "recipient": recipient, "round": round, "letter": letter, "made_at": at}
        await self._connection.execute(insert(self._connection, notice_letters).values(made))
        await self._carried([{**_key_of(row), "carried": key} for row in rows])

    async def _carried(self, values: list[dict[str, Any]]) -> None:
        if not values:
            return
        one = update(notices).where(*(notices.c[name] == bindparam(f"of_{name}") for name in _KEY)).values(sent_in=bindparam("carried"))
        await self._connection.execute(one, values)

    async def unsettled(self, kind: str) -> list[StoredLetter]:
        """The letters of a kind that nobody has settled, in a fixed order."""
        asked = select(notice_letters).where(notice_letters.c.settled_at.is_(None), notice_letters.c.kind == kind)
        rows = await self._connection.execute(asked.order_by(notice_letters.c.made_at, notice_letters.c.key))
        return [_stored(row) for row in rows]

    async def is_made(self, key: str) -> bool:
        """Whether a letter of this key was ever made."""
        return (await self._connection.execute(select(notice_letters.c.key).where(notice_letters.c.key == key))).one_or_none() is not None

    async def take_back(self, key: str) -> Literal["free", "sent", "begun"]:
        """Take an unsettled letter of an earlier round back, if that can be done for certain.

        ``free``: nothing of it ever left us and nothing will; its rows wait for another letter. ``sent``: it went out, which its round
        did not live to note: the caller settles it. ``begun``: it may have gone out, or somebody is at it: only the same letter may
        be sent again.
        """
        if await stage_of(self._connection, key) is Stage.DONE:
            return "sent"
        nothing_sent: JsonValue = {"result": "held", "message_id": "", "subject": ""}
        if not await withdraw(self._connection, key, "letter", nothing_sent):
            return "begun"
        await self._connection.execute(update(notices).where(notices.c.sent_in == key).values(sent_in=None))
        await self._connection.execute(delete(notice_letters).where(notice_letters.c.key == key))
        return "free"

    async def settle(self, keys: Sequence[str], at: datetime) -> None:
        """These letters were sent: their rows say when. Twice is the same as once."""
        await self._settle(keys, at, "sent")
        await self._connection.execute(update(notices).where(notices.c.sent_in.in_(keys), notices.c.sent_at.is_(None)).values(sent_at=at))

    async def give_up(self, keys: Sequence[str], at: datetime) -> None:
        """These letters may have gone out or not; what they said holds no more, and nobody sends them again."""
        await self._settle(keys, at, "left")

    async def refuse(self, keys: Sequence[str], at: datetime, address: str) -> None:
        """These letters were refused for good: their rows stay with them, unsent, and each is an incident. Twice is the same as once."""
        asked = select(notice_letters.c.key, notice_letters.c.kind).where(
            notice_letters.c.key.in_(keys), notice_letters.c.settled_at.is_(None)
        )
        for key, kind in (await self._connection.execute(asked)).all():
            rows = (await self._connection.execute(select(func.count()).where(notices.c.sent_in == key))).scalar_one()
            origin = Origin(case_uid=key, address=address, case_kind="notices", edition="", decided_at=at)
            row = {"seq": 1, "key": "refused", "what": "notices_refused", "at": at, "text": f"{kind}: {rows}"}
            await write_rows(self._connection, origin, [RegisterRow("incidents", row)])
        await self._settle(keys, at, "refused")

    async def _settle(self, keys: Sequence[str], at: datetime, outcome: str) -> None:
        open_ones = update(notice_letters).where(notice_letters.c.key.in_(keys), notice_letters.c.settled_at.is_(None))
        await self._connection.execute(open_ones.values(settled_at=at, outcome=outcome, letter=None))

    async def overdue_roles(self) -> frozenset[str]:
        """The roles that owe something overdue, and those to which it escalates."""
        late = select(obligations.c.owner, obligations.c.escalation).where(obligations.c.state == "overdue", obligations.c.due.is_not(None))
        return frozenset(role for row in await self._connection.execute(late.distinct()) for role in row)

    async def overdue(self, roles: Sequence[str], limit: int) -> tuple[list[OverdueRow], int]:
        """What is overdue and owed by, or escalates to, one of these roles: the earliest due first, at most ``limit``; and how many."""
        mine = and_(
            obligations.c.state == "overdue",
            obligations.c.due.is_not(None),
            or_(obligations.c.owner.in_(roles), obligations.c.escalation.in_(roles)),
        )
        total = (await self._connection.execute(select(func.count()).where(mine))).scalar_one()
        own = ("address", "case_kind", "clause", "owner", "due")
        asked = select(*(obligations.c[name] for name in own)).where(mine)
        asked = asked.order_by(obligations.c.due, obligations.c.address, obligations.c.key).limit(limit)
        return [OverdueRow(**row) for row in (await self._connection.execute(asked)).mappings()], total


_KEY = ("case_uid", "key", "kind", "due_key", "recipient")


def _key_of(row: PendingRow) -> dict[str, str]:
    return {f"of_{name}": getattr(row, name) for name in _KEY}


def _stored(row: Any) -> StoredLetter:
    return StoredLetter(row.key, row.recipient, row.round, row.letter)


def _of(whose: Whose) -> ColumnElement[bool]:
    hasty = or_(notices.c.at_once, notices.c.kind == "warning")
    return or_(notices.c.recipient.in_(whose.open), and_(notices.c.recipient.in_(whose.closed), hasty))
